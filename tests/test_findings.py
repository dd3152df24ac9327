"""Findings: words that nobody would read to their end are cut, in every text of a finding but not in its place."""

from __future__ import annotations

import pytest

from egresslang.codes import BAD_HOST
from egresslang.findings import LONGEST_WORD, finding
from egresslang.source import Source, Span


@pytest.mark.parametrize("length", [LONGEST_WORD, LONGEST_WORD + 1, 5_000_000])
def test_long_words_are_cut(length: int) -> None:
    word = "a" * length
    shown = word if length <= LONGEST_WORD else "a" * 60 + "…"
    told = finding(
        BAD_HOST,
        Span(Source("x", word), 0, length),
        f"`{word}` is no host, `b` is",
        f"not `{word}`",
        notes=[f"a note of `{word}`"],
        help=f"write `{word}`, or `{'b c ' * 10}`",
    )
    assert (told.message, told.label) == (f"`{shown}` is no host, `b` is", f"not `{shown}`")
    assert (told.notes, told.help) == ((f"a note of `{shown}`",), f"write `{shown}`, or `{'b c ' * 10}`")
    assert told.span.text == word


def test_long_texts_of_short_words_are_whole() -> None:
    text = ", ".join(f"`word-{at}`" for at in range(200))
    assert finding(BAD_HOST, Span(Source("x", ""), 0, 0), text).message == text
