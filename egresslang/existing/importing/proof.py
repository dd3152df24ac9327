"""Proof: an imported policy compiled again, and what its mesh does otherwise than the one it was imported from."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date

from egresslang.answers.access import as_told
from egresslang.answers.around import place_of
from egresslang.answers.asked_mesh import AskedMesh, Client
from egresslang.answers.compiled import ask_policy
from egresslang.answers.difference.difference import CHANGED, GAINED, Change, changes
from egresslang.answers.difference.known_workloads import Workloads, of_manifests
from egresslang.answers.difference.lines import in_clusters, lines, terms_changed, where_said, who_of
from egresslang.compile import Compilation, compile
from egresslang.existing.importing.permits import Permit
from egresslang.existing.importing.population import ANY_OTHER, ELSEWHERE, Key, Population, populate
from egresslang.existing.importing.reaches import Flow, flow_of
from egresslang.existing.importing.script import MeshLine, line_of, mesh_line_of
from egresslang.existing.importing.unkept import Unkept
from egresslang.findings import Finding, Severity, errors
from egresslang.mesh.gateways import Gateways
from egresslang.policy.policy import Everything, Grant
from egresslang.profile.profile import ClusterProfile
from egresslang.record import record
from egresslang.source import Source
from egresslang.syntax.parse import parse

ATOMS = "imported line by line"
"""The name of a text that has one permit a line."""

Flows = Callable[[Workloads], Iterable[Grant]]
"""The grants of some workloads, each by itself."""

MOST = 8
"""Workloads and destinations that are told by name in one line."""

MOST_TRIED = 100
"""Permits that are taken out in turn where an error is at no rule."""


@record
class Sayable:
    """Permits that compile, those that do not with the finding that refuses each, and findings that no permit is to blame for."""

    permits: tuple[Permit, ...]
    refused: tuple[tuple[Permit, Finding], ...]
    findings: tuple[Finding, ...]


def sayable(permits: Sequence[Permit], meshes: Sequence[MeshLine], profile: ClusterProfile, today: date) -> Sayable:
    """The permits that can be said in a policy for a cluster, each by itself and all together."""
    left = list(permits)
    refused: list[tuple[Permit, Finding]] = []
    while True:
        found = _errors(left, meshes, profile, today)
        blamed = {number: each for each in reversed(found) if (number := _blamed(each)) < len(left)}
        if found and not blamed:
            guilty = _guilty(left, meshes, profile, today, len(found))
            blamed = {} if guilty is None else {guilty: found[0]}
        if not blamed:
            return Sayable(tuple(left), tuple(refused), tuple(found))
        refused += [(left[number], blamed[number]) for number in sorted(blamed)]
        left = [each for number, each in enumerate(left) if number not in blamed]


def _errors(
    permits: Sequence[Permit], meshes: Sequence[MeshLine], profile: ClusterProfile, today: date
) -> list[Finding]:
    """The errors of a policy that has a line for each permit."""
    text = "".join(f"{line}\n" for line in [*map(line_of, permits), *map(mesh_line_of, meshes)])
    return errors(compiled(text, ATOMS, profile, today)[1])


def _guilty(
    permits: Sequence[Permit], meshes: Sequence[MeshLine], profile: ClusterProfile, today: date, many: int
) -> int | None:
    """The first of some permits, networks before names, without which there are fewer errors."""
    by_network = sorted(range(len(permits)), key=lambda number: permits[number].protocol != "tcp")
    for number in by_network[:MOST_TRIED]:
        rest = [*permits[:number], *permits[number + 1 :]]
        if len(_errors(rest, meshes, profile, today)) < many:
            return number
    return None


def _blamed(found: Finding) -> int:
    """The line that a finding is about, from 0; past all lines where it is about none."""
    places = [found.span, *(each.span for each in found.related)]
    return next((each.place[1] - 1 for each in places if each.source.name == ATOMS), sys.maxsize)


def compiled(text: str, name: str, profile: ClusterProfile, today: date) -> tuple[Compilation | None, list[Finding]]:
    """What a policy compiles to, and what is found about it; None where it does not parse."""
    file, problems = parse(Source(name, text))
    if errors(problems):
        return None, problems
    made = compile([file], profile, today, Severity.ERROR)
    return made, [*problems, *made.findings]


def differences(
    old: Flows,
    made: Compilation,
    profile: ClusterProfile,
    everybody: Population,
    refused: Iterable[tuple[Permit, Finding]],
    before: AskedMesh | None,
) -> list[Unkept]:
    """What a compilation lets everybody reach otherwise than these grants; and in the mesh, otherwise than a mesh before.

    One is asked for all that are alike in both meshes, and all of them are told where that one's flows differ.
    """
    assert made.policy is not None
    assert made.manifests is not None
    after, _ = ask_policy(made.policy, made.manifests, profile)
    populate(after, everybody)
    alike = _alike(before, after, everybody)
    first = {keys[0]: keys for keys in alike}
    differing = {_key(each) for each in _changes(old, after, everybody, first)}
    concerned = [key for one in first if one in differing for key in first[one]]
    why = {flow_of(as_told(each.grant)): _refusal(found) for each, found in refused if each.grant is not None}
    groups: dict[str, list[Change]] = {}
    for change in _changes(old, after, everybody, concerned):
        groups.setdefault(_because(change, why), []).append(change)
    outside = [each for reason, some in groups.items() for each in _told(reason, some)]
    inside = _in_mesh(before, after, everybody, alike) if before is not None else ()
    return [*outside, *inside, *(_at_gateways(before, after) if before is not None else ())]


def _changes(old: Flows, after: AskedMesh, everybody: Population, keys: Iterable[Key]) -> list[Change]:
    """What some of everybody reach otherwise."""
    labels = everybody.labels
    some = {key: labels[key] for key in keys}
    return changes(old(some), of_manifests(after, some).grants, have_terms=False)


def _alike(before: AskedMesh | None, after: AskedMesh, everybody: Population) -> list[list[Key]]:
    """Everybody by what they have in common in both meshes; each alone where there was none."""
    found: dict[object, list[Key]] = {}
    for key in everybody.labels:
        both = key if before is None else (before.alike(before.clients[key]), after.alike(after.clients[key]))
        found.setdefault(both, []).append(key)
    return list(found.values())


def _key(change: Change) -> Key:
    subject = change.grant.subject
    return subject.namespace, subject.workload


def _at_gateways(before: AskedMesh, after: AskedMesh) -> Iterator[Unkept]:
    """What gateways are to lead to and knew, and do not know any more."""
    old, new = Gateways(before.mesh.registry()), Gateways(after.mesh.registry())
    why = "what a policy compiles to is exported to who is granted it: grant it to the gateway too"
    for virtual, where in new.led:
        for namespace in new.namespaces:
            if old.known(namespace, where) and not new.known(namespace, where):
                what = f"lost: gateways of {namespace} -> {where.host}{f':{where.port}' if where.port else ''}"
                yield Unkept(what, why, place_of(virtual.origin), is_flow=True)


def _told(why: str, some: Sequence[Change]) -> Iterator[Unkept]:
    for line in lines(in_clusters({"": some}), {}):
        rules = () if line.kind == GAINED else line.before  # what is gained is in no file that was imported
        who = [_called(each) for each in line.who]
        words = who_of(line, MOST) if who == list(line.who) else ", ".join(who)
        span = next((each.span for each in rules if each.span.source.text), None)
        part = f" ({line.remark})" if line.remark else ""
        if line.old is not None and line.new is not None:
            why = "; ".join(terms_changed(line.old, line.new))
        what = f"{line.kind}: {words} -> {where_said(line, MOST)}{part}"
        yield Unkept(what, why, span, is_flow=line.kind != CHANGED)


def _refusal(found: Finding) -> str:
    led = (each for each in found.notes if each.startswith("answered: allowed"))
    label = "; ".join(filter(None, (found.label, *led)))
    label = f" ({label})" if label else ""
    return f"{found.code.id}, {found.message}{label}"


def _because(change: Change, why: Mapping[Flow, str]) -> str:
    flow = flow_of(as_told(change.grant))
    if change.kind == CHANGED:
        return ""
    if change.kind == GAINED:
        return "the compiled mesh lets it through"
    if flow in why:
        return why[flow]
    if isinstance(change.grant.destination, Everything) and change.grant.port:
        return "it takes every connection on its port, whatever the address: a policy names addresses, or `internet`"
    if isinstance(change.grant.destination, Everything):
        return "the profile holds whole namespaces here, and with them who is not known"
    if change.grant.subject.workload == ANY_OTHER:
        return "some known workloads have it not, and a policy grants to all of a namespace, or by name"
    return "the compiled mesh does not let it through"


def _called(who: str) -> str:
    """What a workload is called that may be nobody's in particular."""
    namespace, _, name = who.rpartition("/")
    if name != ANY_OTHER:
        return who
    return "workloads of any other namespace" if namespace == ELSEWHERE else f"any other workload of {namespace}"


