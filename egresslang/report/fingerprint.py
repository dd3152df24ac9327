"""Fingerprints: what tells that a finding of today is the finding of yesterday, though its line has moved.

A fingerprint is made from the path, the code and the normalised statement: in a policy the statement without comments
and in single spaces, with the namespace it stands under; in YAML the line with the lines it lies in, of a Secret
nothing. What else stands
above and below takes no part, so that a statement that moves keeps it and one that changes gets another.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from hashlib import sha256

from egresslang.findings import Finding
from egresslang.report.place import Path
from egresslang.source import Source, Span

_YAML = (".yaml", ".yml", ".json", ".toml")
_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*")|(?:^|(?<=\s))#[^\n]*', re.MULTILINE)
_NAMESPACE = re.compile(r"namespace\s+([^\s#]+)")
_BLANKS = " \t"


def fingerprinted(findings: Iterable[Finding], path: Path) -> Iterator[tuple[Finding, str]]:
    """All findings of a run by place, told or suppressed, each with its fingerprint; no two are the same.

    Several of one code in one statement differ by what they underline, by the cluster, and else by their order.
    """
    sources: dict[Source, _Statements] = {}
    seen: dict[str, int] = {}
    for each in sorted(findings, key=lambda each: (each.span.place, each.code.id, each.message)):
        source = each.span.source
        statements = sources.get(source)
        if statements is None:
            statements = sources[source] = _Statements(source)
        is_shown = not each.span.is_secret
        where = (statements.around(each.span), statements.inside(each.span)) if is_shown else ("", "")
        made = _hash(path(source.name), each.code.id, *where, each.cluster)
        number = seen[made] = seen.get(made, -1) + 1
        yield each, _hash(made, str(number)) if number else made


def _hash(*parts: str) -> str:
    return sha256("\0".join(parts).encode(errors="backslashreplace")).hexdigest()[:32]


class _Statements:
    """The statements of a source, each normalised once."""

    def __init__(self, source: Source) -> None:
        self._text = source.text
        self._starts: list[int] = []
        self._owners: list[int | str] = []  # of a line in YAML the one it lies in, of a statement its namespace
        self._around: dict[int, str] = {-1: ""}
        self._inside: dict[tuple[int, int], str] = {}
        if source.name.endswith(_YAML):
            self._find_lines()
        else:
            self._find_statements()

    def around(self, span: Span) -> str:
        """A digest of the statement that a span starts in; of nothing for one in a line of comment."""
        line = self._text.rfind("\n", 0, span.start) + 1
        if self._text[line : span.start + 1].lstrip(_BLANKS).startswith("#"):
            return ""
        return self._digest(bisect_right(self._starts, span.start) - 1)

    def inside(self, span: Span) -> str:
        """A digest of what a span underlines; equal for spans of equal words."""
        key = span.start, span.end
        found = self._inside.get(key)
        if found is None:
            found = self._inside[key] = _hash(" ".join(span.text.split()))
        return found

    def _find_statements(self) -> None:
        namespace = ""
        for start, depth in _lines(self._text):
            if depth == 0:
                self._starts.append(start)
                self._owners.append(namespace)
                if found := _NAMESPACE.match(self._text, start):
                    namespace = found[1]

    def _find_lines(self) -> None:
        above: list[tuple[int, int]] = []  # the lines that the next may lie in, with their depths
        for start, depth in _lines(self._text):
            while above and above[-1][1] >= depth:
                above.pop()
            self._owners.append(above[-1][0] if above else -1)
            above.append((len(self._starts), depth))
            self._starts.append(start)

    def _digest(self, at: int) -> str:
        waiting = []
        while at not in self._around:
            waiting.append(at)
            owner = self._owners[at]
            at = owner if isinstance(owner, int) else -1
        for each in reversed(waiting):
            owner = self._owners[each]
            lies_in = self._around[owner] if isinstance(owner, int) else owner
            self._around[each] = _hash(lies_in, self._normal(each))
        return self._around[waiting[0] if waiting else at]

    def _normal(self, at: int) -> str:
        """A statement, or a line of YAML, without comments and in single spaces."""
        end = self._starts[at + 1] if at + 1 < len(self._starts) else len(self._text)
        text = self._text[self._starts[at] : end]
        return " ".join(_COMMENT.sub(lambda found: found[1] or "", text).split())


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Where each line begins that is neither blank nor a comment, and how far it is indented."""
    start = 1 if text.startswith("\ufeff") else 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        first = start
        while first < end and text[first] in _BLANKS:
            first += 1
        if first < end and text[first] not in "#\r":
            yield start, first - start
        start = end + 1
