"""Matches: whether a text is what a route asks for, as Envoy compares it.

Envoy's regular expressions are RE2's. Those written in what Python and RE2 have in common are judged; others are not.
"""

from __future__ import annotations

import re
import warnings

from egresslang.mesh.resources import HeaderMatch, TextMatch

AUTHORITY = frozenset({":authority", "host"})
"""The names of the header that says the host."""

PLAIN = {":method": "GET", ":scheme": "http", ":path": "/"}
"""The headers of a plain GET of `/`, but for the host."""

_ATOM = r"""
    \\[dDwWsSbB] | \\[^\w\s]
  | \[\^?\]?(?:\\[dDwWsS] | \\[^\w\s] | [^\\\[\]])*\]
  | \((?:\?: | \?P<[a-z_]\w*> | (?!\?))
  | [^\\\[(*+?{]
"""
_REPEAT = r"(?:[*+?] | \{\d{1,3}(?:,\d{0,3})?\})\??"
_ALIKE = re.compile(rf"(?:\(\?i\))?(?:(?:{_ATOM})(?:{_REPEAT})?)*+", re.ASCII | re.VERBOSE)
_SLOW = re.compile(r"\)[*+{]")


def is_judged(match: TextMatch) -> bool:
    """Whether it can be told what a match takes: Python reads its expression as RE2 does, and in no long time."""
    kind, text = match
    if kind != "regex":
        return True
    if _ALIKE.fullmatch(text) is None or _SLOW.search(text):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            re.compile(text, re.ASCII)
        except (re.error, RecursionError, OverflowError, Warning):
            return False
    return True


def takes(match: TextMatch, said: str) -> bool:
    """Whether a match takes a text."""
    kind, text = match
    if kind == "regex":
        return re.fullmatch(text, said, re.ASCII) is not None
    return said == text if kind == "exact" else said.startswith(text)


def takes_header(match: HeaderMatch, said: str | None) -> bool:
    """Whether a match takes a header, None if there is none: that is empty to what must not be, unless any is refused."""
    is_any = match.text == ("", "")
    if said is None and match.inverted and not is_any:
        said = ""
    return (said is not None and (is_any or takes(match.text, said))) != match.inverted
