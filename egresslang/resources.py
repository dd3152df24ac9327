"""The data files that stand at the top of the project: `grammar/` and `schemas/`.

An installed package holds them inside itself, a checkout beside itself; an editable install is a checkout.
"""

from __future__ import annotations

import os

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def path(folder: str, name: str) -> str:
    """The file of a folder, such as `schemas`, in the installed package or else in the checkout."""
    installed = os.path.join(_PACKAGE, folder, name)
    return installed if os.path.exists(installed) else os.path.join(os.path.dirname(_PACKAGE), folder, name)


def text(folder: str, name: str) -> str:
    """What such a file says."""
    with open(path(folder, name), encoding="utf-8") as file:
        return file.read()
