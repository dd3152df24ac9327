"""YAML documents: the values Kubernetes would read, the place of each, and every complaint where the mistake is."""

from __future__ import annotations

import importlib.util
import json
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from egresslang import codes, documents
from egresslang.documents import Located, read
from egresslang.findings import Finding
from egresslang.limits import NESTING, Limit
from egresslang.scalars import resolve
from egresslang.source import Source

DEPTH = NESTING.default


def values(text: str) -> list[Any]:
    found, findings = read(Source("x.yaml", text))
    assert findings == []
    return [document.value for document in found]


def only(text: str) -> Located:
    (found,), findings = read(Source("x.yaml", text))
    assert findings == []
    return found


def complaints(text: str) -> list[Finding]:
    return read(Source("x.yaml", text))[1]


# Values


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *[(word, True) for word in ("y", "Y", "yes", "YES", "on", "On", "true", "TRUE")],
        *[(word, False) for word in ("n", "no", "No", "off", "OFF", "false", "False")],
        *[(word, None) for word in ("~", "null", "NULL", "")],
        *[
            (word, word)
            for word in (
                "yEs",
                "tRUE",
                "nuLL",
                "2027-06-30",
                "2027-06-30T10:00:00Z",
                "1:20:30",
                "190:20",
                "0b2",
                "0x",
                "1.2.3",
            )
        ],
        *[
            (word, word)
            for word in (
                "-",
                "+",
                ".",
                "..",
                "_1",
                "=",
                "1e400",
                "12a",
                "0xfffffffffffffffff",
                "inf",
                "nan",
                "infinity",
                "1e",
            )
        ],
        *[
            ("010", 8),
            ("-010", -8),
            ("0o17", 15),
            ("0x1F", 31),
            ("0b101", 5),
            ("-0b11", -3),
            ("+5", 5),
            ("1_000", 1000),
            ("0", 0),
            ("00", 0),
        ],
        *[
            ("08", 8.0),
            ("1e3", 1000.0),
            ("1E-3", 0.001),
            ("1.30", 1.3),
            (".5", 0.5),
            ("5.", 5.0),
            ("1_0.5", 10.5),
            ("00.5", 0.5),
        ],
        *[
            ("18446744073709551615", 2**64 - 1),
            ("18446744073709551616", 2.0**64),
            ("-9223372036854775808", -(2**63)),
            ("-9223372036854775809", -(2.0**63)),
        ],
    ],
)
def test_a_plain_word_is_what_kubernetes_takes_it_for(written: str, value: object) -> None:
    read_value = resolve(written)
    assert (read_value, type(read_value)) == (value, type(value))


def test_quoted_and_block_text_is_text() -> None:
    assert values("a: 'no'\nb: \"010\"\nc: |\n  no\nd: >-\n  1\n  2\n") == [
        {"a": "no", "b": "010", "c": "no\n", "d": "1 2"}
    ]


def test_several_documents_without_the_empty_ones() -> None:
    assert values("# nothing\n---\na: 1\n---\n---\n~\n---\n- b\n...\n") == [{"a": 1}, ["b"]]


@pytest.mark.parametrize("text", ["", "\ufeff", "\n\n", "# a comment\n", "---\n"])
def test_an_empty_text_has_no_documents(text: str) -> None:
    assert values(text) == []


def test_json_is_yaml() -> None:
    manifest = {
        "kind": "Sidecar",
        "spec": {"egress": [{"hosts": ["./*"], "port": {"number": 443}}], "x": [True, None, 1.5, ""]},
    }
    assert values(json.dumps(manifest)) == [manifest]


# Places


PLACED = """\
region: us-east1
istio: {version: "1.30", dnsCapture: no}
hosts:
  - api.example.com   # a comment
  - 'quoted'

  # another
list: [a, {b: c}]
empty:
text: |
  two
  lines
"""


