"""Parts: a policy's grants, gathered by the destinations that the rules write, or by their sources."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby

from egresslang.policy.policy import ANY, Addresses, AllowLine, Below, Grant, Name, Policy, Subject
from egresslang.ranges import Range
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
    own = [tuple(grants) for _, grants in groupby(policy.grants, lambda grant: id(grant.span))]
    return [Part(number, lines[id(grants[0].rule)], grants[0].span, grants) for number, grants in enumerate(own)]


def split(parts: list[Part]) -> tuple[list[Part], dict[int, int]]:
    """Parts with the same grants, where each source that stands in braces by its name has a part of its own.

    Also the numbers of those, with their places in the braces.
    """
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
    made = [Part(number, line, grants[0].span, tuple(grants)) for number, (line, _, grants) in enumerate(held.values())]
    return made, {number: each[1] for number, each in enumerate(held.values()) if each[1] is not None}


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


class Glance:
    """Which parts may grant the same, at a glance: most destinations are named once in a policy.

    What covers a grant shares a *place* with it: a name, `*.suffix` or `*`; for addresses a run of overlapping ranges.
    """

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        self._runs = _runs(parts)
        self._suffixes: set[str] = set()
        self._first: dict[object, dict[tuple[str, str], int]] = {}
        for part in parts:
            for grant in part.grants:
                if isinstance(grant.destination, Below):
                    self._suffixes.add(grant.destination.suffix)
                for place in self._places(grant):
                    holders = self._first.setdefault(place, {})
                    if holders.setdefault(grant.subject, part.number) != part.number:
                        holders[grant.subject] = _SEVERAL

    def candidates(self) -> list[int]:
        """The numbers of the parts that may be redundant."""
        return [part.number for part in self.parts if all(self._is_held(grant, part.number) for grant in part.grants)]

    def concerned(self, numbers: Iterable[int]) -> list[Part]:
        """The parts that may grant something that those of some numbers do, and these themselves."""
        grants = [grant for number in numbers for grant in self.parts[number].grants]
        about = {at for grant in grants for place in self._places(grant) for at in self._around(place)}
        return [
            part
            for part in self.parts
            if not about.isdisjoint([at for grant in part.grants for at in self._places(grant)])
        ]

    def may_split(self, part: Part) -> bool:
        """Whether other parts, or a wider source of the same one, may grant anything that a source in its braces does."""
        if len(part.line.statement.sources.members) == 1:
            return False
        subjects = {grant.subject for grant in part.grants}
        has_wide = len(subjects) > 1 and any(subject.workload == ANY for subject in subjects)
        return has_wide or any(self._is_held(grant, part.number) for grant in part.grants)

    def _is_held(self, grant: Grant, number: int) -> bool:
        """Whether others than a part may grant what one of its grants does: at each of its places."""
        subject, wider = grant.subject, (grant.subject.namespace, ANY)
        for place in self._places(grant):
            for at in self._around(place):
                held = self._first.get(at)
                if held is not None and not (
                    held.get(subject, number) == held.get(wider, number) == held.get(_EVERYONE, number) == number
                ):
                    break
            else:
                return False
        return True

    def _places(self, grant: Grant) -> Collection[object]:
        destination = grant.destination
        if isinstance(destination, Name):
            return (destination.host,)
        if isinstance(destination, Addresses):
            runs = self._runs[destination.version, grant.port]
            return [runs[first] for first, _ in destination.ranges]
        return (str(destination),)

    def _around(self, place: object) -> list[object]:
        """Where a grant that covers one of a place is found: there, at everything, or at a wildcard above its name."""
        found: list[object] = [place, ANY]
        if self._suffixes and isinstance(place, str):
            suffix = place.partition(".")[2]
            while suffix:
                if suffix in self._suffixes:
                    found.append(f"*.{suffix}")
                suffix = suffix.partition(".")[2]
        return found


_SEVERAL = -1
"""Stands for the number of a part where several have the same."""


def _runs(parts: list[Part]) -> dict[tuple[int, int], dict[int, int]]:
    """By IP version and port, for each first address of a granted range the number of the run of overlapping ranges that it is in."""
    ranges: dict[tuple[int, int], set[Range]] = {}
    for part in parts:
        for grant in part.grants:
            if isinstance(grant.destination, Addresses):
                ranges.setdefault((grant.destination.version, grant.port), set()).update(grant.destination.ranges)
    runs: dict[tuple[int, int], dict[int, int]] = {}
    run = 0
    for key, found in ranges.items():
        own, end = runs.setdefault(key, {}), -1
        for first, last in sorted(found):
            if first > end:
                run += 1
            end = max(end, last)
            own[first] = run
    return runs


def around(subject: Subject) -> tuple[Subject, ...]:
    """A subject and those that contain it."""
    if subject.workload != ANY:
        return subject, Subject(subject.namespace, ANY), _EVERYONE
    return (subject, _EVERYONE) if subject.namespace != ANY else (subject,)


_EVERYONE = Subject(ANY, ANY)


def above(host: str) -> Iterator[str]:
    """The suffixes of a name or `*.suffix` whose wildcards have all of it."""
    at = host.find(".")
    while at >= 0:
        suffix = host[at + 1 :]
        if host[0] != "*" or at > 1:
            yield suffix
        at = host.find(".", at + 1)
