"""EGR609 captured-port: a ServiceEntry of TCP without an address, which takes every connection on its port."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import to_port, whose
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
            namespace, labels = _reader(inspected, entry)
            asked = to_port(inspected, namespace, labels, entry, entry.hosts[0], port)
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


def _reader(inspected: Inspected, entry: ServiceEntry) -> tuple[str, dict[str, str]]:
    """A pod that imports an entry: one whose Sidecar lists it, else any of its namespace."""
    for host in entry.hosts:
        for each in inspected.imports.of(host, entry.origin.namespace):
            namespace, labels = whose(inspected, each.sidecar)
            if inspected.sees(namespace, entry):
                return namespace, dict(labels)
    return entry.origin.namespace, {}
