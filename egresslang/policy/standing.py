"""Standing: the workloads of a cluster as their manifests say, or the profile itself, beside those that the policy knows.

A manifest is that of a known workload by its name, or by its name with a version after it where none has the name
itself (`reviews-v1` of `reviews`); its pods must carry the labels that the workload is selected by. Any other manifest
whose pods carry these labels is a stranger to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from egresslang.documents import Located
from egresslang.mesh.addresses import BITS, parse_network
from egresslang.mesh.read import GATEWAYS, TEMPLATES, read
from egresslang.mesh.resources import Labels, Workload, selects
from egresslang.policy.inventory import KnownWorkload
from egresslang.policy.policy import Addresses, Grant
from egresslang.policy.stated_pods import stated_namespaces, stated_pod, stated_workloads
from egresslang.profile.facts import CAPTURE
from egresslang.profile.profile import ClusterProfile
from egresslang.profile.profile import Workload as ProfileWorkload
from egresslang.ranges import Range
from egresslang.record import record
from egresslang.source import Span

KINDS = frozenset(
    {
        "Pod",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
        "Job",
        "CronJob",
        "Rollout",
    }
)
"""The kinds of manifests that say what pods are like."""

PREFIX = "traffic.sidecar.istio.io/"
INJECT = "sidecar.istio.io/inject"
MODE = "sidecar.istio.io/interceptionMode"
PROXY_CONFIG = "proxy.istio.io/config"
DATAPLANE = "istio.io/dataplane-mode"
SIDECARS_USER = 1337

_INTERCEPTED = "nothing is sent to its sidecar: the mode of interception is NONE"
_NO_INTERCEPTION = re.compile(r"""(?:^|[{,])\s*["']?interceptionMode["']?\s*:\s*["']?NONE\b""", re.MULTILINE)

_CULPRITS: tuple[tuple[tuple[str, ...], object], ...] = (
    (("metadata", "labels", INJECT), "false"),
    (("metadata", "annotations", INJECT), "false"),
    (("spec", "hostNetwork"), True),
    (("metadata", "labels", DATAPLANE), "ambient"),
    *((("metadata", "labels", "istio"), name) for name in GATEWAYS),
    (("metadata", "annotations", TEMPLATES), "gateway"),
    (("spec", "securityContext", "runAsUser"), SIDECARS_USER),
)
"""What in a pod keeps its traffic from a sidecar, in the order in which the reader of manifests looks."""


@record
class Standing:
    """A workload that stands in the cluster: its pods, and the part of its manifest that describes them.

    `uncaptured` says why no sidecar sees what it sends, empty when one does; `culprit_span` is what in the manifests says so.
    `is_owned` when a controller made it.
    """

    workload: Workload
    pod_span: Located
    uncaptured: str
    culprit_span: Span
    is_owned: bool = False

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return self.workload.origin.namespace

    @property
    def name(self) -> str:
        """The name of its manifest."""
        return self.workload.origin.name

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its pods."""
        return dict(self.workload.labels)

    @property
    def name_span(self) -> Span:
        """Where its name is written."""
        return self.workload.origin.place or self.culprit_span

    def annotation(self, name: str) -> Located | None:
        """An annotation of its pods, with its place."""
        return self.pod_span.get("metadata", "annotations", name)


class Standings:
    """The workloads that stand in the cluster of a profile, by namespace."""

    def __init__(self, profile: ClusterProfile) -> None:
        self.by_namespace: dict[str, list[Standing]] = {}
        self._by_label: dict[str, dict[tuple[str, str], list[Standing]]] = {}
        self._profile = profile
        for each in standings_of(profile):
            if not each.is_owned:
                self.by_namespace.setdefault(each.namespace, []).append(each)
        unseen = [
            each
            for each in stated_workloads(profile)
            if not self.of(KnownWorkload(each.namespace, each.name, each.labels, each.selector))
        ]
        for one in stated_standings(unseen, profile):
            self.by_namespace.setdefault(one.namespace, []).append(one)
            self._by_label.pop(one.namespace, None)

    def of(self, known: KnownWorkload) -> list[Standing]:
        """The manifests of a known workload."""
        carrying = self._carrying(known.namespace, known.selector)
        own = [each for each in carrying if each.name == known.name]
        return own or [each for each in carrying if each.name.startswith(f"{known.name}-")]

    def unselected(self, known: KnownWorkload) -> list[Standing]:
        """The manifests of a known workload's name, where the pods of none of its manifests carry its labels."""
        return [] if self.of(known) else self._by_name.get((known.namespace, known.name), [])

    def described(self, known: KnownWorkload) -> list[Standing]:
        """The manifests that say what the pods of a known workload are like, whatever labels they carry."""
        return self.of(known) or self.unselected(known)

    def strangers(self, known: KnownWorkload, others: Mapping[str, KnownWorkload]) -> list[Standing]:
        """Those with a sidecar whose pods carry the labels a known workload is selected by, and that are none of `others`."""
        own = {id(each) for each in self.of(known)}
        return [
            each
            for each in self._carrying(known.namespace, known.selector)
            if id(each) not in own and each.name not in others and not each.uncaptured
        ]

    def selects_nothing(self, namespace: str, selector: Labels) -> bool:
        """Whether pods or WorkloadEntries are known in a namespace, and none of them carries the labels."""
        known = (self._profile.namespaces or {}).get(namespace)
        carried = [dict(each.labels) for each in known.workloads.values()] if known is not None else []
        carried += [each.labels for each in self.by_namespace.get(namespace, ())]
        carried += self._entries.get(namespace, ())
        return bool(carried) and not any(selects(selector, labels) for labels in carried)

    @cached_property
    def _entries(self) -> dict[str, list[dict[str, str]]]:
        """The labels of WorkloadEntries, by namespace."""
        found: dict[str, list[dict[str, str]]] = {}
        for each in self._profile.resources:
            if each.kind == "WorkloadEntry":
                labels = each.manifest_span.get("spec", "labels")
                found.setdefault(each.namespace, []).append(
                    {} if labels is None else {str(key): str(value.value) for key, value in labels.items()}
                )
        return found

    @cached_property
    def without_sidecars(self) -> dict[str, tuple[str, Span]]:
        """Namespaces whose pods get no sidecar, with the reason and its place."""
        return dict(_without_injection(manifests_of(self._profile)))

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], list[Standing]]:
        found: dict[tuple[str, str], list[Standing]] = {}
        for namespace, several in self.by_namespace.items():
            for each in several:
                found.setdefault((namespace, each.name), []).append(each)
        return found

    def _carrying(self, namespace: str, selector: Labels) -> list[Standing]:
        if not selector:
            return []
        index = self._by_label.get(namespace)
        if index is None:
            index = self._by_label[namespace] = {}
            for each in self.by_namespace.get(namespace, ()):
                for label in each.workload.labels:
                    index.setdefault(label, []).append(each)
        candidates = min((index.get(label, []) for label in selector), key=len)
        return [each for each in candidates if selects(selector, each.labels)]


