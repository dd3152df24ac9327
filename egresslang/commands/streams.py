"""How a command ends: its exit status, what it writes to standard streams, and misuse told in one line."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import Any

from egresslang.interruption import Interrupted, has_written

CLEAN, FINDINGS, MISUSE, INTERRUPTED = 0, 1, 2, 130


def write(stream: Any, text: str) -> None:
    """Write all of a text: an unbuffered stream takes only what fits, and says so by a number."""
    if not isinstance(stream, TextIOWrapper):
        stream.write(text)
        return
    stream.flush()
    left = memoryview(text.encode(stream.encoding, stream.errors or "strict"))
    while left:
        left = left[stream.buffer.write(left) :]


def put(file: str | None, text: str) -> None:
    """Write a result to a file, whole or not at all, or to standard output without one or for `-`; raises NotWritten."""
    if not file or file == "-":
        write(sys.stdout, text)
        return
    from egresslang.replacement import replace_file

    replace_file(file, text.encode("utf-8", "backslashreplace"))


def forget_output() -> None:
    """Keep Python from trying again, at its end, to write what cannot be written."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def interrupted(by: KeyboardInterrupt) -> int:
    """Tell what a run that a signal ended has done, but for Ctrl-C where that is nothing; returns the status."""
    name = by.name if isinstance(by, Interrupted) else "SIGINT"
    if has_written():
        misuse(f"ended by {name}; files were written, each of them whole")
    elif name != "SIGINT":
        misuse(f"ended by {name}; nothing was written")
    return by.status if isinstance(by, Interrupted) else INTERRUPTED


def misuse(message: str) -> int:
    """Tell of a misuse on standard error; returns its status."""
    with suppress(OSError):  # whom could it be told, where standard error cannot be written
        from egresslang.report.display import shown

        sys.stderr.write(f"egressc: {shown(message)}\n")
        sys.stderr.flush()
    return MISUSE
