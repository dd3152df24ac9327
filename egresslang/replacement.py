"""Replacement: a file is written whole, aside, and then takes the place of what stood there."""

from __future__ import annotations

import os
import stat
from contextlib import suppress


def replace_file(path: str, content: bytes) -> None:
    """Write a file of which nobody ever sees a part, with the permissions of the one it replaces; raises OSError.

    A pipe or device is written to as it is.
    """
    try:
        state = os.stat(path)
    except FileNotFoundError:
        state = None
    if state is not None and not stat.S_ISREG(state.st_mode):
        with open(path, "wb") as file:
            file.write(content)
        return
    aside = f"{path}.{os.getpid()}.egressc"
    try:
        with open(aside, "xb") as file:
            if state is not None:
                os.chmod(aside, stat.S_IMODE(state.st_mode))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except OSError:
        with suppress(OSError):
            os.unlink(aside)
        raise
