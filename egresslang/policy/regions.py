"""Regions: which lies within which.

The regions of clouds and their places are in `egresslang/data/regions.txt`, with their sources and dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from egresslang import resources
from egresslang.suggest import is_misspelling, nearest

# What the names of regions begin with that are newer than the file: AWS (us-east-1, eu-, ap-), Google Cloud (us-east1).
_CONTINENTS = {
    "us": "us-(?:gov-)?",
    "eu": "(?:eu|europe)-",
    "asia": "(?:ap|asia)-",
}
_OTHERS = "(?:ca|sa|af|me|il|mx|northamerica|southamerica|africa|australia)-"
_REST = r"(?:north|south|east|west|central)[a-z]*-?\d+"


def within(region: str, outer: str, declared: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a region is another or lies in it, by the profile's `regions` or a cloud region's own name."""
    seen: set[str] = set()
    waiting = [outer]
    while waiting:
        name = waiting.pop()
        if name == region:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(declared.get(name, ()))
            if name in _CONTINENTS and _lies_in(region, name):
                return True
    return False


def overlap(one: str, other: str, declared: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether two regions share a place: regions nest, so one lies within the other."""
    return within(one, other, declared) or within(other, one, declared)


def is_known(region: str, declared: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a word is a region: declared, a member of a declared one, a continent or a cloud region."""
    return (
        region in _CONTINENTS
        or region in declared
        or any(region in members for members in declared.values())
        or region in _places()
        or any(_starts(pattern, region) for pattern in (*_CONTINENTS.values(), _OTHERS))
    )


def near(word: str, known: Iterable[str]) -> str:
    """The region that a word most likely means, of the clouds' and of the `known` ones; empty when none is near."""
    names = [*known, *_CONTINENTS, *_places()]
    return next((name for name in names if is_misspelling(word, name)), "") or nearest(word, names)


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


def of_host(host: str, declared: Mapping[str, tuple[str, ...]]) -> str:
    """The region that a host name carries in one of its labels, empty when it carries none."""
    for label in host.split("."):
        if label in _places() or ("-" in label and is_known(label, declared)):
            return label
    return ""
