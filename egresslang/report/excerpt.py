"""Excerpts: the lines of a source that labels are about, with marks and words under them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from egresslang.findings import Label
from egresslang.record import record
from egresslang.report.display import cells, columns, is_plain, wrap
from egresslang.report.display import shown as safe
from egresslang.source import Source

RELATED = "related"
"""The style of marks at places other than the finding's own."""

Segment = tuple[int, str, str]
"""A text, its style, and the column from 0 where it begins: (column, style, text)."""

Row = tuple[str, list[Segment]]
"""What stands left of the bar (a line number, nothing, or `...` for lines left out), and right of it."""

_CONTEXT = 8  # columns kept on both sides of a mark when a line is cut
_CUT = "…"
_WORDS = 20  # columns that words have at least, where they do not fit right of a mark or below it
_RUN = re.compile(r"-+|\^+")
_DENSEST = 8  # code points of one column that are looked at; the longest emoji sequences have 5


@record
class Mark:
    """A piece of one line to underline, as offsets `[start, end)` of the source, and the words for it."""

    line: int
    start: int
    end: int
    text: str
    style: str


@record
class _Line:
    """A line as offsets `[begin, end)` of its source's text, without its ending."""

    text: str
    begin: int
    end: int


@record
class _View:
    """The part of a line that is shown.

    `text` is as shown, with `…` where it is cut; the code point at offset `start + i` begins at `columns[i]`,
    and the last of `columns` is where the part ends.
    """

    text: str
    start: int
    columns: Sequence[int]

    def column(self, offset: int) -> int:
        """The column of an offset, or the nearest one in view."""
        return self.columns[min(offset - self.start, len(self.columns) - 1)]


def marks(label: Label, style: str) -> list[Mark]:
    """One mark for a label within a line; one for the first and one for the last line of a longer one."""
    source, start, end = label.span.source, label.span.start, label.span.end
    size = len(source.text)
    first_line, _ = source.position(min(start, size))
    words = safe(label.text)
    first = _line(source, first_line)
    last_line = first_line if end <= first.end else source.position(min(max(start, end - 1), size))[0]
    start = min(start, first.end)
    if first_line == last_line:
        return [Mark(first_line, start, max(start, min(end, first.end)), words, style)]
    last = _line(source, last_line)
    end = min(end, last.end)
    return [
        Mark(first_line, start, first.end, f"{words} …".lstrip(), style),
        Mark(last_line, _after_indent(last, end), end, "… to here", style),
    ]


def draw(source: Source, marks: Iterable[Mark], limit: int, room: int | None = None) -> Iterator[Row]:
    """The marked lines of a source from first to last, each at most `limit` columns wide, with their marks.

    One unmarked line between two marked ones is shown, several are left out. A line on which marks are
    too far apart is shown once for each group of marks that fits. Words are wrapped to `room` columns if there is one.
    """
    by_line: dict[int, list[Mark]] = {}
    for mark in marks:
        by_line.setdefault(mark.line, []).append(mark)
    previous = 0
    for number in sorted(by_line):
        if previous and number == previous + 2:
            between = _line(source, number - 1)
            yield _row(number - 1, _view(between, between.begin, between.begin, limit))
        elif previous and number > previous + 2:
            yield "...", []
        for group, view in _views(_line(source, number), by_line[number], limit):
            yield _row(number, view)
            for segments in _under(group, view, room):
                yield "", segments
        previous = number


def _row(number: int, view: _View) -> Row:
    text = view.text.rstrip(" ")
    return str(number), [(0, "", text)] if text else []


def _line(source: Source, number: int) -> _Line:
    return _Line(source.text, *source.extent(number))


def _after_indent(line: _Line, end: int) -> int:
    begin = line.begin
    while begin < end - 1 and line.text[begin] in " \t":
        begin += 1
    return begin


def _views(line: _Line, marks: list[Mark], limit: int) -> Iterator[tuple[list[Mark], _View]]:
    """The marks of a line in groups, each with the part of the line that shows it."""
    whole = _whole(line, limit)
    if whole is not None:
        yield marks, whole
        return
    groups: list[list[Mark]] = []
    for mark in sorted(marks, key=lambda mark: (mark.start, mark.end)):
        if groups and _fits(line.text, groups[-1][0].start, mark.end, limit - 2 * _CONTEXT - 2):
            groups[-1].append(mark)
        else:
            groups.append([mark])
    for group in groups:
        yield group, _view(line, group[0].start, max(mark.end for mark in group), limit)


# What follows looks at a part of the line in proportion to `limit`, however long the line is.


def _fits(text: str, start: int, end: int, room: int) -> bool:
    return end - start <= room * _DENSEST and columns(text[start:end]) <= room