def manifests_of(profile: ClusterProfile) -> list[Located]:
    """The manifests of a profile, and its namespaces as it states them where they have none."""
    return [*(each.manifest_span for each in profile.resources), *stated_namespaces(profile)]


def standings_of(profile: ClusterProfile) -> Iterator[Standing]:
    """The workloads of a profile's manifests."""
    return standings(manifests_of(profile), profile.cluster_domain, profile.default_namespace)


def stated_standings(workloads: Iterable[ProfileWorkload], profile: ClusterProfile) -> Iterator[Standing]:
    """Workloads of a profile as it states them itself."""
    pods = list(map(stated_pod, workloads))
    namespaces = manifests_of(profile) if pods else ()
    return standings(pods, profile.cluster_domain, profile.default_namespace, namespaces)


def standings(
    manifests: Iterable[Located], cluster_domain: str, namespace: str, namespaces: Iterable[Located] = ()
) -> Iterator[Standing]:
    """The workloads of some manifests; what names no namespace stands in `namespace`, and more Namespaces in `namespaces`."""
    manifests = list(manifests)
    injection = dict(_without_injection([*namespaces, *manifests]))
    for manifest in manifests:
        kind = manifest.get("kind")
        if kind is not None and str(kind.value) in KINDS and referred(manifest.value) is None:
            for each in read([manifest], cluster_domain, namespace)[0].workloads:
                yield _standing(each, manifest, injection)


