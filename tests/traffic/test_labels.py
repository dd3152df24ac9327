"""Selectors hold whatever names stand in them."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from egresslang.traffic import labels

NAMES = st.one_of(
    st.sampled_from(["a.example.com", "*.example.com", "*.a.example.com", "ab.example.com"]), st.text(min_size=1)
)


def accepts(matcher: str, value: str) -> bool:
    """What Prometheus does: patterns are anchored."""
    found = re.fullmatch(r'(\w+)(=~|!~|!=|=)(".*")', matcher, re.DOTALL)
    assert found is not None
    operator, operand = found[2], json.loads(found[3])
    if "~" in operator:
        return (re.fullmatch(operand, value, re.DOTALL) is not None) is (operator == "=~")
    return (operand == value) is (operator == "=")


@given(st.text(), st.text())
def test_a_literal_matches_itself_alone(text: str, other: str) -> None:
    assert re.fullmatch(labels.literal(text), text)
    assert (text == other) is bool(re.fullmatch(labels.literal(text), other))


@given(st.lists(NAMES, min_size=1, max_size=4), NAMES)
def test_one_of_and_none_of_are_opposites(names: list[str], value: str) -> None:
    wanted = value in names or any(
        name.startswith("*.") and len(value) > len(name) - 1 and value.endswith(name[1:]) for name in names
    )
    assert accepts(labels.one_of("a", names), value) is wanted
    assert accepts(labels.none_of("a", names), value) is not wanted


def test_none_of_nothing_is_all_that_is_said() -> None:
    assert accepts(labels.none_of("a", []), "x")
    assert not accepts(labels.none_of("a", []), "")


def test_a_wildcard_is_what_lies_below_it_and_itself() -> None:
    wildcard = labels.one_of("a", ["*.example.com"])
    assert wildcard == r'a=~".+\\.example\\.com"'
    assert accepts(wildcard, "*.example.com")
    assert accepts(wildcard, "a.b.example.com")
    assert not accepts(wildcard, "example.com")
    assert not accepts(wildcard, "aexample.com")


def test_flags_are_found_among_others() -> None:
    assert accepts(labels.with_flags(["NC"]), "UF,NC")
    assert not accepts(labels.with_flags(["UF"]), "UFX")
    assert accepts(labels.without_flags(["NC", "NR"]), "-")
    assert not accepts(labels.without_flags(["NC", "NR"]), "NR,DC")
