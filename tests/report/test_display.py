"""What a terminal shows, and how wide."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egresslang.report.display import cells, columns, shown, wrap


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("plain", 5),
        ("a\tb", 6),
        ("日本", 4),
        ("ｱ", 1),
        ("Ａ", 2),
        ("e\u0301\u0323", 1),
        ("\u1112\u1161\u11ab", 2),  # one Hangul syllable in parts
        ("¡±", 2),  # ambiguous width is narrow
        ("\u0915\u093f", 2),  # a spacing combining mark
        ("\u2764", 1),
        ("\u2764\ufe0f", 2),
        ("\U0001f600\ufe0e", 2),
        ("#\ufe0f\u20e3", 2),
        ("\U0001f44b\U0001f3ff", 2),
        ("\u261d\U0001f3ff", 2),
        ("\U0001f3ff", 2),
        ("\U0001f469\U0001f3fd\u200d\U0001f680", 2),
        ("\u2764\ufe0f\u200d\U0001f525", 2),
        ("\U0001f1eb\U0001f1f7", 2),
        ("\U0001f469\U0001f469", 4),
    ],
)
def test_columns(text: str, width: int) -> None:
    assert columns(text) == width


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("\n\r\0\x1b\x7f\x9b", r"\u000a\u000d\u0000\u001b\u007f\u009b"),
        ("\u202a\u202e\u2066\u2069\u061c\u200e", r"\u202a\u202e\u2066\u2069\u061c\u200e"),
        ("a\u200bb\u200cc\u00add\u2060", r"a\u200bb\u200cc\u00add\u2060"),
        ("\u00a0\u2003\u3000\u2028", r"\u00a0\u2003\u3000\u2028"),
        ("\u034f\u115f\u3164\uffa0\u180e", r"\u034f\u115f\u3164\uffa0\u180e"),
        ("a\ufe0f>\ufe0f\U000e0100\U000e0061", r"a\ufe0f>\ufe0f\U000e0100\U000e0061"),
        ("\U0001f469\ufe0f\ufe0f", "\U0001f469\ufe0f\\ufe0f"),
        ("\u200d\U0001f469", "\\u200d\U0001f469"),
        ("°\u200d", "°\\u200d"),
        ("\ud800\uffff\U000e0fff", r"\ud800\uffff\U000e0fff"),
    ],
)
def test_what_has_no_shape_is_escaped(text: str, escaped: str) -> None:
    assert shown(text) == escaped
    assert columns(text) == columns(escaped)


@settings(deadline=None)
@given(st.text(), st.text())
def test_what_follows_does_not_change_what_is_shown(text: str, more: str) -> None:
    whole = list(cells(text + more))
    assert whole[: len(text)] == list(cells(text))


@settings(deadline=None)
@given(st.text())
def test_what_is_shown_shows_as_itself(text: str) -> None:
    assert shown(shown(text)) == shown(text)
    assert columns(shown(text)) == columns(text)


def test_wrap_breaks_at_spaces_and_line_breaks() -> None:
    assert wrap("one two three\nfour", 8) == ["one two", "three", "four"]
    assert wrap("one two three\nfour", None) == ["one two three", "four"]
    assert wrap("toolongaword a", 4) == ["toolongaword", "a"]
    assert wrap("日本 日本", 8) == ["日本", "日本"]
    assert wrap("", 8) == [""]


@settings(deadline=None)
@given(st.text("ab 日"), st.integers(1, 12))
def test_wrap_loses_no_word_and_keeps_to_the_room(text: str, room: int) -> None:
    lines = wrap(text, room)
    assert " ".join(lines).split() == text.split()
    assert all(columns(line) <= room for line in lines if " " in line.strip())
