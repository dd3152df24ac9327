"""Braces: how an item leaves the list that it stands in."""

from __future__ import annotations

from collections.abc import Sequence

from egresslang.findings import Edit
from egresslang.source import Span


def without(items: Sequence[Span], number: int, braces: Span) -> tuple[Edit, ...]:
    """The edits that take an item out of `{a, b}`, of which `braces` has the start.

    The other of two items needs no braces; what is written about the others stays.
    """
    source, item = braces.source, items[number]
    closing = source.text.index("}", items[-1].end)

    def cut(start: int, end: int) -> Edit:
        return Edit(Span(source, start, end), "")

    if len(items) == 2 and _is_plain(source.text[braces.start : closing]):
        other = items[1 - number]
        return cut(braces.start, other.start), cut(other.end, closing + 1)
    if number + 1 < len(items):
        following = items[number + 1].start
        below = source.text[source.text.index(",", item.end) : following].partition("\n")[2]
        return (cut(item.start, following - len(below.lstrip())),)
    before = items[number - 1].end
    return (cut(before if _is_plain(source.text[before : item.start]) else item.start, item.end),)


def _is_plain(text: str) -> bool:
    """Whether a text is on one line and has no comment."""
    return "\n" not in text and "#" not in text
