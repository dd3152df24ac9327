"""YAML documents, and where in the text each of their values stands.

Each document is composed, its values are kept as plain dictionaries, lists and scalars, its nodes are dropped; beside
the values stays a tree of places, one integer for each key and value. What YAML allows and a reviewer cannot see
through (anchors except in manifests, merge keys, tags, a key given twice) is refused, and so is what would exhaust the reader.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from egresslang import codes, limits
from egresslang.findings import Code, Finding, Label, finding
from egresslang.libyaml import yaml
from egresslang.limits import Limit
from egresslang.record import replace
from egresslang.scalars import resolve
from egresslang.secrecy import discreet
from egresslang.source import Source, Span

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
_COLUMNS = 40
_FLOWS = limits.NESTING.default - 1 - 2 * _COLUMNS
_BITS = 32
_LOW = (1 << _BITS) - 1

_ANCHOR = re.compile(r"&[^\s,\[\]{}]+(?:\s+(?:#[^\n]*)?)*")
_LAST_COLON = re.compile(r"(?<=:):(?=[,\]}])")
"""The end of an IPv6 address in a flow, as in `[2001:db8::]`: a plain word to Kubernetes, and to libyaml a mapping cut short."""
_STAND_IN = "\ue000"
"""What is read in place of that colon."""

_Place = Any
"""`start << 32 | end` of a scalar; of a list that and the places of its entries, of a mapping that and the places of
its keys and values by turns, in the order of the mapping."""


class Located:
    """A value of a document and where it stands: `value` is a dict, list, str, int, float, bool or None."""

    __slots__ = ("_at", "_key", "_place", "source", "value")

    def __init__(self, source: Source, value: Any, place: _Place, key: int = -1) -> None:
        self.source = source
        self.value = value
        self._place = place
        self._key = key
        self._at: dict[str, int] = {}  # where in `_place` a key stands

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
        places = self._place[1]
        if not isinstance(key, str):
            return Located(self.source, self.value[key], places[key])
        self._at = self._at or {each: 2 * at for at, each in enumerate(self.value)}
        at = self._at[key]
        return Located(self.source, self.value[key], places[at + 1], places[at])

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
            places = iter(self._place[1])
            for (key, value), key_place, place in zip(self.value.items(), places, places, strict=True):
                yield key, Located(self.source, value, place, key_place)

    def entries(self) -> Iterator[Located]:
        """The entries of a list; nothing for any other value."""
        if isinstance(self.value, list):
            for value, place in zip(self.value, self._place[1], strict=True):
                yield Located(self.source, value, place)


class Unplaced(Located):
    """A document in `[start, end)` of a source whose values are known: its places are read when they are asked for."""

    __slots__ = ("_end", "_read", "_start")

    def __init__(self, source: Source, value: Any, start: int, end: int) -> None:
        self.source = source
        self.value = value
        self._key = -1
        self._at = {}
        self._start = start
        self._end = end
        self._read: Located | None = None

    def __getattr__(self, name: str) -> Any:
        """The places, which are not known before someone asks, and the values once they are forgotten."""
        if name not in ("value", "_place"):
            raise AttributeError(name)
        return getattr(self._whole(), name)

    def forget(self) -> None:
        """Let go of the values, which are read again if anyone asks: whoever has made something of them needs them no more."""
        del self.value

    def _whole(self) -> Located:
        if self._read is None:
            self._read = read_part(self.source, self._start, self._end)[0][0]
        return self._read


def composed(parts: Mapping[str, Any], at: Span) -> Located:
    """A mapping made of values that stand elsewhere in a source, each at its own place, and of words that stand at `at`."""
    value, place = _composed(parts, at.start << _BITS | at.end)
    return Located(at.source, value, place)


def _composed(part: Any, at: int) -> tuple[Any, _Place]:
    if isinstance(part, Located):
        return part.value, part._place
    if not isinstance(part, dict):
        return part, at
    values, places = {}, []
    for key, each in part.items():
        values[key], place = _composed(each, at)
        places += [each._key if isinstance(each, Located) and each._key >= 0 else at, place]
    return values, (at, places)


def read(
    source: Source,
    code: Code = codes.BAD_PROFILE,
    limit: Limit | None = limits.FILE_SIZE,
    matters: Callable[[Located], bool] | None = None,
) -> tuple[list[Located], list[Finding]]:
    """The documents of a text that can be read, without the empty ones, and a finding of `code` for what cannot.

    A document with a finding is left out; the others, before and after it, are still read. JSON values one after another
    are documents, too. A text of more code points than `limit`, or of too many values, is not read; without a limit, for
    what we wrote ourselves, neither counts. Where `matters` is given these are manifests, read as Kubernetes does: a key
    that is a number or a boolean is its text, and an alias what it stands for; a document that cannot be read so, and
    of which two levels do not matter, is those two levels, without a finding.
    """
    text = source.text
    if limit is not None and len(text) > limit.now:
        return [], [limits.over(limit, Span(source, 0, 1), f"`{source.name}` is too large")]
    counts = limit is not None and _may_be_too_many(text)
    try:
        return _read(source, code, counts, matters)
    except _TooMany as stopped:
        end = min(stopped.offset + 1, len(text))
        message = f"`{source.name}` holds more than {limits.VALUES.shown} values"
        return [], [limits.over(limits.VALUES, Span(source, stopped.offset, end), message)]


def _read(
    source: Source, code: Code, counts: bool, matters: Callable[[Located], bool] | None
) -> tuple[list[Located], list[Finding]]:
    text = source.text
    reader = _Reader(source, code, counts, matters)
    stopped = reader.stream(len(_BOM) if text.startswith(_BOM) else 0, len(text))
    if stopped is not None and (values := _json_values(text)):
        reader = _Reader(source, code, counts, matters)
        for start, end in values:
            reader.stream(start, end)
    elif stopped is not None:
        for start, end in _documents_after(text, stopped):
            if len(reader.findings) > limits.STATEMENTS.now:
                message = f"`{source.name}` has more than {limits.STATEMENTS.shown} documents that cannot be read"
                reader.findings.append(limits.over(limits.STATEMENTS, Span(source, start, start + 1), message))
                break
            reader.stream(start, end)
    return reader.documents, [_without_secrets(each) for each in reader.findings]


def _without_secrets(found: Finding) -> Finding:
    """A finding without the words of the Secret that it is about."""
    if not found.span.is_secret:
        return found
    help = "" if "`" in found.help else found.help
    return replace(found, message=discreet(found.message), label=discreet(found.label), related=(), help=help,
                   notes=("this is a Secret, or looks like one: nothing of it is shown",))  # fmt: skip


def items_of(document: Located) -> list[Located] | None:
    """The items of a list of Kubernetes, None of what is none; one that leaves out its kind is of that of a typed list."""
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        return None
    kind = value.get("kind")
    if not isinstance(kind, str) or not kind.endswith("List"):
        return None
    return [_of_kind(each, document, kind.removesuffix("List")) for each in document["items"].entries()]


def _of_kind(item: Located, listing: Located, kind: str) -> Located:
    if not kind or not isinstance(item.value, dict) or not item.value or "kind" in item:
        return item
    own = {"kind": kind, **({"apiVersion": listing["apiVersion"]} if "apiVersion" in listing else {})}
    return composed(dict(item.items()) | {key: each for key, each in own.items() if key not in item}, item.span)


def read_part(source: Source, start: int, end: int) -> tuple[list[Located], list[Finding]]:
    """The documents in `[start, end)` of a source, where a document starts and ends."""
    reader = _Reader(source, codes.BAD_PROFILE, counts=False)
    reader.stream(start, end)
    return reader.documents, reader.findings


def _span(source: Source, place: int) -> Span:
    return Span(source, place >> _BITS, place & _LOW)


def _json_values(text: str) -> list[tuple[int, int]]:
    """Where the values of a JSON stream start and end; nothing where a text is something else, or a single value."""
    blank = re.compile(r"\s*")
    start = blank.match(text).end()  # type: ignore[union-attr]
    if not text.startswith("{", start):
        return []
    import json

    parse = json.JSONDecoder().raw_decode
    found = []
    try:
        while start < len(text):
            end = parse(text, start)[1]
            found.append((start, end))
            start = blank.match(text, end).end()  # type: ignore[union-attr]
    except (ValueError, RecursionError):
        return []
    return found if len(found) > 1 else []


def _documents_after(text: str, offset: int) -> Iterator[tuple[int, int]]:
    """From each `---` line at or after an offset to the next: `---` in column one always starts a document."""
    starts = [match.start() for match in _MARKER.finditer(text, offset)]
    yield from pairwise([*starts, len(text)])


def _may_be_too_many(text: str) -> bool:
    """Whether there might be more values than are read, by a bound that is cheap and never too low.

    Two values that follow one another have a line's end, a colon, a comma, a bracket or a mark between them, and where
    nothing is written, as after `- `, the mark stands for it.
    """
    most = limits.VALUES.now
    if len(text) < most:
        return False
    marks = sum(map(text.count, "\n\r\x85\u2028\u2029:,[{-?"))
    return 2 * marks + 2 > most


def _may_be_too_deep(text: str) -> bool:
    """Whether values might nest deeper than is read by default, by a bound that is cheap and never too low.

    A block starts further right than the one around it, or is a list in the column of its key: two blocks a column at
    most. Its column is that of the line's first character that is neither white space nor the mark of an entry or key.
    A flow takes a bracket; one that is closed at once holds nothing.
    """
    if any(odd in text for odd in "\x85\u2028\u2029\ufeff") or ("\r" in text and re.search(r"\r(?!\n)", text)):
        return True  # lines that do not start after a line feed
    if re.search(rf"\n[ \t?:-]{{{_COLUMNS}}}", f"\n{text}"):
        return True
    return _flows(text) >= _FLOWS and any(_flows(part) >= _FLOWS for part in re.split(r"\n---[ \t\r\n]", text))


def _restored(value: Any) -> Any:
    """A value with its colons back."""
    if isinstance(value, dict):
        return {_restored(key): _restored(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_restored(each) for each in value]
    return value.replace(_STAND_IN, ":") if isinstance(value, str) else value


def _flows(text: str) -> int:
    return text.count("[") + text.count("{") - text.count("[]") - text.count("{}")


class _Composer(_Parser):
    """Composes nodes whose tag is empty unless one is written."""

    def resolve(self, kind: object, value: object, implicit: object) -> str:
        return ""

    # Called before and after every node, for nothing: builtins cost the least.
    descend_resolver: Callable[..., Any] = operator.is_
    ascend_resolver: Callable[[], Any] = ().__len__


class _WaryComposer(_Composer):
    """Composes no deeper than is read, as libyaml's own recursion ends the process, and no more values than are `left`."""

    depth = 0
    left: float = float("inf")

    def descend_resolver(self, parent: Any, index: object) -> None:
        self.depth += 1
        if self.depth > limits.NESTING.now:
            raise _TooDeep(parent)
        self.left -= 1
        if self.left < 0:
            raise _TooMany(parent.start_mark.index if parent is not None else 0)

    def ascend_resolver(self) -> None:
        self.depth -= 1


