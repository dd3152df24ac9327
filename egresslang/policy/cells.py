"""Cells: where boxes of flows are filed, by the places they are made of.

Workloads and names are places in trees, and two places are disjoint or one contains the other. A *cell* is a place of
workloads, a port (or every port) and some protocols; in a cell stand the places of names and the sets of addresses
that boxes grant there. What could meet a box is found by walking up from its places, by dictionary, and down from
them, by order.

Some boxes have fewer flows than the cells they are filed in: those with holes in their places, those with many ports
but not all, and those with addresses but not all protocols. They are *ragged* and have cells of their own. An allow
is never ragged; a deny with `except`, and the difference of two policies, may be.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice

from egresslang.policy.flows import ANY_PROTOCOL, Box, Protocols
from egresslang.policy.interval_index import IntervalIndex
from egresslang.policy.intervals import Intervals, union
from egresslang.policy.sets import ANY_PORT, Addresses, Ports, Workloads
from egresslang.policy.trees import Place, around, is_below, labels, places
from egresslang.record import record

EVERY_PORT = 0
"""The port of a cell that has every port."""

_SINGLE_PORTS = -1  # the port of a cell that gathers those of single ports
_FEW_PORTS = 1024  # a box with no more ports than these is filed under each of them

Kind = tuple[int, Protocols, bool]
"""What tells the cells of a place apart: the port, the protocols, and whether the boxes are ragged."""


@record
class Filing:
    """How a box is filed: under which places of workloads and ports, and there under which names and addresses.

    `has_ports` says that the ports of the cells are those of the box, `is_ragged` that the cells have more flows.
    """

    workloads: list[Place]
    ports: list[int]
    names: list[Place]
    addresses: Addresses
    protocols: Protocols
    has_ports: bool
    is_ragged: bool


class Cell:
    """What is granted at a place of workloads, on a port, in some protocols: the numbers of boxes, ascending.

    `names` has them by place; `networks` numbers the sets of addresses by their cuts, `granted` has them by that number.
    """

    __slots__ = ("_by_start", "_runs", "_sorted", "granted", "names", "networks")

    def __init__(self) -> None:
        self.names: dict[Place, list[int]] = {}
        self.networks: dict[tuple[int, ...], int] = {}
        self.granted: list[list[int]] = []
        self._sorted: list[Place] | None = None
        self._by_start: IntervalIndex | None = None
        self._runs: tuple[int, ...] | None = None

    def put(self, number: int, filing: Filing) -> None:
        """File a box; no box is put into a cell that was asked something."""
        for at in filing.names:
            self.names.setdefault(at, []).append(number)
        if filing.addresses.cuts:
            self._put_networks(filing.addresses.cuts, [number])

    def gather(self, other: Cell) -> None:
        """Put in all that stands in another cell."""
        for at, numbers in other.names.items():
            self.names.setdefault(at, []).extend(numbers)
        for cuts, network in other.networks.items():
            self._put_networks(cuts, other.granted[network])

    def _put_networks(self, cuts: tuple[int, ...], numbers: list[int]) -> None:
        network = self.networks.setdefault(cuts, len(self.granted))
        if network == len(self.granted):
            self.granted.append([])
        self.granted[network] += numbers

    def take_out(self, number: int, filing: Filing) -> None:
        """Forget a box."""
        for at in filing.names:
            numbers = self.names[at]
            del numbers[bisect_left(numbers, number)]
        if filing.addresses.cuts:
            network = self.networks[filing.addresses.cuts]
            numbers = self.granted[network]
            del numbers[bisect_left(numbers, number)]
            if not numbers and self._by_start is not None:
                for start, end in filing.addresses:
                    self._by_start.discard((start, end, network))

    def meeting(self, filing: Filing) -> Iterator[int]:
        """The boxes with a name or an address of a box; some of them more than once."""
        if self.names:
            for name in filing.names:
                for at in around(name):
                    yield from self.names.get(at, ())
                if is_below(name):
                    for at in self._names_below(name):
                        yield from self.names[at]
        if self.networks and filing.addresses:
            seen: set[int] = set()
            for start, end in filing.addresses:
                for _, _, network in self.by_start.overlapping(start, end):
                    if network not in seen:
                        seen.add(network)
                        yield from self.granted[network]

    def _names_below(self, at: Place) -> Iterator[Place]:
        if self._sorted is None:
            self._sorted = sorted(self.names)
        here = self._sorted
        return map(here.__getitem__, range(bisect_right(here, at), bisect_left(here, at[:-1] + "!")))

    @property
    def by_start(self) -> IntervalIndex:
        """The intervals of the cell's networks, with their numbers."""
        if self._by_start is None:
            here = [(Intervals(cuts), network) for cuts, network in self.networks.items() if self.granted[network]]
            self._by_start = IntervalIndex([(start, end, network) for some, network in here for start, end in some])
        return self._by_start

    def reaching(self, point: int, all_of_them: bool) -> Iterator[tuple[int, list[int]]]:
        """The ends of granted intervals around a point with the boxes that have them; else only the furthest end."""
        if self.networks:
            furthest = self.by_start.furthest(point)
            entries = self.by_start.overlapping(point, point + 1) if all_of_them else [furthest] if furthest else []
            yield from [(end, self.granted[network]) for _, end, network in entries]

    def run_end(self, point: int) -> int:
        """Where the run of granted addresses around a point ends; the point itself if it is not granted.

        The runs do not change when a box is taken out.
        """
        if self._runs is None:
            self._runs = union([Intervals(cuts) for cuts in self.networks]).cuts
        at = bisect_right(self._runs, point)
        return self._runs[at] if at % 2 else point


