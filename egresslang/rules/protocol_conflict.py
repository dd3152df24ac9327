"""EGR204 protocol-conflict: one host and port with two protocols in a namespace.

A sidecar has one ServiceEntry port for them, so one of the two would be blocked.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import ANY, Below, Grant, Name, Policy
from egresslang.profile.profile import ClusterProfile

CODE = codes.PROTOCOL_CONFLICT


def check(policy: Policy, _: ClusterProfile) -> Iterator[Finding]:
    """The later of two rules for each host, port and namespace where protocols differ."""
    first: dict[tuple[str, int], str] = {}
    conflicting: set[tuple[str, int]] = set()
    for grant in policy.grants:
        if (host := _host(grant)) and first.setdefault((host, grant.port), grant.protocol) != grant.protocol:
            conflicting.add((host, grant.port))
    uses: dict[tuple[str, int], list[Grant]] = {}
    for grant in policy.grants if conflicting else ():
        if (at := (_host(grant), grant.port)) in conflicting:
            uses.setdefault(at, []).append(grant)
    for (host, port), grants in uses.items():
        yield from _conflicts(f"{host}:{port}", sorted(grants, key=lambda grant: grant.span.place))


def _host(grant: Grant) -> str:
    """The name or wildcard of a grant, empty for any other destination."""
    destination = grant.destination
    if isinstance(destination, Name):
        return destination.host
    return str(destination) if isinstance(destination, Below) else ""


def _conflicts(shown: str, grants: list[Grant]) -> Iterator[Finding]:
    first: dict[str, dict[str, Grant]] = {}
    anywhere: dict[str, Grant] = {}
    for grant in grants:
        namespace = grant.subject.namespace
        seen = [anywhere] if namespace == ANY else [first.get(namespace, {}), first.get(ANY, {})]
        other = next((g for uses in seen for protocol, g in uses.items() if protocol != grant.protocol), None)
        if other is not None:
            where = "everywhere" if namespace == ANY else f"in namespace `{namespace}`"
            yield finding(
                CODE,
                grant.span,
                f"`{shown}` is both {other.spelled} and {grant.spelled} {where}",
                f"{grant.spelled} here",
                [Label(other.span, f"{other.spelled} here")],
                ["a sidecar has one ServiceEntry port for it; one of the two workloads would be blocked"],
                f"use {other.spelled} for both, or another port",
            )
        first.setdefault(namespace, {}).setdefault(grant.protocol, grant)
        anywhere.setdefault(grant.protocol, grant)
