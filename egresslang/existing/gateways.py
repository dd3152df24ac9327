"""Gateways: what the Gateways of Istio among manifests listen for, as VirtualServices name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang.documents import Located
from egresslang.mesh.read import VERSIONS
from egresslang.mesh.registry import overlaps
from egresslang.record import record


@record
class Gateway:
    """A Gateway: its hosts, each with the namespace of the VirtualServices that it is for, `*` for all, and its manifest."""

    namespace: str
    name: str
    hosts: tuple[tuple[str, str], ...]
    manifest: Located

    def serves(self, host: str, namespace: str) -> bool:
        """Whether a server of it has a host that meets one of a VirtualService of a namespace (vsHostInGateway of istioctl)."""
        return any(where in ("*", namespace) and overlaps(host.lower(), each.lower()) for where, each in self.hosts)


def is_gateway(document: Located) -> bool:
    """Whether a document is a Gateway of Istio, not one of the Gateway API."""
    value = document.value
    return isinstance(value, dict) and value.get("kind") == "Gateway" and value.get("apiVersion") in VERSIONS


def resolve(written: str, namespace: str) -> tuple[str, str]:
    """Namespace and name of the Gateway that a VirtualService of a namespace names (ResolveGatewayName of Istio)."""
    where, slash, name = written.partition("/")
    if slash:
        return namespace if where == "." else where, name
    name, dot, where = written.partition(".")
    return (where.partition(".")[0] if dot else namespace), name


def gateways(manifests: Iterable[Located]) -> dict[tuple[str, str], Gateway]:
    """Some Gateways of Istio by namespace and name."""
    found = {}
    for each in manifests:
        name, namespace = each.get("metadata", "name"), each.get("metadata", "namespace")
        if name is not None:
            where = "default" if namespace is None else str(namespace.value)
            found[where, str(name.value)] = Gateway(where, str(name.value), tuple(_hosts(each, where)), each)
    return found


def _hosts(manifest: Located, namespace: str) -> Iterator[tuple[str, str]]:
    servers = manifest.get("spec", "servers")
    for server in servers.value if servers is not None and isinstance(servers.value, list) else ():
        for text in server.get("hosts") or () if isinstance(server, dict) else ():
            where, slash, host = str(text).partition("/")
            yield ("*", where) if not slash else (namespace if where == "." else where, host)
