"""Observed: the traffic that a Prometheus has of a mesh, added up by the server.

Istio's metrics are counters, one series for each pod and pair. A page of the window is asked three things of each metric:
how much the counters grew; with what they came into it, because the first request of a pod makes a counter of 1 that never
grew, and what grew between two pages grew in neither; and when either last happened, to a twenty-fourth of the page. Only sums by workload and destination travel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from egresslang.policy.inventory import Inventory
from egresslang.record import record, replace
from egresslang.traffic import labels
from egresslang.traffic.flow import (
    ALLOWED,
    BLOCKED,
    CONNECTIONS,
    LOST,
    PASSED,
    REQUESTS,
    Flow,
    Observed,
    Seen,
    read_host,
)
from egresslang.traffic.prometheus import Row, Server
from egresslang.traffic.window import HOUR, Page, Window, show_duration, show_time

MOST = 10_000
"""Flows of one page and metric that are read one by one: a Host header is text that anybody chooses."""

EXACT = 0.01
"""The part by which what a server calculates from samples may differ from what happened."""

UNKNOWN = "unknown"
"""What Istio says where it does not know a label."""

_KINDS = {REQUESTS: labels.REQUESTS, CONNECTIONS: labels.CONNECTIONS}
_CANONICAL = "source_canonical_service"
_TOLD = (labels.NAMESPACE, labels.WORKLOAD, _CANONICAL, labels.SERVICE, labels.SERVICE_NAME, labels.FLAGS)
_BY = ", ".join(_TOLD)
_FAILED = "failed"
"""The label that the server is asked to give what was answered with a 5xx."""

_EITHER = f'{{__name__=~"{"|".join(_KINDS.values())}", {labels.BY_CLIENT}}}'
"""Whatever the sidecars of clients counted."""

Told = tuple[str, str, str, str, str, str]
"""The values of the labels that flows are told apart by."""


@record
class _Part:
    """What a page has of one metric: how much of each, how much of that was answered with a 5xx, and when last."""

    counts: dict[Told, float]
    failed: dict[Told, float]
    last: dict[Told, int]


def observe(server: Server, window: Window, cluster_domain: str, inventory: Inventory) -> Observed:
    """What the server has of a window; raises ServerError."""
    found: dict[Flow, Seen] = {}
    remarks: list[str] = []
    since: dict[str, int] = {}
    for page in window.pages():
        seen_here = _since(server, page)
        for namespace, first in seen_here.items():
            since[namespace] = min(first, since.get(namespace, first))
        if not seen_here:
            continue
        for kind, metric in _KINDS.items():
            part = _part(server, page, metric, cluster_domain, remarks)
            for told, count in part.counts.items():
                flow = _flow(told, kind, inventory)
                before = found.get(flow, Seen(0.0, 0))
                last = max(before.last, part.last.get(told, page.end))
                failed = before.failed + (_failed(told, part) if flow.verdict == ALLOWED else 0.0)
                found[flow] = Seen(before.count + count, last, failed=failed)
    known_since = min(since.values(), default=None)
    remarks += _gaps(server, window, known_since)
    remarks += [f"the server warns: {each}" for each in server.warnings]
    flows = tuple(sorted(found.items(), key=lambda pair: _order(pair[0])))
    since.pop(UNKNOWN, None)
    return Observed(
        window.start, window.end, flows, known_since, tuple(sorted(since.items())), tuple(remarks), bool(remarks)
    )


def window_until(server: Server, length: int, until: int | None) -> Window:
    """The window that ends now by the server's clock, or at a moment before."""
    end = server.now()
    if until is not None:
        end = min(end, until)
    return Window(end - length, end)


def selectors(metric: str, cluster_domain: str) -> tuple[str, str]:
    """What leaves the mesh of a metric: to registered hosts but those of the cluster, and to nobody registered."""
    nobody = (labels.PASSTHROUGH, labels.BLACK_HOLE)
    outside = labels.none_of(labels.SERVICE, [f"*.svc.{cluster_domain}"])
    return (
        labels.selector(metric, labels.BY_CLIENT, labels.none_of(labels.SERVICE_NAME, nobody), outside),
        labels.selector(metric, labels.BY_CLIENT, labels.one_of(labels.SERVICE_NAME, nobody)),
    )


def _part(server: Server, page: Page, metric: str, domain: str, remarks: list[str]) -> _Part:
    part = _Part({}, {}, {})
    for series in selectors(metric, domain):
        grown = _by_answer(f"increase({series}[{page.length}s])")
        born = _by_answer(_born(series, page.length))
        for expression in (grown, born):
            rows = server.query(f"topk({MOST}, {expression})", page.end)
            if len(rows) >= MOST:
                remarks.append(_too_many(server, expression, page))
            for row in rows:
                told = _told(row)
                part.counts[told] = part.counts.get(told, 0.0) + row.value
                if row.labels.get(_FAILED):
                    part.failed[told] = part.failed.get(told, 0.0) + row.value
        if part.counts:
            step = page.step
            alive = f"sum by ({_BY}) (increase({series}[{step}s])) > 0 or sum by ({_BY}) ({_born(series, step)}) > 0"
            moments = f"max_over_time(timestamp({alive})[{page.length}s:{step}s])"
            part.last.update(
                {_told(row): _within(page, row.value) for row in server.query(f"topk({MOST}, {moments})", page.end)}
            )
    return part


