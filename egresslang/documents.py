"""YAML documents, and where in the text each of their values stands.

Each document is composed, its values are kept as plain dictionaries, lists and scalars, its nodes are dropped; beside
the values stays a tree of places, one integer for each key and value. What YAML allows and a reviewer cannot see
through (anchors, merge keys, tags, a key given twice) is refused, and so is what would exhaust the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import yaml

from egresslang import codes
from egresslang.findings import Code, Finding, Label, finding
from egresslang.scalars import resolve
from egresslang.source import Source, Span

LIMIT = 16 * 1024 * 1024
"""Code points that one text may have."""

DEPTH = 100
"""Values that may stand in one another, the whole document and the scalars among them."""

if TYPE_CHECKING or not yaml.__with_libyaml__:
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Parser(Reader, Scanner, Parser, Composer):
        """PyYAML without libyaml: the same documents, ten times slower."""

        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)
else:
    from yaml.cyaml import CParser as _Parser

_BOM = "\ufeff"
_MARKER = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
_BITS = 32
_LOW = (1 << _BITS) - 1

_Place = Any
"""`start << 32 | end` of a scalar; of a container that and its children: `{key: (key place, place)}` or a list."""


class Located:
    """A value of a document and where it stands: `value` is a dict, list, str, int, float, bool or None."""

    __slots__ = ("_key", "_place", "source", "value")

    def __init__(self, source: Source, value: Any, place: _Place, key: int = -1) -> None:
        self.source = source
        self.value = value
        self._place = place
        self._key = key

    def __repr__(self) -> str:
        return f"Located({self.value!r})"

    @property
    def span(self) -> Span:
        """Where the value is written; its key where nothing is written, as after `region:`."""
        span = _span(self.source, self._place if self._place.__class__ is int else self._place[0])
        return self.key_span if span.start == span.end and self._key >= 0 else span

    @property
    def key_span(self) -> Span:
        """Where the key of the value is written; the value itself if it is an entry of a list or a whole document."""
        return _span(self.source, self._key) if self._key >= 0 else self.span

    @property
    def heading(self) -> Span:
        """What to underline when the whole value is meant: its key, else the first key in it, else the value."""
        if self._key < 0:
            return next((child.key_span for _, child in self.items()), self.span)
        return self.key_span

    @property
    def text(self) -> str:
        """A scalar as it is written, with its quotes: `1.30` where the value is 1.3."""
        return self.span.text

    def __getitem__(self, key: str | int) -> Located:
        """The value of a key, or an entry of a list; KeyError or IndexError when there is none."""
        child = self._place[1][key]
        if isinstance(key, str):
            return Located(self.source, self.value[key], child[1], child[0])
        return Located(self.source, self.value[key], child)

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def get(self, *path: str) -> Located | None:
        """The value below these keys; None where one is missing, is null, or would stand in what is no mapping."""
        found = self
        for key in path:
            if key not in found or found.value[key] is None:
                return None
            found = found[key]
        return found

    def items(self) -> Iterator[tuple[str, Located]]:
        """Keys and values of a mapping; nothing for any other value."""
        if isinstance(self.value, dict):
            source, places = self.source, self._place[1]
            for key, value in self.value.items():
                key_place, place = places[key]
                yield key, Located(source, value, place, key_place)

    def entries(self) -> Iterator[Located]:
        """The entries of a list; nothing for any other value."""
        if isinstance(self.value, list):
            for value, place in zip(self.value, self._place[1], strict=True):
                yield Located(self.source, value, place)


def read(source: Source, code: Code = codes.BAD_PROFILE, limit: int = LIMIT) -> tuple[list[Located], list[Finding]]:
    """The documents of a text that can be read, without the empty ones, and a finding of `code` for what cannot.

    A document with a finding is left out; the others, before and after it, are still read.
    """
    text = source.text
    if len(text) > limit:
        return [], [finding(code, Span(source, 0, 1), f"`{source.name}` is too large", f"{len(text)} characters, at most {limit} are read",
                            help="split it into several files")]  # fmt: skip
    reader = _Reader(source, code)
    stopped = reader.stream(len(_BOM) if text.startswith(_BOM) else 0, len(text))
    if stopped is not None:
        for start, end in _documents_after(text, stopped):
            reader.stream(start, end)
    return reader.documents, reader.findings


def _span(source: Source, place: int) -> Span:
    return Span(source, place >> _BITS, place & _LOW)


def _documents_after(text: str, offset: int) -> Iterator[tuple[int, int]]:
    """From each `---` line at or after an offset to the next: `---` in column one always starts a document."""
    starts = [match.start() for match in _MARKER.finditer(text, offset)]
    yield from pairwise([*starts, len(text)])


class _Composer(_Parser):
    """Composes nodes whose tag is empty unless one is written, and no deeper than `DEPTH`: libyaml's own recursion
    ends the process."""

    depth = 0

    def resolve(self, kind: object, value: object, implicit: object) -> str:
        return ""

    def descend_resolver(self, parent: object, index: object) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise _TooDeep(parent)

    def ascend_resolver(self) -> None:
        self.depth -= 1


class _TooDeep(Exception):
    """Values nest deeper than `DEPTH`; `node` is the one at that depth."""

    def __init__(self, node: Any) -> None:
        self.node = node


class _Reader:
    """Reads streams of one source, collecting documents and findings."""

    def __init__(self, source: Source, code: Code) -> None:
        self.documents: list[Located] = []
        self.findings: list[Finding] = []
        self._source = source
        self._code = code
        self._known: dict[str, Any] = {}
        self._base = 0
        self._plain = not ("&" in source.text or "!" in source.text)

    def stream(self, start: int, end: int) -> int | None:
        """Read the documents of a stretch of the text; the offset where reading had to stop, None at its end."""
        self._base = start
        try:
            composer = _Composer(self._source.text[start:end])
            while composer.check_node():
                self._document(composer.get_node())
        except _TooDeep as error:
            deep = start + error.node.start_mark.index
            self._report(
                Span(self._source, deep, deep + 1),
                "too many values stand in one another",
                f"{DEPTH} levels are read",
                "flatten it",
            )
            return int(deep)
        except (yaml.YAMLError, UnicodeEncodeError) as error:
            from egresslang.broken_yaml import explain

            found, stopped = explain(error, Span(self._source, start, end), self._code)
            self.findings.append(found)
            return stopped
        return None

    def _document(self, node: Any) -> None:
        findings = len(self.findings)
        if self._plain or not self._refused(node):
            value, place = self._value(node, self._base, self._known)
            if value is not None and len(self.findings) == findings:
                self.documents.append(Located(self._source, value, place))

    def _value(self, node: Any, base: int, known: dict[str, Any]) -> tuple[Any, _Place]:
        kind = node.__class__
        place: _Place = (base + node.start_mark.index) << _BITS | base + node.end_mark.index
        if kind is yaml.ScalarNode:
            text = node.value
            if node.style:
                return text, place
            value = known.get(text, known)
            if value is known:
                value = known[text] = resolve(text)
            return value, place
        if kind is yaml.SequenceNode:
            values, places, child = [], [], place
            for value_node in node.value:
                value, child = self._value(value_node, base, known)
                values.append(value)
                places.append(child)
            return values, (place if node.flow_style else _up_to(place, child), places)
        mapping: dict[str, Any] = {}
        children: dict[str, tuple[int, _Place]] = {}
        child = place
        for key_node, value_node in node.value:
            key, key_place = self._value(key_node, base, known)
            value, child = self._value(value_node, base, known)
            if key.__class__ is not str or key in mapping or key == "<<":
                self._bad_key(key, key_place, children)
            else:
                mapping[key] = value
                children[key] = (key_place, child)
        return mapping, (place if node.flow_style else _up_to(place, child), children)

    def _report(self, span: Span, message: str, label: str, help: str, *related: Label) -> None:
        self.findings.append(finding(self._code, span, message, label, related, help=help))

    def _refused(self, document: Any) -> bool:
        """Whether an anchor or a tag stands in a document: something else than its own text would decide a value."""
        nodes = [document]
        while nodes:
            node = nodes.pop()
            start = self._base + node.start_mark.index
            if node.tag or self._source.text[start : start + 1] in ("&", "!"):
                self._refuse(start)
                return True
            if node.__class__ is yaml.MappingNode:
                nodes += [child for pair in reversed(node.value) for child in reversed(pair)]
            elif node.__class__ is yaml.SequenceNode:
                nodes += reversed(node.value)
        return False

    def _refuse(self, start: int) -> None:
        word = re.compile(r"[^\s,\[\]{}]*").match(self._source.text, start)
        assert word
        span = Span(self._source, start, word.end())
        if span.text.startswith("&"):
            self._report(
                span,
                f"the anchor `{span.text}` is not read",
                "names a value for use elsewhere",
                "write the value out where it is used",
            )
        else:
            self._report(
                span,
                f"the tag `{span.text}` is not read",
                "a value is what its text says",
                "remove the tag, and quote what is text",
            )

    def _bad_key(self, key: Any, place: _Place, earlier: dict[str, tuple[int, _Place]]) -> None:
        """Report a key that is given twice, or is none."""
        if place.__class__ is not int:
            self._report(
                _span(self._source, place[0]),
                "a key is not text",
                "a list or mapping stands as a key",
                "write a word as the key",
            )
            return
        span = _span(self._source, place)
        if key == "<<":
            self._report(span, "a merge key is not read", "would pull in keys from elsewhere", "write the keys out")
        elif isinstance(key, str):
            self._report(span, f"the key `{key}` is given twice", "given again here", "keep one of them",
                         Label(_span(self._source, earlier[key][0]), "first given here"))  # fmt: skip
        elif span.text:
            kind = "null" if key is None else "a boolean" if isinstance(key, bool) else "a number"
            self._report(
                span,
                f"the key `{span.text}` is not text",
                f"YAML reads it as {kind}",
                f'put it in quotes: `"{span.text}"`',
            )
        else:
            self._report(
                Span(self._source, span.start, span.start + 1),
                "a key is missing",
                "nothing stands before this",
                "write the key before `:`",
            )


def _up_to(place: int, child: _Place) -> int:
    """The extent of a block: to the end of its last child, without the blank lines and comments that follow."""
    return place & ~_LOW | (child if child.__class__ is int else child[0]) & _LOW
