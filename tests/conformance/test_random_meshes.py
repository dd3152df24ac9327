"""The random meshes again: istiod still does with them what is recorded in `tests/mesh`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from asking import Judge
from judging import reordered, token
from random_meshes import generate

sys.path.insert(0, str(Path(__file__).parent.parent / "mesh"))

from recorded import fingerprint, read

pytestmark = pytest.mark.conformance

SEEDS = range(3000)
"""All that are recorded."""


def test_istiod_does_what_is_recorded(judge: Judge) -> None:
    """Each mesh is asked once, with its manifests in another order than they were recorded in.

    What was recorded with several answers istiod decides by chance, and one more time may give one more answer.
    """
    known = read().judged
    assert set(known) == set(SEEDS)
    cases = [generate(seed) for seed in SEEDS]
    assert [fingerprint(case) for case in cases] == [known[seed].fingerprint for seed in SEEDS]
    answers = judge.ask_all(reordered(case, seed) for seed, case in zip(SEEDS, cases, strict=True))
    wrong = []
    for seed, case, answer in zip(SEEDS, cases, answers, strict=True):
        assert answer.error == ""
        for call, verdict, tokens in zip(case.calls, answer.verdicts, known[seed].tokens, strict=True):
            if token(verdict) not in tokens and len(tokens) == 1:
                wrong.append(f"seed {seed}, {call}: {token(verdict)} and not {sorted(tokens)}")
    assert wrong == []
