"""Parsing: shapes, places and recovery."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egresslang.findings import Finding
from egresslang.source import Source, Span
from egresslang.syntax import nodes
from egresslang.syntax.grammar import GRAMMAR, TABLE, build, table
from egresslang.syntax.parse import ATTRIBUTES, KEYWORDS, parse
from egresslang.syntax.print import show_statement

NOWHERE = Span(Source("", ""), 0, 0)


def statements(text: str) -> tuple[nodes.Statement, ...]:
    file, found = parse(Source("p.egress", text))
    assert not found, [f.message for f in found]
    return file.statements


def told(text: str) -> list[tuple[str, str]]:
    return [(f.code.id, f.span.text) for f in parse(Source("p.egress", text))[1]]


def only(text: str) -> Finding:
    (finding,) = parse(Source("p.egress", text))[1]
    return finding


def test_a_rule_and_the_places_of_its_parts() -> None:
    (allow,) = statements("allow idgen -> httpbin.org:80 http region=us # why\n")
    assert isinstance(allow, nodes.Allow)
    assert allow.span.text == "allow idgen -> httpbin.org:80 http region=us"
    assert allow.sources.members[0].span.text == "idgen"
    assert allow.destinations.span.text == "httpbin.org:80 http"
    assert allow.destinations.entries[0].target.span.text == "httpbin.org"
    assert allow.destinations.ports[0].span.text == "80 http"
    assert allow.attributes[0].span.text == "region=us"
    assert allow.attributes[0].values[0].span.text == "us"


def test_places_count_code_points() -> None:
    text = "# \U0001f680 é\nallow a -> b_.example.com:80\n"
    (problem,) = parse(Source("p.egress", text))[1]
    assert (problem.span.text, problem.span.place) == ("b_.example.com", ("p.egress", 2, 12))


def test_an_indented_line_goes_on_and_comments_end_nothing() -> None:
    text = "\ufeffallow a -> b.com:443\r\n# column one\r\n\r\n  tls # here\r\n\towner=x\r\nnamespace n\r\n"
    allow, namespace = statements(text)
    assert allow == statements("allow a -> b.com:443 tls owner=x")[0]
    assert namespace == nodes.NamespaceLine("n", NOWHERE)


@pytest.mark.parametrize("text", ["", "\n", "# nothing", "\ufeff", "  \r\n\t\n"])
def test_an_empty_file_is_an_empty_policy(text: str) -> None:
    assert statements(text) == ()


def test_statement_words_are_no_reserved_names() -> None:
    (allow,) = statements("allow allow -> deny.example.com:80 http owner=except")
    assert isinstance(allow, nodes.Allow)
    assert allow.sources.members == (nodes.WorkloadName("", "allow", NOWHERE),)
    for word in (*KEYWORDS, "except", "allowed", "internet"):
        statements(f"allow {{{word}, x}} -> {word}:80 http")


def test_spaces_are_free_around_arrow_comma_and_braces() -> None:
    assert statements("allow {a,b}->{c.com , d.com} : {80 http,443   tls}") == statements(
        "allow { a , b } -> { c.com, d.com }:{ 80 http, 443 tls }"
    )


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("HTTPBIN.Org.", nodes.Host("httpbin.org", NOWHERE)),
        ("bücher.example", nodes.Host("xn--bcher-kva.example", NOWHERE)),
        ("faß.de", nodes.Host("xn--fa-hia.de", NOWHERE)),
        ("*.x.com", nodes.Wildcard("x.com", NOWHERE)),
        ("10.0.0.0/8", nodes.Network(4, 10 << 24, 8, NOWHERE)),
        ("192.0.2.7", nodes.Network(4, 0xC0000207, 32, NOWHERE)),
        ("[2001:db8::/32]", nodes.Network(6, 0x20010DB8 << 96, 32, NOWHERE)),
        ("[::1]", nodes.Network(6, 1, 128, NOWHERE)),
        ("stripe", nodes.Word("", "stripe", NOWHERE)),
        ("team-a/stripe", nodes.Word("team-a", "stripe", NOWHERE)),
        ("a.${env}.com", nodes.Template("a.${env}.com", NOWHERE)),
        ("*", nodes.Anything(NOWHERE)),
    ],
)
def test_targets(text: str, target: nodes.Target) -> None:
    (allow,) = statements(f"deny a -> {text}")
    assert isinstance(allow, nodes.Deny)
    assert allow.destinations.entries[0].target == target


def test_quoted_values() -> None:
    (allow,) = statements(r'allow a -> b.com:80 reason="say \"hi\" \\ # {x}, y" ticket={A-1, "B 2"}')
    assert isinstance(allow, nodes.Allow)
    assert [v.text for a in allow.attributes for v in a.values] == ['say "hi" \\ # {x}, y', "A-1", "B 2"]


def test_a_bad_statement_does_not_hide_the_next() -> None:
    text = "allow a b.com:80\nallow a -> b.com:80\nalow c -> d.com:80\nallow c -> d.com:80 htp\n"
    file, found = parse(Source("p.egress", text))
    assert len(file.statements) == 1
    assert [(f.code.id, f.span.text) for f in found] == [("EGR001", "b.com"), ("EGR002", "alow"), ("EGR002", "htp")]
    assert "`allow`" in found[1].help
    assert "`http`" in found[2].help


@pytest.mark.parametrize(
    ("text", "code", "marked"),
    [
        ("allow a -> b.com:80 http,443 tls", "EGR001", ","),
        ("allow a => b.com:80", "EGR001", "=>"),
        ("allow a → b.com:80", "EGR001", "→"),
        ("allow a, b -> c.com:80", "EGR001", ","),
        ("allow a -> https://b.com/x", "EGR003", "//b.com/x"),
        ("allow a -> b.com:80 owner = x", "EGR001", "="),
        ("allow a -> b.com:80 owner= x y", "EGR001", "y"),
        ("allow a -> {b.com:80", "EGR001", "{"),
        ("allow a ->", "EGR001", ""),
        ("allow", "EGR001", ""),
        ("allow: a -> b.com:80", "EGR001", ":"),
        ('allow a -> b.com:80 reason="open', "EGR001", '"open'),
        ("allow a -> b.com:80 reason='x'", "EGR006", "'x'"),
        ("allow a -> b.com:80 reason='x y'", "EGR001", "'x"),
        ("hosts = a.com", "EGR001", "="),
        ("allow a -> b.com:80 http owner = x", "EGR001", "owner"),
        ("allow a -> https://b.com:443/v1", "EGR001", "https://"),
        ("expect a -> b.com:80 allowd", "EGR001", "allowd"),
        ("allow a -> b.com:80#x", "EGR001", "#x"),
        ("  allow a -> b.com:80", "EGR001", "allow a -> b.com:80"),
        ("}", "EGR001", "}"),
        ("allow a -> 2001:db8::1:443", "EGR001", ":"),
        ("allow A_b -> b.com:80", "EGR001", "A_b"),
        ("namespace Recipes", "EGR001", "Recipes"),
        ("mesh a -> b.c.d", "EGR001", "b.c.d"),
        ("allow [=x] -> b.com:80", "EGR001", "=x"),
        ("allow a -> b.com:80 {c.com}:80", "EGR001", "{"),
        ("allow a -> {b.com:80, c.com}:443", "EGR001", "443"),
        ("permit a -> b.com:80", "EGR002", "permit"),
        ("allow a -> b.com:80 ownr=x", "EGR002", "ownr"),
        ("deny a -> b.com region=us", "EGR002", "region"),
        ("allow a -> b_c.com:80", "EGR003", "b_c.com"),
        ("allow a -> a*.b.com:80", "EGR003", "a*.b.com"),
        ("allow a -> b..com:80", "EGR003", "b..com"),
        ("allow a -> -b.com:80", "EGR003", "-b.com"),
        (f"allow a -> {'x' * 64}.com:80", "EGR003", f"{'x' * 64}.com"),
        ("allow a -> xn--a.com:80", "EGR003", "xn--a.com"),
        ("allow a -> x.egressc.invalid:80", "EGR003", "x.egressc.invalid"),
        ("allow a -> 10.0.0.1/8:80", "EGR004", "10.0.0.1/8"),
        ("allow a -> 010.0.0.1:80", "EGR004", "010.0.0.1"),
        ("allow a -> 10.0.0:80", "EGR004", "10.0.0"),
        ("allow a -> 10.0.0.256:80", "EGR004", "10.0.0.256"),
        ("allow a -> 10.0.0.0/33:80", "EGR004", "10.0.0.0/33"),
        ("allow a -> 10.0.0.0/255.0.0.0:80", "EGR004", "10.0.0.0/255.0.0.0"),
        ("allow a -> [fe80::1%eth0]:80", "EGR004", "[fe80::1%eth0]"),
        ("allow a -> [2001:db8::1/32]:80", "EGR004", "[2001:db8::1/32]"),
        ("allow a -> b.com:0", "EGR005", "0"),
        ("allow a -> b.com:65536", "EGR005", "65536"),
        ("allow a -> b.com:15001 tcp", "EGR005", "15001"),
        ("allow a -> b.com:https", "EGR005", "https"),
        ("allow a -> b.com:080", "EGR005", "080"),
        ("allow a -> b.com:80 owner=x owner=y", "EGR006", "owner=y"),
        ('allow a -> b.com:80 reason="\\n"', "EGR006", '"\\n"'),
        ("allow a -> b\u202e.com:80", "EGR007", "\u202e"),
        ("allow a -> b.com:80\x00", "EGR007", "\x00"),
        ("# a comment\rallow a -> b.com:80", "EGR007", "\r"),
        ("allow a -> p\u0430ypal.com:443", "EGR007", "p\u0430ypal.com"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text: str, code: str, marked: str) -> None:
    finding = only(text)
    assert (finding.code.id, finding.span.text) == (code, marked)
    assert finding.help, "every syntax error says what to do"


def test_the_table_in_the_repository_is_the_grammar_s() -> None:
    from egresslang.resources import text

    assert table(text("grammar", GRAMMAR)) == text("grammar", TABLE), (
        "write it again: python -m egresslang.syntax.grammar"
    )


def test_the_grammar_has_no_conflicts() -> None:
    from egresslang.resources import text

    build(text("grammar", GRAMMAR), strict=True)


# parse ∘ print = identity

_label = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
_name = _label.filter(lambda text: not text.isdigit())
_host = st.lists(_name, min_size=2, max_size=4).map(".".join)
_span = st.just(NOWHERE)
_member = st.one_of(
    st.builds(nodes.WorkloadName, st.one_of(st.just(""), _label), _label, _span),
    st.builds(nodes.AllWorkloads, st.one_of(st.just("*"), _label), _span),
    st.builds(
        nodes.Labelled,
        st.one_of(st.just(""), st.just("*"), _label),
        st.dictionaries(_label, st.one_of(st.none(), _label, st.just("")), min_size=1, max_size=3).map(
            lambda d: tuple(sorted(d.items()))
        ),
        _span,
    ),
)
_members = st.lists(_member, min_size=1, max_size=3).map(tuple)
_sources = st.builds(nodes.Sources, _members, st.one_of(st.just(()), _members), _span)
_v4 = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
    lambda n: nodes.Network(4, n[0] >> (32 - n[1]) << (32 - n[1]), n[1], NOWHERE)
)
_v6 = st.tuples(st.integers(0, 2**128 - 1), st.integers(0, 128)).map(
    lambda n: nodes.Network(6, n[0] >> (128 - n[1]) << (128 - n[1]), n[1], NOWHERE)
)
_target = st.one_of(
    st.builds(nodes.Host, _host, _span),
    st.builds(nodes.Wildcard, _host, _span),
    _v4,
    _v6,
    st.builds(nodes.Word, st.one_of(st.just(""), _name), _name, _span),
    st.just(nodes.Anything(NOWHERE)),
    st.builds(nodes.Template, _label.map(lambda text: f"x.${{{text}}}.com"), _span),
)
_port = st.builds(
    nodes.Port,
    st.integers(1, 65535).filter(lambda port: port not in (15001, 15006, 15021, 15090)),
    st.one_of(st.just(""), st.sampled_from(nodes.PROTOCOLS)),
    _span,
)
_ports = st.lists(_port, min_size=1, max_size=3).map(tuple)
_plain = st.lists(st.builds(nodes.Entry, _target, st.just(()), _span), min_size=1, max_size=3).map(tuple)
_ported = st.lists(st.builds(nodes.Entry, _target, _ports, _span), min_size=1, max_size=3).map(tuple)
_holes = st.one_of(st.just(()), st.lists(_target, min_size=1, max_size=3).map(tuple))
_destinations = st.one_of(
    st.builds(nodes.Destinations, _plain, st.one_of(st.just(()), _ports), _holes, _span),
    st.builds(nodes.Destinations, _ported, st.just(()), _holes, _span),
)
_text = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), max_size=12)
_value = st.builds(nodes.Value, st.one_of(_label, _text), _span)


def _attributes(statement: str) -> st.SearchStrategy[tuple[nodes.Attribute, ...]]:
    keys = st.lists(st.sampled_from(ATTRIBUTES[statement]), unique=True, max_size=3)
    values = st.lists(_value, min_size=1, max_size=3).map(tuple)
    return keys.flatmap(
        lambda names: st.tuples(*[st.builds(nodes.Attribute, st.just(name), values, _span) for name in names])
    )


_statement = st.one_of(
    st.builds(nodes.NamespaceLine, _label, _span),
    st.builds(nodes.WorkloadSet, _label, _members, _span, _span),
    st.builds(nodes.HostSet, _label, st.one_of(_plain, _ported), _span, _span),
    st.builds(nodes.Allow, _sources, _destinations, _attributes("allow"), _span),
    st.builds(nodes.Deny, _sources, _destinations, _attributes("deny"), _span),
    st.builds(
        nodes.Expect, _sources, _destinations, _attributes("expect"), st.sampled_from(["allowed", "blocked"]), _span
    ),
    st.builds(
        nodes.Mesh,
        _sources,
        st.lists(
            st.one_of(
                st.builds(nodes.Service, st.one_of(st.just(""), _label), _label, _span),
                st.builds(nodes.Service, _label, st.just("*"), _span),
            ),
            min_size=1,
            max_size=3,
        ).map(tuple),
        _attributes("mesh"),
        _span,
    ),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(_statement, max_size=4))
def test_printing_and_parsing_is_the_identity(tree: list[nodes.Statement]) -> None:
    text = "".join(f"{show_statement(statement)}\n" for statement in tree)
    assert list(statements(text)) == tree


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from('allow deny hosts{}[]:,->#"=*./ \n\t\r\\$0189azé'), max_size=80))
def test_no_text_is_too_strange_to_be_told_about(text: str) -> None:
    file, found = parse(Source("p.egress", text))
    for finding in found:
        assert 0 <= finding.span.start <= finding.span.end <= len(text)
        assert "_" not in finding.label.replace("`_`", "")
    assert (
        found
        or file.statements
        or not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())
    )
