"""EGR617 udp-port: a UDP port of a ServiceEntry: no sidecar sees UDP, so it neither allows nor blocks anything."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, finding

CODE = codes.UDP_PORT


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each port of UDP."""
    for entry in inspected.resources.service_entries:
        for at, port in enumerate(entry.ports):
            if port.protocol == "UDP":
                yield finding(
                    CODE, place(entry.origin, "spec", "ports", at, "protocol"),
                    f"port {port.number} of `{entry.hosts[0]}` is not governed", "no sidecar sees UDP",
                    notes=[f"`udp {entry.hosts[0]}:{port.number}` goes straight out, by every pod, with this ServiceEntry and without"],
                    help="remove the port, and govern UDP with a NetworkPolicy",
                )  # fmt: skip
