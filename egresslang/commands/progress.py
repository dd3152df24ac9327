"""Progress: one line on a terminal that says what a long piece of work is at; nothing anywhere else."""

from __future__ import annotations

from types import TracebackType
from typing import Any

AFTER = 1.0
"""Seconds of work before anything is said."""

EVERY = 0.1
"""Seconds between two looks at what is to be said."""

_CLEAR = "\r\x1b[K"


class Progress:
    """While it is open, shows on a stream that is a terminal what was said last; takes the line away in the end."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._said = ""
        self._thread: Any = None

    def say(self, text: str) -> None:
        """What the work is at now."""
        self._said = text

    def __enter__(self) -> Progress:
        if self._stream.isatty():
            import threading

            self._ended = threading.Event()
            self._thread = threading.Thread(target=self._show, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._ended.set()
            self._thread.join()

    def _show(self) -> None:
        if self._ended.wait(AFTER):
            return
        shown = ""
        while True:
            if self._said != shown:
                shown = self._said
                self._stream.write(_CLEAR + shown)
                self._stream.flush()
            if self._ended.wait(EVERY):
                self._stream.write(_CLEAR)
                self._stream.flush()
                return
