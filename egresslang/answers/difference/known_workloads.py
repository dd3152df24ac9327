"""Known workloads: a policy and manifests, said of the same workloads one by one, so that they can be compared.

Manifests say something of any pod, but name no set of workloads such as `shop/*`; so both sides are told of those that
a profile, the policy or the manifests know, and of no others.
"""

from __future__ import annotations

from collections.abc import Mapping

from egresslang.answers.access import as_told, key_of
from egresslang.answers.asked_mesh import AskedMesh
from egresslang.answers.compiled import ask_policy
from egresslang.answers.difference.comparison import Granting
from egresslang.answers.effective import effective
from egresslang.policy.policy import ANY, Everything, Grant, Rule, Subject
from egresslang.policy.sets import workload
from egresslang.profile.profile import ClusterProfile
from egresslang.record import replace
from egresslang.source import Source, Span
from egresslang.targets.istio import lower

Workloads = dict[tuple[str, str], Mapping[str, str]]
"""The labels of workloads by namespace and name."""


def workloads_of(side: Granting | AskedMesh) -> Workloads:
    """The workloads that a side knows."""
    if isinstance(side, AskedMesh):
        return {key: client.pod.labels for key, client in side.clients.items()}
    spaces = side.policy.inventory.namespaces if side.policy is not None else {}
    return {(each.namespace, each.name): dict(each.labels) for some in spaces.values() for each in some.values()}


def of_policy(side: Granting, profile: ClusterProfile | None, workloads: Workloads) -> Granting:
    """What a policy grants each of some workloads; everything where the profile leaves it open."""
    by_namespace: dict[str, list[Subject]] = {}
    for namespace, name in workloads:
        by_namespace.setdefault(namespace, []).append(Subject(namespace, name))
    grants: list[Grant] = []
    for grant in side.grants:
        subject = grant.subject
        if subject.workload != ANY:
            grants.append(grant)
            continue
        spaces = [subject.namespace] if subject.namespace != ANY else list(by_namespace)
        grants += [replace(grant, subject=each) for space in spaces for each in by_namespace.get(space, ())]
    if profile is not None and side.open_to_all:
        level = profile.enforcement.level
        span = profile.enforcement.span or Span(Source(profile.span.source.name, ""), 0, 0)
        rule = Rule(f"enforcement of {profile.name}: {level}", span)
        grants += [
            Grant(Subject(*key), Everything(), 0, "", "", (), rule, span)
            for key in workloads
            if workload(*key) <= side.open_to_all
        ]
    return Granting(tuple(grants), side.policy, None)


def routed(side: Granting, profile: ClusterProfile, workloads: Workloads) -> Granting:
    """What a policy grants some workloads, leading where VirtualServices lead it that stand in the cluster already."""
    if side.policy is None or not any(each.kind == "VirtualService" for each in profile.resources):
        return side
    asked, _ = ask_policy(side.policy, lower(side.policy, profile)[0], profile)
    leads = {key_of(as_told(each)): each.endpoints for each in of_manifests(asked, workloads).grants}
    grants = [replace(each, endpoints=leads.get(key_of(as_told(each)), each.endpoints)) for each in side.grants]
    return replace(side, grants=tuple(grants))


def of_manifests(asked: AskedMesh, workloads: Workloads) -> Granting:
    """What manifests let each of some workloads reach."""
    clients = [asked.known(*key, labels) for key, labels in sorted(workloads.items())]
    return Granting(tuple(effective(asked, clients)), has_terms=False)
