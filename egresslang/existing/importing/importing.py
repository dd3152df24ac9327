"""Importing: manifests become a policy with the same flows, proved by the model of the mesh, and a list of the rest.

What each workload reaches by the manifests is asked of the model, and granted. The policy is compiled, and its mesh asked
the same: whatever comes out otherwise is in the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date

from egresslang.answers.asked_mesh import AskedMesh
from egresslang.answers.deployed import ask_manifests
from egresslang.answers.difference.known_workloads import Workloads, of_manifests
from egresslang.answers.difference.lines import few
from egresslang.documents import Located
from egresslang.existing.cluster import read_cluster
from egresslang.existing.importing import in_mesh, proof
from egresslang.existing.importing.cilium import intents as cilium
from egresslang.existing.importing.cilium import is_cilium
from egresslang.existing.importing.given import documents_of, file_of, is_left, is_mesh, rest, unlisted, unnamed
from egresslang.existing.importing.intents import (
    Intent,
    beyond,
    in_doubt,
    invent,
    name_of,
    namespace_of,
    reaches_of,
    told_of,
)
from egresslang.existing.importing.mesh_lines import kept_by, mesh_lines
from egresslang.existing.importing.network_policy import intent as network_policy
from egresslang.existing.importing.network_policy import is_network_policy
from egresslang.existing.importing.permits import enforcement, of_gateways, permits
from egresslang.existing.importing.population import ANY_OTHER, ELSEWHERE, Key, Population, populate, population
from egresslang.existing.importing.profile import profile_text
from egresslang.existing.importing.reaches import Reach, reaches
from egresslang.existing.importing.reasons import behind_hosts, joined, reason_of, reasons_of_sidecar
from egresslang.existing.importing.script import script
from egresslang.existing.importing.smokescreen import intents as smokescreen
from egresslang.existing.importing.smokescreen import is_acl
from egresslang.existing.importing.unkept import Unkept, unkept
from egresslang.existing.workloads import Runs
from egresslang.files import Unreadable
from egresslang.findings import Finding, errors
from egresslang.mesh.resources import Labels
from egresslang.policy.policy import Grant, Name, Subject
from egresslang.profile.facts import CAPTURE
from egresslang.profile.installation import form_of
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile, Enforcement, Member
from egresslang.record import record, replace
from egresslang.source import Source, Span
from egresslang.verify.installed import is_config_map

IMPORTED = "ServiceEntries, Sidecars, NetworkPolicies, policies of Cilium, ACLs of smokescreen"
"""What is imported, in words."""

_BESIDE = "the mesh is imported, and this holds pods besides: import it by itself"
_UNNAMED = "it stays in the cluster, and decides where flows go: list it in `resources`"
_NAMELESS = "it reaches nothing outside, and is held back only because a `mesh` line names it"


@record
class Imported:
    """A policy as text, the profile that it is for, and what it does not keep; `findings` where there is no such policy.

    `rest` is a file of manifests that the profile names.
    """

    text: str
    profile: str
    level: str
    unkept: tuple[Unkept, ...]
    findings: tuple[Finding, ...] = ()
    rest: str = ""


@record
class _Before:
    """What was before the policy: who reaches what, as the manifests have it, and what they say besides.

    `grants` are all flows of some of everybody; `mesh` is None where they were no mesh's.
    """

    everybody: Population
    reaches: Mapping[Key, Reach]
    grants: proof.Flows
    unkept: tuple[Unkept, ...]
    mesh: AskedMesh | None


def import_policy(
    sources: Sequence[Source],
    named: ClusterProfile | None,
    today: date,
    written: Callable[[str], str] = str,
    beside: str = "",
) -> Imported:
    """The policy of some files of manifests, for a profile that is given, else for the one that the manifests imply.

    `written` gives the path by which such a profile names a file, of those that hold only what stays as it is; `beside` is
    that of a file for what stays of all others, empty where there is to be none. Raises files.Unreadable where there is
    nothing to import.
    """
    documents, unread = documents_of(sources)
    asked, problems = ask_manifests(documents, named)
    unread += [Unkept(f"not read: {each.message}", each.label, each.span) for each in problems]
    cluster = read_cluster(sources)
    before = _before(documents, asked, cluster.workloads, named, unread)
    everybody, found = before.everybody, before.reaches
    populate(asked, everybody)
    kept = {key: kept_by(asked, key) for key in everybody.labels}
    level = enforcement(found, everybody, asked.mesh.config.root_namespace) if named is None else named.enforcement
    profile, text, remaining = named, "", ""
    if profile is None:
        files = _Files(sources, written, beside)
        profile, text, remaining, wrong = _implied(asked, level, kept, everybody, cluster.labels, files)
        if profile is None:
            return Imported("", text, _level(level), (), tuple(wrong))
    if named is None:
        nowhere = Span(Source("", ""), 0, 0)
        profile = replace(profile, capture={key: Member(text, nowhere) for key, text in asked.capture.items()})
    unsaid = [] if named is None else unlisted(documents, named)
    profile = replace(profile, resources=tuple(rest(profile, documents)))
    spaces = sorted({*everybody.namespaces, *(each.origin.namespace for each in asked.mesh.resources.services)})
    wanted = list(
        permits(found, everybody, level, asked.stranger.families, _Reasons(documents, asked.default_namespace))
    )
    wanted += of_gateways(asked.mesh, everybody) if before.mesh is not None else ()
    nameless: set[Key] = set()
    while True:
        meshes = list(mesh_lines(found, kept, everybody, profile, spaces, nameless))
        said = proof.sayable(wanted, meshes, profile, today)
        if said.findings:
            return Imported("", text, _level(level), (), said.findings)
        names = {_key(each.subject) for each in said.permits} | {_key(each.subject) for each in meshes}
        more = {key for keys in everybody.namespaces.values() for key in keys if not found[key].is_open} - names
        if level.level != "workloads" or not more:
            break
        nameless |= more
    head = [
        f"Imported from {few([each.name for each in sources])}.",
        f"The profile that it is for has the enforcement {_level(level)}.",
    ]
    made, wrong = proof.compiled(script(head, said.permits, meshes, ()), "imported.egress", profile, today)
    if made is None or made.manifests is None:
        return Imported("", text, _level(level), (), tuple(errors(wrong)))
    others = [
        *unread,
        *_captured(asked, named),
        *([Unkept(f"the profile does not name {few(unsaid)}", _UNNAMED)] if unsaid else ()),
        *(
            Unkept(f"{'/'.join(key)} keeps Services of namespaces that the manifests do not know", _NAMELESS)
            for key in sorted(nameless)
            if in_mesh.ALL in kept[key]
        ),
        *before.unkept,
        *proof.differences(before.grants, made, profile, everybody, said.refused, before.mesh),
    ]
    tail = [f"not kept: {each}" for each in others]
    return Imported(script(head, said.permits, meshes, tail), text, _level(level), tuple(others), rest=remaining)


def _captured(asked: AskedMesh, named: ClusterProfile | None) -> Iterator[Unkept]:
    """What an installation leaves out of capture, which no profile that is implied says."""
    for key, text in asked.capture.items() if named is None else ():
        what = f"the installation leaves traffic out of the mesh (`global.proxy.{CAPTURE[key]}`: {text})"
        yield Unkept(what, "the profile does not say it: name the installation in it (`istio.installation`)")


def _before(
    documents: Sequence[Located],
    asked: AskedMesh,
    workloads: Sequence[Runs],
    named: ClusterProfile | None,
    unread: Sequence[Unkept],
) -> _Before:
    """A mesh, where the documents are of one; else what policies of other kinds say."""
    default = asked.default_namespace
    others = [each for each in documents if is_network_policy(each) or is_cilium(each) or is_acl(each)]
    if is_mesh(documents) or not others:
        if not is_mesh(documents) and not any(form_of(each) or is_config_map(each) for each in documents):
            why = "".join(f"; {each.place}: {each}" for each in unread[:1])
            raise Unreadable(f"nothing to import: {IMPORTED} are what `egressc import` reads{why}")
        everybody = population(asked, workloads, named)
        found = reaches(asked, everybody)
        beside = [Unkept(f"{name_of(each)} is not imported", _BESIDE, each.heading) for each in others]

        def of_mesh(labels: Workloads) -> Iterable[Grant]:
            return of_manifests(asked, labels).grants

        return _Before(everybody, found, of_mesh, (*unkept(asked.mesh.resources, set(found.values())), *beside), asked)
    meant: list[Intent] = []
    for each in others:
        if is_network_policy(each):
            meant.append(network_policy(each, default))
        else:
            meant += cilium(each, default) if is_cilium(each) else smokescreen(each, workloads, default)
    families = asked.stranger.families
    known = [*workloads, *_of_profile(named, asked)]
    spaces = sorted({namespace for each in meant for namespace in each.namespaces})
    everybody = population(asked, [*workloads, *invent(meant, known)], named, spaces)
    whole = {(each.namespace, each.name) for each in known}
    doubts = in_doubt(meant, known, everybody.strangers)
    by_intents = reaches_of(meant, everybody.labels, whole, doubts, families)
    unseen = [
        Unkept(f"what {run} reaches", f"no sidecar sees it, and a policy holds nobody else ({run.uncaptured})")
        for run in everybody.workloads
        if run.uncaptured and any(each.selects(run.namespace, dict(run.labels)) for each in meant)
    ]
    told = [*unseen, *(one for each in meant for one in each.unkept), *beyond(meant, families)]
    told += told_of(doubts, everybody.labels)

    def of_intents(labels: Workloads) -> Iterable[Grant]:
        return [grant for key in labels for grant in by_intents[key].all_of(Subject(*key))]

    return _Before(everybody, by_intents, of_intents, tuple(told), None)


def _of_profile(profile: ClusterProfile | None, asked: AskedMesh) -> Iterator[Runs]:
    """The workloads of a profile."""
    for space in ((profile.namespaces or {}) if profile is not None else {}).values():
        for each in space.workloads.values():
            key = each.namespace, each.name
            yield Runs(*key, each.labels, each.selector, asked.clients[key].uncaptured)


def _implied(
    asked: AskedMesh,
    level: Enforcement,
    kept: Mapping[Key, in_mesh.Kept],
    everybody: Population,
    labels: Mapping[str, Labels],
    files: _Files,
) -> tuple[ClusterProfile | None, str, str, list[Finding]]:
    """The profile that manifests imply, without and with the files that it names; the one among them that has to be written, and what is wrong."""
    config = asked.mesh.config
    services = in_mesh.of_profile(kept[ELSEWHERE, ANY_OTHER], ELSEWHERE, config.cluster_domain)
    hosts = proof.in_mesh_hosts(asked)
    imported = dict.fromkeys((namespace, hosts(asked.clients[namespace, name])) for namespace, name in everybody.labels)
    services += in_mesh.internal(asked.mesh.resources.service_entries, imported)
    about = config, level, services, everybody, labels, asked.stranger.families
    profile, wrong = load(Source("the profile that the manifests imply", profile_text(*about, ())), _reads_nothing)
    if profile is None:
        return None, "", "", wrong
    remaining = files.remaining(profile)
    return profile, profile_text(*about, files.named(remaining)), remaining, wrong


class _Files:
    """The files that hold what stays in the cluster, by the paths that a profile has for them.

    `beside` is that of a file for what stays of files that hold more.
    """

    def __init__(self, sources: Sequence[Source], written: Callable[[str], str], beside: str) -> None:
        paths = {each.name: written(each.name) for each in sources if is_left(each)}
        self._left = [path for path in paths.values() if path != beside]
        self._mixed = [each for each in sources if paths.get(each.name) not in self._left]
        self._beside = beside

    def remaining(self, profile: ClusterProfile) -> str:
        """The text of the further file, empty where there is nothing for it."""
        found = unnamed(self._mixed, profile) if self._beside else []
        return file_of(found) if found else ""

    def named(self, remaining: str) -> list[str]:
        """The paths of all files."""
        return [*self._left, *([self._beside] if remaining else [])]


def _key(subject: Subject) -> Key:
    return subject.namespace, subject.workload


def _level(level: Enforcement) -> str:
    return f"{{namespaces: [{', '.join(sorted(level.namespaces))}]}}" if level.namespaces else level.level


def _reads_nothing(path: str) -> str:
    raise FileNotFoundError(path)


class _Reasons:
    """Why something is granted, as the manifest that it follows from says, or the Sidecar that lists it."""

    def __init__(self, documents: Iterable[Located], default: str) -> None:
        self._at = {}
        self._listed: dict[tuple[str, str], list[str]] = {}
        self._behind_hosts: dict[object, dict[str, list[str]]] = {}
        for each in documents:
            name = each.get("metadata", "name") if isinstance(each.value, dict) else None
            if name is not None:
                self._at[name.span.place] = each
            if isinstance(each.value, dict) and each.value.get("kind") == "Sidecar":
                for host, reason in reasons_of_sidecar(each):
                    self._listed.setdefault((namespace_of(each, default), host), []).append(reason)

    def _behind(self, manifest: Located) -> dict[str, list[str]]:
        place = manifest.span.place
        if place not in self._behind_hosts:
            self._behind_hosts[place] = behind_hosts(manifest)
        return self._behind_hosts[place]

    def __call__(self, grant: Grant) -> str:
        manifest = self._at.get(grant.rule.span.place) if grant.rule.span.source.text else None
        host = grant.destination.host if isinstance(grant.destination, Name) else str(grant.destination)
        own = "" if manifest is None else reason_of(manifest, self._behind(manifest).get(host, ()))
        of_rules = (grant.rule.reason, *self._listed.get((grant.subject.namespace, host), ()))
        return joined([own, *(each for each in of_rules if each not in own)])
