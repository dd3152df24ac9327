"""Observed traffic: where commands get it from, and which options say so."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, today
from egresslang.files import Unreadable

if TYPE_CHECKING:
    from egresslang.findings import Finding
    from egresslang.policy.inventory import Inventory
    from egresslang.policy.policy import Policy
    from egresslang.profile.profile import ClusterProfile
    from egresslang.syntax.nodes import File
    from egresslang.traffic.audit import Audit
    from egresslang.traffic.flow import Observed
    from egresslang.traffic.window import Window

SINCE, TIMEOUT, RETRIES = "7d", 30.0, 2
"""What holds where options say nothing: how far back, seconds to wait for an answer, further tries."""

MOST_SKEW = 60
"""Seconds by which two clocks may differ before it is told."""


OF_SERVER = {
    "since": "--since",
    "cluster_label": "--cluster-label",
    "bearer_token_file": "--bearer-token-file",
    "basic_auth_file": "--basic-auth-file",
    "client_certificate": "--client-certificate",
    "client_key": "--client-key",
    "ca_file": "--ca-file",
    "tenant": "--tenant",
    "timeout": "--timeout",
    "retries": "--retries",
}
"""Options that say how a server is asked: each belongs to --prometheus."""


def traffic_options(command: Parser) -> None:
    """Where traffic was seen, and how one is let in there."""
    command.add_argument(
        "--prometheus",
        action=_Once,
        metavar="URL",
        help="a Prometheus, or a Thanos or Mimir, that has Istio's metrics: the address above `/api/v1`",
    )
    command.add_argument(
        "--since",
        type=_duration,
        metavar="DURATION",
        help=f"how far back to look: 90m, 12h, 7d, 4w; an access log alone is read whole (default: {SINCE})",
    )
    command.add_argument(
        "--cluster-label",
        type=_cluster,
        metavar="LABEL[=VALUE]",
        help="the label that tells the cluster's series from those of others in the same server, and its value there (default: the profile's name)",
    )
    command.add_argument(
        "--access-log",
        action="append",
        default=[],
        metavar="WORKLOAD=FILE",
        dest="logs",
        help="a sidecar's access log in Istio's default format, text or JSON, and whose it is; repeat it for several",
    )
    command.add_argument(
        "--bearer-token-file", metavar="FILE", help="a file with a bearer token (or: EGRESSC_PROMETHEUS_TOKEN)"
    )
    command.add_argument(
        "--basic-auth-file", metavar="FILE", help="a file with `user:password` (or: EGRESSC_PROMETHEUS_BASIC)"
    )
    command.add_argument("--client-certificate", metavar="FILE", help="a certificate to show, in PEM")
    command.add_argument("--client-key", metavar="FILE", help="its key, where it is in another file")
    command.add_argument("--ca-file", metavar="FILE", help="the certificates to trust, in PEM (default: the system's)")
    command.add_argument("--tenant", metavar="ID", help="the tenant of a Mimir or Cortex (X-Scope-OrgID)")
    command.add_argument(
        "--timeout", type=_seconds, metavar="SECONDS", help=f"the longest wait for an answer (default: {TIMEOUT:g})"
    )
    command.add_argument(
        "--retries", type=_few, metavar="N", help=f"further tries where a server is busy or gone (default: {RETRIES})"
    )


class _Once(argparse.Action):
    """An option that may not stand twice: traffic of two servers is not added up."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: str | None = None) -> None:
        if getattr(namespace, self.dest) is not None:
            parser.error(f"{option} stands twice: traffic is that of one server")
        setattr(namespace, self.dest, values)


def label(text: str) -> str:
    """A label that tells clusters apart; raises ArgumentTypeError for what is none."""
    from egresslang.traffic.labels import OWN_LABELS

    if not re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", text, re.ASCII) or text.startswith("__"):
        raise argparse.ArgumentTypeError(f"`{text}` is not a label of Prometheus")
    if text in OWN_LABELS:
        raise argparse.ArgumentTypeError(f"`{text}` is a label of the rules themselves")
    return text


def _cluster(text: str) -> tuple[str, str]:
    """A label and the value that is asked for, empty for the profile's name."""
    name, equals, value = text.partition("=")
    if equals and not value:
        raise argparse.ArgumentTypeError(f"`{text}` names no cluster")
    return label(name), value


