"""Pods: one for every class that policy and manifests tell apart.

A class is a known workload, any other workload of a namespace, or one of a namespace that nobody has heard of; those
of one namespace whose Sidecars import the same and which the same rules grant the same are one. Gateways have none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from egresslang.mesh.listeners import Pod
from egresslang.mesh.mesh import Mesh, Proxy
from egresslang.mesh.read import is_gateway
from egresslang.mesh.resources import Sidecar
from egresslang.policy.intent import Intent, Intents
from egresslang.policy.policy import ANY, Policy
from egresslang.profile.profile import ClusterProfile
from egresslang.record import record

ELSEWHERE = "any-other-namespace"
"""A namespace that nobody has heard of."""


@record
class Class:
    """Pods that are judged alike: whom to name for them, what is wanted of them, and the Sidecar that holds for them."""

    namespace: str
    workload: str
    intent: Intent
    pod: Pod
    sidecar: Sidecar | None
    made: Callable[[Pod, Sidecar | None], Proxy]

    @property
    def proxy(self) -> Proxy:
        """The sidecar of the pods, made anew where no others share it: a thousand of them are much to hold at once."""
        return self.made(self.pod, self.sidecar)

    def __str__(self) -> str:
        if self.workload != ANY:
            return f"`{self.namespace}/{self.workload}`"
        if self.namespace == ELSEWHERE:
            return "any workload of a namespace that nothing names"
        return f"any other workload of `{self.namespace}`"


def classes(policy: Policy, profile: ClusterProfile, mesh: Mesh) -> Iterator[Class]:
    """Every class of pods, known workloads of a namespace before its others."""
    intents = Intents(policy, profile)
    made = _Proxies(mesh).of
    seen: set[object] = set()
    numbers: dict[object, int] = {}
    granted: dict[object, int] = {}  # by who has it, the number of what is granted
    for namespace, workload, labels in _pods(policy, profile, mesh):
        intent = intents.of(namespace, workload)
        sidecar = mesh.sidecar(namespace, labels)
        where = namespace if _is_told_apart(namespace, mesh) else ""
        routed = _routed_labels(mesh, labels)
        holders = intents.holders(namespace, workload)
        if holders not in granted:
            granted[holders] = numbers.setdefault(_granted(intent), len(numbers))
        key = where, _imports(sidecar), routed, granted[holders], intent.is_open, intent.in_mesh
        if key in seen:
            continue
        seen.add(key)
        pod = Pod(namespace, labels, profile.dns_capture, _families(profile))
        yield Class(namespace, workload, intent, pod, sidecar, made)


class _Proxies:
    """Sidecars of pods in a mesh; those that hold for more than chosen pods are kept."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._kept: dict[object, Proxy] = {}

    def of(self, pod: Pod, sidecar: Sidecar | None) -> Proxy:
        """The sidecar of a pod for which a Sidecar holds."""
        if sidecar is not None and sidecar.selector is not None:
            return Proxy(self._mesh, pod, sidecar)
        where = pod.namespace if _is_told_apart(pod.namespace, self._mesh) else ""
        key = where, id(sidecar), _routed_labels(self._mesh, pod.labels)
        proxy = self._kept.get(key)
        if proxy is None:
            proxy = self._kept[key] = Proxy(self._mesh, pod, sidecar)
        return proxy


def _imports(sidecar: Sidecar | None) -> object:
    """What a Sidecar says of those for whom it holds."""
    return None if sidecar is None else (sidecar.egress, sidecar.policy)


def _granted(intent: Intent) -> object:
    """What is granted, and by which rules; the grants that one rule makes of one destination share it."""
    return tuple([(id(each.rule), id(each.destination), each.port, each.spelled) for each in intent.grants])


def _pods(policy: Policy, profile: ClusterProfile, mesh: Mesh) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    known = policy.inventory.namespaces
    resources = mesh.resources
    namespaces = {*known, *(profile.namespaces or {}), mesh.config.root_namespace}
    namespaces |= {grant.subject.namespace for grant in policy.grants} - {ANY}
    namespaces |= {each.origin.namespace for each in resources.sidecars}
    namespaces |= {each.origin.namespace for each in resources.service_entries}
    for namespace in sorted(namespaces):
        for name, workload in sorted(known.get(namespace, {}).items()):
            if not is_gateway(dict(workload.labels), _annotations(profile, namespace, name)):
                yield namespace, name, dict(workload.labels)
        yield namespace, ANY, {}
    yield ELSEWHERE, ANY, {}


def _annotations(profile: ClusterProfile, namespace: str, name: str) -> Mapping[str, Any]:
    """The annotations of pods, as far as the profile itself says them."""
    space = (profile.namespaces or {}).get(namespace)
    workload = space.workloads.get(name) if space is not None else None
    said = workload.entry_span.get("annotations") if workload is not None and workload.entry_span is not None else None
    return said.value if said is not None and isinstance(said.value, dict) else {}


def _is_told_apart(namespace: str, mesh: Mesh) -> bool:
    """Whether manifests tell a namespace from one that nothing names."""
    return namespace in mesh.namespaces


def _routed_labels(mesh: Mesh, labels: Mapping[str, str]) -> object:
    """Labels by which routes, rules or authorization tell pods apart, where any are known."""
    resources = mesh.resources
    told = resources.virtual_services or resources.authorization or resources.destination_rules
    return tuple(sorted(labels.items())) if told else ()


def _families(profile: ClusterProfile) -> tuple[int, ...]:
    return tuple(4 if family == "IPv4" else 6 for family in profile.ip_families)
