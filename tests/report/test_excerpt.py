"""Marks and the part of a line that is shown."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from egresslang.findings import Label
from egresslang.report.excerpt import draw, marks
from egresslang.source import Source, Span


@st.composite
def any_spans(draw: st.DrawFn) -> Span:
    text = "".join(draw(st.lists(st.sampled_from([*"ab \t\r\n日", "\r\n"]))))
    start, end = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    return Span(Source("a.egress", text), start, end)


@settings(deadline=None)
@given(any_spans())
def test_marks_stay_within_their_lines_and_leave_out_no_words(span: Span) -> None:
    text = span.source.text
    bounds = [match.span() for match in re.finditer(r"(?:(?!\r?\n)[\s\S])*", text) if is_line(text, match.start())]
    made = marks(Label(span, "words"), "error")
    for mark in made:
        begin, end = bounds[mark.line - 1]
        assert begin <= mark.start <= mark.end <= end
    first, last = made[0], made[-1]
    assert not text[span.start : first.start].strip("\r\n")
    assert not text[last.end : span.end].strip("\r\n")
    if len(made) == 2:
        assert first.end == bounds[first.line - 1][1]
        assert not text[bounds[last.line - 1][0] : last.start].strip(" \t")


def is_line(text: str, start: int) -> bool:
    return start == 0 or text[start - 1] == "\n"


def drawn(text: str, words: str, limit: int) -> str:
    """The one row of source that shows some words of a text."""
    where = Source("a.egress", text)
    start = text.index(words)
    rows = draw(where, marks(Label(Span(where, start, start + len(words)), ""), "error"), limit)
    (_, [(_, _, row)]), *_ = rows
    return row


def test_a_cut_line_begins_at_its_begin_if_the_mark_fits() -> None:
    line = "begin " + "x" * 20 + " mark " + "y" * 40
    assert drawn(line, "mark", 34) == "begin xxxxxxxxxxxxxxxxxxxx mark y…"
    assert drawn(line, "mark", 31) == "…xxxxxxxxxxx mark yyyyyyyyyyyy…"


def test_a_line_that_just_fits_is_not_cut() -> None:
    assert drawn("x" * 40 + "\r\n", "x", 40) == "x" * 40
    assert drawn("é" * 41, "é", 40) == "é" * 39 + "…"
    assert drawn("日" * 20, "日", 40) == "日" * 20
    assert drawn("日" * 20 + "x", "x", 40) == "…" + "日" * 9 + "x"


def test_a_cut_line_shows_no_part_of_its_ending() -> None:
    assert drawn("x" * 60 + "\r\n", "\n", 40).strip("x") == "…"
