"""Format: the one canonical text of a policy file. It depends on what the file says and on its comments alone.

A statement stands on one line where it fits and no comment is in its way. Else its head fills the first line, and its
attributes the indented lines below; a list that does not fit has a line for each entry. Of the empty lines between
statements one is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from egresslang.record import record, replace
from egresslang.syntax import nodes
from egresslang.syntax.comments import Notes, attach, comments, end_of, words_of
from egresslang.syntax.print import Listing, Part, Words, parts, show_part

WIDTH = 100
"""The longest line in columns; a comment behind it does not count, and a word is never broken."""

WIDEST_GAP = 24
"""The most spaces that lining up may put into a line: lines that differ more are left as they are."""

_INDENT = 4
_NOTHING = Notes()


@record
class Line:
    """A line of the result, and the comment behind it, if any."""

    text: str
    comment: str = ""


def show_file(file: nodes.File) -> str:
    """The canonical text of a file of which every statement parses; an empty one of an empty file."""
    text = file.source.text
    starts = [*(statement.span.start for statement in file.statements), len(text)]
    lines: list[Line] = []
    expected: list[int] = []  # the lines that hold a whole `expect`
    _between(lines, text[text.startswith("\ufeff") : starts[0]], is_below=False)
    for statement, stop in zip(file.statements, starts[1:], strict=True):
        end = end_of(statement, stop)
        line_end = text.find("\n", end, stop)
        line_end = stop if line_end < 0 else line_end
        laid = list(_laid_out(statement, end, line_end))
        lines += laid
        if isinstance(statement, nodes.Expect) and laid[-1].text.startswith("expect "):
            expected.append(len(lines) - 1)
        _between(lines, text[line_end + 1 : stop], is_below=True)
    while lines and not lines[-1].text:
        lines.pop()
    _line_up_outcomes(lines, expected)
    return "".join(f"{line}\n" for line in _with_comments(lines))


def spelled_out(statement: nodes.Statement) -> nodes.Statement:
    """The statement with what it leaves to its readers: the protocols that the ports of an `allow` imply.

    The ports of a set stay as they are: in a `deny` that uses it a missing protocol means any.
    """
    if not isinstance(statement, nodes.Allow):
        return statement
    there = statement.destinations
    ports, entries = _spelled(there.ports), there.entries
    if any(entry.ports for entry in entries):
        entries = tuple(replace(entry, ports=_spelled(entry.ports)) for entry in entries)
    if ports is there.ports and entries is there.entries:
        return statement
    return replace(statement, destinations=replace(there, entries=entries, ports=ports))


def _spelled(ports: tuple[nodes.Port, ...]) -> tuple[nodes.Port, ...]:
    if all(port.protocol or port.number not in nodes.DEFAULT_PROTOCOLS for port in ports):
        return ports
    return tuple(
        port if port.protocol else replace(port, protocol=nodes.DEFAULT_PROTOCOLS.get(port.number, ""))
        for port in ports
    )


# One statement


def _laid_out(statement: nodes.Statement, end: int, line_end: int) -> Iterator[Line]:
    """The lines of a statement that ends at `end`, with the comments up to the end of its last line."""
    head, rest = parts(spelled_out(statement))
    all_parts = head + rest
    text = " ".join(map(show_part, all_parts))
    found = comments(statement.span.source.text, statement.span.start, line_end)
    notes = attach(statement, end, found, all_parts) if found else {}
    first, last = _around(all_parts, notes)
    if len(text) > WIDTH or not _is_bare(all_parts, notes, first, last):
        layout = _Layout(notes, has_rest=bool(rest))
        yield from layout.statement(head, rest)
        return
    yield from map(Line, first.above)
    yield Line(text, last.beside)


def _around(some: Sequence[Part], notes: Mapping[int, Notes]) -> tuple[Notes, Notes]:
    """The comments about the first and about the last words of parts."""
    if not notes:
        return _NOTHING, _NOTHING
    words = list(words_of(some))
    return notes.get(id(words[0]), _NOTHING), notes.get(id(words[-1]), _NOTHING)


def _is_bare(some: Sequence[Part], notes: Mapping[int, Notes], first: Notes, last: Notes) -> bool:
    """Whether no comment stands in the way of one line: all are above the first words or behind the last ones."""
    if not notes:
        return True
    kept = sum(
        len(note.above) + bool(note.beside) for each in words_of(some) if (note := notes.get(id(each))) is not None
    )
    return kept == len(first.above) + bool(last.beside)


class _Layout:
    """Puts the parts of one statement on several lines."""

    def __init__(self, notes: Mapping[int, Notes], has_rest: bool) -> None:
        self.notes = notes
        self.has_rest = has_rest
        self.lines: list[Line] = []
        self.text = ""

    def statement(self, head: Sequence[Part], rest: Sequence[Part]) -> list[Line]:
        """The lines of a statement: its head, and what is said about it on further ones; prose and broken lists alone."""
        for at, part in enumerate(head):
            self._part(part, _INDENT, start=0 if at == 0 else _INDENT)
        alone = True
        for part in rest:
            text = show_part(part)
            is_prose = text.startswith("reason=")
            alone = alone or is_prose or not self._fits(text)
            self._part(part, _INDENT, _INDENT, is_fresh=alone)
            alone = is_prose or self.text.strip() == "}"
        self._end()
        return self.lines

    def _part(
        self, part: Part, indent: int, start: int, is_fresh: bool = False, after: str = "", inner: int | None = None
    ) -> None:
        """A part, and what follows it without a space.

        `start` is how far a line is indented that it starts, `inner` the comments above it where they stand deeper, and
        `indent` the last line of a list.
        """
        words = part if isinstance(part, Words) else part.opening
        above = self.notes.get(id(words), _NOTHING).above
        self._comments(above, start if inner is None else inner)
        if isinstance(part, Words):
            self._put(part.text + after, start, is_fresh, self.notes.get(id(part), _NOTHING).beside)
            return
        text = show_part(part) + after
        first, last = _around((part,), self.notes)
        fits = start + len(text) <= WIDTH if is_fresh or not self.text else self._fits(text)
        if fits and _is_bare((part,), self.notes, first, last):
            self._put(text, start, is_fresh, last.beside)
        else:
            self._listing(part, indent, start, is_fresh, after)

    def _listing(self, part: Listing, indent: int, start: int, is_fresh: bool, after: str) -> None:
        """A list with a line for each entry, and a comma after each: adding one changes no other line."""
        self._put(part.opening.text, start, is_fresh, self.notes.get(id(part.opening), _NOTHING).beside)
        inner = indent if part.closing is None else indent + _INDENT
        for at, item in enumerate(part.items):
            is_end = part.closing is None and self.has_rest and at == len(part.items) - 1
            self._part(item, inner, inner, is_fresh=True, after="" if is_end else ",")
        if part.closing is not None:
            self._part(part.closing, indent, indent, is_fresh=True, after=after, inner=inner)

    def _comments(self, above: Iterable[str], indent: int) -> None:
        for comment in above:
            self._end()
            self.lines.append(Line(" " * indent + comment))

    def _put(self, text: str, start: int, is_fresh: bool, beside: str) -> None:
        if self.text and not is_fresh and self._fits(text):
            self.text += f" {text}"
        else:
            self._end()
            self.text = " " * start + text
        if beside:
            self._end(beside)

    def _fits(self, text: str) -> bool:
        return len(self.text) + 1 + len(text) <= WIDTH

    def _end(self, comment: str = "") -> None:
        if self.text:
            self.lines.append(Line(self.text, comment))
        self.text = ""


# Between statements


def _between(lines: list[Line], text: str, is_below: bool) -> None:
    """Add the comments of a stretch without a statement, and one empty line for any number of them.

    A comment that is indented directly below a statement stays so: it may be a part of it that somebody took out.
    """
    for line in text.split("\n")[: None if text and not text.endswith("\n") else -1]:
        comment = line.strip()
        if comment:
            is_below = is_below and line[0] in " \t"
            lines.append(Line(" " * _INDENT + comment if is_below else comment))
        else:
            is_below = False
            if lines and lines[-1].text:
                lines.append(Line(""))


# Columns


def _line_up_outcomes(lines: list[Line], expected: Sequence[int]) -> None:
    """Put the arrows and outcomes of `expect` lines that follow each other into columns."""
    for _, grouped in groupby(enumerate(expected), lambda pair: pair[1] - pair[0]):
        run = [at for _, at in grouped]
        if len(run) < 2:
            continue
        cells = []
        for at in run:
            left, _, right = lines[at].text.partition(" -> ")
            there, _, outcome = right.rpartition(" ")
            cells.append((left, there, outcome))
        first, second = ([len(cell[column]) for cell in cells] for column in (0, 1))
        width = max(first) + max(second) + len(" ->   blocked")
        if _are_near(first) and _are_near(second) and width <= WIDTH:
            for at, (left, there, outcome) in zip(run, cells, strict=True):
                text = f"{left:<{max(first)}} -> {there:<{max(second)}}  {outcome}"
                lines[at] = Line(text, lines[at].comment)


def _with_comments(lines: Iterable[Line]) -> Iterator[str]:
    """The text of the lines; comments behind lines that follow each other, equally indented, start in one column."""
    for indent, grouped in groupby(lines, _indent_of_commented):
        run = list(grouped)
        if indent < 0:
            yield from (line.text for line in run)
            continue
        lengths = [len(line.text) for line in run]
        column = max(lengths) if _are_near(lengths) else 0
        yield from (f"{line.text:<{column}}  {line.comment}" for line in run)


def _indent_of_commented(line: Line) -> int:
    return len(line.text) - len(line.text.lstrip()) if line.comment else -1


def _are_near(lengths: Sequence[int]) -> bool:
    return max(lengths) - min(lengths) <= WIDEST_GAP
