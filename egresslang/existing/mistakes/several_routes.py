"""EGR630 several-routes: two VirtualServices of the sidecars about one host: one of them is never looked at."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import asking, below, flow
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.resources import VirtualService

CODE = codes.SEVERAL_ROUTES


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each VirtualService but the oldest of a host that some namespace sees both of."""
    by_host: dict[str, list[VirtualService]] = {}
    for virtual in inspected.mesh.registry().virtual_services:
        if not virtual.gateways or "mesh" in virtual.gateways:
            for host in virtual.hosts:
                by_host.setdefault(host, []).append(virtual)
    for host, several in by_host.items():
        for at, younger in enumerate(several):
            older = next((each for each in several[:at] if _meet(inspected, each, younger)), None)
            if older is None:
                continue
            asked = flow(inspected, *asking(inspected, younger.origin.namespace, host), "http", below(host), 80)
            yield finding(
                CODE, place(younger.origin, "spec", "hosts", younger.hosts.index(host)), f"{younger.origin} may not hold for `{host}`",
                "routed by another one too", [Label(place(older.origin, "spec", "hosts", older.hosts.index(host)), "the older one, or the first by name, holds")],
                asked.notes, "put the routes of both into one VirtualService",
            )  # fmt: skip


def _meet(inspected: Inspected, first: VirtualService, second: VirtualService) -> bool:
    one, other = (set(each.export_to or inspected.config.virtual_service_export_to) for each in (first, second))
    owns = ((one, first), (other, second))
    one, other = ({each.origin.namespace if to == "." else to for to in said} for said, each in owns)
    return "*" in one | other or bool(one & other)
