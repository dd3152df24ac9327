"""Parts: a policy's grants, gathered by the destinations that the rules write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from egresslang.policy.policy import Addresses, AllowLine, Below, Everything, Grant, Name, Policy
from egresslang.record import record
from egresslang.source import Span


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
