"""Regions: which lies within which.

The regions of clouds and their places are in `egresslang/data/regions.txt`, with their sources and dates.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cache

from egresslang import resources
from egresslang.suggest import Vocabulary, is_misspelling

# What the names of regions begin with that are newer than the file: AWS (us-east-1, eu-, ap-), Google Cloud (us-east1).
_CONTINENTS = {
    "us": "us-(?:gov-)?",
    "eu": "(?:eu|europe)-",
    "asia": "(?:ap|asia)-",
}
_OTHERS = "(?:ca|sa|af|me|il|mx|northamerica|southamerica|africa|australia)-"
_REST = r"(?:north|south|east|west|central)[a-z]*-?\d+"


class Regions:
    """The regions of clouds and those that a profile declares: an answer costs about the same however many there are."""

    def __init__(self, declared: Mapping[str, tuple[str, ...]]) -> None:
        self._declared = declared
        self._numbers: dict[str, int] = {}  # of all that are in some region, or have some in them
        self._last: dict[str, int] = {}  # the numbers from a region's own to this one are of those in it
        self._outer: dict[str, str] = {}
        self._further: dict[str, list[str]] = {}  # where a region lies too, apart from `_outer`
        self._places: dict[str, list[int]] = {}
        members = {member for listed in declared.values() for member in listed}
        for name in sorted(declared, key=members.__contains__):
            if name not in self._numbers:
                self._number(name)

    def _number(self, outermost: str) -> None:
        """Number a region and all in it, each after what it was found in and before what was found after it."""
        self._numbers[outermost] = len(self._numbers)
        around = [(outermost, iter(self._declared[outermost]))]
        while around:
            name, listed = around[-1]
            member = next(listed, None)
            if member is None:
                self._last[name] = len(self._numbers) - 1
                around.pop()
            elif member in self._numbers:
                self._further.setdefault(member, []).append(name)
            else:
                self._numbers[member] = len(self._numbers)
                self._outer[member] = name
                around.append((member, iter(self._declared.get(member, ()))))

    def within(self, region: str, outer: str) -> bool:
        """Whether a region is another or lies in it, by the profile's `regions` or a cloud region's own name."""
        if region == outer:
            return True
        return any(
            name == outer or self._is_declared_in(name, outer)
            for name in (region, *(name for name in _CONTINENTS if _lies_in(region, name)))
        )

    def _is_declared_in(self, region: str, outer: str) -> bool:
        if region not in self._numbers or outer not in self._numbers:
            return False
        places = self._places_of(region)
        at = bisect_left(places, self._numbers[outer])
        return at < len(places) and places[at] <= self._last[outer]

    def _places_of(self, region: str) -> list[int]:
        """The numbers of a region, and of those that it, or one that it is in, is listed in a further time."""
        if region not in self._places:
            found, seen, waiting = set[str](), set[str](), [region]
            while waiting:
                name = waiting.pop()
                found.add(name)
                while self._further and name and name not in seen:
                    seen.add(name)
                    waiting += self._further.get(name, ())
                    name = self._outer.get(name, "")
            self._places[region] = sorted(self._numbers[name] for name in found)
        return self._places[region]

    def overlap(self, one: str, other: str) -> bool:
        """Whether two regions share a place: regions nest, so one lies within the other."""
        return self.within(one, other) or self.within(other, one)

    def is_known(self, region: str) -> bool:
        """Whether a word is a region: declared, a member of a declared one, a continent or a cloud region."""
        return (
            region in _CONTINENTS
            or region in self._numbers
            or region in _places()
            or any(_starts(pattern, region) for pattern in (*_CONTINENTS.values(), _OTHERS))
        )

    def of_host(self, host: str) -> str:
        """The region that a host name carries in one of its labels, empty when it carries none."""
        for label in host.split("."):
            if label in _places() or ("-" in label and self.is_known(label)):
                return label
        return ""


def vocabulary(known: Iterable[str]) -> Vocabulary:
    """The regions that somebody may mean: the clouds', and the `known` ones."""
    return Vocabulary([*known, *_CONTINENTS, *_places()])


@cache
def is_misspelt(word: str) -> bool:
    """Whether a word is surely a cloud's region with a slip in it."""
    return any(is_misspelling(word, region) for region in _places())


def _lies_in(region: str, continent: str) -> bool:
    """Whether a cloud region lies in a continent: by the file, and by its name when the file does not list it."""
    place = _places().get(region)
    return place == continent if place else _starts(_CONTINENTS[continent], region)


@cache
def _places() -> dict[str, str]:
    """The place of each cloud region; most policies claim no region, and the file is read when the first one does."""
    lines = resources.text("data", "regions.txt").splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))


def _starts(pattern: str, region: str) -> bool:
    """Whether a word is the name of a cloud region that starts so."""
    return _compiled(pattern).fullmatch(region) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern, compiled when it is first asked for."""
    return re.compile(pattern + _REST)
