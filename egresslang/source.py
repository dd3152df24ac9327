"""Source: a text somebody wrote. Span: a place in it, counted in Unicode code points."""

from __future__ import annotations

from bisect import bisect_right

from egresslang.record import record
from egresslang.secrecy import secret_stretches


class Source:
    """A text and the name people know it by: a path as given, `-` for standard input.

    `path` is the same file relative to its project: what is the same on every machine.

    Lines end at LF or CR LF; they and columns count from 1, columns in code points.
    """

    __slots__ = ("_secrets", "_starts", "name", "path", "text")

    def __init__(self, name: str, text: str, path: str = "") -> None:
        self.name = name
        self.path = path or name
        self.text = text
        self._starts: list[int] | None = None
        self._secrets: list[tuple[int, int]] | None = None

    def __repr__(self) -> str:
        return f"Source({self.name!r})"

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset, both from 1."""
        starts = self.line_starts
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column, both from 1."""
        return self.line_starts[line - 1] + column - 1

    def extent(self, number: int) -> tuple[int, int]:
        """The offsets `[begin, end)` of a line, from 1, without its ending."""
        starts = self.line_starts
        begin = starts[number - 1]
        if number == len(starts):
            return begin, len(self.text)
        end = starts[number] - 1
        return begin, end - 1 if end > begin and self.text[end - 1] == "\r" else end

    def line(self, number: int) -> str:
        """The text of a line, from 1, without its ending; empty past the last one."""
        starts = self.line_starts
        if not 0 < number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def is_secret(self, offset: int) -> bool:
        """Whether what stands at an offset is of a document that is, or looks like, a Secret: it is not to be shown."""
        return any(start <= offset < end for start, end in self.secrets)

    @property
    def secrets(self) -> list[tuple[int, int]]:
        """The stretches of which nothing is to be shown, see `is_secret`."""
        if self._secrets is None:
            self._secrets = secret_stretches(self.text)
        return self._secrets

    @property
    def line_starts(self) -> list[int]:
        """The offset at which each line starts."""
        if self._starts is None:
            starts, end = [0], self.text.find("\n")
            while end >= 0:
                starts.append(end + 1)
                end = self.text.find("\n", end + 1)
            self._starts = starts
        return self._starts


@record
class Span:
    """The half-open range of offsets `[start, end)` of a source."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        """What is written there."""
        return self.source.text[self.start : self.end]

    @property
    def is_secret(self) -> bool:
        """Whether what is written there is not to be shown."""
        if not self.source.secrets:
            return False
        return any(map(self.source.is_secret, (self.start, max(self.start, self.end - 1))))

    @property
    def place(self) -> tuple[str, int, int]:
        """File name, line and column of the start: the order in which findings are told."""
        return (self.source.name, *self.source.position(self.start))

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of another of the same source."""
        return Span(self.source, self.start, other.end)
