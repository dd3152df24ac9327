"""Permits: who is to be granted what, and how much of the mesh is held to it, so that nobody gains anything.

What all workloads of a namespace have, known or not, is granted to the namespace, and what everybody has to everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from egresslang.answers.effective import SPOKEN
from egresslang.existing.importing.population import ANY_OTHER, ELSEWHERE, Key, Population
from egresslang.existing.importing.reaches import Reach, everything
from egresslang.mesh.gateways import Gateways
from egresslang.mesh.mesh import Mesh
from egresslang.mesh.read import is_gateway
from egresslang.policy.policy import ANY, Addresses, Everything, Grant, Subject
from egresslang.profile.profile import Enforcement
from egresslang.ranges import cidrs, internet, show, subtract
from egresslang.record import record, replace

OPEN = "the manifests leave it open"
"""Why a workload is granted everything."""


LED = "a gateway leads there"
"""Why a gateway is granted something."""

WIDE = "the manifests grant every public address"
"""Why somebody is granted every address, where no manifest says."""

LARGEST_HOLE = {4: 8, 6: 16}
"""The shortest prefix of a network that is cut out of `internet`."""


@record
class Permit:
    """Something that somebody is granted: `targets` as the language writes them; `addresses` are those of a name.

    `holes` are cut out of the targets; `port` is 0 for everything. `flow` and `grant` are what it stands for, None for what was never a flow of a mesh.
    """

    subject: Subject
    targets: tuple[str, ...]
    port: int
    protocol: str
    addresses: tuple[str, ...] = ()
    holes: tuple[str, ...] = ()
    reason: str = ""
    grant: Grant | None = None

    @property
    def owner(self) -> str:
        """Who answers for it, where the manifests say so."""
        return "" if self.grant is None else self.grant.rule.owner


def enforcement(found: Mapping[Key, Reach], everybody: Population, root: str) -> Enforcement:
    """How much of the mesh is held to a policy, so that whoever is held back stays so.

    `root` is the root namespace, which cannot be held without the rest.
    """
    if not found[ELSEWHERE, ANY_OTHER].is_open:
        return Enforcement("mesh")
    if all(each.is_open for each in found.values()):
        return Enforcement("observe")
    closed = {namespace for namespace in everybody.namespaces if not found[namespace, ANY_OTHER].is_open}
    held = [key for keys in everybody.namespaces.values() for key in keys if not found[key].is_open]
    if not closed:
        return Enforcement("workloads")
    spaces = closed | {namespace for namespace, _ in held}
    return Enforcement("mesh") if root in spaces else Enforcement("namespaces", frozenset(spaces))


def permits(
    found: Mapping[Key, Reach],
    everybody: Population,
    level: Enforcement,
    families: Sequence[int],
    reason_of: Callable[[Grant], str],
) -> Iterator[Permit]:
    """What everybody is granted, under an enforcement, in a cluster with these IP versions."""
    wide: dict[tuple[Subject, int], list[Grant]] = {}
    for subject, grant in _subjects(found, everybody, level):
        if isinstance(grant.destination, Everything):
            yield Permit(subject, (ANY,), 0, "", reason=OPEN, grant=grant)
        elif _holes_of_internet(grant) is None:
            yield _permit(subject, grant, reason_of(grant))
        else:
            wide.setdefault((subject, grant.port), []).append(grant)
    for (subject, _), grants in wide.items():
        yield from _internet(subject, grants, families, " ".join(dict.fromkeys(map(reason_of, grants))).strip())


def of_gateways(mesh: Mesh, everybody: Population) -> Iterator[Permit]:
    """What gateways lead to: they need it declared to them, though no Sidecar holds them."""
    registry = mesh.registry()
    gateways = Gateways(registry)
    spoken = {(each.host, port.number): SPOKEN.get(port.protocol, ()) for each in registry.services if not each.in_mesh for port in each.ports}  # fmt: skip
    who = [each for each in everybody.workloads if is_gateway(dict(each.labels), dict(each.annotations))]
    for each in who:
        for where in dict.fromkeys(where for _, where in gateways.led):
            if gateways.known(each.namespace, where):
                for protocol in spoken.get((where.host, where.port), ()):
                    yield Permit(Subject(each.namespace, each.name), (where.host,), where.port, protocol, reason=LED)


def _permit(subject: Subject, grant: Grant, reason: str) -> Permit:
    where = grant.destination
    if not isinstance(where, Addresses):
        return Permit(subject, (str(where),), grant.port, grant.protocol, reason=reason, grant=grant)
    networks = tuple(show(where.version, *each) for each in cidrs(where.version, where.ranges))
    if where.host:
        return Permit(subject, (where.host,), grant.port, grant.protocol, networks, reason=reason, grant=grant)
    targets = tuple(f"[{each}]" if where.version == 6 else each for each in networks)
    return Permit(subject, targets, grant.port, grant.protocol, reason=reason, grant=grant)


def _internet(subject: Subject, grants: Sequence[Grant], families: Sequence[int], reason: str) -> Iterator[Permit]:
    """Grants of one port to most of the addresses of their IP versions: `internet`, where that is all versions there are."""
    if {_version(each) for each in grants} != set(families):
        yield from (_permit(subject, each, reason) for each in grants)
        return
    holes = tuple(hole for each in grants for hole in _holes_of_internet(each) or ())
    first = grants[0]
    yield Permit(subject, ("internet",), first.port, first.protocol, (), holes, reason or WIDE, first)
    for each in grants:
        assert isinstance(each.destination, Addresses)
        more = subtract(list(each.destination.ranges), internet(_version(each)))
        if more:
            rest = replace(each, destination=replace(each.destination, ranges=tuple(more)))
            yield replace(_permit(subject, rest, reason), grant=each)


def _version(grant: Grant) -> int:
    assert isinstance(grant.destination, Addresses)
    return grant.destination.version


def _holes_of_internet(grant: Grant) -> tuple[str, ...] | None:
    """The holes that are cut out of `internet` in the addresses of a grant; None where these are not most of it."""
    where = grant.destination
    if not isinstance(where, Addresses) or where.host:
        return None
    holes = cidrs(where.version, subtract(internet(where.version), list(where.ranges)))
    if any(prefix < LARGEST_HOLE[where.version] for _, prefix in holes):
        return None
    texts = (show(where.version, first, prefix) for first, prefix in holes)
    return tuple(f"[{each}]" if where.version == 6 else each for each in texts)


def _subjects(found: Mapping[Key, Reach], everybody: Population, level: Enforcement) -> Iterator[tuple[Subject, Grant]]:
    stranger = found[ELSEWHERE, ANY_OTHER]
    shared = Reach(False, _of_all(stranger, found.values()))
    yield from ((Subject(ANY, ANY), grant) for grant in shared.flows.values())
    for namespace, keys in everybody.namespaces.items():
        any_other, known = found[namespace, ANY_OTHER], [found[key] for key in keys]
        of_all = [grant for grant in _of_all(any_other, known) if not shared.names(grant)]
        yield from ((Subject(namespace, ANY), grant) for grant in of_all)
        given = Reach(False, [*shared.flows.values(), *of_all]) if of_all else shared
        own: dict[Reach, list[Grant]] = {}
        is_held = level.level == "mesh" or namespace in level.namespaces
        is_all_open = is_held and any_other.is_open and all(each.is_open for each in known)
        if is_all_open:
            yield Subject(namespace, ANY), everything(Subject(namespace, ANY))
        for key in keys:
            reach = found[key]
            if reach.is_open and is_held and not is_all_open:
                yield Subject(*key), everything(Subject(*key))
            if not reach.is_open or level.level == "observe":
                if reach not in own:
                    own[reach] = [grant for grant in reach.flows.values() if not given.names(grant)]
                yield from ((Subject(*key), grant) for grant in own[reach])


def _of_all(first: Reach, others: Iterable[Reach]) -> list[Grant]:
    """What has a name for one, and is reached by all others."""
    others = list(dict.fromkeys(others))
    return [grant for grant in first.flows.values() if all(each.has(grant) for each in others)]
