"""The model on random meshes: it agrees with what the real istiod was recorded to say, on every verdict.

Where istiod decides by chance the model says so, and what istiod was seen to do is among what the model says it may.
"""

from __future__ import annotations

import pytest
from modelled import disagreements
from random_meshes import generate
from recorded import read

PARTS = 50
RECORD = read()


@pytest.mark.parametrize("part", range(PARTS))
def test_the_model_agrees_with_istiod(part: int) -> None:
    seeds = sorted(RECORD.judged)[part::PARTS]
    found = {seed: list(disagreements(generate(seed), RECORD.judged[seed].tokens)) for seed in seeds}
    assert {seed: each for seed, each in found.items() if each} == {}
