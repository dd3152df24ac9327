"""EGR605 exported-to-nobody: a ServiceEntry that says `exportTo: ["~"]`: no sidecar hears of it."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import to_port
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, finding

CODE = codes.EXPORTED_TO_NOBODY


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each entry that is for nobody."""
    for entry in inspected.resources.service_entries:
        if entry.ports and not inspected.exported_to(entry):
            own = entry.origin.namespace
            asked = to_port(inspected, own, {}, entry, entry.hosts[0], entry.ports[0])
            yield finding(
                CODE, place(entry.origin, "spec", "exportTo", 0), f"nobody can use {entry.origin}", "no namespace at all",
                notes=asked.notes, help=f'write `exportTo: ["."]` for the pods of `{own}`, or remove the ServiceEntry',
            )  # fmt: skip