def asks_for_traffic(options: Any) -> bool:
    """Whether any source of traffic is named; raises Unreadable for one without a name, and for an option of a server
    where no server is asked.
    """
    if options.prometheus == "":
        raise Unreadable("--prometheus names no server")
    if options.prometheus is None:
        lonely = [option for name, option in OF_SERVER.items() if getattr(options, name) is not None]
        if lonely:
            verb = "belongs" if len(lonely) == 1 else "belong"
            raise Unreadable(f"{', '.join(lonely)} {verb} to --prometheus URL, and there is none")
    if (
        sum(each is None or each == "-" for each in options.paths)
        + sum(said.rpartition("=")[2] == "-" for said in options.logs)
        > 1
    ):
        raise Unreadable("standard input, `-`, is named twice, and can be read once")
    empty = [option for name, option in OF_SERVER.items() if getattr(options, name) == ""]
    if empty:
        raise Unreadable(f"{empty[0]} has no value")
    return bool(options.prometheus or options.logs)


def one_policy(
    options: Any, read: Callable[[Any], tuple[list[File], list[ClusterProfile], list[Finding]]]
) -> tuple[list[File], Policy, ClusterProfile] | None:
    """The files, and the policy in the one cluster whose traffic is asked for; None after telling what is wrong with it.

    Raises Unreadable where the options do not say whose traffic.
    """
    from egresslang.commands.report import tell
    from egresslang.findings import Severity, errors
    from egresslang.policy.resolve import resolve

    if not asks_for_traffic(options):
        raise Unreadable("nothing says where traffic was seen: give --prometheus URL, or --access-log WORKLOAD=FILE")
    if len(options.profiles) > 1:
        raise Unreadable("several profiles are several meshes: ask about the traffic of one at a time")
    files, profiles, found = read(options)
    if not errors(found):
        (profile,) = profiles
        policy, problems = resolve(files, profile, today(options), Severity.WARNING)
        if not errors(problems):
            return files, policy, profile
        found += problems
    tell(options, found, files, sys.stderr)
    return None


def read_audit(options: Any, policy: Policy, profile: ClusterProfile, files: Sequence[File] = ()) -> Audit:
    """What was seen beside a policy in its cluster; raises Unreadable where a source of it cannot be read.

    With `files`, those of the policy, traffic that only expired rules would grant is told with them.
    """
    from egresslang.traffic.audit import audit
    from egresslang.traffic.judge import Judge

    before = _before_expiry(policy, profile, files)
    return audit(
        _traffic(options, profile, policy.inventory),
        Judge(policy, profile),
        None if before is None else Judge(before, profile),
    )


def _before_expiry(policy: Policy, profile: ClusterProfile, files: Sequence[File]) -> Policy | None:
    """The policy as it was when none of its rules had expired; None where none has."""
    from egresslang.findings import Severity
    from egresslang.policy.resolve import resolve

    over = [
        each.rule.expires
        for each in policy.allows
        if each.rule.expires is not None and each.rule.expires < policy.today
    ]
    return resolve(files, profile, min(over), Severity.WARNING)[0] if over and files else None


def _traffic(options: Any, profile: ClusterProfile, inventory: Inventory) -> Observed:
    from egresslang.traffic.observed import with_log
    from egresslang.traffic.window import Window

    seen = _metrics(options, profile, inventory) if options.prometheus else None
    window = None if seen is None else Window(seen.start, seen.end)
    for said in options.logs:
        logged = _log(said, profile, inventory, window)
        seen = logged if seen is None else with_log(seen, logged)
    assert seen is not None
    return seen