def _in_mesh(
    before: AskedMesh, after: AskedMesh, everybody: Population, alike: Iterable[Sequence[Key]]
) -> list[Unkept]:
    """Services of the mesh that somebody imports on one side only."""
    hosts_before, hosts_after = in_mesh_hosts(before), in_mesh_hosts(after)
    differing: dict[Key, list[tuple[str, str]]] = {}
    for keys in alike:
        old, new = hosts_before(before.clients[keys[0]]), hosts_after(after.clients[keys[0]])
        some = [*(("lost", host) for host in sorted(old - new)), *(("gained", host) for host in sorted(new - old))]
        differing.update(dict.fromkeys(keys, some))
    found: dict[tuple[str, str], list[str]] = {}
    for key in everybody.labels:
        for each in differing[key]:
            found.setdefault(each, []).append(_called("/".join(key)))
    return [
        Unkept(
            f"{kind} in the mesh: {', '.join(who)} -> {host}",
            "`mesh` lines and `inMesh` name Services of namespaces",
            is_flow=True,
        )
        for (kind, host), who in found.items()
    ]


def in_mesh_hosts(asked: AskedMesh) -> Callable[[Client], frozenset[str]]:
    """What tells the hosts inside the mesh that the sidecar of a workload imports, of all that are alike at once."""
    known: dict[object, frozenset[str]] = {}

    def of(client: Client) -> frozenset[str]:
        alike = asked.alike(client)
        if alike not in known:
            listeners = asked.proxy(client).scope.listeners
            known[alike] = frozenset([one.host for each in listeners for one in each.services if one.in_mesh])
        return known[alike]

    return of
