"""What somebody probably meant: the known word most like the one that was written."""

from __future__ import annotations

from collections.abc import Iterable

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.source import Span


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like this one, whatever their case; empty when none is near."""
    from difflib import get_close_matches

    by_case = {each.lower(): each for each in known}
    return next((by_case[near] for near in get_close_matches(word.lower(), list(by_case), 1, 0.6)), "")


def one_of(words: Iterable[str]) -> str:
    """`a`, `b` or `c`."""
    *others, last = [f"`{word}`" for word in words]
    return f"{', '.join(others)} or {last}" if others else last


def unknown_word(span: Span, word: str, what: str, known: Iterable[str]) -> Finding:
    """A finding about a word that is none of those known for its place; `what` says what it should have been."""
    near = nearest(word, known)
    return finding(codes.PROFILE_MISMATCH, span, f"unknown {what} `{word}`", f"expected {one_of(known)}",
                   help=f"write `{near}`" if near else f"write {one_of(known)}")  # fmt: skip
