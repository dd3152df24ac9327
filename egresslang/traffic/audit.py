"""Audit: what was seen beside what the policy says: rules used and unused, flows blocked, passed through, or not granted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from egresslang import codes
from egresslang.answers.written import words
from egresslang.findings import Finding, finding
from egresslang.policy.policy import AllowLine, Grant
from egresslang.record import record
from egresslang.traffic.flow import (
    ALLOWED,
    BLOCKED,
    LOST,
    PASSED,
    REQUESTS,
    Flow,
    Knowledge,
    Known,
    Observed,
    Seen,
    together,
)
from egresslang.traffic.judge import Judge
from egresslang.traffic.window import Moment, latest, longest_gap, show_duration, show_hours, show_time

USED, UNUSED, UNKNOWN = "used", "unused", "unknown"
"""What is known of a rule."""

OUTSIDE, OUT_OF_REGION, NAMELESS, INCOMPLETE = "outside", "out-of-region", "nameless", "incomplete"

KINDS = {
    UNUSED: "a rule that nothing used",
    BLOCKED: "what was attempted and blocked",
    PASSED: "what passed through, registered by nobody",
    LOST: "what led to a cluster or route that does not exist",
    OUTSIDE: "what was allowed, and no rule grants it",
    OUT_OF_REGION: "what left its rule's region, or without one the cluster's",
    NAMELESS: "connections of which nothing tells the destination",
    INCOMPLETE: "data that is missing, or a warning of the server",
}
"""What an audit tells and may fail on, each in words."""


@record
class Traffic:
    """A flow that was seen, one grant of each rule that has it, and where it went: `region` is empty where nothing says.

    Where no rule has it, `expired` is a grant of each rule that had it until it expired.
    """

    flow: Flow
    seen: Seen
    grants: tuple[Grant, ...]
    region: str
    leaves_region: bool
    expired: tuple[Grant, ...] = ()

    @property
    def is_outside(self) -> bool:
        """Whether the mesh allows it, and no rule does."""
        return self.flow.verdict == ALLOWED and not self.grants


@record
class Use:
    """A rule and its use: what was counted, when last (None where never), and by which workloads.

    `why` is why nobody knows, where nobody does; `known` is from when to when it would have been seen, None for never.
    """

    line: AllowLine
    state: str
    requests: float
    connections: float
    last: Moment | None
    workloads: tuple[str, ...]
    known: Known | None
    why: str = ""

    @property
    def since(self) -> int | None:
        """From when on a use would have been seen."""
        return None if self.known is None else self.known.since


@record
class Audit:
    """What was seen in a cluster, beside its policy; `knowledge` is of whom."""

    cluster: str
    today: date
    observed: Observed
    knowledge: Knowledge
    traffic: tuple[Traffic, ...]
    uses: tuple[Use, ...]

    def of(self, kind: str) -> list[Traffic]:
        """The flows of one of `KINDS`."""
        return [each for each in self.traffic if kind in kinds_of(each)]

    def found(self) -> dict[str, int]:
        """How many there are of each of `KINDS`."""
        found = dict.fromkeys(KINDS, 0)
        for each in self.traffic:
            for kind in kinds_of(each):
                found[kind] += 1
        found[UNUSED] = sum(use.state == UNUSED for use in self.uses)
        found[INCOMPLETE] = len(self.observed.remarks)
        return found


def kinds_of(traffic: Traffic) -> Iterator[str]:
    """Which of `KINDS` a flow is."""
    if traffic.flow.verdict in (BLOCKED, PASSED, LOST):
        yield traffic.flow.verdict
    if traffic.is_outside:
        yield OUTSIDE
    if traffic.leaves_region and traffic.flow.verdict in (ALLOWED, PASSED):
        yield OUT_OF_REGION
    if traffic.flow.is_nameless:
        yield NAMELESS


def audit(observed: Observed, judge: Judge, before: Judge | None = None) -> Audit:
    """What was seen beside a policy in its cluster; `before` judges as if no rule had expired."""
    traffic = []
    for flow, seen in observed.flows:
        if judge.is_inside(flow):
            continue
        grants = judge.grants(flow)
        expired = before.grants(flow) if before is not None and not grants else ()
        traffic.append(
            Traffic(flow, seen, tuple(grants), judge.region(flow), judge.leaves_region(flow, grants), tuple(expired))
        )
    knowledge = Knowledge(observed, judge.everybody)
    uses = tuple(_uses(knowledge, judge, traffic))
    return Audit(judge.profile.name, judge.policy.today, observed, knowledge, tuple(traffic), uses)


def _uses(knowledge: Knowledge, judge: Judge, traffic: Iterable[Traffic]) -> Iterator[Use]:
    """The use of each rule that holds here, in the order of their places."""
    held: dict[object, list[Traffic]] = {}
    doubtful: set[object] = set()
    for each in traffic:
        for grant in each.grants:
            held.setdefault(grant.rule.span.place, []).append(each)
        doubtful.update(grant.rule.span.place for grant in judge.possible(each.flow))
    grants: dict[object, list[Grant]] = {}
    for grant in judge.policy.grants:
        grants.setdefault(grant.rule.span.place, []).append(grant)
    for line in sorted(judge.policy.allows, key=lambda each: each.rule.span.place):
        place = line.rule.span.place
        if line.is_live:
            yield _use(
                line, grants.get(place, []), held.get(place, []), knowledge, place in doubtful, knowledge.left_out
            )


def _use(
    line: AllowLine, grants: list[Grant], seen: list[Traffic], knowledge: Knowledge, is_doubtful: bool, left_out: bool
) -> Use:
    subjects = dict.fromkeys(grant.subject for grant in grants)
    of = {each: knowledge.of(each.namespace, each.workload) for each in subjects}
    if seen:
        requests = sum(each.seen.count for each in seen if each.flow.kind == REQUESTS)
        others = sum(each.seen.count for each in seen if each.flow.kind != REQUESTS)
        who = tuple(sorted({each.flow.who for each in seen}))
        last = latest(each.seen.last for each in seen)
        return Use(line, USED, requests, others, last, who, together(filter(None, of.values())))
    unseen = [each for each, known in of.items() if known is None]
    why = ""
    if not grants:
        why = "no sidecar sees its traffic"
    elif len(unseen) == len(of):
        why = "nothing of its workloads was observed"
    elif unseen:
        more = f" and {len(unseen) - 1} more" if len(unseen) > 1 else ""
        why = f"nothing of `{unseen[0]}`{more} was observed"
    elif is_doubtful:
        why = "traffic without a name may be its"
    elif left_out:
        why = "some of what was seen is left out, and may be its"
    return Use(line, UNKNOWN if why else UNUSED, 0, 0, None, (), together(of.values()), why)


def findings(made: Audit) -> Iterator[Finding]:
    """A finding at each rule that nothing used."""
    for use in made.uses:
        if use.state != UNUSED or use.known is None:
            continue
        notes = list(_limits(use.known, made.observed))
        yield finding(
            codes.UNUSED_RULE,
            use.line.rule.span,
            f"nothing used `{words(use.line.rule)}`",
            f"no traffic from {show_time(use.known.since)} to {show_time(made.observed.end)} UTC",
            notes=notes,
            help="remove it, give it an `expires=`, or suppress this with the reason why it stays",
        )


def _limits(known: Known, observed: Observed) -> Iterator[str]:
    """Where what is known begins late or ends early."""
    if known.since > observed.start:
        length = (observed.end - known.since) // 60 * 60
        yield f"nothing is known before {show_time(known.since)} UTC: {show_duration(length)} of data"
    if ends_early(known, observed):
        yield f"nothing was recorded of its workloads after {show_time(known.until)} UTC"
    if is_broken(known, observed):
        yield f"nothing was recorded of its workloads for {show_hours(known.gap)} in between"


def ends_early(known: Known, observed: Observed) -> bool:
    """Whether somebody was seen no more, for longer than between two runs of what runs once a day."""
    return known.until < observed.end - longest_gap(observed.end - observed.start)


def is_broken(known: Known, observed: Observed) -> bool:
    """Whether nothing of somebody was recorded in between for as long as that."""
    return known.gap > longest_gap(observed.end - observed.start)
