"""Fixes: changes that findings offer, and the words that a policy may leave to its readers, applied to its text.

Only what cannot widen a policy is applied by itself. Of two changes that overlap the first is applied; the other may
come up again when the changed text is looked at. What is written behind a text goes with it when that text is removed.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence

from egresslang.findings import Edit, Finding, Fix
from egresslang.record import replace
from egresslang.source import Source, Span
from egresslang.suppression import read_suppressions, without_comment
from egresslang.syntax import nodes
from egresslang.syntax.print import show_target

MOST_ROUNDS = 100
"""How often a policy is looked at again after changes: each round makes one at least, and few are ever needed."""


def safe(found: Iterable[Finding]) -> Iterator[Fix]:
    """The changes that findings offer and that cannot widen the policy, of what is found in all clusters alike."""
    for each in found:
        if each.fix is not None and each.fix.safe and not each.cluster:
            yield each.fix


def with_suppressions(changes: Iterable[Fix], files: Iterable[nodes.File]) -> Iterator[Fix]:
    """The changes, where a statement goes with its suppressions: above the next statement they would silence that."""
    above: dict[tuple[int, int], dict[int, Span]] = {}
    for each in read_suppressions(files)[0]:
        statement, comment = each.statement_span, each.comment_span
        if statement is not None and comment.end <= statement.start:
            above.setdefault((id(statement.source), statement.start), {})[comment.start] = comment
    for change in changes:
        more = [
            without_comment(comment)
            for edit in change.edits
            if not edit.text and edit.span.start < edit.span.end
            for comment in above.get((id(edit.span.source), edit.span.start), {}).values()
        ]
        yield replace(change, edits=(*change.edits, *more)) if more else change


def written_out(files: Iterable[nodes.File]) -> Iterator[Fix]:
    """What statements leave to their readers: the default protocol of an allow, and hosts in lower case.

    The ports of a set stay as they are: in a `deny` that uses it a missing protocol means any.
    """
    for file in files:
        for statement in file.statements:
            if isinstance(statement, nodes.Allow):
                ports = [port for entry in statement.destinations.entries for port in entry.ports]
                for port in [*ports, *statement.destinations.ports]:
                    if not port.protocol and (protocol := nodes.DEFAULT_PROTOCOLS.get(port.number)):
                        end = Span(port.span.source, port.span.end, port.span.end)
                        yield Fix(f"write `{protocol}`", (Edit(end, f" {protocol}"),), safe=True)
            for target in _targets(statement):
                written = target.span.text
                if isinstance(target, nodes.Host | nodes.Wildcard) and written.isascii() and written != written.lower():
                    yield Fix("write it in lower case", (Edit(target.span, show_target(target)),), safe=True)


def _targets(statement: nodes.Statement) -> Iterator[nodes.Target]:
    if isinstance(statement, nodes.HostSet):
        yield from (entry.target for entry in statement.entries)
    elif isinstance(statement, nodes.Allow | nodes.Deny | nodes.Expect):
        yield from (entry.target for entry in statement.destinations.entries)
        yield from statement.destinations.holes


def apply(sources: Sequence[Source], fixes: Iterable[Fix]) -> tuple[list[Source], int]:
    """The sources with the changes made, and how many were: each as a whole, or not at all where it overlaps another."""
    edits: dict[int, list[tuple[int, int, str]]] = {id(source): [] for source in sources}
    made = 0
    for fix in fixes:
        mine = [(id(edit.span.source), (edit.span.start, edit.span.end, edit.text)) for edit in fix.edits]
        if all(source in edits and not _overlaps(edits[source], edit) for source, edit in mine):
            made += 1
            for source, edit in mine:
                insort(edits[source], edit)
    return [_changed(source, edits[id(source)]) for source in sources], made


def _overlaps(edits: list[tuple[int, int, str]], edit: tuple[int, int, str]) -> bool:
    at = bisect_left(edits, (edit[0], -1, ""))
    return any(_meet(edit, other) or _meet(other, edit) for other in edits[max(0, at - 1) : at + 2])


def _meet(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    """Whether two edits change the same text, or the second is written right behind what the first removes."""
    start, end, text = one
    is_behind = not text and start < end == other[0] == other[1]
    return (start, end) == other[:2] or (start < other[1] and other[0] < end) or is_behind


def _changed(source: Source, edits: Sequence[tuple[int, int, str]]) -> Source:
    if not edits:
        return source
    parts, at = [], 0
    for start, end, text in edits:
        parts += [source.text[at:start], text]
        at = end
    return Source(source.name, "".join([*parts, source.text[at:]]), source.path)


def diff(before: Source, after: Source) -> str:
    """What a change made of a text, as a unified diff; empty when nothing."""
    from difflib import unified_diff

    from egresslang.report.display import shown

    lines = []
    for line in unified_diff(_lines(before), _lines(after), shown(before.name), shown(after.name)):
        lines.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(lines)


def _lines(source: Source) -> list[str]:
    parts = source.text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
