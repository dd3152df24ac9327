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
_ALIKE = rf"(?:\(\?i\))?(?:(?:{_ATOM})(?:{_REPEAT})?)*+"
_PARTS = (
    rf"(?P<open>\((?:\?:|\?P<[a-z_]\w*>)?)|(?P<close>\)\??\??)|(?P<bar>\|)|(?:\(\?i\)|{_ATOM})?(?P<repeat>{_REPEAT})?"
)
_FLAGS = re.ASCII | re.VERBOSE
_SLOW = r"\)[*+{]"
# Few manifests hold an expression: these are compiled when one does.

LONGEST = 260
"""Characters of the longest text that a match is asked about: a host and its port."""

MOST_WAYS = 200_000
"""Ways in which an expression may be tried on a text: two `.*` and some alternatives."""


def is_judged(match: TextMatch) -> bool:
    """Whether it can be told what a match takes: Python reads its expression as RE2 does, and in no long time."""
    kind, text = match
    if kind != "regex":
        return True
    if re.fullmatch(_ALIKE, text, _FLAGS) is None or re.search(_SLOW, text) or _ways(text) > MOST_WAYS:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            re.compile(text, re.ASCII)
        except (re.error, RecursionError, OverflowError, Warning):
            return False
    return True


def _ways(text: str) -> int:
    """A bound of the ways in which an expression without repeated groups can be laid over a text: what backtracking tries."""
    whole: list[int] = [0]  # of each open group the ways of the alternatives that are complete
    branch: list[int] = [1]  # and of the one that is not
    for part in re.finditer(_PARTS, text, _FLAGS):
        if part["open"]:
            whole.append(0)
            branch.append(1)
        elif part["close"] and len(branch) > 1:
            inner = whole.pop() + branch.pop()
            branch[-1] *= inner + ("?" in part["close"])
        elif part["bar"]:
            whole[-1] += branch[-1]
            branch[-1] = 1
        elif part["repeat"]:
            branch[-1] *= _choices(part["repeat"].rstrip("?") or "?")
        if branch[-1] > MOST_WAYS:
            return branch[-1]
    return whole[-1] + branch[-1]


def _choices(repeat: str) -> int:
    """In how many ways something that is repeated can be."""
    if repeat in ("*", "+"):
        return LONGEST
    if repeat == "?":
        return 2
    least, comma, most = repeat[1:-1].partition(",")
    return max(1, int(most or LONGEST) - int(least) + 1) if comma else 1


def takes(match: TextMatch, said: str) -> bool:
    """Whether a match takes a text."""
    kind, text = match
    if kind == "regex":
        return len(said) <= LONGEST and re.fullmatch(text, said, re.ASCII) is not None
    return said == text if kind == "exact" else said.startswith(text)


def takes_header(match: HeaderMatch, said: str | None) -> bool:
    """Whether a match takes a header, None if there is none: that is empty to what must not be, unless any is refused."""
    is_any = match.text == ("", "")
    if said is None and match.inverted and not is_any:
        said = ""
    return (said is not None and (is_any or takes(match.text, said))) != match.inverted
