"""Names of resources: readable, stable, RFC 1123 labels of at most 63 characters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

LONGEST = 63


def slug(text: str) -> str:
    """The text as a label: lower-case letters, digits and single dashes; `x` when nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def unique(texts: Iterable[str]) -> dict[str, str]:
    """A label for each text; a hash of the text ends it only where two would be equal or one too long."""
    wanted = {text: slug(text) for text in texts}
    holders: dict[str, int] = {}
    for name in wanted.values():
        holders[name] = holders.get(name, 0) + 1
    return {
        text: name if holders[name] == 1 and len(name) <= LONGEST else _hashed(name, text) for text, name in wanted.items()
    }


def _hashed(name: str, text: str) -> str:
    digest = sha256(text.encode()).hexdigest()[:8]
    return f"{name[: LONGEST - 9].rstrip('-')}-{digest}"
