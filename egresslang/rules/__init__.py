"""Rules: what is worth telling about a policy. A rule is a module with a `CODE` and a generator `check`."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.findings import Finding
from egresslang.policy.policy import Policy
from egresslang.profile.profile import ClusterProfile
from egresslang.rules import (
    address_overlap,
    any_address,
    cleartext,
    collision,
    contradicts_itself,
    covers_cluster,
    denied,
    everyone,
    exfiltration_prone,
    expectation_failed,
    expires_soon,
    missing_attribute,
    not_captured,
    not_enforced,
    not_governed,
    private_destination,
    profile_mismatch,
    protocol_conflict,
    public_wildcard,
    redundant,
    server_first_port,
    shared_selector,
    spoofable,
    tenant_wildcard,
    wide_network,
)

RULES = (
    denied,
    redundant,
    contradicts_itself,
    protocol_conflict,
    address_overlap,
    server_first_port,
    expectation_failed,
    public_wildcard,
    tenant_wildcard,
    everyone,
    wide_network,
    any_address,
    private_destination,
    spoofable,
    cleartext,
    exfiltration_prone,
    covers_cluster,
    missing_attribute,
    expires_soon,
    not_enforced,
    collision,
    shared_selector,
    not_captured,
    profile_mismatch,
    not_governed,
)
"""Every rule, in the order of their codes."""


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """What all rules find in a policy for a cluster."""
    for rule in RULES:
        yield from rule.check(policy, profile)
