"""Permits: who is to be granted what, and how much of the mesh is held to it, so that nobody gains anything.

What all workloads of a namespace have, known or not, is granted to the namespace, and what everybody has to everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from egresslang.existing.importing.population import ANY_OTHER, ELSEWHERE, Key, Population
from egresslang.existing.importing.reaches import Flow, Reach
from egresslang.policy.policy import ANY, Addresses, Everything, Grant, Subject
from egresslang.profile.profile import Enforcement
from egresslang.ranges import cidrs, internet, show, subtract
from egresslang.record import record

OPEN = "the manifests leave it open"
"""Why a workload is granted everything."""


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


def enforcement(found: Mapping[Key, Reach], everybody: Population, named: Callable[[Key], bool]) -> Enforcement:
    """How much of the mesh is held to a policy, so that whoever is held back stays so; `named` by a rule of their own or not."""
    if not found[ELSEWHERE, ANY_OTHER].is_open:
        return Enforcement("mesh")
    if all(each.is_open for each in found.values()):
        return Enforcement("observe")
    closed = {namespace for namespace in everybody.namespaces if not found[namespace, ANY_OTHER].is_open}
    held = [key for keys in everybody.namespaces.values() for key in keys if not found[key].is_open]
    if not closed and all(map(named, held)):
        return Enforcement("workloads")
    return Enforcement("namespaces", frozenset(closed | {namespace for namespace, _ in held}))


def permits(
    found: Mapping[Key, Reach], everybody: Population, level: Enforcement, reason_of: Callable[[Grant], str]
) -> Iterator[Permit]:
    """What everybody is granted, under an enforcement."""
    for subject, grant in _subjects(found, everybody, level):
        if isinstance(grant.destination, Everything):
            yield Permit(subject, (ANY,), 0, "", reason=OPEN, grant=grant)
        else:
            yield _permit(subject, grant, reason_of(grant))


def _permit(subject: Subject, grant: Grant, reason: str) -> Permit:
    where = grant.destination
    if not isinstance(where, Addresses):
        return Permit(subject, (str(where),), grant.port, grant.protocol, reason=reason, grant=grant)
    networks = [show(where.version, first, prefix) for first, prefix in cidrs(where.version, where.ranges)]
    if where.host:
        return Permit(subject, (where.host,), grant.port, grant.protocol, tuple(networks), reason=reason, grant=grant)
    if holes := _holes_of_internet(where):
        return Permit(subject, ("internet",), grant.port, grant.protocol, (), holes[0], reason or WIDE, grant)
    targets = tuple(f"[{each}]" if where.version == 6 else each for each in networks)
    return Permit(subject, targets, grant.port, grant.protocol, reason=reason, grant=grant)


def _holes_of_internet(where: Addresses) -> list[tuple[str, ...]]:
    """The holes that are cut out of `internet` in some addresses; nothing where they are not most of it."""
    everywhere = internet(where.version)
    if subtract(list(where.ranges), everywhere):
        return []
    holes = cidrs(where.version, subtract(everywhere, list(where.ranges)))
    if any(prefix < LARGEST_HOLE[where.version] for _, prefix in holes):
        return []
    return [tuple(show(where.version, first, prefix) for first, prefix in holes)]


def _subjects(
    found: Mapping[Key, Reach], everybody: Population, level: Enforcement
) -> Iterator[tuple[Subject, Grant]]:
    stranger = found[ELSEWHERE, ANY_OTHER]
    shared = {flow for flow in stranger.flows if _all_have(flow, found.values())}
    yield from ((Subject(ANY, ANY), stranger.flows[flow]) for flow in shared_in_order(stranger, shared))
    for namespace, keys in everybody.namespaces.items():
        any_other = found[namespace, ANY_OTHER]
        known = [found[key] for key in keys]
        of_all = {flow for flow in any_other.flows if flow not in shared and _all_have(flow, known)}
        yield from ((Subject(namespace, ANY), any_other.flows[flow]) for flow in shared_in_order(any_other, of_all))
        is_held = level.level == "mesh" or namespace in level.namespaces
        is_all_open = is_held and any_other.is_open and all(each.is_open for each in known)
        if is_all_open:
            yield Subject(namespace, ANY), _everything(namespace, ANY, any_other)
        for key in keys:
            reach = found[key]
            if reach.is_open and is_held and not is_all_open:
                yield Subject(*key), _everything(*key, reach)
            if reach.is_open and level.level != "observe":
                continue
            rest = {flow for flow in reach.flows if flow not in shared and flow not in of_all}
            yield from ((Subject(*key), reach.flows[flow]) for flow in shared_in_order(reach, rest))


def _all_have(flow: Flow, some: Iterable[Reach]) -> bool:
    return all(flow in each.flows or each.is_open for each in some)


def shared_in_order(reach: Reach, flows: set[Flow]) -> Iterator[Flow]:
    """Some flows of a reach in its order."""
    return (flow for flow in reach.flows if flow in flows)


def _everything(namespace: str, name: str, reach: Reach) -> Grant:
    from egresslang.answers.effective import place_of
    from egresslang.policy.policy import Rule

    rule = Rule("the mesh configuration", place_of(None))
    return Grant(Subject(namespace, name), Everything(), 0, "", "", (), rule, rule.span)
