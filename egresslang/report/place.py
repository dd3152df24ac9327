"""Places as other tools want them: paths below the root of the repository, whatever folder the command ran in."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable

from egresslang.report import Context

Path = Callable[[str], str]
"""Gives the path of a file by the name that people know it by."""


def paths(context: Context) -> Path:
    """The path of a file, with `/` and from the context's root; a file elsewhere keeps the absolute path it is named by.

    Without a root the names themselves are taken, as they are relative to the current folder.
    """
    known: dict[str, str] = {}

    def path(name: str) -> str:
        found = known.get(name)
        if found is None:
            found = known[name] = _path(name, context.root, context.folder)
        return found

    return path


def _path(name: str, root: str, folder: str) -> str:
    if name in ("", "-") or name.startswith("<"):  # no file: a default, standard input, manifests in the making
        return name or "."
    whole = posixpath.normpath(posixpath.join(folder, name.replace(os.sep, "/")))
    is_far = name.startswith("/") and not whole.startswith(root.rstrip("/") + "/")
    return posixpath.relpath(whole, root) if root and not is_far else whole
