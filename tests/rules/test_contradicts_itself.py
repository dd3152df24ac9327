"""EGR203: rules for one flow that say different things of its destination."""

from __future__ import annotations

import pytest
from judged import found, told

from egresslang.rules import contradicts_itself, redundant

KNOWN = """\
region: us-east1
destinations: {pay.example.com: {endpoints: [{address: 20.0.0.1, region: us-east1}, {address: 20.0.0.2, region: us-west1}]}}
"""


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (
            "allow s/a -> x.com:443 tls region=us\nallow s/a -> x.com:443 tls region=us-east1",
            ["2 region=us-east1 < 1"],
        ),
        (
            "allow s/a -> db:5432 tcp address=20.0.0.1\nallow s/a -> db:5432 postgres address=20.0.0.2",
            ["2 address=20.0.0.2 < 1"],
        ),
        (
            "allow {s/a, s/b} -> db:5432 tcp address={20.0.0.1, 20.0.0.2}\nallow s/b -> db:5432 tcp address=20.0.0.2",
            ["2 address=20.0.0.2 < 1"],
        ),
        (
            "allow s/a -> pay.example.com:443 tls region=us\nallow s/a -> pay.example.com:443 tls",
            ["2 pay.example.com:443 tls < 1"],
        ),
        (
            "allow s/a -> x.com:443 tls region=us\nallow s/a -> x.com:443 tls region=us\nallow s/a -> x.com:443 tls region=us-east1",
            ["3 region=us-east1 < 1"],
        ),
    ],
)
def test_it_contradicts_itself(policy: str, expected: list[str]) -> None:
    assert told(contradicts_itself, policy, KNOWN) == expected
    assert told(redundant, policy.replace("\nallow s/a -> x.com:443 tls region=us\n", "\n"), KNOWN) == []


@pytest.mark.parametrize(
    "policy",
    [
        "allow s/a -> x.com:443 tls region=us\nallow s/a -> x.com:443 tls region=us",
        "allow s/a -> x.com:443 tls region=us\nallow s/a -> x.com:443 tls",
        "allow s/a -> x.com:443 tls region=us\nallow s/b -> x.com:443 tls region=us-east1",
        "allow s/a -> x.com:443 tls region=us\nallow s/a -> x.com:8443 tls region=us-east1",
        "allow s/a -> db:5432 tcp address={20.0.0.1, 20.0.0.2}\nallow s/a -> db:5432 tcp address={20.0.0.2, 20.0.0.1}",
        "allow s/a -> db:5432 tcp address=20.0.0.1\nallow s/b -> db:5432 tcp address=20.0.0.2",
        "allow s/a -> one:5432 tcp address=20.0.0.1\nallow s/a -> two:5432 tcp address=20.0.0.2",
        "allow s/a -> db:5432 tcp address=20.0.0.1 cluster=prod\nallow s/a -> db:5432 tcp address=20.0.0.2 cluster=dev",
    ],
)
def test_it_does_not(policy: str) -> None:
    assert told(contradicts_itself, policy, KNOWN) == []


def test_duplicates_with_disjoint_regions_agree() -> None:
    policy = "allow s/a -> db:5432 tcp address=20.0.0.1 region=us\nallow s/a -> db:5432 tcp address=20.0.0.2 region=eu"
    for spec in ("", "region: us-east1", "region: europe-west1"):
        assert found(contradicts_itself, policy, spec) == []
        assert found(redundant, policy, spec) == []


def test_both_claims_are_said() -> None:
    (each,) = found(
        contradicts_itself, "allow s/a -> x.com:443 tls region=us-east1\nallow s/a -> x.com:443 tls region=us"
    )
    assert each.message == "`x.com:443` is claimed to be in `us` and in `us-east1`"
    assert (each.label, each.related[0].text) == ("in `us` here", "in `us-east1` here")
