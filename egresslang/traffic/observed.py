"""Observed: the traffic that a Prometheus has of a mesh, added up by the server.

Istio's metrics are counters, one series for each pod and pair. A page of the window is asked two things of each metric: how
much the counters grew, and when that last happened, to a twenty-fourth of the page. A counter grew by what it began with, too,
less what it had before the page: the first request of a pod makes a counter of 1 that never grows, and what grew between
two pages grew in neither. One that was away has its value of before, so that nothing of its life is counted twice.
Only sums by workload and destination travel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
from egresslang.traffic.labels import Cluster
from egresslang.traffic.prometheus import Row, Server
from egresslang.traffic.window import (
    DAY,
    HOUR,
    Moment,
    Page,
    Window,
    latest,
    longest_gap,
    show_duration,
    show_time,
)

MOST = 10_000
"""Flows of one page and metric that are read one by one: a Host header is text that anybody chooses."""

EXACT = 0.01
"""The part by which what a server calculates from samples may differ from what happened."""

_PLAIN = 80
"""The port of a Host header that names none."""

UNKNOWN = "unknown"
"""What Istio says where it does not know a label."""

_SCRAPES = 300
"""Seconds in which a sample of a series is looked for that comes before another: Prometheus takes it for gone after that."""

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
_BY_SERVER = 'reporter="destination"'
"""The matcher of what the sidecars of servers counted: one that is asked by others is seen, even if it asks nobody."""

_NAMED = f'{labels.SERVICE_NAME}=~"({UNKNOWN}|.+[.].+)?"'
"""The matcher of names that may be registered hosts, where nothing else tells of one."""

_WHO = {
    labels.NAMESPACE: "destination_workload_namespace",
    labels.WORKLOAD: "destination_workload",
    _CANONICAL: "destination_canonical_service",
}
"""The labels that say who a client is, and those that say it of a server."""

_CLUSTERS = ("cluster", "source_cluster")
"""Labels that tell clusters apart: what a Prometheus or its federation adds, and Istio's own."""

_SHOWN_CLUSTERS = 3

Span = tuple[int, int]
"""From when to when something was recorded, in seconds since 1970."""

Told = tuple[str, str, str, str, str, str, str]
"""The values of the labels that flows are told apart by."""


@record
class _Part:
    """What a page has of one metric: how much of each, how much of that was answered with a 5xx, and when last."""

    counts: dict[Told, float]
    failed: dict[Told, float]
    last: dict[Told, Moment]


_ALONE = Cluster()


@record
class _Asked:
    """A server, and what it is asked about: a cluster with its domain."""

    server: Server
    domain: str
    cluster: Cluster

    def all(self, *matchers: str) -> str:
        """Whatever sidecars of the cluster counted that fits some matchers."""
        return labels.selector("", _NAMES, *matchers, *self.cluster.matchers)


def observe(
    server: Server, window: Window, cluster_domain: str, inventory: Inventory, cluster: Cluster = _ALONE
) -> Observed:
    """What the server has of a cluster in a window; raises ServerError."""
    found: dict[Flow, Seen] = {}
    spans: dict[tuple[str, str], list[Span]] = {}
    asked = _Asked(server, cluster_domain, cluster)
    for page in window.pages(longest_gap(window.length) - HOUR):
        for who, span in _there(asked, page, inventory):
            _widen(spans, who, span)
    remarks = list(_several(asked, window)) if spans else []
    left_out = False
    for page in window.pages():
        if not any(_is_in(page, span) for some in spans.values() for span in some):
            continue
        for kind, metric in _KINDS.items():
            part, too_many = _part(asked, page, metric)
            remarks += too_many
            left_out |= bool(too_many)
            for told, count in part.counts.items():
                flow = _flow(told, kind, inventory)
                last = part.last.get(told, Moment(page.end - page.length, page.end))
                before = found.get(flow, Seen(0.0, last))
                failed = before.failed + (_failed(told, part) if flow.verdict == ALLOWED else 0.0)
                found[flow] = Seen(before.count + count, latest((before.last, last)), failed=failed)
                _widen(spans, (flow.namespace, flow.workload), (max(last.after, window.start), last.by))
    known = [_known(*who, some) for who, some in sorted(spans.items())]
    since = min((each.since for each in known), default=None)
    remarks += _gaps(asked, window, since)
    if server.no_numbers:
        remarks.append("values of the server are no numbers (NaN, +Inf): what their series count is left out")
    remarks += [f"the server warns: {each}" for each in server.warnings]
    flows = tuple(sorted(found.items(), key=lambda pair: _order(pair[0])))
    people = tuple(each for each in known if UNKNOWN not in (each.namespace, each.workload))
    return Observed(window.start, window.end, flows, since, people, tuple(remarks), bool(remarks), left_out)


