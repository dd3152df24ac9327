"""Workloads: what runs according to manifests, whether they show controllers, what these made, or both.

A pod is its controller's: ReplicaSets and Jobs that a controller made go with it, and of a controller that is not among
the manifests its pods tell. A Rollout that refers to a workload is that workload. Labels that a roll-out changes are no
labels of a workload.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from egresslang.mesh.read import KNATIVE
from egresslang.mesh.resources import Labels, selects
from egresslang.mesh.resources import Workload as Manifest
from egresslang.policy.standing import referred
from egresslang.record import record, replace

SIDECARS_USER = 1337
"""The user whose traffic is taken for the sidecar's own."""

_CAPTURE = re.compile(
    r"traffic\.sidecar\.istio\.io/(?:in|ex)clude(?:Outbound(?:Ports|IPRanges)|Interfaces)"
    r"|sidecar\.istio\.io/(?:inject|interceptionMode)|inject\.istio\.io/templates"
).fullmatch

_CHANGING = frozenset((
    "pod-template-hash", "rollouts-pod-template-hash", "controller-revision-hash", "pod-template-generation",
    "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "job-name", "controller-uid",
    "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-completion-index",
    "serving.knative.dev/revision", "serving.knative.dev/revisionUID", "serving.knative.dev/configuration",
    "serving.knative.dev/configurationUID", "serving.knative.dev/configurationGeneration", "serving.knative.dev/serviceUID",
    "security.istio.io/tlsMode", "service.istio.io/canonical-name", "service.istio.io/canonical-revision",
))  # fmt: skip
"""Labels that controllers and the injector give to pods: they change with a roll-out, or no template has them."""

_RELEASES = frozenset(("helm.sh/chart", "app.kubernetes.io/version"))
"""Labels of templates that change with every release."""

_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Rollout", "Service", "ReplicaSet", "ReplicationController", "Pod", "CronJob", "Job")  # fmt: skip
"""Which kind keeps its name where two workloads of a namespace have one."""

_MADE = ("Pod", "ReplicaSet", "Job")
"""Kinds that controllers make."""

_OVER = ("Succeeded", "Failed")
_FURTHEST = 5
"""Owners of owners that are followed."""

Root = tuple[str, str, str]
"""Namespace, kind and name of what a manifest belongs to."""


@record
class Runs:
    """A workload: the labels of its pods, what selects them and nobody else, and what else decides about their traffic.

    `annotations` are those about capture; `runs_as_sidecar` when a pod runs as the sidecar's user; `service_account` is
    empty for the namespace's default; `uncaptured` says why no sidecar sees it, empty if one does. `is_apart` when there
    is a selector that takes nobody else.
    """

    namespace: str
    name: str
    labels: Labels
    selector: Labels
    uncaptured: str
    kind: str = ""
    annotations: Labels = ()
    host_network: bool = False
    runs_as_sidecar: bool = False
    service_account: str = ""
    is_apart: bool = True

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def gathered(manifests: Iterable[Manifest]) -> list[Runs]:
    """The workloads that manifests show, in order of namespace and name, before any is told apart from the others."""
    found: dict[Root, list[Manifest]] = {}
    for each in manifests:
        value = _value(each)
        if value.get("kind") != "Pod" or _map(value.get("status")).get("phase") not in _OVER:
            found.setdefault((each.origin.namespace, each.origin.kind, each.origin.name), []).append(each)
    groups: dict[Root, list[Manifest]] = {}
    for key, several in found.items():
        groups.setdefault(_root(key, several[0], found), []).extend(several)
    roots = sorted(groups, key=lambda root: (root[0], root[2], _rank(root[1]), root[1]))
    return _named([_made_of(root, groups[root]) for root in roots])


def further_names(manifest: Manifest) -> Iterator[str]:
    """The names that a workload may take, or be said to have, from a manifest, beside its own."""
    value = _value(manifest)
    if owner := _owner(value):
        yield owner[1]
    account = _pod(value).get("serviceAccountName")
    if isinstance(account, str) and account:
        yield account
    yield from (text for key, text in manifest.labels if key == KNATIVE)


def _value(manifest: Manifest) -> Mapping[str, Any]:
    place = manifest.origin.manifest_span
    return place.value if place is not None else {}


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _rank(kind: str) -> int:
    return _KINDS.index(kind) if kind in _KINDS else len(_KINDS)


def _root(key: Root, manifest: Manifest, known: Mapping[Root, list[Manifest]]) -> Root:
    """What a manifest belongs to in the end."""
    for _ in range(_FURTHEST):
        namespace, kind, name = key
        labels = dict(manifest.labels)
        if KNATIVE in labels:
            return namespace, "Service", labels[KNATIVE]
        if kind == "Rollout" and (rolled := referred(_value(manifest))) is not None and (namespace, *rolled) in known:
            return namespace, *rolled
        owner = _owner(_value(manifest)) if kind in _MADE else None
        if owner is None:
            return key
        key = namespace, *owner
        if key not in known:
            return namespace, *_guessed(owner, name, labels)
        manifest = known[key][0]
    return key


def _owner(manifest: Mapping[str, Any]) -> tuple[str, str] | None:
    """Kind and name of the controller that made something."""
    listed = _map(manifest.get("metadata")).get("ownerReferences")
    for each in map(_map, listed if isinstance(listed, list) else ()):
        if each.get("controller") is True and isinstance(each.get("kind"), str) and isinstance(each.get("name"), str):
            return each["kind"], each["name"]
    return None


