"""EGR609 captured-port: a ServiceEntry of TCP without an address, which takes every connection on its port."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import by_reader
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, finding
from egresslang.mesh import protocols
from egresslang.mesh.resources import ServiceEntry

CODE = codes.CAPTURED_PORT

_INVENTED = ".invalid"
"""The ending of hosts that only name what they let through (RFC 2606)."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each port whose connections no Host, server name or address tells apart."""
    for entry in inspected.resources.service_entries:
        if (
            entry.addresses
            or entry.selector is not None
            or entry.hosts[0].endswith(_INVENTED)
            or not inspected.exported_to(entry)
        ):
            continue
        if inspected.config.dns_capture and entry.allocated:
            continue
        for at, port in enumerate(entry.ports):
            if port.protocol == "UDP" or port.protocol in protocols.HTTP or port.protocol in protocols.TLS:
                continue
            asked = by_reader(inspected, entry, entry.hosts[0], port)
            leads = "wherever the client dialled" if entry.resolution == "NONE" else f"to `{entry.hosts[0]}`"
            key = "protocol" if port.protocol or _says(entry, at, "protocol") else "number"
            yield finding(
                CODE, place(entry.origin, "spec", "ports", at, key),
                f"{entry.origin} takes every connection on port {port.number}", "nothing here tells its host from others",
                notes=[f"whatever is dialled on port {port.number} is let through, {leads}", *asked.notes],
                help=f"write the `addresses` of `{entry.hosts[0]}` with `resolution: NONE`, or `protocol: TLS` if it is",
            )  # fmt: skip
            break


def _says(entry: ServiceEntry, at: int, key: str) -> bool:
    manifest = entry.origin.manifest_span
    return manifest is not None and manifest["spec"]["ports"][at].get(key) is not None
