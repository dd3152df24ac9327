"""The model on the meshes of `facts`: it says what istiod was seen to do."""

from __future__ import annotations

import pytest
from facts import FACTS, Fact, worded
from modelled import tokens


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.title)
def test_the_model_says_what_istiod_does(fact: Fact) -> None:
    modelled = {
        call: frozenset(worded(token, verdict) for token in found)
        for (call, verdict), found in zip(fact.verdicts.items(), tokens(fact.case()), strict=True)
    }
    said = {
        call: verdict if isinstance(verdict, frozenset) else frozenset({verdict})
        for call, verdict in fact.verdicts.items()
    }
    assert modelled == said