def _guessed(owner: tuple[str, str], made: str, labels: Mapping[str, str]) -> tuple[str, str]:
    """Kind and name of the controller behind an owner that is not among the manifests, by how controllers name things.

    Istio does the same (GetDeployMetaFromPod, pkg/kube/util.go): a ReplicaSet ends in its hash, the Job of a CronJob in
    the minute of its run. A pod of a node itself ends in the node's name.
    """
    kind, name = owner
    for key, maker in (("rollouts-pod-template-hash", "Rollout"), ("pod-template-hash", "Deployment")):
        if kind == "ReplicaSet" and key in labels and name.endswith(f"-{labels[key]}"):
            return maker, name.removesuffix(f"-{labels[key]}").rstrip("-.")
    if kind == "Job" and (run := re.fullmatch(r"(.+)-\d{8,10}", name)):
        return "CronJob", run[1].rstrip("-.")
    if kind == "Node":
        return "Pod", made.removesuffix(f"-{name}").rstrip("-.")
    return owner


def _made_of(root: Root, several: list[Manifest]) -> Runs:
    """A workload: as its controller says, in the manifest with the most labels, else what all that it made have in common."""
    namespace, kind, name = root
    several = [each for each in several if referred(_value(each)) is None] or several
    own = [each for each in several if (each.origin.kind, each.origin.name) == (kind, name)]
    own = [max(own, key=lambda each: len(each.labels))] if own else several
    labels = set(_lasting(own[0]))
    for each in own[1:]:
        labels &= set(_lasting(each))
    pods = [_pod(_value(each)) for each in own]
    annotations = {key: text for each in own for key, text in each.annotations.items() if _CAPTURE(key)}
    selector = _selector(_value(own[0])) if own is not several else None
    accounts = {account for each in pods if isinstance(account := each.get("serviceAccountName"), str)} - {"default"}
    return Runs(
        namespace,
        name,
        tuple(sorted(labels)),
        selector or tuple(sorted(labels)),
        next((each.uncaptured for each in own if each.uncaptured), ""),
        kind,
        tuple(sorted(annotations.items())),
        any(each.get("hostNetwork") is True for each in pods),
        any(map(_runs_as_sidecar, pods)),
        min(accounts, default=""),
    )


def _lasting(manifest: Manifest) -> Labels:
    """The labels of pods that a roll-out leaves as they are; the `app` that Knative gives is that of a revision."""
    labels = dict(manifest.labels)
    revision = labels.get("serving.knative.dev/revision")
    return tuple(
        (key, value)
        for key, value in manifest.labels
        if key not in _CHANGING and not (key == "app" and revision is not None and value == revision)
    )


def _pod(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The spec of the pods of a manifest."""
    spec = _map(manifest.get("spec"))
    if manifest.get("kind") == "Pod":
        return spec
    if manifest.get("kind") == "CronJob":
        spec = _map(_map(spec.get("jobTemplate")).get("spec"))
    return _map(_map(spec.get("template")).get("spec"))


def _runs_as_sidecar(pod: Mapping[str, Any]) -> bool:
    """Whether a container but the sidecar runs as its user: what a container says goes before what its pod says."""
    containers = pod.get("containers")
    own = [each for each in map(_map, containers if isinstance(containers, list) else ()) if each.get("name") != "istio-proxy"]  # fmt: skip
    user = _map(pod.get("securityContext")).get("runAsUser")
    return SIDECARS_USER in [_map(each.get("securityContext")).get("runAsUser", user) for each in own or ({},)]


def _selector(manifest: Mapping[str, Any]) -> Labels | None:
    """What a controller selects its pods by, where it says that in labels, and in lasting ones."""
    selector = _map(_map(manifest.get("spec")).get("selector"))
    labels = selector if manifest.get("kind") == "ReplicationController" else _map(selector.get("matchLabels"))
    if not all(isinstance(value, str) for value in labels.values()):
        return None
    return tuple(sorted((key, value) for key, value in labels.items() if key not in _CHANGING)) or None


def _named(workloads: Iterable[Runs]) -> list[Runs]:
    """The workloads, those of one name told apart by their kinds."""
    every = list(workloads)
    taken = {(each.namespace, each.name) for each in every}
    seen: set[tuple[str, str]] = set()
    named = []
    for each in every:
        name = each.name
        if (each.namespace, name) in seen:
            while (each.namespace, name) in taken:
                name = f"{name}-{each.kind.lower()}"
        seen.add((each.namespace, name))
        taken.add((each.namespace, name))
        named.append(each if name == each.name else replace(each, name=name))
    return sorted(named, key=lambda each: (each.namespace, each.name))


class Carried:
    """Which pods of a namespace carry which labels."""

    def __init__(self, workloads: Iterable[Runs]) -> None:
        self._carrying: dict[tuple[str, tuple[str, str]], list[Mapping[str, str]]] = {}
        for each in workloads:
            labels = dict(each.labels)
            for label in each.labels:
                self._carrying.setdefault((each.namespace, label), []).append(labels)

    def takes_alone(self, selector: Labels, each: Runs) -> bool:
        """Whether labels select the pods of a workload and those of no other."""
        if not selector or not selects(selector, dict(each.labels)):
            return False
        taken = 0
        for labels in min((self._carrying.get((each.namespace, label), []) for label in selector), key=len):
            taken += selects(selector, labels)
            if taken > 1:
                return False
        return True


def told_apart(workloads: Iterable[Runs], carried: Carried) -> list[Runs]:
    """The workloads, each with what selects it and nobody else.

    That is what its controller selects by, or else the labels that outlast a release, or all of them.
    """
    found = []
    for each in workloads:
        lasting = tuple(label for label in each.labels if label[0] not in _RELEASES)
        apart = next((some for some in (each.selector, lasting) if carried.takes_alone(some, each)), None)
        is_apart = apart is not None or carried.takes_alone(each.labels, each)
        found.append(replace(each, selector=apart or each.labels, is_apart=is_apart))
    return found
