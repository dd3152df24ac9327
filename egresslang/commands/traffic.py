"""Observed traffic: where commands get it from, and which options say so."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser
from egresslang.files import Unreadable

if TYPE_CHECKING:
    from egresslang.policy.inventory import Inventory
    from egresslang.profile.profile import ClusterProfile
    from egresslang.traffic.flow import Observed
    from egresslang.traffic.window import Window

SINCE = "7d"
MOST_SKEW = 60
"""Seconds by which two clocks may differ before it is told."""


def traffic_options(command: Parser) -> None:
    """Where traffic was seen, and how one is let in there."""
    command.add_argument(
        "--prometheus",
        metavar="URL",
        default="",
        help="a Prometheus, or a Thanos or Mimir, that has Istio's metrics: the address above `/api/v1`",
    )
    command.add_argument(
        "--since",
        type=_duration,
        default=SINCE,
        metavar="DURATION",
        help=f"how far back to look: 90m, 12h, 7d, 4w; an access log alone is read whole (default: {SINCE})",
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
        "--bearer-token-file",
        metavar="FILE",
        default="",
        help="a file with a bearer token (or: EGRESSC_PROMETHEUS_TOKEN)",
    )
    command.add_argument(
        "--basic-auth-file",
        metavar="FILE",
        default="",
        help="a file with `user:password` (or: EGRESSC_PROMETHEUS_BASIC)",
    )
    command.add_argument("--client-certificate", metavar="FILE", default="", help="a certificate to show, in PEM")
    command.add_argument("--client-key", metavar="FILE", default="", help="its key, where it is in another file")
    command.add_argument(
        "--ca-file", metavar="FILE", default="", help="the certificates to trust, in PEM (default: the system's)"
    )
    command.add_argument("--tenant", metavar="ID", default="", help="the tenant of a Mimir or Cortex (X-Scope-OrgID)")
    command.add_argument(
        "--timeout", type=_seconds, default=30.0, metavar="SECONDS", help="the longest wait for an answer (default: 30)"
    )
    command.add_argument(
        "--retries", type=_few, default=2, metavar="N", help="further tries where a server is busy or gone (default: 2)"
    )


def read_traffic(options: Any, profile: ClusterProfile, inventory: Inventory) -> Observed:
    """What was seen; raises Unreadable where a source of it cannot be read."""
    from egresslang.traffic.observed import together
    from egresslang.traffic.window import Window

    if not options.prometheus and not options.logs:
        raise Unreadable("nothing says where traffic was seen: give --prometheus URL, or --access-log WORKLOAD=FILE")
    seen = _metrics(options, profile, inventory) if options.prometheus else None
    window = None if seen is None else Window(seen.start, seen.end)
    for said in options.logs:
        logged = _log(said, profile, inventory, window)
        seen = logged if seen is None else together(seen, logged)
    assert seen is not None
    return seen


def _metrics(options: Any, profile: ClusterProfile, inventory: Inventory) -> Observed:
    """What the server has, up to the end of the day that was asked about, by its own clock."""
    import time

    from egresslang.record import replace
    from egresslang.traffic.credentials import Asked, access
    from egresslang.traffic.observed import observe, window_until
    from egresslang.traffic.prometheus import Server, ServerError

    asked = Asked(
        options.prometheus,
        options.bearer_token_file,
        options.basic_auth_file,
        options.client_certificate,
        options.client_key,
        options.ca_file,
        options.tenant,
        options.timeout,
        options.retries,
    )
    server = Server(access(asked))
    until = _end_of(options.today, options.since)
    try:
        window = window_until(server, options.since, until)
        skew = window.end - (time.time() if until is None else until)
        seen = observe(server, window, profile.cluster_domain, inventory)
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
    return observed(told, f"`{os.path.basename(path)}`", namespace)


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
