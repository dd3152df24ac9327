"""Alerts: the rules that tell when traffic and policy part, for everybody who is watched.

Each has a runbook that names the policy file to change, or what else to do. Texts are Go templates: what a policy says
is no part of the template.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from egresslang.policy.policy import Grant, Rule, Subject
from egresslang.targets.yaml import Document, Value
from egresslang.traffic.alert_kinds import BLOCKED, EXPIRING, FAILING, MISSING, NOT_GRANTED, PASSED, UNSEEN, Kind
from egresslang.traffic.labels import (
    BLACK_HOLE,
    BY_CLIENT,
    NAMESPACE,
    PASSTHROUGH,
    REQUESTS,
    SERVICE,
    SERVICE_NAME,
    WORKLOAD,
    equal,
    none_of,
    one_of,
    selector,
)
from egresslang.traffic.recordings import FAILURES, FLOWS, LOST, TRAFFIC, Cluster
from egresslang.traffic.watched import FREE, LOCKED, Watch, Watched

MOST_FILES = 3
"""Policy files that a text names."""

_WHO = f"{{{{ $labels.{NAMESPACE} }}}}/{{{{ $labels.{WORKLOAD} }}}}"
_WHERE = f"{{{{ $labels.{SERVICE_NAME} }}}}"
_TIMES = '{{ $value | printf "%.0f" }} times over {{ $labels.traffic }} in five minutes'
_ALLOW = f"`allow {_WHO} -> HOST:PORT PROTOCOL`"
_TOLD = f'{BY_CLIENT},{NAMESPACE}="{{{{ $labels.{NAMESPACE} }}}}",{WORKLOAD}="{{{{ $labels.{WORKLOAD} }}}}"'


def alerts(watched: Watched, cluster: Cluster) -> Iterator[Document]:
    """The alerts about workloads that are watched together."""
    who = (*cluster.matchers, *watched.matchers)
    file = _files(watched.files)
    about: dict[str, Value] = {"subject": literal(watched.words)}

    def alert(kind: Kind, expr: str, summary: str, description: str, runbook: str) -> Document:
        severity = kind.severity if watched.state == LOCKED else kind.milder
        return _alert(kind, severity, expr, about, cluster, summary, description, runbook)

    yield alert(
        BLOCKED,
        f"{selector(FLOWS, *who, equal(SERVICE_NAME, BLACK_HOLE))} > 0",
        f"{_WHO} was blocked {_TIMES}",
        f"It asked for a destination that no rule grants it, or for one of the mesh that its `mesh` lines leave out. Which one is not kept: over http a client can invent it. Names it sent: topk(10, sum by ({SERVICE}) (increase({REQUESTS}{{{_TOLD},{equal(SERVICE_NAME, BLACK_HOLE)}}}[1h]))). Addresses over TCP stand in the access log of its sidecar, under cluster {BLACK_HOLE}.",
        f"If it should reach that destination, write {_ALLOW} in {file}, compile and apply. If not, find out what runs in the workload.",
    )
    if watched.state != FREE:
        yield alert(
            PASSED,
            f"{selector(FLOWS, *who, equal(SERVICE_NAME, PASSTHROUGH))} > 0",
            f"{_WHO} went past the policy {_TIMES}",
            "The policy closes this workload, and its sidecar lets out what no rule grants: the mesh is not what was compiled."
            if watched.state == LOCKED
            else "It reached a destination that no rule names, which this cluster lets through: nothing closes this workload.",
            f"Apply what {file} compiles to, the Sidecars and the installation; egressc compile --check tells what drifted."
            if watched.state == LOCKED
            else f"Write {_ALLOW} in {file} before the workload is closed, or {_leave_open()} to leave it open on purpose.",
        )
        granted = (BLACK_HOLE, PASSTHROUGH, *watched.hosts)
        yield alert(
            NOT_GRANTED,
            f"{selector(FLOWS, *who, none_of(SERVICE_NAME, granted))} > 0",
            f"{_WHO} reached {_WHERE}, which the policy does not give it, {_TIMES}",
            "The destination is registered in the mesh and no rule grants it to this workload; `other` is one that neither policy nor profile knows.",
            f"If it is meant, write {_ALLOW} in {file}, compile and apply. If not, look for a ServiceEntry, Sidecar or VirtualService that the policy did not make: egressc explain tells which resource lets it through.",
        )
    if watched.hosts:
        there = (*who, one_of(SERVICE_NAME, watched.hosts))
        yield alert(
            FAILING,
            f"{selector(FAILURES, *there)} / {selector(FLOWS, *there)} >= 0.1",
            f"{_WHO} fails to reach {_WHERE}: {{{{ $value | humanizePercentage }}}} over {{{{ $labels.traffic }}}}",
            "The policy allows it and the destination does not answer: its name does not resolve, nothing listens, or it answers with a 5xx.",
            f"Look at the destination first; then whether its name, port, protocol or address= in {file} still holds.",
        )
    yield alert(
        MISSING,
        f"{selector(LOST, *who)} > 0",
        f"{_WHO} was routed to a cluster that does not exist {_TIMES}",
        "Its sidecar has a route or a port of a ServiceEntry that leads nowhere (flag NC).",
        f"Compare what is applied with what {file} compiles to (egressc compile --check): two ServiceEntries of one host with different labels, a subset without a DestinationRule, or an upper-case host are the usual causes.",
    )


def expiring(watch: Watch, cluster: Cluster) -> Iterator[Document]:
    """An alert for each rule that expires, about those who lose something with it."""
    soon = timedelta(days=watch.profile.lint.expires_soon_days)
    for rule, lost in _expiring(watch):
        assert rule.expires is not None
        used = [
            selector(FLOWS, *cluster.matchers, *matchers, one_of(SERVICE_NAME, hosts))
            for hosts, subjects in lost.items()
            for matchers in watch.matchers(subjects)
        ]
        seen = " or ".join(f"max_over_time({each}[1d]) > 0" for each in used)
        place = literal(f"{rule.file}:{rule.span.place[1]}")
        owner = f" Its owner is {literal(rule.owner)}." if rule.owner else ""
        yield _alert(
            EXPIRING,
            EXPIRING.severity,
            f"({seen}) and on () vector(time()) >= {_midnight_after(rule.expires - soon)}",
            {"rule": place},
            cluster,
            f"{_WHO} still uses {_WHERE}, which the rule at {place} grants until {rule.expires}",
            f"At the end of {rule.expires} UTC the rule at {place} grants nothing any more: the next compilation blocks it.{owner}",
            f"Move expires= of the rule in {_files([rule.file])}, or see to it that nobody needs it any more.",
        )


def telemetry(cluster: Cluster) -> Document:
    """The alert that the others see nothing."""
    absent = " and on () ".join(
        f"absent({selector(metric, BY_CLIENT, *cluster.matchers)})" for metric in TRAFFIC.values()
    )
    return _alert(
        UNSEEN,
        UNSEEN.severity,
        absent,
        {},
        cluster,
        "no metrics of Istio's sidecars reach Prometheus",
        "Neither requests nor connections of any sidecar were seen: no other alert about egress can fire.",
        "See to it that Prometheus scrapes the sidecars (port 15090, path /stats/prometheus) and keeps their labels.",
    )


def _alert(
    kind: Kind,
    severity: str,
    expr: str,
    about: Document,
    cluster: Cluster,
    summary: str,
    description: str,
    runbook: str,
) -> Document:
    rule: dict[str, Value] = {"alert": kind.name, "expr": expr}
    if kind.hold:
        rule["for"] = kind.hold
    rule["labels"] = {"severity": severity, **about, **cluster.labels}
    rule["annotations"] = {"summary": summary, "description": description, "runbook": runbook}
    return rule


def literal(text: str) -> str:
    """A text of which Go's templates take nothing for theirs; bytes of it that are no UTF-8 become escapes."""
    return text.encode("utf-8", "backslashreplace").decode().replace("{{", '{{ "{{" }}')


