"""The verification finds every change to compiled manifests that the real istiod says matters, and no other.

What it said is recorded in `tests/verify/mutants.json`, for the tests that run without it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from asking import Judge
from mutations import POLICY, SERVICES, mutants, profile
from proving import Proof, judged

pytestmark = pytest.mark.conformance

RECORD = Path(__file__).parents[1] / "verify" / "mutants.json"


@pytest.fixture(scope="module")
def proof() -> Proof:
    return Proof(POLICY, profile(), SERVICES)


def test_every_change_that_matters_is_found_and_no_other(proof: Proof, judge: Judge) -> None:
    before: dict[str, str] = {}
    found: dict[str, str] = {}
    for mutant in mutants(proof.compiled):
        proxies, calls = proof.calls([proof.compiled, mutant.text])
        old = judged(judge, proof.case(proof.compiled, proxies, calls))
        new = judged(judge, proof.case(mutant.text, proxies, calls))
        assert old is not None
        before[mutant.name] = (
            "refused by istiod" if new is None else "changes something" if new != old else "changes nothing"
        )
        findings = proof.findings(mutant.text)
        found[mutant.name] = "changes something" if findings else "changes nothing"
        if new is None:
            found[mutant.name] = before[mutant.name]
    assert found == before
    assert len([each for each in before.values() if each == "changes something"]) >= 40
    assert before == json.loads(RECORD.read_text(encoding="utf-8"))
