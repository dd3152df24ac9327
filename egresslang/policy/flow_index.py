"""Many boxes of flows under an index: which meet a box, whether they cover it, which of them add nothing.

Workloads and names are places in trees, and two places are disjoint or one contains the other. So boxes are filed
under the places they are made of: a *cell* is a place of workloads, a port (or every port) and some protocols, and in
a cell stand the places of names and the sets of addresses that are granted there. What could meet a box is then found
by walking up from its places, by dictionary, and down from them, by order.

Whether boxes cover a place takes even less. A place that is not a single node has nodes that no box mentions, and a
box that has one of them has the whole place. So the cells at and above a place decide: together they have all its
protocols and reach over all of its addresses, or a flow of an unmentioned node is left over.

Some boxes escape this and are *ragged*: those with holes in their places, those with many ports but not all, and those
with addresses but not all protocols. They are filed where they would be without this, and what they cover is found by
subtraction. An allow is never ragged; a deny with `except`, and the difference of two policies, may be.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

from egresslang.policy.flows import ANY_PROTOCOL, Box, Protocols, coalesce, difference
from egresslang.policy.interval_index import IntervalIndex
from egresslang.policy.intervals import Intervals, union
from egresslang.policy.sets import ANY_PORT, Addresses, Ports, Workloads
from egresslang.policy.trees import Place, around, is_below, labels, terms
from egresslang.record import record

T = TypeVar("T")

_EVERY_PORT = 0  # the port of a cell that has every port
_SINGLE_PORTS = -1  # the port of a cell that gathers those of single ports
_FEW_PORTS = 1024  # a box with no more ports than these is filed under each of them
_NEAREST = 8  # how many boxes are looked at for one that covers a box alone


class _Cell:
    """What is granted at a place of workloads, a port and some protocols: the boxes by names and by addresses."""

    __slots__ = ("_by_start", "_runs", "_sorted", "names", "networks")

    def __init__(self) -> None:
        self.names: dict[Place, list[int]] = {}
        self.networks: dict[tuple[int, ...], list[int]] = {}
        self._sorted: list[Place] | None = None
        self._by_start: IntervalIndex | None = None
        self._runs: tuple[int, ...] | None = None

    def gather(self, other: _Cell) -> None:
        """Add all that stands in another cell."""
        for at, numbers in other.names.items():
            self.names.setdefault(at, []).extend(numbers)
        for cuts, numbers in other.networks.items():
            self.networks.setdefault(cuts, []).extend(numbers)

    def meeting(self, filed: _Filed) -> Iterator[int]:
        """The boxes with a name or an address of a box; some of them more than once."""
        if self.names:
            for chain in filed.names:
                for at in chain:
                    yield from self.names.get(at, ())
                if is_below(chain[0]):
                    for at in self._names_below(chain[0]):
                        yield from self.names[at]
        if self.networks and filed.addresses:
            entries = [entry for start, end in filed.addresses for entry in self.by_start.overlapping(start, end)]
            for cuts in {cuts for _, _, cuts in entries}:
                yield from self.networks[cuts]

    def _names_below(self, at: Place) -> list[Place]:
        if self._sorted is None:
            self._sorted = sorted(self.names)
        return self._sorted[bisect_right(self._sorted, at) : bisect_left(self._sorted, at[:-1] + "!")]

    @property
    def by_start(self) -> IntervalIndex:
        """The intervals of the cell's sets of addresses."""
        if self._by_start is None:
            self._by_start = IntervalIndex(
                [(start, end, cuts) for cuts in self.networks for start, end in Intervals(cuts)]
            )
        return self._by_start

    def run_end(self, point: int) -> int:
        """Where the run of granted addresses around a point ends; the point itself if it is not granted."""
        if self._runs is None:
            self._runs = union(map(Intervals, self.networks)).cuts
        at = bisect_right(self._runs, point)
        return self._runs[at] if at % 2 else point


