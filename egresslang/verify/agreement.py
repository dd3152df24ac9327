"""Agreement: what policy and sidecar can be seen to agree on without asking for it, request by request.

Most of what is granted is told by sets: the names that filter chains and virtual hosts know, the networks they match.
Where the sets are equal, and each of their members leads where it should, there is nothing to ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang.mesh.addresses import Address, parse_address
from egresslang.mesh.listeners import Listener
from egresslang.mesh.outbound import Outbound
from egresslang.ranges import Range, network_range
from egresslang.verify.blocks import joined
from egresslang.verify.compare import Comparison


def agreed_server_names(comparison: Comparison, port: int, address: Address) -> set[str]:
    """The server names on which both sides agree."""
    asks_wildcards = bool(comparison.outbound.authorization)
    return {
        name
        for name, chains in comparison.outbound.server_names(address, port).items()
        if len(chains) == 1
        and not (asks_wildcards and name.startswith("*"))
        and comparison.agrees("tls", name, port, chains[0].clusters)
    }


def agreed_hosts(comparison: Comparison, port: int, address: Address) -> set[str]:
    """The Host headers on which both sides agree; with a dot at its end a name is the same."""
    return {
        name
        for name, hosts in comparison.outbound.virtual_hosts(address, port).items()
        if len(hosts) == 1
        and (way := hosts[0].only_way) is not None
        and not way.copies
        and not way.answers
        and comparison.agrees("http", name.rstrip("."), port, way.clusters)
    }


def addresses_agree(granted: Iterable[Range], outbound: Outbound, listeners: Iterable[Listener], version: int) -> bool:
    """Whether all that a sidecar tells by address goes on as dialled, and that is just what is granted."""
    reached: list[Range] = []
    for listener in listeners:
        single = list(_addresses(listener))
        for chain in listener.chains.values():
            if (single or chain.networks) and not outbound.goes_on(chain):
                return False
        reached += told_ranges(listener, version)
    return joined(granted) == joined(reached)


def service_agrees(comparison: Comparison, port: int, address: Address) -> bool:
    """Whether all that is said to an address ends at a Service, and nobody is granted anything there."""
    found = comparison.outbound.at(address, port)
    if len(found) != 1 or len(found[0].chains) != 1 or not comparison.outbound.passes_all(found[0], address):
        return False
    (chain,) = found[0].chains.values()
    dialled = comparison.outbound.named(address)
    return (
        not chain.route
        and not comparison.intent.by_address(*address, port)
        and not comparison.intent.by_name("tcp", dialled, port)
        and comparison.agrees("tcp", dialled, port, chain.clusters)
    )


def told_ranges(listener: Listener, version: int) -> Iterator[Range]:
    """The addresses that a listener tells from others: its own, and the networks of its chains."""
    for of, number in _addresses(listener):
        if of == version:
            yield number, number
    for chain in listener.chains.values():
        for of, first, length in chain.ranges:
            if of == version:
                yield network_range(version, first, length)


def _addresses(listener: Listener) -> Iterator[Address]:
    """The single addresses of a listener; none for one of a wildcard address."""
    for text in listener.addresses:
        address = parse_address(text)
        if address is not None and address[1]:
            yield address
