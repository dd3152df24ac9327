"""EGR627 no-endpoints: a ServiceEntry of `resolution: STATIC` that names no endpoint: it is allowed and leads nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import by_reader
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, finding

CODE = codes.NO_ENDPOINTS

_NOWHERE = ".invalid"
"""The ending of names that are meant to lead nowhere (RFC 2606)."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each STATIC entry without endpoints and without a selector of pods that are."""
    for entry in inspected.resources.service_entries:
        if entry.resolution != "STATIC" or entry.endpoints or entry.selector is not None:
            continue
        if entry.ports and not entry.hosts[0].endswith(_NOWHERE):
            asked = by_reader(inspected, entry, entry.hosts[0], entry.ports[0])
            yield finding(
                CODE, place(entry.origin, "spec", "resolution"), f"nothing is behind `{entry.hosts[0]}`", "STATIC takes its endpoints from here",
                notes=asked.notes, help="write `endpoints`, or `resolution: DNS`, or `resolution: NONE` with `addresses`",
            )  # fmt: skip
