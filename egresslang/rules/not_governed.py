"""EGR509 not-governed: a port or address that a workload excludes from capture, and that nothing grants it; and what the
installation excludes from capture in every pod.

The mesh neither allows nor blocks it: what the policy does not grant there is open all the same. (What is granted there
is EGR506; udp and IP versions that the cluster does not speak are told where they are written.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import ANY, Everything, Policy, Subject
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import merge, parse_cidr, subtract

if TYPE_CHECKING:
    from egresslang.policy.standing import Exclusion, Standing

CODE = codes.NOT_GOVERNED


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """A finding for each annotation of an enforced workload that opens what is not granted."""
    if profile.enforcement.level == "observe":
        return
    if profile.capture:
        yield from _installed(policy, profile)
    if not profile.tells_of_pods:
        return
    from egresslang.policy.standing import Standings, exclusions

    standings = Standings(profile)
    granted: dict[Subject, set[int]] = {}
    for grant in policy.grants:
        granted.setdefault(grant.subject, set()).add(grant.port)
    known = {
        id(standing): Subject(each.namespace, each.name)
        for namespace in standings.by_namespace
        for each in policy.inventory.namespaces.get(namespace, {}).values()
        for standing in standings.of(each)
    }
    for namespace, several in standings.by_namespace.items():
        for standing in several:
            subject = known.get(id(standing), Subject(namespace, standing.name))
            if standing.uncaptured or not standing.workload.annotations or not is_enforced(subject, policy, profile):
                continue
            everyones = granted.get(Subject(namespace, ANY), set()) | granted.get(Subject(ANY, ANY), set())
            ports = granted.get(subject, set()) | everyones
            for exclusion in exclusions(standing):
                if what := _open(exclusion, ports, profile):
                    yield _finding(standing, subject, exclusion, what)


def _installed(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """What goes past every sidecar: where the installation says so, and each destination that is granted there."""
    from egresslang.policy.standing import installed_exclusions, left_out

    told: set[tuple[str, int, int]] = set()
    for exclusion in installed_exclusions(profile):
        if what := _open(exclusion, set(), profile):
            yield finding(
                CODE,
                exclusion.span,
                f"every workload reaches {what} past its sidecar",
                "captures these addresses alone" if exclusion.only else "leaves them out of capture",
                notes=["whatever the policy says of it, nothing in the mesh blocks it; a pod's own annotation may"],
                help=f"take them out of `{exclusion.setting}`, or govern them with a NetworkPolicy",
            )
        for grant in policy.grants if not exclusion.only else ():
            what = left_out(grant, exclusion, frozenset())
            if what and not isinstance(grant.destination, Everything) and grant.span.place not in told:
                told.add(grant.span.place)
                yield finding(
                    CODE,
                    grant.span,
                    f"{what} goes past every sidecar",
                    "not governed by the mesh",
                    [Label(exclusion.span, "leaves it out of capture")],
                    ["the mesh neither allows nor blocks it there: the grant changes nothing, and has no telemetry"],
                    f"change `{exclusion.setting}`, or govern it with a NetworkPolicy",
                )


def is_enforced(subject: Subject, policy: Policy, profile: ClusterProfile) -> bool:
    """Whether the policy is to hold for a workload, by the level of enforcement and the list of observed ones."""
    if any((namespace, name) == (subject.namespace, subject.workload) for namespace, name, _ in profile.observed):
        return False
    if profile.enforcement.level == "namespaces":
        return subject.namespace in profile.enforcement.namespaces
    return profile.enforcement.level == "mesh" or subject in policy.named


def _open(exclusion: Exclusion, granted: set[int], profile: ClusterProfile) -> str:
    """What an annotation opens outside the cluster, in words; empty when it opens nothing that is not granted."""
    if exclusion.only:
        return "every other address"
    if exclusion.ports:
        left = ["every port" if port == 0 else f"port {port}" for port in exclusion.ports if port not in granted]
        return ", ".join(left)
    own = [parse_cidr(text) for networks in profile.networks.values() for text in networks]
    left = []
    for version, network, text in exclusion.networks:
        if subtract([network], merge(each for at, each in own if at == version)):
            left.append(f"`{text}`")
    return ", ".join(dict.fromkeys(left))


def _finding(standing: Standing, subject: Subject, exclusion: Exclusion, what: str) -> Finding:
    return finding(
        CODE,
        exclusion.span,
        f"`{subject}` reaches {what} past its sidecar",
        "captures these addresses alone" if exclusion.only else "leaves them out of capture",
        notes=["no rule grants this, and nothing in the mesh blocks it"],
        help=f"take them out of `{exclusion.setting}`, or govern them with a NetworkPolicy",
    )
