"""EGR504 collision: a Sidecar that stands in the cluster already takes the place of one that the policy needs.

One Sidecar holds for a pod and nothing merges: of two that select it, or two without a selector, the older, which is
the one that stands there. Also told are Sidecars that do something else than they seem to: one that lists hosts under
ALLOW_ANY, one whose selector matches nothing known, as that of a ServiceEntry may, and `./*`, which imports what is
declared for others. (What other resources change is told when the manifests are proved.)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.findings import Finding, Label, Severity, finding
from egresslang.policy.policy import ANY, Everything, Grant, Policy, Subject
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Span

if TYPE_CHECKING:
    from egresslang.documents import Located
    from egresslang.mesh.resources import Labels, ServiceEntry, Sidecar
    from egresslang.policy.standing import Standings

CODE = codes.COLLISION

STRICT, OPEN = "REGISTRY_ONLY", "ALLOW_ANY"


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """The first thing wrong with each Sidecar or ServiceEntry that stands there, without those of a former output."""
    standing = [
        each
        for each in profile.resources
        if each.kind in ("Sidecar", "ServiceEntry") and each.labels.get("app.kubernetes.io/managed-by") != "egressc"
    ]
    if not standing:
        return
    from egresslang.mesh.read import read

    documents = [each.manifest_span for each in standing]
    found, _ = read(documents, profile.cluster_domain, profile.default_namespace)
    looked = _Look(policy, profile)
    defaults: dict[str, Sidecar] = {}
    for each in found.sidecars:
        told = next(looked.at(each), None)
        if each.selector is None and told is None and each.origin.namespace in defaults:
            told = _second(each, defaults[each.origin.namespace])
        if each.selector is None:
            defaults.setdefault(each.origin.namespace, each)
        if told is not None:
            yield told
    for entry in found.service_entries:
        if entry.selector:
            yield from looked.selects_nothing(entry, entry.selector)


class _Look:
    """What a policy needs of its own Sidecars, and what a standing one does to it."""

    def __init__(self, policy: Policy, profile: ClusterProfile) -> None:
        self.policy = policy
        self.profile = profile
        self.level = profile.enforcement.level
        self.places: dict[Subject, Span] = {}  # where each subject that gets a Sidecar is named
        self.grants: dict[str, list[Grant]] = {}  # what is granted to single workloads, by namespace
        for grant in policy.grants:
            self.places.setdefault(grant.subject, grant.rule.span)
            if grant.subject.workload != ANY and not isinstance(grant.destination, Everything):
                self.grants.setdefault(grant.subject.namespace, []).append(grant)
        for subject in (*policy.mesh, *(policy.named if self.level == "workloads" else ())):
            self.places.setdefault(subject, profile.span)
        for namespace, name, span in profile.observed:
            self.places.setdefault(Subject(namespace, name), span)

    @cached_property
    def _standings(self) -> Standings:
        from egresslang.policy.standing import Standings

        return Standings(self.profile)

    def at(self, sidecar: Sidecar) -> Iterator[Finding]:
        """What is wrong with a Sidecar, the worst first."""
        if self.level != "observe":
            yield from self._takes_the_default(sidecar) if sidecar.selector is None else self._takes_pods(sidecar)
        yield from self._imports(sidecar)
        yield from self._lists_in_vain(sidecar)
        if sidecar.selector:
            yield from self.selects_nothing(sidecar, sidecar.selector)

    def _is_enforced(self, namespace: str) -> bool:
        return self.level == "mesh" or (self.level == "namespaces" and namespace in self.profile.enforcement.namespaces)

    def _takes_pods(self, sidecar: Sidecar) -> Iterator[Finding]:
        for subject in self._selected(sidecar):
            place = self.places.get(subject)
            if place is None or (self.level == "namespaces" and not self._is_enforced(subject.namespace)):
                continue
            yield finding(
                CODE,
                place,
                f"{sidecar.origin} holds for `{subject}` already",
                "needs a Sidecar of its own",
                [Label(_selector(sidecar), "selects its pods")],
                ["one Sidecar holds for a pod, the older of two: the one written here would never be looked at"],
                f"remove {sidecar.origin}, and write what it lists as `allow` and `mesh` lines",
            )

    def _takes_the_default(self, sidecar: Sidecar) -> Iterator[Finding]:
        namespace, root = sidecar.origin.namespace, self.profile.root_namespace
        rest = Subject(namespace, ANY)
        is_mesh = self.level == "mesh" and namespace == root
        if not (is_mesh or (self.level == "namespaces" and self._is_enforced(namespace)) or
                (self.level == "mesh" and rest in self.places)):  # fmt: skip
            return
        whose = "the mesh" if namespace == root else f"`{namespace}`"
        name = _name(sidecar)
        place = name if is_mesh else self.places.get(rest, name)
        yield finding(
            CODE,
            place,
            f"{sidecar.origin} is the default of {whose} already",
            "has no selector" if place is name else "needs a default Sidecar of its own",
            [] if place is name else [Label(name, "has no selector")],
            ["of two Sidecars without a selector the older holds: the one written here would never be looked at"],
            f"remove {sidecar.origin}, and write what it lists as `allow` and `mesh` lines",
        )

    def _imports(self, sidecar: Sidecar) -> Iterator[Finding]:
        """`./*` imports every ServiceEntry of the namespace, those declared for one workload too."""
        namespace = sidecar.origin.namespace
        if self._mode(sidecar) != STRICT or namespace not in self.grants:
            return
        for entry in _listed(sidecar):
            where, _, host = str(entry.value).partition("/")
            if host != "*" or where not in (".", "*", namespace):
                continue
            selected = set(self._selected(sidecar))
            grant = next((each for each in self.grants[namespace] if selected != {each.subject}), None)
            if grant is not None:
                yield finding(
                    CODE,
                    entry.span,
                    f"`{entry.value}` of {sidecar.origin} imports what is granted to `{grant.subject}`",
                    "every ServiceEntry, whoever it is meant for",
                    [Label(grant.span, f"granted to `{grant.subject}` alone")],
                    ["its pods would reach the host as soon as its ServiceEntry is there"],
                    f'list `"{where}/*.svc.{self.profile.cluster_domain}"` for what is in the mesh, and other hosts by name',
                )
            return

    def _lists_in_vain(self, sidecar: Sidecar) -> Iterator[Finding]:
        listed = [str(each.value) for each in _listed(sidecar)]
        if self._mode(sidecar) != OPEN or not listed or "*/*" in listed:
            return
        is_locked = self._is_enforced(sidecar.origin.namespace)
        mode = _mode_place(sidecar)
        yield finding(
            CODE,
            mode or _name(sidecar),
            f"{sidecar.origin} restricts nothing",
            f"{OPEN} lets through what is not listed",
            [Label(_listed(sidecar)[0].span, "what it lists is reached, and so is all else")],
            ["it leaves its pods open in a locked mesh"] if is_locked else [],
            f"write `mode: {STRICT}`, or remove {sidecar.origin}"
            + (" and name its workloads under `observed`" if is_locked else ""),
            severity=Severity.ERROR if is_locked else Severity.WARNING,
        )

    def selects_nothing(self, resource: Sidecar | ServiceEntry, selector: Labels) -> Iterator[Finding]:
        """A selector that no pod of the namespace is known to carry the labels of."""
        namespace = resource.origin.namespace
        if self._standings.selects_nothing(namespace, selector):
            yield finding(
                CODE,
                _selector(resource),
                f"{resource.origin} selects no known workload",
                f"no pod known in `{namespace}` carries this",
                help=f"correct the labels, or remove {resource.origin}",
                severity=Severity.WARNING,
            )

    def _selected(self, sidecar: Sidecar) -> list[Subject]:
        """The known workloads that a Sidecar selects; all of its namespace without a selector."""
        namespace = sidecar.origin.namespace
        inventory = self.policy.inventory
        found = (
            inventory.carrying(namespace, sidecar.selector)
            if sidecar.selector
            else inventory.namespaces.get(namespace, {}).values()
        )
        return [Subject(namespace, each.name) for each in found]

    def _mode(self, sidecar: Sidecar) -> str:
        """The mode that holds under a Sidecar: its own, else the mesh's once the policy is applied."""
        if sidecar.policy is not None:
            return sidecar.policy.mode
        return STRICT if self.level == "mesh" else self.profile.outbound_traffic_policy


