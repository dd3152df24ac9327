"""Observed: the traffic that a Prometheus has of a mesh, added up by the server.

Istio's metrics are counters, one series for each pod and pair. A page of the window is asked two things of each metric: how
much the counters grew, and when that last happened, to a twenty-fourth of the page. A counter grew by what it began with, too,
less what it had before the page: the first request of a pod makes a counter of 1 that never grows, and what grew between
two pages grew in neither. One that was away has its value of before, so that nothing of its life is counted twice.
Only sums by workload and destination travel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from egresslang.policy.inventory import Inventory
from egresslang.policy.policy import ANY
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
    Known,
    Observed,
    Seen,
    read_host,
)
from egresslang.traffic.prometheus import Row, Server
from egresslang.traffic.window import DAY, HOUR, Moment, Page, Window, latest, show_duration, show_time

MOST = 10_000
"""Flows of one page and metric that are read one by one: a Host header is text that anybody chooses."""

EXACT = 0.01
"""The part by which what a server calculates from samples may differ from what happened."""

UNKNOWN = "unknown"
"""What Istio says where it does not know a label."""

FAR, FAR_STEP = 28 * DAY, DAY // 4
"""How far back a counter is looked for that was away for more than a day, and how often on that way, in seconds."""

_KINDS = {REQUESTS: labels.REQUESTS, CONNECTIONS: labels.CONNECTIONS}
_CANONICAL = "source_canonical_service"
_TOLD = (
    labels.NAMESPACE,
    labels.WORKLOAD,
    _CANONICAL,
    labels.SERVICE,
    labels.SERVICE_NAME,
    labels.PROTOCOL,
    labels.FLAGS,
)
_BY = ", ".join(_TOLD)
_FAILED, _PART = "failed", "egressc_part"
"""Labels that the server is asked to give: what was answered with a 5xx, and parts of a sum that it would take for one."""

_NAMES = f'__name__=~"{"|".join(_KINDS.values())}"'
_EITHER = f"{{{_NAMES}, {labels.BY_CLIENT}}}"
"""Whatever the sidecars of clients counted."""

_WHO = {
    labels.NAMESPACE: "destination_workload_namespace",
    labels.WORKLOAD: "destination_workload",
    _CANONICAL: "destination_canonical_service",
}
"""The labels that say who a client is, and those that say it of a server."""

_OF_SERVERS = f'{{{_NAMES}, reporter="destination"}}'
"""Whatever the sidecars of servers counted: one that is asked by others is seen, even if it asks nobody."""

Told = tuple[str, str, str, str, str, str, str]
"""The values of the labels that flows are told apart by."""


@record
class _Part:
    """What a page has of one metric: how much of each, how much of that was answered with a 5xx, and when last."""

    counts: dict[Told, float]
    failed: dict[Told, float]
    last: dict[Told, Moment]


def observe(server: Server, window: Window, cluster_domain: str, inventory: Inventory) -> Observed:
    """What the server has of a window; raises ServerError."""
    found: dict[Flow, Seen] = {}
    remarks: list[str] = []
    known: dict[tuple[str, str], Known] = {}
    for page in window.pages():
        there = list(_known(server, page, inventory))
        for each in there:
            _widen(known, each)
        if not there:
            continue
        for kind, metric in _KINDS.items():
            part = _part(server, page, metric, cluster_domain, remarks)
            for told, count in part.counts.items():
                flow = _flow(told, kind, inventory)
                last = part.last.get(told, Moment(page.end - page.length, page.end))
                before = found.get(flow, Seen(0.0, last))
                failed = before.failed + (_failed(told, part) if flow.verdict == ALLOWED else 0.0)
                found[flow] = Seen(before.count + count, latest((before.last, last)), failed=failed)
                _widen(known, Known(flow.namespace, flow.workload, max(last.after, window.start), last.by))
    since = min((each.since for each in known.values()), default=None)
    remarks += _gaps(server, window, since)
    remarks += [f"the server warns: {each}" for each in server.warnings]
    flows = tuple(sorted(found.items(), key=lambda pair: _order(pair[0])))
    people = tuple(each for _, each in sorted(known.items()) if UNKNOWN not in (each.namespace, each.workload))
    return Observed(window.start, window.end, flows, since, people, tuple(remarks), bool(remarks))


def _widen(known: dict[tuple[str, str], Known], one: Known) -> None:
    """Add what is known of a workload to what is, of it and of its namespace."""
    for workload in dict.fromkeys((one.workload, ANY)):
        before = known.get((one.namespace, workload), one)
        known[one.namespace, workload] = Known(
            one.namespace, workload, min(before.since, one.since), max(before.until, one.until)
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
        grown = _by_answer(_grown(series, page.length))
        rows = server.query(f"topk({MOST}, {grown})", page.end)
        if len(rows) >= MOST:
            remarks.append(_too_many(server, grown, page))
        for row in rows:
            told = _told(row)
            part.counts[told] = part.counts.get(told, 0.0) + row.value
            if row.labels.get(_FAILED):
                part.failed[told] = part.failed.get(told, 0.0) + row.value
        if rows:
            for row in server.query(f"topk({MOST}, max by ({_BY}) ({_last(series, page)}))", page.grid):
                by = int(min(row.value, page.grid)) - page.shift
                part.last[_told(row)] = Moment(by - page.step, by)
    return part


def _by_answer(counted: str) -> str:
    """What was counted of each, apart for what was answered with a 5xx."""
    by_code = f"sum by ({_BY}, {labels.CODE}) ({counted})"
    return f'sum by ({_BY}, {_FAILED}) (label_replace({by_code}, "{_FAILED}", "yes", "{labels.CODE}", "5..")) > 0'


def _failed(told: Told, part: _Part) -> float:
    """How much of what labels tell of was not answered as its client wished."""
    return part.counts[told] if set(labels.FAILED) & set(told[-1].split(",")) else part.failed.get(told, 0.0)


def _grown(series: str, seconds: int) -> str:
    """How much each counter grew in some seconds, and what it began with, less what it had before."""
    first, before = f"min_over_time({series}[{seconds}s])", _before(series, seconds)
    began = f"sum without ({_PART}) ({first} or {_apart(f'0 - {before}')}) > 0"
    return f"(increase({series}[{seconds}s]) or {_apart(began)})"


def _before(series: str, seconds: int) -> str:
    """The value that each counter had some seconds ago, or last in the time before, if it was away then."""
    near = f"last_over_time({series}[{DAY}s] offset {seconds}s)"
    far = f"last_over_time({series}[{FAR}s:{FAR_STEP}s] offset {seconds + DAY}s)"
    return f"({near} or {far})"


def _last(series: str, page: Page) -> str:
    """When each counter came to its last value in a page, at the `grid`: as soon as it had it, and as it had another."""
    steps = f"[{page.length}s:{page.step}s]"
    then = f"last_over_time({series}[{page.step}s]{_ago(page.shift)})"
    final = f"last_over_time({series}[{page.length}s] @ {page.end})"
    had = f"min_over_time(timestamp({then} == {final}){steps})"
    had_not = f"max_over_time(timestamp({then} != {final}){steps}) + {page.step}"
    return f"{had} or {_apart(had_not)}"


def _ago(seconds: int) -> str:
    """What a selector looks so far back by: PromQL has no `offset 0s`."""
    return f" offset {seconds}s" if seconds else ""


def _apart(counted: str) -> str:
    """The same under one label more, which an `or` keeps beside what has the others alike."""
    return f'label_replace({counted}, "{_PART}", "yes", "", "")'


def _too_many(server: Server, expression: str, page: Page) -> str:
    total = sum(int(row.value) for row in server.query(f"count({expression})", page.end))
    return (
        f"{total} different flows in the {show_duration(page.length)} before {show_time(page.end)}: "
        f"the {MOST} with the most traffic are shown, the others are missing"
    )


def _told(row: Row) -> Told:
    namespace, workload, *others = (row.labels.get(label, "") for label in _TOLD)
    canonical, service, name, protocol, flags = others
    return namespace or UNKNOWN, workload or UNKNOWN, canonical, service, name, protocol, flags


def _flow(told: Told, kind: str, inventory: Inventory) -> Flow:
    """The flow that labels tell of, whatever host a client invented."""
    namespace, workload, service, destination, name, said, flags = told
    who = called(namespace, workload, service, inventory)
    host, port = ("", 0) if destination in ("", UNKNOWN) else read_host(destination)
    protocol = labels.GRPC if kind == REQUESTS and said == labels.GRPC else ""
    if set(labels.MISSING) & set(flags.split(",")):  # whatever its name: a client says it
        verdict = LOST
    elif name == labels.PASSTHROUGH:
        verdict = PASSED
    elif name == labels.BLACK_HOLE:
        verdict = BLOCKED
    elif not host:
        verdict = LOST
    else:
        return Flow(namespace, who, host, ALLOWED, kind, protocol=protocol)
    return Flow(namespace, who, host, verdict, kind, port, protocol=protocol)


def called(namespace: str, workload: str, service: str, inventory: Inventory) -> str:
    """What the policy calls a workload: by its name, else by the label that Istio takes for its service (`app`)."""
    if inventory.find(namespace, workload) is None and service and inventory.find(namespace, service) is not None:
        return service
    return workload


def _known(server: Server, page: Page, inventory: Inventory) -> Iterator[Known]:
    """Of whom there was something in a page, and from when to when, to a step."""
    shift = _ago(page.shift)
    who = ", ".join(_WHO)
    servers = f"group by ({', '.join(_WHO.values())}) ({_OF_SERVERS}{shift})"
    for label, of_server in _WHO.items():
        servers = f'label_replace({servers}, "{label}", "$1", "{of_server}", "(.*)")'
    clients = f"group by ({who}) ({_EITHER}{shift})"
    there = f"timestamp(group by ({who}) ({clients} or {servers}))[{page.length}s:{page.step}s]"
    first, last = f"min_over_time({there})", f"max_over_time({there})"
    rows = [(row, bool(row.labels.get(_PART))) for row in server.query(f"{first} or {_apart(last)}", page.grid)]
    ends = {_who(row): _within(page, row.value) for row, is_last in rows if is_last}
    for row, is_last in rows:
        if not is_last:
            namespace, workload, service = _who(row)
            since = _within(page, row.value)
            name = called(namespace, workload, service, inventory)
            yield Known(namespace, name, since, ends.get((namespace, workload, service), since))


def _who(row: Row) -> tuple[str, str, str]:
    namespace, workload, service = (row.labels.get(label, "") for label in _WHO)
    return namespace or UNKNOWN, workload or UNKNOWN, service


def _within(page: Page, moment: float) -> int:
    """A moment of the grid that a server told, in the page that it was asked about."""
    return int(min(max(moment - page.shift, page.end - page.length), page.end))


def _gaps(server: Server, window: Window, first: int | None) -> Iterator[str]:
    """The hours for which the server has nothing, after its first sample of the window."""
    if first is None:
        return
    length = window.end - max(first, window.start)
    step = HOUR * max(1, length // (1000 * HOUR))
    if length < 2 * step:
        return
    rows = server.query(f"count_over_time(group({{{_NAMES}}})[{length}s:{step}s])", window.end)
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
        flow.protocol,
    )


def with_log(one: Observed, logged: Observed) -> Observed:
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
        known=_merged(one.known, logged.known),
        remarks=(*one.remarks, *logged.remarks),
    )


def _merged(some: Iterable[Known], others: Iterable[Known]) -> tuple[Known, ...]:
    """What metrics and a log tell of whom; a log says nothing of the rest of its namespace."""
    found = {(each.namespace, each.workload): each for each in others}
    return tuple(each for _, each in sorted((found | {(each.namespace, each.workload): each for each in some}).items()))


def _less(flows: Iterable[tuple[Flow, Seen]], told: Mapping[tuple[str, str, str], int]) -> Iterator[tuple[Flow, Seen]]:
    """The flows, those without a name less what is told of them elsewhere."""
    for flow, seen in flows:
        if not flow.is_nameless:
            yield flow, seen
            continue
        left = seen.count - told.get((flow.namespace, flow.workload, flow.verdict), 0)
        if left > max(0.5, seen.count * EXACT):
            yield flow, replace(seen, count=left)
