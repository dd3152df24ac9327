"""Suggestions: the nearest known word, whether few or many are known."""

from __future__ import annotations

from difflib import get_close_matches
from random import Random

import pytest

from egresslang.suggest import Vocabulary, nearest

FEW = ["idgen", "etl", "Shop", "kitchen"]
MANY = [*FEW, *(f"worker-{number}" for number in range(5000))]


@pytest.mark.parametrize("known", [FEW, MANY])
@pytest.mark.parametrize(
    ("word", "meant"),
    [("idgn", "idgen"), ("igden", "idgen"), ("ETL", "etl"), ("shop", "Shop"), ("kichten", "kitchen"), ("zzzz", "")],
)
def test_the_nearest_word(known: list[str], word: str, meant: str) -> None:
    assert nearest(word, known) == meant


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("woker-1234", "worker-1234"),
        ("worker1234", "worker-1234"),
        ("worker-77", "worker-77"),
        ("WORKER-1234", "worker-1234"),
    ],
)
def test_of_many_alike_the_one_that_shares_the_rarest_letters(word: str, meant: str) -> None:
    assert Vocabulary(MANY).nearest(word) == meant


def test_nothing_known() -> None:
    assert nearest("a", []) == ""


def test_of_few_the_nearest_is_what_difflib_says() -> None:
    random = Random(1)
    words = ["".join(random.choices("abc-1", k=random.randint(1, 8))) for _ in range(400)]
    for word in words:
        known = random.sample(words, k=20)
        assert nearest(word, known) == next(iter(get_close_matches(word, known, 1)), "")


@pytest.mark.parametrize("known", [FEW, MANY])
@pytest.mark.parametrize(
    ("word", "meant"),
    [("idgn", "idgen"), ("SHOPP", "Shop"), ("kichten", ""), ("kitchne", "kitchen"), ("ETL", "etl"), ("idgen4", "")],
)
def test_what_is_surely_meant(known: list[str], word: str, meant: str) -> None:
    assert Vocabulary(known).meant(word) == meant
