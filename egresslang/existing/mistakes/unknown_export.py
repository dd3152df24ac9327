"""EGR606 unknown-export: a ServiceEntry that is exported to a namespace which nothing declares."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import to_port
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, finding
from egresslang.suggest import nearest

CODE = codes.UNKNOWN_EXPORT


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each name of a namespace that there is no Namespace for, where there are any, and that nothing stands in."""
    if not inspected.namespaces:
        return
    standing = inspected.standing
    for entry in inspected.resources.service_entries:
        for at, name in enumerate(entry.export_to):
            if name in ("*", ".", "~") or name in standing:
                continue
            near = nearest(name, standing)
            notes = (
                to_port(inspected, near, {}, entry, entry.hosts[0], entry.ports[0]).notes
                if near and entry.ports
                else ()
            )
            yield finding(
                CODE, place(entry.origin, "spec", "exportTo", at), f"there is no namespace `{name}`", "nothing stands there",
                notes=notes, help=f"write `{near}`" if near else "write the namespace that is meant, or remove it",
            )  # fmt: skip
