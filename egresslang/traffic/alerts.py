"""Alerts: the rules that tell when traffic and policy part, for everybody who is watched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from egresslang.policy.policy import ANY, Grant, Rule, Subject
from egresslang.targets.yaml import Document, Value
from egresslang.traffic import alert_texts
from egresslang.traffic.alert_kinds import BLOCKED, EXPIRING, FAILING, MISSING, NOT_GRANTED, PASSED, UNSEEN, Kind
from egresslang.traffic.alert_texts import Texts, literal
from egresslang.traffic.labels import (
    BLACK_HOLE,
    BY_CLIENT,
    PASSTHROUGH,
    SERVICE_NAME,
    Cluster,
    equal,
    none_of,
    one_of,
    selector,
)
from egresslang.traffic.recordings import FAILURES, FLOWS, LOST, TRAFFIC
from egresslang.traffic.watched import FREE, LOCKED, Watch, Watched
from egresslang.traffic.window import DAY

FAILING_SHARE = "0.1"
"""The share of an allowed destination's traffic whose failure is told."""


def alerts(watched: Watched, cluster: Cluster) -> Iterator[Document]:
    """The alerts about workloads that are watched together."""
    who = (*cluster.matchers, *watched.matchers)
    files = watched.files
    is_locked = watched.state == LOCKED
    about: dict[str, Value] = {"subject": str(watched.subject)}

    def alert(kind: Kind, expr: str, texts: Texts) -> Document:
        return _alert(kind, kind.severity if is_locked else kind.milder, expr, about, cluster, texts)

    knocks = selector(FLOWS, *who, equal(SERVICE_NAME, BLACK_HOLE))
    yield alert(BLOCKED, f"{knocks} > 0", alert_texts.blocked(files))
    if watched.state != FREE:
        passed = selector(FLOWS, *who, equal(SERVICE_NAME, PASSTHROUGH))
        texts = alert_texts.passed_closed(files) if is_locked else alert_texts.passed_open(files)
        yield alert(PASSED, f"{passed} > 0", texts)
        others = selector(FLOWS, *who, none_of(SERVICE_NAME, (BLACK_HOLE, PASSTHROUGH, *watched.hosts)))
        yield alert(NOT_GRANTED, f"{others} > 0", alert_texts.not_granted(files))
    if watched.hosts:
        there = (*who, one_of(SERVICE_NAME, watched.hosts))
        share = f"{selector(FAILURES, *there)} / {selector(FLOWS, *there)}"
        yield alert(FAILING, f"{share} >= {FAILING_SHARE}", alert_texts.failing(files))
    yield alert(MISSING, f"{selector(LOST, *who)} > 0", alert_texts.missing(files))


def expiring(watch: Watch, cluster: Cluster) -> Iterator[Document]:
    """An alert for each rule that expires, about those who lose something with it."""
    soon = watch.profile.lint.expires_soon_days
    for rule, lost in _expiring(watch):
        assert rule.expires is not None
        used = " or ".join(
            f"max_over_time({selector(FLOWS, *cluster.matchers, *matchers, one_of(SERVICE_NAME, hosts))}[1d]) > 0"
            for hosts, subjects in lost.items()
            for matchers in watch.matchers(subjects)
        )
        line = rule.span.place[1]
        yield _alert(
            EXPIRING,
            EXPIRING.severity,
            f"({used}) and on () vector(time()) >= {_end_of(rule.expires, soon)}",
            {"rule": literal(f"{rule.file}:{line}")},
            cluster,
            alert_texts.expiring(rule.file, line, rule.expires, rule.owner),
        )


def telemetry(cluster: Cluster) -> Document:
    """The alert that the others see nothing."""
    series = [selector(metric, BY_CLIENT, *cluster.matchers) for metric in TRAFFIC.values()]
    absent = " and on () ".join(f"absent({each})" for each in series)
    return _alert(UNSEEN, UNSEEN.severity, absent, {}, cluster, alert_texts.UNSEEN)


def _alert(kind: Kind, severity: str, expr: str, about: Document, cluster: Cluster, texts: Texts) -> Document:
    rule: dict[str, Value] = {"alert": kind.name, "expr": expr}
    if kind.hold:
        rule["for"] = kind.hold
    rule["labels"] = {"severity": severity, **about, **cluster.labels}
    rule["annotations"] = {
        "summary": texts.summary,
        "description": texts.description,
        "runbook": texts.runbook,
    }
    return rule


def _end_of(day: date, before: int) -> int:
    """The second in which the day so many days before a day ends, UTC, as Prometheus counts them.

    Counted in numbers: a date has no day before the first of year 1, nor after the last of 9999.
    """
    return (day.toordinal() - before - date(1970, 1, 1).toordinal() + 1) * DAY


_Lost = dict[tuple[str, ...], list[Subject]]
"""Hosts, and those who cannot reach them any more."""


def _expiring(watch: Watch) -> Iterator[tuple[Rule, _Lost]]:
    """Each rule that expires and what is lost with it: not what a rule that lasts longer grants too."""
    lasting = _Lasting(watch)
    rules: dict[int, tuple[Rule, dict[Subject, dict[str, None]]]] = {}
    for grant in watch.policy.grants:
        if grant.rule.expires is not None:
            hosts = [host for host in watch.hosts_of(grant) if not lasting.outlasts(grant, host)]
            if hosts:
                _, lost = rules.setdefault(id(grant.rule), (grant.rule, {}))
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
        wider = grant.subject, Subject(grant.subject.namespace, ANY), Subject(ANY, ANY)
        return any(self._until.get((each, host, grant.port), date.min) > grant.rule.expires for each in wider)
