"""Profile: the cluster that manifests are for, as far as an imported policy needs it to compile to the same flows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from egresslang.existing.described import entry
from egresslang.existing.importing.population import Population
from egresslang.mesh.resources import Labels, MeshConfig
from egresslang.profile.profile import Enforcement
from egresslang.targets.yaml import Value, emit


def profile_text(
    config: MeshConfig,
    level: Enforcement,
    in_mesh: Sequence[str],
    everybody: Population,
    labels: Mapping[str, Labels],
    families: Iterable[int],
    resources: Sequence[str],
) -> str:
    """A ClusterProfile as YAML; `destinations` are addresses of hosts, `resources` files that hold what stands in the cluster and is not imported."""
    spec: dict[str, Value] = {
        "istio": {
            "version": ".".join(map(str, config.version)),
            "outboundTrafficPolicy": config.policy.mode,
            "rootNamespace": config.root_namespace,
            "dnsCapture": config.dns_capture,
        },
        "enforcement": {"namespaces": sorted(level.namespaces)} if level.level == "namespaces" else level.level,
        "clusterDomain": config.cluster_domain,
        "inMesh": list(in_mesh),
        "ipFamilies": [f"IPv{each}" for each in families],
        "namespaces": _inventory(everybody, labels),
    }
    if resources:
        spec["resources"] = list(resources)
    document: Mapping[str, Value] = {
        "apiVersion": "egresslang.dev/v1",
        "kind": "ClusterProfile",
        "metadata": {"name": "imported"},
        "spec": spec,
    }
    return emit([document])


def _inventory(everybody: Population, labels: Mapping[str, Labels]) -> dict[str, Value]:
    found: dict[str, dict[str, Value]] = {namespace: {} for namespace in everybody.namespaces}
    for each in everybody.workloads:
        found.setdefault(each.namespace, {})[each.name] = entry(each)
    return {
        namespace: _namespace(workloads, labels.get(namespace, ())) for namespace, workloads in sorted(found.items())
    }


def _namespace(workloads: Mapping[str, Value], labels: Labels) -> dict[str, Value]:
    said: dict[str, Value] = {"labels": dict(labels)} if labels else {}
    return {**said, "workloads": workloads} if workloads else said
