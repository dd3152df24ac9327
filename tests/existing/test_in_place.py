"""A document takes another value, and the rest of its text stays."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egresslang.documents import read
from egresslang.existing.in_place import Unwritable, rewritten
from egresslang.source import Source
from egresslang.targets.yaml import emit

TEXT = """\
# The shop.
kind: X   # a kind
spec:
  # people
  region: us
  namespaces:   # who is there
    # the shop itself
    shop:
      workloads:
        # the cart
        cart: {labels: {app: cart, v: "1"}, selector: {app: cart}}  # mine
        pay:
          labels:
            app: pay  # x
            v: one
    other:
  resources: [a.yaml]
  # the end
"""


def changed(text: str, change: Callable[[Any], object]) -> str:
    """The text after a change of its value."""
    (document,), problems = read(Source("x.yaml", text))
    assert not problems
    value = copy.deepcopy(document.value)
    change(value)
    return rewritten(document, value)


def test_nothing_to_change_changes_nothing() -> None:
    assert changed(TEXT, lambda _: None) == TEXT


def test_only_what_differs_is_touched() -> None:
    def change(value: Any) -> None:
        value["kind"] = "Z"
        workloads = value["spec"]["namespaces"]["shop"]["workloads"]
        workloads["bank"] = {"labels": {"app": "no"}, "hostNetwork": True}
        workloads["cart"]["labels"] = {"app": "cart", "w": "2"}
        del workloads["cart"]["selector"]
        workloads["pay"]["labels"] = {"app": "pay", "w": "two"}
        value["spec"]["namespaces"]["other"] = {"labels": {"a": "b"}}
        value["spec"]["resources"].append("b.yaml")

    assert (
        changed(TEXT, change)
        == """\
# The shop.
kind: Z   # a kind
spec:
  # people
  region: us
  namespaces:   # who is there
    # the shop itself
    shop:
      workloads:
        bank:
          labels:
            app: "no"
          hostNetwork: true
        # the cart
        cart: {labels: {app: cart, w: "2"}}  # mine
        pay:
          labels:
            app: pay  # x
            w: two
    other:
      labels:
        a: b
  resources: [a.yaml, b.yaml]
  # the end
"""
    )


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("a: 1", lambda v: v.update(b="c"), "a: 1\nb: c"),
        ("a: 1\n", lambda v: v.update(b=[]), "a: 1\nb: []\n"),
        ("a: 1\r\nc: 2\r\n", lambda v: v.update(b={"x": "w"}), "a: 1\r\nb:\r\n  x: w\r\nc: 2\r\n"),
        ("a:\nb: 1\n", lambda v: v.update(a=["x", "w"]), "a:\n- x\n- w\nb: 1\n"),
        ("a: {}  # c\n", lambda v: v.update(a={"x": "w"}), "a:\n  x: w  # c\n"),
        ("a:\n- x\n- w  # c\n", lambda v: v["a"].remove("x"), "a:\n- w  # c\n"),
        ("a:\n  - x\n", lambda v: v["a"].append("w"), "a:\n  - x\n  - w\n"),
        ("{a: {b: 1, c: 2}}\n", lambda v: v["a"].pop("b"), "{a: {c: 2}}\n"),
        ('{"a": {"b": 1}}', lambda v: v["a"].update(c={"d": True}), '{"a": {"b": 1, "c": {"d": true}}}'),
        ("a: [x, w, z]\n", lambda v: v.update(a=["w"]), "a: [w]\n"),
        ("a: {b: c}\n", lambda v: v.update(a={"d": "e"}), "a:\n  d: e\n"),
        ("a: true\n", lambda v: v.update(a=1), "a: 1\n"),
        ("a: |\n  x\nb: 1\n", lambda v: v.update(aa="w"), "a: |\n  x\naa: w\nb: 1\n"),
    ],
)
def test_each_style_is_kept(before: str, change: Callable[[Any], object], after: str) -> None:
    assert changed(before, change) == after


def test_a_text_that_would_say_something_else_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    document = read(Source("x.yaml", "a: 1\n---\nb: 2\n"))[0][0]
    with pytest.raises(Unwritable):
        rewritten(document, {"a": 2})
    monkeypatch.setattr("egresslang.existing.in_place._Editor.value", lambda *_: [])
    with pytest.raises(Unwritable):
        changed("a: 1\n", lambda v: v.update(a=2))


WORDS = st.sampled_from(["a", "b", "c", "no", "1", "x y", "app/x"])
VALUES = st.recursive(
    WORDS | st.booleans() | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(WORDS, VALUES, min_size=1, max_size=4)


@given(MAPPINGS, MAPPINGS)
def test_any_document_takes_any_value_and_its_own_back(before: dict[str, Any], after: dict[str, Any]) -> None:
    text = emit([before])
    (document,), _ = read(Source("x.yaml", text))
    (made,), problems = read(Source("x.yaml", rewritten(document, after)))
    assert problems == []
    assert made.value == after
    assert rewritten(made, after) == made.source.text
