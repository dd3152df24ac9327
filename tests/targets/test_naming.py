"""Names of resources: valid, unique, and the same in whatever order the texts come."""

from __future__ import annotations

import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egresslang.targets import naming
from egresslang.targets.naming import LONGEST, unique


def hashed(text: str) -> str:
    """What a text is called when another one has its name."""
    other = text.replace(".", "-", 1)
    return unique({text: text, other: other})[text]


TEXTS = st.lists(st.sampled_from("ab.-"), min_size=1, max_size=6).map("".join) | st.text("aB0.-*_", max_size=80)


@given(st.lists(TEXTS, unique=True, max_size=8).flatmap(lambda texts: st.permutations([*texts, *map(hashed, texts)])))
def test_names_are_valid_unique_and_the_same_in_every_order(texts: list[str]) -> None:
    names = unique({text: text for text in texts})
    assert len(set(names.values())) == len(set(texts))
    assert all(len(name) <= LONGEST and re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names.values())
    assert names == unique({text: text for text in sorted(texts)})


def test_a_name_is_its_text_where_that_is_free() -> None:
    assert unique({"api.example.com": "api.example.com", "k": "any.b.com"}) == {
        "api.example.com": "api-example-com",
        "k": "any-b-com",
    }


def test_a_host_that_is_called_as_another_ones_hash_is_hashed_too() -> None:
    names = unique({host: host for host in ("a.b.com", "a-b.com", "a.b-com-28ae694a")})
    assert names["a.b.com"] == "a-b-com-28ae694a" or names["a-b.com"] == "a-b-com-28ae694a"
    assert len(set(names.values())) == 3


def test_hashes_that_are_equal_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    class Weak:
        def __init__(self, content: bytes) -> None:
            self._rest = sha256(content).hexdigest()

        def hexdigest(self) -> str:
            return "0" * 8 + self._rest

    monkeypatch.setattr(naming, "sha256", Weak)
    names = unique({"a.b": "a.b", "a-b": "a-b"})
    assert all(re.fullmatch(r"a-b-0{8}[0-9a-f]{8}", name) for name in names.values())
    assert len(set(names.values())) == 2
