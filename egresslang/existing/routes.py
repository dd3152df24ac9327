"""Routes: where the VirtualServices of the sidecars lead, each destination with the place it is written at."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.documents import Located
from egresslang.existing.inspected import Inspected
from egresslang.mesh.resources import VirtualService
from egresslang.record import record


@record
class Route:
    """One destination: whose it is, the host as it is written and as it is meant, its port (0 unsaid) and subset, and where.

    `by_sidecars` unless its matches name gateways alone; `asked_ports` are those its matches ask for, none where one asks for any.
    """

    virtual: VirtualService
    kind: str
    written: str
    host: str
    port: int
    subset: str
    place_span: Located
    by_sidecars: bool = True
    asked_ports: tuple[int, ...] = ()


def routes(inspected: Inspected) -> Iterator[Route]:
    """Every destination of the VirtualServices that sidecars know, mirrors too."""
    for virtual in inspected.resources.virtual_services:
        manifest = virtual.origin.manifest_span
        if manifest is None or (virtual.gateways and "mesh" not in virtual.gateways):
            continue
        for kind in ("http", "tls", "tcp"):
            every = manifest.get("spec", kind)
            for route in every.entries() if every is not None else ():
                about = _is_by_sidecars(route), _asked_ports(route)
                for destination in _destinations(route):
                    yield from _read(inspected, virtual, kind, destination, *about)


def _destinations(route: Located) -> Iterator[Located]:
    for key in ("route", "mirrors"):
        several = route.get(key)
        for each in several.entries() if several is not None else ():
            destination = each.get("destination")
            if destination is not None:
                yield destination
    mirror = route.get("mirror")
    if mirror is not None:
        yield mirror


def _is_by_sidecars(route: Located) -> bool:
    matches = route.get("match")
    named = [] if matches is None else [each.get("gateways") for each in matches.entries()]
    return not named or any(each is None or not each.value or "mesh" in each.value for each in named)


def _asked_ports(route: Located) -> tuple[int, ...]:
    matches = route.get("match")
    every = [] if matches is None else [each.get("port") for each in matches.entries()]
    said = tuple(each.value for each in every if each is not None)
    return said if len(said) == len(every) else ()


def _read(
    inspected: Inspected,
    virtual: VirtualService,
    kind: str,
    destination: Located,
    by_sidecars: bool,
    asked_ports: tuple[int, ...],
) -> Iterator[Route]:
    host, port, subset = destination.get("host"), destination.get("port", "number"), destination.get("subset")
    if host is None:
        return
    yield Route(
        virtual,
        kind,
        host.value,
        whole_name(inspected, host.value, virtual.origin.namespace),
        0 if port is None else port.value,
        "" if subset is None else subset.value,
        destination,
        by_sidecars,
        asked_ports,
    )


def whole_name(inspected: Inspected, host: str, namespace: str) -> str:
    """A short name as that of a Service of the namespace."""
    return host if "." in host or "*" in host else f"{host}.{namespace}.svc.{inspected.config.cluster_domain}"