Granting = tuple[list[tuple[Protocols, dict[Place, list[int]]]], list[Cell]]
"""The boxes of some cells by places of names, with the protocols they have; and those of the cells with networks."""


class Cells:
    """The cells of many boxes, which are known by their numbers from 0.

    There are as many entries as the boxes have parts: workloads (those that no box tells apart are one) times ports
    times names.
    """

    def __init__(self, boxes: Iterable[Box]) -> None:
        boxes = list(boxes)
        self._workloads = _WorkloadPlaces([box.workloads for box in boxes])
        self._ports: dict[tuple[int, ...], tuple[list[int], bool]] = {}
        self._at: dict[Place, dict[Kind, Cell]] = {}
        self._below: dict[Place, dict[Kind, Cell]] | None = None
        self._kinds: dict[tuple[Protocols, bool], None] = {}
        self._kinds_of: dict[tuple[tuple[int, ...], Protocols], list[Kind]] = {}
        self._granting: dict[tuple[Place, int, Protocols], Granting] = {}
        self.filings = [self.filing(box) for box in boxes]
        for number, filing in enumerate(self.filings):
            self._put(number, filing)
        self.have_ragged = any(is_ragged for _, is_ragged in self._kinds)
        mentioned = {port for ports, _ in self._ports.values() for port in ports if port != EVERY_PORT}
        self.mention_every_port = len(mentioned) == 65535

    def filing(self, box: Box) -> Filing:
        """How a box is filed, or would be."""
        workloads, has_holes = self._workloads.of(box.workloads)
        filed = self._ports.get(box.ports.cuts)
        if filed is None:
            filed = self._ports[box.ports.cuts] = _filed_ports(box.ports)
        ports, has_ports = filed
        names, names_have_holes = places(box.destinations.names)
        addresses, protocols = box.destinations.addresses, box.protocols
        lacks_protocols = bool(addresses.cuts) and protocols != ANY_PROTOCOL
        is_ragged = has_holes or not has_ports or names_have_holes or lacks_protocols
        return Filing(workloads if protocols else [], ports, names, addresses, protocols, has_ports, is_ragged)

    def _put(self, number: int, filing: Filing) -> None:
        self._kinds[filing.protocols, filing.is_ragged] = None
        for at in filing.workloads:
            cells = self._at.setdefault(at, {})
            for port in filing.ports:
                kind = port, filing.protocols, filing.is_ragged
                cell = cells.get(kind)
                if cell is None:
                    cell = cells[kind] = Cell()
                cell.put(number, filing)

    def take_out(self, number: int) -> None:
        """Forget a box."""
        filing = self.filings[number]
        for at in filing.workloads:
            for port in filing.ports:
                self.own(filing, at, port).take_out(number, filing)

    def own(self, filing: Filing, at: Place, port: int) -> Cell:
        """The cell of a box at one of its places and ports."""
        return self._at[at][port, filing.protocols, filing.is_ragged]

    def granting(self, at: Place, port: int, protocols: Protocols) -> Granting:
        """What is granted to all of a place on all of a port, in some of the protocols.

        It is remembered, as many boxes ask for the same.
        """
        found = self._granting.get((at, port, protocols))
        if found is None:
            cells = [(has, cell) for (_, has, ragged), cell in self.around(at, port, protocols) if not ragged]
            names = [(has, cell.names) for has, cell in cells if cell.names]
            found = self._granting[at, port, protocols] = names, [cell for _, cell in cells if cell.networks]
        return found

    def around(self, at: Place, port: int, protocols: Protocols) -> list[tuple[Kind, Cell]]:
        """The cells, ragged ones too, that contain a place, have a port, and have some of the protocols; near first."""
        cells = [self._at.get(wider) for wider in around(at)]
        return self._pick(cells, (port,) if port == EVERY_PORT else (port, EVERY_PORT), protocols)

    def meeting(self, at: Place, port: int, protocols: Protocols) -> list[tuple[Kind, Cell]]:
        """The cells, ragged ones too, with some of the workloads of a place, of the ports and of the protocols."""
        if port != EVERY_PORT and not is_below(at):
            return self.around(at, port, protocols)
        below = self._gathered_below().get(at)
        cells = [*[self._at.get(wider) for wider in around(at)], below]
        return self._pick(cells, (port, _SINGLE_PORTS if port == EVERY_PORT else EVERY_PORT), protocols)

    def _pick(
        self, found: list[dict[Kind, Cell] | None], ports: tuple[int, ...], protocols: Protocols
    ) -> list[tuple[Kind, Cell]]:
        kinds = self._kinds_of.get((ports, protocols))
        if kinds is None:
            kinds = [(port, *kind) for kind in self._kinds if not kind[0].isdisjoint(protocols) for port in ports]
            self._kinds_of[ports, protocols] = kinds
        return [(kind, cells[kind]) for cells in found if cells for kind in kinds if kind in cells]

    def _gathered_below(self) -> dict[Place, dict[Kind, Cell]]:
        """For every place that is not a single workload, all that is granted strictly below it.

        On the way the cells of single ports are gathered for boxes with every port: both serve wide boxes only, and
        are made when the first of them is asked about.
        """
        if self._below is None:
            self._below = {}
            for at, cells in self._at.items():
                for (port, protocols, is_ragged), cell in list(cells.items()):
                    if port != EVERY_PORT:
                        cells.setdefault((_SINGLE_PORTS, protocols, is_ragged), Cell()).gather(cell)
                for wider in islice(around(at), 1, None):
                    gathered = self._below.setdefault(wider, {})
                    for kind, cell in cells.items():
                        gathered.setdefault(kind, Cell()).gather(cell)
        return self._below


