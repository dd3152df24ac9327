"""EGR304 wide-network: a network wider than the profile's `lint.max-network` allows, by default /24 and /56.

Nobody can say what listens at so many addresses, today or next year. Holes count: what `except` cuts out is not granted.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.policy.definitions import INTERNET
from egresslang.policy.policy import Addresses, Policy
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import BITS, Range, cidrs, show
from egresslang.rules.places import address_places

CODE = codes.WIDE_NETWORK


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """Each network of an allow that is too wide; `internet` is EGR305's."""
    prefix = {4: profile.lint.max_ipv4, 6: profile.lint.max_ipv6}
    most = {version: 1 << (BITS[version] - prefix[version]) for version in prefix}
    for destination, span, grant in address_places(policy):
        limit = most[destination.version]
        if (destination.label == INTERNET and not destination.host) or not _is_wide(destination, limit):
            continue
        shown = _widest(destination) if destination.host else str(destination)
        yield finding(
            CODE,
            span,
            f"`{shown}` is wider than /{prefix[destination.version]}",
            _count(destination.ranges),
            notes=[f"whatever listens at one of them on port {grant.port} is granted"],
            help="write the networks that are meant, or raise `lint.max-network` in the profile",
        )


def _is_wide(destination: Addresses, limit: int) -> bool:
    """By all that is left of a network with holes; the networks of a name by each alone."""
    sizes = [last - first + 1 for first, last in destination.ranges]
    return (max(sizes) if destination.host else sum(sizes)) > limit


def _widest(destination: Addresses) -> str:
    first, last = max(destination.ranges, key=lambda each: each[1] - each[0])
    return show(destination.version, *min(cidrs(destination.version, [(first, last)]), key=lambda each: each[1]))


def _count(ranges: tuple[Range, ...]) -> str:
    count = sum(last - first + 1 for first, last in ranges)
    return (
        f"{count:,} addresses"
        if count < 1 << 33
        else f"more than 2^{count.bit_length() - 1} addresses"
        if count & (count - 1)
        else f"2^{count.bit_length() - 1} addresses"
    )
