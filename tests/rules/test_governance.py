"""EGR401 and EGR403: what the profile asks of every rule."""

from __future__ import annotations

import pytest
from judged import found, told

from egresslang.rules import expires_soon, missing_attribute

REQUIRE = "lint: {require: [owner, expires]}"


@pytest.mark.parametrize(
    ("policy", "messages"),
    [
        ("allow s/a -> x.com:443 tls", ["this rule has no `owner=` and no `expires=`"]),
        ("allow s/a -> x.com:443 tls owner=me", ["this rule has no `expires=`"]),
        ("allow s/a -> x.com:53 udp expires=2027-01-01", ["this rule has no `owner=`"]),
        ("allow s/a -> x.com:443 tls owner=me expires=2027-01-01", []),
        ("deny * -> x.com\nexpect s/a -> x.com:443 blocked\nmesh s/a -> t/*", []),
        ("allow s/a -> x.com:443 tls cluster=dev", []),
    ],
)
def test_missing_attribute(policy: str, messages: list[str]) -> None:
    findings = found(missing_attribute, policy, REQUIRE)
    assert [each.message for each in findings] == messages
    assert found(missing_attribute, policy) == []


def test_the_rule_is_underlined_without_its_attributes() -> None:
    assert told(missing_attribute, "allow s/a -> x.com:443 tls\n    owner=me", REQUIRE) == [
        "1 allow s/a -> x.com:443 tls"
    ]


@pytest.mark.parametrize(
    ("day", "message"),
    [
        ("2026-11-23", "this rule expires today"),
        ("2026-11-24", "this rule expires tomorrow"),
        ("2026-12-07", "this rule expires in 14 days"),
        ("2026-12-08", ""),
        ("2027-11-23", ""),
        ("2026-11-22", ""),
    ],
)
def test_expires_soon(day: str, message: str) -> None:
    policy = f"allow s/a -> x.com:443 tls owner=me expires={day}"
    assert [each.message for each in found(expires_soon, policy)] == [message] * bool(message)
    assert told(expires_soon, policy) == [f"1 expires={day}"] * bool(message)


def test_how_soon_is_the_profiles_to_say() -> None:
    policy = "allow s/a -> x.com:443 tls expires=2026-12-01"
    assert found(expires_soon, policy, "lint: {expires-soon: 7d}") == []
    assert found(expires_soon, policy, "lint: {expires-soon: 30d}")


def test_a_rule_for_other_clusters_is_told_there() -> None:
    policy = "allow s/a -> x.com:443 tls expires=2026-11-24 region=eu"
    assert found(expires_soon, policy, "region: us-east1") == []
    assert found(expires_soon, policy, "region: europe-west1")
