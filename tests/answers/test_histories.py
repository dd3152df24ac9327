"""Three histories of policies, each revision against the one before it: what `egressc diff` says is what a person would.

They are made after real ones, with other names: a registry in two clusters, the jobs of a build, examples that were
gathered into one job and dealt out again. `expected.txt` was read by a person, line by line.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from said import Said

HISTORIES = Path(__file__).parent / "histories"


@pytest.mark.parametrize("name", ["registry", "builds", "consolidation"])
def test_each_revision_is_told_as_a_person_would(
    name: str, egressc: type[Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(HISTORIES / name)
    revisions = sorted(Path().glob("*.egress"))
    profiles = [part for path in sorted(Path().glob("*.yaml")) for part in ("-p", path)]
    told = ""
    for old, new in pairwise(revisions):
        said = egressc("diff", "--base", old, new, *profiles, "--today", "2026-11-23")
        assert (said.status, said.err) == (0, "")
        told += f"=== {old.stem} -> {new.stem}\n{said.out}"
    assert told == Path("expected.txt").read_text()
    assert len(revisions) > 4
