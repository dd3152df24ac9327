"""Shapes: how a statement is put together follows from the types of its tokens alone, so lark says it once for each sequence.

Steps grow beside lark, one for each token: a step reads the next token as lark's contextual lexer does there, and where
a statement ends stands the plan of its parse tree. What the steps do not know is parsed by lark.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import lark
from lark.lexer import TerminalDef

from egresslang.record import record
from egresslang.source import Source, Span

SHAPES = 500
"""How many shapes are learned: as many as real policies have ten times over."""

FEW = 20
"""How many statements lark parses before any shape is learned, which takes a few milliseconds at first."""

TOKENS = 60
"""The most tokens of a statement that is learned: few others are as long."""

Plan = tuple[Callable[[list[Any]], Any], tuple[Any, ...]]
"""A node of a parse tree: what makes it of its children, and each of these, the number of a token or another plan."""


@record
class Token:
    """A token that stands in the tree: the name of its terminal, its text and its place."""

    type: str
    text: str
    span: Span


class _Step:
    """What may stand after some tokens: `match` reads it, `keywords` among it by their text; `plan` if nothing need."""

    __slots__ = ("after", "keywords", "match", "plan")

    def __init__(self, expression: re.Pattern[str], keywords: Mapping[str, str]) -> None:
        self.match = expression.match
        self.keywords = keywords
        self.after: dict[str | None, _Step] = {}
        self.plan: Plan | None = None


class Shapes:
    """Parses statements: by their shape where it is known, else by lark; `builder` has a method for each rule."""

    def __init__(self, parser: lark.Lark, builder: object) -> None:
        self._lark = parser
        self._builder = builder
        self._ignored = frozenset(parser.lexer_conf.ignore)
        self._first: _Step | None = None
        self._few = FEW
        self._left = SHAPES

    def parse(self, source: Source, start: int, end: int) -> tuple[Plan, list[Token]]:
        """The tree of the statement in `[start, end)`, as a plan and the tokens in it; raises lark's UnexpectedInput of that text."""
        return self._known(source, start, end) or self._by_lark(source, start, end)

    def _known(self, source: Source, start: int, end: int) -> tuple[Plan, list[Token]] | None:
        text, at, step, ignored = source.text, start, self._first, self._ignored
        tokens: list[Token] = []
        while step is not None and at < end:
            if text[at] == " ":
                at += 1
                continue
            match = step.match(text, at, end)
            if match is None:
                return None
            first, at, name = at, match.end(), match.lastgroup
            if name not in ignored:
                said = match[0]
                name = step.keywords.get(said, name)
                if name[0] != "_":  # type: ignore[index]
                    tokens.append(Token(name, said, Span(source, first, at)))  # type: ignore[arg-type]
                step = step.after.get(name)
        return None if step is None or step.plan is None else (step.plan, tokens)

    def _by_lark(self, source: Source, start: int, end: int) -> tuple[Plan, list[Token]]:
        text = source.text[start:end]
        tokens: list[Token] = []
        plan = self._plan(self._lark.parse(text), Span(source, start, end), tokens)
        if self._few:
            self._few -= 1
        elif self._left and len(tokens) <= TOKENS:
            self._learn(text, plan)
        return plan, tokens

    def _plan(self, tree: lark.Tree[lark.Token], span: Span, tokens: list[Token]) -> Plan:
        """The plan of a tree, whose tokens join those before them; `span` is that of the statement."""
        parts: list[Any] = []
        for each in tree.children:
            if isinstance(each, lark.Token):
                parts.append(len(tokens))
                tokens.append(_token(each, span))
            else:
                parts.append(self._plan(each, span, tokens))
        return getattr(self._builder, tree.data), tuple(parts)

    def _learn(self, text: str, plan: Plan) -> None:
        """Remember the plan of a text, and the steps that lead to it."""
        self._left -= 1
        parser: Any = self._lark.parse_interactive(text)
        step = self._first = self._first or self._step(parser.choices())
        last = ""
        for token in parser.iter_parse():  # each is yielded before the parser has it
            step = self._after(step, last, parser.choices())
            last = token.type
        self._after(step, last, parser.choices()).plan = plan

    def _after(self, step: _Step, name: str, choices: Iterable[str]) -> _Step:
        if name and name not in step.after:
            step.after[name] = self._step(choices)
        return step.after[name] if name else step

    def _step(self, choices: Iterable[str]) -> _Step:
        """The step in a state of the parser, in which there are these choices."""
        names = self._ignored.union(choices)
        terminals = [each for each in self._lark.terminals if each.name in names]
        keywords = {each.pattern.value: each.name for each in terminals if each.pattern.type == "str"}
        return _Step(_expression(terminals), keywords)


def _token(token: Any, span: Span) -> Token:
    """A token of lark in the statement of a span."""
    place = Span(span.source, span.start + token.start_pos, span.start + token.end_pos)
    return Token(token.type, token.value, place)


def _expression(terminals: list[TerminalDef]) -> re.Pattern[str]:
    """The expression with which lark reads one of these terminals.

    Their order is lark's (https://lark-parser.readthedocs.io/en/stable/grammar.html, Priority of terminals); of the
    literals stay those that no other terminal matches.
    """
    patterns = [each for each in terminals if each.pattern.type == "re"]
    literals = [
        each
        for each in terminals
        if each.pattern.type == "str"
        and not any(re.fullmatch(other.pattern.to_regexp(), each.pattern.value) for other in patterns)
    ]
    order = sorted(
        patterns + literals,
        key=lambda each: (-each.priority, -each.pattern.max_width, -len(each.pattern.value), each.name),
    )
    return re.compile("|".join(f"(?P<{each.name}>{each.pattern.to_regexp()})" for each in order))
