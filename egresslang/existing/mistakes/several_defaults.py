"""EGR619 several-defaults: two Sidecars without a selector in one namespace: one of them is never looked at."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.inspected import Inspected, name_of
from egresslang.existing.losing import lost
from egresslang.findings import Finding, Label, finding

CODE = codes.SEVERAL_DEFAULTS


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each default Sidecar but the first of its namespace."""
    for namespace, sidecars in inspected.sidecars_of.items():
        defaults = [each for each in sidecars if each.selector is None]
        for each in defaults[1:]:
            first = defaults[0]
            yield finding(
                CODE, name_of(each.origin), f"{each.origin} is never looked at", f"the second default of `{namespace}`",
                [Label(name_of(first.origin), "the older one, or the first by name, holds")], lost(inspected, first, each),
                f"put both lists into {first.origin}, or give one of them a `workloadSelector`",
            )  # fmt: skip
