"""EGR310 covers-cluster in a ServiceEntry: a network that holds addresses of the cluster's own Services."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import flow, reader, spoken
from egresslang.existing.inspected import Inspected, name_of, place
from egresslang.existing.networks import networks, range_of
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.addresses import parse_address
from egresslang.mesh.resources import Service

CODE = codes.COVERS_CLUSTER


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each network over the address of a Service that has the port."""
    own: dict[int, list[tuple[int, int, Service]]] = {4: [], 6: []}
    for at, service in enumerate(inspected.resources.services):
        for text in service.addresses:
            address = parse_address(text)
            if address is not None:
                own[address[0]].append((address[1], at, service))
    for found in own.values():
        found.sort(key=lambda each: each[:2])
    for entry, at, network in networks(inspected):
        first, last = range_of(network)
        inside = own[network[0]]
        start = bisect_left(inside, first, key=lambda each: each[0])
        if start == len(inside) or inside[start][0] > last:
            continue
        number, _, service = inside[start]
        port = entry.ports[0]
        asked = flow(
            inspected,
            *reader(inspected, entry),
            spoken(port.protocol),
            entry.hosts[0],
            port.number,
            (network[0], number),
        )
        yield finding(
            CODE, place(entry.origin, "spec", "addresses", at), f"`{entry.addresses[at]}` overlaps the cluster's own addresses",
            f"{service.origin} is in it", [Label(name_of(service.origin), "its address lies there")], asked.notes,
            "write the networks outside the cluster",
        )  # fmt: skip
