"""EGR203 contradicts-itself: two rules for the same flow that say different things of its destination.

Regions nest, so a destination that one rule claims to be in `us` and another in `us-east1` is claimed twice, and only one
of the two is what its author meant; `address=` fixes where a name leads to, and two rules can fix it differently. Rules
for disjoint regions agree: each cluster takes its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import Addresses, AllowLine, Grant, Name, Policy, Subject
from egresslang.policy.regions import Regions
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Span

CODE = codes.CONTRADICTS_ITSELF

_Value = tuple[object, ...]
"""Where a rule says that a name leads to: its endpoints, or the ranges of its addresses."""


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """Each rule that disagrees with an earlier one, told once for a destination."""
    lines: dict[int, AllowLine] = {}
    for later, earlier in contradictions(policy, profile):
        lines = lines or {id(line.rule): line for line in policy.allows}
        one, two = later.rule.region, earlier.rule.region
        shown = f"{later.destination}:{later.port}"
        if one and two and one != two:
            title = f"`{shown}` is claimed to be in `{one}` and in `{two}`"
            key, here, there = "region", f"in `{one}` here", f"in `{two}` here"
            note = "the regions overlap: a cluster in both takes both rules"
            help = "give both rules one region, or two that do not overlap"
        else:
            title = f"`{shown}` leads to different addresses for `{later.subject}`"
            key, here, there = "address", _leads(later), _leads(earlier)
            note = "a rule says where its name leads to; these say two things"
            help = (
                "write all of its addresses in one rule"
                if isinstance(later.destination, Addresses)
                else "give both rules the same `region=`"
            )
        label = Label(_attribute(lines, earlier, key), there)
        yield finding(CODE, _attribute(lines, later, key), title, here, [label], [note], help)


def _attribute(lines: dict[int, AllowLine], grant: Grant, key: str) -> Span:
    """Where the rule of a grant says it; the destination, where it does not."""
    attributes = lines[id(grant.rule)].statement.attributes
    return next((attribute.span for attribute in attributes if attribute.key == key), grant.span)


def _leads(grant: Grant) -> str:
    if isinstance(grant.destination, Addresses):
        return "there, says this rule"
    return f"to its endpoints in `{grant.rule.region}` here" if grant.endpoints else "wherever DNS says here"


def contradictions(policy: Policy, profile: ClusterProfile) -> Iterator[tuple[Grant, Grant]]:
    """A grant of each rule that disagrees with an earlier one, for each destination, and a grant of that one."""
    about = {_host(grant) for grant in policy.grants if _says_where(grant)}
    said: dict[tuple[Subject, str, int, str], dict[int, list[Grant]]] = {}
    for grant in policy.grants if about else ():
        destination = grant.destination
        if isinstance(destination, (Name, Addresses)) and destination.host in about:
            protocol = grant.protocol if isinstance(destination, Name) else ""
            key = grant.subject, _host(grant), grant.port, protocol
            said.setdefault(key, {}).setdefault(id(grant.rule), []).append(grant)
    told: set[tuple[int, str, int]] = set()
    regions = Regions(profile.regions)
    for (_, host, port, _), rules in said.items():
        for later, earlier in _disagreeing(rules, regions) if len(rules) > 1 else ():
            mark = id(later.rule), host, port
            if mark not in told:
                told.add(mark)
                yield later, earlier


def _says_where(grant: Grant) -> bool:
    """Whether a grant says more of its name than that DNS has it: without any such grant of a name all agree."""
    destination = grant.destination
    if isinstance(destination, Name):
        return bool(grant.endpoints or grant.rule.region)
    return isinstance(destination, Addresses) and destination.host != ""


def _disagreeing(rules: dict[int, list[Grant]], regions: Regions) -> Iterator[tuple[Grant, Grant]]:
    """Rules that disagree with one before them; each is compared with one rule of everything that is said."""
    different: dict[tuple[str, _Value], Grant] = {}
    for grants in rules.values():
        region, value = grants[0].rule.region, _value(grants)
        for (other_region, other_value), other in different.items():
            if not _agree(region, value, other_region, other_value, regions):
                yield grants[0], other
                break
        different.setdefault((region, value), grants[0])


def _agree(one: str, this: _Value, other: str, that: _Value, regions: Regions) -> bool:
    if one and other and one != other:
        return not regions.overlap(one, other)
    return this == that


def _value(grants: list[Grant]) -> _Value:
    return tuple(
        sorted(
            (each.destination.version, each.destination.ranges)
            if isinstance(each.destination, Addresses)
            else each.endpoints
            for each in grants
        )
    )


def _host(grant: Grant) -> str:
    assert isinstance(grant.destination, (Addresses, Name))
    return grant.destination.host