_Kind = tuple[int, Protocols, bool]  # of a cell: its port, its protocols, and whether its boxes are ragged
_Cells = dict[_Kind, _Cell]


@record
class _Filed:
    """How a box is filed: under which places of workloads and ports, and there under which names and addresses.

    `names` has the place of each name, followed by the places around it. `has_ports` says that the ports of the cells
    are those of the box, `is_ragged` that the cells have more flows than the box.
    """

    workloads: list[Place]
    ports: list[int]
    names: list[list[Place]]
    addresses: Addresses
    protocols: Protocols
    has_ports: bool
    is_ragged: bool


class _WorkloadPlaces:
    """The places of sets of workloads, where workloads that no set tells apart are one.

    A rule for all workloads with a label has hundreds of them, usually the same hundreds as another rule.
    """

    def __init__(self, sets: Iterable[Workloads]) -> None:
        self._known: dict[tuple[str, ...], tuple[list[Place], bool]] = {}
        mentions: dict[Place, list[int]] = {}
        for number, cuts in enumerate(dict.fromkeys([workloads.cuts for workloads in sets])):
            for at, _ in terms(Intervals(cuts)):
                if not is_below(at):
                    mentions.setdefault(at, []).append(number)
        first: dict[tuple[str, tuple[int, ...]], Place] = {}
        self._speaker = {at: first.setdefault((labels(at)[0], tuple(sets)), at) for at, sets in mentions.items()}

    def of(self, workloads: Workloads) -> tuple[list[Place], bool]:
        """The places of a set, and whether there are holes in them."""
        found = self._known.get(workloads.cuts)
        if found is None:
            parts = terms(workloads)
            places = dict.fromkeys([self._speaker.get(at, at) for at, _ in parts])
            found = self._known[workloads.cuts] = list(places), any(holes for _, holes in parts)
        return found


def _cell_ports(ports: Ports) -> tuple[list[int], bool]:
    """The ports of the cells that a set of ports is filed under, and whether these are the set."""
    if ports == ANY_PORT:
        return [_EVERY_PORT], True
    if sum([end - start for start, end in ports]) > _FEW_PORTS:
        return [_EVERY_PORT], False
    return [port for start, end in ports for port in range(start, end)], True


