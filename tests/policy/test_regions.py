"""Regions: declared ones, cloud regions that are known by their names, and names of hosts that carry one."""

from __future__ import annotations

import pytest

from egresslang.policy.regions import is_known, of_host, overlap, within

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
    assert within(region, outer, DECLARED) is is_within


def test_overlap_goes_both_ways() -> None:
    assert overlap("us", "us-east1", {})
    assert overlap("us-east1", "us", {})
    assert not overlap("us-east1", "us-west1", {})


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
    assert of_host(host, DECLARED) == region


def test_known_regions() -> None:
    for word in ("us", "eu", "asia", "emea", "za", "sa-east-1", "northamerica-northeast1", "us-east5"):
        assert is_known(word, DECLARED), word
    for word in ("europe", "us-esat1", "moon", "", "east-1"):
        assert not is_known(word, DECLARED), word


def test_australia_is_not_in_asia() -> None:
    assert not within("ap-southeast-2", "asia", {})
    assert not within("ap-southeast-4", "asia", {})
