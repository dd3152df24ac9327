"""EGR506 not-captured: no sidecar sees what a workload sends, or not on a port or to an address it is granted.

It has no sidecar, is in the ambient mesh, uses the network of its node, runs as the sidecar's own user, or its
annotations leave the port or the address out of capture: a grant then allows nothing, for nothing is blocked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import ANY, Everything, Grant, Policy, Subject
from egresslang.profile.profile import ClusterProfile

if TYPE_CHECKING:
    from egresslang.policy.inventory import KnownWorkload
    from egresslang.policy.standing import Exclusion, Standing

CODE = codes.NOT_CAPTURED


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """One finding for the mesh if it is ambient; one for each workload that is not captured, or each of its grants."""
    if profile.ambient and policy.grants:
        yield _ambient_mesh(profile)
    if not profile.resources:
        return
    from egresslang.policy.standing import Standings

    standings = Standings(profile)
    if not standings.by_namespace:
        return
    grants: dict[Subject, list[Grant]] = {}
    for grant in policy.grants:
        grants.setdefault(grant.subject, []).append(grant)
    for known in _known(policy, standings.by_namespace):
        subject = Subject(known.namespace, known.name)
        own = grants.get(subject, [])
        everyones = [*grants.get(Subject(known.namespace, ANY), ()), *grants.get(Subject(ANY, ANY), ())]
        for standing in standings.of(known):
            if standing.uncaptured:
                if own:
                    yield _uncaptured(own[0], standing)
                    break
            elif standing.workload.annotations:
                yield from _left_out([*own, *everyones], standing)


def _known(policy: Policy, namespaces: Iterable[str]) -> Iterator[KnownWorkload]:
    for namespace in namespaces:
        yield from policy.inventory.namespaces.get(namespace, {}).values()


def _ambient_mesh(profile: ClusterProfile) -> Finding:
    return finding(
        CODE,
        profile.span,
        f"`{profile.name}` is an ambient mesh",
        "its workloads have no sidecar of their own",
        notes=["to a workload without a sidecar Sidecars, outboundTrafficPolicy and exportTo mean nothing"],
        help="govern what is ambient with a waypoint and AuthorizationPolicies on the ServiceEntries",
    )


def _uncaptured(grant: Grant, standing: Standing) -> Finding:
    is_ambient = "ambient" in standing.uncaptured
    notes = ["it reaches everything, whatever the policy says of it"]
    if is_ambient:
        notes.append("its ServiceEntries are declared to everyone there: exportTo means nothing in the ambient mesh")
    return finding(
        CODE,
        grant.rule.span,
        f"no sidecar sees what `{grant.subject}` sends",
        "grants it what nothing blocks",
        [Label(standing.culprit_span, standing.uncaptured)],
        notes,
        "govern it with a waypoint and AuthorizationPolicies on the ServiceEntries"
        if is_ambient
        else "give its pods a sidecar, or govern them with a NetworkPolicy",
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
