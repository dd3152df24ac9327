"""Progress: one line on a terminal that says how far a long piece of work has come; nothing anywhere else."""

from __future__ import annotations

import time
from typing import Any

AFTER = 1.0
"""Seconds of work before anything is said."""

EVERY = 0.1
"""Seconds between two lines."""


class Progress:
    """Counts steps, and tells them on a stream that is a terminal; `done` takes the line away."""

    def __init__(self, stream: Any, doing: str, total: int) -> None:
        self._stream = stream
        self._doing = doing
        self._total = total
        self._count = 0
        self._is_shown = False
        self._next = time.monotonic() + AFTER if stream.isatty() else float("inf")

    def step(self, name: str) -> None:
        """Begin with another thing."""
        self._count += 1
        if self._next < float("inf") and (now := time.monotonic()) >= self._next:
            self._next = now + EVERY
            self._is_shown = True
            self._stream.write(f"\r\x1b[K{self._doing} {self._count:,} of {self._total:,}: {name[-40:]}")
            self._stream.flush()

    def done(self) -> None:
        """Take the line away."""
        if self._is_shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._is_shown = False
