"""EGR620 overlapping-selectors: two Sidecars that select one pod: only the older one holds for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.inspected import Inspected, name_of
from egresslang.existing.losing import lost
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.resources import Sidecar

CODE = codes.OVERLAPPING_SELECTORS


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each Sidecar that loses a pod to an older one: a known workload, or any that has all labels of both."""
    for sidecars in inspected.sidecars_of.values():
        selecting = [each for each in sidecars if each.selector]
        told: set[int] = set()
        for holds, loses, who in _pairs(inspected, selecting):
            if id(loses) in told:
                continue
            told.add(id(loses))
            yield finding(
                CODE, name_of(loses.origin), f"{loses.origin} does not hold for {who}", f"{holds.origin} selects it too",
                [Label(name_of(holds.origin), "the older one, or the first by name, holds")], lost(inspected, holds, loses),
                "put both lists into one Sidecar, or select by labels that no pod has both of",
            )  # fmt: skip


def _pairs(inspected: Inspected, sidecars: list[Sidecar]) -> Iterator[tuple[Sidecar, Sidecar, str]]:
    """Which Sidecar holds, which loses, and for whom; `sidecars` of one namespace, the first to count first."""
    if len(sidecars) < 2:
        return
    carried = Counter(label for each in sidecars for label in each.selector or ())
    by_label: dict[tuple[str, str], list[int]] = {}
    for at, each in enumerate(sidecars):
        rarest = min(each.selector or (), key=lambda label: carried[label])
        by_label.setdefault(rarest, []).append(at)

    def selecting(labels: dict[str, str]) -> list[int]:
        found = (at for label in labels.items() for at in by_label.get(label, ()))
        return sorted(at for at in found if all(labels.get(key) == value for key, value in sidecars[at].selector or ()))

    for client in inspected.clients_of.get(sidecars[0].origin.namespace, ()):
        first, *others = selecting(dict(client.pod.labels)) or [0]
        for other in others:
            yield sidecars[first], sidecars[other], f"`{client}`"
    for at, each in enumerate(sidecars):
        for other in selecting(dict(each.selector or ())):
            if other != at:
                first, last = min(at, other), max(at, other)
                labels = ", ".join(f"`{key}: {value}`" for key, value in each.selector or ())
                yield sidecars[first], sidecars[last], f"pods with {labels}"
