"""What somebody probably meant: the known word most like the one that was written."""

from __future__ import annotations

from collections.abc import Iterable

from egresslang import codes
from egresslang.findings import Code, Finding, finding
from egresslang.source import Span

_FEW = 64
"""How many known words are compared with a word letter by letter: of more, those that share its rarest rows of letters."""

_ROW = 3


class Vocabulary:
    """Known words, to be asked many times: an answer costs about the same however many there are."""

    def __init__(self, known: Iterable[str]) -> None:
        self._by_case = {each.lower(): each for each in known}
        self._sharing: dict[str, list[str]] = {}
        if len(self._by_case) > _FEW:
            for word in self._by_case:
                for row in _rows(word):
                    self._sharing.setdefault(row, []).append(word)

    def nearest(self, word: str, least: float = 0.6) -> str:
        """The word most like another, whatever their case; empty when none is near, `least` being the least likeness."""
        word = word.lower()
        return self._by_case.get(word) or self._by_case.get(_most_like(word, self._likely(word), least), "")

    def meant(self, word: str) -> str:
        """A known word that another one is surely a misspelling of; empty when it is of none."""
        word = word.lower()
        if word in self._by_case:
            return self._by_case[word]
        return next((self._by_case[each] for each in self._likely(word) if is_misspelling(word, each)), "")

    def _likely(self, word: str) -> Iterable[str]:
        """The known words to compare with a word: all if they are few, else those of its rarest rows."""
        if not self._sharing:
            return self._by_case
        found: dict[str, None] = {}
        for some in sorted((self._sharing.get(row, []) for row in _rows(word)), key=len):
            found.update(dict.fromkeys(some[: _FEW - len(found)]))
        return found


def _most_like(word: str, others: Iterable[str], least: float) -> str:
    """What `difflib.get_close_matches` says is the closest, without measuring what cannot be closer than one before it."""
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(b=word)
    best = least, ""
    for other in others:
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() >= best[0] and matcher.quick_ratio() >= best[0]:
            best = max(best, (matcher.ratio(), other))
    return best[1]


def _rows(word: str) -> Iterable[str]:
    """The letters of a word in rows of three, its ends among them, once each."""
    ended = f" {word} "
    return dict.fromkeys(ended[at : at + _ROW] for at in range(len(ended) - _ROW + 1))


def nearest(word: str, known: Iterable[str], least: float = 0.6) -> str:
    """The known word most like this one, whatever their case; empty when none is near, `least` being the least likeness."""
    return Vocabulary(known).nearest(word, least)


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
