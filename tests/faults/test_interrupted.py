"""A run that is ended while it works leaves all as it was or all as it was to become; the long form is in conformance."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from interrupted import jobs, trials

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks of POSIX")


def test_a_run_that_is_ended_at_any_moment_leaves_old_or_new(tmp_path: Path) -> None:
    assert list(trials(jobs(tmp_path), 30, seed=20261126)) == []
