"""Granted: the flows of a policy as boxes that can be asked, each with the grant it comes from.

A connection has a name and an address, and a proxy looks at one of them. Where nothing says which address is dialled, a
name stands for all that is granted to it, its `address=` too; where something does, a name counts only if a proxy is
told it (by Host or server name), else the address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from egresslang.policy import sets
from egresslang.policy.flow_index import FlowIndex
from egresslang.policy.flows import ANY_PROTOCOL, ANYWHERE, Box, Destinations, Protocols
from egresslang.policy.intent import is_checked
from egresslang.policy.policy import ANY, Addresses, Below, Destination, Everything, Grant, Name, Subject
from egresslang.record import record, replace

GOVERNED: Protocols = ANY_PROTOCOL - {"udp"}
"""What a sidecar sees: a grant to an address is for all of it."""


@record
class Near:
    """A grant that comes near a flow nobody granted, and what it grants instead, in words such as `it to recipes/etl`."""

    grant: Grant
    words: str


class Granted:
    """What some grants allow."""

    def __init__(self, grants: Iterable[Grant]) -> None:
        self.grants = tuple(grants)

    @cached_property
    def _all(self) -> FlowIndex[Grant]:
        return FlowIndex([(box_of(grant), grant) for grant in self.grants])

    @cached_property
    def _told(self) -> FlowIndex[Grant]:
        """Grants to names that a proxy is told, and open ones."""
        return FlowIndex(
            [
                (_names_of(box_of(grant)), grant)
                for grant in self.grants
                if isinstance(grant.destination, Everything) or (is_checked(grant) and grant.protocol != "tcp")
            ]
        )

    @cached_property
    def _dialled(self) -> FlowIndex[Grant]:
        """Grants to addresses, whatever is said to them, and open ones."""
        return FlowIndex(
            [
                (_addresses_of(box_of(grant)), grant)
                for grant in self.grants
                if isinstance(grant.destination, Everything | Addresses) and not is_checked(grant)
            ]
        )

    def to(self, box: Box) -> list[Grant]:
        """The grants that have a flow of a box; names and addresses in it are flows of their own."""
        return list(self._all.overlapping(box))

    def to_name_told(self, box: Box) -> list[Grant]:
        """The grants that have a name of a box which a proxy is told, wherever it is dialled."""
        return list(self._told.overlapping(box))

    def to_address(self, box: Box) -> list[Grant]:
        """The grants that have an address of a box, whatever is said to it."""
        return list(self._dialled.overlapping(box))

    def near(self, box: Box, at_an_address: bool = False) -> Near | None:
        """What comes nearest to the flows of a box: other addresses of the name where one is dialled, then the same for
        other workloads, then another port or protocol of the same place."""
        anyhow = replace(box, ports=sets.ANY_PORT, protocols=GOVERNED)
        tries = [
            (box, "other addresses of it") if at_an_address else (replace(box, workloads=sets.EVERYONE), "it to {who}"),
            (replace(box, protocols=GOVERNED), "{port} of it"),
            (anyhow, "{port} of it"),
            (replace(anyhow, workloads=sets.EVERYONE), "{port} of it to {who}"),
        ]
        for wider, words in tries:
            found = [grant for grant in self.to(wider) if not isinstance(grant.destination, Everything)]
            if found:
                grant = min(found, key=lambda each: each.span.place)
                who, port = f"`{grant.subject}`", f"port {grant.port} {grant.spelled}"
                return Near(grant, words.format(who=who, port=port))
        return None


def box_of(grant: Grant) -> Box:
    """The flows of a grant."""
    who, where = workloads_of(grant.subject), destinations_of(grant.destination)
    ports = sets.ports(grant.port) if grant.port else sets.ANY_PORT
    if isinstance(grant.destination, Everything):
        return Box(who, where, ports, GOVERNED)
    protocols = GOVERNED if _is_any_bytes(grant) else frozenset({grant.protocol})
    return Box(who, where, ports, protocols)


def _is_any_bytes(grant: Grant) -> bool:
    return isinstance(grant.destination, Addresses) and not is_checked(grant)


def workloads_of(subject: Subject) -> sets.Workloads:
    """The workloads that a subject means."""
    if subject.namespace == ANY:
        return sets.EVERYONE
    if subject.workload == ANY:
        return sets.namespace(subject.namespace)
    return sets.workload(subject.namespace, subject.workload)


def destinations_of(destination: Destination) -> Destinations:
    """The names and addresses that a destination means; addresses with a name are both."""
    match destination:
        case Name():
            return Destinations(names=sets.host(destination.host))
        case Below():
            return Destinations(names=sets.wildcard(destination.suffix))
        case Addresses():
            names = sets.host(destination.host) if destination.host else sets.NOTHING
            return Destinations(names, sets.addresses(destination.version, destination.ranges))
        case Everything():
            return ANYWHERE


def _names_of(box: Box) -> Box:
    return replace(box, destinations=Destinations(names=box.destinations.names))


def _addresses_of(box: Box) -> Box:
    return replace(box, destinations=Destinations(addresses=box.destinations.addresses))


def rules_of(grants: Iterable[Grant]) -> Iterator[Grant]:
    """One grant for each rule, in the order of their places."""
    seen: set[object] = set()
    for grant in sorted(grants, key=lambda each: each.rule.span.place):
        key = grant.rule.span.place, grant.rule.kind
        if key not in seen:
            seen.add(key)
            yield grant
