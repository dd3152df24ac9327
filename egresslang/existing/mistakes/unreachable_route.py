"""EGR638 unreachable-route: a route of a VirtualService that an earlier one leaves nothing for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from egresslang import codes
from egresslang.documents import Located
from egresslang.existing.coverage import covers, covers_connection
from egresslang.existing.flow import asking, below, flow
from egresslang.existing.inspected import Inspected
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.resources import VirtualService

CODE = codes.UNREACHABLE_ROUTE


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each route, and each match of one, all of which an earlier route takes; a match twice in one route changes nothing."""
    for virtual in inspected.resources.virtual_services:
        manifest = virtual.origin.manifest_span
        for kind in ("http", "tls", "tcp") if manifest is not None else ():
            several = manifest.get("spec", kind) if manifest is not None else None
            if several is not None and len(several.value) > 1:
                yield from _of(inspected, virtual, kind, list(several.entries()))


def _of(inspected: Inspected, virtual: VirtualService, kind: str, several: Sequence[Located]) -> Iterator[Finding]:
    takes = covers if kind == "http" else covers_connection
    earlier: list[tuple[Mapping[str, Any], Located]] = []
    for route in several:
        asked = route.value.get("match") or [{}]
        takers = [next((by for match, by in earlier if takes(match, each, virtual.gateways)), None) for each in asked]
        if all(takers):
            yield _finding(
                inspected, virtual, kind, route, _place(route), takers[0], "no request is left for this route"
            )
        else:
            for at, taker in enumerate(takers):
                if taker is not None:
                    place = route["match"][at]
                    yield _finding(inspected, virtual, kind, route, place, taker, "no request is left for this match")
        earlier += [(each, route) for each in asked]


def _place(route: Located) -> Located:
    match = route.get("match")
    return route if match is None or not match.value else match[0]


def _finding(
    inspected: Inspected, virtual: VirtualService, kind: str, route: Located, place: Located, taker: Located | None, message: str
) -> Finding:  # fmt: skip
    assert taker is not None, "an earlier route takes it all"
    notes = [f"it would have led to {_destinations(route)}, and leads to {_destinations(taker)}"]
    if not virtual.gateways or "mesh" in virtual.gateways:
        host = next(iter(virtual.hosts), "")
        held = inspected.mesh.registry().by_host.get(host, {})
        ports = [port.number for each in held.values() for port in each.ports] or [80 if kind == "http" else 443]
        pod = asking(inspected, virtual.origin.namespace, host)
        notes += flow(inspected, *pod, "http" if kind == "http" else "tls", below(host), ports[0]).notes
    return finding(
        CODE, place.heading, message, "an earlier route takes all that it asks for", [Label(_place(taker).heading, "this one")], notes,
        "put the narrower route first, or remove it",
    )  # fmt: skip


def _destinations(route: Located) -> str:
    hosts = [
        str(host.value)
        for each in (route["route"].entries() if route.get("route") is not None else ())
        if (host := each.get("destination", "host")) is not None
    ]
    return " and ".join(f"`{host}`" for host in dict.fromkeys(hosts)) or "an answer of the sidecar's own"
