"""Every change to compiled manifests that the real istiod was recorded to treat otherwise is found, and no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mutations import CHANGES, POLICY, SERVICES, Mutant, mutants, profile
from proving import Proof

RECORD = json.loads((Path(__file__).parent / "mutants.json").read_text(encoding="utf-8"))
PROOF = Proof(POLICY, profile(), SERVICES)


def test_every_change_is_recorded() -> None:
    assert set(RECORD) == set(CHANGES)
    assert list(RECORD.values()).count("changes something") >= 40


def test_what_was_compiled_is_found_to_be_right() -> None:
    assert PROOF.findings(PROOF.compiled) == []


@pytest.mark.parametrize("mutant", [pytest.param(each, id=each.name) for each in mutants(PROOF.compiled)])
def test_what_matters_is_found(mutant: Mutant) -> None:
    if RECORD[mutant.name] == "refused by istiod":
        return
    found = PROOF.findings(mutant.text)
    assert bool(found) == (RECORD[mutant.name] == "changes something"), [each.message for each in found]
    assert {each.code.id for each in found} <= {"EGR504", "EGR507", "EGR901", "EGR902"}
