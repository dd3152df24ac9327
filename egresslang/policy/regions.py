"""Regions: which lies within which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

# The continent a cloud region's name begins with: AWS (us-east-1, eu-, ap-), Google Cloud (us-east1, europe-, asia-).
_CONTINENTS = {
    "us": "us-(?:gov-)?",
    "eu": "(?:eu|europe)-",
    "asia": "(?!ap-southeast-[246]$)(?:ap|asia)-",
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
            if name in _CONTINENTS and _starts(_CONTINENTS[name], region):
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
        or any(_starts(pattern, region) for pattern in (*_CONTINENTS.values(), _OTHERS))
    )


def _starts(pattern: str, region: str) -> bool:
    """Whether a word is the name of a cloud region that starts so."""
    return _compiled(pattern).fullmatch(region) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Most policies claim no region: the patterns are compiled when the first one does."""
    return re.compile(pattern + _REST)


def of_host(host: str, declared: Mapping[str, tuple[str, ...]]) -> str:
    """The region that a host name carries in one of its labels, empty when it carries none."""
    for label in host.split("."):
        if "-" in label and is_known(label, declared):
            return label
    return ""
