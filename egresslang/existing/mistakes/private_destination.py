"""EGR306 private-destination in a ServiceEntry: the pod itself, its node, or the credentials of its node."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import by_reader
from egresslang.existing.inspected import Inspected, place
from egresslang.existing.networks import range_of
from egresslang.findings import Finding, Severity, finding
from egresslang.mesh.addresses import parse_network
from egresslang.mesh.resources import ServiceEntry

CODE = codes.PRIVATE_DESTINATION

_METADATA = ("metadata.google.internal", "metadata.goog", "instance-data.ec2.internal")
"""How names of the metadata services of clouds end."""

_OWN = ("127.", "::1")
"""An endpoint there is a container of the pod itself, as that of an external authorizer, and meant."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each loopback, link-local and metadata address or name; a private one is what most databases have, and is not told."""
    for entry in inspected.resources.service_entries:
        if not entry.ports:
            continue
        for at, host in enumerate(entry.hosts):
            if host.endswith(_METADATA):
                yield _finding(
                    inspected, entry, ("hosts", at), host, "the cloud's metadata service answers to it", "remove it"
                )
        for at, text in enumerate(entry.addresses):
            yield from _judged(inspected, entry, ("addresses", at), text)
        for at, endpoint in enumerate(entry.endpoints):
            if not endpoint.address.startswith(_OWN):
                yield from _judged(inspected, entry, ("endpoints", at, "address"), endpoint.address)


def _judged(inspected: Inspected, entry: ServiceEntry, path: tuple[str | int, ...], text: str) -> Iterator[Finding]:
    from egresslang.rules.private_destination import what_is_there

    network = parse_network(text)
    if network is None or network[2] < 8:
        return
    found = what_is_there(network[0], range_of(network))
    if found is not None and found.severity is Severity.ERROR:
        yield _finding(inspected, entry, path, text, f"{found.words}: {found.note}", "remove it")


def _finding(
    inspected: Inspected, entry: ServiceEntry, path: tuple[str | int, ...], text: str, label: str, help: str
) -> Finding:
    asked = by_reader(inspected, entry, entry.hosts[0], entry.ports[0])
    return finding(
        CODE,
        place(entry.origin, "spec", *path),
        f"`{text}` is no destination outside the cluster",
        label,
        notes=asked.notes,
        help=help,
    )
