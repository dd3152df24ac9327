"""Many boxes of flows under an index: which meet a box, whether they cover it, and which of them add nothing.

What meets a box stands in the cells around its places or below them (`cells.py`). Whether boxes cover a place takes
even less. A place that is not a single node has nodes that no box mentions, and a box that has one of them has the
whole place. So the cells around a place decide: together they have all its protocols and reach over all of its
addresses, or a flow of an unmentioned node is left over. Only what ragged boxes cover is found by subtraction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

from egresslang.policy.cells import EVERY_PORT, Cell, Cells, Filing
from egresslang.policy.flows import Box, Protocols, coalesce, difference
from egresslang.policy.sets import Addresses
from egresslang.policy.trees import Place, around

T = TypeVar("T")

_NEAREST = 8  # how many boxes are looked at for one that covers a box alone


class FlowIndex(Generic[T]):
    """Boxes with tags, such as the rules they come from, indexed by all that a flow is made of.

    A question costs little more than the parts of the box and of the answer: workloads, ports, names, networks.
    """

    def __init__(self, pairs: Iterable[tuple[Box, T]]) -> None:
        self._pairs = list(pairs)
        self._cells = Cells([box for box, _ in self._pairs])
        self._gone: set[int] = set()

    def overlapping(self, box: Box) -> Iterator[T]:
        """The tags of the boxes that share a flow with a box, in the order in which they were given."""
        for number in self._meeting(box, self._cells.filing(box)):
            yield self._pairs[number][1]

    def some_overlapping(self, box: Box) -> Iterator[T]:
        """The same in no order, some of them more than once: for whoever needs only a few of many."""
        for number, is_sure in self._candidates(self._cells.filing(box)):
            other, tag = self._pairs[number]
            if is_sure or box & other:
                yield tag

    def likely(self, box: Box) -> Iterator[T]:
        """The same with tags of boxes that only seem to share a flow: what they share may be cut out of them."""
        return (self._pairs[number][1] for number, _ in self._candidates(self._cells.filing(box)))

    def _candidates(self, filing: Filing) -> Iterator[tuple[int, bool]]:
        """The boxes that stand where a box may meet them, and whether that is sure."""
        for at in filing.workloads:
            for port in filing.ports:
                for (_, _, is_ragged), cell in self._cells.meeting(at, port, filing.protocols):
                    for number in cell.meeting(filing):
                        if number not in self._gone:
                            yield number, not is_ragged and not filing.is_ragged

    def covers(self, box: Box) -> bool:
        """Whether the boxes together have every flow of a box."""
        filing = self._cells.filing(box)
        return self._cells_cover(filing) or (self._needs_subtraction(box, filing) and not self._subtract(box, filing))

    def remainder(self, box: Box) -> tuple[Box, ...]:
        """The flows of a box that none of the boxes has, in disjoint boxes."""
        filing = self._cells.filing(box)
        return () if self._cells_cover(filing) else self._subtract(box, filing)

    def covering(self, box: Box) -> Iterator[T]:
        """The tags of few boxes that together cover a box, found one by one; it ends early where nothing covers it."""
        rest = [box] if box else []
        while rest and (number := self._holder(rest[-1])) is not None:
            holder, tag = self._pairs[number]
            rest = [part for piece in rest for part in piece - holder]
            yield tag

    # Which boxes meet a box.

    def _meeting(self, box: Box, filing: Filing, only_ragged: bool = False) -> list[int]:
        """The boxes that share a flow with a box, or only the ragged ones among them."""
        found: set[int] = set()
        likely: set[int] = set()
        for at in filing.workloads:
            for port in filing.ports:
                for (_, _, is_ragged), cell in self._cells.meeting(at, port, filing.protocols):
                    if is_ragged or not only_ragged:
                        (likely if is_ragged or filing.is_ragged else found).update(cell.meeting(filing))
        found.update([number for number in likely - found if box & self._pairs[number][0]])
        return sorted(found - self._gone)

    def _subtract(self, box: Box, filing: Filing, number: int = -1) -> tuple[Box, ...]:
        """The flows of a box that none of the boxes has, or none but one."""
        return difference(box, [self._pairs[other][0] for other in self._meeting(box, filing) if other != number])

    # Whether boxes cover a box; with the number of the box in question, whether the others do.

    def _needs_subtraction(self, box: Box, filing: Filing) -> bool:
        """Whether a box that the cells do not cover may be covered all the same."""
        if not filing.has_ports or (EVERY_PORT in filing.ports and self._cells.mention_every_port):
            return True
        return self._cells.have_ragged and bool(self._meeting(box, filing, only_ragged=True))

    def _cells_cover(self, filing: Filing, number: int = -1) -> bool:
        """Whether the cells around each place of a box cover the place."""
        for at in filing.workloads:
            for port in filing.ports:
                names, networks = self._cells.granting(at, port, filing.protocols)
                for name in filing.names:
                    if not _name_is_covered(name, names, filing.protocols, number):
                        return False
                if filing.addresses.cuts:
                    own = self._cells.own(filing, at, port) if number >= 0 and not filing.is_ragged else None
                    if not _addresses_are_covered(filing.addresses, networks, own):
                        return False
        return True

    # One box after the other that has some of a box.

    def _holder(self, box: Box) -> int | None:
        """A box that has some of a box; all of it, if one of the nearest does."""
        nearest = list(islice(self._holding(box, self._cells.filing(box)), _NEAREST))
        return next((number for number in nearest if box <= self._pairs[number][0]), nearest[0] if nearest else None)

    def _holding(self, box: Box, filing: Filing) -> Iterator[int]:
        """The boxes that have some of a box around its first name, or at its first address: furthest reach first."""
        if not filing.has_ports or self._cells.mention_every_port:
            yield from self._meeting(box, filing)
            return
        cells = self._cells.around(filing.workloads[0], filing.ports[0], filing.protocols)
        if filing.names:
            found = [cell.names[at] for _, cell in cells for at in around(filing.names[0]) if at in cell.names]
        else:
            point = filing.addresses.cuts[0]
            reaching = [pair for (_, _, ragged), cell in cells for pair in cell.reaching(point, all_of_them=ragged)]
            found = [numbers for _, numbers in sorted(reaching, key=lambda pair: -pair[0])]
        for numbers in found:
            yield from (number for number in numbers if box & self._pairs[number][0])

    # Which boxes add nothing.

    def _redundant(self) -> list[int]:
        """Take out, from the end, what the others cover: first by cells, then by subtraction.

        What the cells around a place grant together stays the same while what leaves is covered by cells around it. So
        the runs that a cell remembers may be stale, but not what they say with those around it. Subtraction does not
        keep to this, therefore it comes last and asks no runs.
        """
        filings = self._cells.filings
        for number in reversed(range(len(filings))):
            if self._cells_cover(filings[number], number):
                self._cells.take_out(number)
                self._gone.add(number)
        if self._cells.have_ragged or self._cells.mention_every_port:
            for number in sorted(set(range(len(filings))) - self._gone, reverse=True):
                box, filing = self._pairs[number][0], filings[number]
                if self._needs_subtraction(box, filing) and not self._subtract(box, filing, number):
                    self._gone.add(number)
        return sorted(self._gone)


def redundant(boxes: Sequence[Box]) -> list[int]:
    """The positions, ascending, of the boxes that add no flow to the others; without all of them no flow is lost.

    They are taken out one by one from the end, those that only subtraction finds after all others. So of equal boxes the
    first stays, and none of those that stay could be taken out as well.
    """
    return FlowIndex([(box, None) for box in boxes])._redundant()


def without_redundant(boxes: Sequence[Box]) -> list[Box]:
    """The boxes that are not redundant."""
    gone = set(redundant(boxes))
    return [box for number, box in enumerate(boxes) if number not in gone]


def disjoint(boxes: Sequence[Box]) -> list[Box]:
    """The same flows in few boxes that share none."""
    left = coalesce(without_redundant(boxes))
    index = FlowIndex([(box, number) for number, box in enumerate(left)])
    parts: list[Box] = []
    for number, box in enumerate(left):
        parts += difference(box, [left[other] for other in index.overlapping(box) if other < number])
    return coalesce(parts)


def diff(old: Sequence[Box], new: Sequence[Box]) -> tuple[list[Box], list[Box]]:
    """The flows that only the new boxes have and those that only the old have, each in few disjoint boxes."""
    before, after = without_redundant(old), without_redundant(new)
    return _beyond(after, before), _beyond(before, after)


def _beyond(boxes: Sequence[Box], others: Sequence[Box]) -> list[Box]:
    """The flows of the boxes that the others lack."""
    index = FlowIndex([(other, None) for other in others])
    return disjoint([part for box in boxes for part in index.remainder(box)])


def _name_is_covered(
    name: Place, granted: list[tuple[Protocols, dict[Place, list[int]]]], missing: Protocols, number: int
) -> bool:
    """Whether a name is granted with all protocols, by other boxes than one."""
    for at in around(name):
        for protocols, names in granted:
            numbers = names.get(at)
            if numbers and (len(numbers) > 1 or numbers[0] != number):
                missing = missing - protocols
                if not missing:
                    return True
    return False


def _addresses_are_covered(addresses: Addresses, cells: list[Cell], own: Cell | None) -> bool:
    """Whether cells reach over all addresses, the own cell of a box without those of the box itself."""
    network = own.networks[addresses.cuts] if own else 0
    if own and len(own.granted[network]) > 1:
        return True
    above = [cell for cell in cells if cell is not own]
    beside = own.by_start if own and len(own.networks) > 1 else None
    if not above and not beside:
        return False
    for start, end in addresses:
        point = start
        while point < end:
            furthest = max([cell.run_end(point) for cell in above], default=point)
            if beside:
                furthest = max(furthest, beside.reach(point, (start, end, network)))
            if furthest <= point:
                return False
            point = furthest
    return True
