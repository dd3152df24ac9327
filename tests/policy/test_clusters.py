"""`cluster=`: which names a pattern means, and that one which means none of the given clusters is told when it should."""

from __future__ import annotations

import pytest

from egresslang.policy.clusters import matches, unmatched
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Source
from egresslang.syntax.parse import parse


def cluster(name: str) -> ClusterProfile:
    text = f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: {name}}}\nspec: {{variables: {{at: us}}}}\n"
    profile, found = load(Source("profile.yaml", text), lambda path: path)
    assert found == []
    assert profile is not None
    return profile


def told(written: str, *names: str) -> list[tuple[str, str]]:
    """The underlined text of each finding and its help, for a statement with `cluster=` in given clusters."""
    file, found = parse(Source("p.egress", f"deny a -> a.example.com cluster={written}"))
    assert found == []
    return [(each.span.text, each.help) for each in unmatched([file], [cluster(name) for name in names])]


@pytest.mark.parametrize(
    ("pattern", "name", "is_meant"),
    [
        ("prod", "prod", True), ("prod", "prod-us", False), ("prod-*", "prod-us", True), ("*-us", "prod-us", True),
        ("p*d-*s", "prod-us", True), ("p*p", "p", False), ("*", "prod", True), ("pr*", "dev", False),
    ],
)  # fmt: skip
def test_patterns(pattern: str, name: str, is_meant: bool) -> None:
    assert matches(pattern, name) is is_meant


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("prod-su", "prod-us"), ("prod_us", "prod-us"), ("prod.us", "prod-us"), ("Prod-US", "prod-us"),
        ("pord-us", "prod-us"), ("prd-us", "prod-us"), ("prodd-us", "prod-us"), ("{dev, prod-su}", "prod-us"),
        ("{prod-us, prod-su}", "prod-us"),
    ],
)  # fmt: skip
def test_a_slip_is_told_whatever_else_is_given(written: str, near: str) -> None:
    slip = written.strip("{}").rpartition(", ")[2]
    assert told(written, "prod-us") == [(slip, f"write `{near}`")]
    assert told(written, "prod-us", "test") == [(slip, f"write `{near}`")]


@pytest.mark.parametrize("written", ["dev", "prod-eu", "prod-as", "dev-*", "prod-us1", "{dev, test}"])
def test_another_name_is_told_when_several_clusters_are_given_and_it_is_none(written: str) -> None:
    assert told(written, "prod-us") == []
    assert told(written, "prod-us", "stage") == [
        (f"cluster={written}", "write `prod-us` or `stage`, or a pattern of it"),
    ]


@pytest.mark.parametrize("written", ["prod-us", "prod-*", "*", "{dev, prod-us}", "prod-${at}", "prod-${nothing}", '""'])
def test_what_is_meant_is_not_told(written: str) -> None:
    assert told(written, "prod-us") == []
    assert told(written, "prod-us", "stage") == []
