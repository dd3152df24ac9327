"""What a fingerprint survives, and what it does not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egresslang import codes
from egresslang.findings import Code, Finding, finding
from egresslang.record import replace
from egresslang.report.fingerprint import fingerprinted
from egresslang.source import Source, Span

STATEMENTS = (
    "allow idgen -> httpbin.org:80 http",
    'allow etl -> *.example.com:443 tls\n    owner=team-b  reason="a # is no comment"',
    "deny * -> *.dropbox.com",
    "allow {a, b} -> 198.51.100.0/24:9000 tcp",
)


def at(source: Source, start: int, end: int, code: Code = codes.SYNTAX) -> Finding:
    return finding(code, Span(source, start, end), "wrong")


def of(text: str, words: str, name: str = "a.egress", code: Code = codes.SYNTAX) -> list[str]:
    """The fingerprints of a finding at every place where some words stand in a text."""
    source = Source(name, text)
    found = [at(source, each.start(), each.end(), code) for each in re.finditer(re.escape(words), text)]
    return [fingerprint for _, fingerprint in fingerprinted(found, str)]


@given(st.permutations(STATEMENTS), st.lists(st.sampled_from(["", "# a comment", "  # indented", "\t"])), st.booleans())
def test_a_statement_keeps_it_wherever_it_moves(order: list[str], between: list[str], is_windows: bool) -> None:
    joint = "\n" + "".join(f"{line}\n" for line in between)
    moved = joint.join(["# first", *order]) + "\n"
    if is_windows:
        moved = "\ufeff" + moved.replace("\n", "\r\n")
    for statement in STATEMENTS:
        words = statement.split("->")[1].split(":")[0].strip()
        assert of(moved, words) == of(statement, words)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("allow a -> x.example:80 http", "allow  a ->  x.example:80   http", True),
        ("allow a -> x.example:80 http", "allow a -> x.example:80 http # said", True),
        ("allow a -> x.example:80 http", "allow a -> x.example:80\n    http", True),
        ("allow a -> x.example:80 http", "allow b -> x.example:80 http", False),
        ("allow a -> x.example:80 http", "allow a -> x.example:80 http2", False),
        ("allow a -> x.example:80 http", 'allow a -> x.example:80 http reason="x"', False),
        ('allow a -> x.example:80 http reason="x #1"', 'allow a -> x.example:80 http reason="x #2"', False),
        ("allow a -> x.example:80 http", "\ufeffallow a -> x.example:80 http\r\n", True),
        ("namespace s\nallow a -> x.example:80 http", "namespace t\nallow a -> x.example:80 http", False),
        ("namespace s\nallow a -> x.example:80 http", "namespace s # ours\n\nallow a -> x.example:80 http", True),
        ("allow b -> y.example:80 http\nallow a -> x.example:80 http", "allow a -> x.example:80 http", True),
    ],
)
def test_a_change_of_the_statement_changes_it(before: str, after: str, same: bool) -> None:
    assert (of(before, "x.example") == of(after, "x.example")) is same


def test_path_code_cluster_and_what_is_underlined_take_part() -> None:
    text = "allow a -> x.example:80 http"
    one = of(text, "x.example")
    assert one == of(text, "x.example")
    others = [of(text, "x.example", name="b.egress"), of(text, "x.example", code=codes.BAD_HOST), of(text, "a ->")]
    source = Source("a.egress", text)
    in_cluster = replace(at(source, text.index("x"), text.index(":80")), cluster="eu")
    others.append([fingerprint for _, fingerprint in fingerprinted([in_cluster], str)])
    assert len({*map(str, others), str(one)}) == 5


@given(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=8), st.data())
def test_no_two_findings_of_a_run_share_one(statements: list[str], data: st.DataObject) -> None:
    source = Source("a.egress", "\n".join(statements))
    offsets = st.integers(0, len(source.text))
    pairs = data.draw(st.lists(st.tuples(offsets, offsets, st.sampled_from([codes.SYNTAX, codes.BAD_HOST]))))
    found = [at(source, min(a, b), max(a, b), code) for a, b, code in pairs]
    made = [fingerprint for _, fingerprint in fingerprinted(found, str)]
    assert len(set(made)) == len(made) == len(found)
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in made)


def test_the_second_of_two_equal_statements_is_told_from_the_first_also_when_one_is_suppressed() -> None:
    text = "allow a -> x.example:80 http\nallow a -> x.example:80 http\n"
    source = Source("a.egress", text)
    found = [at(source, start, start + 5) for start in (0, 29)]
    plain = [fingerprint for _, fingerprint in fingerprinted(found, str)]
    quiet = [replace(found[0], suppressed="why"), found[1]]
    assert [fingerprint for _, fingerprint in fingerprinted(reversed(quiet), str)] == plain
    assert plain[0] != plain[1]


PROFILE = """\
spec:
  namespaces:
    recipes:
      workloads:
        idgen: {labels: {app: idgen}}
    shop:
      workloads:
        idgen: {labels: {app: idgen}}
"""


def test_a_line_of_yaml_is_known_by_those_it_lies_in() -> None:
    first, second = of(PROFILE, "app: idgen", name="profile.yaml")
    assert first != second
    swapped = PROFILE.replace("recipes", "@").replace("shop", "recipes").replace("@", "shop")
    assert of(swapped, "app: idgen", name="profile.yaml") == [second, first]
    grown = PROFILE.replace("    recipes:\n", "    # more\n    other: {}\n    recipes:\n")
    assert of(grown, "app: idgen", name="profile.yaml") == [first, second]


def test_a_comment_belongs_to_no_statement() -> None:
    comment = "# egressc: ignore EGR302 -- why"
    alone = of(comment, comment)
    assert of(f"allow a -> x.example:80 http\n  {comment}\nallow b -> x.example:80 http", comment) == alone
    assert of(comment.replace("302", "303"), comment.replace("302", "303")) != alone


def test_many_findings_cost_no_more_than_their_statements() -> None:
    """Ten thousand workloads below one key, and a line of a megabyte: quadratic work would take minutes."""
    text = "spec:\n  workloads:\n" + "".join(f"    w{n}:\n      labels: {{}}\n" for n in range(10_000))
    assert len(set(of(text, "labels", name="p.yaml"))) == 10_000
    long = "allow a -> {" + ", ".join(f"h{n}.example" for n in range(70_000)) + "}:80 http"
    source = Source("a.egress", long)
    found = [at(source, each.start(), len(long)) for each in re.finditer("h1", long)][:1]
    found += [at(source, each.start(), each.end()) for each in re.finditer(r"h\d+\.", long)]
    assert len({fingerprint for _, fingerprint in fingerprinted(found, str)}) == len(found)
