"""Deployed: the mesh that given manifests make, whoever wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from egresslang.answers.asked_mesh import AskedMesh, Client
from egresslang.documents import Located
from egresslang.findings import Finding
from egresslang.mesh.listeners import Pod
from egresslang.mesh.mesh import Mesh, allocated
from egresslang.mesh.read import joined, read, unfolded
from egresslang.mesh.resources import MeshConfig, Resources, Workload
from egresslang.verify.installed import Installed, installed

if TYPE_CHECKING:
    from egresslang.profile.profile import ClusterProfile

_INJECT = "sidecar.istio.io/inject"


def ask_manifests(documents: Sequence[Located], profile: ClusterProfile | None) -> tuple[AskedMesh, list[Finding]]:
    """The mesh of some documents; a profile adds its workloads, its facts and what else stands in the cluster.

    An installation among the documents says more than the profile, and that more than Istio's defaults.
    """
    documents = list(unfolded(documents))
    default, families = Installed(MeshConfig(), True), None
    if profile is not None:
        from egresslang.answers.compiled import clients, existing_resources, of_profile, stranger

        default, families = of_profile(profile), stranger(profile).families
    settled, found = installed(documents, default)
    config = settled.config
    resources, problems = read(documents, config.cluster_domain)
    found += problems
    known: list[Client] = []
    if profile is not None:
        existing, problems = existing_resources(profile)
        found += problems
        known = clients(None, profile, existing)
        resources = joined(resources, existing)
    if config.dns_capture and settled.allocates:
        resources = allocated(resources)
    like = Pod("", {}, config.dns_capture, families or _families(resources))
    every = {(each.namespace, each.name): each for each in (*known, *_clients(resources.workloads, documents, like))}
    return AskedMesh(
        Mesh(resources, config),
        every.values(),
        default_namespace="default" if profile is None else profile.default_namespace,
        stranger=like,
        is_complete=bool(resources.workloads) or (profile is not None and profile.namespaces is not None),
    ), found


def _families(resources: Resources) -> tuple[int, ...]:
    """The IP versions of pods, their own first: both where the cluster's Services have any IPv6 address."""
    versions = {6 if ":" in address else 4 for service in resources.services for address in service.addresses}
    if 6 not in versions:
        return (4,)
    return (4, 6) if 4 in versions else (6, 4)


def _clients(workloads: Iterable[Workload], documents: Iterable[Located], like: Pod) -> Iterator[Client]:
    without = dict(_without_injection(documents))
    for each in workloads:
        namespace = each.origin.namespace
        pod = Pod(namespace, dict(each.labels), like.dns_capture, like.families)
        own = {**dict(each.annotations), **dict(each.labels)}.get(_INJECT)
        reason = each.uncaptured or ("" if own == "true" else without.get(namespace, ""))
        yield Client(namespace, each.origin.name, pod, each.annotations, reason, each.origin)


def _without_injection(documents: Iterable[Located]) -> Iterator[tuple[str, str]]:
    """Namespaces whose labels say that pods get no sidecar, and the reason in words."""
    for each in documents:
        value = each.value
        metadata = value.get("metadata") if isinstance(value, dict) and value.get("kind") == "Namespace" else None
        if not isinstance(metadata, Mapping) or not isinstance(metadata.get("labels"), Mapping):
            continue
        labels = metadata["labels"]
        if labels.get("istio-injection") == "disabled":
            yield str(metadata.get("name")), "it has no sidecar: its namespace says `istio-injection: disabled`"
        elif labels.get("istio.io/dataplane-mode") == "ambient" and labels.get("istio-injection") != "enabled":
            yield str(metadata.get("name")), "its namespace is in the ambient mesh: Sidecars mean nothing to it"
