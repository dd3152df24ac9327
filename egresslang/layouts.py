"""Layouts: what a document in block style holds follows from its text without its scalars, so libyaml reads one of each.

What we emit has few layouts: documents that differ only in plain words and simple quotes, and in how long their lists
of these are. A document of a known layout is cut at its scalars, whose places libyaml tells if anyone asks for them. Most
have the layout of the one before, which is tried first where it is a frequent one: to find out which layout a document
has takes longer than to see that it has this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from egresslang import documents
from egresslang.documents import Located, Unplaced
from egresslang.findings import Finding
from egresslang.scalars import resolve
from egresslang.source import Source

# A scalar that is one wherever it ends a line of a block: nothing in it is syntax, and it goes on below only if the next
# line does, which belongs to the layout. Below a dash several of them are a list, however many they are.
_SCALAR = r'(?:[A-Za-z0-9][A-Za-z0-9._/-]*+|"[ !#-\[\]-~]*+")'
_LIST = rf"{_SCALAR}(?:\n *- {_SCALAR})*"
_SCALARS = re.compile(rf" ((?<=: ){_SCALAR}|(?<=- ){_LIST})$", re.MULTILINE)
_NONE = re.compile(r"(?!)")
_BETWEEN = "\n---\n"

LAYOUTS = 1000
"""How many layouts of a text are learned."""

OFTEN = 20
"""How many documents of a layout are cut before there is a pattern for it, which takes half a millisecond to make."""

_Layout = Any
"""What a document holds: the number of a scalar, a `_List` of them, a mapping or list of layouts, or a `_Constant`."""

_Filler = Callable[[Sequence[str]], Any]
"""What makes the value of a document of the texts that it is cut out at."""


class _Known:
    """A known layout: what makes the values of its documents, and a pattern for these once there are many."""

    __slots__ = ("_left", "filled", "like")

    def __init__(self, filled: _Filler) -> None:
        self.filled = filled
        self.like = _NONE
        self._left = OFTEN

    def meet(self, around: Sequence[str]) -> None:
        """Count a document that was cut, and had these texts around its scalars."""
        self._left -= 1
        if not self._left:
            self.like = _documents(around)


class _List:
    """A list of scalars: the number of the text they stand in, and what stands between them."""

    __slots__ = ("between", "number")

    def __init__(self, number: int, between: str) -> None:
        self.number = number
        self.between = between


class _Constant:
    """A value that belongs to the layout, such as an empty list."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class _Scalars(dict[str, Any]):
    """What each scalar says; _Unknown for what goes on below it, where the layout has no list that does."""

    def __missing__(self, text: str) -> Any:
        if "\n" in text:
            raise _Unknown
        value = self[text] = text[1:-1] if text[0] == '"' else resolve(text)
        return value


class _Unknown(Exception):
    """A document is of no layout."""


def read(source: Source) -> tuple[list[Located], list[Finding]]:
    """The documents of a text that we wrote ourselves, as `documents.read` has them."""
    reader = _Reader(source)
    try:
        return [reader.document(start, end) for start, end in _stretches(source.text)], []
    except _Unknown:
        return documents.read(source, limit=None)


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Where each document starts and ends."""
    start = 0
    while (end := text.find(_BETWEEN, start)) >= 0:
        yield start, end + 1
        start = end + len(_BETWEEN)
    yield start, len(text)


class _Reader:
    """Reads documents of a source, and knows their layouts by what stands around the scalars."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._layouts: dict[tuple[str, ...], _Known | None] = {}
        self._scalars = _Scalars()
        self._last = _Known(list)

    def document(self, start: int, end: int) -> Located:
        """The document in `[start, end)` of the source; _Unknown where there is none, or more."""
        text = self._source.text
        if like := self._last.like.fullmatch(text, start, end):
            return Unplaced(self._source, self._last.filled(like.groups()), start, end)
        cut = _SCALARS.split(text[start:end])
        around = tuple(cut[::2])
        if around not in self._layouts:
            document = self._whole(start, end)
            if len(self._layouts) < LAYOUTS:
                layout = _learned(document, start, end)
                self._layouts[around] = None if layout is None else _Known(self._filler(layout))
            return document
        known = self._layouts[around]
        if known is None:
            return self._whole(start, end)
        known.meet(around)
        self._last = known
        return Unplaced(self._source, known.filled(cut[1::2]), start, end)

    def _whole(self, start: int, end: int) -> Located:
        """What libyaml reads there."""
        found, problems = documents.read_part(self._source, start, end)
        if problems or len(found) != 1:
            raise _Unknown
        return found[0]

    def _filler(self, layout: _Layout) -> _Filler:
        """What makes the value of a document of its texts: compiled, as thousands of documents have one layout."""
        constants: list[Any] = []
        names = {"scalars": self._scalars, "constants": constants}
        made: _Filler = eval(f"lambda texts: {_expression(layout, constants)}", names)
        return made


def _documents(around: Sequence[str]) -> re.Pattern[str]:
    """What all documents match, and no others, that have these texts around their scalars."""
    *befores, last = map(re.escape, around)
    cuts = [f"{before} ({_LIST if before.endswith('-') else _SCALAR})" for before in befores]
    return re.compile("".join(cuts) + last)


def _expression(layout: _Layout, constants: list[Any]) -> str:
    """The Python that makes a value of the `texts` of a document; values that belong to the layout join the `constants`."""
    if isinstance(layout, dict):
        return f"{{{', '.join(f'{key!r}: {_expression(each, constants)}' for key, each in layout.items())}}}"
    if isinstance(layout, list):
        return f"[{', '.join(_expression(each, constants) for each in layout)}]"
    if isinstance(layout, _List):
        return f"[scalars[each] for each in texts[{layout.number}].split({layout.between!r})]"
    if isinstance(layout, int):
        return f"scalars[texts[{layout}]]"
    constants.append(layout.value)
    return f"constants[{len(constants) - 1}]"


def _learned(document: Located, start: int, end: int) -> _Layout:
    """The layout of a document, None where its scalars are not all that it was cut at."""
    matches = _SCALARS.finditer(document.source.text, start, end)
    texts = {match.start(1): (number, match[1]) for number, match in enumerate(matches)}
    try:
        layout = _layout(document, texts)
    except _Unknown:
        return None
    return None if texts else layout


def _layout(part: Located, texts: dict[int, tuple[int, str]]) -> _Layout:
    """The layout of a value, whose texts are taken out of those that are left, by where they start."""
    if isinstance(part.value, dict) and part.value:
        return {key: _layout(each, texts) for key, each in part.items()}
    if isinstance(part.value, list) and part.value:
        entries = list(part.entries())
        first = entries[0].span.start
        is_list = first in texts and not isinstance(entries[0].value, dict | list)
        return _list(entries, *texts.pop(first)) if is_list else [_layout(each, texts) for each in entries]
    span = part.span
    if span.start not in texts:
        return _Constant(part.value)
    number, text = texts.pop(span.start)
    if text != span.text:
        raise _Unknown
    return number


def _list(entries: Sequence[Located], number: int, text: str) -> _List:
    span = entries[0].span
    before = span.source.text[: span.start].rpartition("\n")[2]
    made = _List(number, f"\n{before}")
    if [each.text for each in entries] != text.split(made.between):
        raise _Unknown
    return made
