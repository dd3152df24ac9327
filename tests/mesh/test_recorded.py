"""The record of the random meshes: it is whole, and the meshes are still the ones that were judged."""

from __future__ import annotations

from pathlib import Path

from random_meshes import generate
from recorded import FILE, fingerprint, read

GO_MODULE = Path(__file__).parent.parent / "conformance" / "judge" / "go.mod"


def test_the_record_holds_every_seed() -> None:
    judged = read().judged
    assert sorted(judged) == list(range(3000))
    assert sum(len(one.tokens) for one in judged.values()) >= 200_000
    assert all(tokens for one in judged.values() for tokens in one.tokens)
    assert FILE.stat().st_size < 1_500_000


def test_the_meshes_are_those_that_were_judged() -> None:
    judged = read().judged
    for seed in range(0, 3000, 7):
        case = generate(seed)
        assert fingerprint(case) == judged[seed].fingerprint
        assert len(case.calls) == len(judged[seed].tokens)


def test_the_record_names_the_istio_that_judges() -> None:
    assert f"istio.io/istio {read().istio}\n" in GO_MODULE.read_text(encoding="utf-8")
