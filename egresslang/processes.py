"""Processes: work in shares, each done by a process of its own where there are processors for it.

A process is forked from this one, so that it has all that was read; what comes of its share returns through a pipe. The
share of a process that fails, or is killed, is done here; so an error is told as if there were no processes. None
writes anything anywhere, forks others or outlives this one.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pickle import dumps, loads
from typing import TypeVar

from egresslang.interruption import held

Made = TypeVar("Made")

LOOKS_UP = 0.1
"""Seconds after which a process looks again whether the one that it works for is there."""


class _State:
    is_shared_out = False


def processors() -> int:
    """How many processes may work at once; one where none can be forked, and one in work that is shared out already.

    One beside other threads, too: a lock that one of them holds would never open in a fork.
    """
    if _State.is_shared_out or not hasattr(os, "fork") or len(sys._current_frames()) > 1:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_shares(
    many: int,
    work: Callable[[int], Made],
    write: Callable[[Made], bytes] = dumps,
    read: Callable[[bytes], Made] = loads,
) -> list[Made]:
    """What comes of the work on each share, 0 and up; the first is done here.

    What comes of the others is what `read` makes of that which `write` makes of it, or of the work itself.
    """
    children: list[tuple[int, int]] = []
    was_shared_out, _State.is_shared_out = _State.is_shared_out, True
    try:
        with suppress(OSError):  # where no process can be had there is none
            for at in range(1, many):
                _fork(lambda at=at: write(work(at)), children)  # type: ignore[misc]
        made = [work(0)]
        for _, pipe in children:
            said = _said(pipe)
            made.append(work(len(made)) if said is None else read(said))
        return made + [work(at) for at in range(len(made), many)]
    finally:
        _State.is_shared_out = was_shared_out
        with held():
            for process, pipe in children:
                os.close(pipe)
                _end(process)


def _fork(work: Callable[[], bytes], children: list[tuple[int, int]]) -> None:
    """Have a process do some work; the children grow by its number, and the end of the pipe at which the result comes."""
    here, there = os.pipe()
    parent = os.getpid()
    try:
        with held():  # a signal finds none that its parent does not know of
            process = os.fork()
            if process:
                children.append((process, here))
        if not process:
            _be_silent(parent)
            os.close(here)
            said = work()
            with open(there, "wb") as pipe:
                pipe.write(len(said).to_bytes(8, "big") + said)
    except OSError:
        os.close(here)
        raise
    finally:
        if os.getpid() != parent:
            os._exit(0)  # whatever happened: who gets nothing does it again, and tells why it cannot be done
        os.close(there)


def _be_silent(parent: int) -> None:
    """Have nothing that anybody reads, and end with the parent."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):  # whoever reads what is written waits for the parent alone
        os.dup2(nothing, stream)
    signal.signal(signal.SIGALRM, lambda *_: None if os.getppid() == parent else os._exit(1))
    signal.setitimer(signal.ITIMER_REAL, LOOKS_UP, LOOKS_UP)


def _said(pipe: int) -> bytes | None:
    """What a process says, None where it does not come to its end."""
    with open(pipe, "rb", closefd=False) as results:
        size, said = int.from_bytes(results.read(8), "big"), results.read()
    return said if 0 < size == len(said) else None


def _end(process: int) -> None:
    """End a process of which nothing more is wanted; it may have ended."""
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
