"""EGR620 overlapping-selectors: two Sidecars that select one pod: only the older one holds for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from egresslang import codes
from egresslang.existing.inspected import Inspected, name_of
from egresslang.existing.losing import lost
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.resources import Labels, Sidecar, selects

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


class _Group:
    """The Sidecars of a namespace that select by the same labels, as their places in its list."""

    def __init__(self, selector: Labels) -> None:
        self.selector = selector
        self.members: list[int] = []
        self.is_told = False

    def losing(self) -> list[int]:
        """Those that may lose to what has been found just now; all but the first lose once, as do those found with them."""
        told, self.is_told = self.is_told, True
        return self.members[:1] if told else self.members


def _pairs(inspected: Inspected, sidecars: list[Sidecar]) -> Iterator[tuple[Sidecar, Sidecar, str]]:
    """Which Sidecar holds, which loses, and for whom; `sidecars` of one namespace, the first to count first."""
    if len(sidecars) < 2:
        return
    groups: dict[Labels, _Group] = {}
    for at, each in enumerate(sidecars):
        selector = each.selector or ()
        groups.setdefault(selector, _Group(selector)).members.append(at)
    carried = Counter(label for selector in groups for label in selector)
    by_label: dict[tuple[str, str], list[_Group]] = {}
    for selector, group in groups.items():
        by_label.setdefault(min(selector, key=lambda label: carried[label]), []).append(group)

    def selecting(labels: Iterable[tuple[str, str]]) -> list[int]:
        given = dict(labels)
        found = (group for label in given.items() for group in by_label.get(label, ()))
        return sorted(at for group in found if selects(group.selector, given) for at in group.losing())

    asked = set()
    for client in inspected.clients_of.get(sidecars[0].origin.namespace, ()):
        labels = frozenset(label for label in client.pod.labels.items() if label in carried)
        if labels not in asked:
            asked.add(labels)
            first, *others = selecting(labels) or [0]
            for other in others:
                yield sidecars[first], sidecars[other], f"`{client}`"
    for selector, group in groups.items():
        at = group.members[0]
        who = "pods with " + ", ".join(f"`{key}: {value}`" for key, value in selector)
        for other in selecting(selector):
            if other != at:
                yield sidecars[min(at, other)], sidecars[max(at, other)], who
