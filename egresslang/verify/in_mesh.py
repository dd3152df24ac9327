"""In mesh: what works inside the mesh today keeps working under the manifests.

Services and internal ServiceEntries that stand in the cluster are asked for as pods reach them now, in today's mesh and
in the one that the manifests make. An entry whose selector matches none of the known pods has nothing behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.mesh import protocols
from egresslang.mesh.addresses import Address, parse_address
from egresslang.mesh.listeners import Pod, address_for
from egresslang.mesh.mesh import Mesh, Proxy
from egresslang.mesh.outbound import Request, Verdict
from egresslang.mesh.registry import NOWHERE, Registered
from egresslang.mesh.resources import Origin
from egresslang.mesh.scope import is_listed
from egresslang.policy.policy import ANY
from egresslang.profile.profile import ClusterProfile
from egresslang.record import record
from egresslang.verify.blocks import FRESH
from egresslang.verify.pods import Class
from egresslang.verify.tell import outcome


@record
class Kept:
    """A service of the mesh on one port, and a request that reaches it today."""

    service: Registered
    request: Request


def cut_off(pods: Iterable[Class], profile: ClusterProfile, today: Mesh) -> Iterator[Finding]:
    """A finding for each service that some pods reach today and would not any more."""
    origins = _internal(today, profile)
    if not origins:
        return
    told: set[Origin] = set()
    asked: set[object] = set()
    works: dict[object, list[Kept]] = {}
    for each in sorted(pods, key=lambda each: each.workload == ANY):
        ports, proxy = _ports(each), None
        for kept in _works(each.pod, today, origins, works):
            baseline = each.namespace, each.intent.in_mesh, kept.request
            if kept.service.origin in told or (kept.request.port not in ports and baseline in asked):
                continue
            asked.add(baseline)
            proxy = proxy or each.proxy
            verdict = proxy.ask(kept.request)
            if (verdict.host != kept.service.host or not verdict.reaches) and _is_wanted(kept.service, each, profile):
                told.add(kept.service.origin)
                yield _finding(kept, each, verdict, profile)


def _internal(mesh: Mesh, profile: ClusterProfile) -> set[Origin]:
    """The resources whose hosts are in the mesh, without those that select nothing."""
    found = {each.origin for each in mesh.resources.services}
    entries = [each for each in mesh.resources.service_entries if each.internal]
    if any(each.selector for each in entries):
        from egresslang.policy.standing import Standings

        known = Standings(profile)
        entries = [
            each
            for each in entries
            if not each.selector or not known.selects_nothing(each.origin.namespace, each.selector)
        ]
    return found | {each.origin for each in entries}


def _ports(pods: Class) -> set[int]:
    """The ports on which pods are granted anything: there the output may change what happens to others."""
    return {port for _, port in pods.intent.named} | set(pods.intent.addressed)


def _works(pod: Pod, today: Mesh, origins: set[Origin], known: dict[object, list[Kept]]) -> list[Kept]:
    """What works for a pod today; `known` for the others of its namespace that have the same Sidecar."""
    sidecar = today.sidecar(pod.namespace, pod.labels)
    key = pod.namespace, id(sidecar), tuple(sorted(pod.labels.items())) if today.resources.virtual_services else ()
    found = known.get(key)
    if found is None:
        found = known[key] = list(_kept(Proxy(today, pod, sidecar), origins))
    return found


def _kept(proxy: Proxy, origins: set[Origin]) -> Iterator[Kept]:
    for listener in proxy.scope.listeners:
        for service in listener.services:
            if service.origin in origins and service.resolution != "ALIAS":
                for request in _requests(service, proxy):
                    verdict = proxy.ask(request)
                    if verdict.host == service.host and verdict.reaches:
                        yield Kept(service, request)


def _requests(service: Registered, proxy: Proxy) -> Iterator[Request]:
    """A request to each port of a service, as those who know it make it."""
    for port in service.ports:
        address = _dialled(service, proxy)
        if port.protocol in protocols.HTTP:
            yield Request("http", service.host, address, port.number)
        elif port.protocol in protocols.TLS:
            yield Request("tls", service.host, address, port.number)
        elif port.protocol != "UDP":
            yield Request("tcp", "", address, port.number)


def _dialled(service: Registered, proxy: Proxy) -> Address:
    text = address_for(service, proxy.pod)
    if text == NOWHERE:
        behind = proxy.outbound.registry.endpoints
        key = service.host, service.namespace, service.ports[0].number
        text = next(iter(behind.get(key, [])), NOWHERE) if service.headless else NOWHERE
    address = None if text == NOWHERE else parse_address(text.partition("/")[0])
    version = proxy.pod.families[0]
    return address or (version, FRESH[version][0])


def _is_wanted(service: Registered, pods: Class, profile: ClusterProfile) -> bool:
    """Whether pods should keep a service: it is on their list, or nobody has said what the list is."""
    default = (f"*/*.svc.{profile.cluster_domain}",)
    listed = pods.intent.in_mesh
    return listed == default or is_listed(service, listed, pods.namespace)


def _finding(kept: Kept, pods: Class, verdict: Verdict, profile: ClusterProfile) -> Finding:
    service = kept.service
    listed = is_listed(service, pods.intent.in_mesh, pods.namespace)
    entry = f"{service.namespace}/{service.host}"
    return finding(
        codes.CUT_OFF,
        service.origin.place or profile.span,
        f"{pods} would be cut off from `{service.host}:{kept.request.port}`, which works today",
        "stands in the cluster",
        notes=[f"under the manifests: {outcome(verdict)}"],
        help="report this as a bug of egressc, with the policy"
        if listed and not verdict.because
        else "change the rule that takes its place"
        if listed
        else f'add `"{entry}"` to `inMesh` in the profile, or to a `mesh` line',
    )
