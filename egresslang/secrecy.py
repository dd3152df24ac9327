"""Secrecy: where a text holds Kubernetes Secrets, of which no report shows anything."""

from __future__ import annotations

import re

_MARKER = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_QUOTE = r"""\\*["']?"""
_KIND = rf"kind{_QUOTE}\s*:\s*(?:[&!|>]\S*\s+)*{_QUOTE}Secret(?:List)?(?!\w)"
_LOOKS_SO = (
    re.compile(rf"^{_QUOTE}{_KIND}", re.MULTILINE | re.IGNORECASE),
    re.compile(rf"(?<!\w)stringData{_QUOTE}\s*:", re.IGNORECASE),
)
_MENTIONS = re.compile(rf"(?<!\w){_KIND}", re.IGNORECASE)
_DATA = re.compile(rf"(?<!\w)data{_QUOTE}\s*:", re.IGNORECASE)
"""What a Secret in a list has, and not what refers to one, as a Gateway does to its certificate."""


def secret_stretches(text: str) -> list[tuple[int, int]]:
    """The documents of a text that are, hold, or look like a Secret, whether or not they can be read, as `[start, end)`."""
    if "secret" not in text.lower() and "stringdata" not in text.lower():
        return []
    starts = [0, *(found.start() for found in _MARKER.finditer(text))]
    ends = [*starts[1:], len(text) + 1]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if _is_secret(text, start, end)]


def _is_secret(text: str, start: int, end: int) -> bool:
    stretch = text[start:end]
    looks_so = any(each.search(stretch) for each in _LOOKS_SO)
    return looks_so or bool(_MENTIONS.search(stretch) and _DATA.search(stretch))


def discreet(words: str) -> str:
    """The words of a finding without what they quote, from the first backtick to the last."""
    return re.sub(r"`.*`", "`…`", words, flags=re.DOTALL)
