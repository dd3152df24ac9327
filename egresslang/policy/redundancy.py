"""Redundancy: which parts of a policy add no flow, and what else grants their flows.

A part is redundant if other parts that stay grant each of its flows. Who, name, port and protocol of a grant are one
place each, and a place has nodes that no other rule mentions: so one other grant has all of a name, or none has. That is
looked up. Addresses alone are covered by several grants together; of each place only the runs of granted addresses count,
and a part is left out of its own.

What covers a part must hold wherever and as long as the part does. So parts are judged in the order of their last days,
the latest first, and within a day those that hold in more clusters first: whatever could cover a part is decided by then,
but for the parts of its own day and condition. Of those the ones whose rules say less are judged first, and of rules that
say as much the later ones: of two equal ones the one with an owner stays, else the first. What is told can be removed all at once, and nothing that stays could be removed as well.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator
from itertools import islice, product

from egresslang.policy.intent import is_checked
from egresslang.policy.interval_index import Entry, IntervalIndex
from egresslang.policy.intervals import Intervals, union
from egresslang.policy.parts import Glance, Part, above, around
from egresslang.policy.policy import ANY, Addresses, AllowLine, Below, Everything, Grant, Subject
from egresslang.record import record
from egresslang.syntax.nodes import Labelled

_MOST_TOLD = 3

_Condition = tuple[str, str, str, str]
"""Where a rule holds: its region, its clusters, the labels that choose its workloads, its text if that has variables."""

_Cell = tuple[str, str, int, int]
"""Where addresses are granted: namespace, workload, IP version, port."""

_Key = tuple[str, str, int, str, str]
"""A grant to no address: namespace, workload, port, protocol, and the name, `*.suffix`, or `*` for everything."""


@record
class Covered:
    """A redundant part and parts that stay and grant its flows: all of them, or the first of them if there are `more`."""

    part: Part
    by: tuple[Part, ...]
    more: bool


def redundant(glance: Glance, candidates: Collection[int], required: Collection[str] = ()) -> list[Covered]:
    """The redundant parts among those with some numbers, in their order; rules with `required` attributes say more."""
    return _Judge(glance.parts, required).covered(set(candidates), glance.concerned(candidates)) if candidates else []


class _Judge:
    """Decides part by part what stays."""

    def __init__(self, parts: list[Part], required: Collection[str]) -> None:
        self.parts = parts
        self.required = required
        self.conditions: dict[int, _Condition] = {}
        self.wider = _Wider()
        self.named: dict[_Key, dict[_Condition, dict[int, None]]] = {}
        self.suffixes: set[str] = set()
        self.is_open = False
        self.runs: dict[_Cell, dict[_Condition, _Runs]] = {}
        self.batch: dict[_Cell, _Networks] = {}

    def covered(self, candidates: set[int], about: list[Part]) -> list[Covered]:
        """The redundant ones of the candidates; `about` are these and what may grant their flows."""
        gone: set[int] = set()
        self.conditions = {part.number: _condition(part.line) for part in about}
        destinations = [grant.destination for part in about for grant in part.grants]
        self.suffixes = {each.suffix for each in destinations if isinstance(each, Below)}
        self.is_open = any(isinstance(each, Everything) for each in destinations)

        turns: dict[tuple[int, int, _Condition], list[int]] = {}
        for part in about:
            condition = self.conditions[part.number]
            turn = -part.last_day.toordinal(), sum(map(bool, condition)), condition
            turns.setdefault(turn, []).append(part.number)
        for turn in sorted(turns):
            gone.update(self._judge(turns[turn], candidates))
        if not gone:
            return []
        tell = _Tell(self, gone)
        return [tell.of(self.parts[number]) for number in sorted(gone)]

    def _judge(self, numbers: list[int], candidates: set[int]) -> set[int]:
        """Those of one day and condition that the others of them, and what stays of the days after, make redundant."""
        self.batch = {}
        for number in numbers:
            self._put(self.parts[number])
        gone = set()
        for number in sorted(numbers, key=self._said):
            if number in candidates and self._is_covered(self.parts[number]):
                gone.add(number)
        for number in numbers:
            if number not in gone:
                for cell, entries in _entries(self.parts[number]):
                    self.runs.setdefault(cell, {}).setdefault(self.conditions[number], _Runs()).add(entries)
        return gone

    def _said(self, number: int) -> tuple[int, int, int]:
        """How much the rule of a part says: its required attributes, and all it has; of equal ones the first says more."""
        attributes = self.parts[number].line.statement.attributes
        required = sum([each.key in self.required for each in attributes]) if self.required else 0
        return required, len(attributes), -number

    def _put(self, part: Part) -> None:
        condition = self.conditions[part.number]
        for grant in part.grants:
            if (key := _key(grant)) is not None:
                self.named.setdefault(key, {}).setdefault(condition, {})[part.number] = None
        for cell, entries in _entries(part):
            self.batch.setdefault(cell, _Networks()).entries.extend(entries)

    def _is_covered(self, part: Part) -> bool:
        """Whether a part is redundant; it is taken out if so."""
        own = _entries(part)
        for cell, entries in own:
            self.batch[cell].take_out(entries)
        if all(self._is_granted(grant, part.number) for grant in _widest(part.grants)):
            for grant in part.grants:
                if (key := _key(grant)) is not None:
                    self.named[key][self.conditions[part.number]].pop(part.number, None)
            return True
        for cell, entries in own:
            self.batch[cell].put_back(entries)
        return False

    def _is_granted(self, grant: Grant, number: int) -> bool:
        """Whether others than a part grant all flows of one of its grants."""
        destination = grant.destination
        if self.is_open and any(
            self.holders(_everything(who), who == grant.subject, number) for who in around(grant.subject)
        ):
            return True
        if isinstance(destination, Everything):
            return False
        if (key := _key(grant)) is None:
            return self._reaches(grant, number)
        is_named = any(self.holders(at, at[:2] == key[:2], number) for at in self.keys_around(grant, key))
        if not isinstance(destination, Addresses):
            return is_named
        if is_checked(grant):
            return is_named or (not destination.host and self._reaches(grant, number))
        return is_named and self._reaches(grant, number)

    def keys_around(self, grant: Grant, key: _Key) -> Iterator[_Key]:
        """The keys of grants that have the name of one."""
        for who in around(grant.subject):
            yield (who.namespace, who.workload, *key[2:])
            for suffix in () if isinstance(grant.destination, Addresses) else above(key[4]):
                if suffix in self.suffixes:
                    yield (who.namespace, who.workload, key[2], key[3], f"*.{suffix}")

    def holders(self, key: _Key, is_own: bool, number: int) -> Iterable[int]:
        """Parts other than one with a key that hold where it does; those of the same subject chosen by the same labels."""
        found = self.named.get(key)
        if not found:
            return ()
        # Two of them are enough: one of two is another than any given one.
        held = [found[at] for at in self.wider(self.conditions[number], is_own) if at in found]
        return [other for numbers in held for other in islice(numbers, 2) if other != number]

    def _reaches(self, grant: Grant, number: int) -> bool:
        """Whether others than a part grant all addresses of one of its grants."""
        assert isinstance(grant.destination, Addresses)
        own: _Networks | None = None
        runs: list[_Runs] = []
        for who in around(grant.subject):
            cell = who.namespace, who.workload, grant.destination.version, grant.port
            beside = self.batch.get(cell)
            if beside is not None and who == grant.subject:
                own = beside
            elif beside is not None:
                runs.append(beside.runs)
            later = self.runs.get(cell, {})
            runs += [later[at] for at in self.wider(self.conditions[number], who == grant.subject) if at in later]
        for first, last in grant.destination.ranges:
            point = first
            while point <= last:
                end = max([each.end(point) for each in runs], default=point)
                if own is not None:
                    end = max(end, own.index.reach(point))
                if end <= point:
                    return False
                point = end
        return True


class _Networks:
    """The networks of a cell that are not decided yet; what is covered may be taken out."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._index: IntervalIndex | None = None
        self._runs: _Runs | None = None

    @property
    def index(self) -> IntervalIndex:
        """Those that are left."""
        if self._index is None:
            self._index = IntervalIndex(set(self.entries))
        return self._index

    @property
    def runs(self) -> _Runs:
        """The runs of all: what is taken out is covered from around the cell, so whoever asks from below finds it."""
        if self._runs is None:
            self._runs = _Runs(self.entries)
        return self._runs

    def take_out(self, entries: Iterable[Entry]) -> None:
        """Leave out the entries of a part."""
        for entry in set(entries):
            self.index.discard(entry)

    def put_back(self, entries: Iterable[Entry]) -> None:
        """Have them again."""
        for entry in set(entries):
            self.index.restore(entry)


