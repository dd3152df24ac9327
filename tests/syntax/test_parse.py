"""Parsing: shapes, places and recovery."""

from __future__ import annotations

import pytest
from drawn import statements as statements_drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from egresslang.findings import Finding
from egresslang.source import Source, Span
from egresslang.syntax import nodes
from egresslang.syntax.grammar import GRAMMAR, TABLE, build, table
from egresslang.syntax.parse import KEYWORDS, parse
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
        ("allow a -> b.com:80 reason='x y'", "EGR006", "'x y'"),
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


MISTAKES = {
    "a value is missing": (
        "allow a -> b.com:80 http ticket= expires=2027-06-30",
        ("EGR006", "ticket=", "`ticket=` has no value", "write the value behind `ticket=`, or remove it"),
    ),
    "a value is missing, and so the next goes wrong": (
        "allow a -> b.com:80 http owner=ticket= x y",
        ("EGR006", "owner=", "`owner=` has no value", "write the value behind `owner=`, or remove it"),
    ),
    "an expectation without the port after its colon": (
        "expect a -> b.com: blocked",
        ("EGR001", ":", "a `:` without a port", "write the port after the `:`"),
    ),
    "an expectation with another word": (
        "expect a -> b.com:80 denied",
        ("EGR001", "denied", "`denied` is not an outcome", "write `allowed` or `blocked`"),
    ),
    "an expectation without a space": (
        "expect a -> b.com:80allowed",
        ("EGR001", "80allowed", "no space before `allowed`", "write a space before `allowed`"),
    ),
    "a port without a colon": (
        "allow a -> b.com443 tls",
        ("EGR001", "b.com443", "no `:` before port `443`", "write `b.com:443`"),
    ),
    "a port after a space": (
        "allow a -> b.com 443",
        ("EGR001", "443", "no `:` before port `443`", "write `b.com:443`"),
    ),
    "a space in a host": (
        "allow a -> b. com:443 tls",
        ("EGR001", "b. com", "a space in `b.com`", "write `b.com`"),
    ),
    "no arrow": (
        "allow a b.com:443 tls",
        ("EGR001", "b.com", "no `->` before `b.com`", "write `-> b.com`"),
    ),
    "no source": (
        "allow -> b.com:443 tls",
        (
            "EGR001",
            "->",
            "`allow` says not who",
            "write a workload, `namespace/*`, a label in brackets or `*` before `->`",
        ),
    ),
    "an arrow the other way": (
        "allow a <- b.com:443 tls",
        ("EGR001", "<-", "`<-` where `->` belongs", "write who first, then `->` and where to"),
    ),
    "an arrow of a word processor": (
        "allow a –> b.com:443 tls",
        ("EGR001", "–>", "`–>` where `->` belongs", "write `->`"),
    ),
    "a space of a word processor": (
        "allow a\u00a0-> b.com:443 tls",
        ("EGR001", "\u00a0", "U+00A0 NO-BREAK SPACE where a plain space belongs", "write a space of the keyboard"),
    ),
    "quotes of a word processor": (
        "allow a -> b.com:443 tls reason=“open door”",
        ("EGR006", "“open door”", "a value in curly quotes", 'use double quotes: `"…"`'),
    ),
    "a value without quotes": (
        "allow a -> b.com:443 tls reason=open on purpose owner=x",
        (
            "EGR001",
            "on",
            "a value of several words without quotes",
            'write `reason="open on purpose"`, or remove `on`',
        ),
    ),
    "an attribute as in YAML": (
        "allow a -> b.com:443 tls owner:team",
        ("EGR001", "owner", "`owner` without `=`", "write `owner=…`"),
    ),
    "an attribute in column one": (
        "allow a -> b.com:443 tls\nowner=team",
        ("EGR002", "owner", "`owner` is not a statement", "indent the line: it goes on with the statement above"),
    ),
    "an equals sign where none belongs": (
        "namespace = recipes",
        ("EGR001", "=", "`=` is not expected here", "write it as in `namespace recipes`"),
    ),
    "destinations without braces": (
        "allow a -> b.com, c.com:443 tls",
        ("EGR001", ",", "several destinations without braces", "write them as `{a, b}`"),
    ),
    "ports without braces": (
        "allow a -> b.com:80,443 tls",
        ("EGR001", ",", "several ports without braces", "write them as `{80 http, 443 tls}`"),
    ),
    "values without braces": (
        "allow a -> b.com:80 tcp address=192.0.2.1,192.0.2.2",
        ("EGR001", ",", "several values without braces", "write them as `address={a, b}`"),
    ),
    "a comma too many": (
        "allow a -> b.com:80 http,",
        ("EGR001", ",", "a `,` where no list is", "remove the `,`"),
    ),
    "a list in brackets": (
        "allow a -> [b.com, c.com]:443 tls",
        ("EGR001", "[", "a list in `[`", "write the list as `{a, b}`"),
    ),
    "a set in braces": (
        "hosts b = {b.com, c.com}",
        ("EGR001", "{", "a list in `{`", "write the list as `a, b`"),
    ),
    "a brace that does not close before the arrow": (
        "allow {a, b -> b.com:443 tls",
        ("EGR001", "{", "a `{` that does not close", "close it with `}` before `->`"),
    ),
    "a label without brackets": (
        "allow app=web -> b.com:443 tls",
        ("EGR001", "app=web", "the label `app=web` without brackets", "write `[app=web]`"),
    ),
    "a list of a shell": (
        "allow a -> {b,c}.com:443 tls",
        ("EGR001", ".com", "`.com` behind a list", "write every host whole, in braces"),
    ),
    "a variable of a shell": (
        "allow a -> $HOST:443 tls",
        (
            "EGR001",
            "$HOST",
            "`$HOST` is syntax of a shell",
            "write `${HOST}`, and define `HOST` under `variables:` of the profile",
        ),
    ),
    "a command of a shell": (
        "allow a -> $(hostname):443 tls",
        (
            "EGR001",
            "$(hostname)",
            "`$(hostname)` is syntax of a shell",
            "write the name itself, or a variable of the profile as in `${env}`",
        ),
    ),
    "a variable that does not open": (
        "allow a -> b.$env}.com:443 tls",
        ("EGR001", "$env}", "a `}` that closes nothing", "write `${env}`"),
    ),
    "a variable that does not close": (
        "allow a -> ${env.com:443 tls",
        (
            "EGR001",
            "${",
            "a `${` that does not close",
            "close it with `}` behind the name of the variable, as in `${env}`",
        ),
    ),
    "a variable as a port": (
        "allow a -> b.com:${port} tls",
        ("EGR001", "${port}", "a variable in the place of a port", "write the port itself"),
    ),
    "a host in quotes": (
        "allow a -> 'b.com':443 tls",
        ("EGR001", "'b.com'", "a name in quotes", "write `b.com`"),
    ),
    "a workload in quotes": (
        "allow 'a' -> b.com:443 tls",
        ("EGR001", "'a'", "a name in quotes", "write `a`"),
    ),
    "two commands": (
        "allow a -> b.com:443 tls && allow c -> d.com:443 tls",
        (
            "EGR001",
            "&&",
            "shell syntax behind a statement",
            "remove it; write each statement on a line of its own",
        ),
    ),
    "a line that goes on as in a shell": (
        "allow a -> b.com:443 tls \\\n  owner=x",
        ("EGR001", "\\", "a `\\` at the end of a line", "remove the `\\`"),
    ),
    "two statements in one": (
        "namespace n allow a -> b.com:443 tls",
        ("EGR001", "allow", "`allow` in the middle of a statement", "write `allow` at the start of a line of its own"),
    ),
    "a comment of C": (
        "allow a -> b.com:443 tls // why",
        ("EGR001", "//", "a comment of another language", "write `# ` before the comment"),
    ),
    "a statement as an item": (
        "- allow a -> b.com:443 tls",
        ("EGR001", "-", "a mark before a statement", "remove the mark: statements are not items of a list"),
    ),
    "a merge": (
        "<<<<<<< HEAD",
        (
            "EGR001",
            "<<<<<<<",
            "a merge that is not finished",
            "keep what is right of both sides, and remove the marks",
        ),
    ),
    "a keyword without a space": (
        "allowcart -> b.com:443 tls",
        ("EGR002", "allowcart", "no space after `allow`", "write `allow cart`"),
    ),
    "a port that is none, and what follows it": (
        "allow a -> b.com:tls 443",
        ("EGR005", "tls", "`tls` is not a port", "write `443 tls`"),
    ),
    "a line broken without an indent": (
        "allow a ->\nb.com:443 tls",
        (
            "EGR001",
            "",
            "the `allow` statement ends too early",
            "write a name, an address in brackets or `{`; indent a line that goes on",
        ),
    ),
    "old line ends": (
        "namespace n\rallow a -> b.com:443\r",
        (
            "EGR007",
            "\r",
            "U+000D CARRIAGE RETURN hides in the text",
            "end lines as Unix or Windows does: LF, or CR LF",
        ),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_common_mistake_is_told_once_with_its_way_out(mistake: str) -> None:
    text, expected = MISTAKES[mistake]
    problem = only(text)
    assert (problem.code.id, problem.span.text, problem.message, problem.help) == expected


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("kind: ServiceEntry\nspec:\n  hosts:\n  - b.com\n- c.com\n---\n", "kind: ServiceEntry"),
        ("hosts:\n- b.com\n- c.com\n", ":"),
        ("allow a -> b.com:443 tls\n    - number: 80\n", "- number: 80"),
    ],
)
def test_pasted_yaml_is_told_once(text: str, marked: str) -> None:
    problem = only(text)
    assert (problem.code.id, problem.span.text) == ("EGR001", marked)
    assert "`allow " in problem.help or "`hosts " in problem.help