def referred(manifest: Mapping[str, Any]) -> tuple[str, str] | None:
    """Kind and name of the workload whose pods an Argo Rollout rolls out instead of its own (`workloadRef`); None for any other."""
    spec = manifest.get("spec")
    if manifest.get("kind") != "Rollout" or not isinstance(spec, dict) or spec.get("template"):
        return None
    to = spec.get("workloadRef")
    kind, name = (to.get("kind"), to.get("name")) if isinstance(to, dict) else (None, None)
    return (kind, name) if isinstance(kind, str) and isinstance(name, str) else None


def _standing(workload: Workload, manifest: Located, injection: Mapping[str, tuple[str, Span]]) -> Standing:
    pod = _pod(manifest)
    named = workload.origin.place or manifest.heading
    reason, place = workload.uncaptured, named
    for path, value in _CULPRITS if reason else ():
        found = pod.get(*path)
        if found is not None and found.value == value:
            place = found.key_span.to(found.span)
            break
    if not reason:
        reason, place = next(_kept_from_sidecar(workload, pod), ("", named))
    if not reason and workload.origin.namespace in injection:
        own = {**workload.annotations, **dict(workload.labels)}.get(INJECT)
        if own != "true":
            reason, place = injection[workload.origin.namespace]
    return Standing(workload, pod, reason, place, manifest.get("metadata", "ownerReferences") is not None)


def _pod(manifest: Located) -> Located:
    """The part of a manifest that has the metadata and the spec of its pods."""
    if manifest.value["kind"] == "Pod":
        return manifest
    return manifest.get("spec", "jobTemplate", "spec", "template") or manifest.get("spec", "template") or manifest


def _kept_from_sidecar(workload: Workload, pod: Located) -> Iterator[tuple[str, Span]]:
    """What else in a pod keeps its traffic from its sidecar, and where."""
    mode = pod.get("metadata", "annotations", MODE)
    if mode is not None and str(mode.value).upper() == "NONE":
        yield _INTERCEPTED, mode.key_span.to(mode.span)
    config = pod.get("metadata", "annotations", PROXY_CONFIG)
    if mode is None and config is not None and _NO_INTERCEPTION.search(str(config.value)):
        yield _INTERCEPTED, config.key_span.to(config.span)
    containers = pod.get("spec", "containers")
    for each in containers.entries() if containers is not None else ():
        user = each.get("securityContext", "runAsUser")
        if user is not None and user.value == SIDECARS_USER and each.value.get("name") != "istio-proxy":
            yield (
                f"a container runs as user {SIDECARS_USER}: what it sends is taken for the sidecar's own",
                user.key_span.to(user.span),
            )


def _without_injection(manifests: Iterable[Located]) -> Iterator[tuple[str, tuple[str, Span]]]:
    """Namespaces whose labels say that pods get no sidecar, with the reason and its place."""
    for each in manifests:
        kind, name = each.get("kind"), each.get("metadata", "name")
        if kind is None or kind.value != "Namespace" or name is None:
            continue
        injects = each.get("metadata", "labels", "istio-injection")
        mode = each.get("metadata", "labels", DATAPLANE)
        if injects is not None and injects.value == "disabled":
            words = "it has no sidecar: its namespace says `istio-injection: disabled`"
            yield str(name.value), (words, injects.key_span.to(injects.span))
        elif mode is not None and mode.value == "ambient" and (injects is None or injects.value != "enabled"):
            words = "its namespace is in the ambient mesh: Sidecars mean nothing to it"
            yield str(name.value), (words, mode.key_span.to(mode.span))


