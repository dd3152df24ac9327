"""Described: what a cluster is, as a ClusterProfile says it; in a profile that stands already, beside what people wrote.

What manifests tell of a workload that they show is theirs: its labels, annotations, and the rest that decides about its
traffic. Everything else of a profile is left: what it says of the outside, who is enforced, and workloads that no manifest
shows, until they are asked to go. A selector stays as long as it selects the workload and nobody else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from egresslang.existing.cluster import Cluster
from egresslang.existing.control_plane import STATED
from egresslang.existing.workloads import SIDECARS_USER, Carried, Runs
from egresslang.mesh.resources import Labels, selects
from egresslang.profile.facts import CAPTURE, ISTIO_DEFAULTS
from egresslang.profile.version import parse
from egresslang.record import record

Value = Mapping[str, Any]

_OWN = ("labels", "selector", "annotations", "hostNetwork", "runAsUser", "serviceAccount")
"""What manifests say of a workload, in the order in which it is written."""


@record
class Described:
    """A profile as a document; workloads that were added, that changed, and that it has though no manifest shows them.

    `remarks` are what a reader of the profile should know, a line each.
    """

    document: Value
    added: tuple[str, ...]
    changed: tuple[str, ...]
    unseen: tuple[str, ...]
    remarks: tuple[str, ...]


@record
class Asked:
    """How a cluster is described: `folder` is where the profile lies, `prunes` takes out workloads that no manifest shows,
    `namespace` is to be its default one, if any; files that are `left` are not named in it."""

    folder: str = ""
    prunes: bool = False
    namespace: str = ""
    left: frozenset[str] = frozenset()


def described(profile: Value, cluster: Cluster, asked: Asked = Asked()) -> Described:  # noqa: B008  a frozen record
    """A profile with what a cluster is."""
    folder, prunes, left = asked.folder, asked.prunes, asked.left
    spec: dict[str, Any] = dict(profile.get("spec") or {})
    if asked.namespace:
        _put(spec, "defaultNamespace", asked.namespace, before=tuple(spec))
    inventory = _Inventory(cluster, prunes)
    remarks = [*_istio(spec, cluster, folder, left), *_networks(spec, cluster)]
    before = spec.get("namespaces")
    namespaces = inventory.merged(before or {})
    if namespaces or before is not None:
        spec["namespaces"] = namespaces if namespaces or before else before
    known = {os.path.normpath(each) for each in spec.get("resources") or () if isinstance(each, str)}
    paths = [_relative(each, folder) for each in cluster.resources if each not in left]
    added = [each for each in paths if os.path.normpath(each) not in known]
    if added:
        spec["resources"] = [*(spec.get("resources") or ()), *added]
    document = {**profile, "spec": spec} if spec or "spec" in profile else dict(profile)
    return Described(document, tuple(inventory.added), tuple(inventory.changed), tuple(inventory.unseen), (*remarks, *inventory.remarks()))  # fmt: skip


def entry(each: Runs) -> dict[str, Any]:
    """What a profile says of a workload."""
    said: dict[str, Any] = {"labels": dict(each.labels)}
    if each.selector != each.labels:
        said["selector"] = dict(each.selector)
    if each.annotations:
        said["annotations"] = dict(each.annotations)
    if each.host_network:
        said["hostNetwork"] = True
    if each.runs_as_sidecar:
        said["runAsUser"] = SIDECARS_USER
    if each.service_account:
        said["serviceAccount"] = each.service_account
    return said


def _relative(path: str, folder: str) -> str:
    return os.path.relpath(path, folder or ".").replace(os.sep, "/")


def _istio(spec: dict[str, Any], cluster: Cluster, folder: str, left: frozenset[str]) -> Iterator[str]:
    """Put in what is installed: the file that says it, or else what objects state."""
    istio: dict[str, Any] = dict(spec.get("istio") or {})
    tells = {_relative(each.file, folder): each.tells for each in cluster.installations if each.file not in left}
    files, facts = list(tells), cluster.stated.facts
    named = istio.get("installation")
    if named is None and len(files) == 1:
        istio = {"installation": files[0], **istio}
    elif named is None and files:
        yield f"several installations, so that the profile names none: {', '.join(files)}"
    elif other := [each for each in files if os.path.normpath(each) != os.path.normpath(str(named))]:
        yield f"the profile names `{named}` as the installation, not {', '.join(f'`{each}`' for each in other)}"
    keys: tuple[str, ...]
    if "installation" in istio:
        told = tells.get(os.path.normpath(str(istio["installation"])), {"version"})
        keys = ("version",) if "version" not in told else ()
    else:
        keys = ("profile", *STATED)
        yield from cluster.stated.remarks
        if left_out := [f"`global.proxy.{CAPTURE[key]}`" for key in CAPTURE if key in facts]:
            yield (
                f"{', '.join(left_out)} of the installation leaves traffic of every pod out of capture, and a profile tells that "
                "by a file alone: give one that holds the installation and nothing else"
            )
    for key in keys:
        if key in facts:
            at, value = spec if key == "clusterDomain" else istio, facts[key]
            is_default = key not in at and key != "outboundTrafficPolicy" and ISTIO_DEFAULTS.get(key) == value
            if is_default or at.get(key) == value or (key == "version" and _is_version(at.get(key), value)):
                continue
            if key in at:
                yield f"`{key}` was {word_of(at[key])} in the profile, and is {word_of(value)} in the cluster: changed"
            at[key] = value
    if istio:
        _put(spec, "istio", istio, before=("namespaces", "resources"))


def word_of(value: object) -> str:
    """A fact as a profile writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_version(written: object, version: str) -> bool:
    return parse(str(written)) == parse(version)