class _WorkloadPlaces:
    """The places of sets of workloads, where workloads that no set tells apart are one.

    A rule for all workloads with a label has hundreds of them, usually the same hundreds as another rule.
    """

    def __init__(self, sets: Iterable[Workloads]) -> None:
        self._known: dict[tuple[str, ...], tuple[list[Place], bool]] = {}
        mentions: dict[Place, list[int]] = {}
        for number, cuts in enumerate(dict.fromkeys([workloads.cuts for workloads in sets])):
            for at in places(Intervals(cuts))[0]:
                if not is_below(at):
                    mentions.setdefault(at, []).append(number)
        first: dict[tuple[str, tuple[int, ...]], Place] = {}
        self._speaker = {at: first.setdefault((labels(at)[0], tuple(sets)), at) for at, sets in mentions.items()}

    def of(self, workloads: Workloads) -> tuple[list[Place], bool]:
        """The places of a set, and whether there are holes in them."""
        found = self._known.get(workloads.cuts)
        if found is None:
            parts, have_holes = places(workloads)
            speakers = dict.fromkeys([self._speaker.get(at, at) for at in parts])
            found = self._known[workloads.cuts] = list(speakers), have_holes
        return found


def _filed_ports(ports: Ports) -> tuple[list[int], bool]:
    """The ports of the cells that a set of ports is filed under, and whether these are the set."""
    if ports == ANY_PORT:
        return [EVERY_PORT], True
    if sum([end - start for start, end in ports]) > _FEW_PORTS:
        return [EVERY_PORT], False
    return [port for start, end in ports for port in range(start, end)], True
