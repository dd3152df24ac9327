"""Compiled: the mesh that a policy makes: its output read back as text, beside what stands in the cluster already."""

from __future__ import annotations

from egresslang.answers.asked_mesh import AskedMesh, Client
from egresslang.findings import Finding
from egresslang.layouts import read as read_documents
from egresslang.mesh.listeners import Pod
from egresslang.mesh.mesh import Mesh, allocated
from egresslang.mesh.read import joined
from egresslang.mesh.read import read as read_resources
from egresslang.mesh.resources import MeshConfig
from egresslang.output import render
from egresslang.policy.granted import Granted
from egresslang.policy.policy import Policy
from egresslang.policy.standing import Standing, standings_of, stated_standings
from egresslang.policy.stated_pods import stated_workloads
from egresslang.profile.profile import ClusterProfile
from egresslang.record import replace
from egresslang.source import Source
from egresslang.targets.manifests import Manifests
from egresslang.verify.installed import Installed, installed
from egresslang.verify.verify import standing

_FAMILIES = {"IPv4": 4, "IPv6": 6}


def ask_policy(policy: Policy, manifests: Manifests, profile: ClusterProfile) -> tuple[AskedMesh, list[Finding]]:
    """The mesh of a policy in a cluster, with its installation applied."""
    documents, found = [], []
    for path, text in render(manifests).items():
        read, problems = read_documents(Source(path, text))
        documents += read
        found += problems
    settled, problems = installed(documents, of_profile(profile))
    found += problems
    config = replace(settled.config, version=profile.version, dns_capture=profile.dns_capture)
    own, problems = read_resources(documents, config.cluster_domain)
    found += problems
    existing, problems = standing(profile)
    found += problems
    resources = joined(own, existing)
    if config.dns_capture and profile.auto_allocate:
        resources = allocated(resources)
    return AskedMesh(
        Mesh(resources, config),
        clients(policy, profile),
        default_namespace=profile.default_namespace,
        stranger=stranger(profile),
        is_complete=profile.namespaces is not None,
        granted=Granted(policy.grants),
        own=(text for networks in profile.networks.values() for text in networks),
        capture=settled.capture,
        mode_span=settled.mode_span,
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
    capture = {name: said.text for name, said in profile.capture.items()}
    return Installed(config, profile.auto_allocate, capture, profile.mode_span)


def stranger(profile: ClusterProfile) -> Pod:
    """A pod of which nothing is known."""
    return Pod("", {}, profile.dns_capture, tuple(_FAMILIES[each] for each in profile.ip_families))


def clients(policy: Policy | None, profile: ClusterProfile) -> list[Client]:
    """The workloads of the profile, those that the policy names, and those among the resources."""
    like = stranger(profile)
    shown = {(each.namespace, each.name): each for each in standings_of(profile)}
    unseen = [each for each in stated_workloads(profile) if (each.namespace, each.name) not in shown]
    manifests = shown | {(each.namespace, each.name): each for each in stated_standings(unseen, profile)}
    pods: dict[tuple[str, str], dict[str, str]] = {key: each.labels for key, each in manifests.items()}
    for namespace in (profile.namespaces or {}).values():
        pods |= {(each.namespace, each.name): dict(each.labels) for each in namespace.workloads.values()}
    for workloads in policy.inventory.namespaces.values() if policy is not None else ():
        pods |= {(each.namespace, each.name): dict(each.labels) for each in workloads.values()}
    return [
        _client(key, Pod(key[0], labels, like.dns_capture, like.families), manifests.get(key))
        for key, labels in sorted(pods.items())
    ]


def _client(key: tuple[str, str], pod: Pod, manifest: Standing | None) -> Client:
    if manifest is None:
        return Client(*key, pod, {})
    return Client(*key, pod, manifest.workload.annotations, manifest.uncaptured, manifest.workload.origin)