def _put(spec: dict[str, Any], key: str, value: Any, before: tuple[str, ...]) -> None:
    """Set a key of a mapping; one that it did not have stands before some others."""
    later = {} if key in spec else {each: spec.pop(each) for each in before if each in spec}
    spec[key] = value
    spec.update(later)


def _networks(spec: dict[str, Any], cluster: Cluster) -> Iterator[str]:
    """Put in the networks that are stated, and the families of addresses that Services have."""
    facts = cluster.stated.facts
    networks = dict(spec.get("networks") or {})
    for kind in ("pods", "services"):
        known = list(networks.get(kind) or ())
        if more := [each for each in facts.get(kind, ()) if each not in known]:
            networks[kind] = [*known, *more]
    families = list(facts.get("families", ()))
    if "IPv6" in families and sorted(spec.get("ipFamilies") or ()) != families:
        _put(spec, "ipFamilies", families, before=("namespaces", "resources"))
    if networks:
        _put(spec, "networks", networks, before=("namespaces", "resources"))
    if families and not networks.get("services"):
        yield (
            "no manifest states the range of the Services (a ServiceCIDR, kubeadm-config or the API server's flags do): "
            "write it as `networks.services`"
        )


class _Inventory:
    """Merges the workloads of a cluster into the namespaces of a profile."""

    def __init__(self, cluster: Cluster, prunes: bool) -> None:
        self.added: list[str] = []
        self.changed: list[str] = []
        self.unseen: list[str] = []
        self._cluster = cluster
        self._prunes = prunes and bool(cluster.workloads)
        self._carried = Carried(cluster.workloads)

    def merged(self, before: Value) -> dict[str, Any]:
        """The namespaces: those of the profile in its order, then the others."""
        shown = self._cluster.namespaces()
        names = [*before, *sorted({*shown, *self._cluster.labels} - {*before})]
        merged = {}
        for name in names:
            old = before.get(name)
            new = self._namespace(name, old or {}, shown.get(name, ()))
            is_shown = name in shown or name in self._cluster.labels
            if is_shown or new or not self._prunes:
                merged[name] = old if old is None and name in before and not new else new
        return merged

    def remarks(self) -> Iterator[str]:
        """What a policy cannot do for some workloads."""
        cluster = self._cluster
        if cluster.unlabelled:
            yield (
                f"left out, as a Sidecar selects pods by labels and theirs have none that last: {some(cluster.unlabelled)}"
            )
        if alike := [str(each) for each in cluster.workloads if not each.is_apart]:
            yield f"no labels tell these from other workloads of their namespace: {some(alike)}"

    def _namespace(self, name: str, old: Value, shown: list[Runs] | tuple[()]) -> dict[str, Any]:
        new = dict(old)
        if name in self._cluster.labels:
            said = {} if old else {"labels": None}
            new = {**said, **new, "labels": dict(self._cluster.labels[name])}
            if not new["labels"]:
                del new["labels"]
        known: Value = old.get("workloads") or {}
        members, seen = self._members(name, known, shown)
        workloads: dict[str, Any] = {}
        for each, entry_before in known.items():
            if each in members:
                workloads[each] = self._workload(members[each], entry_before)
            elif each in seen or not self._prunes:
                workloads[each] = entry_before
            if each not in members and each not in seen and self._cluster.workloads:
                self.unseen.append(f"{name}/{each}")
        for each, run in members.items():
            if each not in known:
                workloads[each] = entry(run)
                self.added.append(f"{name}/{each}")
        if workloads or (known and "workloads" in new):
            new["workloads"] = workloads
        if not workloads and known:
            del new["workloads"]
        return new

    def _members(self, namespace: str, known: Value, shown: list[Runs] | tuple[()]) -> tuple[dict[str, Runs], set[str]]:
        """Those shown that are workloads of their own, by name, and workloads of the profile that others are versions of.

        A manifest is that of a workload by its name with a version after it, as where a policy is proved: `reviews-v1` of
        `reviews`, where none has the name itself and it carries the labels that the workload is selected by.
        """
        by_name = {each.name: each for each in shown}
        versions: set[str] = set()
        for each in shown:
            at = each.name.rfind("-") if each.name not in known else -1
            while at > 0:
                name = each.name[:at]
                if name in known and name not in by_name and selects(_selected(name, known[name]), dict(each.labels)):
                    versions.add(name)
                    del by_name[each.name]
                    break
                at = each.name.rfind("-", 0, at)
        return by_name, versions

    def _workload(self, each: Runs, before: object) -> Any:
        old: Value = before if isinstance(before, dict) else {}
        new = entry(each)
        selector = old.get("selector")
        if isinstance(selector, dict) and self._carried.takes_alone(tuple(sorted(selector.items())), each):
            new["selector"] = selector
        kept = {key: new.get(key, value) for key, value in old.items() if key not in _OWN or key in new}
        merged = {**kept, **{key: new[key] for key in _OWN if key in new and key not in kept}}
        if merged != before:
            self.changed.append(str(each))
        return merged


def _selected(name: str, workload: object) -> Labels:
    """What a workload of a profile is selected by."""
    said = workload if isinstance(workload, dict) else {}
    labels = said.get("selector") or said.get("labels") or {"app": name}
    return tuple(labels.items())


def some(names: tuple[str, ...] | list[str]) -> str:
    """The first names of many, and how many more there are."""
    shown = ", ".join(f"`{each}`" for each in names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
