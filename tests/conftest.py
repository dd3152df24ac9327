"""What all tests share: hypothesis finds the same examples on every machine of CI, and new ones elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from egresslang import limits

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("local", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture
def lowered() -> Iterator[Callable[[str, int], None]]:
    """Lets a limit be something else, by its name, until the test ends."""
    yield lambda name, number: limits.change({name: number})
    limits.change()
