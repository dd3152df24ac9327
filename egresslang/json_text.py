"""JSON as it is written to a stream that others may read along: the log of a CI job among them."""

from __future__ import annotations

import json
from typing import Any


def json_text(document: Any, indent: int | None = 2, compact: bool = False) -> str:
    """A document as JSON; `##[…]` in a text, which runners of CI obey wherever it stands in a line, is no longer that."""
    separators = (",", ":") if compact else None
    return json.dumps(document, indent=indent, separators=separators).replace("##", "#\\u0023")
