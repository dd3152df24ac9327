"""What somebody probably meant: the known word most like the one that was written."""

from __future__ import annotations

from collections.abc import Iterable

from egresslang import codes
from egresslang.findings import Code, Finding, finding
from egresslang.source import Span


def nearest(word: str, known: Iterable[str], least: float = 0.6) -> str:
    """The known word most like this one, whatever their case; empty when none is near, `least` being the least likeness."""
    from difflib import get_close_matches

    by_case = {each.lower(): each for each in known}
    return next((by_case[near] for near in get_close_matches(word.lower(), list(by_case), 1, least)), "")


def is_misspelling(word: str, meant: str) -> bool:
    """Whether a word is surely another one: but for case, one letter is wrong, missing, too many, or changed places.

    A digit is no slip of a finger: `http3` is not `http`. Short words that differ in a letter are other words.
    """
    word = word.lower()
    if word == meant.lower():
        return True
    if len(meant) < 3 or {c for c in word if c.isdigit()} != {c for c in meant if c.isdigit()}:
        return False
    head = 0
    while head < min(len(word), len(meant)) and word[head] == meant[head]:
        head += 1
    mine, theirs = word[head:], meant[head:]
    if mine[:2] == theirs[:2][::-1] and mine[2:] == theirs[2:]:
        return True
    return theirs == mine[1:] or mine == theirs[1:] or (len(meant) > 3 and mine[1:] == theirs[1:])


def one_of(words: Iterable[str]) -> str:
    """`a`, `b` or `c`."""
    *others, last = [f"`{word}`" for word in words]
    return f"{', '.join(others)} or {last}" if others else last


def unknown_word(
    span: Span, word: str, what: str, known: Iterable[str], code: Code = codes.PROFILE_MISMATCH
) -> Finding:
    """A finding about a word that is none of those known for its place; `what` says what it should have been."""
    near = nearest(word, known)
    return finding(code, span, f"unknown {what} `{word}`", f"expected {one_of(known)}",
                   help=f"write `{near}`" if near else f"write {one_of(known)}")  # fmt: skip
