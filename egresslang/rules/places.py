"""Places: where the addresses that a rule grants are written, once, however many workloads and ports they are for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from operator import itemgetter

from egresslang.policy.policy import Addresses, AllowLine, Grant, Policy
from egresslang.ranges import Range
from egresslang.source import Span


def address_places(policy: Policy) -> Iterator[tuple[Addresses, Span, Grant]]:
    """Each set of addresses that is granted, where it is written (`address=` for a name), and a grant of it."""
    lines: dict[int, AllowLine] = {}
    seen: set[tuple[object, ...]] = set()
    for grant in policy.grants:
        destination = grant.destination
        if not isinstance(destination, Addresses):
            continue
        span = grant.span
        if destination.host:
            lines = lines or {id(line.rule): line for line in policy.allows}
            attributes = lines[id(grant.rule)].statement.attributes
            span = next((attribute.span for attribute in attributes if attribute.key == "address"), span)
        mark = id(span.source), span.start, destination.version, destination.ranges
        if mark not in seen:
            seen.add(mark)
            yield destination, span, grant


def meet(ranges: tuple[Range, ...], merged: list[Range]) -> bool:
    """Whether any of the ranges meets one of the merged ranges: the first that does not end before it."""
    for first, last in ranges:
        at = bisect_left(merged, first, key=itemgetter(1))
        if at < len(merged) and merged[at][0] <= last:
            return True
    return False
