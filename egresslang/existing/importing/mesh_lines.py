"""Mesh lines: what workloads keep of the mesh itself, where a profile does not say it for all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from egresslang.answers.asked_mesh import AskedMesh
from egresslang.existing.importing import in_mesh
from egresslang.existing.importing.population import ANY_OTHER, Key, Population
from egresslang.existing.importing.reaches import Reach
from egresslang.existing.importing.script import MeshLine
from egresslang.policy.policy import ANY, Subject
from egresslang.profile.profile import ClusterProfile


def kept_by(asked: AskedMesh, key: Key) -> in_mesh.Kept:
    """What a workload keeps of the mesh itself."""
    namespace, _ = key
    sidecar = asked.mesh.sidecar(namespace, asked.clients[key].pod.labels)
    return in_mesh.kept(sidecar, namespace, asked.mesh.config.cluster_domain)


def mesh_lines(
    found: Mapping[Key, Reach],
    kept: Mapping[Key, in_mesh.Kept],
    everybody: Population,
    profile: ClusterProfile,
    namespaces: Sequence[str],
    nameless: Collection[Key],
) -> Iterator[MeshLine]:
    """What differs from what the profile keeps; a line for a namespace adds to those of its workloads.

    All Services are those of the known `namespaces`. Who is `nameless` has a line though nothing differs: a policy that
    holds workloads one by one must name them.
    """
    domain, level = profile.cluster_domain, profile.enforcement
    if level.level == "observe":
        return
    for namespace, keys in everybody.namespaces.items():
        usual = in_mesh.listed(profile.in_mesh, namespace, domain)
        held = [key for key in keys if not found[key].is_open]
        of_all = kept[namespace, ANY_OTHER]
        is_held = level.level == "mesh" or namespace in level.namespaces
        is_shared = is_held and of_all != usual and all(of_all <= kept[key] for key in held)
        if is_shared and not found[namespace, ANY_OTHER].is_open:
            usual = of_all
            yield _mesh_line(Subject(namespace, ANY), of_all, namespaces)
        for key in held:
            if kept[key] != usual or key in nameless:
                yield _mesh_line(Subject(*key), kept[key], namespaces)


def _mesh_line(subject: Subject, services: in_mesh.Kept, namespaces: Sequence[str]) -> MeshLine:
    words = tuple(in_mesh.in_words(services, namespaces))
    if words:
        return MeshLine(subject, words)
    return MeshLine(subject, (f"{subject.namespace}/none",), "it keeps nothing of the mesh")
