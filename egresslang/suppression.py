"""Suppression: `# egressc: ignore EGR302, EGR303 -- why` silences warnings and notes of one statement, with a reason.

It stands on a line of the statement, or in the comment lines directly above it. An error is never silenced, a finding
that is silenced is counted, and a suppression that silences nothing is a finding itself. What holds for several
statements and is told once is told at the first that does not silence it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence

from egresslang import codes
from egresslang.findings import Code, Edit, Finding, Fix, Severity, errors, finding
from egresslang.record import record, replace
from egresslang.source import Source, Span
from egresslang.suggest import nearest
from egresslang.syntax import nodes
from egresslang.syntax.comments import DIRECTIVE, end_of, is_heard

_PARTS = re.compile(r"#[ \t]*egressc(?P<colon>:?)[ \t]*(?P<verb>[^\s,]*)[ \t]*(?P<codes>.*)")
_REASON = re.compile(r"(?:^|[ \t])--(?:[ \t]+(?P<why>\S.*))?$")
_OTHER_DASH = re.compile(r"(?:^|[ \t])(?P<dash>[-–—:])(?=[ \t]+\S)")
_CODE = re.compile(r"[^\s,]+")
_ID = re.compile(r"[A-Za-z]{3}[-_ ]?(\d{3})")

_BY_ID = {code.id: code for code in codes.ALL}
_BY_NAME = {code.name: code for code in codes.ALL}


@record
class Silenced:
    """One code in one suppression: where the code and the whole comment stand, the reason, and the statement's place."""

    code: Code
    reason: str
    span: Span
    comment_span: Span
    statement_span: Span | None


def read_suppressions(files: Iterable[nodes.File]) -> tuple[list[Silenced], list[Finding]]:
    """The suppressions of policy files in the order of their places, and what is wrong with any."""
    silenced: list[Silenced] = []
    found: list[Finding] = []
    for file in files:
        if "egressc" in file.source.text:
            statements = _Statements(file)
            for comment in _comments(file.source):
                silenced += _read(comment, statements.of(comment), found)
    return silenced, found


def suppress(
    found: Sequence[Finding], silenced: Sequence[Silenced], looked_at: Collection[tuple[str, int, int]] | None
) -> tuple[list[Finding], list[Finding]]:
    """The findings that are told and those that are suppressed, each of these with its reason.

    Suppressions that silence nothing are told when nothing is wrong that could have kept a rule from looking.
    `looked_at` are the places of the statements that hold in a cluster of the run: rules for others are not judged, and
    none is without it.
    """
    if not silenced:
        return list(found), []
    by_code: dict[tuple[str, str], _Places] = {}
    for each in silenced:
        by_code.setdefault((each.span.source.name, each.code.id), _Places()).add(each)
    used: set[int] = set()

    def reason_for(code: Code, place: Span) -> str:
        places = by_code.get((place.source.name, code.id))
        candidate = places.of(place.start) if places is not None else None
        if candidate is None:
            return ""
        used.add(id(candidate))
        return candidate.reason

    kept: list[Finding] = []
    quiet: list[Finding] = []

    def sort(these: Iterable[Finding]) -> None:
        for each in these:
            left = []
            for place in (each.span, *each.elsewhere):
                if each.severity is not Severity.ERROR and (reason := reason_for(each.code, place)):
                    quiet.append(replace(each.at([place]), suppressed=reason))
                else:
                    left.append(place)
            if left:
                kept.append(each if left[0] is each.span and not each.elsewhere else each.at(left))

    sort(found)
    if looked_at is not None and not errors(found):
        last = codes.UNUSED_SUPPRESSION  # one that silences this very finding is judged after all others
        judged = [each for each in silenced if _is_judged(each, looked_at)]
        sort(_unused([each for each in judged if each.code is not last], judged, used))
        kept += _unused([each for each in judged if each.code is last], judged, used)
    return kept, quiet