@pytest.mark.parametrize("before", ["", "\ufeff", "# 😀 beyond the basic plane\n", "a: 😀\n---\n", "\r\n"])
def test_every_value_and_key_stands_where_it_is_written(before: str) -> None:
    found, _ = read(Source("x.yaml", before + PLACED))
    root = found[-1]
    assert root["region"].span.text == "us-east1"
    assert root["region"].key_span.text == "region"
    assert root["istio"]["version"].span.text == '"1.30"'
    assert root["istio"]["dnsCapture"].text == "no"
    assert root["istio"].span.text == '{version: "1.30", dnsCapture: no}'
    assert [entry.span.text for entry in root["hosts"].entries()] == ["api.example.com", "'quoted'"]
    assert root["hosts"].span.text == "- api.example.com   # a comment\n  - 'quoted'"
    assert root["list"][1]["b"].span.text == "c"
    assert root["list"][1].key_span.text == "{b: c}"
    assert root["empty"].span.text == "empty"
    assert root["text"].span.text == "|\n  two\n  lines\n"
    assert root.heading.text == "region"
    assert root["hosts"].heading.text == "hosts"
    assert root["list"][0].heading.text == "a"


def test_looking_for_what_is_not_there() -> None:
    root = only("a: {b: 1, c: ~}\nd: [x]")
    assert root.get("a", "b") is not None
    assert [root.get(*path) for path in (("x",), ("a", "x"), ("a", "c"), ("d", "x"), ("a", "b", "x"))] == [None] * 5
    assert "a" in root
    assert "x" not in root["d"]
    assert [list(root["d"].items()), list(root["a"].entries())] == [[], []]
    assert {key: child.value for key, child in root.items()} == {"a": {"b": 1, "c": None}, "d": ["x"]}


def test_a_number_keeps_its_text() -> None:
    assert only("version: 1.30")["version"].text == "1.30"


WORDS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\x85\ufeff\ufffe\uffff"
    ),
    max_size=8,
)
KEYS = WORDS.filter(lambda key: key != "<<")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


def every(place: Located) -> list[Located]:
    return [
        place,
        *(below for _, child in place.items() for below in every(child)),
        *(below for child in place.entries() for below in every(child)),
    ]


@given(st.dictionaries(KEYS, TREES, min_size=1), st.none() | st.integers(0, 3))
def test_what_is_written_is_read_and_each_place_holds_its_value(tree: dict[str, Any], indent: int | None) -> None:
    root = only("# 😀\n---\n" + json.dumps(tree, ensure_ascii=False, indent=indent))
    assert root.value == tree
    for place in every(root):
        assert json.loads(place.text) == place.value


TEXTS = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


@given(st.dictionaries(KEYS, TEXTS, min_size=1))
def test_blocks_are_read_as_flows_are(tree: dict[str, Any]) -> None:
    blocks = yaml.safe_dump(
        tree, allow_unicode=True, default_flow_style=False, default_style='"', sort_keys=False, width=20
    )
    assert only(blocks).value == tree


# Complaints


