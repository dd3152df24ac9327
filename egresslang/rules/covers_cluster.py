"""EGR310 covers-cluster: an address or network that overlaps the cluster's own pods, Services or nodes.

Its ServiceEntry would capture in-mesh traffic on the port: a network is matched before the hosts of the port.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.policy.policy import Addresses, Policy
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import Range, merge, parse_cidr
from egresslang.rules.places import meet

CODE = codes.COVERS_CLUSTER


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """Each granted network that meets one of the profile's `networks`; `internet` leaves them out by itself."""
    own: list[tuple[str, str, int, Range]] = [
        (kind, text, *parse_cidr(text)) for kind, networks in profile.networks.items() for text in networks
    ]
    merged = {version: merge(found for _, _, at, found in own if at == version) for version in (4, 6)}
    for grant in policy.grants:
        destination = grant.destination
        if not isinstance(destination, Addresses) or not meet(destination.ranges, merged[destination.version]):
            continue
        for kind, text, version, (first, last) in own:
            if version == destination.version and any(
                low <= last and first <= high for low, high in destination.ranges
            ):
                yield finding(
                    CODE,
                    grant.span,
                    f"`{destination}` overlaps the cluster's own {kind}",
                    f"`{text}` lies in the cluster",
                    notes=[f"its ServiceEntry would capture in-mesh traffic on port {grant.port}"],
                    help="write the addresses outside the cluster; cut a hole with `except`",
                )
                break