class _Places:
    """The suppressions of one code in a file: which one holds at an offset.

    Statements do not overlap, nor do comments, so of each the last that starts before an offset is looked at. They come
    in the order of their places.
    """

    def __init__(self) -> None:
        self._statements: list[tuple[Span, Silenced]] = []
        self._comments: list[tuple[Span, Silenced]] = []

    def add(self, each: Silenced) -> None:
        """Have one more; of those of one statement the first is the one that silences."""
        statement = each.statement_span
        if statement is not None and (not self._statements or self._statements[-1][0].start < statement.start):
            self._statements.append((statement, each))
        self._comments.append((each.comment_span, each))

    def of(self, offset: int) -> Silenced | None:
        """The suppression in whose statement, or else in whose comment, an offset lies."""
        for some in (self._statements, self._comments):
            at = bisect_right(some, offset, key=lambda held: held[0].start) - 1
            if at >= 0 and offset <= some[at][0].end:
                return some[at][1]
        return None


def _is_judged(each: Silenced, places: Collection[tuple[str, int, int]]) -> bool:
    """Whether the rule of a suppression was looked at: not when it holds in other clusters only, or no longer, and not for
    what only observed traffic tells.
    """
    if each.code in codes.OF_TRAFFIC:
        return False
    return each.statement_span is None or each.statement_span.place in places


def _unused(some: Iterable[Silenced], judged: Sequence[Silenced], used: set[int]) -> Iterator[Finding]:
    busy = {id(each.comment_span) for each in judged if id(each) in used}
    for each in some:
        if id(each) in used:
            continue
        is_whole = id(each.comment_span) not in busy
        edit = without_comment(each.comment_span) if is_whole else _without_code(each)
        title = "remove the suppression" if is_whole else f"remove `{each.code.id}`"
        yield finding(
            codes.UNUSED_SUPPRESSION,
            each.span,
            f"nothing here is `{each.code.id}`",
            f"no {each.code.name} in this statement"
            if each.statement_span is not None
            else "no statement on this line or below it",
            help="remove it: it would silence what nobody has seen yet",
            fix=Fix(title, (edit,), safe=True),
        )


def without_comment(comment: Span) -> Edit:
    """Takes a comment away, with the white space before it, and its line if nothing else stands there."""
    text, start, end = comment.source.text, comment.start, comment.end
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    if start == 0 or text[start - 1] == "\n":
        line_end = re.compile(r"\r?\n").match(text, end)
        end = line_end.end() if line_end else end
    return Edit(Span(comment.source, start, end), "")


def _without_code(each: Silenced) -> Edit:
    """Takes a code out of a list, with the comma that goes with it."""
    text, span = each.span.source.text, each.span
    if after := re.compile(r"[ \t]*,[ \t]*|[ \t]+(?!--)").match(text, span.end):
        return Edit(Span(span.source, span.start, after.end()), "")
    start = span.start
    while text[start - 1] in " \t,":
        start -= 1
    return Edit(Span(span.source, start, span.end), "")


def _comments(source: Source) -> Iterator[Span]:
    """The comments of a file, or the parts of them, that speak to egressc."""
    for match in DIRECTIVE.finditer(source.text):
        line_start = source.text.rfind("\n", 0, match.start()) + 1
        if is_heard(source.text[line_start : match.end()], match.start() - line_start):
            yield Span(source, match.start(), match.start() + len(match[0].rstrip()))


