"""EGR305 any-address in a ServiceEntry: a network that is every address, or half of them."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import flow, reader, spoken
from egresslang.existing.inspected import Inspected, place
from egresslang.existing.networks import networks
from egresslang.findings import Finding, finding
from egresslang.mesh.addresses import starts_at_zero

CODE = codes.ANY_ADDRESS


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each network of /0 or /1; those that start at 0.0.0.0 istiod takes for the wildcard address, of whatever length."""
    for entry, at, network in networks(inspected):
        text = entry.addresses[at]
        if network[2] > 1 and not starts_at_zero(text):
            continue
        port = entry.ports[0]
        asked = flow(inspected, *reader(inspected, entry), spoken(port.protocol), entry.hosts[0], port.number)
        label = "every address there is" if network[2] == 0 else "half of all addresses"
        if starts_at_zero(text) and network[2] > 0:
            label = "taken for every address, as it starts at 0.0.0.0"
        yield finding(
            CODE, place(entry.origin, "spec", "addresses", at), f"`{text}` is open to any address on port {port.number}", label,
            notes=asked.notes, help="write the networks that are meant; `mode: ALLOW_ANY` says that everything is",
        )  # fmt: skip
