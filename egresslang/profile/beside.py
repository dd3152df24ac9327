"""Files that a profile names: their paths are relative to the profile's own."""

from __future__ import annotations

import os
from collections.abc import Callable

from egresslang import codes
from egresslang.documents import Located, read
from egresslang.findings import Finding, finding
from egresslang.source import Source

ReadFile = Callable[[str], str]
"""Gives the text of a path, and raises OSError, or UnicodeDecodeError, when it cannot."""

Read = Callable[[Source], tuple[list[Located], list[Finding]]]
"""Makes documents of a text, and findings of what cannot be read."""


def read_beside(path: Located, read_file: ReadFile, read: Read = read) -> tuple[list[Located], list[Finding]]:
    """The documents of a file that a document names, as `read` has them, or a finding where it is named."""
    name = os.path.normpath(os.path.join(os.path.dirname(path.source.name), path.value))
    try:
        text = read_file(name)
    except OSError as error:
        return [], [
            _unreadable(
                path, name, (error.strerror or "not readable").lower(), "correct the path: it is relative to this file"
            )
        ]
    except UnicodeDecodeError:
        return [], [_unreadable(path, name, "not UTF-8", "save the file as UTF-8")]
    return read(Source(name, text))


def _unreadable(path: Located, name: str, why: str, help: str) -> Finding:
    return finding(codes.BAD_PROFILE, path.span, f"cannot read `{name}`", why, help=help)
