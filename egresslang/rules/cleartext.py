"""EGR308 cleartext: plain http that leaves the mesh.

Whoever is on the way reads it and changes it. A note: some destinations offer nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.policy.intent import HTTP
from egresslang.policy.policy import Grant, Policy
from egresslang.profile.profile import ClusterProfile

CODE = codes.CLEARTEXT


def check(policy: Policy, _: ClusterProfile) -> Iterator[Finding]:
    """Each destination that is spoken to in http, http2 or grpc without TLS; once, however many rules have it."""
    found: dict[tuple[str, int], dict[int, Grant]] = {}
    for grant in policy.grants:
        if grant.spelled in HTTP:
            found.setdefault((str(grant.destination), grant.port), {}).setdefault(id(grant.rule), grant)
    for by_rule in found.values():
        grant, *others = by_rule.values()
        yield finding(
            CODE,
            grant.span,
            f"`{grant.destination}:{grant.port}` is spoken to in plain {grant.spelled}",
            "not encrypted",
            notes=["whoever is on the way can read and change it"],
            help="use `:443 tls` where the destination offers it",
            elsewhere=[other.span for other in others],
        )
