"""Find: which configuration file holds for a path. Nothing is read but what may hold one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from egresslang.limits import CONFIG_SIZE

NAME = "egressc.toml"
SHARED = "pyproject.toml"
TABLE = ("tool", "egressc")
"""Where the configuration stands in a file that others share."""

_NAMED = rb"tool[\"']?[ \t]*\.[ \t]*[\"']?egressc"
_MAY_HOLD = re.compile(_NAMED + rb"|^[ \t]*\[[ \t]*[\"']?tool[\"']?[ \t]*\]", re.MULTILINE)


def find(path: str) -> str:
    """The nearest configuration file, from the folder of a path upward; empty when there is none.

    In one folder `egressc.toml` comes first; a `pyproject.toml` without a table for egressc does not count.
    """
    at = os.path.abspath(path)
    return _nearest(at if os.path.isdir(at) else os.path.dirname(at), {})


def others(paths: Iterable[str], obeyed: str) -> list[str]:
    """The configuration files, other than the one that is obeyed, that hold for some of these files."""
    known: dict[str, str] = {}
    found = dict.fromkeys(_nearest(os.path.dirname(os.path.abspath(path)), known) for path in paths)
    return [each for each in found if each and not (obeyed and os.path.samefile(each, obeyed))]


def _nearest(folder: str, known: dict[str, str]) -> str:
    """The configuration of a folder or the nearest above it; each folder is looked at once, as `known` has it."""
    if folder not in known:
        above = os.path.dirname(folder)
        known[folder] = _in(folder) or (_nearest(above, known) if above != folder else "")
    return known[folder]


def _in(folder: str) -> str:
    """The configuration file in a folder; empty when there is none."""
    for name in (NAME, SHARED):
        candidate = os.path.join(folder, name)
        if os.path.isfile(candidate) and (name == NAME or _holds_table(candidate)):
            return candidate
    return ""


def _holds_table(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            content = file.read(CONFIG_SIZE.now + 1)
    except OSError:
        return False
    return holds_table(content)


def holds_table(content: bytes) -> bool:
    """Whether a `pyproject.toml` has a table for egressc."""
    if not _MAY_HOLD.search(content):
        return False
    from egresslang.config.toml import loads

    try:
        tools = loads(content.decode()).get(TABLE[0])
    except (ValueError, RecursionError):
        return bool(re.search(_NAMED, content))  # broken, and meant for us
    return isinstance(tools, dict) and TABLE[1] in tools
