"""EGR310 covers-cluster in a ServiceEntry: an address or network that is, or holds, one of the cluster's own Services."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import Flow, flow, reader, spoken
from egresslang.existing.inspected import Inspected, name_of, place
from egresslang.existing.networks import networks, range_of
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.addresses import Address, parse_address
from egresslang.mesh.outbound import ALLOWED
from egresslang.mesh.resources import Service, ServiceEntry

CODE = codes.COVERS_CLUSTER


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each network over the address of a Service, and each address of a resolved host that takes what is meant for one."""
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
    yield from _taken(inspected)


def _taken(inspected: Inspected) -> Iterator[Finding]:
    """Each ClusterIP that a host has for itself, where a call to the Service is led to the host."""
    services = {
        address: each for each in inspected.resources.services for address in map(parse_address, each.addresses)
    }
    for entry in inspected.resources.service_entries if services else ():
        for at, text in enumerate(entry.addresses if entry.resolution != "NONE" else ()):
            address = parse_address(text)
            service = services.get(address)
            asked = None if address is None or service is None else _led_away(inspected, entry, service, address)
            if service is not None and asked is not None:
                yield finding(
                    CODE, place(entry.origin, "spec", "addresses", at), f"`{text}` is the address of {service.origin}",
                    f"what is meant for it goes to `{asked.verdict.host}`", [Label(name_of(service.origin), "its address")], asked.notes,
                    "write an address outside the cluster, or leave `addresses` out",
                )  # fmt: skip


def _led_away(inspected: Inspected, entry: ServiceEntry, service: Service, address: Address) -> Flow | None:
    """A call to a Service by its address that an entry takes; None where the Host or server name tells them apart."""
    name = f"{service.origin.name}.{service.origin.namespace}.svc.{inspected.config.cluster_domain}"
    numbers = {port.number for port in entry.ports}
    for port in service.ports if name not in entry.hosts else ():
        if port.number in numbers:
            asked = flow(inspected, *reader(inspected, entry), spoken(port.protocol), name, port.number, address)
            if asked.verdict.verdict == ALLOWED and asked.verdict.host in entry.hosts:
                return asked
    return None
