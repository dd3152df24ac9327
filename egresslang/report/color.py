"""Colours of a terminal, by meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Paint = Callable[[str, str], str]
"""Gives a text the colour of a style; see `painter`."""

_CODES = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;34",
    "related": "1;34",
    "gutter": "1;34",
    "strong": "1",
}


def painter(color: bool) -> Paint:
    """A function of style and text: with colour it adds ANSI sequences, without it returns the text.

    Styles are the severities, `related`, `gutter` and `strong`; any other is plain.
    """
    return _painted if color else _plain


def wants_color(choice: str, env: Mapping[str, str], isatty: bool) -> bool:
    """Whether to colour, for `--color` `auto`, `always` or `never`.

    With `auto`, `NO_COLOR` (no-color.org) wins over `FORCE_COLOR` (`0` says no), and that over `TERM=dumb`
    and over whether a terminal is there.
    """
    if choice != "auto":
        return choice == "always"
    if env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR"):
        return env["FORCE_COLOR"] != "0"
    return isatty and env.get("TERM") != "dumb"


def _painted(style: str, text: str) -> str:
    code = _CODES.get(style)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def _plain(style: str, text: str) -> str:
    return text
