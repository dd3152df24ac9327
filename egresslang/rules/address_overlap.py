"""EGR205 address-overlap: two named TCP destinations that share an address and port.

Istio knows a TCP destination by its address alone: who may reach one of the two may reach the other.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import Addresses, Grant, Policy
from egresslang.profile.profile import ClusterProfile

CODE = codes.ADDRESS_OVERLAP


def check(policy: Policy, _: ClusterProfile) -> Iterator[Finding]:
    """Each pair of names whose addresses meet on a port, told once at the later rule."""
    ranges: dict[tuple[int, int], list[tuple[int, int, Grant]]] = {}
    for grant in policy.grants:
        destination = grant.destination
        if isinstance(destination, Addresses) and destination.host:
            held = ranges.setdefault((destination.version, grant.port), [])
            held.extend((first, last, grant) for first, last in destination.ranges)
    told: set[tuple[str, str, int]] = set()
    for (_version, port), held in ranges.items():
        reach: list[tuple[int, Grant]] = []  # for up to two names, how far the ranges before this one go
        for first, last, grant in sorted(held, key=lambda item: item[:2]):
            for end, other in reach:
                pair = min(_host(grant), _host(other)), max(_host(grant), _host(other)), port
                if end >= first and pair[0] != pair[1] and pair not in told:
                    told.add(pair)
                    earlier, later = sorted((grant, other), key=lambda g: g.span.place)
                    yield _overlap(earlier, later, port)
            reach = _farthest([*reach, (last, grant)])


def _host(grant: Grant) -> str:
    assert isinstance(grant.destination, Addresses)
    return grant.destination.host


def _farthest(reach: list[tuple[int, Grant]]) -> list[tuple[int, Grant]]:
    """The two farthest ranges of different names: whoever meets an earlier range of another name meets one of them."""
    best: dict[str, tuple[int, Grant]] = {}
    for end, grant in sorted(reach, key=lambda item: -item[0]):
        best.setdefault(_host(grant), (end, grant))
    return list(best.values())[:2]


def _overlap(earlier: Grant, later: Grant, port: int) -> Finding:
    one, two = _host(earlier), _host(later)
    return finding(
        CODE,
        later.span,
        f"`{two}` and `{one}` share an address on port {port}",
        f"granted to `{later.subject}`",
        [Label(earlier.span, f"granted to `{earlier.subject}`")],
        [
            f"a sidecar tells them apart by address alone: `{later.subject}` reaches `{one}` there, `{earlier.subject}` reaches `{two}`"
        ],
        "give each its own addresses, or grant both knowingly",
    )
