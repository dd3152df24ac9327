"""What the tests against the real istiod share: its judge, and the folder their modules are found in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

from asking import Judge, JudgeMissingError


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """Two judges, for the whole run; without a built one the tests fail and say how to build it."""
    try:
        running = Judge(processes=2)
    except JudgeMissingError as missing:
        pytest.fail(str(missing))
    with running:
        yield running
