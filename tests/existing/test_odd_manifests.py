"""Manifests with anything anywhere: findings, never a traceback."""

from __future__ import annotations

import sys
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from egresslang.existing import effective_forms
from egresslang.existing.analyze import analyze
from egresslang.existing.effective import effective
from egresslang.source import Source

sys.path.insert(0, str(Path(__file__).parent))

import cases

JUNK: list[Any] = [None, 1, True, "x", [], {}, [None], ["a", 1], {"a": None}, "*", -1, 1.5, "10.0.0.0/8", {"b": [{}]}]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every list or mapping in a value, with each of its places."""
    if isinstance(value, dict):
        here = [(value, key) for key in value]
    else:
        here = [(value, at) for at in range(len(value))] if isinstance(value, list) else []
    return here + [found for holder, key in here for found in places(holder[key])]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_stands_there_is_told_or_read(seed: int) -> None:
    dice = Random(seed)
    for _ in range(20):
        documents = dice.choice(cases.CASES).documents(dice.choice([cases.BAD, cases.GOOD]))
        for _ in range(dice.choice([1, 2, 4])):
            holder, key = dice.choice(places(documents))
            holder[key] = deepcopy(dice.choice(JUNK))  # else a later one may be put into itself
        analysis = analyze([Source("odd.yaml", yaml.safe_dump_all(documents))])
        rows = list(effective(analysis.inspected, analysis.findings))
        assert list(effective_forms.table(rows))
        assert all(each.message and each.help and each.span.place for each in analysis.findings)
