"""Repeated: what a list names twice. (A destination of an allow that is listed twice is found with all that adds no flow.)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from egresslang import codes
from egresslang.findings import Edit, Finding, Fix, Label, finding
from egresslang.source import Span
from egresslang.syntax import nodes

_Item = nodes.Member | nodes.Target | nodes.Entry | nodes.Port | nodes.Service


def repeated(statement: nodes.Statement) -> Iterator[Finding]:
    """Each word of a list in a statement that stands there already."""
    for items in _lists(statement):
        if len(items) < 2:
            continue
        first: dict[_Item, _Item] = {}
        for before, item in zip((None, *items), items, strict=False):
            same = first.setdefault(item, item)
            if before is not None and same is not item:
                yield _twice(item.span, same.span, Span(item.span.source, before.span.end, item.span.end))


def _lists(statement: nodes.Statement) -> Iterator[Sequence[_Item]]:
    if isinstance(statement, nodes.WorkloadSet):
        yield statement.members
    elif isinstance(statement, nodes.HostSet):
        yield statement.entries
        yield from (entry.ports for entry in statement.entries)
    elif isinstance(statement, nodes.Mesh):
        yield from (statement.sources.members, statement.services)
    elif not isinstance(statement, nodes.NamespaceLine):
        where = statement.destinations
        yield from (statement.sources.members, statement.sources.excepted, where.ports, where.holes)
        yield from (entry.ports for entry in where.entries)
        if not isinstance(statement, nodes.Allow):
            yield where.entries


def _twice(span: Span, first: Span, rest: Span) -> Finding:
    """`rest` reaches from what stands before the word to its end: with a comment in it people remove it themselves."""
    fix = None if "#" in rest.text else Fix("remove it from the list", (Edit(rest, ""),), safe=True)
    return finding(
        codes.REDUNDANT,
        span,
        f"`{' '.join(span.text.split())}` is listed twice",
        "adds nothing",
        [Label(first, "first here")],
        help="remove it from the list",
        fix=fix,
    )
