"""EGR628 route-around: a VirtualService that leads pods to a ServiceEntry which their Sidecar does not list."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import below, flow, whose
from egresslang.existing.inspected import Inspected, name_of
from egresslang.existing.routes import Route, routes
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.outbound import ALLOWED
from egresslang.mesh.resources import Sidecar

CODE = codes.ROUTE_AROUND


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each route to a host outside the mesh that opens it to a closed Sidecar of its namespace which lists others."""
    told: set[tuple[int, str]] = set()
    for route in routes(inspected):
        if route.host not in inspected.entries_of or route.kind != "http" or route.host in route.virtual.hosts:
            continue
        own = route.virtual.origin.namespace
        default = inspected.default_of(own)
        sidecars = inspected.sidecars_of.get(own, [])
        for sidecar in [*sidecars, *([default] if default is not None and default not in sidecars else [])]:
            key = id(route.virtual), route.host
            if (
                key in told
                or inspected.is_open(sidecar)
                or not sidecar.egress
                or _lists(inspected, sidecar, own, route.host)
            ):
                continue
            found = _opened(inspected, sidecar, route)
            if found is not None:
                told.add(key)
                yield found


def _lists(inspected: Inspected, sidecar: Sidecar, own: str, host: str) -> bool:
    """Whether a Sidecar imports a host by its list."""
    namespaces = {each.origin.namespace for each in inspected.entries_of[host]}
    return any(each.sidecar is sidecar for namespace in namespaces for each in inspected.imports.of(host, namespace))


def _opened(inspected: Inspected, sidecar: Sidecar, route: Route) -> Finding | None:
    namespace, labels = whose(inspected, sidecar)
    own = route.virtual.origin.namespace
    namespace = own if sidecar.origin.namespace != own else namespace
    for host in route.virtual.hosts:
        held = inspected.mesh.registry().by_host.get(host, {})
        ports = [port.number for each in held.values() for port in each.ports] or [80]
        asked = flow(inspected, namespace, labels, "http", below(host), ports[0])
        if asked.verdict.verdict == ALLOWED and asked.verdict.host == route.host:
            written = route.place_span.get("host")
            assert written is not None
            return finding(
                CODE, written.span, f"`{route.host}` is opened by a route", f"{sidecar.origin} does not list it",
                [Label(name_of(sidecar.origin), "the list that it goes around")], asked.notes,
                f"list `{route.host}` in the Sidecar if it is meant, or route to a host inside the mesh",
            )  # fmt: skip
    return None
