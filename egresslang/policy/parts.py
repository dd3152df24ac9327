"""Parts: a policy's grants, gathered by the destinations that the rules write, or by their sources."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date

from egresslang.policy.policy import ANY, Addresses, AllowLine, Below, Everything, Grant, Name, Policy
from egresslang.record import record
from egresslang.source import Span
from egresslang.syntax.nodes import AllWorkloads, Member, WorkloadName

_WIDE = (Below, Everything)


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
    wide: set[object] = set()
    for part in parts:
        for grant in part.grants:
            at = _glance(grant)
            if first.setdefault(at, part.number) != part.number:
                shared.add(at)
            if isinstance(grant.destination, _WIDE):
                wide.add(at)
    about = shared | wide
    likely = [part for part in parts if all(not about.isdisjoint(_places(_glance(grant))) for grant in part.grants)]
    if likely:
        holders = _Holders(parts, about)
        yield from (part.number for part in likely if all(holders.has(grant, part.number) for grant in part.grants))


def concerned(parts: list[Part], numbers: Collection[int]) -> list[Part]:
    """The parts that may grant something that those of some numbers do, at a glance, and these themselves."""
    about = {place for number in numbers for grant in parts[number].grants for place in _places(_glance(grant))}
    return [part for part in parts if any(_glance(grant) in about for grant in part.grants)]


def shares(parts: list[Part]) -> tuple[list[Part], dict[int, int]]:
    """Parts with the same grants, where each source that stands in braces by its name has a part of its own.

    Also the numbers of those, with their places in the braces, whose grants others may have, at a glance.
    """
    about = {
        place
        for part in parts
        if len(part.line.statement.sources.members) > 1
        for grant in part.grants
        for place in _places(_glance(grant))
    }
    if not about:
        return parts, {}
    held: dict[object, tuple[AllowLine, int | None, list[Grant]]] = {}
    for part in parts:
        members = part.line.statement.sources.members
        if len(members) == 1:
            held[part.number] = part.line, None, list(part.grants)
            continue
        numbers = _numbers(members)
        for grant in part.grants:
            subject = grant.subject
            member = numbers.get((subject.namespace, subject.workload), numbers.get(("", subject.workload)))
            held.setdefault((id(part.line), member), (part.line, member, []))[2].append(grant)
    made = [
        (Part(number, line, grants[0].span, tuple(grants)), member)
        for number, (line, member, grants) in enumerate(held.values())
    ]
    split = [part for part, _ in made]
    holders = _Holders(split, about)
    found = {
        part.number: member
        for part, member in made
        if member is not None and all(holders.has(grant, part.number) for grant in part.grants)
    }
    return split, found


class _Holders:
    """Who is granted some places: the first part that grants one to a subject, and whether others do."""

    def __init__(self, parts: list[Part], about: Collection[object]) -> None:
        self._first: dict[tuple[str, str, object], int] = {}
        self._shared: set[tuple[str, str, object]] = set()
        for part in parts:
            for grant in part.grants:
                place = _glance(grant)
                if place in about:
                    at = grant.subject.namespace, grant.subject.workload, place
                    if self._first.setdefault(at, part.number) != part.number:
                        self._shared.add(at)

    def has(self, grant: Grant, number: int) -> bool:
        """Whether others than a part may grant what one of its grants does, at a glance."""
        subject, places = grant.subject, list(_places(_glance(grant)))
        return any(
            at in self._shared or self._first.get(at, number) != number
            for who in ((subject.namespace, subject.workload), (subject.namespace, ANY), (ANY, ANY))
            for at in ((*who, place) for place in places)
        )


def _numbers(members: Sequence[Member]) -> dict[tuple[str, str], int]:
    """The places of sources by the namespace, empty where none is written, and workload that they name.

    Those that stand in a set or carry a label have none.
    """
    found: dict[tuple[str, str], int] = {}
    for number, each in enumerate(members):
        if isinstance(each, AllWorkloads):
            found.setdefault((each.namespace, ANY), number)
        elif isinstance(each, WorkloadName) and each.namespace:
            found.setdefault((each.namespace, each.name), number)
        elif isinstance(each, WorkloadName):
            found["", each.name] = number
    return found


def _glance(grant: Grant) -> object:
    """What another grant must share to cover one: a port and IP version, or a name if there is no wildcard above it."""
    destination = grant.destination
    if isinstance(destination, Addresses):
        return destination.version, grant.port
    return destination.host if isinstance(destination, Name) else str(destination)


def _places(glance: object) -> Iterator[object]:
    """Where a grant that covers one of this glance is found: there, at everything, or at a wildcard above its name."""
    yield glance
    yield ANY
    if isinstance(glance, str):
        for suffix in above(glance):
            yield f"*.{suffix}"


def above(host: str) -> Iterator[str]:
    """The suffixes of a name or `*.suffix` whose wildcards have all of it."""
    at = host.find(".")
    while at >= 0:
        suffix = host[at + 1 :]
        if host[0] != "*" or at > 1:
            yield suffix
        at = host.find(".", at + 1)
