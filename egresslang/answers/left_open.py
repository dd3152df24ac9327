"""Left open: the workloads that a profile lets through whatever the policy says."""

from __future__ import annotations

from egresslang.policy import sets
from egresslang.policy.granted import workloads_of
from egresslang.policy.intervals import union
from egresslang.policy.policy import Policy
from egresslang.profile.profile import ClusterProfile


def left_open(policy: Policy, profile: ClusterProfile) -> sets.Workloads:
    """The workloads that nothing holds back in a cluster, those that nobody knows included."""
    enforcement = profile.enforcement
    observed = union(sets.workload(namespace, name) for namespace, name, _ in profile.observed)
    match enforcement.level:
        case "observe":
            return sets.EVERYONE
        case "namespaces":
            return (sets.EVERYONE - union(map(sets.namespace, enforcement.namespaces))) | observed
        case "workloads":
            return (sets.EVERYONE - union(map(workloads_of, policy.named))) | observed
    return observed
