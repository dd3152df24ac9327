"""In place: a YAML document takes another value, and the rest of its text stays as people wrote it.

Only what differs is touched: keys and entries are put in, taken out or given another value, in the style of what stands
around them. What comes out is read again, so that the text says exactly what is wanted, or nothing is made of it.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from egresslang.documents import Located, read
from egresslang.findings import Edit
from egresslang.source import Source, Span
from egresslang.targets.yaml import emit


class Unwritable(Exception):
    """A text that cannot be changed so that it says what is wanted."""


def rewritten(document: Located, value: Mapping[str, Any]) -> str:
    """The text of a document's source where the document has another value; raises Unwritable.

    The source holds no other document. Keys that are put into a sorted mapping keep it sorted, others come last.
    """
    source = document.source
    edits = sorted(_Editor(source).value(document, value), key=lambda edit: (edit.span.start, edit.span.end))
    text, done = [], 0
    for edit in edits:
        text += [source.text[done : edit.span.start], edit.text]
        done = edit.span.end
    after = "".join(text) + source.text[done:]
    documents, problems = read(Source(source.name, after))
    if problems or len(documents) != 1 or not _same(documents[0].value, value):
        raise Unwritable
    return after


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same, `1` and `true` being none."""
    if isinstance(one, dict) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(each, other[key]) for key, each in one.items())
    if isinstance(one, list) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)


