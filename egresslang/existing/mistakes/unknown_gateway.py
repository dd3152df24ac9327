"""EGR637 unknown-gateway: a VirtualService for a gateway that is not declared: it holds for nobody."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import asking, below, flow
from egresslang.existing.gateways import resolve
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, Label, finding
from egresslang.suggest import nearest

CODE = codes.UNKNOWN_GATEWAY

_MESH = "mesh"


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


def _is_known(inspected: Inspected, key: tuple[str, str], written: str) -> bool:
    """Whether a Gateway would be among the manifests if it were there."""
    if any(each[0] == key[0] for each in inspected.gateways):
        return True
    return written == key[1] and any(each[1] == written for each in inspected.gateways)
