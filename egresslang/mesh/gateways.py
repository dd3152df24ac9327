"""Gateways: where VirtualServices have them lead requests, and whether they know that place.

Gateways themselves are not modelled: which servers they have, and what they do with a request that gets there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from egresslang.mesh.read import is_gateway
from egresslang.mesh.registry import Registered, Registry, overlaps
from egresslang.mesh.resources import Destination, HTTPRoute, RawRoute, VirtualService


class Gateways:
    """The gateways of a mesh, as istiod configures them at one of its starts."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @cached_property
    def led(self) -> tuple[tuple[VirtualService, Destination], ...]:
        """The destinations to which gateways lead, each with the VirtualService that says so."""
        return tuple(_led(self._registry.virtual_services))

    @cached_property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that have a Service of a gateway, in order."""
        services = self._registry.resources.services
        found = {each.origin.namespace for each in services if is_gateway(dict(each.selector), {})}
        return tuple(sorted(found))

    def are_behind(self, service: Registered) -> bool:
        """Whether a service may be that of gateways: a Kubernetes Service in a namespace of theirs."""
        return service.kubernetes and service.namespace in self.namespaces

    def beyond(self, name: str) -> list[Destination]:
        """Where gateways lead requests for a name."""
        return [where for virtual, where in self.led if any(overlaps(each, name) for each in virtual.hosts)]

    def known(self, namespace: str, where: Destination) -> list[Registered]:
        """The services that gateways of a namespace know for a destination: exported to them, with its port."""
        return [
            each
            for each in self._registry.matching(where.host)
            if each.host == where.host
            and not {"*", namespace}.isdisjoint(each.namespace if to == "." else to for to in each.export_to)
            and (not where.port or each.port(where.port) is not None)
        ]


def _led(virtual_services: Iterable[VirtualService]) -> Iterator[tuple[VirtualService, Destination]]:
    for virtual in virtual_services:
        routes: tuple[HTTPRoute | RawRoute, ...] = (*virtual.http, *virtual.tls, *virtual.tcp)
        for route in routes:
            own = {gateway for match in route.matches for gateway in match.gateways}
            if (own or {*virtual.gateways}) - {"mesh"}:
                yield from ((virtual, each) for each in route.destinations)
