"""Two independent readers, YAML 1.1 and 1.2, read back exactly what was emitted; tests/conformance adds Go's."""

from __future__ import annotations

import io
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from egresslang.targets.yaml import Shared, emit


def read_as_1_1(text: str) -> list[Any]:
    return list(yaml.safe_load_all(text))


def read_as_1_2(text: str) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(io.StringIO(text)))


def written(value: Any) -> str:
    """How one value is written behind a key."""
    head, _, text = emit([{"key": value}]).removesuffix("\n").partition(": ")
    assert head == "key"
    return text


BARE = [
    *("a", "idgen", "httpbin.org", "app.kubernetes.io/managed-by", "networking.istio.io/v1", "REGISTRY_ONLY"),
    *("istio-system/api.example.com", "xn--bcher-kva.example", "us-east1", "e1", "x0.1e3", "inf", "nan", "yess"),
]

QUOTED = [
    *("", " ", "no", "No", "NO", "nO", "on", "off", "yes", "y", "Y", "n", "true", "False", "null", "NULL", "~"),
    *("0", "010", "0o10", "0x1f", "0b1", "1_000", "1e3", "1E3", "1.10", ".5", "5.", ".", "-1", "+1", "_1", "12:30:45"),
    *("1:20", ".inf", "-.inf", ".NaN", "2026-11-23", "2026-11-23T10:00:00Z", "=", "<<", "-", "- a", "---", "..."),
    *("?", "? a", ":", "a:", "a: b", "a #b", "#a", "a,b", "[a", "{a", "]", "}", "&a", "*a", "*.example.com", "!a", "|"),
    *(">", "'a'", '"a"', "%a", "@a", "`a", " a", "a ", "a\n", "\na", "a\tb", "\\", "a\\n", "~./host", "./host", "*/*"),
    *("\u00e9", "\x00", "\x07", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff", "\ufffe", "\U0001f600", "a b"),
    *("2001:db8::/32", "198.51.100.7/32", "1password.com", "a-", "a.", "a/"),
]


@pytest.mark.parametrize("text", BARE)
def test_a_plain_word_is_bare(text: str) -> None:
    assert written(text) == text


@pytest.mark.parametrize("text", QUOTED)
def test_anything_else_is_quoted(text: str) -> None:
    assert written(text).startswith('"')


@pytest.mark.parametrize("text", [*BARE, *QUOTED])
def test_each_is_read_back(text: str) -> None:
    documents: list[Any] = [{text: {text: [text, [text], {text: text}]}}]
    assert read_as_1_1(emit(documents)) == documents
    assert read_as_1_2(emit(documents)) == documents


def test_only_printable_ascii_is_written() -> None:
    assert written('q" b\\ n\n t\t e\x1b é\u202e\U0001f600') == r'"q\" b\\ n\n t\t e\x1b \xe9\u202e\U0001f600"'


def test_the_style_is_that_of_kubectl() -> None:
    document: Any = {
        "kind": "Sidecar",
        "empty": {"map": {}, "list": []},
        "flags": [True, False],
        "egress": [{"port": {"number": 443}, "hosts": ["*/*", "./a"]}, {"hosts": []}, {}, [["deep"], 7, []]],
    }
    assert emit([document, {}, {"a": 1}]) == (
        "kind: Sidecar\n"
        "empty:\n"
        "  map: {}\n"
        "  list: []\n"
        "flags:\n"
        "- true\n"
        "- false\n"
        "egress:\n"
        "- port:\n"
        "    number: 443\n"
        "  hosts:\n"
        '  - "*/*"\n'
        '  - "./a"\n'
        "- hosts: []\n"
        "- {}\n"
        "- - - deep\n"
        "  - 7\n"
        "  - []\n"
        "---\n"
        "{}\n"
        "---\n"
        "a: 1\n"
    )


def test_nothing_is_an_empty_text() -> None:
    assert emit([]) == ""


def test_what_no_yaml_can_carry_is_refused() -> None:
    with pytest.raises(ValueError, match=r"U\+DCE9"):
        emit([{"a": "caf\udce9"}])


@pytest.mark.parametrize("value", [None, 1.5, b"a", {1, 2}, object()])
def test_what_is_no_value_of_a_document_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        emit([{"a": value}])
    with pytest.raises(TypeError):
        emit([{"a": [value]}])


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
TRICKY = st.text("0123456789_-+.:eExXobyYnNtTfF~<=*&!|>%@`'\"#,[]{}? \t\n/\\", max_size=12)
STRINGS = TEXTS | TRICKY | st.sampled_from(QUOTED + BARE)
VALUES = st.recursive(
    STRINGS | st.integers(-(2**63), 2**63) | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=20,
)


@given(STRINGS)
@example("0" * 100)
def test_every_string_is_read_back(text: str) -> None:
    emitted = emit([{"value": text, "list": [text]}])
    assert emitted.isascii()
    assert read_as_1_1(emitted) == [{"value": text, "list": [text]}]
    assert read_as_1_2(emitted) == [{"value": text, "list": [text]}]


@given(st.lists(st.dictionaries(STRINGS, VALUES, max_size=4), max_size=3))
def test_every_document_is_read_back(documents: list[dict[str, Any]]) -> None:
    emitted = emit(documents)
    assert read_as_1_1(emitted) == documents
    assert read_as_1_2(emitted) == documents


@given(st.dictionaries(STRINGS, VALUES, max_size=6))
def test_keys_keep_their_order(document: dict[str, Any]) -> None:
    assert list(read_as_1_1(emit([document]))[0]) == list(document)


def test_a_shared_map_is_written_as_any_other_wherever_it_stands() -> None:
    shared, other = Shared({"k": "v", "n": 1}), Shared({"k": "v", "n": True})
    made = [{"a": shared, "b": [shared, shared, [shared]], "c": {"d": shared}, "e": other}, {"a": shared, "b": [other]}]
    plain = [{"a": {"k": "v", "n": 1}, "b": [{"k": "v", "n": 1}, {"k": "v", "n": 1}, [{"k": "v", "n": 1}]],
              "c": {"d": {"k": "v", "n": 1}}, "e": {"k": "v", "n": True}}, {"a": {"k": "v", "n": 1}, "b": [{"k": "v", "n": True}]}]  # fmt: skip
    assert emit(made) == emit(plain)
