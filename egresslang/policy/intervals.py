"""Intervals: a set of points on an ordered line, kept as the places where membership changes.

Workloads, names, addresses and ports are all sets of this one kind. A set of cuts `(a, b, c, d)` holds what lies in
`[a, b)` and in `[c, d)`, so a point is in the set if an odd number of cuts lie at or before it, and every operation
of the algebra is one sweep over the cuts of both sides. Touching intervals are merged, hence equal sets are equal
values.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from operator import and_, gt, or_
from typing import Generic, TypeVar

from egresslang.record import record

K = TypeVar("K", str, int)
"""What the points of a line are: numbers, or strings in the order of their characters."""


@record
class Intervals(Generic[K]):
    """A set as its cuts, strictly ascending and even in number: in from the first, out from the second, and so on."""

    cuts: tuple[K, ...] = ()

    def __hash__(self) -> int:
        return hash(self.cuts)

    def __bool__(self) -> bool:
        return bool(self.cuts)

    def __contains__(self, point: K) -> bool:
        return bisect_right(self.cuts, point) % 2 == 1

    def __iter__(self) -> Iterator[tuple[K, K]]:
        """The disjoint intervals `[start, end)` in ascending order."""
        return zip(self.cuts[::2], self.cuts[1::2], strict=True)

    def __and__(self, other: Intervals[K]) -> Intervals[K]:
        ours, theirs = self.cuts, other.cuts
        if ours == theirs:
            return self
        if not ours or not theirs or ours[-1] <= theirs[0] or theirs[-1] <= ours[0]:
            return Intervals()
        if len(theirs) == 2:
            return Intervals(_clip(ours, *theirs))
        if len(ours) == 2:
            return Intervals(_clip(theirs, *ours))
        return Intervals(_sweep(ours, theirs, and_))

    def __or__(self, other: Intervals[K]) -> Intervals[K]:
        return Intervals(_sweep(self.cuts, other.cuts, or_))

    def __sub__(self, other: Intervals[K]) -> Intervals[K]:
        return Intervals(_sweep(self.cuts, other.cuts, gt))

    def __le__(self, other: Intervals[K]) -> bool:
        if len(self.cuts) == 2:
            at = bisect_right(other.cuts, self.cuts[0])
            return at % 2 == 1 and self.cuts[1] <= other.cuts[at]
        return not self - other


def union(sets: Iterable[Intervals[K]]) -> Intervals[K]:
    """What is in any of the sets, in one pass however many they are."""
    cuts: list[K] = []
    for start, end in sorted(interval for one in sets for interval in one):
        if not cuts or cuts[-1] < start:
            cuts += start, end
        elif cuts[-1] < end:
            cuts[-1] = end
    return Intervals(tuple(cuts))


def _clip(cuts: tuple[K, ...], start: K, end: K) -> tuple[K, ...]:
    """The cuts of what lies in one interval: so a small set costs little, however large the other is."""
    first, last = bisect_right(cuts, start), bisect_left(cuts, end)
    return (start,) * (first % 2) + cuts[first:last] + (end,) * (last % 2)


def _sweep(ours: tuple[K, ...], theirs: tuple[K, ...], holds: Callable[[int, int], int]) -> tuple[K, ...]:
    """The cuts of the set whose members `holds` decides, asked for 0 or 1 as a point is in either side."""
    cuts: list[K] = []
    inside = 0
    for cut in sorted(set(ours + theirs)):
        now = holds(bisect_right(ours, cut) & 1, bisect_right(theirs, cut) & 1)
        if now != inside:
            cuts.append(cut)
            inside = now
    return tuple(cuts)
