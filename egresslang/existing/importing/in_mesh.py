"""In-mesh: what a Sidecar keeps of the mesh itself, as a policy and a profile say it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Set

from egresslang.mesh.resources import ServiceEntry, Sidecar

ALL = "*/*"
"""Every Service of the mesh."""

Kept = frozenset[str]
"""Services as `namespace/name`, `namespace/*`, or ALL."""


def kept(sidecar: Sidecar | None, namespace: str, cluster_domain: str) -> Kept:
    """The Services that a workload of a namespace keeps by its Sidecar; all of them without one."""
    if sidecar is None or not sidecar.egress:
        return frozenset((ALL,))
    return listed((host for egress in sidecar.egress for host in egress.hosts), namespace, cluster_domain)


def listed(hosts: Iterable[str], namespace: str, cluster_domain: str) -> Kept:
    """The Services among what a Sidecar, or the `inMesh` of a profile, lists for workloads of a namespace."""
    found = set(filter(None, (_service(each, namespace, cluster_domain) for each in hosts)))
    if ALL in found:
        return frozenset((ALL,))
    return frozenset(each for each in found if each.endswith("/*") or f"{each.partition('/')[0]}/*" not in found)


def _service(listed: str, own: str, cluster_domain: str) -> str:
    """What an entry of a Sidecar keeps of the mesh; empty where it is about something else."""
    where, _, host = listed.partition("/")
    where = own if where == "." else where
    if where.startswith("~") or not host:
        return ""
    ending = f".svc.{cluster_domain}"
    if host == "*" or (host.startswith("*.") and f"*{ending}".endswith(host[1:])):
        return f"{where}/*"
    if not host.endswith(ending):
        return ""
    name, _, namespace = host.removesuffix(ending).rpartition(".")
    if not name or where not in ("*", namespace):
        return ""
    return f"{namespace}/{name}"


def internal(entries: Iterable[ServiceEntry], imported: Collection[tuple[str, Set[str]]]) -> list[str]:
    """Hosts of ServiceEntries inside the mesh that everybody imports who can, as the `inMesh` of a profile lists them.

    `imported` are the hosts of the mesh that workloads import, with their namespaces. Who of a namespace has one has it as
    all others there.
    """
    found = []
    for entry in entries if imported else ():
        for host in entry.hosts if entry.internal else ():
            spaces = {namespace for namespace, hosts in imported if host in hosts}
            if spaces and all(host in hosts for namespace, hosts in imported if namespace in spaces):
                found.append(f"{entry.origin.namespace}/{host}")
    return sorted(set(found))


def of_profile(services: Kept, own: str, cluster_domain: str) -> list[str]:
    """The `inMesh` of a profile for these, where `own` is any other namespace."""
    return sorted(_listed(each, own, cluster_domain) for each in services)


def _listed(service: str, own: str, cluster_domain: str) -> str:
    namespace, _, name = service.partition("/")
    if namespace == "*":
        return f"*/*.svc.{cluster_domain}"
    if namespace == own:
        return f"./*.svc.{cluster_domain}"
    return f"{namespace}/{name}.{namespace}.svc.{cluster_domain}"


def in_words(services: Kept, namespaces: Iterable[str]) -> Iterator[str]:
    """The services of a `mesh` line; of all namespaces those that are known."""
    for each in sorted(services):
        if each == ALL:
            yield from (f"{namespace}/*" for namespace in namespaces)
        else:
            yield each
