"""Population: whose flows are imported: the workloads that manifests tell of, and any other one.

Where no pod of a Sidecar is known, the pods that it selects are taken for a workload of its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from egresslang.answers.asked_mesh import AskedMesh, Client
from egresslang.existing.workloads import Runs
from egresslang.mesh.listeners import Pod
from egresslang.mesh.resources import selects
from egresslang.profile.profile import ClusterProfile
from egresslang.record import record, replace

ANY_OTHER = "any-other-workload"
"""The name of a workload that nobody knows."""

ELSEWHERE = "any-other-namespace"
"""The namespace that nothing is said of."""

Key = tuple[str, str]
"""Namespace and name of a workload."""


@record
class Population:
    """Known workloads, in order; those a sidecar sees, by namespace; any other workload of each namespace is `strangers`."""

    workloads: tuple[Runs, ...]
    namespaces: Mapping[str, tuple[Key, ...]]

    @property
    def strangers(self) -> tuple[Key, ...]:
        """Any other workload: of each known namespace, and of any other one, the last."""
        return (*((namespace, ANY_OTHER) for namespace in self.namespaces), (ELSEWHERE, ANY_OTHER))

    @property
    def labels(self) -> dict[Key, Mapping[str, str]]:
        """The labels of everybody whose flows count."""
        known = {(each.namespace, each.name): dict(each.labels) for each in self.workloads if not each.uncaptured}
        return {**known, **{key: {} for key in self.strangers}}


def population(
    asked: AskedMesh, workloads: Iterable[Runs], profile: ClusterProfile | None, namespaces: Iterable[str] = ()
) -> Population:
    """Who is in a mesh: these workloads, those of a profile, and those that only a Sidecar tells of.

    `namespaces` are further ones that something is said of.
    """
    found = {(each.namespace, each.name): _captured(each, asked) for each in workloads}
    for space in ((profile.namespaces or {}) if profile is not None else {}).values():
        for known in space.workloads.values():
            key = known.namespace, known.name
            found[key] = Runs(*key, known.labels, known.selector, asked.clients[key].uncaptured)
    if profile is None:
        for run in _selected(asked, found.values()):
            found.setdefault((run.namespace, run.name), run)
    resources = asked.mesh.resources
    standing = {each.origin.namespace for each in resources.service_entries}
    standing |= {each.origin.namespace for each in resources.sidecars}
    spaces = {*namespaces} | {namespace for namespace, _ in found} | standing - {asked.mesh.config.root_namespace}
    if profile is not None:
        spaces |= {*(profile.namespaces or ())}
    by_namespace: dict[str, list[Key]] = {namespace: [] for namespace in sorted(spaces)}
    for key, each in sorted(found.items()):
        if not each.uncaptured:
            by_namespace[each.namespace].append(key)
    everybody = tuple(found[key] for key in sorted(found))
    return Population(everybody, {namespace: tuple(keys) for namespace, keys in by_namespace.items()})


def _captured(each: Runs, asked: AskedMesh) -> Runs:
    """A workload with the reason why no sidecar sees it, which its namespace may say."""
    client = asked.clients.get((each.namespace, each.name))
    return each if client is None else replace(each, uncaptured=client.uncaptured)


def _selected(asked: AskedMesh, known: Iterable[Runs]) -> Iterator[Runs]:
    """The pods of Sidecars of which none is known."""
    carried: dict[str, list[Mapping[str, str]]] = {}
    for each in known:
        carried.setdefault(each.namespace, []).append(dict(each.labels))
    seen = set()
    for sidecar in asked.mesh.resources.sidecars:
        namespace, selector = sidecar.origin.namespace, sidecar.selector
        if not selector or (namespace, selector) in seen:
            continue
        seen.add((namespace, selector))
        if not any(selects(selector, labels) for labels in carried.get(namespace, ())):
            yield Runs(namespace, sidecar.origin.name, selector, selector, "")


def populate(asked: AskedMesh, everybody: Population) -> dict[Key, Client]:
    """The clients of a mesh that stand for a population; those it does not know yet are made known to it."""
    like = asked.stranger
    for key, labels in everybody.labels.items():
        if key not in asked.clients:
            asked.clients[key] = Client(*key, Pod(key[0], labels, like.dns_capture, like.families), {})
    return {key: asked.clients[key] for key in everybody.labels}
