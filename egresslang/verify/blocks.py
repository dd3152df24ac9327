"""Blocks: stretches of addresses which neither a policy nor a sidecar tells apart."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from egresslang.mesh.addresses import BITS
from egresslang.ranges import Range, merge

FRESH = {
    4: (0x5DB8D822, 0x01010101, 0xC6120007, 0xF0000009, 0xC000024D, 0x64644D07, 0x0AFFFF07),
    6: (0x2606470000000000 << 64 | 0x1111, 0x2001_0DB8_FFFF << 80 | 9, 0xFD12_3456 << 96 | 9),
}
"""Addresses that are tried first where one is wanted that nothing mentions, by IP version."""


class Merged:
    """A set of addresses of one IP version, which answers in logarithmic time."""

    __slots__ = ("_firsts", "ranges")

    def __init__(self, ranges: Iterable[Range]) -> None:
        self.ranges = merge(ranges)
        self._firsts = [first for first, _ in self.ranges]

    def __contains__(self, address: int) -> bool:
        at = bisect_right(self._firsts, address) - 1
        return at >= 0 and address <= self.ranges[at][1]

    def fresh(self, version: int) -> int | None:
        """An address outside, None when there is none."""
        for address in FRESH[version]:
            if address not in self:
                return address
        start = 1
        for first, last in self.ranges:
            if start < first:
                return start
            start = last + 1
        return start if start < 1 << BITS[version] else None


def starts(version: int, ranges: Iterable[Range]) -> list[int]:
    """The first address of every stretch that some of the ranges tell apart, but for what lies before them all."""
    cuts = {first for first, _ in ranges} | {last + 1 for _, last in ranges}
    return sorted(cut for cut in cuts if 0 < cut < 1 << BITS[version])