class FlowIndex(Generic[T]):
    """Boxes with tags, such as the rules they come from, indexed by all that a flow is made of.

    Building it costs as much as the boxes have parts: workloads (those that no box tells apart are one) times ports
    times names. A question costs little more than its answer is long.
    """

    def __init__(self, pairs: Iterable[tuple[Box, T]]) -> None:
        self._pairs = list(pairs)
        self._workloads = _WorkloadPlaces([box.workloads for box, _ in self._pairs])
        self._ports: dict[tuple[int, ...], tuple[list[int], bool]] = {}
        self._cells: dict[Place, _Cells] = {}
        self._below: dict[Place, _Cells] | None = None
        self._around: dict[tuple[Place, int, Protocols], list[tuple[_Kind, _Cell]]] = {}
        self._kinds: dict[tuple[Protocols, bool], None] = {}
        self._gone: set[int] = set()
        for number, (box, _) in enumerate(self._pairs):
            self._file(number, self._filed(box))
        ports = {port for places, _ in self._ports.values() for port in places if port != _EVERY_PORT}
        self._mentions_every_port = len(ports) == 65535
        self._has_ragged = any(is_ragged for _, is_ragged in self._kinds)

    def overlapping(self, box: Box) -> Iterator[T]:
        """The tags of the boxes that share a flow with a box, in the order in which they were given."""
        for number in self._meeting(box, self._filed(box)):
            yield self._pairs[number][1]

    def covers(self, box: Box) -> bool:
        """Whether the boxes together have every flow of a box."""
        filed = self._filed(box)
        return self._cells_cover(filed) or (self._needs_subtraction(box, filed) and not self._subtract(box, filed))

    def remainder(self, box: Box) -> tuple[Box, ...]:
        """The flows of a box that none of the boxes has, in disjoint boxes."""
        filed = self._filed(box)
        return () if self._cells_cover(filed) else self._subtract(box, filed)

    def covering(self, box: Box) -> Iterator[T]:
        """The tags of few boxes that together cover a box, found one by one; it ends early where nothing covers it."""
        rest = [box] if box else []
        while rest and (number := self._holder(rest[-1])) is not None:
            holder, tag = self._pairs[number]
            rest = [part for piece in rest for part in piece - holder]
            yield tag

    # How boxes are filed.

    def _filed(self, box: Box) -> _Filed:
        places, has_holes = self._workloads.of(box.workloads)
        cell_ports = self._ports.get(box.ports.cuts)
        if cell_ports is None:
            cell_ports = self._ports[box.ports.cuts] = _cell_ports(box.ports)
        ports, has_ports = cell_ports
        addresses = box.destinations.addresses
        is_ragged = has_holes or not has_ports or (bool(addresses) and box.protocols != ANY_PROTOCOL)
        names = []
        for at, holes in terms(box.destinations.names):
            names.append(list(around(at)))
            is_ragged = is_ragged or bool(holes)
        if not box.protocols:
            places = []
        return _Filed(places, ports, names, addresses, box.protocols, has_ports, is_ragged)

    def _file(self, number: int, filed: _Filed) -> None:
        self._kinds[filed.protocols, filed.is_ragged] = None
        for at in filed.workloads:
            cells = self._cells.setdefault(at, {})
            for port in filed.ports:
                kind = port, filed.protocols, filed.is_ragged
                cell = cells.get(kind)
                if cell is None:
                    cell = cells[kind] = _Cell()
                for chain in filed.names:
                    cell.names.setdefault(chain[0], []).append(number)
                if filed.addresses:
                    cell.networks.setdefault(filed.addresses.cuts, []).append(number)

    def _cells_at_or_above(self, at: Place, port: int, protocols: Protocols) -> list[tuple[_Kind, _Cell]]:
        """The cells whose places contain a place, whose ports a port, and which have some of the protocols."""
        found = self._around.get((at, port, protocols))
        if found is None:
            ports = [port] if port == _EVERY_PORT else [port, _EVERY_PORT]
            places = [cells for wider in around(at) if (cells := self._cells.get(wider))]
            found = [pair for cells in places for pair in self._of_kind(cells, ports, protocols)]
            self._around[at, port, protocols] = found
        return found

    def _cells_meeting(self, at: Place, port: int, protocols: Protocols) -> list[tuple[_Kind, _Cell]]:
        """The cells whose places meet a place, whose ports a port, and which have some of the protocols."""
        found = self._cells_at_or_above(at, port, protocols)
        if is_below(at) or port == _EVERY_PORT:
            below = self._cells_below()
            if port == _EVERY_PORT:
                places = [cells for wider in around(at) if (cells := self._cells.get(wider))]
                found = found + [pair for cells in places for pair in self._of_kind(cells, [_SINGLE_PORTS], protocols)]
            ports = [_EVERY_PORT, _SINGLE_PORTS if port == _EVERY_PORT else port]
            found = found + self._of_kind(below.get(at, {}), ports, protocols)
        return found

    def _of_kind(self, cells: _Cells, ports: list[int], protocols: Protocols) -> list[tuple[_Kind, _Cell]]:
        kinds = [(port, *kind) for kind in self._kinds if not kind[0].isdisjoint(protocols) for port in ports]
        return [(kind, cell) for kind in kinds if (cell := cells.get(kind))]

    def _cells_below(self) -> dict[Place, _Cells]:
        """For every place that is not a single workload, all that is granted strictly below it.

        On the way the cells of single ports are gathered for boxes with every port: both serve wide boxes only, and
        are made when the first of them is asked about.
        """
        if self._below is None:
            self._below = {}
            for at, cells in self._cells.items():
                for (port, protocols, is_ragged), cell in list(cells.items()):
                    if port != _EVERY_PORT:
                        cells.setdefault((_SINGLE_PORTS, protocols, is_ragged), _Cell()).gather(cell)
                for wider in islice(around(at), 1, None):
                    gathered = self._below.setdefault(wider, {})
                    for kind, cell in cells.items():
                        gathered.setdefault(kind, _Cell()).gather(cell)
        return self._below

    # Which boxes meet a box.

    def _meeting(self, box: Box, filed: _Filed, only_ragged: bool = False) -> list[int]:
        """The boxes that share a flow with a box, or only the ragged ones among them."""
        found: set[int] = set()
        likely: set[int] = set()
        for at in filed.workloads:
            for port in filed.ports:
                for (_, _, is_ragged), cell in self._cells_meeting(at, port, filed.protocols):
                    if is_ragged or not only_ragged:
                        (likely if is_ragged or filed.is_ragged else found).update(cell.meeting(filed))
        found.update([number for number in likely - found if box & self._pairs[number][0]])
        return sorted(found - self._gone)

    # Whether boxes cover a box, leaving one of them out if it has that number.

    def _subtract(self, box: Box, filed: _Filed, number: int = -1) -> tuple[Box, ...]:
        return difference(box, [self._pairs[other][0] for other in self._meeting(box, filed) if other != number])

    def _needs_subtraction(self, box: Box, filed: _Filed) -> bool:
        """Whether a box that no cells cover may be covered all the same."""
        if not filed.has_ports or (_EVERY_PORT in filed.ports and self._mentions_every_port):
            return True
        return self._has_ragged and bool(self._meeting(box, filed, only_ragged=True))

    def _cells_cover(self, filed: _Filed, number: int = -1) -> bool:
        """Whether the cells at and above each place of a box cover the place."""
        for at in filed.workloads:
            for port in filed.ports:
                cells = self._cells_at_or_above(at, port, filed.protocols)
                for chain in filed.names:
                    if not self._name_is_covered(chain, cells, filed.protocols, number):
                        return False
                kind = port, filed.protocols, filed.is_ragged
                own = None if number < 0 or filed.is_ragged else self._cells[at][kind]
                if filed.addresses and not self._addresses_are_covered(filed.addresses, cells, own, number):
                    return False
        return True

    def _name_is_covered(
        self, chain: list[Place], cells: list[tuple[_Kind, _Cell]], missing: Protocols, number: int
    ) -> bool:
        for (_, protocols, is_ragged), cell in cells:
            if is_ragged or protocols.isdisjoint(missing):
                continue
            if any(at in cell.names and self._has_other(cell.names[at], number) for at in chain):
                missing = missing - protocols
                if not missing:
                    return True
        return False

    def _addresses_are_covered(
        self, addresses: Addresses, cells: list[tuple[_Kind, _Cell]], own: _Cell | None, number: int
    ) -> bool:
        """Whether addresses are covered by what else is in their own cell and by what is in the cells above it."""
        if own and self._has_other(own.networks[addresses.cuts], number):
            return True
        above = [cell for (_, _, is_ragged), cell in cells if cell.networks and not is_ragged and cell is not own]
        for start, end in addresses:
            point = start
            while point < end:
                ends = [cell.run_end(point) for cell in above]
                if own and len(own.networks) > 1:
                    ends.append(own.by_start.reach(point, (start, end, addresses.cuts)))
                furthest = max(ends, default=0)
                if furthest <= point:
                    return False
                point = furthest
        return True

    def _has_other(self, numbers: list[int], number: int) -> bool:
        return any(other != number and other not in self._gone for other in numbers)

    def _holder(self, box: Box) -> int | None:
        """A box that has some of a box; all of it, if one of the nearest does."""
        nearest = list(islice(self._holding(box, self._filed(box)), _NEAREST))
        return next((number for number in nearest if box <= self._pairs[number][0]), nearest[0] if nearest else None)

    def _holding(self, box: Box, filed: _Filed) -> Iterator[int]:
        """The boxes that have some of a box at its first place of names, or else at its first address, furthest first."""
        if not filed.has_ports or self._mentions_every_port:
            yield from self._meeting(box, filed)
            return
        numbers: Iterable[list[int]]
        cells = self._cells_at_or_above(filed.workloads[0], filed.ports[0], filed.protocols)
        if filed.names:
            numbers = [cell.names[at] for _, cell in cells for at in filed.names[0] if at in cell.names]
        else:
            reaching: list[tuple[int, list[int]]] = []
            point = filed.addresses.cuts[0]
            for (_, _, is_ragged), cell in cells:
                if is_ragged:
                    entries = list(cell.by_start.overlapping(point, point + 1))
                else:
                    entries = [entry] if (entry := cell.by_start.furthest(point)) else []
                reaching += [(end, cell.networks[cuts]) for _, end, cuts in entries]
            numbers = [some for _, some in sorted(reaching, key=lambda pair: -pair[0])]
        for some in numbers:
            yield from (number for number in some if box & self._pairs[number][0])

    # Which boxes add nothing.

    def _redundant(self) -> list[int]:
        """The boxes that add nothing to those that stay, the last box asked first.

        Whatever a cell and those above it grant stays the same while boxes leave that these cells cover, so the runs
        of addresses that a cell remembers stay true. Subtraction, which breaks this, comes after all of these.
        """
        for number in reversed(range(len(self._pairs))):
            filed = self._filed(self._pairs[number][0])
            if self._cells_cover(filed, number):
                self._discard(number, filed)
        if self._has_ragged or self._mentions_every_port:
            for number in sorted(set(range(len(self._pairs))) - self._gone, reverse=True):
                box = self._pairs[number][0]
                filed = self._filed(box)
                if self._needs_subtraction(box, filed) and not self._subtract(box, filed, number):
                    self._gone.add(number)
        return sorted(self._gone)

    def _discard(self, number: int, filed: _Filed) -> None:
        self._gone.add(number)
        if not filed.addresses or filed.is_ragged:
            return
        for at in filed.workloads:
            for port in filed.ports:
                cell = self._cells[at][port, filed.protocols, False]
                if not self._has_other(cell.networks[filed.addresses.cuts], number):
                    for start, end in filed.addresses:
                        cell.by_start.discard((start, end, filed.addresses.cuts))


