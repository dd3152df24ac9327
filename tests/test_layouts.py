"""Layouts: what we wrote is read as libyaml reads it, the same values at the same places, whatever is in the text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from egresslang import documents, layouts
from egresslang.documents import Located, Unplaced
from egresslang.source import Source
from egresslang.targets.yaml import emit

ENTRY = """\
kind: ServiceEntry
metadata:
  name: {name}
spec:
  hosts:
    - {host}
  ports:
    - number: {port}
      name: {kind}
  endpoints: []
"""


def flat(place: Located) -> Any:
    """Everything that is read of a document: values and where they stand, keys too."""
    below = [*(each for _, each in place.items()), *place.entries()]
    return repr(place.value), place.span.start, place.span.end, place.key_span.start, [flat(each) for each in below]


def same(text: str) -> list[Located]:
    """The documents of a text, after comparing them with what libyaml reads."""
    source = Source("x.yaml", text)
    found, problems = layouts.read(source)
    expected, told = documents.read(source, limit=None)
    assert [flat(each) for each in found] == [flat(each) for each in expected]
    assert [(each.message, each.span.start, each.span.end) for each in problems] == [
        (each.message, each.span.start, each.span.end) for each in told
    ]
    return found


@pytest.fixture(
    autouse=True, scope="module", params=[1, layouts.OFTEN], ids=["a pattern at once", "a pattern once there are many"]
)
def often(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layouts, "OFTEN", request.param)
        yield


def test_one_document_of_each_layout_is_read_by_libyaml() -> None:
    made = [ENTRY.format(name=f"a-{at}", host=f'"*.h{at}.com"', port=at, kind="tls") for at in range(4)]
    made.append(made[0].replace('    - "*.h0.com"\n', "    - b.com\n    - c.com\n    - no\n    - 010\n"))
    found = same("---\n".join(made))
    assert [type(each) for each in found] == [Located, *[Unplaced] * 4]
    assert found[4].value["spec"]["hosts"] == ["b.com", "c.com", False, 8]


def test_a_place_is_read_when_it_is_asked_for() -> None:
    text = "---\n".join(ENTRY.format(name=f"a-{at}", host="a.com", port=at, kind="tls") for at in range(3))
    last = same(text)[2]
    name = last.get("metadata", "name")
    assert name is not None
    assert (name.text, name.span.place) == ("a-2", ("x.yaml", 25, 9))


@pytest.mark.parametrize(
    "text",
    [
        *("", "\n", "---\n", "a: b\n---\n", "---\na: b\n", "a: b\n---\n---\na: c\n", "a: b\n--- \na: c\n", "a: b\n...\n"),
        *("a: b\n---\na: b\n c\n", "a: b\n c\n---\na: d\n c\n", "a: |\n b: c\n---\na: |\n b: d\n", "a: # b: c\n---\na: # b: d\n"),
        *("a: b\n---\na : b\n", "a:\n- b\n- c: d\n---\na:\n- e\n- c: f\n", "a:\n - b\n -  c\n---\na:\n - b\n - c\n"),
        *("a:\n  - b\n---\na:\n  - b\n - c\n", "a:\n  - b\n---\na:\n  - b\n   - c\n", "- - a\n  - b\n---\n- - a\n"),
        *("a: &x b\n---\na: &x c\n", "a: !x b\n---\na: b\n", "a: b\na: c\n---\na: d\na: e\n", "a: b\n---\na: [\n---\na: c\n"),
        *('a: "b\n  c"\n---\na: "d\n  c"\n', "a: b - c\n---\na: b - d\n", "x: a- b\n---\nx: a- c\n", "a: b\r\n---\r\na: c\r\n"),
        *("-\n- a\n---\n-\n- b\n---\n-\n- a\n  - b\n", "a: [b]\n---\na: [c]\n"),
        *("? a\n: b\n---\n? a\n: c\n", "a: -1\n---\na: -2\n", "- a\n---\n- b\n", "a\n---\nb\n", '"a: b": c\n---\n"a: d": c\n'),
    ],
)  # fmt: skip
def test_odd_texts_are_read_alike(text: str) -> None:
    same(text)


HOLE = "\0"
WORDS = st.sampled_from(
    ["a", "b.com", "team-0/x", '"*.x"', '"a b"', '"no"', "no", "010", "1.5", "~", "null", "true", "2024-01-01", '"a: b"', '"- a"',
     '"a\\"b"', '"# x"', "a b", "a: b", "- a", "# c", "a # c", "|", ">-", "'q'", "&a", "*a", "!a", "", "[]", "{}", "[a]", "-", ":",
     "a\n  - b", "a\n    - b\n    - c", "a\n      - b", "a\n  b", "a\n---", "a\r", '"', "é", '"é"', "a:"]
)  # fmt: skip
LINE = st.tuples(
    st.sampled_from(["", "  ", "    ", "      "]),
    st.sampled_from(
        [f"k: {HOLE}", f"l: {HOLE}", "m:", f"- {HOLE}", f"- k: {HOLE}", "-", f"- - {HOLE}", HOLE, f'"k": {HOLE}', f"# {HOLE}", f"k : {HOLE}"]
    ),
).map("".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=6), st.data())
def test_whatever_stands_in_the_same_lines_is_read_as_libyaml_reads_it(lines: list[str], data: Any) -> None:
    template = "\n".join(lines) + "\n"
    made = []
    for _ in range(3):
        parts = template.split(HOLE)
        made.append("".join(part + data.draw(WORDS) for part in parts[:-1]) + parts[-1])
    same("---\n".join(made))


STRINGS = st.text("ab:-. #\"'1/*\n", max_size=5)
VALUES = st.recursive(
    STRINGS | st.integers(0, 99) | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=4),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1, max_size=3), min_size=1, max_size=5))
@example([{"a": ["x"]}, {"a": ["x", "y"]}, {"a": []}, {"a": [["x"], ["y"]]}, {"a": [["x", "y"]]}])
def test_whatever_we_emit_is_read_as_libyaml_reads_it(made: list[dict[str, Any]]) -> None:
    assert [each.value for each in same(emit(made))] == made


def test_no_more_layouts_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "LAYOUTS", 1)
    found = same("a: x\n---\nb: x\n---\na: y\n---\nb: y\n")
    assert [type(each) for each in found] == [Located, Located, Unplaced, Located]


def test_what_is_forgotten_is_read_again() -> None:
    _, document = same("a: x\n---\na: z\n")
    assert isinstance(document, Unplaced)
    document.forget()
    assert (document.value, document["a"].text, document["a"].span.place) == ({"a": "z"}, "z", ("x.yaml", 3, 4))