class _Names(dict[str, str | None]):
    """The keys that plain words are: themselves, or None where YAML takes the word for something else than text."""

    def __missing__(self, word: str) -> str | None:
        name = self[word] = word if word != "<<" and resolve(word).__class__ is str else None
        return name


class _Words(dict[str, Any]):
    """The values that plain words are."""

    def __missing__(self, word: str) -> Any:
        value = self[word] = resolve(word)
        return value


class _Mark:
    """Where a node begins, in place of what PyYAML says."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


class _TooMany(Exception):
    """There are more values than are read; `offset` is where what holds the last of them starts."""

    def __init__(self, offset: int) -> None:
        self.offset = offset


class _TooDeep(Exception):
    """Values nest deeper than is read; `node` is the one at that depth."""

    def __init__(self, node: Any) -> None:
        self.node = node


class _Reader:
    """Reads streams of one source, collecting documents and findings."""

    def __init__(
        self, source: Source, code: Code, counts: bool, matters: Callable[[Located], bool] | None = None
    ) -> None:
        self.documents: list[Located] = []
        self.findings: list[Finding] = []
        self._source = source
        self._code = code
        self._matters = matters
        self._aliased = limits.ALIASED.now
        self._names = _Names()
        self._words = _Words()
        self._base = 0
        self._plain = not ("&" in source.text or "!" in source.text)
        self._replaces = False
        self._left = limits.VALUES.now if counts else float("inf")

    def stream(self, start: int, end: int) -> int | None:
        """Read the documents of a stretch of the text; the offset where reading had to stop, None at its end."""
        self._base = start << _BITS | start
        text = self._source.text[start:end]
        if self._replaces:
            text = _LAST_COLON.sub(_STAND_IN, text)
        done = start
        try:
            composer = self._composer(text)
            while composer.check_node():
                node: Any = composer.get_node()
                self._left = getattr(composer, "left", self._left)
                self._document(node)
                done = start + node.end_mark.index
        except _TooDeep as error:
            deep = start + error.node.start_mark.index
            self.findings.append(
                limits.over(limits.NESTING, Span(self._source, deep, deep + 1), "too many values stand in one another")
            )
            return int(deep)
        except _TooMany as error:
            raise _TooMany(start + error.offset) from None
        except (yaml.YAMLError, UnicodeEncodeError) as error:
            if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark and "nesting depth" in str(error.problem):
                # The scanner of libyaml ≥ 0.2.6 reads ahead and stops before the composer has come to the limit.
                return self.stream(done, start + error.problem_mark.index)
            mark = getattr(error, "problem_mark", None)
            if mark is not None and not self._replaces and _LAST_COLON.match(text, mark.index):
                self._replaces = True
                return self.stream(done, end)
            from egresslang.broken_yaml import explain

            found, stopped = explain(error, Span(self._source, start, end), self._code)
            self.findings.append(found)
            return stopped
        return None

    def _composer(self, text: str) -> _Composer:
        if self._left == float("inf") and limits.NESTING.now >= limits.NESTING.default and not _may_be_too_deep(text):
            return _Composer(text)
        composer = _WaryComposer(text)
        composer.left = self._left
        return composer

    def _document(self, node: Any) -> None:
        findings = len(self.findings)
        self._read_document(node)
        if self._matters is not None and len(self.findings) > findings:
            outline = self._outline(node)
            if not self._matters(outline):
                self.findings[findings:] = []
                self.documents.append(outline)

    def _outline(self, node: Any, levels: int = 2) -> Located:
        """What stands in two levels of a document, and of what has a tag its text."""
        return Located(self._source, *self._outlined(node, levels))

    def _outlined(self, node: Any, levels: int) -> tuple[Any, _Place]:
        place = (node.start_mark.index << _BITS | node.end_mark.index) + self._base
        if node.__class__ is yaml.ScalarNode:
            return (node.value if node.style or node.tag else self._words[node.value]), place
        if node.__class__ is not yaml.MappingNode or not levels:
            return {}, (place, [])
        values: dict[str, Any] = {}
        places: list[_Place] = []
        for key, child in node.value:
            if key.__class__ is yaml.ScalarNode and key.value not in values:
                values[key.value], below = self._outlined(child, levels - 1)
                places += [(key.start_mark.index << _BITS | key.end_mark.index) + self._base, below]
        return values, (place, places)

    def _read_document(self, node: Any) -> None:
        findings = len(self.findings)
        if self._plain or not self._refused(node):
            value, place = self._value(node)
            if self._replaces:
                value = _restored(value)
            if value is not None and len(self.findings) == findings:
                self.documents.append(Located(self._source, value, place))

    def _value(self, node: Any) -> tuple[Any, _Place]:
        place: _Place = (node.start_mark.index << _BITS | node.end_mark.index) + self._base
        kind = node.__class__
        if kind is yaml.ScalarNode:
            return node.value if node.style else self._words[node.value], place
        values, places = self._mapping(node) if kind is yaml.MappingNode else self._list(node)
        if places and not node.flow_style:
            place = _up_to(place, places[-1])
        return values, (place, places)

    # Most nodes are scalars: in lists and mappings they are read without a call for each.

    def _list(self, node: Any) -> tuple[list[Any], list[_Place]]:
        values, places = [], []
        base, words, scalar = self._base, self._words, yaml.ScalarNode
        for entry in node.value:
            if entry.__class__ is scalar:
                value = entry.value if entry.style else words[entry.value]
                place = (entry.start_mark.index << _BITS | entry.end_mark.index) + base
            else:
                value, place = self._value(entry)
            values.append(value)
            places.append(place)
        return values, places

    def _mapping(self, node: Any) -> tuple[dict[str, Any], list[_Place]]:
        base, names, words, scalar = self._base, self._names, self._words, yaml.ScalarNode
        mapping: dict[str, Any] = {}
        places: list[_Place] = []
        for key_node, value_node in node.value:
            if value_node.__class__ is scalar:
                value = value_node.value if value_node.style else words[value_node.value]
                place = (value_node.start_mark.index << _BITS | value_node.end_mark.index) + base
            else:
                value, place = self._value(value_node)
            key = None
            if key_node.__class__ is scalar:
                key = key_node.value if key_node.style else names[key_node.value]
            if key is None and self._matters is not None:
                key = self._as_kubernetes(key_node)
            if key is None or key in mapping:
                self._bad_key(key_node, mapping, places)
            else:
                mapping[key] = value
                places.append((key_node.start_mark.index << _BITS | key_node.end_mark.index) + base)
                places.append(place)
        return mapping, places

    def _as_kubernetes(self, key: Any) -> str | None:
        """The key that Kubernetes makes of a plain number or boolean, None of anything else (sigs.k8s.io/yaml)."""
        value = self._words[key.value] if key.__class__ is yaml.ScalarNode and key.value != "<<" else None
        if isinstance(value, bool):
            return str(value).lower()
        return (
            str(value)
            if isinstance(value, int)
            else f"{value!r}".removesuffix(".0")
            if isinstance(value, float)
            else None
        )

    def _report(self, span: Span, message: str, label: str, help: str, *related: Label) -> None:
        self.findings.append(finding(self._code, span, message, label, related, help=help))

    def _refused(self, document: Any) -> bool:
        """Whether an anchor or a tag stands in a document: something else than its own text would decide a value.

        In manifests anchors may, so far as what their aliases stand for is no more, and no deeper, than is read.
        """
        nodes = [(document, 1)]
        met: set[int] = set()
        aliased = 0
        anchor = -1
        while nodes:
            node, depth = nodes.pop()
            start = (self._base & _LOW) + node.start_mark.index
            mark = self._source.text[start : start + 1]
            if mark == "&" and not node.tag and self._matters is not None:
                anchor = start if anchor < 0 else anchor
                node.start_mark = _Mark(self._after_anchor(node))
            elif node.tag or mark in ("&", "!"):
                self._refuse(start)
                return True
            if anchor >= 0:
                aliased += id(node) in met
                met.add(id(node))
                if aliased > self._aliased or depth > limits.NESTING.now:
                    self._too_much(self._word(anchor), document, aliased > self._aliased)
                    return True
            if node.__class__ is yaml.MappingNode:
                nodes += [(child, depth + 1) for pair in reversed(node.value) for child in reversed(pair)]
            elif node.__class__ is yaml.SequenceNode:
                nodes += [(child, depth + 1) for child in reversed(node.value)]
        self._aliased -= aliased
        return False

    def _too_much(self, anchor: Span, document: Any, is_many: bool) -> None:
        """Report that aliases stand for more values, or deeper ones, than are read; `anchor` is the first."""
        if _is_endless(document):
            self._report(anchor, "an alias stands for what it stands in", "the first anchor",
                         "write the values out where they are used")  # fmt: skip
        elif is_many:
            message = f"more than {limits.ALIASED.shown} values stand behind aliases"
            self.findings.append(limits.over(limits.ALIASED, anchor, message))
        else:
            self.findings.append(
                limits.over(limits.NESTING, anchor, "too many values stand in one another, by aliases")
            )

    def _after_anchor(self, node: Any) -> int:
        """Where an anchored node itself begins, in the stretch that is read."""
        base = self._base & _LOW
        found = _ANCHOR.match(self._source.text, base + node.start_mark.index)
        return min(found.end() - base, node.end_mark.index) if found else int(node.start_mark.index)

    def _word(self, start: int) -> Span:
        word = re.compile(r"[^\s,\[\]{}]*").match(self._source.text, start)
        assert word
        return Span(self._source, start, word.end())

    def _refuse(self, start: int) -> None:
        span = self._word(start)
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

    def _bad_key(self, node: Any, mapping: dict[str, Any], places: list[_Place]) -> None:
        """Report a key that is given twice in a mapping, or is none."""
        key, place = self._value(node)
        span = _span(self._source, place if place.__class__ is int else place[0])
        if node.__class__ is not yaml.ScalarNode:
            self._report(span, "a key is not text", "a list or mapping stands as a key", "write a word as the key")
        elif key.__class__ is str and key in mapping:
            earlier = places[2 * list(mapping).index(key)]
            self._report(span, f"the key `{key}` is given twice", "given again here", "keep one of them",
                         Label(_span(self._source, earlier), "first given here"))  # fmt: skip
        elif key == "<<":
            self._report(span, "a merge key is not read", "would pull in keys from elsewhere",
                         "write the keys out" + (", as `yq 'explode(.)' FILE` does" if self._matters is not None else ""))  # fmt: skip
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
                Span(self._source, span.start, min(span.start + 1, len(self._source.text))),
                "a key is missing",
                "nothing stands before this",
                "write the key before `:`",
            )


def _is_endless(document: Any) -> bool:
    """Whether a node stands below itself, by an alias."""
    around: set[int] = set()
    done: set[int] = set()
    nodes = [(document, False)]
    while nodes:
        node, is_left = nodes.pop()
        if is_left:
            around.remove(id(node))
            done.add(id(node))
        elif id(node) in around:
            return True
        elif id(node) not in done and node.__class__ is not yaml.ScalarNode:
            around.add(id(node))
            nodes.append((node, True))
            below = node.value if node.__class__ is yaml.SequenceNode else chain.from_iterable(node.value)
            nodes += [(child, False) for child in below]
    return False


def _up_to(place: int, child: _Place) -> int:
    """The extent of a block: to the end of its last child, without the blank lines and comments that follow."""
    end = (child if child.__class__ is int else child[0]) & _LOW
    return place & ~_LOW | end if end > place >> _BITS else place  # an alias stands where its anchor does, above
