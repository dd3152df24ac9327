"""Print: a statement in its canonical form, on one line; parsing it again gives the same tree.

A statement is told in parts: words that stay whole, and lists that a layout may break. `format.py` lays the same parts
out on several lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from egresslang.ranges import show
from egresslang.record import record
from egresslang.source import Span
from egresslang.syntax import nodes
from egresslang.syntax.errors import QUOTES

_BARE = re.compile(r"(?![QUOTES])(?:\$?\$\{[^}\s]*\}|[^\s\",{}\[\]#])+".replace("QUOTES", QUOTES))

_T = TypeVar("_T")


@record
class Words:
    """Text that stays on one line, and where the words of it are written, but for its punctuation.

    `mark` is the punctuation that ends it, where something else than a word does: `{ } = >`.
    """

    text: str
    span: Span | None
    mark: str = ""


@record
class Listing:
    """Parts with commas between them; `closing` is what follows the last one, None where no brace does."""

    opening: Words
    items: tuple[Part, ...]
    closing: Part | None


Part = Words | Listing


def show_statement(statement: nodes.Statement) -> str:
    """The text of a statement, without a line end."""
    head, rest = parts(statement)
    return " ".join(map(show_part, head + rest))


def show_part(part: Part) -> str:
    """The text of a part on one line."""
    if isinstance(part, Words):
        return part.text
    items = ", ".join(map(show_part, part.items))
    if part.closing is None:
        return f"{part.opening.text} {items}"
    return f"{part.opening.text}{items}{show_part(part.closing)}"


def show_target(target: nodes.Target) -> str:
    """A destination without its port."""
    match target:
        case nodes.Host():
            return target.name
        case nodes.Wildcard():
            return f"*.{target.suffix}"
        case nodes.Network():
            text = show(target.version, target.first, target.prefix)
            return text if target.version == 4 else f"[{text}]"
        case nodes.Word():
            return f"{target.namespace}/{target.name}" if target.namespace else target.name
        case nodes.Anything():
            return "*"
        case nodes.Template():
            return target.text


def parts(statement: nodes.Statement) -> tuple[list[Part], list[Part]]:
    """Who may reach what, or what a set holds; and what is said about it: attributes and the outcome."""
    span = statement.span
    match statement:
        case nodes.NamespaceLine():
            return [Words(f"namespace {statement.name}", span)], []
        case nodes.WorkloadSet():
            opening = Words(f"workloads {statement.name} =", span.to(statement.name_span), "=")
            return [Listing(opening, tuple(map(_member, statement.members)), None)], []
        case nodes.HostSet():
            opening = Words(f"hosts {statement.name} =", span.to(statement.name_span), "=")
            return [Listing(opening, tuple(map(_entry, statement.entries)), None)], []
        case nodes.Mesh():
            services = tuple(
                Words(f"{each.namespace}/{each.name}" if each.namespace else each.name, each.span)
                for each in statement.services
            )
            head = [*_sources("mesh", span, statement.sources), Listing(Words("->", None, ">"), services, None)]
            return head, [_attribute(each) for each in statement.attributes]
        case nodes.Allow() | nodes.Deny() | nodes.Expect():
            keyword = type(statement).__name__.lower()
            head = [*_sources(keyword, span, statement.sources), *_destinations(statement.destinations)]
            rest = [_attribute(each) for each in statement.attributes]
            if isinstance(statement, nodes.Expect):
                rest.append(Words(statement.outcome, statement.outcome_span))
            return head, rest


def _sources(keyword: str, span: Span, sources: nodes.Sources) -> list[Part]:
    made = _braced(f"{keyword} ", span, sources.members, _member)
    return [made, _braced("except ", None, sources.excepted, _member)] if sources.excepted else [made]


def _member(member: nodes.Member) -> Words:
    match member:
        case nodes.WorkloadName():
            text = f"{member.namespace}/{member.name}" if member.namespace else member.name
        case nodes.AllWorkloads():
            text = "*" if member.namespace == "*" else f"{member.namespace}/*"
        case nodes.Labelled():
            labels = ", ".join(key if value is None else f"{key}={value}" for key, value in member.labels)
            text = f"{member.namespace}[{labels}]"
    return Words(text, member.span)


def _destinations(destinations: nodes.Destinations) -> list[Part]:
    entries, ports = destinations.entries, destinations.ports
    made: Part
    if len(entries) == 1 and not entries[0].ports:
        made = _entry(nodes.Entry(entries[0].target, ports, entries[0].span), "-> ")
    else:
        closing = _ports("}", ports, None) if ports else Words("}", None, "}")
        made = Listing(Words("-> {", None, "{"), tuple(map(_entry, entries)), closing)
    if destinations.holes:
        return [made, _braced("except ", None, destinations.holes, lambda hole: Words(show_target(hole), hole.span))]
    return [made]


def _entry(entry: nodes.Entry, before: str = "") -> Part:
    span = entry.target.span
    text = before + show_target(entry.target)
    return _ports(text, entry.ports, span) if entry.ports else Words(text, span)


def _ports(before: str, ports: Sequence[nodes.Port], span: Span | None) -> Part:
    """The ports of what stands before them, which is written at `span`."""
    return _braced(f"{before}:", span, ports, lambda port: Words(f"{port.number} {port.protocol}".rstrip(), port.span))


def _attribute(attribute: nodes.Attribute) -> Part:
    return _braced(f"{attribute.key}=", attribute.span, attribute.values, _value)


def _value(value: nodes.Value) -> Words:
    if _BARE.fullmatch(value.text):
        return Words(value.text, value.span)
    escaped = value.text.replace("\\", "\\\\").replace('"', '\\"')
    return Words(f'"{escaped}"', value.span)


def _braced(before: str, span: Span | None, items: Iterable[_T], show_item: Callable[[_T], Words]) -> Part:
    """One item behind what stands before it, or several in braces; `span` starts with what stands before, if it does."""
    made = tuple(map(show_item, items))
    if len(made) > 1:
        return Listing(Words(f"{before}{{", span, "{"), made, Words("}", None, "}"))
    (only,) = made
    return Words(before + only.text, only.span if span is None or only.span is None else span.to(only.span))
