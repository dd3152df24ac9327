"""The comparison of a policy with manifests: nothing more may be reached, nothing less, and the mesh keeps working."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from egresslang.documents import Unplaced
from egresslang.findings import Finding, errors
from egresslang.layouts import read as read_ours
from egresslang.mesh.gateways import Gateways
from egresslang.mesh.mesh import Mesh, Proxy, allocated
from egresslang.mesh.outbound import UNSTABLE
from egresslang.mesh.read import joined, read, unfolded
from egresslang.mesh.resources import MeshConfig, OutboundPolicy, Resources
from egresslang.policy.policy import Policy
from egresslang.profile.manifests import read as read_manifests
from egresslang.profile.profile import ClusterProfile
from egresslang.record import replace
from egresslang.source import Source
from egresslang.verify.compare import Comparison, known_places
from egresslang.verify.in_mesh import cut_off
from egresslang.verify.installed import Installed, installed
from egresslang.verify.pods import Class, classes
from egresslang.verify.probes import ports, probes
from egresslang.verify.tell import EMITTED, Found, told

RESOLVES_WILDCARDS = (1, 30)
"""The first Istio whose sidecars resolve the names below a wildcard themselves (DYNAMIC_DNS)."""

MANAGED_BY = ("app.kubernetes.io/managed-by", "egressc")
"""The label of a former output, which the manifests replace."""

_OURS = ("ServiceEntry", "Sidecar")

ENOUGH = 100
"""Deviations after which no more are looked for: one is enough to refuse the manifests."""


def verify(policy: Policy, profile: ClusterProfile, manifests: Iterable[Source]) -> list[Finding]:
    """Where manifests do not mean exactly the policy; what cannot be read of them is told alone.

    Raises files.Unreadable for two installations.
    """
    documents = []
    found: list[Finding] = []
    is_emitted = True
    for source in manifests:
        is_ours = source.name == EMITTED
        is_emitted = is_emitted and is_ours
        each, problems = read_ours(source) if is_ours else read_manifests(source)
        documents += each
        found += problems
    resources, problems = read(documents, profile.cluster_domain)
    found += problems
    settled, problems = installed(unfolded(documents), Installed(_assumed(profile), profile.auto_allocate))
    found += errors(problems)
    existing, problems = standing(profile)
    found += problems
    if found:
        return found
    for document in documents:
        if isinstance(document, Unplaced):
            document.forget()
    config = replace(settled.config, version=profile.version, cluster_domain=profile.cluster_domain)
    mesh = Mesh(_given_addresses(joined(resources, existing), profile), config)
    pods = list(classes(policy, profile, mesh))
    today = Mesh(_given_addresses(existing, profile), _assumed(profile))
    deviations = (_dated(each, today) for each in _deviations(policy, profile, Gateways(mesh.registry()), pods))
    found += told(deviations, policy, profile, is_emitted)
    found += cut_off(pods, profile, today)
    return found


def _assumed(profile: ClusterProfile) -> MeshConfig:
    """The mesh-wide settings that a profile tells."""
    return MeshConfig(
        OutboundPolicy(profile.outbound_traffic_policy),
        profile.root_namespace,
        dns_capture=profile.dns_capture,
        cluster_domain=profile.cluster_domain,
        version=profile.version,
    )


def standing(profile: ClusterProfile) -> tuple[Resources, list[Finding]]:
    """The resources that stand in the cluster already, without former outputs, which the manifests replace.

    What cannot be read of them is told: nothing is proved beside resources that nobody understood.
    """
    key, value = MANAGED_BY
    resources = [
        each.manifest_span for each in profile.resources if not (each.kind in _OURS and each.labels.get(key) == value)
    ]
    return read(resources, profile.cluster_domain, profile.default_namespace)


def _given_addresses(resources: Resources, profile: ClusterProfile) -> Resources:
    """The resources with the virtual addresses that they will be given, where proxies use them."""
    return allocated(resources) if profile.dns_capture and profile.auto_allocate else resources


def _dated(found: Found, today: Mesh) -> Found:
    """What is wrong with pods that are left open, and whether it is as wrong in the cluster as it stands."""
    request, verdict, pod = found.deviation.request, found.deviation.verdict, found.pods.pod
    if not found.pods.intent.is_open or verdict.reaches or verdict.verdict == UNSTABLE:
        return found
    before = Proxy(today, pod, today.sidecar(pod.namespace, pod.labels)).ask(request)
    is_old = (before.verdict, before.host, before.port) == (verdict.verdict, verdict.host, verdict.port)
    return replace(found, is_old=is_old)


def _deviations(policy: Policy, profile: ClusterProfile, gateways: Gateways, pods: Iterable[Class]) -> Iterator[Found]:
    """What is wrong, class by class, until there is enough of it."""
    left = ENOUGH
    known = known_places(policy.grants)
    for each in pods:
        for found in _of_class(each, gateways, known, profile.version >= RESOLVES_WILDCARDS):
            yield found
            left -= 1
            if not left:
                return


def _of_class(
    pods: Class, gateways: Gateways, known: Mapping[tuple[str, int], set[str]], resolves_wildcards: bool
) -> Iterator[Found]:
    proxy, intent = pods.proxy, pods.intent
    comparison = Comparison(intent, proxy.outbound, gateways, known, resolves_wildcards)
    versions = sorted(set(proxy.pod.families))
    for port in ports(intent, proxy.outbound):
        for version in versions:
            for probe in probes(comparison, port, version):
                verdict = proxy.ask(probe.request)
                for deviation in comparison.deviations(probe.request, verdict, probe.dialled):
                    yield Found(pods, deviation)