def test_yaml_hides_no_statement_after_it() -> None:
    text = "kind: X\nallow a b.com:80\nspec: {}\nallow: a\nallow: b\npermit a -> b.com:80\n"
    assert [marked for _, marked in told(text)] == ["kind: X", "b.com", "spec: {}", ":", ":", "permit"]


def test_an_unfinished_statement_hides_no_other() -> None:
    assert [marked for _, marked in told("allow a ->\npermit c -> d.com:80\n")] == ["", "permit"]
    assert [marked for _, marked in told("allow a ->\n\nb.com\n")] == ["", "b.com"]
    assert [marked for _, marked in told("allow a ->\r\nb.com:80\r\n")] == [""]


def test_a_line_that_goes_on_by_mistake_points_at_its_statement() -> None:
    problem = only("allow a -> b.com:443 tls\n  web-tier -> c.com:443 tls\n")
    assert problem.span.text == "web-tier"
    assert [(label.span.text, label.text) for label in problem.related] == [
        ("allow", "an indented line goes on with this statement")
    ]


def test_the_table_in_the_repository_is_the_grammar_s() -> None:
    from egresslang.resources import text

    assert table(text("grammar", GRAMMAR)) == text("grammar", TABLE), (
        "write it again: python -m egresslang.syntax.grammar"
    )


def test_the_grammar_has_no_conflicts() -> None:
    from egresslang.resources import text

    build(text("grammar", GRAMMAR), strict=True)


# parse ∘ print = identity


@settings(max_examples=120, deadline=None)
@given(st.lists(statements_drawn, max_size=4))
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


def test_an_indented_line_far_behind_names_its_statement() -> None:
    listed = "c.example.com, " * 50
    source = Source("p.egress", f"allow web -> x.example.com:443 tls\nhosts outer = {listed}\n    :443\n")
    (found,) = parse(source)[1]
    (label,) = found.related
    assert (label.span.text, label.span.place) == ("hosts", ("p.egress", 2, 1))
