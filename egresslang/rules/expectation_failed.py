"""EGR207 expectation-failed: an `expect` line that the policy does not meet.

It is a test of the policy and not of what is enforced: `allowed` means that every member of the source is granted every
flow, `blocked` that no member is granted any.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import Policy
from egresslang.profile.profile import ClusterProfile

if TYPE_CHECKING:
    from egresslang.policy.expectations import Judgement

CODE = codes.EXPECTATION_FAILED


def check(policy: Policy, _: ClusterProfile) -> Iterator[Finding]:
    """Each expectation that is not met, with one flow that shows it."""
    if not any(assertion.rule.kind == "expect" for assertion in policy.assertions):
        return  # the algebra of flows is not loaded for a policy that asks nothing of it
    from egresslang.policy.expectations import judge

    for judgement in judge(policy):
        if not judgement.is_met:
            yield _granted(judgement) if judgement.assertion.outcome == "blocked" else _missing(judgement)


def _granted(judgement: Judgement) -> Finding:
    return finding(
        CODE,
        judgement.assertion.rule.span,
        f"`{judgement.flow}` is granted",
        "expected to be blocked",
        [Label(grant.span, f"granted to `{grant.subject}` here") for grant in judgement.grants],
        help="narrow the allow, or correct the expectation",
    )


def _missing(judgement: Judgement) -> Finding:
    near = judgement.near
    return finding(
        CODE,
        judgement.assertion.rule.span,
        f"no rule grants `{judgement.flow}`",
        "expected to be allowed",
        [] if near is None else [Label(near.grant.span, f"granted to `{near.grant.subject}` here")],
        help="write an allow, or correct the expectation",
    )
