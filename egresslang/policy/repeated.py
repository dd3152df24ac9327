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
    if "," not in statement.span.text:
        return  # most statements: no list of several items
    for items in _lists(statement):
        first: dict[_Item, _Item] = {}
        for before, item in zip((None, *items), items, strict=False):
            same = first.setdefault(item, item)
            if before is not None and same is not item:
                yield _twice(item.span, same.span, Span(item.span.source, before.span.end, item.span.end))


def _lists(statement: nodes.Statement) -> list[Sequence[_Item]]:
    """The lists of a statement that have several items."""
    lists: list[Sequence[_Item]] = []
    if isinstance(statement, nodes.WorkloadSet):
        lists = [statement.members]
    elif isinstance(statement, nodes.HostSet):
        lists = [statement.entries, *[entry.ports for entry in statement.entries]]
    elif isinstance(statement, nodes.Mesh):
        lists = [statement.sources.members, statement.services]
    elif not isinstance(statement, nodes.NamespaceLine):
        who, where = statement.sources, statement.destinations
        lists = [who.members, who.excepted, where.ports, where.holes, *[entry.ports for entry in where.entries]]
        if not isinstance(statement, nodes.Allow):
            lists.append(where.entries)
    return [items for items in lists if len(items) > 1]


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
