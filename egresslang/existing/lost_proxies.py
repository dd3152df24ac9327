"""Lost proxies: Sidecars that send all that nobody registered to an `egressProxy` which their pods do not know."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import FRESH, by_pods_of
from egresslang.existing.inspected import Inspected, name_of, place
from egresslang.existing.known import in_cluster, is_known
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.outbound import LOST
from egresslang.suggest import one_of


def lost_proxies(inspected: Inspected) -> Iterator[Finding]:
    """Each such Sidecar, unless what is wrong is that it lists what nobody declares."""
    for sidecar in inspected.resources.sidecars:
        proxy = sidecar.policy.proxy if sidecar.policy is not None else None
        if proxy is None:
            continue
        held = inspected.mesh.registry().by_host.get(proxy.host, {})
        if not held and (_is_listed(inspected, proxy.host) or _may_be_there(inspected, proxy.host)):
            continue
        asked = by_pods_of(inspected, sidecar, "tls", FRESH, 443)
        if asked.verdict.verdict != LOST:
            continue
        numbers = sorted({port.number for each in held.values() for port in each.ports})
        is_port = bool(numbers) and proxy.port not in numbers
        key = ("port", "number") if is_port else ("host",)
        if is_port:
            label, help = f"it has {one_of(map(str, numbers))}", f"write {one_of(map(str, numbers))}"
        elif held:
            namespace = next(iter(held))
            label, help = "no list of its pods has it", f'list `"{namespace}/{proxy.host}"` under `egress`'
        else:
            label, help = "nothing declares it", "declare it in a ServiceEntry, and list it under `egress`"
        what = (
            f"`{proxy.host}` has no port {proxy.port}" if is_port else f"`{proxy.host}` is no proxy that its pods know"
        )
        declared = [Label(name_of(each.origin), "it is declared here") for each in held.values()]
        yield finding(
            codes.MISSING_CLUSTER, place(sidecar.origin, "spec", "outboundTrafficPolicy", "egressProxy", *key), what, label, declared, asked.notes, help
        )  # fmt: skip


def _is_listed(inspected: Inspected, host: str) -> bool:
    return any(True for _ in inspected.imports.listing(host))


def _may_be_there(inspected: Inspected, host: str) -> bool:
    """Whether a host is one of the cluster, of whose Services nothing is known, or named where something is not read."""
    return host in inspected.unsettled or (in_cluster(inspected, host) and not is_known(inspected, host))
