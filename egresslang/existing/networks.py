"""Networks: the addresses that ServiceEntries let through, as ranges of what a policy would grant."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.existing.inspected import Inspected
from egresslang.mesh.addresses import Network, parse_network
from egresslang.mesh.resources import ServiceEntry
from egresslang.ranges import BITS, Range, network_range


def networks(inspected: Inspected) -> Iterator[tuple[ServiceEntry, int, Network]]:
    """Each address and network of an entry that passes on what the client dialled, and its place among the addresses."""
    for entry in inspected.resources.service_entries:
        for at, text in enumerate(entry.addresses if entry.resolution == "NONE" and entry.ports else ()):
            network = parse_network(text)
            if network is not None:
                yield entry, at, network


def range_of(network: Network) -> Range:
    """First and last address."""
    return network_range(*network)


def size(network: Network) -> int:
    """How many addresses."""
    return 1 << (BITS[network[0]] - network[2])
