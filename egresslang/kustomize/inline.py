"""Inline: policy text inside a YAML document, and the way back from a place in it to a place in the file."""

from __future__ import annotations

from egresslang.documents import Located
from egresslang.findings import Finding, Label
from egresslang.record import record, replace
from egresslang.source import Source, Span


@record
class Inline:
    """Policy text as a source of its own; it begins at the offsets `starts` of the lines of `file`, if it is a block.

    A text in quotes, or folded, has other lines than the file: then `starts` is empty.
    """

    source: Source
    file: Source
    starts: tuple[int, ...]


def inline(place: Located, path: str, is_passed_on: bool = False) -> Inline:
    """The policy text that a value holds, known to its project as `path`.

    Where kustomize has passed it on and its file is not known, no place in what was passed on helps anybody.
    """
    starts = () if is_passed_on else _lines(place)
    name = place.source.name if starts else f"{path if is_passed_on else place.source.name} (spec.policy)"
    return Inline(Source(name, place.value, path), place.source, starts)


def _lines(place: Located) -> tuple[int, ...]:
    """Where each line of a literal block stands in its file; empty for any other way of writing a text."""
    file, span, text = place.source, place.span, place.value
    if not place.text.startswith("|"):
        return ()
    first, _ = file.position(span.start)
    last, _ = file.position(len(file.text))
    lines = text.split("\n")
    indent = next(
        (_indent(file.line(first + at)) - _indent(line) for at, line in enumerate(lines, 1) if line.strip()), 0
    )
    starts = []
    for at, line in enumerate(lines, first + 1):
        if file.line(at)[indent:] != line and at <= first + text.count("\n"):
            return ()
        starts.append(min(file.offset(at, indent + 1), len(file.text)) if at <= last else len(file.text))
    return tuple(starts)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def relocated(found: Finding, texts: tuple[Inline, ...]) -> Finding:
    """A finding about inline text as one about the file in which that stands; without its fix, which is for a policy file."""

    def moved(span: Span) -> Span:
        here = next((each for each in texts if each.source is span.source and each.starts), None)
        if here is None:
            return span
        start = _offset(here, span.start)
        return Span(here.file, start, max(start, _offset(here, span.end - 1) + 1 if span.end > span.start else start))

    related = tuple(Label(moved(each.span), each.text) for each in found.related)
    return replace(found, span=moved(found.span), related=related, fix=None)


def _offset(text: Inline, offset: int) -> int:
    line, column = text.source.position(offset)
    return min(text.starts[line - 1] + column - 1, len(text.file.text))
