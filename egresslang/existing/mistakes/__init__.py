"""Mistakes: what is worth telling about manifests that others wrote. A mistake is a module with a `CODE` and a generator `find`.

What follows from a mistake that was told is not told again: an entry that nobody imports because its host is misspelt in
a Sidecar is one finding. So the one that looks for what is left over comes last, and is given what was found.
"""

from __future__ import annotations

from egresslang.existing.inspected import Inspected
from egresslang.existing.mistakes import (
    any_address,
    captured_port,
    covers_cluster,
    decided_by_chance,
    default_with_selector,
    dropped_port,
    empty_policy,
    empty_selector,
    exported_to_nobody,
    http_on_https_port,
    imports_everything,
    list_not_enforced,
    missing_cluster,
    no_endpoints,
    not_captured,
    not_exported_here,
    not_governed,
    not_on_gateway,
    overlapping_selectors,
    private_destination,
    public_wildcard,
    reserved_port,
    route_around,
    selects_nothing,
    several_defaults,
    several_routes,
    shadowed_entry,
    shared_selector,
    sidecar_without_egress,
    spoofable,
    tenant_wildcard,
    udp_port,
    undeclared_host,
    under_cluster_domain,
    unheard_port,
    unknown_export,
    unreachable_route,
    unused_entry,
    upper_case_host,
    wide_network,
    wildcard_hole,
)
from egresslang.findings import Finding

MISTAKES = (
    public_wildcard,
    tenant_wildcard,
    wide_network,
    any_address,
    private_destination,
    spoofable,
    covers_cluster,
    shared_selector,
    not_captured,
    not_governed,
    undeclared_host,
    not_exported_here,
    exported_to_nobody,
    unknown_export,
    missing_cluster,
    captured_port,
    upper_case_host,
    imports_everything,
    sidecar_without_egress,
    empty_policy,
    wildcard_hole,
    shadowed_entry,
    http_on_https_port,
    udp_port,
    under_cluster_domain,
    several_defaults,
    overlapping_selectors,
    selects_nothing,
    default_with_selector,
    empty_selector,
    unheard_port,
    list_not_enforced,
    decided_by_chance,
    no_endpoints,
    route_around,
    reserved_port,
    several_routes,
    dropped_port,
    unreachable_route,
    not_on_gateway,
)
"""Every mistake but the one that is left over, in the order of their codes."""


def mistakes(inspected: Inspected) -> list[Finding]:
    """What all of them find."""
    found = [each for mistake in MISTAKES for each in mistake.find(inspected)]
    return [*found, *unused_entry.find(inspected, found)]
