"""EGR505 shared-selector: pods of a workload that the policy does not know carry the labels of one that it does.

A Sidecar selects pods by labels alone: they would get its flows too. (Known workloads that share a label are told when
the policy is compiled.)
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import Grant, Policy, Subject
from egresslang.profile.profile import ClusterProfile

CODE = codes.SHARED_SELECTOR


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """A finding for each workload that is granted anything and whose labels a stranger carries."""
    if not profile.resources or profile.enforcement.level == "observe":
        return
    from egresslang.policy.standing import Standings

    standings = Standings(profile)
    first: dict[Subject, Grant] = {}
    for grant in policy.grants:
        first.setdefault(grant.subject, grant)
    for namespace in standings.by_namespace:
        others = policy.inventory.namespaces.get(namespace, {})
        for known in others.values():
            granted = first.get(Subject(known.namespace, known.name))
            if granted is None:
                continue
            strangers = standings.strangers(known, others)
            if strangers:
                labels = ", ".join(f"{key}={value}" for key, value in known.selector)
                names = ", ".join(f"`{each.name}`" for each in strangers)
                yield finding(
                    CODE,
                    granted.rule.span,
                    f"the labels of `{known.name}` select {names} too",
                    f"granted to `{granted.subject}`",
                    [
                        Label(each.name_span, "its pods carry the labels, and the profile does not know it")
                        for each in strangers
                    ],
                    [f"a Sidecar selects pods by {labels}: whoever carries the labels gets the flows"],
                    f"select `{known.name}` by a label that only its pods carry, or add the other to the profile",
                )
