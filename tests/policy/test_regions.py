"""Regions: declared ones, cloud regions that are known by their names, and names of hosts that carry one."""

from __future__ import annotations

from random import Random

import pytest

from egresslang.policy.regions import Regions

DECLARED = {
    "world": ("us", "emea"),
    "emea": ("eu", "me-central1", "za"),
    "us": ("us-east1", "dc-4"),
    "loop": ("loop", "us"),
}


@pytest.mark.parametrize(
    ("region", "outer", "is_within"),
    [
        ("us", "us", True),
        ("us-east1", "us", True),
        ("us-east-1", "us", True),
        ("us-gov-west-1", "us", True),
        ("europe-west10", "eu", True),
        ("eu-central-1", "eu", True),
        ("asia-northeast1", "asia", True),
        ("ap-south-1", "asia", True),
        ("us", "us-east1", False),
        ("us-east1", "eu", False),
        ("us-east1", "us-east-1", False),
        ("us-east1x", "us", False),
        ("usa-east1", "us", False),
        ("US-EAST1", "us", False),
        ("ca-central-1", "us", False),
        ("australia-southeast1", "asia", False),
        ("africa-south1", "eu", False),
        ("dc-4", "us", True),
        ("dc-4", "world", True),
        ("europe-west1", "emea", True),
        ("europe-west1", "world", True),
        ("za", "world", True),
        ("za", "eu", False),
        ("us-east1", "loop", True),
        ("eu", "loop", False),
        ("nowhere", "nowhere", True),
        ("nowhere", "us", False),
    ],
)
def test_within(region: str, outer: str, is_within: bool) -> None:
    assert Regions(DECLARED).within(region, outer) is is_within


def test_overlap_goes_both_ways() -> None:
    assert Regions({}).overlap("us", "us-east1")
    assert Regions({}).overlap("us-east1", "us")
    assert not Regions({}).overlap("us-east1", "us-west1")


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("db.us-east1.sql.example.com", "us-east1"),
        ("s3.eu-central-1.amazonaws.com", "eu-central-1"),
        ("bucket.s3.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("europe-west3-docker.pkg.dev", ""),
        ("my-eu-west-1.example.com", ""),
        ("us.example.com", ""),
        ("eu.example.com", ""),
        ("dc-4.example.com", "dc-4"),
        ("*.ap-south-1.example.com", "ap-south-1"),
        ("example.com", ""),
    ],
)
def test_of_host(host: str, region: str) -> None:
    assert Regions(DECLARED).of_host(host) == region


def test_known_regions() -> None:
    for word in ("us", "eu", "asia", "emea", "za", "sa-east-1", "northamerica-northeast1", "us-east5"):
        assert Regions(DECLARED).is_known(word), word
    for word in ("europe", "us-esat1", "moon", "", "east-1"):
        assert not Regions(DECLARED).is_known(word), word


def test_australia_is_not_in_asia() -> None:
    assert not Regions({}).within("ap-southeast-2", "asia")
    assert not Regions({}).within("ap-southeast-4", "asia")


def test_regions_in_several_others_and_in_circles_lie_where_a_search_finds_them() -> None:
    random = Random(1)
    for _ in range(300):
        names = [f"r{number}" for number in range(random.randint(1, 9))]
        declared = {name: tuple(random.choices(names, k=random.randint(0, 2))) for name in names}
        regions = Regions(declared)
        for outer in names:
            inside = searched(outer, declared)
            assert {name for name in names if regions.within(name, outer)} == inside, (declared, outer)


def searched(outer: str, declared: dict[str, tuple[str, ...]]) -> set[str]:
    """All regions in one, itself too."""
    found: set[str] = set()
    waiting = [outer]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += declared[name]
    return found
