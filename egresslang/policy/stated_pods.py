"""Stated pods: what a profile says itself of its workloads and namespaces, as the manifests that it was read from.

Each part stands where the profile has it. A manifest among the resources says it better.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.documents import Located, composed
from egresslang.profile.profile import ClusterProfile, Workload, decides_about_capture


def stated_namespaces(profile: ClusterProfile) -> list[Located]:
    """The namespaces whose labels a profile says, without those that have a manifest."""
    known = {each.name for each in profile.resources if each.kind == "Namespace"}
    return [
        composed(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": each.labels_span}}, each.span
        )
        for name, each in (profile.namespaces or {}).items()
        if each.labels_span is not None and name not in known
    ]


def stated_workloads(profile: ClusterProfile) -> Iterator[Workload]:
    """The workloads of which a profile says, or their namespace, what may keep their traffic from a sidecar."""
    for namespace in (profile.namespaces or {}).values():
        for each in namespace.workloads.values():
            if decides_about_capture(each) or _decides_for_all(namespace.labels_span):
                yield each


def _decides_for_all(labels: Located | None) -> bool:
    """Whether the labels of a namespace may keep its pods from sidecars: most that are said say the opposite."""
    said = labels.value if labels is not None else {}
    return said.get("istio-injection") == "disabled" or said.get("istio.io/dataplane-mode") == "ambient"


def stated_pod(workload: Workload) -> Located:
    """A Pod that is as a profile says of a workload."""
    said = workload.entry_span
    parts = {
        key: said.get(key) if said is not None else None
        for key in ("labels", "annotations", "hostNetwork", "runAsUser")
    }
    metadata = {
        "name": workload.name,
        "namespace": workload.namespace,
        "labels": parts["labels"] or dict(workload.labels),
        **({"annotations": parts["annotations"]} if parts["annotations"] is not None else {}),
    }
    spec = {
        **({"hostNetwork": parts["hostNetwork"]} if parts["hostNetwork"] is not None else {}),
        **({"securityContext": {"runAsUser": parts["runAsUser"]}} if parts["runAsUser"] is not None else {}),
    }
    return composed({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, workload.span)
