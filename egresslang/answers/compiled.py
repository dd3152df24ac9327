"""Compiled: the mesh that a policy makes: its output read back as text, beside what stands in the cluster already."""

from __future__ import annotations

from egresslang.answers.asked_mesh import AskedMesh, Client
from egresslang.documents import read as read_documents
from egresslang.findings import Finding
from egresslang.mesh.listeners import Pod
from egresslang.mesh.mesh import Mesh, allocated
from egresslang.mesh.read import joined
from egresslang.mesh.read import read as read_resources
from egresslang.mesh.resources import MeshConfig, Resources, Workload
from egresslang.output import render
from egresslang.policy.granted import Granted
from egresslang.policy.policy import Policy
from egresslang.profile.profile import ClusterProfile
from egresslang.record import replace
from egresslang.source import Source
from egresslang.targets.documents import MANAGED_BY
from egresslang.targets.manifests import Manifests
from egresslang.verify.installed import Installed, installed

_OURS = frozenset({"ServiceEntry", "Sidecar"})
_FAMILIES = {"IPv4": 4, "IPv6": 6}


def ask_policy(policy: Policy, manifests: Manifests, profile: ClusterProfile) -> tuple[AskedMesh, list[Finding]]:
    """The mesh of a policy in a cluster, with its installation applied."""
    documents, found = [], []
    for path, text in render(manifests).items():
        read, problems = read_documents(Source(path, text), limit=None)
        documents += read
        found += problems
    settled, problems = installed(documents, of_profile(profile))
    found += problems
    config = replace(settled.config, version=profile.version, dns_capture=profile.dns_capture)
    own, problems = read_resources(documents, config.cluster_domain)
    found += problems
    existing, problems = existing_resources(profile)
    found += problems
    resources = joined(own, existing)
    if config.dns_capture and profile.auto_allocate:
        resources = allocated(resources)
    return AskedMesh(
        Mesh(resources, config),
        clients(policy, profile, existing),
        default_namespace=profile.default_namespace,
        stranger=stranger(profile),
        is_complete=profile.namespaces is not None,
        granted=Granted(policy.grants),
        own=(text for networks in profile.networks.values() for text in networks),
    ), found


def of_profile(profile: ClusterProfile) -> Installed:
    """What a profile says is installed."""
    default = MeshConfig()
    config = replace(
        default,
        policy=replace(default.policy, mode=profile.outbound_traffic_policy),
        root_namespace=profile.root_namespace,
        dns_capture=profile.dns_capture,
        cluster_domain=profile.cluster_domain,
        version=profile.version,
    )
    return Installed(config, profile.auto_allocate)


def existing_resources(profile: ClusterProfile) -> tuple[Resources, list[Finding]]:
    """What stands in the cluster already, without what a former run wrote: the output replaces it."""
    key, value = MANAGED_BY
    kept = [
        each.manifest_span for each in profile.resources if not (each.kind in _OURS and each.labels.get(key) == value)
    ]
    return read_resources(kept, profile.cluster_domain)


def stranger(profile: ClusterProfile) -> Pod:
    """A pod of which nothing is known."""
    return Pod("", {}, profile.dns_capture, tuple(_FAMILIES[each] for each in profile.ip_families))


def clients(policy: Policy | None, profile: ClusterProfile, existing: Resources) -> list[Client]:
    """The workloads of the profile, those that the policy names, and those among the resources."""
    like = stranger(profile)
    pods: dict[tuple[str, str], dict[str, str]] = {
        (each.origin.namespace, each.origin.name): dict(each.labels) for each in existing.workloads
    }
    for namespace in (profile.namespaces or {}).values():
        pods |= {(each.namespace, each.name): dict(each.labels) for each in namespace.workloads.values()}
    for workloads in policy.inventory.namespaces.values() if policy is not None else ():
        pods |= {(each.namespace, each.name): dict(each.labels) for each in workloads.values()}
    manifests: dict[tuple[str, str], Workload] = {
        (each.origin.namespace, each.origin.name): each for each in existing.workloads
    }
    return [
        _client(key, Pod(key[0], labels, like.dns_capture, like.families), manifests.get(key))
        for key, labels in sorted(pods.items())
    ]


def _client(key: tuple[str, str], pod: Pod, manifest: Workload | None) -> Client:
    if manifest is None:
        return Client(*key, pod, {})
    return Client(*key, pod, manifest.annotations, manifest.uncaptured, manifest.origin)