class _Statements:
    """The statements of a file, and which one a comment is about."""

    def __init__(self, file: nodes.File) -> None:
        self.source = file.source
        self.spans = [statement.span for statement in file.statements]
        self.starts = [span.start for span in self.spans]
        stops = [*self.starts[1:], len(file.source.text)]
        self.ends = [end_of(each, stop) for each, stop in zip(file.statements, stops, strict=False)]
        self._tops: dict[int, int] = {}

    def of(self, comment: Span) -> Span | None:
        """The statement on whose lines a comment stands, or the one that starts right below its comment lines."""
        line, column = self.source.position(comment.start)
        at = bisect_right(self.starts, comment.start) - 1
        if at >= 0 and line <= self.source.position(self.ends[at])[0]:
            return self.spans[at]
        is_alone = not self.source.line(line)[: column - 1].strip(" \t\ufeff")
        return self.spans[at + 1] if is_alone and at + 1 < len(self.spans) and line >= self._top(at + 1) else None

    def _top(self, at: int) -> int:
        """The first of the comment lines directly above a statement, or its own first line."""
        if at not in self._tops:
            line = self.source.position(self.starts[at])[0]
            while line > 1 and self.source.line(line - 1).lstrip(" \t\ufeff").startswith("#"):
                line -= 1
            self._tops[at] = line
        return self._tops[at]


def _parts(comment: Span) -> re.Match[str]:
    match = _PARTS.match(comment.text)
    assert match
    return match


def _read(comment: Span, statement: Span | None, found: list[Finding]) -> Iterator[Silenced]:
    parts = _parts(comment)
    if parts["verb"] != "ignore" or not parts["colon"]:
        there = Span(comment.source, comment.start, comment.start + parts.start("codes"))
        found.append(
            _bad(comment, f"`{there.text.rstrip()}` is not a suppression", "written as `# egressc: ignore`",
                 "write `# egressc: ignore EGR302 -- why`")
        )  # fmt: skip
        return
    listed, reason = parts["codes"], ""
    if match := _REASON.search(listed):
        listed, reason = listed[: match.start()], match["why"] or ""
    elif other := _OTHER_DASH.search(listed):
        start = comment.start + parts.start("codes") + other.start("dash")
        found.append(_other_dash(Span(comment.source, start, start + 1)))
        listed, reason = listed[: other.start()], listed[other.end() :].strip()
    if not reason:
        found.append(
            _bad(comment, "a suppression without a reason", "why is this no mistake?", "say why, as in `-- the vendor shards its hosts`")
        )  # fmt: skip
    words = list(_CODE.finditer(listed))
    if not words:
        found.append(_bad(comment, "a suppression without a code", "of which finding?", "name its code, as in `ignore EGR302`"))  # fmt: skip
    for word in words:
        start = comment.start + parts.start("codes") + word.start()
        span = Span(comment.source, start, start + len(word[0]))
        code = _BY_ID.get(word[0])
        if code is None:
            found.append(_unknown(word[0], span))
        elif not code.is_silenceable:
            found.append(
                finding(codes.BAD_SUPPRESSION, span, f"`{code.id}` is an error, which nothing silences", code.name,
                        help="mend what it finds, and remove the suppression")
            )  # fmt: skip
        else:  # what is silenced without a reason is told once, as that
            yield Silenced(code, reason or "no reason is given", span, comment, statement)


def _unknown(word: str, span: Span) -> Finding:
    """A word that is no code: the code that it certainly means is written by the fix."""
    match = _ID.fullmatch(word)
    code = (_BY_ID.get(f"EGR{match[1]}") if match else None) or _BY_NAME.get(word.lower())
    fix = Fix(f"write `{code.id}`", (Edit(span, code.id),), safe=True) if code else None
    near = code.id if code else nearest(word, [each.id for each in codes.ALL if each.is_silenceable])
    help = f"write `{near}`" if near else "write the code of a warning or note, as its finding shows it"
    return finding(codes.BAD_SUPPRESSION, span, f"`{word}` is not a code", "the code of a finding", help=help, fix=fix)


def _other_dash(span: Span) -> Finding:
    """A reason after something else than two dashes."""
    return finding(codes.BAD_SUPPRESSION, span, f"`{span.text}` where `--` belongs", "the reason comes after `--`",
                   help="write `--`", fix=Fix("write `--`", (Edit(span, "--"),), safe=True))  # fmt: skip


def _bad(span: Span, message: str, label: str, help: str) -> Finding:
    return finding(codes.BAD_SUPPRESSION, span, message, label, help=help)
