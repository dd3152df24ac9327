"""EGR629 reserved-port: a ServiceEntry on a port of the sidecar itself, where it cannot listen."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import by_reader
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, finding
from egresslang.mesh.listeners import RESERVED

CODE = codes.RESERVED_PORT


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each port 15001, 15006, 15021 or 15090."""
    for entry in inspected.resources.service_entries:
        for at, port in enumerate(entry.ports):
            if port.number in RESERVED and port.protocol != "UDP":
                asked = by_reader(inspected, entry, entry.hosts[0], port)
                yield finding(
                    CODE, place(entry.origin, "spec", "ports", at, "number"), f"port {port.number} is the sidecar's own",
                    "it cannot listen there for others", notes=asked.notes, help="reach the host on another port, with `targetPort` for its own",
                )  # fmt: skip
