"""EGR636 misspelt-root: a default Sidecar in a namespace that is all but called like the root namespace."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import FRESH, flow
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, finding
from egresslang.suggest import is_misspelling

CODE = codes.MISSPELT_ROOT

USUAL = "istio-system"
"""The root namespace where nothing says another one."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each Sidecar without a selector, alone in such a namespace, where the root namespace has none."""
    root = inspected.config.root_namespace
    if inspected.imports.has_root_default:
        return
    for namespace, sidecars in inspected.sidecars_of.items():
        if not _is_meant(namespace, root) or _is_used(inspected, namespace):
            continue
        for sidecar in sidecars:
            if sidecar.selector is None:
                other = next((each for each in inspected.clients_of if not inspected.sidecars_of.get(each)), "")
                asked = flow(inspected, other or "any-other-namespace", {}, "tls", FRESH, 443)
                yield finding(
                    CODE, place(sidecar.origin, "metadata", "namespace"), f"{sidecar.origin} is no default of the mesh",
                    f"the root namespace is `{root}`", notes=asked.notes, help=f"write `namespace: {root}`",
                )  # fmt: skip


def _is_meant(namespace: str, root: str) -> bool:
    """Whether a namespace is taken for the root: misspelt, or the one that usually is."""
    return namespace != root and (namespace == USUAL or is_misspelling(namespace, root))


def _is_used(inspected: Inspected, namespace: str) -> bool:
    """Whether anything else tells that a namespace is there: then its own pods may be meant."""
    if namespace == USUAL:
        return bool(inspected.clients_of.get(namespace))
    return namespace in inspected.namespaces or bool(
        inspected.clients_of.get(namespace)
        or inspected.entries_in.get(namespace)
        or namespace in inspected.with_services
    )
