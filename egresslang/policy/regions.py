"""Regions: which lies within which."""

from __future__ import annotations

import re
from collections.abc import Mapping

# The continent a cloud region's name begins with: AWS (us-east-1, eu-, ap-), Google Cloud (us-east1, europe-, asia-).
_CONTINENTS = {
    "us": re.compile(r"us-(?:gov-)?(?:north|south|east|west|central)[a-z]*-?\d+"),
    "eu": re.compile(r"(?:eu|europe)-(?:north|south|east|west|central)[a-z]*-?\d+"),
    "asia": re.compile(r"(?!ap-southeast-[246]$)(?:ap|asia)-(?:north|south|east|west|central)[a-z]*-?\d+"),
}
_OTHER = re.compile(
    r"(?:ca|sa|af|me|il|mx|northamerica|southamerica|africa|australia)-(?:north|south|east|west|central)[a-z]*-?\d+"
)


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
            if name in _CONTINENTS and _CONTINENTS[name].fullmatch(region):
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
        or any(pattern.fullmatch(region) for pattern in (*_CONTINENTS.values(), _OTHER))
    )


def of_host(host: str, declared: Mapping[str, tuple[str, ...]]) -> str:
    """The region that a host name carries in one of its labels, empty when it carries none."""
    for label in host.split("."):
        if "-" in label and is_known(label, declared):
            return label
    return ""
