"""Parse: text to statements, each on its own, so that a bad one does not hide the next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lark.exceptions import UnexpectedInput

from egresslang import codes, limits
from egresslang.findings import Finding, Label, finding
from egresslang.source import Source, Span
from egresslang.suggest import is_misspelling, nearest
from egresslang.syntax import errors, nodes
from egresslang.syntax.grammar import load
from egresslang.syntax.shapes import Shapes
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
_HOSTILE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff](?!(?<=\r)\n)"
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
    most = limits.STATEMENTS.now
    for start, end in _cut(source, found):
        if len(found) > most:
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
    begins = [max(start, bom) for start in source.line_starts]
    starts = [start for start in begins if start < len(text) and text[start] not in " \t\r\n#"]
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
            made: nodes.Statement = self.shapes.parse(source, start, end)
        except UnexpectedInput as problem:
            from egresslang.syntax import stuck

            found.append(stuck.explain(problem, source, start, end, _KEYS))
            return None
        return made if len(found) == before else None

    def _tell(self, problem: Finding) -> None:
        self.found.append(problem)

    # Sources

    def member(self, word: Span) -> Any:
        text = word.text
        member = read_member(text, word)
        if isinstance(member, Finding):
            self._tell(errors.quoted(text, word) or member)
        return member

    def labelled(self, *children: Any) -> Any:
        first, labels_of, last = children[0], children[-2], children[-1]
        namespace = first.text if len(children) == 4 else ""
        if namespace not in ("", "*") and not is_label(namespace.removesuffix("/*")):
            self._tell(errors.not_a_namespace(namespace, first))
        labels = []
        for span in labels_of:
            text = span.text
            key, equals, value = text.partition("=")
            if not re.fullmatch(
                r"(?:[a-z0-9.-]+/)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", key
            ) or not re.fullmatch(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?", value):
                self._tell(errors.not_a_label(text, span))
            labels.append((key, value if equals else None))
        return nodes.Labelled(
            namespace.removesuffix("/*"),
            tuple(sorted(labels, key=lambda label: (label[0], label[1] or ""))),
            first.to(last),
        )

    def labels(self, *labels: Span) -> tuple[Span, ...]:
        return labels

    def sources(self, *members: Any) -> tuple[Any, ...]:
        return members

    def members(self, first: Any, members: tuple[Any, ...] = (), last: Span | None = None) -> tuple[Any, Span]:
        return (members, first.to(last)) if last else ((first,), first.span)

    def source(self, written: tuple[Any, Span]) -> nodes.Sources:
        members, span = written
        return nodes.Sources(members, (), span)

    def source_except(self, written: tuple[Any, Span], _: Span, cut: tuple[Any, Span]) -> nodes.Sources:
        (members, span), (excepted, last) = written, cut
        return nodes.Sources(members, excepted, span.to(last))

    # Destinations

    def host(self, word: Span) -> Any:
        text = word.text
        target = read_bracketed(text, word) if text[0] == "[" else read_target(text, word)
        if isinstance(target, (Finding, nodes.Template)):
            target = errors.shell(text, word) or errors.quoted(text, word) or target
            if isinstance(target, Finding):
                self._tell(target)
        return target

    def port(self, number: Span, word: Span | None = None) -> Any:
        protocol = word.text if word else ""
        port = port_node(number.text, protocol, number.to(word) if word else number, number)
        if isinstance(port, Finding):
            self._tell(port)
        elif word and protocol not in nodes.PROTOCOLS:
            self._tell(errors.unknown_protocol(protocol, word))
        return port

    def ports(self, first: Any, *others: Any) -> tuple[tuple[Any, ...], Span]:
        return (others[:-1], first.to(others[-1])) if others else ((first,), first.span)

    def entry(self, target: Any, written: tuple[tuple[Any, ...], Span] | None = None) -> nodes.Entry:
        if written is None:
            return nodes.Entry(target, (), target.span)
        ports, span = written
        return nodes.Entry(target, ports, target.span.to(span))

    def entries(self, *entries: Any) -> tuple[Any, ...]:
        return entries

    def target(
        self, first: Any, entries: Any = (), close: Span | None = None, written: Any = None
    ) -> nodes.Destinations:
        if close is None:
            alone = nodes.Entry(first.target, (), first.target.span) if first.ports else first
            return nodes.Destinations((alone,), first.ports, (), first.span)
        if written is None:
            return nodes.Destinations(entries, (), (), first.to(close))
        ports, last = written
        if both := next((entry for entry in entries if entry.ports), None):
            self._tell(errors.ports_twice(both.span, last))
        return nodes.Destinations(entries, ports, (), first.to(last))

    def holes(self, first: Any, *others: Any) -> tuple[tuple[Any, ...], Span]:
        return (others[:-1], first.to(others[-1])) if others else ((first,), first.span)

    def destination(self, target: nodes.Destinations) -> nodes.Destinations:
        return target

    def destination_except(self, target: nodes.Destinations, _: Span, cut: tuple[Any, Span]) -> nodes.Destinations:
        holes, last = cut
        return nodes.Destinations(target.entries, target.ports, holes, target.span.to(last))

    # Attributes

    def value(self, span: Span) -> nodes.Value:
        text = span.text
        if text[0] != '"':
            if problem := errors.wrong_quotes(text, span):
                self._tell(problem)
            return nodes.Value(text, span)
        text = text[1:-1]
        if bad := re.search(r"\\(?![\"\\]).|\\(?![\"\\])$", re.sub(r"\\\\", "", text)):
            self._tell(errors.bad_escape(bad[0], span))
        return nodes.Value(re.sub(r"\\([\"\\])", r"\1", text) if "\\" in text else text, span)

    def attribute(self, key: Span, value: nodes.Value) -> nodes.Attribute:
        name = key.text[:-1]
        if value.span.start > key.end and re.match(rf"(?:{'|'.join(_KEYS)})=", value.span.text):
            self._tell(errors.no_value(name, key))
        return nodes.Attribute(name, (value,), key.to(value.span))

    def attribute_list(self, key: Span, _: Span, *others: Any) -> nodes.Attribute:
        return nodes.Attribute(key.text[:-1], others[:-1], key.to(others[-1]))

    def attributes(self, *attributes: nodes.Attribute) -> tuple[nodes.Attribute, ...]:
        return attributes

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

    def namespace(self, keyword: Span, word: Span) -> nodes.NamespaceLine:
        name = word.text
        if not is_label(name):
            self._tell(errors.not_a_namespace(name, word))
        return nodes.NamespaceLine(name, keyword.to(word))

    def workload_set(self, keyword: Span, word: Span, members: tuple[Any, ...]) -> nodes.WorkloadSet:
        return nodes.WorkloadSet(self._set_name(word), members, word, keyword.to(members[-1].span))

    def host_set(self, keyword: Span, word: Span, entries: tuple[nodes.Entry, ...]) -> nodes.HostSet:
        return nodes.HostSet(self._set_name(word), entries, word, keyword.to(entries[-1].span))

    def _set_name(self, word: Span) -> str:
        name = word.text
        if not is_label(name):
            self._tell(errors.not_a_set_name(name, word))
        return name

    def allow(self, keyword: Span, sources: Any, destinations: Any, attributes: Any) -> nodes.Allow:
        span = keyword.to((attributes[-1] if attributes else destinations).span)
        return nodes.Allow(sources, destinations, self._attributes("allow", attributes), span)

    def deny(self, keyword: Span, sources: Any, destinations: Any, attributes: Any) -> nodes.Deny:
        span = keyword.to((attributes[-1] if attributes else destinations).span)
        return nodes.Deny(sources, destinations, self._attributes("deny", attributes), span)

    def outcome(self, word: Span) -> Span:
        return word

    def expect(
        self, keyword: Span, sources: Any, destinations: Any, before: Any, outcome: Span, after: Any
    ) -> nodes.Expect:
        attributes = self._attributes("expect", before + after)
        span = keyword.to(after[-1].span if after else outcome)
        return nodes.Expect(sources, destinations, attributes, outcome.text, span, outcome)

    def services(self, *words: Span) -> tuple[nodes.Service, ...]:
        services = []
        for word in words:
            text = word.text
            namespace, _, name = text.rpartition("/")
            if (namespace and not is_label(namespace)) or not (is_label(name) or (name == "*" and namespace)):
                self._tell(errors.not_a_service(text, word))
            services.append(nodes.Service(namespace, name, word))
        return tuple(services)

    def mesh(self, keyword: Span, sources: Any, services: Any, attributes: Any) -> nodes.Mesh:
        span = keyword.to((attributes or services)[-1].span)
        return nodes.Mesh(sources, services, self._attributes("mesh", attributes), span)


_made: list[_Statements] = []


def _parser() -> _Statements:
    if not _made:
        _made.append(_Statements())
    return _made[0]
