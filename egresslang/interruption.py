"""Interruption: Ctrl-C, or a signal that asks a run to end, ends it; while files take their places it waits for that.

Only the process that `obey` was called in obeys so; elsewhere Ctrl-C is Python's own and the others kill.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

OBEYED = ("SIGINT", "SIGTERM", "SIGHUP")
"""The signals that end a run, where the system has them and whoever started it does not have them ignored."""


class Interrupted(KeyboardInterrupt):
    """A signal asked the run to end: its `name`, and the `status` that shells have for it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.name = signal.Signals(number).name
        self.status = 128 + number


class _State:
    depth = 0
    waiting = 0
    raised = 0
    has_written = False


def obey() -> None:
    """Let the signals raise Interrupted in the main thread from now on; nothing is written yet."""
    _State.has_written = False
    for name in OBEYED:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _asked)


def ignore() -> None:
    """Let the signals do nothing from now on: what is left is to end."""
    for name in OBEYED:
        if (number := getattr(signal, name, None)) is not None:
            with suppress(ValueError):
                signal.signal(number, signal.SIG_IGN)


@contextmanager
def held() -> Iterator[None]:
    """While this is open a signal waits; raises Interrupted at the end where one came."""
    _State.depth += 1
    try:
        yield
    finally:
        _State.depth -= 1
    if _State.waiting and not _State.depth:
        _raise(_State.waiting)


@contextmanager
def placing() -> Iterator[None]:
    """As `held`, for the moment in which files take their places; from then on `has_written` is true."""
    raise_lost()
    with held():
        _State.has_written = True
        yield


def raise_lost() -> None:
    """Raise Interrupted once more where it was raised and came to nothing: in a `finally` that failed, say."""
    if _State.raised:
        raise Interrupted(_State.raised)


def has_written() -> bool:
    """Whether any file took its place since `obey` was called."""
    return _State.has_written


def _asked(number: int, _: FrameType | None) -> None:
    if _State.raised:  # what a run does about the first signal is not disturbed by more of them
        return
    if _State.depth:
        _State.waiting = number
    else:
        _raise(number)


def _raise(number: int) -> None:
    _State.waiting, _State.raised = 0, number
    raise Interrupted(number)
