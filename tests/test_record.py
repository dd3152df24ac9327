"""Records: made by place and by name, with defaults, and alike where only their spans differ."""

from __future__ import annotations

import inspect

import pytest

from egresslang.record import record, replace


@record
class Point:
    x: int
    y: int = 2
    span: int = 0


@record
class Pair:
    left: str
    right: str
    note: str = "none"


@record
class Nothing:
    pass


def test_fields_are_given_by_place_and_by_name() -> None:
    assert (Point(1).y, Point(1, 5).y, Point(y=7, x=1).y) == (2, 5, 7)
    assert Pair("a", right="b") == Pair("a", "b", "none")
    assert Nothing() == Nothing()
    assert str(inspect.signature(Pair)) == "(left, right, note='none')"


def test_records_with_as_many_fields_have_their_own_names() -> None:
    assert (repr(Point(1)), repr(Pair("a", "b"))) == ("Point(x=1, y=2)", "Pair(left='a', right='b', note='none')")
    with pytest.raises(TypeError, match="right"):
        Pair("a")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="x"):
        Pair("a", "b", x=1)  # type: ignore[call-arg]


def test_spans_take_no_part_in_equality() -> None:
    assert Point(1, span=1) == Point(1, span=2)
    assert hash(Point(1, span=1)) == hash(Point(1, span=2))
    assert replace(Point(1), y=9) == Point(1, 9)


def test_records_are_frozen_to_the_type_checker_and_hold_nothing_else() -> None:
    Point(1).x = 2  # type: ignore[misc]  # which mypy would call unused if it took this
    with pytest.raises(AttributeError):
        Point(1).other = 2  # type: ignore[attr-defined]


def test_defaults_stand_last() -> None:
    with pytest.raises(AssertionError, match="a field without a default"):

        @record
        class _Wrong:
            first: int = 1
            second: str  # type: ignore[misc]