BROKEN = [
    ("a: *.example.com", "*.example.com", "`*.example.com` reads as an alias"),
    ("a: [*/*.svc.cluster.local, b]", "*/*.svc.cluster.local", "`*/*.svc.cluster.local` reads as an alias"),
    ("a: &", "&", "`&` reads as an anchor"),
    ("a: &x 1\nb: *x", "&x", "the anchor `&x` is not read"),
    ("a: &x [*x]", "&x", "the anchor `&x` is not read"),
    ("a: *x", "*x", "`*x` reads as an alias"),
    ("a: {<<: {b: 1}}", "<<", "a merge key is not read"),
    ("a: !!str 1", "!!str", "the tag `!!str` is not read"),
    ("a: ! 1", "!", "the tag `!` is not read"),
    ("a: !foo!bar 1", "!foo!bar", "`!foo!bar` reads as a tag"),
    ("a: 1\nb: {c: 1, c: 2}\n", "c", "the key `c` is given twice"),
    ("no: 1", "no", "the key `no` is not text"),
    ("a: {8080: b}", "8080", "the key `8080` is not text"),
    ("~: 1", "~", "the key `~` is not text"),
    ("{[a]: b}", "[a]", "a key is not text"),
    ("? \n: b", " ", "a key is missing"),
    ("a:\n\tb: 1", "\t", "a tab stands where YAML wants spaces"),
    ("a: b: c", ":", "a key stands where none can"),
    ("a: 1\n b: 2", ":", "a key stands where none can"),
    ("a: 1\nfoo\nb: 2", "foo", "`foo` is no `key: value`"),
    ("a: [1, 2", "2", "a list is not closed"),
    ("a: {b: 1", "1", "a mapping is not closed"),
    ("a: 'x", "'x", "a quote is never closed"),
    ('a: "x\\q"', '"x\\q"', "an escape that YAML does not know"),
    ("a: - b", "-", "a list cannot start here"),
    ("- a\nb: 1", "b:", "`b:` does not belong to the list above it"),
    ("a:\n  - b\n c: 1", "c:", "`c:` does not belong to the mapping above it"),
    ("a: @x", "@x", "`@x` cannot start a value"),
    ("{a: 1}}", "}", "`}` stands after the end of the document"),
    ("a: [\n---\nb: 1", "---", "a value is missing"),
    ("a: |x\n b", "x", "a block of text starts on the next line"),
    ("%YAML 3.0\n---\na: 1", "%YAML", "this version of YAML is not read"),
    ("a: x\x00", "\x00", "a control character stands in the text"),
    ("😀: \x1b[1m", "\x1b", "a control character stands in the text"),
    ("a: \ud800", "\ud800", "a control character stands in the text"),
]


@pytest.mark.parametrize(("text", "underlined", "message"), BROKEN)
def test_what_is_no_yaml_is_told_where_it_is(text: str, underlined: str, message: str) -> None:
    (found,) = complaints(text)
    assert (found.code, found.span.text, found.message) == (codes.BAD_PROFILE, underlined, message)
    assert found.help
    assert found.label


def test_the_other_place_is_told() -> None:
    (found,) = complaints("a: 1\nb: 2\na: 3")
    assert found.span.place == ("x.yaml", 3, 1)
    assert [(label.span.place, label.text) for label in found.related] == [(("x.yaml", 1, 1), "first given here")]


def test_every_duplicate_is_told() -> None:
    assert [f.span.place[1:] for f in complaints("a: 1\na: 2\nb: {c: 1, c: 1}\na: 3\n---\nd: 1\nd: 2")] == [
        (2, 1),
        (3, 11),
        (4, 1),
        (7, 1),
    ]


def test_a_broken_document_does_not_hide_the_others() -> None:
    text = "---\na: 1\n---\nb: 'x\n---\nc: 2\nc: 3\n---\nd: [\n---\ne: 4\n...\n---\nf: 5"
    found, findings = read(Source("x.yaml", text))
    assert [document.value for document in found] == [{"a": 1}, {"e": 4}, {"f": 5}]
    assert [(f.span.place[1:], f.message) for f in findings] == [
        ((4, 4), "a quote is never closed"),
        ((7, 1), "the key `c` is given twice"),
        ((9, 4), "a value is missing"),
    ]
    assert found[1]["e"].span.place == ("x.yaml", 11, 4)


DEEP = [
    "[" * 200_000,
    "{a: " * 50_000,
    "- " * 5_000,
    "? " * 200,
    "".join(" " * i + "a:\n" for i in range(500)),
    "".join(f"{' ' * i}a:\n{' ' * i}-\n" for i in range(60)),
    "".join(f"{' ' * i}a:\n{' ' * i}-\n" for i in range(42)) + " " * 42 + "[" * 18,
    "\u2028".join(" " * i + "a:" for i in range(120)),
    "\r".join(" " * i + "a:" for i in range(120)),
    "a: 1\n---\nb: [" + "[" * 1500,
    "a: 1\n--- &x\n" + "- " * 200,
]


