"""Secrecy: where a text holds Kubernetes Secrets, of which no report shows anything."""

from __future__ import annotations

import re

# Few texts name a Secret: these are compiled when one does.
_MARKER = r"(?m)^---(?=\s|\Z)"
_QUOTE = r"""\\*["']?"""
_KIND = rf"kind{_QUOTE}\s*:\s*(?:[&!|>]\S*\s+)*{_QUOTE}Secret(?:List)?(?!\w)"
_LOOKS_SO = (rf"(?im)^{_QUOTE}{_KIND}", rf"(?i)(?<!\w)stringData{_QUOTE}\s*:")
_MENTIONS = rf"(?i)(?<!\w){_KIND}"
_DATA = rf"(?i)(?<!\w)data{_QUOTE}\s*:"
"""What a Secret in a list has, and not what refers to one, as a Gateway does to its certificate."""


def secret_stretches(text: str) -> list[tuple[int, int]]:
    """The documents of a text that are, hold, or look like a Secret, whether or not they can be read, as `[start, end)`."""
    if "secret" not in text.lower() and "stringdata" not in text.lower():
        return []
    starts = [0, *(found.start() for found in re.finditer(_MARKER, text))]
    ends = [*starts[1:], len(text) + 1]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if _is_secret(text, start, end)]


def _is_secret(text: str, start: int, end: int) -> bool:
    stretch = text[start:end]
    looks_so = any(re.search(each, stretch) for each in _LOOKS_SO)
    return looks_so or bool(re.search(_MENTIONS, stretch) and re.search(_DATA, stretch))


def discreet(words: str) -> str:
    """The words of a finding without what they quote, from the first backtick to the last."""
    return re.sub(r"`.*`", "`…`", words, flags=re.DOTALL)
