"""TOML documents, and where in the text each of their values stands, as `documents.py` has them for YAML.

`tomllib` says what a document means and nothing of places; what it has accepted is walked a second time here, for the
places alone, so that walk need not judge anything.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from egresslang import codes
from egresslang.documents import Located
from egresslang.findings import Finding, finding
from egresslang.record import record
from egresslang.source import Source, Span

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"[A-Za-z0-9_-]+|\"(?:\\.|[^\"\\])*\"|'[^']*'")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")|\'\'\'.*?\'{3,5}(?!\')|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL
)  # fmt: skip
_BARE = re.compile(r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*|[^\s,\]}#]+")
_LONG_KEY = re.compile(
    r"(?:^|[\[{,])\s*+((?:(?:[A-Za-z0-9_-]++|\"[^\"\n]*+\"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100})", re.MULTILINE
)
"""A dotted key of more than a hundred parts: tomllib takes the square of them."""

_BITS = 32


@record
class _Node:
    """Where a value stands; `keys` are those of a table with the place of each, `entries` those of an array."""

    start: int
    end: int
    keys: dict[str, tuple[int, int, Any]] | None = None
    entries: list[Any] | None = None


def read(source: Source) -> tuple[Located | None, list[Finding]]:
    """The document of a text, or None and a finding at the place where it is no TOML."""
    if long := _LONG_KEY.search(source.text):
        return None, [_broken(source, "A key has more than 100 parts", long.start(1))]
    try:
        value = loads(source.text)
        return Located(source, value, _place(value, _Walk(source.text).document())), []
    except tomllib.TOMLDecodeError as problem:
        return None, [_broken(source, str(problem))]
    except RecursionError:
        return None, [_broken(source, "Too many values stand in one another")]


def loads(text: str) -> dict[str, Any]:
    """What a text means; raises ValueError, and RecursionError for values too deep."""
    if _LONG_KEY.search(text):
        raise ValueError("a key has more than 100 parts")
    return tomllib.loads(text.removeprefix("\ufeff"))


def _broken(source: Source, problem: str, at: int = -1) -> Finding:
    """What tomllib objects to, at the place that it names in its message unless one is given."""
    where = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", problem)
    end = len(source.text.rstrip())
    at = end if at < 0 else at
    if where and where[1]:
        bom = where[1] == "1" and source.text.startswith("\ufeff")
        at = min(source.offset(int(where[1]), int(where[2])) + bom, end)
    why = problem[: where.start()] if where else problem
    return finding(
        codes.BAD_CONFIG,
        Span(source, at, min(at + 1, end)),
        f"`{source.name}` is not TOML",
        why[:1].lower() + why[1:],
        help='write `key = value` lines, text in `"…"`, lists in `[…]`',
    )


def _place(value: Any, node: _Node) -> Any:
    """The places of a value in the shape that `Located` reads."""
    place = node.start << _BITS | node.end
    if isinstance(value, dict):
        places: list[Any] = []
        for key, each in value.items():
            start, end, below = (node.keys or {})[key]
            places += [start << _BITS | end, _place(each, below)]
        return place, places
    if isinstance(value, list):
        return place, [_place(each, below) for each, below in zip(value, node.entries or (), strict=True)]
    return place


class _Walk:
    """Goes through a document that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 1 if text.startswith("\ufeff") else 0

    def document(self) -> _Node:
        root = _Node(self.at, len(self.text), keys={})
        current = root
        while self._blank() < len(self.text):
            if self.text.startswith("[[", self.at):
                start = self.at
                self.at += 2
                current = self._entry(root, self._path(), start)
                self.at += 2
            elif self.text[self.at] == "[":
                self.at += 1
                path = self._path()
                current = self._table(root, path)
                self.at += 1
            else:
                self._pair(current)
        return root

    def _blank(self) -> int:
        match = _BLANK.match(self.text, self.at)
        assert match
        self.at = match.end()
        return self.at

    def _path(self) -> list[tuple[str, int, int]]:
        """A dotted key: each part with its place, up to what follows."""
        parts = []
        while True:
            self._blank()
            match = _KEY.match(self.text, self.at)
            assert match
            self.at = match.end()
            key = tomllib.loads(f"k = {match[0]}")["k"] if match[0][0] in "\"'" else match[0]
            parts.append((key, match.start(), match.end()))
            self._blank()
            if self.text[self.at] != ".":
                return parts
            self.at += 1

    def _table(self, table: _Node, path: list[tuple[str, int, int]]) -> _Node:
        for key, start, end in path:
            assert table.keys is not None
            _, _, below = table.keys.setdefault(key, (start, end, _Node(start, end, keys={})))
            table = below.entries[-1] if below.entries is not None else below
        return table

    def _entry(self, root: _Node, path: list[tuple[str, int, int]], at: int) -> _Node:
        *above, (key, start, end) = path
        table = self._table(root, above)
        assert table.keys is not None
        _, _, array = table.keys.setdefault(key, (start, end, _Node(start, end, entries=[])))
        made = _Node(at, end + 2, keys={})
        array.entries.append(made)
        return made

    def _pair(self, table: _Node) -> None:
        *above, (key, start, end) = self._path()
        table = self._table(table, above)
        assert table.keys is not None
        self.at += 1  # the sign of equality
        table.keys[key] = start, end, self._value()

    def _value(self) -> _Node:
        start = self._blank()
        if self.text[start] == "[":
            return self._array(start)
        if self.text[start] == "{":
            return self._inline(start)
        match = (_STRING if self.text[start] in "\"'" else _BARE).match(self.text, start)
        assert match
        self.at = match.end()
        return _Node(start, self.at)

    def _array(self, start: int) -> _Node:
        entries = []
        self.at += 1
        while self.text[self._blank()] != "]":
            entries.append(self._value())
            if self.text[self._blank()] == ",":
                self.at += 1
        self.at += 1
        return _Node(start, self.at, entries=entries)

    def _inline(self, start: int) -> _Node:
        made = _Node(start, start, keys={})
        self.at += 1
        while self.text[self._blank()] != "}":
            self._pair(made)
            if self.text[self._blank()] == ",":
                self.at += 1
        self.at += 1
        return _Node(start, self.at, keys=made.keys)
