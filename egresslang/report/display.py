"""What a terminal shows for a text, and how many columns that takes.

Whatever could hide, move or reorder text (control characters, bidirectional controls, blanks that are
no space, characters without a shape) is shown as an escape: what is read is what is written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import repeat

_TAB = "    "
_ZERO_WIDTH_JOINER = "\u200d"
_TEXT_STYLE, _EMOJI_STYLE = "\ufe0e", "\ufe0f"

# Cc control, Cf format (bidirectional controls, zero-width characters, tags), Cn unassigned, Cs lone surrogates,
# Zl Zp Zs separators; a plain space never gets that far.
_WITHOUT_SHAPE = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp", "Zs"})

# The rest of Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt): marks and letters drawn as nothing.
_IGNORABLE = (
    ("\u034f", "\u034f"),
    ("\u115f", "\u1160"),
    ("\u17b4", "\u17b5"),
    ("\u180b", "\u180f"),
    ("\u3164", "\u3164"),
    ("\ufe00", "\ufe0f"),
    ("\uffa0", "\uffa0"),
    ("\U000e0000", "\U000e0fff"),
)


_COMMAND = re.compile(r"##[a-z]{0,20}\[")
_BRACKET = "\\u005b"
"""The bracket of what runners of CI obey wherever it stands in a line: `##[set-output name=x]`, `##vso[…]`."""

_COLON = "\\u003a"


def is_plain(text: str) -> bool:
    """Whether a text is shown as it is."""
    return text.isascii() and text.isprintable() and not ("##" in text and _COMMAND.search(text))


def cells(text: str) -> Iterator[tuple[str, int]]:
    """What is shown for each code point, and its columns: 0 for one that joins the glyph before it.

    What is shown for a code point depends on those before it only, so the cells of a prefix are a prefix.
    """
    if is_plain(text):
        yield from zip(text, repeat(1), strict=False)
        return
    before, glyph = "", 0  # the code point that the next may join, and the columns of its glyph so far
    commands = {match.end() - 1 for match in _COMMAND.finditer(text)} if "##" in text else ()
    for at, char in enumerate(text):
        if at in commands:
            yield _BRACKET, len(_BRACKET)
            before, glyph = "", 0
            continue
        joined = _joined(before, glyph, char)
        if joined is None:
            shown, columns = _alone(char)
            before, glyph = (char if shown == char else ""), columns
        else:
            shown, columns = char, joined
            before, glyph = char, glyph + columns
        yield shown, columns


def shown(text: str) -> str:
    """The text as it is safe to print on one line."""
    if is_plain(text):
        return text
    return "".join([cell for cell, _ in cells(text)])


def columns(text: str) -> int:
    """How many columns the text takes as shown."""
    if is_plain(text):
        return len(text)
    return sum([width for _, width in cells(text)])


def wrap(text: str, room: int | None) -> list[str]:
    """The text as shown, in lines of at most `room` columns, broken at spaces and where it has line breaks.

    A word wider than the room stands alone; without a room only the text's own line breaks count. No line is a command to
    a runner of CI, which obeys one that starts with `::`.
    """
    lines = (line for paragraph in text.split("\n") for line in _wrapped(shown(paragraph.rstrip()), room))
    return [line.replace(":", _COLON, 1) if line.lstrip().startswith("::") else line for line in lines]


def _wrapped(paragraph: str, room: int | None) -> list[str]:
    if room is None:
        return [paragraph]
    lines: list[str] = []
    line: list[str] = []
    used = 0
    for word in paragraph.split(" "):
        wide = columns(word)
        if line and used + 1 + wide > room:
            lines.append(" ".join(line).rstrip())
            line, used = [], 0
        used += wide + (1 if line else 0)
        line.append(word)
    return [*lines, " ".join(line)]


@lru_cache(maxsize=4096)
def _alone(char: str) -> tuple[str, int]:
    """What is shown for a code point that joins no emoji before it, and its columns (Unicode annex 11)."""
    if char == "\t":
        return _TAB, len(_TAB)
    if " " <= char <= "~":
        return char, 1
    category = unicodedata.category(char)
    if category in _WITHOUT_SHAPE or any(first <= char <= last for first, last in _IGNORABLE):
        escape = f"\\u{ord(char):04x}" if char <= "\uffff" else f"\\U{ord(char):08x}"
        return escape, len(escape)
    if category in ("Mn", "Me") or "\u1160" <= char <= "\u11ff":  # Hangul vowels and finals join their initial
        return char, 0
    return char, 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def _joined(before: str, glyph: int, char: str) -> int | None:
    """The columns that a code point adds to the emoji it continues, None when it continues none (Unicode TS 51)."""
    if not before or char.isascii():
        return None
    if char == _ZERO_WIDTH_JOINER:
        return 0 if before == _EMOJI_STYLE or _pictograph(before) else None
    if char == _TEXT_STYLE:
        return 0 if _has_styles(before) else None
    if char == _EMOJI_STYLE:
        return max(0, 2 - glyph) if _has_styles(before) else None
    if before == _ZERO_WIDTH_JOINER or _skin_tone(char):
        return max(0, 2 - glyph) if _pictograph(before if _skin_tone(char) else char) else None
    return None


def _skin_tone(char: str) -> bool:
    return "\U0001f3fb" <= char <= "\U0001f3ff"


def _pictograph(char: str) -> bool:
    in_range = "\u2600" <= char <= "\u27bf" or char >= "\U0001f000"
    return in_range and (unicodedata.category(char) == "So" or _skin_tone(char))


def _has_styles(char: str) -> bool:
    """Whether a code point may have a text and an emoji form: keycaps, arrows, symbols."""
    if char.isascii():
        return char in "#*0123456789"
    return unicodedata.category(char) in ("So", "Sm") or char in "‼⁉〰"
