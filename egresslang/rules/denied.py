"""EGR201 denied: an allow that adds a flow which a `deny` says no allow may ever add.

A deny subtracts nothing: it is a guard rail, and either it or the allow is wrong. Whoever is meant to pass stands after
`except` in the deny.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import Policy
from egresslang.profile.profile import ClusterProfile

if TYPE_CHECKING:
    from egresslang.policy.denials import Denial

CODE = codes.DENIED


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """Each destination of an allow that a deny forbids, with one flow of the overlap."""
    if not policy.grants or not any(assertion.rule.kind == "deny" for assertion in policy.assertions):
        return  # the algebra of flows is not loaded for a policy that asks nothing of it
    from egresslang.policy.denials import denials

    for denial in denials(policy, profile):
        yield _denied(denial, profile)


def _denied(denial: Denial, profile: ClusterProfile) -> Finding:
    notes = []
    if denial.address:
        known = profile.destinations.get(denial.name)
        says = "the profile says" if known is not None and known.endpoints else "a rule says with `address=`"
        notes = [f"`{denial.name}` has the address `{denial.address}`, {says}"]
    return finding(
        CODE,
        denial.part.span,
        f"`{denial.flow}` is denied",
        "allowed here",
        [Label(rule.span, "denied here") for rule in denial.rules],
        notes,
        "narrow the allow, or take the flow out of the deny: `except` cuts out workloads and networks",
    )
