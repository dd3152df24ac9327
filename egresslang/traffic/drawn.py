"""Drawn: the graph of a policy with what was seen in its cluster, as an audit judges it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from egresslang.answers.graph.draw import key_of
from egresslang.answers.graph.graph import OUTSIDE, Graph, Load, Stray, Use
from egresslang.answers.graph.graph import Traffic as Drawn
from egresslang.policy.policy import Subject
from egresslang.record import replace
from egresslang.traffic.audit import Audit, Traffic
from egresslang.traffic.audit_text import where
from egresslang.traffic.flow import ALLOWED, REQUESTS, Flow
from egresslang.traffic.window import iso, latest, show_duration

MOST = 5
"""Destinations of one workload and end that are drawn one by one: a Host header is text that anybody chooses."""

_Rules = Mapping[tuple[str, int, int], int]
"""The position of each rule of a graph by its place."""


def seen_subjects(made: Audit) -> set[Subject]:
    """The workloads that something was seen of."""
    return {_subject(each.flow) for each in made.traffic}


def with_traffic(graph: Graph, made: Audit) -> Graph:
    """The graph with what was seen: drawn with `seen_subjects`, of the policy that was audited."""
    rules = {node.rule.span.place: at for at, node in enumerate(graph.rules)}
    observed = made.observed
    return replace(
        graph,
        traffic=Drawn(
            iso(observed.start),
            iso(observed.end),
            _length(observed.end - observed.start),
            observed.remarks,
            tuple(_loads(graph, made, rules)),
            tuple(_uses(graph, made, rules)),
            tuple(_strays(graph, made, rules)),
        ),
    )


def _loads(graph: Graph, made: Audit, rules: _Rules) -> Iterator[Load | None]:
    """What went the way of each edge: what the mesh allowed, for each rule that grants it."""
    who = {Subject(each.namespace, each.workload): at for at, each in enumerate(graph.workloads)}
    to = {(each.kind, each.label): at for at, each in enumerate(graph.destinations)}
    went: dict[tuple[int, int, int], list[Traffic]] = {}
    for each in made.traffic:
        for grant in each.grants if each.flow.verdict == ALLOWED else ():
            ends = who[grant.subject], to[key_of(grant.destination)], rules[grant.rule.span.place]
            went.setdefault(ends, []).append(each)
    for edge in graph.edges:
        found = went.get((edge.workload, edge.destination, edge.rule))
        yield _load(found) if found else None


def _uses(graph: Graph, made: Audit, rules: _Rules) -> Iterator[Use | None]:
    """The use of each rule, None of one that grants nothing here."""
    held: dict[int, list[Traffic]] = {}
    for each in made.traffic:
        for at in {rules[grant.rule.span.place] for grant in each.grants}:
            held.setdefault(at, []).append(each)
    uses = {rules[use.line.rule.span.place]: use for use in made.uses}
    for at in range(len(graph.rules)):
        use = uses.get(at)
        if use is None:
            yield None
            continue
        length = "" if use.since is None else _length(made.observed.end - use.since)
        yield Use(use.state, _load(held[at]) if at in held else None, length, use.why)


def _strays(graph: Graph, made: Audit, rules: _Rules) -> Iterator[Stray]:
    """What went no edge's way by workload and end, the most first; of many destinations the rest in one."""
    found: dict[tuple[int, str], dict[tuple[str, bool], list[Traffic]]] = {}
    who = {Subject(each.namespace, each.workload): at for at, each in enumerate(graph.workloads)}
    for each in made.traffic:
        flow = each.flow
        if flow.verdict == ALLOWED and not each.is_outside:
            continue
        of = found.setdefault((who[_subject(flow)], OUTSIDE if each.is_outside else flow.verdict), {})
        of.setdefault((where(flow), bool(flow.host) and not flow.is_registered), []).append(each)
    for (workload, verdict), there in sorted(found.items()):
        ordered = sorted(there.items(), key=lambda pair: (-_count(pair[1]), pair[0]))
        # One that is left over takes no more room than a line that says so.
        most = MOST if len(ordered) > MOST + 1 else len(ordered)
        for (label, is_said), some in ordered[:most]:
            yield Stray(workload, verdict, label, is_said, 0, _load(some), _granting(some, rules))
        if rest := [each for _, some in ordered[most:] for each in some]:
            others = len(ordered) - most
            is_said = any(said for (_, said), _ in ordered[most:])
            label = f"{others:,} other destinations"
            yield Stray(workload, verdict, label, is_said, others, _load(rest), _granting(rest, rules))


def _granting(some: Iterable[Traffic], rules: _Rules) -> tuple[int, ...]:
    return tuple(sorted({rules[grant.rule.span.place] for each in some for grant in each.grants}))


def _load(some: list[Traffic]) -> Load:
    requests = [each.seen for each in some if each.flow.kind == REQUESTS]
    connections = [each.seen for each in some if each.flow.kind != REQUESTS]
    last = latest(each.seen.last for each in some)
    return Load(
        max(1, round(sum(each.count for each in requests))) if requests else 0,
        max(1, round(sum(each.count for each in connections))) if connections else 0,
        round(sum(each.seen.failed for each in some)),
        iso(last.by),
        iso(last.after),
    )


def _count(some: Iterable[Traffic]) -> float:
    return sum(each.seen.count for each in some)


def _length(seconds: int) -> str:
    return show_duration(seconds // 60 * 60)


def _subject(flow: Flow) -> Subject:
    return Subject(flow.namespace, flow.workload)
