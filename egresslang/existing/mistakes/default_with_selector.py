"""EGR622 default-with-selector: a Sidecar of the root namespace that has a selector, and so is no default for the mesh."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import FRESH, flow
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, finding

CODE = codes.DEFAULT_WITH_SELECTOR


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each such Sidecar that is called the default, or selects none of the workloads known there."""
    root = inspected.config.root_namespace
    for sidecar in inspected.sidecars_of.get(root, ()):
        if sidecar.selector is None:
            continue
        known = inspected.clients_of.get(root)
        if sidecar.origin.name == "default" or (known and not inspected.selected(sidecar)):
            other = next(
                (each for each in inspected.clients_of if each not in (root, *inspected.imports.with_defaults)),
                "any-other-namespace",
            )
            yield finding(
                CODE, place(sidecar.origin, "spec", "workloadSelector"), f"{sidecar.origin} holds for pods of `{root}` alone",
                "with a selector it is no default", notes=flow(inspected, other, {}, "tls", FRESH, 443).notes,
                help="remove the `workloadSelector`: then it holds for every namespace without a Sidecar of its own",
            )  # fmt: skip