def _leave_open() -> str:
    return f"`allow {_WHO} -> * reason=…`"


def _files(files: Iterable[str]) -> str:
    *most, last = [literal(f"`{file}`") for file in files]
    if len(most) >= MOST_FILES:
        return f"{', '.join(most[:MOST_FILES])} or another file of the policy"
    return f"{', '.join(most)} or {last}" if most else last


def _midnight_after(day: date) -> int:
    """The second after the end of a day, UTC, as Prometheus counts them."""
    return int((datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)).timestamp())


_Lost = dict[tuple[str, ...], list[Subject]]


def _expiring(watch: Watch) -> Iterator[tuple[Rule, _Lost]]:
    """Each rule that expires, with the hosts that go with it and whose; not what a rule that lasts longer grants too."""
    last = _Lasting(watch)
    rules: dict[int, tuple[Rule, dict[Subject, dict[str, None]]]] = {}
    for grant in watch.policy.grants:
        if grant.rule.expires is not None:
            hosts = [host for host in watch.hosts_of(grant) if not last.outlasts(grant, host)]
            if hosts:
                rule, lost = rules.setdefault(id(grant.rule), (grant.rule, {}))
                lost.setdefault(grant.subject, {}).update(dict.fromkeys(hosts))
    for rule, lost in rules.values():
        alike: _Lost = {}
        for subject, found in lost.items():
            alike.setdefault(tuple(sorted(found)), []).append(subject)
        yield rule, alike


class _Lasting:
    """Until when somebody is granted a host and port, by whatever rule."""

    def __init__(self, watch: Watch) -> None:
        self._until: dict[tuple[Subject, str, int], date] = {}
        for grant in watch.policy.grants:
            for host in watch.hosts_of(grant):
                key = grant.subject, host, grant.port
                self._until[key] = max(self._until.get(key, date.min), grant.rule.expires or date.max)

    def outlasts(self, grant: Grant, host: str) -> bool:
        """Whether another rule grants the host, to these or to more, for longer."""
        assert grant.rule.expires is not None
        everybody = Subject("*", "*")
        wider = (grant.subject, Subject(grant.subject.namespace, "*"), everybody)
        return any(self._until.get((each, host, grant.port), date.min) > grant.rule.expires for each in wider)
