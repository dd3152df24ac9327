"""Shapes: how a statement is put together follows from the types of its tokens alone, so lark says it once for each sequence.

Steps grow beside lark, one for each token: a step reads the next token as lark's contextual lexer does there, and where
a statement ends stands what makes the node of its parse tree. What the steps do not know is parsed by lark.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any

import lark
from lark.lexer import TerminalDef

from egresslang.source import Source, Span

SHAPES = 500
"""How many shapes are learned: as many as real policies have ten times over."""

FEW = 20
"""How many statements lark parses before any shape is learned, which takes a few milliseconds at first."""

TOKENS = 60
"""The most tokens of a statement that is learned: few others are as long."""


class _Step:
    """What may stand after some tokens: `match` reads it, `keywords` are words that are terminals of their own.

    `after` has for each terminal the step behind it, and whether its token stands in the tree; `make` makes a statement
    that ends here of the places of those tokens.
    """

    __slots__ = ("after", "keywords", "make", "match")

    def __init__(self, expression: re.Pattern[str], keywords: Mapping[str, str], ignored: Iterable[str]) -> None:
        self.match = expression.match
        self.keywords = keywords
        self.after: dict[str | None, tuple[_Step | None, bool]] = dict.fromkeys(ignored, (self, False))
        self.make: Callable[[list[Span]], Any] | None = None


_NOWHERE = (None, False)


class Shapes:
    """Parses statements: by their shape where it is known, else by lark.

    `builder` has a method for each rule, which makes a node of what stands in it: the places of tokens, and other nodes.
    """

    def __init__(self, parser: lark.Lark, builder: object) -> None:
        self._lark = parser
        self._builder = builder
        self._ignored = frozenset(parser.lexer_conf.ignore)
        self._first: _Step | None = None
        self._few = FEW
        self._left = SHAPES

    def parse(self, source: Source, start: int, end: int) -> Any:
        """What the builder makes of the statement in `[start, end)`; raises lark's UnexpectedInput of that text."""
        text, at, step = source.text, start, self._first
        tokens: list[Span] = []
        while step is not None and at < end:
            if text[at] in " \n":
                at += 1
                continue
            match = step.match(text, at, end)
            if match is None:
                break
            first, at, name = at, match.end(), match.lastgroup
            if step.keywords:
                name = step.keywords.get(match[0], name)
            step, is_kept = step.after.get(name, _NOWHERE)
            if is_kept:
                tokens.append(Span(source, first, at))
        if at < end or step is None or step.make is None:
            return self._by_lark(source, start, end)
        return step.make(tokens)

    def _by_lark(self, source: Source, start: int, end: int) -> Any:
        text = source.text[start:end]
        tree = self._lark.parse(text)
        if self._few:
            self._few -= 1
        elif self._left and sum(1 for _ in tree.scan_values(_is_token)) <= TOKENS:
            self._learn(text, tree)
        return self._made(tree, source, start)

    def _made(self, tree: lark.Tree[lark.Token], source: Source, start: int) -> Any:
        """The node of the tree of a text that starts there."""
        parts = [
            Span(source, start + each.start_pos, start + each.end_pos)  # type: ignore[operator]
            if isinstance(each, lark.Token)
            else self._made(each, source, start)
            for each in tree.children
        ]
        return getattr(self._builder, tree.data)(*parts)

    def _learn(self, text: str, tree: lark.Tree[lark.Token]) -> None:
        """Remember what makes the tree of a text, and the steps that lead there."""
        self._left -= 1
        parser: Any = self._lark.parse_interactive(text)
        step = self._first = self._first or self._step(parser.choices())
        last = ""
        for token in parser.iter_parse():  # each is yielded before the parser has it
            step = self._after(step, last, parser.choices())
            last = token.type
        step = self._after(step, last, parser.choices())
        step.make = eval(f"lambda tokens: {_call(tree, count())}", {"builder": self._builder})

    def _after(self, step: _Step, name: str, choices: Iterable[str]) -> _Step:
        if not name:
            return step
        after, _ = step.after.get(name, _NOWHERE)
        if after is None:
            after = self._step(choices)
            step.after[name] = after, not name.startswith("_")
        return after

    def _step(self, choices: Iterable[str]) -> _Step:
        """The step in a state of the parser, in which there are these choices."""
        names = self._ignored.union(choices)
        terminals = [each for each in self._lark.terminals if each.name in names]
        keywords = {each.pattern.value: each.name for each in terminals if _is_keyword(each, terminals)}
        return _Step(_expression(terminals), keywords, self._ignored)


def _is_token(part: object) -> bool:
    return isinstance(part, lark.Token)


def _call(tree: lark.Tree[lark.Token], numbers: Iterator[int]) -> str:
    """The Python with which the `builder` makes the node of a tree of its `tokens`, numbered as they are written."""
    parts = [f"tokens[{next(numbers)}]" if _is_token(each) else _call(each, numbers) for each in tree.children]  # type: ignore[arg-type]
    return f"builder.{tree.data}({', '.join(parts)})"


def _is_keyword(terminal: TerminalDef, terminals: Iterable[TerminalDef]) -> bool:
    """Whether a terminal is a literal that another one matches, too: lark reads that one and then looks at the text."""
    return terminal.pattern.type == "str" and any(
        each.pattern.type == "re" and re.fullmatch(each.pattern.to_regexp(), terminal.pattern.value)
        for each in terminals
    )


def _expression(terminals: list[TerminalDef]) -> re.Pattern[str]:
    """The expression with which lark reads one of these terminals.

    Their order is lark's (https://lark-parser.readthedocs.io/en/stable/grammar.html, Priority of terminals); of the
    literals stay those that no other terminal matches.
    """
    alone = [each for each in terminals if not _is_keyword(each, terminals)]
    order = sorted(
        alone, key=lambda each: (-each.priority, -each.pattern.max_width, -len(each.pattern.value), each.name)
    )
    return re.compile("|".join(f"(?P<{each.name}>{each.pattern.to_regexp()})" for each in order))
