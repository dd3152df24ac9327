"""Parse: text to statements, each on its own, so that a bad one does not hide the next."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from lark.exceptions import UnexpectedInput

from egresslang import codes, limits
from egresslang.findings import Finding, Label, finding
from egresslang.source import Source, Span
from egresslang.suggest import is_misspelling, nearest
from egresslang.syntax import errors, nodes
from egresslang.syntax.grammar import load
from egresslang.syntax.shapes import Plan, Shapes, Token
from egresslang.syntax.words import (
    is_label,
    port_node,
    read_bracketed,
    read_member,
    read_target,
)

KEYWORDS = ("namespace", "workloads", "hosts", "allow", "deny", "expect", "mesh")
"""The words a statement starts with."""

ATTRIBUTES = {
    "allow": ("region", "owner", "ticket", "expires", "reason", "address", "cluster"),
    "deny": ("owner", "ticket", "reason", "cluster"),
    "expect": ("address", "cluster"),
    "mesh": ("cluster", "reason"),
}
"""The attributes each statement takes."""

_KEYS = tuple(dict.fromkeys(key for keys in ATTRIBUTES.values() for key in keys))
_START = re.compile(r"^(?![ \t\r\n#])", re.MULTILINE)
_HOSTILE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]|\r(?!\n)"
)
_FIRST_WORD = re.compile(r"[^\s:={}\[\],\"]+|.")
_KEYWORD = re.compile(rf"(?:{'|'.join(KEYWORDS)})(?=\s|$)")


def parse(source: Source) -> tuple[nodes.File, list[Finding]]:
    """The statements of a file that parse, and a finding for each that does not."""
    found = _hostile(source)
    if found:
        return nodes.File(source, ()), found
    statements = []
    parser = _parser()
    text = source.text
    in_yaml = is_open = False
    for start, end in _cut(source, found):
        if len(found) > limits.STATEMENTS.now:
            message = f"`{source.name}` has more than {limits.STATEMENTS.shown} statements that do not parse"
            found.append(
                limits.over(limits.STATEMENTS, Span(source, start, start + 1), message, "the rest is not read")
            )
            break
        if not _KEYWORD.match(text, start):
            line = text[start:end].partition("\n")[0]
            is_yaml = errors.is_yaml(line)
            told = _unknown_statement(source, start, end)
            if not (in_yaml and is_yaml and told.span.start == start) and not (is_open and "->" not in line):
                found.append(told)
            in_yaml, is_open = is_yaml, False
            continue
        statement = parser.statement(source, start, end, found)
        in_yaml = False
        is_open = statement is None and not found[-1].span.text and text[found[-1].span.end : end] in ("\n", "\r\n")
        if statement is not None:
            statements.append(statement)
    return nodes.File(source, tuple(statements)), found


def _hostile(source: Source) -> list[Finding]:
    if len(source.text) > limits.POLICY_SIZE.now:
        message = f"`{source.name}` is larger than {limits.POLICY_SIZE.shown}"
        return [limits.over(limits.POLICY_SIZE, Span(source, 0, 0), message)]
    found: list[Finding] = []
    for match in _HOSTILE.finditer(source.text, 1 if source.text.startswith("\ufeff") else 0):
        is_line_end = match[0] == "\r"
        if is_line_end and any(each.span.text == "\r" for each in found):
            continue
        found.append(
            finding(
                codes.HOSTILE_TEXT,
                Span(source, match.start(), match.end()),
                f"{errors.character(match[0])} hides in the text",
                "people and programs read this line differently",
                help="end lines as Unix or Windows does: LF, or CR LF" if is_line_end else "remove the character",
            )
        )
        if len(found) == 20:
            break
    return found


def _cut(source: Source, found: list[Finding]) -> Iterator[tuple[int, int]]:
    """Start and end of each statement: from a first column to the next one."""
    text = source.text
    bom = 1 if text.startswith("\ufeff") else 0
    starts = [match.start() for match in _START.finditer(text, bom) if match.start() < len(text)]
    if bom and len(text) > 1 and text[1] not in " \t\r\n#" and starts[:1] != [1]:
        starts.insert(0, 1)
    head = text[bom : starts[0]] if starts else text[bom:]
    for line in re.finditer(r"[^\r\n]+", head):
        if (words := line[0].strip()) and not words.startswith("#"):
            start = bom + line.start() + len(line[0]) - len(line[0].lstrip())
            found.append(errors.indented(Span(source, start, bom + line.end())))
            break
    if starts:
        yield from zip(starts, [*starts[1:], len(text)], strict=True)


def _unknown_statement(source: Source, start: int, end: int) -> Finding:
    match = _FIRST_WORD.match(source.text, start, end)
    assert match
    word = match[0]
    span = Span(source, start, match.end())
    line = source.text[start:end].partition("\n")[0]
    if word not in KEYWORDS and errors.is_yaml(line):
        return errors.yaml(Span(source, start, start + len(line.rstrip())))
    if not word[0].isalpha():
        return errors.stray(span, line)
    if word in KEYWORDS:
        return errors.after_keyword(span, source.text[match.end() : end])
    if word in _KEYS and source.text.startswith("=", match.end()):
        return errors.not_indented(span)
    near = nearest(word.lower(), KEYWORDS, 0.7)
    keyword = next((keyword for keyword in KEYWORDS if word.startswith(keyword)), "")
    if keyword and not is_misspelling(word, keyword):
        return errors.no_space(keyword, span)
    fix = errors.instead(word, near, span)
    return finding(
        codes.UNKNOWN_WORD,
        span,
        f"`{word}` is not a statement",
        "a statement starts here",
        help=f"write `{near}`"
        if near
        else f"start with one of {', '.join(f'`{k}`' for k in KEYWORDS)}; indent a line that goes on",
        fix=fix,
    )


class _Statements:
    """Makes the nodes of statements, by a method for each rule; what is wrong with their words goes to `found`."""

    def __init__(self) -> None:
        self.shapes = Shapes(load(), self)
        self.found: list[Finding] = []

    def statement(self, source: Source, start: int, end: int, found: list[Finding]) -> nodes.Statement | None:
        """The statement in `[start, end)` of a source, or None after telling why there is none."""
        self.found = found
        before = len(found)
        try:
            plan, tokens = self.shapes.parse(source, start, end)
        except UnexpectedInput as problem:
            from egresslang.syntax import stuck

            found.append(stuck.explain(problem, source, start, end, _KEYS))
            return None
        made: nodes.Statement = self._made(plan, tokens)
        return made if len(found) == before else None

    def _made(self, plan: Plan, tokens: list[Token]) -> Any:
        make, parts = plan
        return make([tokens[each] if each.__class__ is int else self._made(each, tokens) for each in parts])

    def _tell(self, problem: Finding) -> None:
        self.found.append(problem)

    # Sources

    def member(self, children: list[Token]) -> Any:
        word = children[0]
        span = word.span
        member = errors.quoted(word.text, span) or read_member(word.text, span)
        if isinstance(member, Finding):
            self._tell(member)
        return member

    def labelled(self, children: list[Any]) -> Any:
        namespace = children[0].text if children[0].type == "WORD" else ""
        span = children[0].span.to(children[-1].span)
        if namespace not in ("", "*") and not is_label(namespace.removesuffix("/*")):
            self._tell(errors.not_a_namespace(namespace, children[0].span))
        labels = []
        for token in children[-2]:
            key, equals, value = token.text.partition("=")
            if not re.fullmatch(
                r"(?:[a-z0-9.-]+/)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", key
            ) or not re.fullmatch(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?", value):
                self._tell(errors.not_a_label(token.text, token.span))
            labels.append((key, value if equals else None))
        return nodes.Labelled(
            namespace.removesuffix("/*"), tuple(sorted(labels, key=lambda label: (label[0], label[1] or ""))), span
        )

    def labels(self, children: list[Token]) -> list[Token]:
        return children

    def sources(self, children: list[Any]) -> tuple[Any, ...]:
        return tuple(children)

    def members(self, children: list[Any]) -> tuple[tuple[Any, ...], Span]:
        if len(children) == 1:
            return (children[0],), children[0].span
        return children[1], children[0].span.to(children[2].span)

    def source(self, children: list[Any]) -> nodes.Sources:
        members, span = children[0]
        return nodes.Sources(members, (), span)

    def source_except(self, children: list[Any]) -> nodes.Sources:
        members, span = children[0]
        excepted, last = children[2]
        return nodes.Sources(members, excepted, span.to(last))

    # Destinations

    def host(self, children: list[Token]) -> Any:
        word = children[0]
        read = read_bracketed if word.type == "BRACKETED" else read_target
        span = word.span
        target = errors.shell(word.text, span) or errors.quoted(word.text, span) or read(word.text, span)
        if isinstance(target, Finding):
            self._tell(target)
        return target

    def port(self, children: list[Token]) -> Any:
        protocol = children[1].text if len(children) == 2 else ""
        number = children[0].span
        port = port_node(children[0].text, protocol, children[0].span.to(children[-1].span), number)
        if isinstance(port, Finding):
            self._tell(port)
        elif protocol and protocol not in nodes.PROTOCOLS:
            self._tell(errors.unknown_protocol(protocol, children[1].span))
        return port

    def ports(self, children: list[Any]) -> tuple[tuple[Any, ...], Span]:
        if len(children) == 1:
            return (children[0],), children[0].span
        return tuple(children[1:-1]), children[0].span.to(children[-1].span)

    def entry(self, children: list[Any]) -> nodes.Entry:
        if len(children) == 1:
            return nodes.Entry(children[0], (), children[0].span)
        ports, span = children[1]
        return nodes.Entry(children[0], ports, children[0].span.to(span))

    def entries(self, children: list[Any]) -> tuple[Any, ...]:
        return tuple(children)

    def target(self, children: list[Any]) -> nodes.Destinations:
        if len(children) == 1:
            entry = children[0]
            return nodes.Destinations((nodes.Entry(entry.target, (), entry.target.span),), entry.ports, (), entry.span)
        span = children[0].span.to(children[2].span)
        if len(children) == 3:
            return nodes.Destinations(children[1], (), (), span)
        ports, last = children[3]
        if both := next((entry for entry in children[1] if entry.ports), None):
            self._tell(errors.ports_twice(both.span, last))
        return nodes.Destinations(children[1], ports, (), span.to(last))

    def holes(self, children: list[Any]) -> tuple[tuple[Any, ...], Span]:
        if len(children) == 1:
            return (children[0],), children[0].span
        return tuple(children[1:-1]), children[0].span.to(children[-1].span)

    def destination(self, children: list[Any]) -> Any:
        return children[0]

    def destination_except(self, children: list[Any]) -> nodes.Destinations:
        target, (holes, last) = children[0], children[2]
        return nodes.Destinations(target.entries, target.ports, holes, target.span.to(last))

    # Attributes

    def value(self, children: list[Token]) -> nodes.Value:
        token = children[0]
        if token.type == "VALUE":
            if problem := errors.wrong_quotes(token.text, token.span):
                self._tell(problem)
            return nodes.Value(token.text, token.span)
        text = token.text[1:-1]
        if bad := re.search(r"\\(?![\"\\]).|\\(?![\"\\])$", re.sub(r"\\\\", "", text)):
            self._tell(errors.bad_escape(bad[0], token.span))
        return nodes.Value(re.sub(r"\\([\"\\])", r"\1", text) if "\\" in text else text, token.span)

    def attribute(self, children: list[Any]) -> nodes.Attribute:
        key: Token = children[0]
        value: nodes.Value = children[1]
        span = key.span
        if value.span.start > span.end and re.match(rf"(?:{'|'.join(_KEYS)})=", value.span.text):
            self._tell(errors.no_value(key.text[:-1], span))
        return nodes.Attribute(key.text[:-1], (value,), span.to(value.span))

    def attribute_list(self, children: list[Any]) -> nodes.Attribute:
        key: Token = children[0]
        return nodes.Attribute(key.text[:-1], tuple(children[2:-1]), key.span.to(children[-1].span))

    def attributes(self, children: list[Any]) -> tuple[Any, ...]:
        return tuple(children)

    def _attributes(self, statement: str, attributes: tuple[nodes.Attribute, ...]) -> tuple[nodes.Attribute, ...]:
        seen: dict[str, nodes.Attribute] = {}
        for attribute in attributes:
            if attribute.key not in ATTRIBUTES[statement]:
                self._tell(errors.unknown_attribute(attribute, statement, ATTRIBUTES))
            elif attribute.key in seen:
                self._tell(
                    finding(
                        codes.BAD_VALUE,
                        attribute.span,
                        f"`{attribute.key}=` is given twice",
                        "again here",
                        [Label(seen[attribute.key].span, "first here")],
                        help="keep one of the two",
                    )
                )
            seen.setdefault(attribute.key, attribute)
        return attributes

    # Statements

    def namespace(self, children: list[Token]) -> nodes.NamespaceLine:
        name = children[1].text
        if not is_label(name):
            self._tell(errors.not_a_namespace(name, children[1].span))
        return nodes.NamespaceLine(name, children[0].span.to(children[1].span))

    def workload_set(self, children: list[Any]) -> nodes.WorkloadSet:
        name = self._set_name(children[1])
        return nodes.WorkloadSet(name, children[2], children[1].span, children[0].span.to(children[2][-1].span))

    def host_set(self, children: list[Any]) -> nodes.HostSet:
        name = self._set_name(children[1])
        return nodes.HostSet(name, children[2], children[1].span, children[0].span.to(children[2][-1].span))

    def _set_name(self, token: Token) -> str:
        if not is_label(token.text):
            self._tell(errors.not_a_set_name(token.text, token.span))
        return token.text

    def _rule(self, make: Callable[..., Any], statement: str, children: list[Any]) -> Any:
        keyword, sources, destinations, attributes = children
        last = attributes[-1].span if attributes else destinations.span
        return make(sources, destinations, self._attributes(statement, attributes), keyword.span.to(last))

    def allow(self, children: list[Any]) -> Any:
        return self._rule(nodes.Allow, "allow", children)

    def deny(self, children: list[Any]) -> Any:
        return self._rule(nodes.Deny, "deny", children)

    def outcome(self, children: list[Token]) -> Token:
        return children[0]

    def expect(self, children: list[Any]) -> nodes.Expect:
        keyword, sources, destinations, before, outcome, after = children
        attributes = self._attributes("expect", before + after)
        last = after[-1].span if after else outcome.span
        said = outcome.span
        return nodes.Expect(sources, destinations, attributes, outcome.text, keyword.span.to(last), said)

    def services(self, children: list[Token]) -> tuple[nodes.Service, ...]:
        services = []
        for token in children:
            namespace, _, name = token.text.rpartition("/")
            if (namespace and not is_label(namespace)) or not (is_label(name) or (name == "*" and namespace)):
                self._tell(errors.not_a_service(token.text, token.span))
            services.append(nodes.Service(namespace, name, token.span))
        return tuple(services)

    def mesh(self, children: list[Any]) -> nodes.Mesh:
        keyword, sources, services, attributes = children
        last = attributes[-1].span if attributes else services[-1].span
        return nodes.Mesh(sources, services, self._attributes("mesh", attributes), keyword.span.to(last))


_made: list[_Statements] = []


def _parser() -> _Statements:
    if not _made:
        _made.append(_Statements())
    return _made[0]
