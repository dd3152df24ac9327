"""EGR616 http-on-https-port: HTTP declared on port 443, where clients speak TLS: it is not recognised, and is blocked."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import below, flow, reader
from egresslang.existing.inspected import Inspected, place
from egresslang.existing.outside import originates
from egresslang.findings import Edit, Finding, Fix, finding
from egresslang.mesh.protocols import HTTP

CODE = codes.HTTP_ON_HTTPS_PORT


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each port 443 of HTTP, unless a DestinationRule makes TLS of it on the way out."""
    for entry in inspected.resources.service_entries:
        if not inspected.unsettled.isdisjoint(entry.hosts):
            continue
        for at, port in enumerate(entry.ports):
            if port.number != 443 or port.protocol not in HTTP:
                continue
            if any(originates(inspected, entry, host, 443, entry.origin.namespace) for host in entry.hosts):
                continue
            span = place(entry.origin, "spec", "ports", at, "protocol")
            host = entry.hosts[0]
            asked = flow(inspected, *reader(inspected, entry), "tls", below(host), 443)
            yield finding(
                CODE, span, f"`{host}:443` is declared as HTTP", "clients speak TLS there", notes=asked.notes,
                help="write `protocol: TLS`", fix=Fix("write `TLS`", (Edit(span, "TLS"),)),
            )  # fmt: skip
