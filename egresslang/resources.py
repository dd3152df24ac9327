"""The data files of the project: `grammar/`, `schemas/` and `completions/`, which stand at its top, and those of rooms.

An installed package holds them inside itself, a checkout beside itself; an editable install is a checkout. They are
read as modules are, so that a package inside a zip gives them too.
"""

from __future__ import annotations

import os
from typing import Any

import egresslang

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def text(folder: str, name: str) -> str:
    """What the file of a folder, such as `schemas`, says: in the installed package, or else in the checkout."""
    try:
        return _read(os.path.join(_PACKAGE, folder, name))
    except OSError:
        return _read(os.path.join(os.path.dirname(_PACKAGE), folder, name))


def _read(path: str) -> str:
    loader: Any = egresslang.__loader__
    content: bytes = loader.get_data(path)
    return content.decode()
