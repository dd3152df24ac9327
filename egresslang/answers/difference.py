"""Difference: which flows one policy grants and another does not, and which are granted on other terms.

It is exact, both ways. Grants with the same flows on the same terms are on both sides and tell nothing; a flow that only
these have cannot have changed. So only the others are calculated with, and what meets them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from egresslang.answers.access import ByKey, Key, Said, Terms, by_key, order_of, said, terms_of
from egresslang.answers.glance import Glance
from egresslang.policy.flow_index import FlowIndex, redundant
from egresslang.policy.flows import Box, coalesce, difference
from egresslang.policy.granted import box_of
from egresslang.policy.intervals import union
from egresslang.policy.policy import Grant
from egresslang.policy.trees import is_below, places
from egresslang.record import record, replace

GAINED, LOST, CHANGED = "gained", "lost", "changed"
KINDS = (GAINED, LOST, CHANGED)


@record
class Change:
    """Flows that are gained, lost, or granted on other terms, told as a grant that has them all.

    `flows` are exactly these, the whole grant if it `is_whole`. `before` and `after` are the grants of either side with
    any of the grant's flows: of a gained one, `before` are those that it swallows or adds to.
    """

    kind: str
    grant: Grant
    flows: tuple[Box, ...]
    is_whole: bool
    before: tuple[Grant, ...]
    after: tuple[Grant, ...]
    old: Terms | None
    new: Terms | None


def changes(before: Iterable[Grant], after: Iterable[Grant], have_terms: bool = True) -> list[Change]:
    """What is gained, lost and changed from one side to the other, in the order of workloads and destinations.

    Unless both sides `have_terms`, as manifests have none, nothing is changed.
    """
    old, new = by_key(before), by_key(after)
    if have_terms:
        differing = [key for key in {**old, **new} if _says(old.get(key)) != _says(new.get(key))]
    else:
        differing = [key for key in {**old, **new} if key not in old or key not in new]
    if not differing:
        return []
    comparison = _Comparison(differing, old, new)
    found = [*comparison.beyond(GAINED), *comparison.beyond(LOST)]
    return sorted([*found, *(comparison.on_other_terms() if have_terms else ())], key=order_of_change)


def order_of_change(change: Change) -> tuple[object, ...]:
    """The order in which changes are told: by kind, workload, destination and port."""
    rest = () if change.is_whole else tuple([(box.workloads.cuts, box.destinations.names.cuts) for box in change.flows])
    return KINDS.index(change.kind), *order_of(change.grant), rest


def _says(grants: Sequence[Grant] | None) -> object:
    if grants is None:
        return None
    return said(grants[0]) if len(grants) == 1 else _one({said(grant) for grant in grants})


def _one(all_said: set[Said]) -> object:
    return next(iter(all_said)) if len(all_said) == 1 else all_said


class _Side:
    """The grants of one side that have to do with what differs, by their flows."""

    def __init__(self, grants: ByKey, glance: Glance) -> None:
        self.grants = {key: some for key, some in grants.items() if glance.may_meet(some[0])}
        self.boxes = {key: box_of(some[0]) for key, some in self.grants.items()}

    @cached_property
    def index(self) -> FlowIndex[Key]:
        """The boxes, to be found by what they share."""
        return FlowIndex([(box, key) for key, box in self.boxes.items()])

    def of(self, keys: Iterable[Key]) -> tuple[Grant, ...]:
        """The grants of some keys."""
        return tuple([grant for key in keys for grant in self.grants[key]])

    def meeting(self, boxes: Iterable[Box]) -> tuple[Grant, ...]:
        """The grants with a flow of some boxes."""
        return self.of(dict.fromkeys([key for box in boxes for key in self.index.overlapping(box)]))


class _Comparison:
    """Both sides, and the keys under which they differ."""

    def __init__(self, differing: Sequence[Key], old: ByKey, new: ByKey) -> None:
        self._differing = differing
        glance = Glance([some[0] for key in differing for some in (old.get(key), new.get(key)) if some])
        self._old, self._new = _Side(old, glance), _Side(new, glance)

    def beyond(self, kind: str) -> Iterator[Change]:
        """The flows that one side has and the other lacks."""
        side, other = (self._new, self._old) if kind == GAINED else (self._old, self._new)
        keys = [key for key in self._differing if key in side.grants and key not in other.grants]
        for key in _without_redundant(keys, side):
            box = side.boxes[key]
            if other.index.covers(box):
                continue
            met = list(other.index.overlapping(box))
            flows = tuple(without(box, [other.boxes[each] for each in met]))
            own, theirs = side.meeting(flows), other.of(met)
            if kind == GAINED:
                yield Change(kind, side.grants[key][0], flows, not met, theirs, own, None, terms_of(own))
            else:
                yield Change(kind, side.grants[key][0], flows, not met, own, theirs, terms_of(own), None)

    def on_other_terms(self) -> Iterator[Change]:
        """The flows of both sides that are granted on other terms."""
        seen: list[Box] = []
        index: FlowIndex[int] | None = None
        for side in (self._new, self._old):
            keys = [
                key
                for key in self._differing
                if key in side.grants and (side is self._new or key not in self._new.grants)
            ]
            for key in _without_redundant(keys, side):
                box = side.boxes[key]
                met = [seen[at] for at in index.overlapping(box)] if index is not None else []
                for part in without(box, met):
                    yield from self._on_other_terms(side.grants[key][0], part)
                if side is self._new:
                    seen.append(box)
            index = FlowIndex([(box, at) for at, box in enumerate(seen)])

    def _on_other_terms(self, grant: Grant, box: Box) -> Iterator[Change]:
        cells: list[tuple[tuple[Box, ...], frozenset[Said], frozenset[Said]]] = [((box,), frozenset(), frozenset())]
        for side in (self._old, self._new):
            groups: dict[Said, list[Box]] = {}
            for key in side.index.overlapping(box):
                for each in {said(one) for one in side.grants[key]}:
                    groups.setdefault(each, []).append(side.boxes[key])
            cells = [part for cell in cells for part in _divided(cell, groups, side is self._old)]
        for flows, old, new in cells:
            if old == new:
                continue
            before, after = self._old.meeting(flows), self._new.meeting(flows)
            terms = terms_of(before), terms_of(after)
            if terms[0] != terms[1]:
                told = next((each for each in (*after, *before) if (box_of(each),) == flows), grant)
                yield Change(CHANGED, told, flows, (box_of(told),) == flows, before, after, *terms)


_Cell = tuple[tuple[Box, ...], frozenset[Said], frozenset[Said]]


def _divided(cell: _Cell, groups: dict[Said, list[Box]], is_old: bool) -> list[_Cell]:
    """A cell by what one side says of its flows, without those that the side lacks."""
    cells: dict[frozenset[Said], list[Box]] = {frozenset(): list(cell[0])}
    for words, boxes in groups.items():
        divided: dict[frozenset[Said], list[Box]] = {}
        for known, flows in cells.items():
            for flow in flows:
                outside = without(flow, boxes)
                inside = [flow] if not outside else without(flow, outside) if outside != [flow] else []
                divided.setdefault(known, []).extend(outside)
                divided.setdefault(known | {words}, []).extend(inside)
        cells = {known: flows for known, flows in divided.items() if flows}
    found = [(tuple(coalesce(flows)), known) for known, flows in cells.items() if known]
    return [(flows, known if is_old else cell[1], cell[2] if is_old else known) for flows, known in found]


def _without_redundant(keys: Sequence[Key], side: _Side) -> list[Key]:
    """The keys whose boxes are not covered by those of the others."""
    gone = set(redundant([side.boxes[key] for key in keys]))
    return [key for number, key in enumerate(keys) if number not in gone]


def without(box: Box, others: Sequence[Box]) -> list[Box]:
    """The flows of a box that none of the others has, in disjoint boxes.

    Boxes of single workloads are taken out workload by workload, so that many of them cost no more than their number.
    """
    wide = [other for other in others if not _is_single(other)]
    rest = list(difference(box, wide))
    single: dict[tuple[str, ...], list[Box]] = {}
    for other in others:
        if _is_single(other):
            single.setdefault(other.workloads.cuts, []).append(other)
    if not single:
        return rest
    found: list[Box] = []
    for part in rest:
        inside = [some for some in single.values() if some[0].workloads <= part.workloads]
        if not inside:
            found.append(part)
            continue
        if left := part.workloads - union(some[0].workloads for some in inside):
            found.append(replace(part, workloads=left))
        for some in inside:
            found += difference(replace(part, workloads=some[0].workloads), some)
    return coalesce(found)


def _is_single(box: Box) -> bool:
    """Whether a box is of one workload."""
    if len(box.workloads.cuts) != 2:
        return False
    (at,), _ = places(box.workloads)
    return not is_below(at)
