"""EGR637 not-on-gateway: a VirtualService about a host outside the mesh for a Gateway that is not there, or does not have the host."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.gateways import Gateway
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.resources import VirtualService
from egresslang.suggest import nearest

CODE = codes.NOT_ON_GATEWAY

_MESH = "mesh"
_OF_GATEWAY_API = "~"
"""What only names that istiod gives to Gateways of the Gateway API have in them."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each Gateway that such a VirtualService names in vain; one of a namespace of which no Gateway is given may be there."""
    for virtual in inspected.resources.virtual_services:
        hosts = (
            [each for each in virtual.hosts if any(True for _ in _entries(inspected, each))] if virtual.gateways else []
        )
        for at, named in enumerate(virtual.gateways if hosts else ()):
            if named == _MESH or _OF_GATEWAY_API in named:
                continue
            namespace, slash, name = named.rpartition("/")
            key = (namespace if slash else virtual.origin.namespace), name
            gateway = inspected.gateways.get(key)
            if gateway is None and not _is_missing(inspected, key[0]):
                continue
            lost = [each for each in hosts if gateway is None or not gateway.serves(each, virtual.origin.namespace)]
            if lost:
                yield _finding(inspected, virtual, at, key, gateway, lost[0])


def _entries(inspected: Inspected, host: str) -> Iterator[object]:
    """What is registered outside the mesh under a host of a VirtualService."""
    for each in inspected.mesh.registry().matching(host):
        if not each.in_mesh:
            yield each


def _is_missing(inspected: Inspected, namespace: str) -> bool:
    """Whether a Gateway would be among the manifests if it were there."""
    is_no_namespace = bool(inspected.namespaces) and namespace not in inspected.namespaces
    return is_no_namespace or any(each == namespace for each, _ in inspected.gateways)


def _finding(
    inspected: Inspected, virtual: VirtualService, at: int, key: tuple[str, str], gateway: Gateway | None, host: str
) -> Finding:
    known = ["/".join(each) for each in inspected.gateways]
    if gateway is None:
        near = nearest("/".join(key), known, 0.8)
        message, label = f"there is no Gateway `{'/'.join(key)}`", "nothing declares it"
        related, help = [], f"write `{near}`" if near else "declare it, or name another one"
    else:
        message, label = f"Gateway `{'/'.join(key)}` does not have `{host}`", "none of its servers has the host"
        where = gateway.manifest_span["metadata"]["name"]
        related, help = [Label(where.span, "this one")], f"add `{host}` to the `hosts` of a server of it"
    return finding(
        CODE, place(virtual.origin, "spec", "gateways", at), message, label, related,
        [f"what comes to the gateway for `{host}` finds no route there: 404, or a closed connection"], help,
    )  # fmt: skip
