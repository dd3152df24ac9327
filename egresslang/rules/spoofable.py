"""EGR307 spoofable: a wildcard whose compiled form lets a client that lies reach more than it names.

Before Istio 1.30 a wildcard is compiled to an entry that dials whatever address the client dials, so a client that writes
an allowed name into the Host header or the server name reaches any address on the port. From 1.30 on the sidecar resolves
the name itself, but for http it takes the port from the Host header too.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.policy.intent import HTTP
from egresslang.policy.policy import ANY, Below, Grant, Policy
from egresslang.profile.profile import ClusterProfile

CODE = codes.SPOOFABLE
RESOLVED = (1, 30)
"""The first Istio version whose sidecars resolve the names below a wildcard themselves."""


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """Each wildcard of an enforced workload that grants more than it says to a client that lies."""
    if profile.enforcement.level == "observe":
        return  # nothing is blocked, so nothing is gained by a lie
    resolves = profile.version >= RESOLVED
    seen: set[tuple[int, int, str]] = set()
    for grant in policy.grants:
        if not isinstance(grant.destination, Below) or (resolves and grant.protocol not in HTTP):
            continue
        mark = id(grant.span.source), grant.span.start, str(grant.destination)
        if mark not in seen and _is_enforced(grant, profile):
            seen.add(mark)
            yield _port(grant) if resolves else _address(grant, profile)


def _is_enforced(grant: Grant, profile: ClusterProfile) -> bool:
    enforcement = profile.enforcement
    return enforcement.level != "namespaces" or grant.subject.namespace in (ANY, *enforcement.namespaces)


def _port(grant: Grant) -> Finding:
    return finding(
        CODE,
        grant.span,
        f"a client may choose the port of `{grant.destination}`",
        f"granted on port {grant.port}",
        notes=["for http the sidecar dials the name and the port that the Host header says"],
        help="name the hosts, or use tls",
    )


def _address(grant: Grant, profile: ClusterProfile) -> Finding:
    told = "Host header" if grant.protocol in HTTP else "server name"
    version = ".".join(map(str, profile.version))
    return finding(
        CODE,
        grant.span,
        f"a client that lies about its {told} reaches any address on port {grant.port}",
        f"compiled for Istio {version}",
        notes=[
            f"a sidecar before 1.30 does not resolve names below `{grant.destination}`: it dials what the client dials"
        ],
        help="name the hosts, or upgrade to Istio 1.30",
    )
