"""Agreement: what policy and sidecar can be seen to agree on without asking for it, request by request.

Most of what is granted is told by sets: the names that filter chains and virtual hosts know, the networks they match.
Where the sets are equal, and each of their members leads where it should, there is nothing to ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang.mesh.addresses import BITS, Address, Network, parse_address
from egresslang.mesh.listeners import Chain, Listener
from egresslang.mesh.outbound import Outbound
from egresslang.ranges import Range, merge, network_range, subtract
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


def passed_on(outbound: Outbound, listeners: Iterable[Listener], version: int) -> list[Range]:
    """The addresses that a sidecar tells from others and of which all goes on as dialled, whatever is said to them."""
    onward: list[Range] = []
    elsewhere: list[Range] = []
    for listener in listeners:
        is_refused = outbound.is_refused(listener)
        for networks, chain in _told(listener):
            goes_on = chain is not None and not is_refused and outbound.goes_on(chain, listener.port)
            told = onward if goes_on else elsewhere
            told += [network_range(version, first, length) for of, first, length in networks if of == version]
    return subtract(merge(onward), merge(elsewhere))


def service_agrees(comparison: Comparison, port: int, address: Address) -> bool:
    """Whether all that is said to an address that nobody is granted ends at a Service."""
    found = comparison.outbound.at(address, port)
    if len(found) != 1 or len(found[0].chains) != 1 or not comparison.outbound.passes_all(found[0], address):
        return False
    (chain,) = found[0].chains.values()
    dialled = comparison.outbound.named(address)
    return (
        not chain.route
        and not comparison.intent.by_name("tcp", dialled, port)
        and comparison.agrees("tcp", dialled, port, chain.clusters)
    )


def told_ranges(listener: Listener, version: int) -> Iterator[Range]:
    """The addresses that a listener tells from others: its own, and the networks of its chains."""
    for networks, _ in _told(listener):
        for of, first, length in networks:
            if of == version:
                yield network_range(version, first, length)


def _told(listener: Listener) -> Iterator[tuple[Iterable[Network], Chain | None]]:
    """What a listener tells from others, and the chain that takes it; None where that may be one of several."""
    chains = listener.chains.values()
    own = [(version, number, BITS[version]) for version, number in _addresses(listener)]
    if own:
        chain = next(iter(chains), None)
        yield own, chain if chain is not None and len(chains) == 1 and chain.matches_all else None
    for chain in chains:
        if chain.ranges:
            yield chain.ranges, None if own else chain


def _addresses(listener: Listener) -> Iterator[Address]:
    """The single addresses of a listener; none for one of a wildcard address."""
    for text in listener.addresses:
        address = parse_address(text)
        if address is not None and address[1]:
            yield address
