"""EGR612 sidecar-without-egress: a Sidecar that says REGISTRY_ONLY and lists nothing: it imports whatever is exported to it."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import to_port, whose
from egresslang.existing.inspected import Inspected, name_of
from egresslang.findings import Finding, Label, finding

CODE = codes.SIDECAR_WITHOUT_EGRESS


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each closed Sidecar without `egress` that so opens a ServiceEntry."""
    for sidecar in inspected.resources.sidecars:
        if sidecar.egress or inspected.is_open(sidecar):
            continue
        own, labels = whose(inspected, sidecar)
        entries = inspected.resources.service_entries
        entry = next((each for each in entries if each.ports and inspected.sees(own, each)), None)
        if entry is None:
            continue
        asked = to_port(inspected, own, labels, entry, entry.hosts[0], entry.ports[0])
        yield finding(
            CODE, name_of(sidecar.origin), f"{sidecar.origin} lists nothing, and so imports everything",
            "no `egress` means `*/*`", [Label(name_of(entry.origin), "opened by it, among others")], asked.notes,
            f'write `egress: [{{hosts: ["*/*.svc.{inspected.config.cluster_domain}"]}}]` and each host that these pods need',
        )  # fmt: skip
