"""Formatting: one canonical text, nothing said otherwise, no comment lost; and what it looks like."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

import pytest
from drawn import statements, texts
from hypothesis import given, settings
from hypothesis import strategies as st

from egresslang.findings import Severity
from egresslang.policy.flows import Box
from egresslang.policy.granted import box_of
from egresslang.policy.resolve import resolve
from egresslang.profile.stock import stock
from egresslang.source import Source
from egresslang.suppression import read_suppressions
from egresslang.syntax import nodes
from egresslang.syntax.comments import comments
from egresslang.syntax.format import WIDTH, show_file, spelled_out
from egresslang.syntax.parse import parse
from egresslang.syntax.print import show_statement


def read(text: str) -> nodes.File:
    file, found = parse(Source("p.egress", text))
    assert not found, [f"{each.message} at {each.span.text!r} in {text!r}" for each in found]
    return file


def formatted(text: str) -> str:
    return show_file(read(text))


SLIPS = (
    *("", " ", "\n", "\n ", "\t", "\r", "#", " #", "# ", '"', "'", "\\", ",", "{", "}", "$", "${", "=", ":", "->", "a"),
    *("\xa0", "\u3000", "owner=", "é"),
)
"""What takes the place of some characters of a text."""


def comments_of(text: str) -> list[str]:
    """The comments of a whole file that parses."""
    text = text.removeprefix("\ufeff")
    return [comment for _, comment in comments(f"\n{text}", 1, len(text) + 1)]


# Whatever the policy


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_what_is_said_stays_and_so_do_the_comments(data: Any) -> None:
    trees = data.draw(st.lists(statements, max_size=5))
    text, written = data.draw(texts(trees))
    assert list(read(text).statements) == trees
    once = formatted(text)
    assert read(once).statements == tuple(map(spelled_out, trees))
    assert comments_of(once) == written
    assert formatted(once) == once


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_the_text_depends_on_the_trees_alone_where_there_are_no_comments(data: Any) -> None:
    trees = data.draw(st.lists(statements, max_size=4))
    text = "\n".join(show_statement(each) for each in trees) + "\n"
    other, _ = data.draw(texts(trees, comments=()))
    # Blank lines are the author's, and end a run of lines whose columns stand in one line.
    assert _words(formatted(other)) == _words(formatted(text)) * bool(trees)


def _words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 2**32))
def test_whatever_parses_says_the_same(data: Any, seed: int) -> None:
    """Texts with slips in them: most do not parse, and those that do are the strange ones."""
    random = Random(seed)
    text, _ = data.draw(texts(data.draw(st.lists(statements, min_size=1, max_size=3))))
    for _ in range(40):
        at = random.randrange(len(text) + 1)
        slipped = text[:at] + random.choice(SLIPS) + text[at + random.randrange(3) :]
        file, found = parse(Source("p.egress", slipped))
        if found:
            continue
        text = slipped
        once = show_file(file)
        assert read(once).statements == tuple(map(spelled_out, file.statements))
        assert formatted(once) == once
        assert comments_of(once) == comments_of(text)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_lines_are_clean(data: Any) -> None:
    trees = data.draw(st.lists(statements, max_size=4))
    once = formatted(data.draw(texts(trees))[0])
    assert "\r" not in once
    assert "\n\n\n" not in once
    assert once == "" or (once[0] not in "\n\ufeff" and once.endswith("\n") and not once.endswith("\n\n"))
    for line in once.splitlines():
        assert line == line.rstrip()
        assert len(line) - len(line.lstrip(" ")) in (0, 4, 8, 12)


SPOKEN = (
    "# egressc: ignore EGR302 -- why", "# egressc: ignore EGR302 -- why", "# why", "# legacy # egressc: ignore EGR303 -- why",
    '# "x" # egressc: ignore EGR308 -- why', '# "x # egressc: ignore EGR308 -- why"', "# x#egressc: ignore EGR309 -- why",
)  # fmt: skip
"""Comments that suppress, alone and behind others, and some that only look so."""


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_suppression_acts_on_the_same_statement(data: Any) -> None:
    trees = data.draw(st.lists(statements, min_size=1, max_size=4))
    text, _ = data.draw(texts(trees, comments=SPOKEN))
    once = formatted(text)
    assert acts_on(once) == acts_on(text)
    assert formatted(once) == once


def acts_on(text: str) -> list[int | None]:
    """The number of the statement that each suppression is about."""
    file = read(text)
    spans = [statement.span for statement in file.statements]
    return [
        None if each.statement_span is None else spans.index(each.statement_span)
        for each in read_suppressions([file])[0]
    ]


WHO = ["a", "b", "n/c", "{a, b}", "n/*", "*"]
WHERE = ["a.example.com", "*.b.example.com", "s", "{a.example.com, b.example.com}", "203.0.113.0/29", "203.0.113.4"]
PORTS = ["443", "80", "8443 tls", "{443, 80}", "{443 https, 8080 http2}", "5432 postgres"]
MORE = ["", " owner=web", " region=us", ' reason="Why {a}, b # c"', " address=203.0.113.4", " expires=2031-01-01"]
RULES = st.tuples(*map(st.sampled_from, (WHO, WHERE, PORTS, MORE))).map(
    lambda said: "allow {} -> {}:{}{}".format(*said)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(RULES, min_size=1, max_size=5), st.data())
def test_the_same_flows_are_granted(rules: list[str], data: Any) -> None:
    """The protocol that is written out is the one that was implied, wherever a rule may leave it out."""
    trees = read("\n".join(["namespace n", "hosts s = c.example.com, *.d.example.com", *rules])).statements
    text, _ = data.draw(texts(trees))
    assert granted(formatted(text)) == granted(text)


def granted(text: str) -> list[Box]:
    policy, _ = resolve([read(text)], stock(), date(2026, 11, 23), Severity.ERROR)
    return [box_of(grant) for grant in policy.grants]


# What it looks like

LONG = (
    "allow web -> {aaaaaaaaaaaa.example.com, bbbbbbbbbbbb.example.com, cccccccccccc.example.com, d.example.com}:443 tls"
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("allow  a->B.example.com:443\n", "allow a -> b.example.com:443 tls\n"),
        ("allow {a} -> {b.example.com}:{ 80 }\n", "allow a -> b.example.com:80 http\n"),
        ("allow {a,b,} -> {b.com:80,c.com:{443,}}\n", "allow {a, b} -> {b.com:80 http, c.com:443 tls}\n"),
        ("hosts s = a.com:80,\n  b.com:443,\n", "hosts s = a.com:80, b.com:443\n"),
        ("deny a -> b.com:443\nexpect a -> b.com:443 allowed\n", "deny a -> b.com:443\nexpect a -> b.com:443 allowed\n"),
        ("allow [tier=web,app] -> b.com:80\n", "allow [app, tier=web] -> b.com:80 http\n"),
        ("deny a -> [2001:DB8:0::]\n", "deny a -> [2001:db8::]\n"),
        ("deny a -> 192.0.2.7/32\n", "deny a -> 192.0.2.7\n"),
        ('deny a -> b.com owner="${team}" ticket="A-1"\n', "deny a -> b.com owner=${team} ticket=A-1\n"),
        ('deny a -> b.com reason="a b" ticket=""\n', 'deny a -> b.com reason="a b" ticket=""\n'),
        ("deny a -> B\u00fccher.example.\n", "deny a -> xn--bcher-kva.example\n"),
        ("expect a -> b.com allowed address=1.2.3.4\n", "expect a -> b.com address=1.2.3.4 allowed\n"),
        (
            f'{LONG} reason="because it is so" owner=x ticket=y\n',
            ("allow web -> {\n        aaaaaaaaaaaa.example.com,\n        bbbbbbbbbbbb.example.com,\n"
            "        cccccccccccc.example.com,\n        d.example.com,\n    }:443 tls\n"
            '    reason="because it is so"\n    owner=x ticket=y\n'),
        ),
        (
            f"hosts s = {', '.join(f'host-{n}.example.com' for n in range(6))}\n",
            f"hosts s =\n{''.join(f'    host-{n}.example.com,{chr(10)}' for n in range(6))}",
        ),
        (
            f"mesh a -> {', '.join(f'namespace-{n}/service' for n in range(6))} cluster=x\n",
            f"mesh a ->\n    {(',' + chr(10) + '    ').join(f'namespace-{n}/service' for n in range(6))}\n    cluster=x\n",
        ),
        (
            f"allow {'n' * 60}/{'w' * 60} -> {'h' * 60}.example.com:443 tls\n",
            f"allow {'n' * 60}/{'w' * 60}\n    -> {'h' * 60}.example.com:443 tls\n",
        ),
        (
            f"allow a -> b.com:443 address={{{', '.join(f'203.0.113.{n}' for n in range(100, 108))}}} owner=x\n",
            "allow a -> b.com:443 tls\n    address={\n"
            + "".join(f"        203.0.113.{n},\n" for n in range(100, 108))
            + "    }\n    owner=x\n",
        ),
    ],
)  # fmt: skip
def test_a_statement(before: str, after: str) -> None:
    assert formatted(before) == after
    assert formatted(after) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("allow a -> b.com:443 #x\t\n", "allow a -> b.com:443 tls  #x\n"),
        ("allow a -> b.com:443 # x\n  tls\n", "allow a -> b.com:443 tls  # x\n"),
        ("allow a -> b.com:443 # x\n  tls # y\n", "allow a\n    # x\n    -> b.com:443 tls  # y\n"),
        (
            "allow # x # egressc: ignore EGR308 -- y\n  # z\n  a -> b.com:80\n",
            "# x\n# egressc: ignore EGR308 -- y\n# z\nallow a -> b.com:80 http\n",
        ),
        (
            'allow # "x # egressc: ignore EGR308 -- y"\n  # z\n  a -> b.com:80\n',
            '# "x # egressc: ignore EGR308 -- y"\n# z\nallow a -> b.com:80 http\n',
        ),
        ("allow # x\n  a -> b.com:443\n", "allow a  # x\n    -> b.com:443 tls\n"),
        ("allow a -> b.com:443 tls # x\n  owner=y\n", "allow a -> b.com:443 tls  # x\n    owner=y\n"),
        ("allow a -> b.com:443 tls\n# x\n  owner=y\n", "allow a -> b.com:443 tls\n    # x\n    owner=y\n"),
        ("allow a -> b.com:443 tls\n  # owner=y\n", "allow a -> b.com:443 tls\n    # owner=y\n"),
        ("allow a -> b.com:443 tls\n\n  # owner=y\n", "allow a -> b.com:443 tls\n\n# owner=y\n"),
        (
            "allow {a, # x\n b # y\n # z\n } # e\n -> c.com:80\n",
            "allow {\n        a,  # x\n        b,  # y\n        # z\n    }  # e\n    -> c.com:80 http\n",
        ),
        ("hosts s = # w\n a.com, # x\n\n\n # y\n b.com # z\n", "hosts s =  # w\n    a.com,  # x\n    # y\n    b.com,  # z\n"),
        ("hosts s = a.com # x\n  , # y\n", "hosts s =\n    # x\n    a.com,  # y\n"),
        (
            "allow a -> b.com:{80, # x\n 443} owner=y\n",
            "allow a -> b.com:{\n        80 http,  # x\n        443 tls,\n    }\n    owner=y\n",
        ),
        ("namespace n # x\nallow a -> b.com:80 # y\n", "namespace n               # x\nallow a -> b.com:80 http  # y\n"),
        ("\n\n  # x\n\n\n# y\nnamespace n\n\n\n\n# z\n\n", "# x\n\n# y\nnamespace n\n\n# z\n"),
        ('deny a -> b.com reason="a # b" # c\n', 'deny a -> b.com reason="a # b"  # c\n'),
        (
            "deny a -> {b.com:80, c.com:{80, 443} # x\n } # y\n owner=z\n",
            "deny a -> {\n        b.com:80,\n        c.com:{80, 443},  # x\n    }  # y\n    owner=z\n",
        ),
        (
            "expect a -> b.com allowed address={1.2.3.4, 5.6.7.8\n # x\n }\n",
            "expect a -> b.com\n    address={\n        1.2.3.4,\n        5.6.7.8,\n        # x\n    }\n    allowed\n",
        ),
        ("expect a -> b.com allowed # x\n cluster=c # y\n", "expect a -> b.com  # x\n    cluster=c allowed  # y\n"),
    ],
)  # fmt: skip
def test_a_comment_stays_where_it_belongs(before: str, after: str) -> None:
    assert formatted(before) == after
    assert formatted(after) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "expect idgen -> httpbin.org:80 allowed\nexpect orders -> b.com blocked # x\n\nexpect a -> b.com blocked\n",
            "expect idgen  -> httpbin.org:80  allowed\nexpect orders -> b.com           blocked  # x\n\nexpect a -> b.com blocked\n",
        ),
        (
            "expect a -> b.com allowed\n# x\nexpect abc -> b.com blocked\n",
            "expect a -> b.com allowed\n# x\nexpect abc -> b.com blocked\n",
        ),
        (
            f"expect a -> b.com allowed\nexpect {'c' * 40} -> b.com blocked\n",
            f"expect a -> b.com allowed\nexpect {'c' * 40} -> b.com blocked\n",
        ),
        ("allow a -> b.com:80 http\nallow abc -> b.com:80 http\n", "allow a -> b.com:80 http\nallow abc -> b.com:80 http\n"),
    ],
)  # fmt: skip
def test_what_is_lined_up(before: str, after: str) -> None:
    assert formatted(before) == after
    assert formatted(after) == after


def test_a_line_is_as_wide_as_it_may_be() -> None:
    line = "allow a -> b.com:443 tls owner=".ljust(WIDTH, "x")
    assert formatted(f"{line}  # and a comment\n") == f"{line}  # and a comment\n"
    assert formatted(f"{line}x\n") == f"{line}x\n".replace(" owner", "\n    owner")
