"""Names of resources: readable, stable, RFC 1123 labels of at most 63 characters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256

LONGEST = 63


def slug(text: str) -> str:
    """The text as a label: lower-case letters, digits and single dashes; `x` when nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def unique(texts: Mapping[str, str]) -> dict[str, str]:
    """A name for each key, after its text; a hash of the key ends it only where two would be equal or one too long."""
    wanted = {key: slug(text) for key, text in texts.items()}
    holders = Counter(wanted.values())
    return {
        key: name if holders[name] == 1 and len(name) <= LONGEST else _hashed(name, key) for key, name in wanted.items()
    }


def _hashed(name: str, key: str) -> str:
    digest = sha256(key.encode()).hexdigest()[:8]
    return f"{name[: LONGEST - 9].rstrip('-')}-{digest}"
