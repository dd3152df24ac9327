"""EGR623 empty-selector: a `workloadSelector` without labels, which selects every pod and goes before the default."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import FRESH, flow
from egresslang.existing.inspected import Inspected, name_of, place
from egresslang.existing.losing import lost
from egresslang.findings import Finding, Label, finding

CODE = codes.EMPTY_SELECTOR


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each Sidecar that selects by nothing."""
    for namespace, sidecars in inspected.sidecars_of.items():
        for sidecar in sidecars:
            if sidecar.selector != ():
                continue
            other = next((each for each in sidecars if each is not sidecar), None)
            related = [] if other is None else [Label(name_of(other.origin), "this one may hold for nobody")]
            notes = (
                flow(inspected, namespace, {}, "tls", FRESH, 443).notes
                if other is None
                else lost(inspected, sidecar, other)
            )
            yield finding(
                CODE, place(sidecar.origin, "spec", "workloadSelector"), f"{sidecar.origin} selects every pod of `{namespace}`",
                "no label is asked for", related, notes, "leave the `workloadSelector` out for a default, or write the labels that are meant",
            )  # fmt: skip
