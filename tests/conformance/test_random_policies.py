"""Random policies: what the compiled mesh does is what the policy says, on every flow.

`run_random.py` runs more of them, and dumps what it needs to look into one.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from asking import Judge
from random_policies import SHAPES, generate
from trials import run, save

pytestmark = pytest.mark.conformance

RUNS = {
    "plain": (500, 0.01),
    "adversarial": (100, 0.02),
    "ports": (100, 0.04),
    "wildcards": (100, 0.01),
    "large": (20, 0.15),
    "v6": (50, 0.02),
    "regions": (50, 0.02),
    "capture": (50, 0.05),
}
"""Of each shape how many seeds, and how large a share may be refused; every shape but the first is written to hurt."""


def test_every_shape_is_run() -> None:
    assert set(RUNS) == set(SHAPES)


@pytest.mark.parametrize("shape", RUNS)
def test_the_real_istiod_agrees_with_the_policy_on_every_flow(shape: str, judge: Judge, tmp_path: Path) -> None:
    seeds, share = RUNS[shape]
    outcomes = list(run((generate(seed, shape) for seed in range(seeds)), judge))
    assert len(outcomes) == seeds
    wrong = [outcome for outcome in outcomes if not outcome.right]
    save(wrong, tmp_path)
    assert not wrong, f"{len(wrong)} policies, reports in {tmp_path}; the first:\n{wrong[0].report()}"
    refused = [outcome.policy.name for outcome in outcomes if outcome.kind == "refused"]
    assert len(refused) <= share * seeds, refused
    assert sum(outcome.flows for outcome in outcomes) > 500 * seeds
