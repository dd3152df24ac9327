"""Names of resources: readable, stable, RFC 1123 labels of at most 63 characters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256

LONGEST = 63

_IS_HOST = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*").fullmatch
_NOT_OF_A_LABEL = re.compile(r"[^a-z0-9]+")
_LIKE_A_HASH = re.compile(r"-[0-9a-f]{8,}$")


def slug(text: str) -> str:
    """The text as a label: lower-case letters, digits and single dashes; `x` when nothing is left."""
    if _IS_HOST(text):
        return text.replace(".", "-")
    return _NOT_OF_A_LABEL.sub("-", text.lower()).strip("-") or "x"


def unique(texts: Mapping[str, str]) -> dict[str, str]:
    """A name for each key, after its text, in whatever order they come; no two are equal.

    A hash of the key ends a name only where two would be equal, or one is too long or ends as if it had a hash already.
    """
    wanted = {key: slug(text) for key, text in texts.items()}
    names = {
        key: name for key, name in _alone(wanted).items() if len(name) <= LONGEST and not _LIKE_A_HASH.search(name)
    }
    digits = 8
    while len(names) < len(wanted):
        names |= _alone({key: _hashed(name, key, digits) for key, name in wanted.items() if key not in names})
        digits += 8
    return {key: names[key] for key in wanted}


def _alone(names: Mapping[str, str]) -> dict[str, str]:
    """Those that nothing else is called."""
    holders = Counter(names.values())
    return {key: name for key, name in names.items() if holders[name] == 1}


def _hashed(name: str, key: str, digits: int) -> str:
    digest = sha256(key.encode()).hexdigest()[:digits]
    return f"{name[: LONGEST - 1 - digits].rstrip('-')}-{digest}"
