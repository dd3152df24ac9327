"""EGR307 spoofable in a ServiceEntry: a name that passes on whatever address the client dialled, where Istio could resolve it."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import by_reader
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, finding
from egresslang.mesh.protocols import DYNAMIC, HTTP, TLS

CODE = codes.SPOOFABLE

_RESOLVES = (1, 30)
"""The first Istio that resolves names below a wildcard."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """The first host of each entry of resolution NONE without an address that a client names itself."""
    for entry in inspected.resources.service_entries:
        ports = [each for each in entry.ports if each.protocol in HTTP | TLS]
        host = entry.hosts[0]
        if (
            entry.resolution != "NONE"
            or entry.addresses
            or entry.internal
            or not ports
            or not inspected.exported_to(entry)
        ):
            continue
        if host.startswith("*") and inspected.config.version < _RESOLVES:
            continue
        asked = by_reader(inspected, entry, host, ports[0])
        named = "Host" if ports[0].protocol in HTTP else "server name"
        tls = "" if all(each.protocol in DYNAMIC for each in entry.ports) else ", and `protocol: TLS` instead of HTTPS"
        help = f"write `resolution: DYNAMIC_DNS`{tls}" if host.startswith("*") else "write `resolution: DNS`"
        yield finding(
            CODE, place(entry.origin, "spec", "hosts", 0), f"a client that lies reaches any address through `{host}`",
            f"only the {named} that it says is looked at", notes=asked.notes, help=help,
        )  # fmt: skip
