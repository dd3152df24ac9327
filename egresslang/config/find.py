"""Find: which configuration file holds for a path. Nothing is read but what may hold one."""

from __future__ import annotations

import os
import re

NAME = "egressc.toml"
SHARED = "pyproject.toml"
TABLE = ("tool", "egressc")
"""Where the configuration stands in a file that others share."""

_MAY_HOLD = re.compile(rb"tool[\"']?\s*\.\s*[\"']?egressc|^\s*\[\s*[\"']?tool[\"']?\s*\]", re.MULTILINE)


def find(path: str) -> str:
    """The nearest configuration file, from the folder of a path upward; empty when there is none.

    In one folder `egressc.toml` comes first; a `pyproject.toml` without a table for egressc does not count.
    """
    at = os.path.abspath(path)
    if not os.path.isdir(at):
        at = os.path.dirname(at)
    while True:
        for name in (NAME, SHARED):
            candidate = os.path.join(at, name)
            if os.path.isfile(candidate) and (name == NAME or _holds_table(candidate)):
                return candidate
        above = os.path.dirname(at)
        if above == at:
            return ""
        at = above


def _holds_table(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            content = file.read(1 << 24)
    except OSError:
        return False
    return holds_table(content)


def holds_table(content: bytes) -> bool:
    """Whether a `pyproject.toml` has a table for egressc."""
    if not _MAY_HOLD.search(content):
        return False
    import tomllib

    try:
        return TABLE[1] in tomllib.loads(content.decode()).get(TABLE[0], {})
    except (ValueError, AttributeError):
        return bool(re.search(rb"tool[\"']?\s*\.\s*[\"']?egressc", content))  # broken, and meant for us
