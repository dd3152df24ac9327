"""Gateways: where VirtualServices have them lead requests, and whether they know that place.

Gateways themselves are not modelled: which servers they have, and what they do with a request that gets there.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.mesh.read import is_gateway
from egresslang.mesh.registry import Registry
from egresslang.mesh.resources import Destination, HTTPRoute, RawRoute, VirtualService


def led(registry: Registry) -> Iterator[tuple[VirtualService, Destination]]:
    """The destinations to which gateways lead, each with the VirtualService that says so."""
    for virtual in registry.virtual_services:
        routes: tuple[HTTPRoute | RawRoute, ...] = (*virtual.http, *virtual.tls, *virtual.tcp)
        for route in routes:
            own = {gateway for match in route.matches for gateway in match.gateways}
            if (own or {*virtual.gateways}) - {"mesh"}:
                yield from ((virtual, each) for each in route.destinations)


def namespaces(registry: Registry) -> list[str]:
    """The namespaces that have a Service of a gateway."""
    found = (each.origin.namespace for each in registry.resources.services if is_gateway(dict(each.selector), {}))
    return sorted(set(found))


def knows(registry: Registry, namespace: str, where: Destination) -> bool:
    """Whether the gateways of a namespace have a cluster for a destination: it is exported to them, with its port."""
    return any(
        each.host == where.host
        and not {"*", namespace}.isdisjoint(each.namespace if to == "." else to for to in each.export_to)
        and (not where.port or each.port(where.port) is not None)
        for each in registry.services
    )