def _by_answer(counted: str) -> str:
    """What was counted of each, apart for what was answered with a 5xx."""
    by_code = f"sum by ({_BY}, {labels.CODE}) ({counted})"
    return f'sum by ({_BY}, {_FAILED}) (label_replace({by_code}, "{_FAILED}", "yes", "{labels.CODE}", "5..")) > 0'


def _failed(told: Told, part: _Part) -> float:
    """How much of what labels tell of was not answered as its client wished."""
    return part.counts[told] if set(labels.FAILED) & set(told[-1].split(",")) else part.failed.get(told, 0.0)


def _born(series: str, seconds: int) -> str:
    """The first value of each counter less its last in the time of the same length before; all of it where it had none."""
    first, before = f"min_over_time({series}[{seconds}s])", f"last_over_time({series}[{seconds}s] offset {seconds}s)"
    return f"({first} - {before} > 0 or {first} unless {before})"


def _too_many(server: Server, expression: str, page: Page) -> str:
    total = sum(int(row.value) for row in server.query(f"count({expression})", page.end))
    return (
        f"{total} different flows in the {show_duration(page.length)} before {show_time(page.end)}: "
        f"the {MOST} with the most traffic are shown, the others are missing"
    )


def _told(row: Row) -> Told:
    namespace, workload, *others = (row.labels.get(label, "") for label in _TOLD)
    canonical, service, name, flags = others
    return namespace or UNKNOWN, workload or UNKNOWN, canonical, service, name, flags


def _flow(told: Told, kind: str, inventory: Inventory) -> Flow:
    """The flow that labels tell of, whatever host a client invented."""
    namespace, workload, service, destination, name, flags = told
    who = called(namespace, workload, service, inventory)
    host, port = ("", 0) if destination in ("", UNKNOWN) else read_host(destination)
    if name == labels.PASSTHROUGH:
        return Flow(namespace, who, host, PASSED, kind, port)
    if name == labels.BLACK_HOLE:
        return Flow(namespace, who, host, BLOCKED, kind, port)
    if set(labels.MISSING) & set(flags.split(",")) or not host:
        return Flow(namespace, who, host, LOST, kind, port)
    return Flow(namespace, who, host, ALLOWED, kind)


def called(namespace: str, workload: str, service: str, inventory: Inventory) -> str:
    """What the policy calls a workload: by its name, else by the label that Istio takes for its service (`app`)."""
    if inventory.find(namespace, workload) is None and service and inventory.find(namespace, service) is not None:
        return service
    return workload


def _since(server: Server, page: Page) -> dict[str, int]:
    """When the first sample of each namespace in a page was, to a step."""
    step = page.step
    there = f"timestamp(group by ({labels.NAMESPACE}) ({_EITHER}))"
    rows = server.query(f"min_over_time({there}[{page.length}s:{step}s])", page.end)
    return {row.labels.get(labels.NAMESPACE, UNKNOWN): _within(page, row.value) for row in rows}


def _within(page: Page, moment: float) -> int:
    """A moment that a server told, in the page that it was asked about."""
    return int(min(max(moment, page.end - page.length), page.end))


def _gaps(server: Server, window: Window, first: int | None) -> Iterator[str]:
    """The hours for which the server has nothing, after its first sample of the window."""
    if first is None:
        return
    length = window.end - max(first, window.start)
    step = HOUR * max(1, length // (1000 * HOUR))
    if length < 2 * step:
        return
    rows = server.query(f"count_over_time(group({_EITHER})[{length}s:{step}s])", window.end)
    there = sum(int(row.value) for row in rows)
    missing = length // step - 1 - there
    if rows and missing > 0:
        yield f"nothing was recorded in about {show_duration(missing * step)} of the time: what happened then is not known"


def _order(flow: Flow) -> tuple[object, ...]:
    return (
        flow.namespace,
        flow.workload,
        flow.host,
        flow.port,
        flow.kind,
        flow.verdict,
        flow.address or (0, 0),
        flow.is_tls,
    )


def together(one: Observed, logged: Observed) -> Observed:
    """What was seen, and what an access log tells besides: its connections are taken off those without a name."""
    told = Counter[tuple[str, str, str]]()
    for flow, seen in logged.flows:
        if flow.kind == CONNECTIONS and not flow.is_registered:
            told[flow.namespace, flow.workload, flow.verdict] += round(seen.count)
    flows = [*_less(one.flows, told), *logged.flows]
    known = [each for each in (one.since, logged.since) if each is not None]
    return replace(
        one,
        start=min((each.start for each in (one, logged) if each.end), default=0),
        end=max(one.end, logged.end),
        flows=tuple(sorted(flows, key=lambda pair: (_order(pair[0]), pair[1].by))),
        since=min(known, default=None),
        since_of=tuple(sorted((dict(logged.since_of) | dict(one.since_of)).items())),
        remarks=(*one.remarks, *logged.remarks),
    )


def _less(flows: Iterable[tuple[Flow, Seen]], told: Mapping[tuple[str, str, str], int]) -> Iterator[tuple[Flow, Seen]]:
    """The flows, those without a name less what is told of them elsewhere."""
    for flow, seen in flows:
        if not flow.is_nameless:
            yield flow, seen
            continue
        left = seen.count - told.get((flow.namespace, flow.workload, flow.verdict), 0)
        if left > max(0.5, seen.count * EXACT):
            yield flow, replace(seen, count=left)