def _second(sidecar: Sidecar, first: Sidecar) -> Finding:
    return finding(
        CODE,
        _name(sidecar),
        f"{sidecar.origin} is a second default of `{sidecar.origin.namespace}`",
        "has no selector",
        [Label(_name(first), "has none either")],
        ["of two Sidecars without a selector the older holds, and the other one is never looked at"],
        "remove one of the two",
        severity=Severity.WARNING,
    )


def _manifest(resource: Sidecar | ServiceEntry) -> Located:
    manifest = resource.origin.manifest_span
    assert manifest is not None
    return manifest


def _name(resource: Sidecar | ServiceEntry) -> Span:
    return resource.origin.place or _manifest(resource).heading


def _selector(resource: Sidecar | ServiceEntry) -> Span:
    labels = _manifest(resource).get("spec", "workloadSelector", "labels")
    return labels.span if labels is not None and labels.value else _name(resource)


def _mode_place(sidecar: Sidecar) -> Span | None:
    mode = _manifest(sidecar).get("spec", "outboundTrafficPolicy", "mode")
    return mode.span if mode is not None else None


def _listed(sidecar: Sidecar) -> list[Located]:
    """The entries of `egress.hosts`, of all listeners."""
    egress = _manifest(sidecar).get("spec", "egress")
    hosts = [each.get("hosts") for each in egress.entries()] if egress is not None else []
    return [entry for each in hosts if each is not None for entry in each.entries()]