class _Editor:
    """Finds the edits of one source."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._text = source.text
        self._is_json = source.text.lstrip().startswith("{")
        self._newline = "\r\n" if "\r\n" in source.text else "\n"

    def value(self, place: Located, new: Any) -> Iterator[Edit]:
        """What makes a value another; edits at one offset stand in their order."""
        old = place.value
        if isinstance(old, dict) and isinstance(new, Mapping) and any(key in new for key in old):
            yield from self._in_flow(place, new) if self._is_flow(place) else self._in_block(place, new)
        elif isinstance(old, list) and isinstance(new, list | tuple) and any(each in new for each in old):
            yield from self._list(place, new)
        elif not _same(old, new):
            yield from self._instead(place, new)

    def _in_block(self, place: Located, new: Mapping[str, Any]) -> Iterator[Edit]:
        children = dict(place.items())
        for key, child in children.items():
            if key in new:
                yield from self.value(child, new[key])
            else:
                yield self._edit(self._line(child.key_span.start), self._after(self._end(child)))
        first, names = next(iter(children.values())), list(children)
        is_sorted = names == sorted(names)
        indent = " " * (first.key_span.start - self._line(first.key_span.start))
        above = self._after(self._colon(place)) if place.key_span.start < place.span.start else -1
        for key in new:
            if key not in children:
                before = bisect_left(names, key) if is_sorted else len(names)
                at = self._after(self._end(children[names[before - 1]])) if before else above
                at = self._line(first.key_span.start) if at < 0 else at
                yield self._insert(at, self._block({key: new[key]}, indent))

    def _in_flow(self, place: Located, new: Mapping[str, Any]) -> Iterator[Edit]:
        children = list(place.items())
        for key, child in children:
            if key in new:
                yield from self.value(child, new[key])
        spans = [(child.key_span.start, self._end(child)) for _, child in children]
        yield from self._without(spans, [key in new for key, _ in children])
        known = dict(children)
        added = [f", {self._scalar(key)}: {self._flow(new[key])}" for key in new if key not in known]
        end = max(self._end(child) for key, child in children if key in new)
        if added:
            yield self._edit(end, end, "".join(added))

    def _list(self, place: Located, new: Sequence[Any]) -> Iterator[Edit]:
        """Take out the entries that are gone and put the others last; a list in another order is written again."""
        entries = list(place.entries())
        words = {each for each in new if isinstance(each, str)}
        kept = [each.value in (words if isinstance(each.value, str) else new) for each in entries]
        staying = [each.value for each, stays in zip(entries, kept, strict=True) if stays]
        if not _same(staying, list(new[: len(staying)])):
            yield from self._instead(place, new)
            return
        added = new[len(staying) :]
        if self._is_flow(place):
            spans = [(each.span.start, each.span.end) for each in entries]
            yield from self._without(spans, kept)
            end = max(each.span.end for each, stays in zip(entries, kept, strict=True) if stays)
            if added:
                yield self._edit(end, end, "".join(f", {self._flow(each)}" for each in added))
            return
        for each, stays in zip(entries, kept, strict=True):
            if not stays:
                yield self._edit(self._line(each.span.start), self._after(each.span.end))
        line = self._line(entries[0].span.start)
        lead = re.compile(r" *").match(self._text, line)
        assert lead
        if added:
            at = self._after(entries[-1].span.end)
            yield self._insert(at, "".join(f"{lead[0]}- {self._flow(each)}{self._newline}" for each in added))

    def _without(self, spans: Sequence[tuple[int, int]], kept: Sequence[bool]) -> Iterator[Edit]:
        """Take entries out of a flow, with the commas between them."""
        first = kept.index(True)
        for number, ((start, end), (next_start, next_end)) in enumerate(pairwise(spans)):
            if number < first:
                yield self._edit(start, next_start)
            elif not kept[number + 1]:
                yield self._edit(end, next_end)

    def _instead(self, place: Located, new: Any) -> Iterator[Edit]:
        """Write another value behind a key, or in the place of an entry."""
        flow = self._flow(new)
        if place.key_span == place.span and place.value is not None:
            yield self._edit(place.span.start, place.span.end, flow)
            return
        start, end = self._colon(place), self._end(place)
        key = place.key_span.start
        indent = key - self._line(key)
        is_block = isinstance(new, Mapping | list | tuple) and new and not self._text[key - indent : key].strip(" ")
        if is_block:
            lines = self._block(new, " " * (indent + 2)) if isinstance(new, Mapping) else self._entries(new, indent)
            yield self._edit(start, end, self._newline + lines.removesuffix(self._newline))
        else:
            yield self._edit(start, end, f" {flow}")

    def _entries(self, new: Sequence[Any], indent: int) -> str:
        return "".join(f"{' ' * indent}- {self._flow(each)}{self._newline}" for each in new)

    def _block(self, new: Mapping[str, Any], indent: str) -> str:
        return "".join(f"{indent}{line}{self._newline}" for line in emit([new]).splitlines())

    def _flow(self, value: Any) -> str:
        if self._is_json:
            return json.dumps(value)
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{self._scalar(key)}: {self._flow(each)}" for key, each in value.items()) + "}"
        if isinstance(value, list | tuple):
            return "[" + ", ".join(map(self._flow, value)) + "]"
        return self._scalar(value)

    def _scalar(self, value: str | int | bool) -> str:
        return json.dumps(value) if self._is_json else emit([{"": value}]).partition(": ")[2].strip()

    def _is_flow(self, place: Located) -> bool:
        return self._text[place.span.start] in "{["

    def _colon(self, place: Located) -> int:
        """The offset behind the colon of a value's key."""
        end = place.key_span.end
        colon = re.compile(r"\s*:").match(self._text, end)
        return colon.end() if colon else end

    def _end(self, child: Located) -> int:
        """Where a value ends, or the colon of its key where none is written."""
        return self._colon(child) if child.span == child.key_span else child.span.end

    def _line(self, offset: int) -> int:
        return self._text.rfind("\n", 0, offset) + 1

    def _after(self, offset: int) -> int:
        """The start of the line after the one in which something ends."""
        if self._text[offset - 1 : offset] == "\n":
            return offset
        end = self._text.find("\n", offset)
        return len(self._text) if end < 0 else end + 1

    def _insert(self, at: int, lines: str) -> Edit:
        is_last = at == len(self._text) and not self._text.endswith("\n")
        return self._edit(at, at, self._newline + lines.removesuffix(self._newline) if is_last else lines)

    def _edit(self, start: int, end: int, text: str = "") -> Edit:
        return Edit(Span(self._source, start, end), text)
