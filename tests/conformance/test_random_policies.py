"""Random policies: what the compiled mesh does is what the policy says, on every flow.

`run_random.py` runs more of them, and dumps what it needs to look into one.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from asking import Judge
from random_policies import generate
from trials import run, save

pytestmark = pytest.mark.conformance

RUNS = {"plain": 500, "adversarial": 100, "ports": 100, "wildcards": 100, "v6": 50}
"""How many seeds of each shape."""


@pytest.mark.parametrize("shape", RUNS)
def test_the_real_istiod_agrees_with_the_policy_on_every_flow(shape: str, judge: Judge, tmp_path: Path) -> None:
    outcomes = list(run((generate(seed, shape) for seed in range(RUNS[shape])), judge))
    assert len(outcomes) == RUNS[shape]
    wrong = [outcome for outcome in outcomes if not outcome.right]
    save(wrong, tmp_path)
    assert not wrong, f"{len(wrong)} policies, reports in {tmp_path}; the first:\n{wrong[0].report()}"
    refused = [outcome.policy.name for outcome in outcomes if outcome.kind == "refused"]
    assert len(refused) < len(outcomes) / 100, refused
    assert sum(outcome.flows for outcome in outcomes) > 500 * RUNS[shape]
