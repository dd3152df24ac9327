"""Importing: manifests become a policy with the same flows, proved by the model of the mesh, and a list of the rest.

What each workload reaches by the manifests is asked of the model, and granted. The policy is compiled, and its mesh asked
the same: whatever comes out otherwise is in the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date

from egresslang.answers.asked_mesh import AskedMesh
from egresslang.answers.deployed import ask_manifests
from egresslang.answers.difference.lines import few
from egresslang.documents import Located, read
from egresslang.existing.cluster import DEFAULT, read_cluster
from egresslang.existing.importing import in_mesh, proof
from egresslang.existing.importing.permits import enforcement, permits
from egresslang.existing.importing.population import ANY_OTHER, ELSEWHERE, Key, Population, population
from egresslang.existing.importing.profile import profile_text
from egresslang.existing.importing.reaches import Reach, reaches
from egresslang.existing.importing.reasons import reason_of
from egresslang.existing.importing.script import MeshLine, script
from egresslang.existing.importing.unkept import Unkept, unkept
from egresslang.files import LARGEST, STANDARD_INPUT
from egresslang.findings import Finding, errors
from egresslang.mesh.read import is_read, unfolded
from egresslang.policy.policy import ANY, Grant, Name, Subject
from egresslang.profile.existing import resources_of
from egresslang.profile.installation import form_of
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile, Enforcement, Resource
from egresslang.record import record, replace
from egresslang.source import Source
from egresslang.verify.installed import is_config_map

REPLACED = frozenset(("ServiceEntry", "Sidecar"))
"""The kinds that a policy compiles to, and so replaces."""


@record
class Imported:
    """A policy as text, the profile that it is for, and what it does not keep; `findings` where there is no such policy."""

    text: str
    profile: str
    level: str
    unkept: tuple[Unkept, ...]
    findings: tuple[Finding, ...] = ()


def import_mesh(
    sources: Sequence[Source], named: ClusterProfile | None, today: date, written: Callable[[str], str] = str
) -> Imported:
    """The policy of some files of manifests, for a profile that is given, else for the one that the manifests imply.

    `written` gives the path by which such a profile names a file, of those that hold only what stays as it is.
    """
    documents, unread = _documents(sources)
    asked, problems = ask_manifests(documents, named)
    unread += [Unkept(f"not read: {each.message}", each.label, each.span) for each in problems]
    cluster = read_cluster(sources)
    everybody = population(asked, cluster.workloads, named)
    found = reaches(asked, everybody)
    kept = {key: _kept(asked, key) for key in everybody.labels}
    reasons = _Reasons(documents)
    is_named: Callable[[Key], bool] = lambda key: True  # noqa: E731
    while True:
        text = ""
        if named is None:
            level = enforcement(found, everybody, is_named)
            profile, text, wrong = _implied(asked, level, kept, everybody, [written(each.name) for each in sources if _is_left(each)])  # fmt: skip
            if profile is None:
                return Imported("", text, level.level, (), tuple(wrong))
        else:
            profile, level = named, named.enforcement
        profile = replace(profile, resources=tuple(_rest(profile, documents)))
        meshes = list(_mesh_lines(found, kept, everybody, profile))
        said = proof.sayable(list(permits(found, everybody, level, reasons)), meshes, profile, today)
        if said.findings:
            return Imported("", text, level.level, (), said.findings)
        names = {(each.subject.namespace, each.subject.workload) for each in (*said.permits, *meshes)}
        if named is not None or enforcement(found, everybody, names.__contains__) == level:
            break
        is_named = names.__contains__
    head = [
        f"Imported from {few([each.name for each in sources])}.",
        f"The profile that it is for has the enforcement {_level(level)}.",
    ]
    made, wrong = proof.compiled(script(head, said.permits, meshes, ()), "imported.egress", profile, today)
    if made is None or made.manifests is None:
        return Imported("", text, level.level, (), tuple(errors(wrong)))
    others = [*unread, *unkept(asked.mesh.resources), *proof.differences(asked, made, profile, everybody, said.refused)]
    tail = [f"not kept: {each}" for each in others]
    return Imported(script(head, said.permits, meshes, tail), text, level.level, tuple(others))


def _implied(
    asked: AskedMesh,
    level: Enforcement,
    kept: Mapping[Key, in_mesh.Kept],
    everybody: Population,
    resources: Sequence[str],
) -> tuple[ClusterProfile | None, str, list[Finding]]:
    """The profile that manifests imply, without and with the files that it names, and what is wrong with it."""
    config = asked.mesh.config
    services = in_mesh.of_profile(kept[ELSEWHERE, ANY_OTHER], ELSEWHERE, config.cluster_domain)
    about = config, level, services, everybody, asked.stranger.families
    profile, wrong = load(Source("the profile that the manifests imply", profile_text(*about, ())), _reads_nothing)
    return profile, profile_text(*about, resources), wrong


def _level(level: Enforcement) -> str:
    return f"{{namespaces: [{', '.join(sorted(level.namespaces))}]}}" if level.namespaces else level.level


def _reads_nothing(path: str) -> str:
    raise FileNotFoundError(path)


def _documents(sources: Iterable[Source]) -> tuple[list[Located], list[Unkept]]:
    documents: list[Located] = []
    unread: list[Unkept] = []
    for source in sources:
        here, problems = read(source, limit=LARGEST)
        documents += unfolded(here)
        unread += [Unkept(f"not read: {each.message}", each.label, each.span) for each in problems]
    return documents, unread


def _rest(profile: ClusterProfile, documents: Iterable[Located]) -> Iterator[Resource]:
    """What stays in the cluster beside a policy: what a profile names, and what is not replaced of the manifests."""
    problems: list[Finding] = []
    given = [each for document in documents if _is_whole(document) for each in resources_of(document, DEFAULT, problems)]
    here = {_identity(each) for each in given}
    yield from (each for each in profile.resources if _identity(each) not in here)
    seen = set()
    for each in given:
        if _stays(each) and _identity(each) not in seen:
            seen.add(_identity(each))
            yield each


def _is_left(source: Source) -> bool:
    """Whether a file holds nothing that a policy replaces and no installation, and something that has a say in the mesh."""
    documents = list(unfolded(read(source, limit=LARGEST)[0]))
    kinds = {each.value.get("kind") for each in documents if isinstance(each.value, dict)}
    is_plain = all(_is_whole(each) for each in documents)
    return source.name != STANDARD_INPUT and is_plain and not kinds & REPLACED and any(map(is_read, documents))


def _is_whole(document: Located) -> bool:
    value = document.value
    is_named = isinstance(value, dict) and isinstance(value.get("metadata"), dict) and bool(value["metadata"].get("name"))
    return is_named and not form_of(document) and not is_config_map(document)


def _stays(each: Resource) -> bool:
    is_internal = each.kind == "ServiceEntry" and each.spec.get("location") == "MESH_INTERNAL"
    return each.kind not in REPLACED or is_internal


def _identity(each: Resource) -> tuple[str, str, str]:
    return each.kind, each.namespace, each.name


class _Reasons:
    """Why something is granted, as the manifest that it follows from says."""

    def __init__(self, documents: Iterable[Located]) -> None:
        self._at = {}
        for each in documents:
            name = each.get("metadata", "name") if isinstance(each.value, dict) else None
            if name is not None:
                self._at[name.span.place] = each

    def __call__(self, grant: Grant) -> str:
        manifest = self._at.get(grant.rule.span.place) if grant.rule.span.source.text else None
        host = grant.destination.host if isinstance(grant.destination, Name) else str(grant.destination)
        return "" if manifest is None else reason_of(manifest, host)


def _kept(asked: AskedMesh, key: Key) -> in_mesh.Kept:
    namespace, _ = key
    sidecar = asked.mesh.sidecar(namespace, asked.clients[key].pod.labels)
    return in_mesh.kept(sidecar, namespace, asked.mesh.config.cluster_domain)


def _mesh_lines(
    found: Mapping[Key, Reach], kept: Mapping[Key, in_mesh.Kept], everybody: Population, profile: ClusterProfile
) -> Iterator[MeshLine]:
    """What differs from what the profile keeps; a line for a namespace adds to those of its workloads."""
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
            yield _mesh_line(Subject(namespace, ANY), of_all, everybody)
        for key in held:
            if kept[key] != usual:
                yield _mesh_line(Subject(*key), kept[key], everybody)


def _mesh_line(subject: Subject, services: in_mesh.Kept, everybody: Population) -> MeshLine:
    words = tuple(in_mesh.in_words(services, everybody.namespaces))
    if words:
        return MeshLine(subject, words)
    return MeshLine(subject, (f"{subject.namespace}/none",), "it keeps nothing of the mesh")

