"""Shapes: a statement read by its shape is the statement that lark reads, at the same places."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from drawn import statements, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from egresslang.findings import Finding
from egresslang.source import Source
from egresslang.syntax import shapes
from egresslang.syntax.grammar import load
from egresslang.syntax.parse import _Statements
from egresslang.syntax.shapes import Shapes


class Asked(Exception):
    """lark was asked for a statement whose shape is known."""


def flat(node: Any) -> Any:
    """Everything that a node holds, its places too."""
    if isinstance(node, Source):
        return node.name
    if isinstance(node, tuple):
        return tuple(map(flat, node))
    names = getattr(type(node), "__slots__", ())
    return (type(node).__name__, *(flat(getattr(node, name)) for name in names)) if names else node


def read(reader: _Statements, text: str) -> Any:
    """The statement of a text by a reader, and what is told of it."""
    found: list[Finding] = []
    made = reader.statement(Source("p.egress", f"# before\n{text}"), 9, 9 + len(text), found)
    return flat(made), [(each.message, each.span.start, each.span.end) for each in found]


BY_SHAPE, BY_LARK = _Statements(), _Statements()
BY_SHAPE.shapes._few, BY_SHAPE.shapes._left = 0, 1 << 30
BY_LARK.shapes._left = 0

SLIPS = ("", " ", "\n ", "#", " #", '"', ",", "{", "}", "[", "]", "=", ":", "->", "a", "except", " except ", "allowed",
         "owner=", "owner= ", "-", "\xa0", "é", "${", "\r\n ")  # fmt: skip
"""What takes the place of some characters of a text."""


def slipped(text: str, random: Random) -> str:
    """A text with a slip behind its keyword."""
    at = random.randrange(text.index(" ") + 1 if " " in text else len(text), len(text) + 1)
    return text[:at] + random.choice(SLIPS) + text[at + random.randrange(3) :]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_shape_says_what_lark_says(data: Any) -> None:
    tree = data.draw(statements)
    random = Random(data.draw(st.integers(0, 2**32)))
    BY_SHAPE.shapes._first = None
    for _ in range(3):
        text, _ = data.draw(texts([tree]))
        text = text.lstrip("\ufeff \t\r\n")
        while text.startswith("#"):
            text = text.partition("\n")[2].lstrip()
        for each in (text, text, *(slipped(text, random) for _ in range(5))):
            assert read(BY_SHAPE, each) == read(BY_LARK, each)


def test_a_few_statements_teach_nothing() -> None:
    reader = _Statements()
    for _ in range(shapes.FEW):
        read(reader, "hosts x = a.com")
    assert reader.shapes._first is None
    read(reader, "hosts x = a.com")
    assert reader.shapes._first is not None


def test_lark_is_asked_once_for_a_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = _Statements()
    reader.shapes._few = 0
    made, _ = read(reader, "allow a -> b.com:443 tls owner=x\n")

    def refuse(*_: object) -> None:
        raise Asked

    monkeypatch.setattr(Shapes, "_by_lark", refuse)
    again, _ = read(reader, "allow longer  ->  other.example.com:80 http  # why\n   owner=somebody  \n")
    assert (made[0], again[0]) == ("Allow", "Allow")
    for other in (
        "allow a -> b.com:443 except 10.0.0.1",
        "allow a -> b.com:443 tls",
        "deny a -> b.com:443 tls owner=x",
    ):
        with pytest.raises(Asked):
            read(reader, other)


def test_each_step_reads_with_the_expression_that_lark_has_there() -> None:
    parser: Any = load()
    lexers = parser.parser.lexer.lexers
    for position, row in parser.parser.parser._parse_table.states.items():
        names = {*row, *parser.lexer_conf.ignore}
        (known,) = lexers[position].scanner._mres
        assert shapes._expression([each for each in parser.terminals if each.name in names]) == known


def test_no_more_shapes_are_learned_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = _Statements()
    reader.shapes._few = 0
    learned = []
    monkeypatch.setattr(Shapes, "_learn", lambda self, text, plan: learned.append(text))
    read(reader, f"hosts x = {', '.join('a.com' for _ in range(shapes.TOKENS))}")
    assert not learned
    reader.shapes._left = 0
    read(reader, "hosts x = a.com")
    assert not learned
