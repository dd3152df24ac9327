"""Print: a statement in its canonical form, on one line; parsing it again gives the same tree."""

from __future__ import annotations

import re
from collections.abc import Iterable

from egresslang.ranges import show
from egresslang.syntax import nodes
from egresslang.syntax.errors import QUOTES

_BARE = re.compile(r"(?![QUOTES])(?:\$?\$\{[^}\s]*\}|[^\s\",{}\[\]#])+".replace("QUOTES", QUOTES))


def show_statement(statement: nodes.Statement) -> str:
    """The text of a statement, without a line end."""
    match statement:
        case nodes.NamespaceLine():
            return f"namespace {statement.name}"
        case nodes.WorkloadSet():
            return f"workloads {statement.name} = {', '.join(map(_member, statement.members))}"
        case nodes.HostSet():
            return f"hosts {statement.name} = {', '.join(map(_entry, statement.entries))}"
        case nodes.Mesh():
            services = ", ".join(f"{s.namespace}/{s.name}" if s.namespace else s.name for s in statement.services)
            return " ".join(
                [f"mesh {_sources(statement.sources)} -> {services}", *map(_attribute, statement.attributes)]
            )
        case nodes.Allow() | nodes.Deny() | nodes.Expect():
            keyword = type(statement).__name__.lower()
            words = [f"{keyword} {_sources(statement.sources)} -> {_destinations(statement.destinations)}"]
            words += map(_attribute, statement.attributes)
            if isinstance(statement, nodes.Expect):
                words.append(statement.outcome)
            return " ".join(words)


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


def _sources(sources: nodes.Sources) -> str:
    shown = _braced(map(_member, sources.members))
    return f"{shown} except {_braced(map(_member, sources.excepted))}" if sources.excepted else shown


def _member(member: nodes.Member) -> str:
    match member:
        case nodes.WorkloadName():
            return f"{member.namespace}/{member.name}" if member.namespace else member.name
        case nodes.AllWorkloads():
            return "*" if member.namespace == "*" else f"{member.namespace}/*"
        case nodes.Labelled():
            labels = ", ".join(key if value is None else f"{key}={value}" for key, value in member.labels)
            return f"{member.namespace}[{labels}]"


def _destinations(destinations: nodes.Destinations) -> str:
    entries = destinations.entries
    shown = (
        _entry(entries[0]) if len(entries) == 1 and not entries[0].ports else f"{{{', '.join(map(_entry, entries))}}}"
    )
    if destinations.ports:
        shown += _ports(destinations.ports)
    if destinations.holes:
        shown += f" except {_braced(map(show_target, destinations.holes))}"
    return shown


def _entry(entry: nodes.Entry) -> str:
    return show_target(entry.target) + (_ports(entry.ports) if entry.ports else "")


def _ports(ports: Iterable[nodes.Port]) -> str:
    return ":" + _braced(f"{port.number} {port.protocol}".rstrip() for port in ports)


def _attribute(attribute: nodes.Attribute) -> str:
    return f"{attribute.key}={_braced(map(_value, attribute.values))}"


def _value(value: nodes.Value) -> str:
    if _BARE.fullmatch(value.text):
        return value.text
    escaped = value.text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _braced(items: Iterable[str]) -> str:
    shown = list(items)
    return shown[0] if len(shown) == 1 else f"{{{', '.join(shown)}}}"
