"""The text format: each finding with the lines it is about, for people at a terminal.

```
error[EGR204]: `api.example.com:443` is both tls and tcp in namespace `recipes`
  --> recipes.egress:7:14
   |
 3 | allow idgen -> api.example.com:443 tls
   |                ----------------------- tls here
...
 7 | allow etl -> api.example.com:443 tcp
   |              ^^^^^^^^^^^^^^^^^^^^^^^ tcp here
   |
   = note: a sidecar has one ServiceEntry port for it; one of the two workloads would be blocked
   = help: use tls for both, or another port
```
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from egresslang.findings import Finding, Label, Severity
from egresslang.report import Checked, Context
from egresslang.report.color import Paint, painter
from egresslang.report.display import columns, shown, wrap
from egresslang.report.excerpt import RELATED, Mark, Row, Segment, draw, marks
from egresslang.source import Source

_LINE = 240  # columns of a source line that are shown when no terminal sets a limit
_NARROWEST = 24  # columns of a title, a source line and, four less, of a note that are shown on any terminal


def report(findings: Sequence[Finding], context: Context) -> str:
    """The findings in full and, in the last line, their count."""
    text = render(findings, color=context.color, width=context.width)
    return text + ("\n" if text else "") + summary(findings, context.checked) + "\n"


def render(findings: Iterable[Finding], *, color: bool = False, width: int | None = None) -> str:
    """The findings in full, in the order given, with a blank line between them.

    `width` is that of the terminal in columns: notes are wrapped and long source lines cut to it.
    """
    paint = painter(color)
    return "\n".join(["\n".join([*_finding(each, paint, width), ""]) for each in findings])


def summary(findings: Iterable[Finding], checked: Checked) -> str:
    """One line: `2 errors, 1 warning in 3 files`, or `no findings: 12 rules in 3 files`."""
    counts = dict.fromkeys(sorted(Severity, reverse=True), 0)
    for each in findings:
        counts[each.severity] += 1
    told = ", ".join(_count(number, str(severity)) for severity, number in counts.items() if number)
    files = f"in {_count(checked.files, 'file')}"
    rules = "" if checked.rules is None else f": {_count(checked.rules, 'rule')}"
    line = f"{told or f'no findings{rules}'} {files}"
    silent = {"suppressed": checked.suppressed, "hidden": checked.hidden}
    unseen = ", ".join(f"{number} {word}" for word, number in silent.items() if number)
    return f"{line} ({unseen})" if unseen else line


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _finding(finding: Finding, paint: Paint, width: int | None) -> Iterator[str]:
    severity = str(finding.severity)
    blocks = _blocks(finding, severity)
    digits = max((len(str(mark.line)) for _, marked in blocks.values() for mark in marked), default=1)
    bar = paint("gutter", " " * (digits + 2) + "|")
    limit = _LINE if width is None else max(_NARROWEST, width - digits - 4)
    yield from _title(severity, finding, paint, width)
    for source, (place, marked) in blocks.items():
        if source is finding.span.source:
            arrow = "-->"
        else:
            arrow = ":::"
            yield bar
        yield " " * (digits + 1) + paint("gutter", arrow) + f" {place}"
        if marked:
            yield bar
        for row in draw(source, marked, limit, None if width is None else limit):
            yield _row(row, digits, paint)
    remarks = list(_remarks(finding))
    if remarks:
        yield bar
    for word, text in remarks:
        yield from _remark(word, text, digits, paint, width)


def _title(severity: str, finding: Finding, paint: Paint, width: int | None) -> list[str]:
    """The code, the message and the cluster, in as many lines as the terminal needs."""
    code = f"{severity}[{finding.code.id}]"
    message = shown(f"{code}: {finding.message}")
    first, *others = wrap(message, None if width is None else max(_NARROWEST, width - 2))
    last = f"  {others[-1]}" if others else first
    cluster = f"(cluster {shown(finding.cluster)})" if finding.cluster else ""
    lines = [paint(severity, code) + paint("strong", first.removeprefix(code))]
    lines += ["  " + paint("strong", line) for line in others]
    if cluster and width is not None and columns(f"{last} {cluster}") > width:
        lines.append(f"  {cluster}")
    elif cluster:
        lines[-1] += f" {cluster}"
    return lines


def _blocks(finding: Finding, severity: str) -> dict[Source, tuple[str, list[Mark]]]:
    """For each source, the finding's own first: the place that it is named by, and its marks, none in a Secret."""
    blocks: dict[Source, tuple[str, list[Mark]]] = {}
    own = (Label(finding.span, finding.label), severity)
    for label, style in (own, *((related, RELATED) for related in finding.related)):
        name, line, column = label.span.place
        _, marked = blocks.setdefault(label.span.source, (f"{shown(name)}:{line}:{column}", []))
        marked += [] if label.span.is_secret else marks(label, style)
    return blocks


def _row(row: Row, digits: int, paint: Paint) -> str:
    left, segments = row
    if left == "...":
        return paint("gutter", left)
    gutter = paint("gutter", f" {left:>{digits}} |")
    return f"{gutter} {_laid_out(segments, paint)}" if segments else gutter


def _laid_out(segments: list[Segment], paint: Paint) -> str:
    """Segments at their columns; only the last can hold anything wider than its code points."""
    parts = []
    column = 0
    for at, style, text in segments:
        parts.append(" " * (at - column) + paint(style, text))
        column = at + len(text)
    return "".join(parts)


def _remarks(finding: Finding) -> Iterator[tuple[str, str]]:
    for note in finding.notes:
        yield "note", note
    if finding.help:
        yield "help", finding.help
    if finding.fix is not None and finding.fix.safe:
        yield "fix", finding.fix.title


def _remark(word: str, text: str, digits: int, paint: Paint, width: int | None) -> Iterator[str]:
    indent = digits + 2 + len(f"= {word}: ")
    first, *others = wrap(text, None if width is None else max(_NARROWEST - 4, width - indent))
    yield " " * (digits + 2) + paint("gutter", "=") + " " + paint("strong", f"{word}:") + f" {first}"
    for line in others:
        yield (" " * indent + line).rstrip()
