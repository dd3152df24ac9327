"""Difference: which flows one policy grants and another does not, and which are granted on other terms.

It is exact, both ways. Grants with the same flows on the same terms are on both sides and tell nothing; a flow that only
these have cannot have changed. So only the others are calculated with, and what meets them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

from egresslang.answers.access import ByKey, Key, Said, Terms, as_told, by_key, order_of, said, terms_of
from egresslang.answers.difference.glance import Glance, apart
from egresslang.policy.flow_index import FlowIndex, redundant
from egresslang.policy.flows import Box, coalesce, difference
from egresslang.policy.granted import box_of
from egresslang.policy.intervals import Intervals, union
from egresslang.policy.policy import Grant, Name
from egresslang.policy.trees import is_below, places
from egresslang.record import record, replace

GAINED, LOST, CHANGED = "gained", "lost", "changed"
KINDS = (GAINED, LOST, CHANGED)


@record
class Change:
    """Flows that are gained, lost, or granted on other terms, told as a grant that has them all.

    `part` is exactly these, None where they are the whole grant. `before` and `after` are the grants of either side with
    any of the grant's flows: of a gained one, `before` are those that it swallows or adds to. `was_open` when a profile
    left all of its workloads open before a gain, or does after a loss: then they could, or can, reach everything. `within` are grants of the side without the flows that have them too where
    the name is at such an address: `internet`.
    """

    kind: str
    grant: Grant
    part: tuple[Box, ...] | None
    before: tuple[Grant, ...]
    after: tuple[Grant, ...]
    old: Terms | None
    new: Terms | None
    was_open: bool = False
    within: tuple[Grant, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether they are all flows of the grant."""
        return self.part is None

    @property
    def widens(self) -> bool:
        """Whether anything may be reached that could not: flows that are gained, or that lead to another place."""
        if self.kind != CHANGED or self.old is None or self.new is None:
            return self.kind == GAINED and not self.was_open
        return not set(self.new.endpoints or ("",)) <= set(self.old.endpoints or ("",))

    @property
    def flows(self) -> tuple[Box, ...]:
        """The flows, in disjoint boxes."""
        return (box_of(self.grant),) if self.part is None else self.part


def changes(before: Iterable[Grant], after: Iterable[Grant], have_terms: bool = True) -> list[Change]:
    """What is gained, lost and changed from one side to the other, in the order of workloads and destinations.

    Unless both sides `have_terms`, as manifests have none, only where flows lead may change.
    """
    old, new = by_key(map(as_told, before)), by_key(map(as_told, after))
    differing = [key for key in {**old, **new} if _says(old.get(key)) != _says(new.get(key))]
    if not differing:
        return []
    glance = Glance([some[0] for key in differing for some in (old.get(key), new.get(key)) if some])
    old, new = _which(old, glance.may_meet), _which(new, glance.may_meet)
    simple = apart(old, new)
    found = [_simple(old.get(key, ()), new.get(key, ())) for key in differing if key in simple]
    if len(found) < len(differing):
        rest = [key for key in differing if key not in simple]
        comparison = _Comparison(rest, *({key: side[key] for key in side if key not in simple} for side in (old, new)))
        found += [*comparison.beyond(GAINED), *comparison.beyond(LOST)]
        found += comparison.on_other_terms()
    told = [change for each in found if (change := _weighed(each, have_terms)).old != change.new]
    return sorted(told, key=order_of_change)


def _weighed(change: Change, have_terms: bool) -> Change:
    """A change with the terms that count: without other terms where flows lead alone, and a name that leads to itself nowhere."""
    if change.old is None or change.new is None:
        return change
    where = change.grant.destination
    itself = (where.host,) if isinstance(where, Name) else ()
    old, new = (
        replace(terms if have_terms else Terms(), endpoints=() if terms.endpoints == itself else terms.endpoints)
        for terms in (change.old, change.new)
    )
    return replace(change, old=old, new=new)


def _which(grants: ByKey, is_meant: Callable[[Grant], bool]) -> ByKey:
    return {key: some for key, some in grants.items() if is_meant(some[0])}


def _simple(before: Sequence[Grant], after: Sequence[Grant]) -> Change:
    """What becomes of flows that no other grants have any of."""
    old, new = (terms_of(side) if side else None for side in (before, after))
    kind = CHANGED if before and after else GAINED if after else LOST
    return Change(kind, (*after, *before)[0], None, tuple(before), tuple(after), old, new)


def order_of_change(change: Change) -> tuple[object, ...]:
    """The order in which changes are told: by kind, workload, destination and port."""
    rest = tuple([(box.workloads.cuts, box.destinations.names.cuts) for box in change.part or ()])
    return KINDS.index(change.kind), *order_of(change.grant), rest


def _says(grants: Sequence[Grant] | None) -> object:
    if grants is None:
        return None
    return said(grants[0]) if len(grants) == 1 else _one({said(grant) for grant in grants})


def _one(all_said: set[Said]) -> object:
    return next(iter(all_said)) if len(all_said) == 1 else all_said


