"""Rewriting: policy files take another text, all of those that are to change or none."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence

from egresslang.files import STANDARD_INPUT
from egresslang.replacement import replace_files
from egresslang.source import Source


def rewrite(before: Sequence[Source], after: Sequence[Source], named: Collection[str] = ()) -> str:
    """Replace each file whose text changed, or none of them: then why; raises NotWritten for what cannot be written.

    Nothing is written through a link, unless it is one of the `named` paths, and nothing to a pipe or device.
    """
    followed = {os.path.normpath(path) for path in named}
    changed = [
        (old, new)
        for old, new in zip(before, after, strict=True)
        if old.text != new.text and old.name != STANDARD_INPUT
    ]
    for old, _ in changed:
        if os.path.islink(old.name) and os.path.normpath(old.name) not in followed:
            return f"`{old.name}` is a link, and nothing is written through one: name the file that it leads to"
        if os.path.exists(old.name) and not os.path.isfile(old.name):
            return f"`{old.name}` is not a regular file, and nothing is written to it: give its text to `-`"
    replace_files(
        {new.name: new.text.encode() for _, new in changed}, {old.name: old.text.encode() for old, _ in changed}
    )
    return ""
