"""Fuzzing, as far as it needs no fuzzer: what once was a bug, the seeds, and the same few hundred mutations in every run."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from fuzz import main
from mutation import mutated
from seeds import crashes, own, seeds
from targets import TARGETS

ENOUGH = 40
"""Mutations of each target."""


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_answered(name: str) -> None:
    for path in own(name):
        TARGETS[name](path.read_bytes())


@pytest.mark.parametrize(
    ("name", "path"), [pytest.param(name, path, id=f"{name}-{path.name}") for name in TARGETS for path in crashes(name)]
)
def test_what_was_a_bug_is_none(name: str, path: Path) -> None:
    TARGETS[name](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_mutations_are_answered(name: str) -> None:
    pool, random = seeds(name), Random(name)
    for _ in range(ENOUGH):
        data = mutated(random.choice(pool), pool, random)
        try:
            TARGETS[name](data)
        except BaseException as problem:
            problem.add_note(f"of {name}, on {data!r}")
            raise


def test_a_file_is_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    seed = str(next(own("settings")))
    assert main(["--replay", "settings", seed]) == 0
    assert capsys.readouterr().out.startswith(f"{seed}: nothing found")
