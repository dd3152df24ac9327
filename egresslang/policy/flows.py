"""Flows and boxes of flows: what a policy grants, forbids or has lost, as sets that can be calculated with.

A flow is a workload, a destination, a port and a protocol. A *box* is a product of one set of each, so a rule is a box
or a few, and a policy is a union of boxes. Two boxes meet in a box; one less another is a few disjoint boxes; and so
everything asked of a policy is a sweep over sets of one kind (`intervals.py`). `flow_index.py` answers the same
questions for many boxes at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from egresslang.policy.intervals import union
from egresslang.policy.sets import (
    ANY_ADDRESS,
    ANY_NAME,
    ANY_PORT,
    NO_ADDRESS,
    NOTHING,
    Addresses,
    Names,
    Ports,
    Workloads,
    address_number,
    host,
    some_address,
    some_name,
    some_workload,
    workload,
)
from egresslang.record import record, replace

PROTOCOLS = ("http", "http2", "grpc", "tls", "tcp", "udp")
"""What a proxy tells apart; every other protocol of the language is one of these."""

Protocols = frozenset[str]

ANY_PROTOCOL: Protocols = frozenset(PROTOCOLS)
"""Every protocol: what a grant to an address means, whatever its label."""


@record
class Flow:
    """One workload that talks to one name or address, on one port, in one protocol."""

    namespace: str
    workload: str
    destination: str | IPv4Address | IPv6Address
    port: int
    protocol: str

    def __str__(self) -> str:
        there = f"[{self.destination}]" if isinstance(self.destination, IPv6Address) else self.destination
        return f"{self.namespace}/{self.workload} -> {there}:{self.port} {self.protocol}"


@record
class Destinations:
    """A set of destinations: names and addresses, two worlds that never meet."""

    names: Names = NOTHING
    addresses: Addresses = NO_ADDRESS

    def __bool__(self) -> bool:
        return bool(self.names) or bool(self.addresses)

    def __and__(self, other: Destinations) -> Destinations:
        return Destinations(self.names & other.names, self.addresses & other.addresses)

    def __or__(self, other: Destinations) -> Destinations:
        return Destinations(self.names | other.names, self.addresses | other.addresses)

    def __sub__(self, other: Destinations) -> Destinations:
        return Destinations(self.names - other.names, self.addresses - other.addresses)

    def __le__(self, other: Destinations) -> bool:
        return self.names <= other.names and self.addresses <= other.addresses

    def __contains__(self, destination: str | IPv4Address | IPv6Address) -> bool:
        if isinstance(destination, str):
            return host(destination) <= self.names
        return address_number(destination) in self.addresses


ANYWHERE = Destinations(ANY_NAME, ANY_ADDRESS)
"""Every name and every address."""


@record
class Box:
    """Every flow from one of some workloads to one of some destinations on one of some ports in one of some protocols.

    It is empty, and false, as soon as one of its sets is. A grant to addresses has every protocol.
    """

    workloads: Workloads
    destinations: Destinations
    ports: Ports = ANY_PORT
    protocols: Protocols = ANY_PROTOCOL

    def __bool__(self) -> bool:
        return bool(self.workloads) and bool(self.destinations) and bool(self.ports) and bool(self.protocols)

    def __and__(self, other: Box) -> Box | None:
        """The flows of both, or None when there are none."""
        if not (protocols := self.protocols & other.protocols):
            return None
        if not (ports := self.ports & other.ports):
            return None
        if not (workloads := self.workloads & other.workloads):
            return None
        if not (destinations := self.destinations & other.destinations):
            return None
        return Box(workloads, destinations, ports, protocols)

    def __sub__(self, other: Box) -> tuple[Box, ...]:
        """The flows of this box that the other lacks, in up to four disjoint boxes."""
        both = self & other
        if both is None:
            return (self,) if self else ()
        workloads, destinations, ports, protocols = both.workloads, both.destinations, both.ports, both.protocols
        parts = (
            Box(self.workloads - workloads, self.destinations, self.ports, self.protocols),
            Box(workloads, self.destinations - destinations, self.ports, self.protocols),
            Box(workloads, destinations, self.ports - ports, self.protocols),
            Box(workloads, destinations, ports, self.protocols - protocols),
        )
        return tuple([part for part in parts if part])

    def __le__(self, other: Box) -> bool:
        """Whether the other has every flow of this box."""
        return not self or (
            self.protocols <= other.protocols
            and self.ports <= other.ports
            and self.workloads <= other.workloads
            and self.destinations <= other.destinations
        )

    def __contains__(self, flow: Flow) -> bool:
        return (
            flow.protocol in self.protocols
            and flow.port in self.ports
            and workload(flow.namespace, flow.workload) <= self.workloads
            and flow.destination in self.destinations
        )

    def witness(self) -> Flow:
        """One flow of a box that is not empty; names are invented where the box names none."""
        there = self.destinations
        return Flow(
            *some_workload(self.workloads),
            destination=some_name(there.names) if there.names else some_address(there.addresses),
            port=self.ports.cuts[0],
            protocol=next(protocol for protocol in PROTOCOLS if protocol in self.protocols),
        )


def difference(box: Box, boxes: Iterable[Box]) -> tuple[Box, ...]:
    """The flows of a box that none of the boxes has, in disjoint boxes; each of the boxes is looked at."""
    rest: tuple[Box, ...] = (box,) if box else ()
    for other in coalesce([both for other in boxes if (both := box & other)]):
        rest = tuple([part for piece in rest for part in piece - other])
        if not rest:
            break
    return tuple(coalesce(rest))


def covers(boxes: Iterable[Box], box: Box) -> bool:
    """Whether the boxes together have every flow of a box; each of the boxes is looked at."""
    return not difference(box, boxes)


def coalesce(boxes: Iterable[Box]) -> list[Box]:
    """The same flows in fewer boxes: those that differ in one set only become one. What was disjoint stays so."""
    left = list(boxes)
    for field, join in _JOIN.items():
        if len(left) < 2:
            break
        alike: dict[tuple[object, ...], list[Box]] = {}
        for box in left:
            alike.setdefault(tuple([getattr(box, name) for name in _JOIN if name != field]), []).append(box)
        left = [
            some[0] if len(some) == 1 else replace(some[0], **{field: join([getattr(box, field) for box in some])})
            for some in alike.values()
        ]
    return left


def _join_destinations(some: Iterable[Destinations]) -> Destinations:
    these = list(some)
    return Destinations(union(one.names for one in these), union(one.addresses for one in these))


_JOIN: dict[str, Callable[[Iterable[Any]], Any]] = {
    "destinations": _join_destinations,
    "workloads": union,
    "ports": union,
    "protocols": lambda some: frozenset().union(*some),
}
