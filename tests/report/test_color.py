"""When to colour."""

from __future__ import annotations

import pytest

from egresslang.report.color import painter, wants_color


@pytest.mark.parametrize(
    ("choice", "env", "isatty", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"TERM": "xterm"}, True, True),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": ""}, False, False),
        ("auto", {"FORCE_COLOR": "0"}, True, False),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_wants_color(choice: str, env: dict[str, str], isatty: bool, wanted: bool) -> None:
    assert wants_color(choice, env, isatty) is wanted


def test_a_painter_colours_what_has_a_style_and_a_text() -> None:
    paint = painter(color=True)
    assert paint("error", "x") == "\x1b[1;31mx\x1b[0m"
    assert paint("", "x") == "x"
    assert paint("error", "") == ""
    assert painter(color=False)("error", "x") == "x"