def _metrics(options: Any, profile: ClusterProfile, inventory: Inventory) -> Observed:
    """What the server has, up to the end of the day that was asked about, by its own clock."""
    import time

    from egresslang.record import replace
    from egresslang.traffic.credentials import Asked, access
    from egresslang.traffic.labels import Cluster
    from egresslang.traffic.observed import observe, window_until
    from egresslang.traffic.prometheus import Server, ServerError
    from egresslang.traffic.window import read_duration

    since = read_duration(SINCE) if options.since is None else options.since
    asked = Asked(
        options.prometheus,
        options.bearer_token_file or "",
        options.basic_auth_file or "",
        options.client_certificate or "",
        options.client_key or "",
        options.ca_file or "",
        options.tenant or "",
        TIMEOUT if options.timeout is None else options.timeout,
        RETRIES if options.retries is None else options.retries,
    )
    server = Server(access(asked))
    until = _end_of(options.today, since)
    told_by, value = options.cluster_label or ("", "")
    cluster = Cluster(told_by, (value or profile.name) if told_by else "")
    try:
        window = window_until(server, since, until)
        skew = window.end - (time.time() if until is None else until)
        seen = observe(server, window, profile.cluster_domain, inventory, cluster)
    except ServerError as problem:
        raise Unreadable(str(problem)) from problem
    return replace(seen, remarks=(*seen.remarks, *_skewed(skew, until)))


def _end_of(day: Any, since: int) -> int | None:
    """The end of a day in UTC, in seconds since 1970; None without one. Raises Unreadable where nothing can be known."""
    if day is None:
        return None
    from datetime import date

    from egresslang.traffic.prometheus import LATEST
    from egresslang.traffic.window import DAY, show_duration

    end = ((day - date(1970, 1, 1)).days + 1) * DAY
    if not since <= end <= LATEST:
        raise Unreadable(
            f"no server has traffic of the {show_duration(since)} before the end of {day}: give another --today"
        )
    return int(end)


def _skewed(skew: float, until: int | None) -> list[str]:
    """That two clocks do not agree, or that the day asked about is not over."""
    from egresslang.traffic.window import DAY

    if until is not None:
        days = int(-skew // DAY)
        return (
            [f"the server's clock is {days} days before the end of --today: what follows is not known"] if days else []
        )
    if abs(skew) <= MOST_SKEW:
        return []
    order = "ahead of" if skew > 0 else "behind"
    return [f"the server's clock is {abs(round(skew))} s {order} this machine's: its own counts, for the window too"]


def _log(said: str, profile: ClusterProfile, inventory: Inventory, window: Window | None) -> Observed:
    from egresslang.files import bounded_lines, open_stream
    from egresslang.traffic.access_log import observed, read_log

    whose, equals, path = said.partition("=")
    namespace, _, workload = whose.rpartition("/")
    if not equals or not workload or not path or "/" in namespace:
        raise Unreadable(
            f"--access-log `{said}` does not say whose log it is: write `namespace/workload=FILE`, for no line of it does"
        )
    namespace = namespace or profile.default_namespace
    _check_owner(whose, namespace, workload, profile, inventory)
    try:
        if path == "-":
            if sys.stdin is None:
                raise Unreadable("standard input is closed")
            told = read_log(bounded_lines(sys.stdin.buffer), namespace, workload, profile.cluster_domain, window)
        else:
            with open_stream(path) as log:
                told = read_log(bounded_lines(log), namespace, workload, profile.cluster_domain, window)
    except OSError as problem:
        raise Unreadable(f"cannot read `{path}`: {problem.strerror or problem}") from problem
    return observed(told, f"`{os.path.basename(path)}`", namespace, workload)


def _check_owner(whose: str, namespace: str, workload: str, profile: ClusterProfile, inventory: Inventory) -> None:
    """Raise Unreadable where a log is said to be of what can be no workload, or of none that the profile knows."""
    from egresslang.source import Source, Span
    from egresslang.suggest import nearest
    from egresslang.syntax.nodes import WorkloadName
    from egresslang.syntax.words import read_member

    if not isinstance(read_member(whose, Span(Source("owner", whose), 0, len(whose))), WorkloadName):
        raise Unreadable(f"--access-log: `{whose}` is not one workload: a log is that of one sidecar")
    if profile.namespaces is not None and inventory.find(namespace, workload) is None:
        near = nearest(workload, inventory.namespaces.get(namespace, ()))
        hint = f"; did you mean `{namespace}/{near}`?" if near else ""
        raise Unreadable(f"--access-log: the profile knows no workload `{namespace}/{workload}`{hint}")


def _duration(text: str) -> int:
    from egresslang.traffic.window import read_duration

    try:
        return read_duration(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of seconds from 1 to 3600")
    return seconds


def _few(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 3):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number from 0 to 99")
    return int(text)
