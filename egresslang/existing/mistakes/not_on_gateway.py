"""EGR639 not-on-gateway: a VirtualService about a host outside the mesh for a Gateway that does not have the host."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.gateways import Gateway, resolve
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.resources import VirtualService

CODE = codes.NOT_ON_GATEWAY


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each Gateway among the manifests that such a VirtualService names in vain."""
    for virtual in inspected.resources.virtual_services if inspected.gateways else ():
        hosts = [each for each in virtual.hosts if virtual.gateways and _is_outside(inspected, each)]
        for at, named in enumerate(virtual.gateways if hosts else ()):
            gateway = inspected.gateways.get(resolve(named, virtual.origin.namespace))
            if gateway is None:
                continue
            lost = [each for each in hosts if not gateway.serves(each, virtual.origin.namespace)]
            if lost:
                yield _finding(virtual, at, gateway, lost[0])


def _is_outside(inspected: Inspected, host: str) -> bool:
    """Whether something outside the mesh is registered under a host of a VirtualService."""
    return any(not each.in_mesh for each in inspected.mesh.registry().matching(host))


def _finding(virtual: VirtualService, at: int, gateway: Gateway, host: str) -> Finding:
    name = gateway.manifest["metadata"]["name"]
    return finding(
        CODE, place(virtual.origin, "spec", "gateways", at), f"Gateway `{gateway.namespace}/{gateway.name}` does not have `{host}`",
        "none of its servers has the host", [Label(name.span, "this one")],
        [f"what comes to the gateway for `{host}` finds no route there: 404, or a closed connection"],
        f"add `{host}` to the `hosts` of a server of it",
    )  # fmt: skip
