"""Parts: a policy's grants, gathered by the destinations that the rules write, or by their sources."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from egresslang.policy.policy import ANY, Addresses, AllowLine, Below, Everything, Grant, Name, Policy, Subject
from egresslang.record import record
from egresslang.source import Span
from egresslang.syntax.nodes import AllWorkloads, Member, WorkloadName


@record
class Part:
    """A destination as a rule writes it, and its grants; `number` counts the parts of a policy from 0."""

    number: int
    line: AllowLine
    span: Span
    grants: tuple[Grant, ...]

    @property
    def last_day(self) -> date:
        """The day after which it grants nothing."""
        return self.line.rule.expires or date.max


def parts_of(policy: Policy) -> list[Part]:
    """The parts of a policy, in its order."""
    lines = {id(line.rule): line for line in policy.allows}
    found: dict[tuple[int, int, int], list[Grant]] = {}
    for grant in policy.grants:
        found.setdefault((id(grant.rule), grant.span.start, grant.span.end), []).append(grant)
    return [
        Part(number, lines[id(grants[0].rule)], grants[0].span, tuple(grants))
        for number, grants in enumerate(found.values())
    ]


def candidates(parts: list[Part]) -> Iterator[int]:
    """The numbers of the parts that may be redundant, at a glance: most destinations are named once in a policy."""
    first: dict[object, int] = {}
    shared: set[object] = set()
    suffixes: set[str] = set()
    is_open = False
    for part in parts:
        for grant in part.grants:
            destination = grant.destination
            if isinstance(destination, Below):
                suffixes.add(destination.suffix)
            is_open = is_open or isinstance(destination, Everything)
            at = _glance(grant)
            if first.setdefault(at, part.number) != part.number:
                shared.add(at)
    for part in parts:
        if is_open or all(
            (at := _glance(grant)) in shared or (isinstance(at, str) and any(s in suffixes for s in above(at)))
            for grant in part.grants
        ):
            yield part.number


def shares(parts: list[Part]) -> tuple[list[Part], dict[int, int]]:
    """Parts with the same grants, where each source that stands in braces by its name has a part of its own.

    Also the numbers of those, with their places in the braces, whose grants others may have, at a glance.
    """
    held: dict[object, tuple[AllowLine, int | None, list[Grant]]] = {}
    for part in parts:
        members = part.line.statement.sources.members
        for grant in part.grants:
            member = _member(grant, members) if len(members) > 1 else None
            key = (id(part.line), member) if len(members) > 1 else part.number
            held.setdefault(key, (part.line, member, []))[2].append(grant)
    made = [
        (Part(number, line, grants[0].span, tuple(grants)), member)
        for number, (line, member, grants) in enumerate(held.values())
    ]
    first: dict[object, int] = {}
    shared: set[object] = set()
    for part, _ in made:
        for grant in part.grants:
            at = grant.subject, _glance(grant)
            if first.setdefault(at, part.number) != part.number:
                shared.add(at)
    found = {
        part.number: member
        for part, member in made
        if member is not None and all(_is_likely(grant, part.number, first, shared) for grant in part.grants)
    }
    return [part for part, _ in made], found


def _member(grant: Grant, members: Sequence[Member]) -> int | None:
    """The source that names the subject of a grant, None when it stands in a set or carries a label."""
    subject, loose = grant.subject, None
    for number, each in enumerate(members):
        if isinstance(each, AllWorkloads):
            name = ANY
        elif isinstance(each, WorkloadName):
            name = each.name
        else:
            continue
        if name == subject.workload and each.namespace == subject.namespace:
            return number
        if name == subject.workload and not each.namespace:
            loose = number
    return loose


def _is_likely(grant: Grant, number: int, first: Mapping[object, int], shared: Collection[object]) -> bool:
    subject, glance = grant.subject, _glance(grant)
    places = [glance, ANY, *(f"*.{suffix}" for suffix in (above(glance) if isinstance(glance, str) else ()))]
    return any(
        at in shared or first.get(at, number) != number
        for who in (subject, Subject(subject.namespace, ANY), Subject(ANY, ANY))
        for at in ((who, place) for place in places)
    )


def _glance(grant: Grant) -> object:
    """What another grant must share to cover one: a port and IP version, or a name if there is no wildcard above it."""
    destination = grant.destination
    if isinstance(destination, Addresses):
        return destination.version, grant.port
    return destination.host if isinstance(destination, Name) else str(destination)


def above(host: str) -> Iterator[str]:
    """The suffixes of a name or `*.suffix` whose wildcards have all of it."""
    at = host.find(".")
    while at >= 0:
        suffix = host[at + 1 :]
        if host[0] != "*" or at > 1:
            yield suffix
        at = host.find(".", at + 1)
