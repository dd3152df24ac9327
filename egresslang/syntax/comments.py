"""Comments: where they stand in a policy file, and which words of a statement each of them is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from egresslang.syntax import nodes
from egresslang.syntax.print import Part, Words

_COMMENT = re.compile(r"\$\{[^}\s]{0,253}\}|\"(?:[^\"\\\r\n]|\\.)*\"|(?<=\s)(?P<comment>#[^\r\n]*)")
_LAST_COMMA = re.compile(r"(?:[ \t\r\n]++|#[^\r\n]*+)*+,")

DIRECTIVE = re.compile(r"#[ \t]*egressc(?=:|[ \t]+ignore[ \t]+\S*\d)[^\r\n]*")
"""A comment, or the rest of one, that speaks to egressc if it `is_heard`."""

_QUOTED = re.compile(r'"(?:[^"\\\r\n]|\\.)*"')
_FIRST = re.compile(r"(?:^\ufeff?|(?<=[ \t]))#")

Comment = tuple[int, str]
"""The offset of a comment, and its text without white space at its end."""


class Notes:
    """The comments about some words: on lines of their own above them, and behind them on their line."""

    __slots__ = ("above", "beside")

    def __init__(self) -> None:
        self.above: list[str] = []
        self.beside = ""


def comments(text: str, start: int, stop: int) -> list[Comment]:
    """The comments of a stretch of a policy that parses; neither a quoted value nor a variable holds any."""
    if text.find("#", start, stop) < 0:
        return []
    return [
        (found.start(), found["comment"].rstrip())
        for found in _COMMENT.finditer(text, start, stop)
        if found["comment"] is not None
    ]


def is_heard(line: str, at: int) -> bool:
    """Whether what stands at a place of a line is a comment or follows in one after white space, and not within quotes."""
    plain = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), line)
    first = _FIRST.search(plain)
    return first is not None and '"' not in plain[: first.start()] and plain[at - 1 : at].strip(" \t\ufeff") == ""


def end_of(statement: nodes.Statement, stop: int) -> int:
    """Where a statement ends that others follow from `stop` on: behind the comma after its last member, if one is there."""
    text, end = statement.span.source.text, statement.span.end
    if isinstance(statement, nodes.WorkloadSet | nodes.HostSet | nodes.Mesh) and text.find(",", end, stop) >= 0:
        comma = _LAST_COMMA.match(text, end, stop)
        return comma.end() if comma else end
    return end


def words_of(parts: Sequence[Part]) -> Iterator[Words]:
    """The words of parts in the order in which they are printed."""
    for part in parts:
        if isinstance(part, Words):
            yield part
        else:
            yield part.opening
            yield from words_of(part.items)
            if part.closing is not None:
                yield from words_of((part.closing,))


def attach(statement: nodes.Statement, end: int, found: Sequence[Comment], parts: Sequence[Part]) -> dict[int, Notes]:
    """The comments of a statement that ends at `end`, by the `id` of the words they are about.

    A comment is about the words before it on its line, else about those below. Within words that are printed as one it
    goes behind them, or above where more than one would stand there. Their order is kept. What speaks to egressc and
    follows another comment gets a line of its own above a statement: it is about that one only if it starts its line.
    """
    words = list(words_of(parts))
    ends = _ends(statement, end, words)
    notes: dict[int, Notes] = {}
    within: dict[int, list[str]] = {}
    text, at = statement.span.source.text, 0
    for offset, comment in found:
        while at < len(words) and ends[at] <= offset:
            at += 1
        here = words[at] if at < len(words) else None
        if here is not None and here.span is not None and here.span.start < offset:
            within.setdefault(id(here), []).append(comment)
        elif at and "\n" not in text[ends[at - 1] : offset]:
            notes.setdefault(id(words[at - 1]), Notes()).beside = comment
        else:
            assert here is not None
            notes.setdefault(id(here), Notes()).above.append(comment)
    for key, inside in within.items():
        note = notes.setdefault(key, Notes())
        if len(inside) == 1 and not note.beside:
            note.beside = inside[0]
        else:
            note.above += _apart(inside) if key == id(words[0]) else inside
    return notes


def _apart(comments: Iterable[str]) -> Iterator[str]:
    """The comments, what speaks to egressc apart from what stands before it."""
    for each in comments:
        found = DIRECTIVE.search(each)
        if found is not None and found.start() and is_heard(each, found.start()):
            yield from (each[: found.start()].rstrip(), found[0])
        else:
            yield each


def _ends(statement: nodes.Statement, end: int, words: Sequence[Words]) -> list[int]:
    """Where each of the words ends; the last with the statement, whatever punctuation is left."""
    start = statement.span.start
    plain = _blank(statement.span.source.text, start, end)
    following = [end]  # where the words behind each of the words start
    for each in reversed(words[1:]):
        following.append(each.span.start if each.span is not None else following[-1])
    ends: list[int] = []
    before = start
    for each, after in zip(words, reversed(following), strict=True):
        if each.mark:
            stop = after if after >= before else end  # the outcome may stand before what it is printed behind
            find = plain.find if each.mark == "}" else plain.rfind
            before = max(before, start + find(each.mark, before - start, stop - start) + 1)
        elif each.span is not None:
            before = each.span.end
        ends.append(before)
    ends[-1] = end
    return ends


def _blank(text: str, start: int, end: int) -> str:
    """A statement with its comments blanked, of the same length."""

    def blanked(found: re.Match[str]) -> str:
        return " " * len(found[0]) if found["comment"] is not None else found[0]

    return _COMMENT.sub(blanked, text[start:end])
