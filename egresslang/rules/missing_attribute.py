"""EGR401 missing-attribute: an allow without an attribute that the profile's `lint.require` asks for.

Who answers for a rule, and until when, is asked when it is written: nobody remembers it later.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.policy.policy import Policy
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Span

CODE = codes.MISSING_ATTRIBUTE


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """Each allow that lacks some of the attributes, in the order the profile has them."""
    required = profile.lint.require
    for line in policy.allows if required else ():
        written = {attribute.key for attribute in line.statement.attributes}
        missing = [f"`{key}=`" for key in required if key not in written]
        if missing:
            statement = line.statement
            yield finding(
                CODE,
                Span(statement.span.source, statement.span.start, statement.destinations.span.end),
                f"this rule has no {' and no '.join(missing)}",
                f"the profile requires {'it' if len(missing) == 1 else 'them'}",
                help=f"write {' and '.join(missing)} at the end of the rule",
            )