def _is_in(page: Page, span: Span) -> bool:
    """Whether a page has some of a time."""
    return span[0] <= page.end and span[1] >= page.end - page.length


def _widen(spans: dict[tuple[str, str], list[Span]], who: tuple[str, str], span: Span) -> None:
    """Add a time in which something of a workload was recorded, to its own and to its namespace's."""
    for workload in dict.fromkeys((who[1], ANY)):
        spans.setdefault((who[0], workload), []).append(span)


def _known(namespace: str, workload: str, spans: list[Span]) -> Known:
    """What is known of somebody of whom something was recorded at some times."""
    some = sorted(spans)
    gap, until = 0, some[0][1]
    for first, last in some:
        gap, until = max(gap, first - until), max(until, last)
    return Known(namespace, workload, some[0][0], until, gap)


def _several(asked: _Asked, window: Window) -> Iterator[str]:
    """That what the server has is of several clusters, and nobody said of which it is asked."""
    if asked.cluster.label:
        return
    step = HOUR * max(1, window.length // (1000 * HOUR))
    said = f"group by ({', '.join(_CLUSTERS)}) ({asked.all(labels.BY_CLIENT)})"
    rows = asked.server.query(f"last_over_time({said}[{window.length}s:{step}s])", window.end)
    for label in _CLUSTERS:
        names = sorted({row.labels.get(label, "") for row in rows} - {"", UNKNOWN})
        if len(names) > 1:
            more = ", …" if len(names) > _SHOWN_CLUSTERS else ""
            yield (
                f"series of {len(names)} clusters are taken for one (`{label}`: {', '.join(names[:_SHOWN_CLUSTERS])}{more}): "
                f"--cluster-label {label}=NAME tells which is meant"
            )
            return


def window_until(server: Server, length: int, until: int | None) -> Window:
    """The window that ends now by the server's clock, or at a moment before."""
    end = server.now()
    if until is not None:
        end = min(end, until)
    return Window(end - length, end)


def selectors(metric: str, cluster_domain: str, cluster: Cluster) -> Iterator[str]:
    """What leaves the mesh of a metric, in parts: to registered hosts but those of the cluster, to nobody registered, and
    to where nothing is: names that clients choose, and no host that somebody chose has to give way to.

    Where a Telemetry takes `destination_service` away, its name stands for a registered host: one without a dot is the short
    name of a Service, as no rule can have.
    """
    ours = (labels.BY_CLIENT, *cluster.matchers)
    nobody = (labels.PASSTHROUGH, labels.BLACK_HOLE)
    led = labels.without_flags(labels.MISSING)
    outside = labels.none_of(labels.SERVICE, ["", f"*.svc.{cluster_domain}"])
    yield labels.selector(metric, *ours, labels.none_of(labels.SERVICE_NAME, nobody), outside, led)
    yield labels.selector(metric, *ours, labels.equal(labels.SERVICE, ""), _NAMED, led)
    yield labels.selector(metric, *ours, labels.one_of(labels.SERVICE_NAME, nobody), led)
    yield labels.selector(metric, *ours, labels.with_flags(labels.MISSING))


def _part(asked: _Asked, page: Page, metric: str) -> tuple[_Part, list[str]]:
    """What a page has of a metric, and that some of it is left out."""
    server = asked.server
    part = _Part({}, {}, {})
    remarks = []
    for series in selectors(metric, asked.domain, asked.cluster):
        bad = server.no_numbers
        grown = _by_answer(_grown(series, page.length))
        rows = server.query(f"topk({MOST}, {grown})", page.end)
        if server.no_numbers > bad:  # one series that is no number makes the sum none
            grown = _by_answer(f"{_grown(series, page.length)} >= 0 < +Inf")
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
                by = int(max(min(row.value, page.grid) - page.shift, page.end - page.length))
                part.last[_told(row)] = Moment(by - page.step, by)
    return part, remarks


def _by_answer(counted: str) -> str:
    """What was counted of each, apart for what was answered with a 5xx; what is no number stays, to be told."""
    by_code = f"sum by ({_BY}, {labels.CODE}) ({counted})"
    return f'sum by ({_BY}, {_FAILED}) (label_replace({by_code}, "{_FAILED}", "yes", "{labels.CODE}", "5..")) != 0'


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
    """When each counter came to its last value in a page, at the `grid`: as soon as it had it, as it had another, and as it
    began anew: it may come to the same value.
    """
    steps = f"[{page.length}s:{page.step}s]"
    then = f"last_over_time({series}[{page.step}s]{_ago(page.shift)})"
    final = f"last_over_time({series}[{page.length}s] @ {page.end})"
    had = f"min_over_time(timestamp({then} == {final}){steps})"
    had_not = f"max_over_time(timestamp({then} != {final}){steps}) + {page.step}"
    wide = f"resets({series}[{page.step + _SCRAPES}s]{_ago(page.shift)})"
    before = f"resets({series}[{_SCRAPES}s]{_ago(page.shift + page.step)})"
    anew = f"max_over_time(timestamp({wide} > ({before} or 0 * {wide})){steps})"
    return f"{had} or {_apart(had_not)} or {_apart(anew, 'anew')}"


def _ago(seconds: int) -> str:
    """What a selector looks so far back by: PromQL has no `offset 0s`."""
    return f" offset {seconds}s" if seconds else ""


def _apart(counted: str, part: str = "yes") -> str:
    """The same under one label more, which an `or` keeps beside what has the others alike."""
    return f'label_replace({counted}, "{_PART}", "{part}", "", "")'


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
    if kind == REQUESTS and port == _PLAIN:  # as a Host header without a port
        port = 0
    if set(labels.MISSING) & set(flags.split(",")):  # whatever its name: a client says it
        verdict = LOST
    elif name == labels.PASSTHROUGH:
        verdict = PASSED
    elif name == labels.BLACK_HOLE:
        verdict = BLOCKED
    elif not destination and name != UNKNOWN:
        return Flow(namespace, who, read_host(name)[0], ALLOWED, kind, protocol=protocol)
    elif host:
        return Flow(namespace, who, host, ALLOWED, kind, protocol=protocol)
    else:
        verdict = LOST
    return Flow(namespace, who, host, verdict, kind, port, protocol=protocol)


def called(namespace: str, workload: str, service: str, inventory: Inventory) -> str:
    """What the policy calls a workload: by its name, else by the label that Istio takes for its service (`app`)."""
    if inventory.find(namespace, workload) is None and service and inventory.find(namespace, service) is not None:
        return service
    return workload


def _there(asked: _Asked, page: Page, inventory: Inventory) -> Iterator[tuple[tuple[str, str], Span]]:
    """Of whom there was something in a page, and from when to when, to a step."""
    shift = _ago(page.shift)
    who = ", ".join(_WHO)
    servers = f"group by ({', '.join(_WHO.values())}) ({asked.all(_BY_SERVER)}{shift})"
    for label, of_server in _WHO.items():
        servers = f'label_replace({servers}, "{label}", "$1", "{of_server}", "(.*)")'
    clients = f"group by ({who}) ({asked.all(labels.BY_CLIENT)}{shift})"
    there = f"timestamp(group by ({who}) ({clients} or {servers}))[{page.length}s:{page.step}s]"
    first, last = f"min_over_time({there})", f"max_over_time({there})"
    rows = [(row, bool(row.labels.get(_PART))) for row in asked.server.query(f"{first} or {_apart(last)}", page.grid)]
    ends = {_who(row): _within(page, row.value) for row, is_last in rows if is_last}
    for row, is_last in rows:
        if not is_last:
            namespace, workload, service = _who(row)
            since = _within(page, row.value)
            name = called(namespace, workload, service, inventory)
            yield (namespace, name), (since, ends.get((namespace, workload, service), since))


def _who(row: Row) -> tuple[str, str, str]:
    namespace, workload, service = (row.labels.get(label, "") for label in _WHO)
    return namespace or UNKNOWN, workload or UNKNOWN, service


def _within(page: Page, moment: float) -> int:
    """A moment of the grid that a server told, in the page that it was asked about."""
    return int(min(max(moment - page.shift, page.end - page.length), page.end))


def _gaps(asked: _Asked, window: Window, first: int | None) -> Iterator[str]:
    """The hours for which the server has nothing, after its first sample of the window."""
    if first is None:
        return
    length = window.end - max(first, window.start)
    step = HOUR * max(1, length // (1000 * HOUR))
    if length < 2 * step:
        return
    rows = asked.server.query(f"count_over_time(group({asked.all()})[{length}s:{step}s])", window.end)
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
    """What was seen, and what an access log tells besides: what both have is taken off the metrics, which say less of it."""
    flows: dict[tuple[Flow, str], Seen] = {}
    for flow, seen in (*_less(one.flows, logged.flows), *logged.flows):
        before = flows.get((flow, seen.by))
        flows[flow, seen.by] = seen if before is None else _sum(before, seen)
    known = [each for each in (one.since, logged.since) if each is not None]
    return replace(
        one,
        start=min((each.start for each in (one, logged) if each.end), default=0),
        end=max(one.end, logged.end),
        flows=tuple(
            sorted(((flow, seen) for (flow, _), seen in flows.items()), key=lambda pair: (_order(pair[0]), pair[1].by))
        ),
        since=min(known, default=None),
        known=_merged(one.known, logged.known),
        remarks=(*one.remarks, *logged.remarks),
        has_holes=one.has_holes or logged.has_holes,
        left_out=one.left_out or logged.left_out,
    )


def _sum(one: Seen, other: Seen) -> Seen:
    """What two logs tell of the same flow."""
    return Seen(one.count + other.count, latest((one.last, other.last)), one.by, one.failed + other.failed)


def _merged(some: Iterable[Known], others: Iterable[Known]) -> tuple[Known, ...]:
    """What metrics and a log tell of whom; a log says nothing of the rest of its namespace."""
    found = {(each.namespace, each.workload): each for each in others}
    return tuple(each for _, each in sorted((found | {(each.namespace, each.workload): each for each in some}).items()))


def _less(flows: Iterable[tuple[Flow, Seen]], logged: Iterable[tuple[Flow, Seen]]) -> Iterator[tuple[Flow, Seen]]:
    """The flows, those of metrics less what a log tells of them: a log has the port, and where connections went."""
    told: dict[tuple[object, ...], list[Seen]] = {}
    for flow, seen in logged:
        for key in {_as_counted(flow, flow.port), _as_counted(flow, 0)}:  # a Host header need not say the port
            told.setdefault(key, []).append(seen)
    for flow, seen in flows:
        there = told.get(_as_counted(flow, flow.port), []) if seen.by == "metrics" else []
        left = seen.count - sum(each.count for each in there)
        if left > max(0.5, seen.count * EXACT) or not there:
            yield flow, replace(seen, count=left, failed=max(seen.failed - sum(each.failed for each in there), 0.0))


def _as_counted(flow: Flow, port: int) -> tuple[object, ...]:
    """What metrics tell of a flow: no host of connections that no registered host took, and 0 for the port of plain http."""
    is_told = flow.is_registered or flow.kind == REQUESTS
    is_plain = flow.kind == REQUESTS and not flow.is_registered and port == _PLAIN
    return (
        flow.namespace,
        flow.workload,
        flow.verdict,
        flow.kind,
        flow.host if is_told else "",
        0 if is_plain or not is_told else port,
    )