@pytest.mark.parametrize("text", DEEP)
def test_values_too_deep_are_refused(text: str) -> None:
    found, (finding,) = read(Source("x.yaml", text))
    assert finding.message == "too many values stand in one another"
    assert [document.value for document in found] == [{"a": 1}] * text.count("a: 1")


def depth(node: yaml.Node | None) -> int:
    if not isinstance(node, yaml.CollectionNode):
        return int(node is not None)
    children = [each for child in node.value for each in (child if isinstance(child, tuple) else (child,))]
    return 1 + max(map(depth, children), default=0)


LINES = st.tuples(
    st.text("  -?:[{", max_size=8), st.sampled_from(["", "a", "a:", "a: b", "- a", "[]", "]", "}", "---"])
)


@given(st.lists(LINES, max_size=8), st.sampled_from(["\n", "\r\n", "\r", "\u2028"]))
def test_the_bound_of_depth_is_never_too_low(lines: list[tuple[str, str]], end: str) -> None:
    text = end.join(map("".join, lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "_COLUMNS", 2)
        patch.setattr(documents, "_FLOWS", 1)
        shallow = not documents._may_be_too_deep(text)
    try:
        deepest = max(map(depth, yaml.compose_all(text, yaml.CSafeLoader)), default=0)
    except yaml.YAMLError:
        return
    assert not shallow or deepest <= 2 * 2 + 1 + 1


def test_values_of_the_greatest_depth_are_read() -> None:
    assert values("[" * DEPTH + "]" * DEPTH)
    assert complaints("[" * (DEPTH + 1) + "]" * (DEPTH + 1))[0].span.start == DEPTH - 1


def test_an_alias_bomb_is_one_finding() -> None:
    bomb = "a0: &a0 x\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30))
    assert [f.span.text for f in complaints(bomb)] == ["&a0"]


def test_a_text_over_the_limit_is_refused() -> None:
    found, (finding,) = read(Source("x.yaml", "a: bc"), limit=Limit("some-size", 4, "", is_size=True))
    assert (found, finding.message) == ([], "`x.yaml` is too large")
    assert (finding.code, finding.label) == (codes.OVER_LIMIT, "more than 4 bytes, the limit `some-size`")


def test_findings_have_the_code_that_is_asked_for() -> None:
    assert [f.code for text in ("a: [", "a: 1\na: 2") for f in read(Source("x", text), codes.BAD_CONFIG)[1]] == [
        codes.BAD_CONFIG
    ] * 2


# Without libyaml


@pytest.fixture(scope="module")
def pure() -> ModuleType:
    """The module as it is where PyYAML was built without libyaml."""
    spec = importlib.util.spec_from_file_location("pure_documents", documents.__file__)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "__with_libyaml__", False)
        spec.loader.exec_module(module)
    assert module._Parser is not documents._Parser  # type: ignore[attr-defined]
    return module


def outcome(module: ModuleType, text: str) -> object:
    found, findings = module.read(Source("x.yaml", text))
    return [
        [(p.value, p.span.start, p.span.end) for document in found for p in every(document)],
        [(f.span.start, f.span.end, f.message) for f in findings],
    ]


@pytest.mark.parametrize("text", [PLACED, "\ufeff" + PLACED, *(text for text, _, _ in BROKEN), "[" * 5000, *DEEP[2:]])
def test_without_libyaml_the_result_is_the_same(pure: ModuleType, text: str) -> None:
    assert outcome(pure, text) == outcome(documents, text)


def test_json_values_one_after_another_are_documents() -> None:
    source = Source("a.json", '{"a": 1}\n{"b":\n [2]} {"c": 3}\n')
    documents, found = read(source)
    assert ([each.value for each in documents], found) == ([{"a": 1}, {"b": [2]}, {"c": 3}], [])
    assert documents[1]["b"].span.text == "[2]"
    assert read(Source("a.json", '{"a": 1}\n{"b": nothing more'))[1]
