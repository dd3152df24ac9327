"""EGR637 unknown-gateway: a VirtualService for a gateway that is not declared, or that no pods are: it holds for nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from egresslang import codes
from egresslang.existing.flow import asking, below, flow
from egresslang.existing.gateways import resolve
from egresslang.existing.inspected import Inspected, has_proxy, name_of, place
from egresslang.findings import Finding, Label, finding
from egresslang.suggest import nearest

CODE = codes.UNKNOWN_GATEWAY

_MESH = "mesh"
_LABEL = "istio"
_INGRESS = "ingressgateway"
"""What comes into the mesh goes through these; that they are known says nothing of those for what leaves it."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each gateway that is named and not there, where Gateways of its namespace are known, or one of its name elsewhere."""
    gateways = inspected.gateways
    for virtual in inspected.resources.virtual_services if gateways else ():
        for at, written in enumerate(virtual.gateways):
            key = resolve(written, virtual.origin.namespace)
            if written == _MESH or key in gateways or not _is_known(inspected, key, written):
                continue
            host = next(iter(virtual.hosts), "")
            pod = asking(inspected, virtual.origin.namespace, host)
            asked = flow(inspected, *pod, "http" if virtual.http else "tls", below(host), 80 if virtual.http else 443)
            near = nearest("/".join(key), ("/".join(each) for each in gateways), 0.8) or next(
                ("/".join(each) for each in gateways if each[1] == key[1]), ""
            )
            meant = gateways.get(tuple(near.split("/"))) if near else None  # type: ignore[arg-type]
            yield finding(
                CODE, place(virtual.origin, "spec", "gateways", at), f"{virtual.origin} is for `{written}`, which is not declared",
                f"no Gateway `{key[0]}/{key[1]}`", [] if meant is None else [Label(meant.manifest["metadata"]["name"].span, "is this one meant?")],
                asked.notes, f"write `{near}`" if near else f"declare the Gateway, or write `{_MESH}` for sidecars",
            )  # fmt: skip
    yield from _without_pods(inspected)


def _without_pods(inspected: Inspected) -> Iterator[Finding]:
    """Each Gateway for hosts outside the mesh whose selector no pod carries, though pods of other gateways are known."""
    clients = inspected.asked.clients.values() if inspected.gateways else ()
    proxies = [each for each in clients if has_proxy(each) and each.pod.labels.get(_LABEL, _INGRESS) != _INGRESS]
    used = {
        resolve(named, virtual.origin.namespace): virtual
        for virtual in inspected.resources.virtual_services
        if any(not each.in_mesh for host in virtual.hosts for each in inspected.mesh.registry().matching(host))
        for named in virtual.gateways
    }
    for key, gateway in inspected.gateways.items() if proxies else ():
        selector = gateway.manifest.get("spec", "selector")
        labels = selector.value if selector is not None and isinstance(selector.value, dict) else {}
        virtual = used.get(key)
        if virtual is None or not labels or _is_carried(inspected, labels):
            continue
        near = next((each for each in proxies if _LABEL in labels), None)
        if near is None or selector is None:
            continue
        yield finding(
            CODE, selector[_LABEL].span, f"no pod is Gateway `{key[0]}/{key[1]}`", "none carries this", [Label(name_of(near.origin), f"this has `{_LABEL}: {near.pod.labels[_LABEL]}`")] if near.origin else [],
            [f"what is led to the gateway for `{virtual.hosts[0]}` finds nothing that listens: the connection is refused"],
            f"write `{_LABEL}: {near.pod.labels[_LABEL]}`",
        )  # fmt: skip


def _is_carried(inspected: Inspected, labels: Mapping[str, object]) -> bool:
    return any(labels.items() <= each.pod.labels.items() for each in inspected.asked.clients.values())


def _is_known(inspected: Inspected, key: tuple[str, str], written: str) -> bool:
    """Whether a Gateway would be among the manifests if it were there."""
    if any(each[0] == key[0] for each in inspected.gateways):
        return True
    return written == key[1] and any(each[1] == written for each in inspected.gateways)