class _Side:
    """The grants of one side that have to do with what differs, by their flows."""

    def __init__(self, grants: ByKey) -> None:
        self.grants = grants
        self.boxes = {key: box_of(some[0]) for key, some in grants.items()}

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
        self._old, self._new = _Side(old), _Side(new)

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
            alone = [each for each in side.index.overlapping(box) if each not in other.grants]
            theirs = other.of(met)
            for part, own in self._by_terms(side, alone, flows):
                grant = next((each for each in own if (box_of(each),) == part), side.grants[key][0])
                whole = (box_of(grant),) == part
                if kind == GAINED:
                    yield Change(kind, grant, None if whole else part, theirs, own, None, terms_of(own))
                else:
                    yield Change(kind, grant, None if whole else part, own, theirs, terms_of(own), None)

    def _by_terms(
        self, side: _Side, keys: Sequence[Key], flows: tuple[Box, ...]
    ) -> Iterator[tuple[tuple[Box, ...], tuple[Grant, ...]]]:
        """Flows of a side in parts that are granted on the same terms, each with the grants that have some of it."""
        having = _having(keys, side, flows)
        groups: dict[Said, list[Box]] = {}
        for key in having:
            for words in {said(grant) for grant in side.grants[key]}:
                groups.setdefault(words, []).append(side.boxes[key])
        if len(groups) == 1:
            yield flows, side.of(having)
            return
        for part, _ in _divided((flows, ()), groups):
            yield part, side.of(_having(having, side, part))

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
        groups = [self._by_words(side, box) for side in (self._old, self._new)]
        if not all(groups) or (len(groups[0]) == 1 and groups[0].keys() == groups[1].keys()):
            return
        cells: list[_Cell] = [((box,), ())]
        for some in groups:
            cells = [part for cell in cells for part in _divided(cell, some)]
        for flows, (old, new) in cells:
            if old == new:
                continue
            before, after = self._old.meeting(flows), self._new.meeting(flows)
            terms = terms_of(before), terms_of(after)
            if terms[0] != terms[1]:
                told = next((each for each in (*after, *before) if (box_of(each),) == flows), grant)
                yield Change(CHANGED, told, None if (box_of(told),) == flows else flows, before, after, *terms)

    def _by_words(self, side: _Side, box: Box) -> dict[Said, list[Box]]:
        """The boxes of a side that meet a box, by what their grants say."""
        found: dict[Said, list[Box]] = {}
        for key in side.index.overlapping(box):
            for each in {said(grant) for grant in side.grants[key]}:
                found.setdefault(each, []).append(side.boxes[key])
        return found


_Cell = tuple[tuple[Box, ...], tuple[frozenset[Said], ...]]
"""Some flows, and for each side that was asked all that is said of them."""


def _divided(cell: _Cell, groups: dict[Said, list[Box]]) -> Iterator[_Cell]:
    """A cell by what a side says of its flows, without those that the side lacks."""
    flows, sides = cell
    cells: dict[frozenset[Said], list[Box]] = {frozenset(): list(flows)}
    for words, boxes in groups.items():
        index = FlowIndex([(box, box) for box in boxes])
        divided: dict[frozenset[Said], list[Box]] = {}
        for known, held in cells.items():
            for flow in held:
                outside = without(flow, list(index.overlapping(flow)))
                inside = [flow] if not outside else without(flow, outside) if outside != [flow] else []
                divided.setdefault(known, []).extend(outside)
                divided.setdefault(known | {words}, []).extend(inside)
        cells = {known: held for known, held in divided.items() if held}
    return ((tuple(coalesce(held)), (*sides, known)) for known, held in cells.items() if known)


def _having(keys: Iterable[Key], side: _Side, flows: Sequence[Box]) -> list[Key]:
    """The keys whose boxes have one of some flows."""
    return [key for key in keys if any(side.boxes[key] & flow for flow in flows)]


def _without_redundant(keys: Sequence[Key], side: _Side) -> list[Key]:
    """The keys whose boxes are not covered by those of the others."""
    gone = set(redundant([side.boxes[key] for key in keys]))
    return [key for number, key in enumerate(keys) if number not in gone]


def without(box: Box, others: Sequence[Box]) -> list[Box]:
    """The flows of a box that none of the others has, in disjoint boxes.

    Boxes of single workloads are taken out workload by workload, and those of single ports port by port, so that many of
    them cost no more than their number.
    """
    return coalesce(_without(box, others, "workloads"))


def _without(box: Box, others: Sequence[Box], part: str) -> list[Box]:
    """The same, where the others that have one thing of a part are looked at for that thing alone."""
    is_single = _IS_SINGLE[part]
    single: dict[Intervals[Any], list[Box]] = {}
    wide: list[Box] = []
    for other in others:
        if is_single(other):
            single.setdefault(getattr(other, part), []).append(other)
        else:
            wide.append(other)
    found: list[Box] = []
    for rest in _next(box, wide, part):
        whole = getattr(rest, part)
        inside = {one: some for one, some in single.items() if one <= whole}
        if left := whole - union(inside):
            found.append(replace(rest, **{part: left}))
        for one, some in inside.items():
            found += _next(replace(rest, **{part: one}), some, part)
    return found


def _next(box: Box, others: Sequence[Box], part: str) -> list[Box]:
    if not others:
        return [box]
    return _without(box, others, "ports") if part == "workloads" else list(difference(box, others))


def _is_of_one_workload(box: Box) -> bool:
    if len(box.workloads.cuts) != 2:
        return False
    (at,), _ = places(box.workloads)
    return not is_below(at)


def _is_of_one_port(box: Box) -> bool:
    return len(box.ports.cuts) == 2 and box.ports.cuts[1] - box.ports.cuts[0] == 1


_IS_SINGLE: dict[str, Callable[[Box], bool]] = {"workloads": _is_of_one_workload, "ports": _is_of_one_port}