def _whole(line: _Line, limit: int) -> _View | None:
    """A whole line, if it fits."""
    if line.end - line.begin > limit * _DENSEST:
        return None
    text = line.text[line.begin : line.end]
    if is_plain(text):
        return _View(text, line.begin, range(len(text) + 1)) if len(text) <= limit else None
    view = _shown(list(cells(text)), line.begin)
    return view if view.columns[-1] <= limit else None


def _view(line: _Line, start: int, stop: int, limit: int) -> _View:
    """The line, cut around `[start, stop)` if it does not fit."""
    whole = _whole(line, limit)
    if whole is not None:
        return whole
    low = line.begin if _fits(line.text, line.begin, stop, limit - 1) else _cut_before(line, start, stop, limit)
    head = _CUT if low > line.begin else ""
    room = limit - len(head) - len(_CUT)
    kept: list[tuple[str, int]] = []
    used = 0
    for cell in cells(line.text[low : min(line.end, low + limit * _DENSEST)]):
        used += cell[1]
        if used > room:
            break
        kept.append(cell)
    return _shown(kept, low, head, _CUT if low + len(kept) < line.end else "")


def _cut_before(line: _Line, start: int, stop: int, limit: int) -> int:
    """Where to begin so that `[start, stop)` stands in the middle, never between the parts of a glyph."""
    span = columns(line.text[start : min(stop, start + limit * _DENSEST)])
    room = max(_CONTEXT, (limit - 2 - span) // 2)
    before = list(cells(line.text[max(line.begin, start - room * _DENSEST) : start]))
    count = used = 0
    for _, wide in reversed(before):
        used += wide
        if used > room:
            break
        count += 1
    while count and before[-count][1] == 0:
        count -= 1
    return start - count


def _shown(kept: list[tuple[str, int]], start: int, head: str = "", tail: str = "") -> _View:
    column = len(head)
    begins = [column]
    for _, wide in kept:
        column += wide
        begins.append(column)
    return _View("".join([head, *[text for text, _ in kept], tail]), start, begins)


def _under(marks: list[Mark], view: _View, room: int | None) -> Iterator[list[Segment]]:
    """The rows under a line: all marks and the words of the last one, then the other words, hung from their marks.

    The words of the last one hang too where there is no room for them beside it.

    ```
    allow idgen -> api.example.com:443 tls
          -----    ^^^^^^^^^^^^^^^     --- last
          |        |
          |        second
          first
    ```
    """
    placed = []
    for mark in marks:
        start = view.column(mark.start)
        placed.append((start, max(start + 1, view.column(mark.end)), mark))
    last = placed[-1] if len(placed) == 1 else max(placed, key=_is_last)
    segments = _underlines(placed)
    fits = room is None or last[1] + 1 + columns(last[2].text) <= room
    if last[2].text and fits:
        segments.append((last[1] + 1, last[2].style, last[2].text))
    yield segments
    hung = [place for place in placed if place[2].text and not (place is last and fits)]
    hung.sort(key=lambda place: -place[0])
    if hung:
        yield _stems(hung)
    for index, (start, _, mark) in enumerate(hung):
        left = [place for place in hung[index + 1 :] if place[0] < start]
        yield from _hanging(start, mark, _stems(left), room)


def _is_last(place: tuple[int, int, Mark]) -> tuple[int, int, bool]:
    """The order in which the last of several marks is the one whose words stand beside it."""
    start, end, mark = place
    return end, start, mark.style != RELATED


def _hanging(start: int, mark: Mark, stems: list[Segment], room: int | None) -> Iterator[list[Segment]]:
    """The words of a mark below it, in as many rows as they need; further left where too little room is there."""
    if room is None:
        yield [*stems, (start, mark.style, mark.text)]
        return
    wide = max(room - start, min(columns(mark.text), _WORDS))
    column = min(start, room - wide)
    for line in wrap(mark.text, wide):
        yield [*(stem for stem in stems if stem[0] < column), (column, mark.style, line)]


def _underlines(placed: list[tuple[int, int, Mark]]) -> list[Segment]:
    """The marks in one row; where they overlap, the shorter is seen, and of two equal ones the finding's own."""
    if len(placed) == 1:
        ((start, end, mark),) = placed
        return [(start, mark.style, ("-" if mark.style == RELATED else "^") * (end - start))]
    row, styles = "", {}
    for start, end, mark in sorted(placed, key=lambda place: (place[0] - place[1], place[2].style != RELATED)):
        sign = "-" if mark.style == RELATED else "^"
        styles[sign] = mark.style
        row = row[:start].ljust(start) + sign * (end - start) + row[end:]
    return [(run.start(), styles[run[0][0]], run[0]) for run in _RUN.finditer(row)]


def _stems(hung: list[tuple[int, int, Mark]]) -> list[Segment]:
    by_column = {start: mark.style for start, _, mark in hung}
    return [(column, by_column[column], "|") for column in sorted(by_column)]
