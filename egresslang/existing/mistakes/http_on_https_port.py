"""EGR616 http-on-https-port: HTTP declared on port 443, where clients speak TLS: it is not recognised, and is blocked."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.documents import Located
from egresslang.existing.flow import below, flow, reader
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Edit, Finding, Fix, finding
from egresslang.mesh.protocols import HTTP

CODE = codes.HTTP_ON_HTTPS_PORT


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each port 443 of HTTP, unless a DestinationRule makes TLS of it on the way out."""
    originated = {each.host for each in inspected.resources.destination_rules if _originates(each.origin.manifest_span)}
    for entry in inspected.resources.service_entries:
        for at, port in enumerate(entry.ports):
            if port.number != 443 or port.protocol not in HTTP or not originated.isdisjoint(entry.hosts):
                continue
            span = place(entry.origin, "spec", "ports", at, "protocol")
            host = entry.hosts[0]
            asked = flow(inspected, *reader(inspected, entry), "tls", below(host), 443)
            yield finding(
                CODE, span, f"`{host}:443` is declared as HTTP", "clients speak TLS there", notes=asked.notes,
                help="write `protocol: TLS`", fix=Fix("write `TLS`", (Edit(span, "TLS"),)),
            )  # fmt: skip


def _originates(manifest: object) -> bool:
    policy = manifest.get("spec", "trafficPolicy") if isinstance(manifest, Located) else None
    if policy is None:
        return False
    ports = policy.get("portLevelSettings")
    return "tls" in policy or any("tls" in each for each in (ports.entries() if ports is not None else ()))