class _Runs:
    """The runs of addresses that are granted somewhere: their starts and ends, ascending."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        cuts = union([Intervals((start, end)) for start, end, _ in entries]).cuts
        self.starts, self.ends = list(cuts[::2]), list(cuts[1::2])

    def end(self, point: int) -> int:
        """Where the run around a point ends; the point itself if there is none."""
        at = bisect_right(self.starts, point) - 1
        return max(self.ends[at], point) if at >= 0 else point

    def add(self, entries: Iterable[Entry]) -> None:
        """Grant more."""
        for first, last, _ in entries:
            low, high = bisect_left(self.ends, first), bisect_right(self.starts, last)
            start = min(first, self.starts[low]) if low < high else first
            end = max(last, self.ends[high - 1]) if low < high else last
            self.starts[low:high], self.ends[low:high] = [start], [end]


class _Tell:
    """Finds what covers the redundant parts, once it is decided what stays."""

    def __init__(self, judge: _Judge, gone: set[int]) -> None:
        self._judge = judge
        self._networks: dict[_Cell, dict[_Condition, IntervalIndex]] = {}
        entries: dict[tuple[_Cell, _Condition], list[Entry]] = {}
        for number, condition in judge.conditions.items():
            if number not in gone:
                for cell, own in _entries(judge.parts[number]):
                    entries.setdefault((cell, condition), []).extend(own)
        for (cell, condition), own in entries.items():
            self._networks.setdefault(cell, {})[condition] = IntervalIndex(own)

    def of(self, part: Part) -> Covered:
        """A redundant part with what covers it."""
        found: dict[int, None] = {}
        for grant in _widest(part.grants):
            for number in self._covering(grant, part):
                found[number] = None
                if len(found) > _MOST_TOLD:
                    break
        by = tuple(self._judge.parts[number] for number in sorted(list(found)[:_MOST_TOLD]))
        return Covered(part, by, len(found) > _MOST_TOLD)

    def _covering(self, grant: Grant, part: Part) -> Iterator[int]:
        judge = self._judge
        for who in around(grant.subject) if judge.is_open else ():
            if (number := self._lasting(_everything(who), who == grant.subject, part)) is not None:
                yield number
                return
        key = _key(grant)
        if key is not None:
            found = (self._lasting(at, at[:2] == key[:2], part) for at in judge.keys_around(grant, key))
            number = next((each for each in found if each is not None), None)
            if number is not None:
                yield number
                if is_checked(grant):
                    return
        if isinstance(grant.destination, Addresses):
            yield from self._reaching(grant, part)

    def _lasting(self, key: _Key, is_own: bool, part: Part) -> int | None:
        """A part that stays, has a key and lasts as long as another."""
        judge = self._judge
        for condition in judge.wider(judge.conditions[part.number], is_own):
            for number in judge.named.get(key, {}).get(condition, ()):
                if number != part.number and judge.parts[number].last_day >= part.last_day:
                    return number
        return None

    def _reaching(self, grant: Grant, part: Part) -> Iterator[int]:
        """Parts that together have the addresses of a grant, each of furthest reach."""
        assert isinstance(grant.destination, Addresses)
        indexes = []
        for who in around(grant.subject):
            held = self._networks.get((who.namespace, who.workload, grant.destination.version, grant.port), {})
            conditions = self._judge.wider(self._judge.conditions[part.number], who == grant.subject)
            indexes += [held[condition] for condition in conditions if condition in held]
        for first, last in grant.destination.ranges:
            point = first
            while point <= last:
                reach = [entry for index in indexes if (entry := self._furthest(index, point, part)) is not None]
                _, point, number = max(reach, key=lambda entry: entry[1])
                yield number

    def _furthest(self, index: IntervalIndex, point: int, part: Part) -> Entry | None:
        """The entry around a point that reaches furthest of those that last as long as a part."""
        parts = self._judge.parts
        best = index.furthest(point)
        if best is None or parts[best[2]].last_day >= part.last_day:
            return best
        lasting = [e for e in index.overlapping(point, point + 1) if parts[e[2]].last_day >= part.last_day]
        return max(lasting, key=lambda entry: entry[1], default=None)


class _Wider:
    """The conditions under which something holds wherever it does under another."""

    def __init__(self) -> None:
        self._known: dict[tuple[_Condition, bool], list[_Condition]] = {}

    def __call__(self, condition: _Condition, is_own: bool) -> list[_Condition]:
        found = self._known.get((condition, is_own))
        if found is None:
            region, clusters, labels, text = condition
            chosen = {labels} if is_own else {"", labels}
            found = [(*each, text) for each in product({"", region}, {"", clusters}, chosen)]
            self._known[condition, is_own] = found
        return found


def _condition(line: AllowLine) -> _Condition:
    clusters = labels = ""
    for attribute in line.statement.attributes:
        if attribute.key == "cluster":
            clusters = attribute.span.text
            break
    sources = line.statement.sources
    for member in sources.members:
        if isinstance(member, Labelled):
            labels = sources.span.text
            break
    return line.rule.region, clusters, labels, line.statement.span.text if line.varies else ""


def _widest(grants: tuple[Grant, ...]) -> Iterator[Grant]:
    """The grants without those whose subject another of their subjects contains."""
    if len(grants) == 1:
        return iter(grants)
    subjects = {grant.subject for grant in grants}
    wide = {subject for subject in subjects if subject.workload == ANY}
    return (grant for grant in grants if not any(who in wide for who in around(grant.subject)[1:]))


def _everything(who: Subject) -> _Key:
    return who.namespace, who.workload, 0, "", "*"


def _key(grant: Grant) -> _Key | None:
    """What a grant is filed under by name: none for a grant to addresses without one, which has no other flows."""
    destination, subject = grant.destination, grant.subject
    if isinstance(destination, Everything):
        return _everything(subject)
    protocol, where = grant.protocol, str(destination)
    if isinstance(destination, Addresses):
        where = f"={destination.host}"
        if is_checked(grant):
            where += f"={destination.version}={destination.ranges[0][0]}"
        elif not destination.host:
            return None
    return subject.namespace, subject.workload, grant.port, protocol, where


def _entries(part: Part) -> list[tuple[_Cell, list[Entry]]]:
    """The addresses that a part grants whatever is said to them, by cells."""
    found: dict[_Cell, list[Entry]] = {}
    for grant in part.grants:
        destination = grant.destination
        if isinstance(destination, Addresses) and not is_checked(grant):
            cell = grant.subject.namespace, grant.subject.workload, destination.version, grant.port
            found.setdefault(cell, []).extend((first, last + 1, part.number) for first, last in destination.ranges)
    return list(found.items())
