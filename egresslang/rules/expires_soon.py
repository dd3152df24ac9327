"""EGR403 expires-soon: a rule that grants nothing any more in a few days, by default fourteen.

On the day after, what it grants is blocked: whoever needs it renews it before that.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.policy.policy import Policy
from egresslang.profile.profile import ClusterProfile

CODE = codes.EXPIRES_SOON


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """Each rule that is in force and ends within the profile's `lint.expires-soon`."""
    for line in policy.allows:
        expires = line.rule.expires
        if expires is None or not line.is_live:
            continue
        days = (expires - policy.today).days
        if days <= profile.lint.expires_soon_days:
            when = f"in {days} days" if days > 1 else "tomorrow" if days else "today"
            span = next(each.span for each in line.statement.attributes if each.key == "expires")
            yield finding(
                CODE,
                span,
                f"this rule expires {when}",
                "its last day",
                notes=["after that it grants nothing"],
                help="write a later `expires=` if it is still needed, or remove the rule",
            )
