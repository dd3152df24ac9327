"""Fixes: what is changed and what is not, in files, as a diff and on standard output; and what holds of any policy: a
fix never adds a flow to what was meant, fixing ends, and what is fixed can be read.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egresslang.cli import main
from egresslang.codes import SYNTAX
from egresslang.compile import read
from egresslang.findings import Edit, Fix, Severity, finding
from egresslang.fixes import apply, diff, safe
from egresslang.policy.flow_index import diff as flow_diff
from egresslang.policy.flows import Box
from egresslang.policy.granted import box_of
from egresslang.policy.policy import Policy
from egresslang.policy.resolve import resolve
from egresslang.profile.stock import stock
from egresslang.record import replace
from egresslang.source import Source, Span
from egresslang.suggest import is_misspelling

WRONG = "alow a -> API.example.com:443\nallow b => b.example.com:443 tsl\n"
RIGHT = "allow a -> api.example.com:443 tls\nallow b -> b.example.com:443 tls\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.egress").write_text(WRONG)
    return tmp_path


def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    out, err, before = io.StringIO(), io.StringIO(), sys.stdin
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
        try:
            status = main(["check", *arguments])
        finally:
            sys.stdin = before
    said = "".join(line for line in err.getvalue().splitlines(True) if "no profile" not in line)
    return status, out.getvalue(), said


def fixed(text: str) -> str:
    return run("--fix", "-q", "-", stdin=text)[1]


# One by one


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("alow a -> a.example.com:443 tls\n", "allow a -> a.example.com:443 tls\n"),
        ("Allow a -> a.example.com:443 tls\n", "allow a -> a.example.com:443 tls\n"),
        ("allow a -> a.example.com:443 tsl\n", "allow a -> a.example.com:443 tls\n"),
        ("allow a -> a.example.com:443 TLS\n", "allow a -> a.example.com:443 tls\n"),
        ("allow a -> a.example.com:443 ssl\n", "allow a -> a.example.com:443 tls\n"),
        ("allow a => a.example.com:443 tls\n", "allow a -> a.example.com:443 tls\n"),
        ("allow a → a.example.com:443 tls\n", "allow a -> a.example.com:443 tls\n"),
        ("allow a -> a.example.com:443 tls onwer=x\n", "allow a -> a.example.com:443 tls owner=x\n"),
        ("allow a -> a.example.com:443\n", "allow a -> a.example.com:443 tls\n"),
        ("allow a -> a.example.com:{80, 443}\n", "allow a -> a.example.com:{80 http, 443 tls}\n"),
        ("allow a -> {a.example.com:80, b.example.com:443}\n", "allow a -> {a.example.com:80 http, b.example.com:443 tls}\n"),
        ("allow a -> 203.0.113.7:5432\n", "allow a -> 203.0.113.7:5432 postgres\n"),
        ("allow a -> db.example.com:9000 address=203.0.113.7\n", "allow a -> db.example.com:9000 tcp address=203.0.113.7\n"),
        ("allow a -> A.Example.com:443 tls\n", "allow a -> a.example.com:443 tls\n"),
        ("allow a -> *.Example.com:443 tls\n", "allow a -> *.example.com:443 tls\n"),
        ("hosts s = A.example.com\nallow a -> s:443 tls\n", "hosts s = a.example.com\nallow a -> s:443 tls\n"),
        ("deny * -> X.example.com\nallow a -> a.example.com:443 tls\n", "deny * -> x.example.com\nallow a -> a.example.com:443 tls\n"),
        ("allow Cart -> a.example.com:443 tls\n", "allow cart -> a.example.com:443 tls\n"),
        ("allow a -> a.example.com:0443 tls\n", "allow a -> a.example.com:443 tls\n"),
        ("allow a -> a.example.com:443 tls  # egressc: ignore EGR107 -- gone\n", "allow a -> a.example.com:443 tls\n"),
        ("# egressc: ignore EGR107 -- gone\nallow a -> a.example.com:443 tls\n", "allow a -> a.example.com:443 tls\n"),
        (
            "allow a -> b.example.com:53 udp  # egressc: ignore EGR107, EGR509 -- dns\n",
            "allow a -> b.example.com:53 udp  # egressc: ignore EGR509 -- dns\n",
        ),
        (
            "allow a -> b.example.com:53 udp  # egressc: ignore EGR509, EGR107, EGR205 -- dns\n",
            "allow a -> b.example.com:53 udp  # egressc: ignore EGR509 -- dns\n",
        ),
        (
            "allow a -> b.example.com:53 udp  # egressc: ignore not-governed — dns\n",
            "allow a -> b.example.com:53 udp  # egressc: ignore EGR509 -- dns\n",
        ),
        (
            ("allow a -> *.example.com:80 http  # egressc: ignore EGR308 -- one\n\n# egressc: ignore EGR308 -- two\n# more\n"
            "allow a -> a.example.com:80 http\nallow b -> a.example.com:80 http\n"),
            "allow a -> *.example.com:80 http  # egressc: ignore EGR308 -- one\n\n# more\nallow b -> a.example.com:80 http\n",
        ),
        (
            "allow a -> *.example.com:443 tls\nallow {a, b} -> a.example.com:443 tls\n",
            "allow a -> *.example.com:443 tls\nallow b -> a.example.com:443 tls\n",
        ),
        (
            "allow a -> *.example.com:443 tls\nallow {b, a, c} -> a.example.com:443 tls\n",
            "allow a -> *.example.com:443 tls\nallow {b, c} -> a.example.com:443 tls\n",
        ),
        (
            "allow a -> {*.example.com:443 tls, b.example.org:{80 http, 443 tls}, a.example.com:443 tls}\n",
            "allow a -> {*.example.com:443 tls, b.example.org:{80 http, 443 tls}}\n",
        ),
        (
            "allow a -> {*.example.com, a.example.com}:443 tls owner=x\n",
            "allow a -> *.example.com:443 tls owner=x\n",
        ),
        (
            "allow b -> *.example.com:443 tls\nallow {\n    a,  # one\n    b,  # two\n    # three is another\n    c,\n  } -> a.example.com:443 tls\n",
            "allow b -> *.example.com:443 tls\nallow {\n    a,  # one\n    # three is another\n    c,\n  } -> a.example.com:443 tls\n",
        ),
        (
            "allow c -> *.example.com:443 tls\nallow {\n    a,  # one\n    c  # two\n  } -> a.example.com:443 tls\n",
            "allow c -> *.example.com:443 tls\nallow {\n    a,  # one\n      # two\n  } -> a.example.com:443 tls\n",
        ),
        (
            "allow a -> *.example.com:443 tls\nallow {a, b, c} -> a.example.com:443 tls\nallow b -> a.example.com:443 tls owner=x\n",
            "allow a -> *.example.com:443 tls\nallow {b, c} -> a.example.com:443 tls\n",
        ),
        (
            "allow a -> a.example.com:443 tls\ndeny b -> a.example.com:443\nallow a -> a.example.com:443",
            "allow a -> a.example.com:443 tls\ndeny b -> a.example.com:443\n",
        ),
        ("\ufeffalow a -> a.example.com:443\r\n", "\ufeffallow a -> a.example.com:443 tls\r\n"),
        ("allow a -> a.example.com:443 tls reason=“x”\n", 'allow a -> a.example.com:443 tls reason="x"\n'),
        ("allow a -> a.example.com:443 tls reason='x y'\n", 'allow a -> a.example.com:443 tls reason="x y"\n'),
        ("expect a -> a.example.com:80 blokced\n", "expect a -> a.example.com:80 blocked\n"),
    ],
)  # fmt: skip
def test_what_is_mended(before: str, after: str) -> None:
    assert fixed(before) == after
    assert fixed(after) == after


@pytest.mark.parametrize(
    "text",
    [
        "allow a -> a.example.com:443 http3\n",
        "allow a -> a.example.com:21 ftp\n",
        "allow a -> a.example.com:9000\n",
        "hosts s = a.example.com:443\ndeny * -> s\nallow a -> b.example.com:443 tls\n",
        "deny * -> a.example.com:443\nallow a -> b.example.com:443 tls\n",
        "expect a -> a.example.com:443 blocked\n",
        "allow a -> 203.0.113.9/29:443 tls\n",
        "permit a -> a.example.com:443 tls\n",
        "allow a -> bücher.example:443 tls\n",
        'allow a -> a.example.com:443 tls reason="A.Example.com:443"\n',
    ],
)
def test_what_is_left_alone(text: str) -> None:
    assert fixed(text) == text


@pytest.mark.parametrize(
    ("word", "meant", "sure"),
    [
        ("alow", "allow", True), ("allow", "allow", True), ("ALLOW", "allow", True), ("lalow", "allow", True), ("alllow", "allow", True),
        ("allaw", "allow", True), ("tsl", "tls", True), ("tl", "tls", True), ("tcl", "tls", False), ("ftp", "tcp", False),
        ("http3", "http", False), ("http", "http2", False), ("htp2", "http2", True), ("sql", "mysql", False), ("ally", "allow", False),
    ],
)  # fmt: skip
def test_what_is_surely_misspelt(word: str, meant: str, sure: bool) -> None:
    assert is_misspelling(word, meant) is sure


# Files


def test_files_are_replaced_whole(here: Path) -> None:
    os.chmod(here / "a.egress", 0o640)
    (here / "b.egress").write_text(RIGHT.replace("example.com", "example.net"))
    before = os.lstat(here / "b.egress")
    assert run("--fix") == (0, "no findings: 4 rules in 2 files\n", "egressc: 5 fixes in 1 file\n")
    assert (here / "a.egress").read_text() == RIGHT
    assert stat.S_IMODE(os.lstat(here / "a.egress").st_mode) == 0o640
    assert os.lstat(here / "b.egress").st_ino == before.st_ino
    assert sorted(path.name for path in here.iterdir()) == ["a.egress", "b.egress"]
    assert run("--fix") == (0, "no findings: 4 rules in 2 files\n", "")


def test_nothing_is_written_through_a_link(here: Path) -> None:
    (here / "real").write_text(WRONG)
    (here / "link.egress").symlink_to("real")
    status, out, err = run("--fix")
    assert (status, out) == (2, "")
    assert err.startswith("egressc: `link.egress` is a link")
    assert (here / "a.egress").read_text() == (here / "real").read_text() == WRONG


def test_what_cannot_be_written_is_misuse(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    status, out, err = run("--fix")
    assert (status, out, err) == (2, "", "egressc: cannot write `a.egress`: No space left on device\n")
    assert (here / "a.egress").read_text() == WRONG
    assert [path.name for path in here.iterdir()] == ["a.egress"]


def test_what_is_left_is_told(here: Path) -> None:
    (here / "a.egress").write_text(WRONG + "allow c -> c.example.com:53 udp\nallow d -> x:1 tcp\n")
    status, out, _ = run("--fix", "--format", "json")
    assert status == 1
    assert [(each["code"], each["line"]) for each in json.loads(out)["findings"]] == [("EGR509", 3), ("EGR102", 4)]
    assert (here / "a.egress").read_text().startswith(RIGHT)


def test_a_diff_writes_nothing(here: Path) -> None:
    for options in (("--diff",), ("--diff", "--fix")):
        status, out, err = run(*options)
        assert status == 1
        assert out == (
            "--- a.egress\n+++ a.egress\n@@ -1,2 +1,2 @@\n"
            "-alow a -> API.example.com:443\n-allow b => b.example.com:443 tsl\n"
            "+allow a -> api.example.com:443 tls\n+allow b -> b.example.com:443 tls\n"
        )
        assert "EGR002" in err
        assert (here / "a.egress").read_text() == WRONG
    if (tool := "/usr/bin/patch") and os.path.exists(tool):
        subprocess.run([tool, "-p0", "-s"], input=out.encode(), check=True, cwd=here)
        assert (here / "a.egress").read_text() == RIGHT
        assert run("--diff") == (0, "", "no findings: 2 rules in 1 file\n") or run("--diff")[1] == ""


def test_a_file_without_a_last_line_end(here: Path) -> None:
    (here / "a.egress").write_text("allow a -> a.example.com:443")
    assert run("--diff")[1].endswith("+allow a -> a.example.com:443 tls\n\\ No newline at end of file\n")
    run("--fix")
    assert (here / "a.egress").read_text() == "allow a -> a.example.com:443 tls"


def test_standard_input_is_printed(here: Path) -> None:
    status, out, err = run("--fix", "-", stdin=WRONG + "allow c -> c.example.com:53 udp\n")
    assert (status, out) == (0, RIGHT + "allow c -> c.example.com:53 udp\n")
    assert "EGR509" in err
    assert run("--diff", "-", stdin=WRONG)[1].startswith("--- -\n+++ -\n@@ -1,2 +1,2 @@\n-alow")


def test_a_broken_profile_changes_nothing(here: Path) -> None:
    (here / "p.yaml").write_text("kind: ClusterProfile\napiVersion: egresslang.dev/v1\nmetadata: {nme: x}\n")
    status, out, _ = run("--fix", "-p", "p.yaml")
    assert (status, "EGR510" in out) == (1, True)
    assert (here / "a.egress").read_text() == WRONG


def test_hidden_findings_are_not_fixed(here: Path) -> None:
    text = "allow a -> a.example.com:443 tls  # egressc: ignore EGR107 -- later\n"
    (here / "a.egress").write_text(text)
    run("--fix", "--ignore", "EGR408")
    assert (here / "a.egress").read_text() == text


def test_what_only_some_clusters_say_is_not_fixed() -> None:
    source = Source("a.egress", "abc")
    there = Span(source, 0, 1)
    change = Fix("x", (Edit(there, "x"),), safe=True)
    found = [finding(SYNTAX, there, "m", fix=change)]
    assert list(safe(found)) == [change]
    assert list(safe([replace(found[0], cluster="eu")])) == []
    assert list(safe([replace(found[0], fix=replace(change, safe=False))])) == []


# Edits


def edit(source: Source, start: int, end: int, text: str) -> Edit:
    return Edit(Span(source, start, end), text)


def test_of_overlapping_changes_the_first_is_made() -> None:
    one, two = Source("a", "abcdef"), Source("b", "uvw")
    elsewhere = Source("c", "c")
    changes = [
        Fix("1", (edit(one, 2, 4, "X"), edit(two, 0, 0, "Y"))),
        Fix("2", (edit(one, 3, 5, "never"),)),
        Fix("3", (edit(two, 1, 2, "never"), edit(one, 0, 6, "never"))),
        Fix("4", (edit(one, 4, 5, "Z"),)),
        Fix("5", (edit(two, 0, 0, "never"),)),
        Fix("6", (edit(one, 6, 6, "!"),)),
        Fix("7", (edit(elsewhere, 0, 1, "never"),)),
        Fix("8", (edit(one, 2, 2, "+"),)),
    ]
    changed, made = apply([one, two], changes)
    assert ([source.text for source in changed], made) == (["ab+XZf!", "Yuvw"], 4)
    assert diff(one, one) == ""


def meet(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    """Whether two edits share a place, or the second writes where what the first removes ends."""
    removed = set(range(one[0] + 1, one[1] + (one[2] == ""))) if one[0] < one[1] else set()
    shared = set(range(*one[:2])) & set(range(*other[:2]))
    return one[:2] == other[:2] or bool(shared) or (other[0] == other[1] and other[0] in removed)


@given(st.text("abc\n", max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), st.text("XY", max_size=2)), max_size=12))  # fmt: skip
def test_edits_are_made_where_they_stand(text: str, drawn: list[tuple[int, int, str]]) -> None:
    """Against the plain way: from the last to the first, each on the text so far."""
    source = Source("a", text)
    edits = [(min(s, len(text)), min(s + n, len(text)), t) for s, n, t in drawn]
    changed, made = apply([source], [Fix(str(n), (edit(source, *each),)) for n, each in enumerate(edits)])
    taken: list[tuple[int, int, str]] = []
    for start, end, new in edits:
        if not any(meet(one, other) or meet(other, one) for one in [(start, end, new)] for other in taken):
            taken.append((start, end, new))
    plain = text
    for start, end, new in sorted(taken, reverse=True):
        plain = plain[:start] + new + plain[end:]
    assert (changed[0].text, made) == (plain, len(taken))


# Whatever the policy


WHO = ["a", "b", "n/c", "{a, b}", "n/*", "{a, n/c, n/*}"]
WHERE = [
    "a.example.com", "b.example.com", "*.example.com", "*.b.example.com", "s", "{a.example.com, b.example.com}", "{s, c.example.com, *.example.com}",
    "203.0.113.0/29", "203.0.113.4",
]  # fmt: skip
PORTS = ["443 tls", "80 http", "8443 tls", "{443 tls, 80 http}", "5432 postgres", "53 udp"]
MORE = ["", "", " owner=web", " region=us", ' reason="A.B.com:443 alow"', " expires=2031-01-01", " address=203.0.113.4"]


@st.composite
def lines(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["allow", "allow", "allow", "deny", "expect"]))
    where, port, more = draw(st.sampled_from(WHERE)), draw(st.sampled_from(PORTS)), draw(st.sampled_from(MORE))
    if kind != "allow":
        more = ""
    end = " blocked" if kind == "expect" else ""
    return f"{kind} {draw(st.sampled_from(WHO))} -> {where}:{port}{more}{end}"


def swapped(word: str) -> str:
    return word[:2] + word[3] + word[2] + word[4:] if len(word) > 3 else word


SLIPS: list[Callable[[str], str]] = [
    lambda line: line.replace("allow", "alow", 1),
    lambda line: line.replace("expect", "expcet", 1),
    lambda line: line.replace("deny", "DENY", 1),
    lambda line: line.replace("->", "=>", 1),
    lambda line: line.replace(":443 tls", ":443").replace("{443 tls", "{443") if line.startswith("allow") else line,
    lambda line: line.replace("80 http", "80") if line.startswith("allow") else line,
    lambda line: line.replace("example", "Example"),
    lambda line: line.replace("tls", "tsl", 1),
    lambda line: line.replace("owner=", "onwer=").replace("region=", "regoin="),
    lambda line: f"# egressc: ignore EGR107, EGR205 -- who knows\n{line}",
    lambda line: f"{line}  # egressc: ignore EGR509 -- who knows",
    lambda line: f"{line}\n{line}",
    lambda line: f"{line}\n{line.replace(':443 tls', ':443')}" if line.startswith("allow") else line,
]
"""What people get wrong and a fix puts right, or what adds nothing."""


def resolved(text: str) -> Policy | None:
    """The policy that a text is; None when it is none."""
    files, found = read([Source("p.egress", text)])
    policy, more = resolve(files, stock(), date(2026, 11, 23), Severity.ERROR)
    return None if any(each.severity is Severity.ERROR for each in [*found, *more]) else policy


def flows(policy: Policy) -> list[Box]:
    return [box_of(grant) for grant in policy.grants]


def assertions(policy: Policy) -> set[object]:
    """What the denials and expectations say, whoever says it."""
    return {
        (each.rule.kind, each.outcome, each.subjects, each.excepted, each.destinations, each.holes)
        for each in policy.assertions
    }


@settings(max_examples=60)
@given(st.lists(lines(), min_size=1, max_size=6), st.sampled_from(["", "\n"]), st.data())
def test_a_fix_adds_no_flow_to_what_was_meant(meant: list[str], end: str, data: Any) -> None:
    """Nor does it change what is denied or expected. A line may have several slips and come twice, the last have no end."""
    head = "hosts s = c.example.com, d.example.com\n"
    wrong = []
    for line in meant:
        slips = data.draw(st.lists(st.sampled_from(SLIPS), min_size=1, max_size=2, unique=True))
        wrong.append(reduce(lambda so_far, slip: slip(so_far), slips, line))
    wrong += data.draw(st.lists(st.sampled_from(wrong), max_size=1))
    text = head + "\n".join(wrong) + end
    after = fixed(text)
    assert fixed(after) == after
    _, found = read([Source("p.egress", after)])
    assert found == []
    got = resolved(after)
    for whole in (resolved(head + "\n".join(meant) + "\n"), resolved(text)):
        if whole is not None:
            assert got is not None
            gained, lost = flow_diff(flows(whole), flows(got))
            assert (gained, lost) == ([], [])
            assert assertions(whole) == assertions(got)


SHORT: list[Callable[[str], str]] = [
    lambda line: line.replace(" tls", "").replace(" http", ""),
    lambda line: line.replace("example", "Example"),
    lambda line: f"{line}  # egressc: ignore EGR509 -- who knows",
]
"""What a fix writes out or takes away in a line that goes as a whole."""


@settings(max_examples=60)
@given(lines(), st.sampled_from(["", "\n", "\r\n"]), st.data())
def test_fixes_in_a_rule_that_goes_change_nothing_above_it(above: str, end: str, data: Any) -> None:
    rule = f"allow a -> {data.draw(st.sampled_from(WHERE[:3]))}:{data.draw(st.sampled_from([*PORTS[:2], PORTS[3]]))}"
    slips = data.draw(st.lists(st.sampled_from(SHORT), max_size=2, unique=True))
    again = reduce(lambda so_far, slip: slip(so_far), slips, rule)
    meant = f"hosts s = c.example.com\n{rule}\n{above}\n"
    whole, got = resolved(meant), resolved(fixed(meant + again + end))
    if whole is not None:
        assert got is not None
        assert flow_diff(flows(whole), flows(got)) == ([], [])
        assert assertions(whole) == assertions(got)


@settings(max_examples=60)
@given(st.lists(lines(), min_size=1, max_size=5), st.data())
def test_a_fix_of_any_text_ends_and_widens_nothing_that_was_one(some: list[str], data: Any) -> None:
    """Mutations of every kind, most of which no fix can undo."""
    text = "\n".join(["hosts s = c.example.com", *some, *data.draw(st.sampled_from([[], [""]]))])
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from(["", "x", "A", " ", "\n", "#", ",", "{", '"', "=", "-", "443"])) + text[at + data.draw(st.integers(0, 2)) :]  # fmt: skip
    after = fixed(text)
    assert fixed(after) == after
    before = resolved(text)
    if before is not None:
        got = resolved(after)
        assert got is not None
        assert flow_diff(flows(before), flows(got))[0] == []
        assert assertions(before) == assertions(got)


def test_every_line_of_a_large_policy_at_once() -> None:
    text = "".join(f"alow a -> H{n}.example.com:443\n" for n in range(2_000))
    assert fixed(text) == "".join(f"allow a -> h{n}.example.com:443 tls\n" for n in range(2_000))
    assert re.search(r"(?m)^alow", text)
