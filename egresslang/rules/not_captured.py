"""EGR506 not-captured: no sidecar sees what a workload sends, or not on a port or to an address it is granted.

It has no sidecar, is in the ambient mesh, uses the network of its node, runs as the sidecar's own user, or its
annotations leave the port or the address out of capture: a grant then allows nothing, for nothing is blocked. So does a
workload that no rule names, where the policy is to hold for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import ANY, Everything, Grant, Policy, Subject
from egresslang.profile.profile import ClusterProfile
from egresslang.rules.not_governed import is_enforced
from egresslang.source import Span

if TYPE_CHECKING:
    from egresslang.policy.standing import Exclusion, Standing, Standings

CODE = codes.NOT_CAPTURED

_SYSTEM = frozenset({"kube-system", "kube-public", "kube-node-lease", "local-path-storage"})
"""Namespaces whose pods never get a sidecar (IgnoredNamespaces in istio's pkg/kube/inject), and are no part of the mesh."""


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """One finding for the mesh if it is ambient; one for each workload that is not captured, or each of its grants."""
    if profile.ambient and policy.grants:
        yield _ambient_mesh(profile)
    if not profile.tells_of_pods:
        return
    from egresslang.policy.standing import Standings

    standings = Standings(profile)
    if not standings.by_namespace and not standings.without_sidecars:
        return
    grants: dict[Subject, list[Grant]] = {}
    for grant in policy.grants:
        grants.setdefault(grant.subject, []).append(grant)
    for namespace in {**standings.by_namespace, **standings.without_sidecars}:
        known = {
            id(standing): Subject(namespace, each.name)
            for each in policy.inventory.namespaces.get(namespace, {}).values()
            for standing in standings.described(each)
        }
        yield from _unseen(namespace, known, standings, grants, policy, profile)
        for standing in standings.by_namespace.get(namespace, ()):
            if id(standing) in known and standing.workload.annotations and not standing.uncaptured:
                own = grants.get(known[id(standing)], [])
                everyones = [*grants.get(Subject(namespace, ANY), ()), *grants.get(Subject(ANY, ANY), ())]
                yield from _left_out([*own, *everyones], standing)


def _unseen(
    namespace: str,
    known: Mapping[int, Subject],
    standings: Standings,
    grants: Mapping[Subject, list[Grant]],
    policy: Policy,
    profile: ClusterProfile,
) -> Iterator[Finding]:
    """Each workload of a namespace that no sidecar sees, once; those that the namespace keeps from it all at once."""
    said = standings.without_sidecars.get(namespace)
    is_system = namespace in (*_SYSTEM, profile.root_namespace)
    by_namespace: dict[Subject, Standing] = {}
    told: set[Subject] = set()
    for standing in standings.by_namespace.get(namespace, ()):
        subject = known.get(id(standing), Subject(namespace, standing.name))
        if not standing.uncaptured or subject in told:
            continue
        is_held = not is_system and profile.enforcement.level != "observe" and is_enforced(subject, policy, profile)
        if subject not in grants and not is_held:
            continue
        told.add(subject)
        if said is not None and standing.culprit_span == said[1]:
            by_namespace[subject] = standing
        else:
            yield _uncaptured(subject, grants.get(subject, ()), standing.uncaptured, standing.culprit_span)
    if said is None:
        return
    granted = [
        each[0]
        for who, each in grants.items()
        if who.namespace == namespace and (who in by_namespace or not standings.by_namespace.get(namespace))
    ]
    if len(by_namespace) == 1:
        (subject,) = by_namespace
        yield _uncaptured(subject, granted, *said)
    elif by_namespace or granted:
        words = (
            "the namespace is in the ambient mesh" if "ambient" in said[0] else "the namespace gives pods no sidecar"
        )
        yield _uncaptured(Subject(namespace, ANY), granted, words, said[1])


def _ambient_mesh(profile: ClusterProfile) -> Finding:
    return finding(
        CODE,
        profile.span,
        f"`{profile.name}` is an ambient mesh",
        "its workloads have no sidecar of their own",
        notes=["to a workload without a sidecar Sidecars, outboundTrafficPolicy and exportTo mean nothing"],
        help="govern what is ambient with a waypoint and AuthorizationPolicies on the ServiceEntries",
    )


def _uncaptured(subject: Subject, grants: Sequence[Grant], reason: str, culprit: Span) -> Finding:
    """What no sidecar sees, at the first rule that grants it anything; else where the manifests say so."""
    is_ambient = "ambient" in reason
    is_one = subject.workload != ANY
    who = f"`{subject}` sends" if is_one else f"the workloads of `{subject.namespace}` send"
    reached = "it reaches everything, whatever the policy says of it"
    notes = [reached if is_one else "they reach everything, whatever the policy says of them"]
    if is_ambient:
        notes.append("ServiceEntries are declared to everyone there: exportTo means nothing in the ambient mesh")
    return finding(
        CODE,
        grants[0].rule.span if grants else culprit,
        f"no sidecar sees what {who}",
        ("grants it what nothing blocks" if is_one else "grants what nothing blocks") if grants else reason,
        [Label(culprit, reason)] if grants else [],
        notes,
        "govern what is ambient with a waypoint and AuthorizationPolicies on the ServiceEntries"
        if is_ambient
        else f"give {'its' if is_one else 'their'} pods a sidecar, or govern them with a NetworkPolicy",
    )


def _left_out(grants: Iterable[Grant], standing: Standing) -> Iterator[Finding]:
    from egresslang.policy.standing import exclusions, included_ports, left_out

    excluded = exclusions(standing)
    if not excluded:
        return
    included = included_ports(standing)
    for grant in grants:
        for each in excluded:
            if (what := left_out(grant, each, included)) and not isinstance(grant.destination, Everything):
                yield _past(grant, standing, each, what)
                break


def _past(grant: Grant, standing: Standing, exclusion: Exclusion, what: str) -> Finding:
    return finding(
        CODE,
        grant.span,
        f"`{standing.namespace}/{standing.name}` sends {what} past its sidecar",
        f"granted to `{grant.subject}`",
        [Label(exclusion.span, "captures these addresses alone" if exclusion.only else "leaves it out of capture")],
        ["the mesh neither allows nor blocks it there: the grant changes nothing, and has no telemetry"],
        f"change `{exclusion.setting}`, or govern it with a NetworkPolicy",
    )
