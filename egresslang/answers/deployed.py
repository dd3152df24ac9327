"""Deployed: the mesh that given manifests make, whoever wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from egresslang.answers.asked_mesh import AskedMesh, Client
from egresslang.documents import Located
from egresslang.findings import Finding
from egresslang.mesh.listeners import Pod
from egresslang.mesh.mesh import Mesh, allocated
from egresslang.mesh.read import joined, read, unfolded
from egresslang.mesh.resources import MeshConfig, Resources
from egresslang.policy.standing import standings
from egresslang.verify.installed import Installed, installed

if TYPE_CHECKING:
    from egresslang.profile.profile import ClusterProfile


def ask_manifests(documents: Sequence[Located], profile: ClusterProfile | None) -> tuple[AskedMesh, list[Finding]]:
    """The mesh of some documents; a profile adds its workloads, its facts and what else stands in the cluster.

    An installation among the documents says more than the profile, and that more than Istio's defaults.
    """
    documents = list(unfolded(documents))
    default, families = Installed(MeshConfig(), True), None
    if profile is not None:
        from egresslang.answers.compiled import clients, of_profile, stranger
        from egresslang.verify.verify import standing

        default, families = of_profile(profile), stranger(profile).families
    settled, found = installed(documents, default)
    config = settled.config
    resources, problems = read(documents, config.cluster_domain)
    found += problems
    known: list[Client] = []
    if profile is not None:
        existing, problems = standing(profile)
        found += problems
        known = clients(None, profile)
        resources = joined(resources, existing)
    if config.dns_capture and settled.allocates:
        resources = allocated(resources)
    like = Pod("", {}, config.dns_capture, families or _families(resources))
    every = {(each.namespace, each.name): each for each in (*known, *_clients(documents, config.cluster_domain, like))}
    return AskedMesh(
        Mesh(resources, config),
        every.values(),
        default_namespace="default" if profile is None else profile.default_namespace,
        stranger=like,
        capture=settled.capture,
        mode_span=settled.mode_span,
        is_complete=bool(resources.workloads) or (profile is not None and profile.namespaces is not None),
    ), found


def _families(resources: Resources) -> tuple[int, ...]:
    """The IP versions of pods, their own first: both where the cluster's Services have any IPv6 address."""
    versions = {6 if ":" in address else 4 for service in resources.services for address in service.addresses}
    if 6 not in versions:
        return (4,)
    return (4, 6) if 4 in versions else (6, 4)


def _clients(documents: Iterable[Located], cluster_domain: str, like: Pod) -> Iterator[Client]:
    for each in standings(documents, cluster_domain, "default"):
        pod = Pod(each.namespace, each.labels, like.dns_capture, like.families)
        yield Client(each.namespace, each.name, pod, each.workload.annotations, each.uncaptured, each.workload.origin)