@record
class Exclusion:
    """What an annotation or the installation leaves out of capture: `ports` and `networks`, each with its text; `only` when it captures these alone.

    A port of 0 is every port.
    """

    setting: str
    span: Span
    ports: tuple[int, ...]
    networks: tuple[tuple[int, Range, str], ...]
    only: bool = False


def exclusions(standing: Standing) -> list[Exclusion]:
    """What the annotations of a workload leave out, in the order of istio-iptables: ports, addresses, all other addresses."""
    places = {name: standing.annotation(PREFIX + name) for name in CAPTURE}
    return _exclusions(
        {
            name: (PREFIX + name, said.value, said.key_span.to(said.span))
            for name, said in places.items()
            if said is not None and isinstance(said.value, str)
        }
    )


def installed_exclusions(profile: ClusterProfile) -> list[Exclusion]:
    """What the installation leaves out for every pod that says nothing else, in the same order."""
    return _exclusions(
        {name: (f"global.proxy.{CAPTURE[name]}", said.text, said.span) for name, said in profile.capture.items()}
    )


def _exclusions(settings: Mapping[str, tuple[str, str, Span]]) -> list[Exclusion]:
    found = []
    for name, has_ports, only in (
        ("excludeOutboundPorts", True, False),
        ("excludeOutboundIPRanges", False, False),
        ("includeOutboundIPRanges", False, True),
    ):
        if name not in settings:
            continue
        setting, text, span = settings[name]
        words = [each.strip() for each in text.split(",") if each.strip()]
        if only and words == ["*"]:
            continue
        ports = tuple(_ports(words)) if has_ports else ()
        networks = () if has_ports else tuple(_networks(words))
        if ports or networks or only:
            found.append(Exclusion(setting, span, ports, networks, only))
    return found


def left_out(grant: Grant, exclusion: Exclusion, included: frozenset[int]) -> str:
    """What of a grant is left out of capture, in words; empty when nothing."""
    if exclusion.ports:
        return f"port {grant.port}" if grant.port in exclusion.ports or 0 in exclusion.ports else ""
    destination = grant.destination
    if exclusion.only:
        if grant.port in included or 0 in included:
            return ""
        if not isinstance(destination, Addresses):
            return f"`{destination}`"
        inside = [network for version, network, _ in exclusion.networks if version == destination.version]
        is_inside = all(
            any(low <= first and last <= high for low, high in inside) for first, last in destination.ranges
        )
        return "" if is_inside else f"`{destination}`"
    for version, (low, high), text in exclusion.networks:
        if isinstance(destination, Addresses):
            if version == destination.version and any(
                low <= last and first <= high for first, last in destination.ranges
            ):
                return f"`{text}`"
        elif (version, low, high) == (4, 0, (1 << 32) - 1):
            return f"`{destination}`"
    return ""


def included_ports(standing: Standing) -> frozenset[int]:
    """Ports that are captured whatever the address; 0 for all."""
    said = standing.annotation(f"{PREFIX}includeOutboundPorts")
    if said is None or not isinstance(said.value, str):
        return frozenset()
    return frozenset(_ports(each.strip() for each in said.value.split(",")))


def _ports(words: Iterable[str]) -> Iterator[int]:
    for each in words:
        if each == "*":
            yield 0
        elif each.isascii() and each.isdecimal():
            yield int(each)


def _networks(words: Iterable[str]) -> Iterator[tuple[int, Range, str]]:
    for each in words:
        if each == "*":
            for version, bits in BITS.items():
                yield version, (0, (1 << bits) - 1), each
        elif (network := parse_network(each)) is not None:
            version, first, length = network
            yield version, (first, first + (1 << (BITS[version] - length)) - 1), each