def redundant(boxes: Sequence[Box]) -> list[int]:
    """The positions, ascending, of the boxes that add no flow to the others; without all of them no flow is lost.

    They are taken out one by one from the end, those that only subtraction finds after all others. So of equal boxes the
    first stays, and none of those that stay could be taken out as well.
    """
    return FlowIndex((box, None) for box in boxes)._redundant()


def disjoint(boxes: Sequence[Box]) -> list[Box]:
    """The same flows in boxes that share none."""
    left = coalesce(_without_redundant(boxes))
    index = FlowIndex((box, number) for number, box in enumerate(left))
    parts: list[Box] = []
    for number, box in enumerate(left):
        parts += difference(box, [left[other] for other in index.overlapping(box) if other < number])
    return coalesce(parts)


def diff(old: Sequence[Box], new: Sequence[Box]) -> tuple[list[Box], list[Box]]:
    """The flows that only the new boxes have and those that only the old have, each in few disjoint boxes."""
    return _beyond(new, old), _beyond(old, new)


def _beyond(boxes: Sequence[Box], others: Sequence[Box]) -> list[Box]:
    """The flows of the boxes that the others lack."""
    index = FlowIndex((other, None) for other in _without_redundant(others))
    known = set(others)
    beyond = [box for box in _without_redundant(boxes) if box not in known]
    return disjoint([part for box in beyond for part in index.remainder(box)])


def _without_redundant(boxes: Sequence[Box]) -> list[Box]:
    gone = set(redundant(boxes))
    return [box for number, box in enumerate(boxes) if number not in gone]
