"""The files of `grammar/` and `schemas/`: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

import os

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def read(path: str) -> str:
    """The text of a file such as `grammar/egress.lark`; OSError when it is in neither place."""
    for root in (_PACKAGE, os.path.dirname(_PACKAGE)):
        candidate = os.path.join(root, *path.split("/"))
        if os.path.isfile(candidate):
            break
    with open(candidate, encoding="utf-8") as file:
        return file.read()
