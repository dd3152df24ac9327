"""Rules: what is worth telling about a policy. A rule is a module with a `CODE` and a generator `check`."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.findings import Finding
from egresslang.policy.policy import Policy
from egresslang.profile.profile import ClusterProfile
from egresslang.rules import address_overlap, covers_cluster, expectation_failed, protocol_conflict, server_first_port

RULES = (protocol_conflict, address_overlap, server_first_port, expectation_failed, covers_cluster)
"""Every rule, in the order of their codes."""


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """What all rules find in a policy for a cluster."""
    for rule in RULES:
        yield from rule.check(policy, profile)
