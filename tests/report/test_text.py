"""The text format, read: every golden text stands here as a person would see it."""

from __future__ import annotations

import re
import time
from textwrap import dedent

from hypothesis import given, settings
from hypothesis import strategies as st

from egresslang.codes import NOT_ENFORCED, PROTOCOL_CONFLICT, SYNTAX
from egresslang.findings import Edit, Finding, Fix, Label, Severity, finding
from egresslang.record import replace
from egresslang.report import Checked, Context
from egresslang.report.display import columns, shown
from egresslang.report.text import render, report, summary
from egresslang.source import Source, Span


def source(text: str, name: str = "recipes.egress") -> Source:
    return Source(name, text)


def at(where: Source, words: str, nth: int = 1) -> Span:
    """The span of the nth occurrence of some words."""
    start = -1
    for _ in range(nth):
        start = where.text.index(words, start + 1)
    return Span(where, start, start + len(words))


def reads(text: str) -> str:
    """A golden text: dedented, without the first line break; `~` stands for nothing at a line's end."""
    return dedent(text).lstrip("\n").replace("~\n", "\n")


def bad(span: Span, label: str = "here", **more: object) -> Finding:
    return replace(finding(SYNTAX, span, "wrong", label), **more)


RECIPES = source(
    "# who may call whom\n\nallow idgen -> api.example.com:443 tls\n\n\n\nallow etl -> api.example.com:443 tcp\n"
)
CONFLICT = finding(
    PROTOCOL_CONFLICT,
    at(RECIPES, "api.example.com:443 tcp"),
    "`api.example.com:443` is both tls and tcp in namespace `recipes`",
    "tcp here",
    related=[Label(at(RECIPES, "api.example.com:443 tls"), "tls here")],
    notes=["a sidecar has one ServiceEntry port for it; one of the two workloads would be blocked"],
    help="use tls for both, or another port",
)


def test_a_finding_with_a_related_place_far_above() -> None:
    assert render([CONFLICT]) == reads("""
        error[EGR204]: `api.example.com:443` is both tls and tcp in namespace `recipes`
          --> recipes.egress:7:14
           |
         3 | allow idgen -> api.example.com:443 tls
           |                ----------------------- tls here
        ...
         7 | allow etl -> api.example.com:443 tcp
           |              ^^^^^^^^^^^^^^^^^^^^^^^ tcp here
           |
           = note: a sidecar has one ServiceEntry port for it; one of the two workloads would be blocked
           = help: use tls for both, or another port
        """)


def test_nothing_is_rendered_for_no_findings() -> None:
    assert render([]) == ""


def test_findings_are_parted_by_a_blank_line() -> None:
    text = source("allow a\n")
    assert render([bad(at(text, "allow")), bad(at(text, "a", 2), "")]) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:1
           |
         1 | allow a
           | ^^^^^ here

        error[EGR001]: wrong
          --> recipes.egress:1:7
           |
         1 | allow a
           |       ^
        """)


def test_one_unmarked_line_between_marked_ones_is_shown_and_numbers_are_aligned() -> None:
    text = source("\n" * 8 + "first\nbetween\nlast\n")
    made = render([bad(at(text, "last"), related=(Label(at(text, "first"), "and this"),))])
    assert made == reads("""
        error[EGR001]: wrong
           --> recipes.egress:11:1
            |
          9 | first
            | ----- and this
         10 | between
         11 | last
            | ^^^^ here
        """)


def test_labels_in_several_files() -> None:
    text, other = source("allow idgen -> apis\n"), source("\n\n\n\n\n\n\n\n\nset apis = {}\n", "sets/other.egress")
    profile = source("workloads:\n- name: idgen\n", "cluster.yaml")
    related = (
        Label(at(other, "apis"), "the set"),
        Label(at(profile, "idgen"), "the workload"),
        Label(at(text, "idgen"), "the source"),
    )
    assert render([bad(at(text, "apis"), related=related, notes=("no",))]) == reads("""
        error[EGR001]: wrong
           --> recipes.egress:1:16
            |
          1 | allow idgen -> apis
            |       -----    ^^^^ here
            |       |
            |       the source
            |
           ::: sets/other.egress:10:5
            |
         10 | set apis = {}
            |     ---- the set
            |
           ::: cluster.yaml:2:9
            |
          2 | - name: idgen
            |         ----- the workload
            |
            = note: no
        """)


def test_several_labels_on_one_line() -> None:
    text = source("allow idgen -> api.example.com:443 tls\n")
    related = (Label(at(text, "tls"), "last"), Label(at(text, "idgen"), "first"))
    assert render([bad(at(text, "api.example.com"), "second", related=related)]) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:16
           |
         1 | allow idgen -> api.example.com:443 tls
           |       -----    ^^^^^^^^^^^^^^^     --- last
           |       |        |
           |       |        second
           |       first
        """)


def test_overlapping_labels_show_the_shorter() -> None:
    text = source("allow idgen -> api.example.com:443 tls\n")
    related = (
        Label(at(text, "api.example.com"), "the host"),
        Label(at(text, "api"), "its label"),
        Label(at(text, "443"), ""),
    )
    assert render([bad(at(text, text.text.strip()), "the rule", related=related)]) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:1
           |
         1 | allow idgen -> api.example.com:443 tls
           | ^^^^^^^^^^^^^^^---------------^---^^^^ the rule
           |                |
           |                the host
           |                its label
        """)


def test_a_label_at_the_findings_own_place_leaves_its_mark() -> None:
    text = source("allow a\n")
    assert render([bad(at(text, "a", 2), related=(Label(at(text, "a", 2), "again"),))]) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:7
           |
         1 | allow a
           |       ^ here
           |       |
           |       again
        """)


def test_a_span_of_many_lines_is_marked_at_both_ends() -> None:
    text = source("set apis = {\n  a,\n  b,\n  c,\n  d }\nallow\n")
    assert render([bad(Span(text, 4, text.text.index("}") + 1), "defined")]) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:5
           |
         1 | set apis = {
           |     ^^^^^^^^ defined …
        ...
         5 |   d }
           |   ^^^ … to here
        """)


def test_a_span_that_ends_with_its_line_ending_is_of_one_line() -> None:
    text = source("allow a\r\nallow b\r\n")
    assert render([bad(Span(text, 0, 9))]) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:1
           |
         1 | allow a
           | ^^^^^^^ here
        """)


def test_a_span_of_two_lines_without_words() -> None:
    text = source("allow {a,\n\t b} -> c\n")
    assert render([bad(Span(text, 6, 14), "")]) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:7
           |
         1 | allow {a,
           |       ^^^ …
         2 |      b} -> c
           |      ^^ … to here
        """)


def test_tabs_are_four_columns() -> None:
    text = source("\tallow\tidgen\n")
    assert render([bad(at(text, "idgen"), related=(Label(at(text, "\t", 2), "a tab"),))]) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:8
           |
         1 |     allow    idgen
           |          ----^^^^^ here
           |          |
           |          a tab
        """)


def test_wide_and_combining_characters() -> None:
    text = source('reason="日本e\u0301한글" x\n')
    assert render([bad(at(text, "x"), related=(Label(at(text, "本e\u0301"), "日本"),))]) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:17
           |
         1 | reason="日本e\u0301한글" x
           |           ---      ^ here
           |           |
           |           日本
        """)


def test_emoji_are_two_columns_however_they_are_made() -> None:
    glyphs = ["\U0001f600", "\u2764\ufe0f", "1\ufe0f\u20e3", "\U0001f44d\U0001f3fd", "\U0001f1e9\U0001f1ea"]
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
    runner = "\U0001f3c3\U0001f3fd\u200d\u2640\ufe0f"
    for glyph in [*glyphs, family, runner]:
        text = source(f"{glyph} x\n")
        _, _, _, line, marked = render([bad(at(text, "x"))]).splitlines()
        assert line == f" 1 | {glyph} x"
        assert marked == "   |    ^ here"


def test_what_could_trick_a_terminal_is_shown_escaped() -> None:
    text = source("a\x1b[2Jb\u202ec\u2066\u200b\ufeff\x7f\u00a0\U000e0041\ufe0f\u200d x\x85\u2028\n", "p\x1b\n.egress")
    trick = bad(at(text, "x"), "\u202eno", message="`\r\u202e`\n", notes=("\x07",), help="\x1b[1m", cluster="c\x08")
    assert render([trick]) == reads(r"""
        error[EGR001]: `\u000d\u202e`\u000a (cluster c\u0008)
          --> p\u001b\u000a.egress:1:18
           |
         1 | a\u001b[2Jb\u202ec\u2066\u200b\ufeff\u007f\u00a0\U000e0041\ufe0f\u200d x\u0085\u2028
           |                                                                        ^ \u202eno
           |
           = note: \u0007
           = help: \u001b[1m
        """)


def test_a_lone_surrogate_can_be_printed() -> None:
    text = source("a\udce4 x\n")
    assert " 1 | a\\udce4 x\n   |         ^ here\n" in render([bad(at(text, "x"))])


def test_the_place_after_the_last_character() -> None:
    text = source("allow")
    assert render([bad(Span(text, 5, 5))]) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:6
           |
         1 | allow
           |      ^ here
        """)


def test_the_place_after_the_last_line_ending() -> None:
    text = source("allow\n")
    assert render([bad(Span(text, 6, 6))]) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:2:1
           |
         2 |
           | ^ here
        """)


def test_an_empty_file() -> None:
    assert render([bad(Span(source(""), 0, 0), help="write a rule")]) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:1
           |
         1 |
           | ^ here
           |
           = help: write a rule
        """)


def test_an_empty_span_between_two_words() -> None:
    text = source("allow -> a\n")
    assert " 1 | allow -> a\n   |       ^ here\n" in render([bad(Span(text, 6, 6))])


def test_a_line_ends_at_lf_or_cr_lf_and_a_lone_cr_is_shown() -> None:
    text = source("one\r\n\r\ntwo\rthree\nfour\r")
    related = (Label(Span(text, 3, 5), "its end"), Label(at(text, "four"), ""))
    assert render([bad(at(text, "three"), related=related)]) == reads(r"""
        error[EGR001]: wrong
          --> recipes.egress:3:5
           |
         1 | one
           |    - its end
         2 |
         3 | two\u000dthree
           |          ^^^^^ here
         4 | four\u000d
           | ----
        """)


def test_a_long_line_is_cut_around_the_mark() -> None:
    text = source("a" * 500_000 + " middle " + "b" * 500_000 + "\n")
    assert render([bad(at(text, "middle"))], width=49) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:500002
           |
         1 | …aaaaaaaaaaaaaaaaa middle bbbbbbbbbbbbbbbbb…
           |                    ^^^^^^ here
        """)


def test_a_long_line_is_cut_only_where_it_must_be() -> None:
    text = source("head " + "x" * 1000 + " tail\n")
    for words, line, marked in [
        ("head", "head " + "x" * 40 + "…", ["^^^^ here"]),
        ("tail", "…" + "x" * 19 + " tail", [" " * 21 + "^^^^ here"]),
        ("x" * 1000, "head " + "x" * 40 + "…", [" " * 5 + "^" * 40, "     |", "     here"]),
        ("x tail", "…" + "x" * 20 + " tail", [" " * 20 + "^" * 6 + " here"]),
    ]:
        _, _, _, cut, *under = render([bad(at(text, words))], width=51).splitlines()
        assert (cut, under) == (f" 1 | {line}", [f"   | {each}" for each in marked])


def test_titles_and_words_are_wrapped_to_a_narrow_terminal() -> None:
    text = source("allow * -> api.example.com:443 tls\n")
    related = (Label(at(text, "*"), "everybody"), Label(at(text, ":443 tls"), "a port that all of them may reach"))
    told = bad(at(text, "api"), "a name", message="every workload of the whole mesh", cluster="us", related=related)
    assert render([told], width=40) == reads("""
        error[EGR001]: every workload of the
          whole mesh (cluster us)
          --> recipes.egress:1:12
           |
         1 | allow * -> api.example.com:443 tls
           |       -    ^^^            --------
           |       |    |              |
           |       |    |   a port that all of
           |       |    |   them may reach
           |       |    a name
           |       everybody
        """)


def test_distant_marks_of_a_long_line_are_shown_apart() -> None:
    text = source("one two " + "x" * 300 + " three\n")
    related = (Label(at(text, "one"), "first"), Label(at(text, "two"), "second"))
    assert render([bad(at(text, "three"), "third", related=related)], width=46) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:310
           |
         1 | one two xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
           | --- --- second
           | |
           | first
         1 | …xxxxxxxxxxxxxxxx three
           |                   ^^^^^ third
        """)


def test_a_cut_never_splits_a_glyph() -> None:
    family = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
    text = source(family * 100 + "x" + family * 100 + "\n")
    _, _, _, line, marked = render([bad(at(text, "x"))], width=45).splitlines()
    assert line == f" 1 | …{family * 9}x{family * 9}…"
    assert marked == "   |                    ^ here"


def test_notes_are_wrapped_with_a_hanging_indent() -> None:
    text = source("a\n")
    noted = bad(
        at(text, "a"), "", notes=("one two 日本語 four five six seven\nown line",), help="unbreakablewordofalength x"
    )
    assert render([noted], width=34) == reads("""
        error[EGR001]: wrong
          --> recipes.egress:1:1
           |
         1 | a
           | ^
           |
           = note: one two 日本語 four
                   five six seven
                   own line
           = help: unbreakablewordofalength
                   x
        """)


def test_a_safe_fix_is_told_and_an_unsafe_one_is_not() -> None:
    text = source("a\n")
    edits = (Edit(at(text, "a"), "b"),)
    assert render([bad(at(text, "a"), fix=Fix("write `b`", edits, safe=True))]).endswith("   |\n   = fix: write `b`\n")
    assert render([bad(at(text, "a"), fix=Fix("write `b`", edits))]).endswith("   | ^ here\n")


def test_the_cluster_ends_the_title() -> None:
    text = source("a\n")
    title, *_ = render([bad(at(text, "a"), cluster="recipes-us")]).splitlines()
    assert title == "error[EGR001]: wrong (cluster recipes-us)"


def test_severity_is_the_findings_own() -> None:
    noted = finding(NOT_ENFORCED, Span(source("a"), 0, 1), "open", severity=Severity.NOTE)
    assert render([noted]).startswith("note[EGR501]: open\n")


def test_colours_tell_what_is_what() -> None:
    text = source("allow a\n")
    painted = render([bad(at(text, "a", 2), related=(Label(at(text, "allow"), ""),), help="go")], color=True)
    assert painted.replace("\x1b[", "<").replace("0m", ">").splitlines() == [
        "<1;31merror[EGR001]<><1m: wrong<>",
        "  <1;34m--><> recipes.egress:1:7",
        "<1;34m   |<>",
        "<1;34m 1 |<> allow a",
        "<1;34m   |<> <1;34m-----<> <1;31m^<> <1;31mhere<>",
        "<1;34m   |<>",
        "   <1;34m=<> <1mhelp:<> go",
    ]
    warned = render([finding(NOT_ENFORCED, at(text, "a"), "open")], color=True)
    assert warned.startswith("\x1b[1;33mwarning[EGR501]\x1b[0m")


def test_summary() -> None:
    error, warning = bad(Span(source("a"), 0, 1)), finding(NOT_ENFORCED, Span(source("a"), 0, 1), "open")
    note = replace(warning, severity=Severity.NOTE)
    assert summary([error, warning, error], Checked(12, 3)) == "2 errors, 1 warning in 3 files"
    assert summary([note, note, warning, error], Checked(1, 1)) == "1 error, 1 warning, 2 notes in 1 file"
    assert summary([], Checked(12, 3)) == "no findings: 12 rules in 3 files"
    assert summary([], Checked(1, 1, suppressed=2)) == "no findings: 1 rule in 1 file (2 suppressed)"
    assert summary([error], Checked(1, 1, 2, 1)) == "1 error in 1 file (2 suppressed, 1 hidden)"


def test_a_report_ends_with_its_summary() -> None:
    context = Context("2026-11-23", Checked(2, 1))
    assert report([CONFLICT], context) == render([CONFLICT]) + "\n1 error in 1 file\n"
    assert report([], context) == "no findings: 2 rules in 1 file\n"


def test_ten_thousand_findings_in_one_file_or_one_line_take_no_time() -> None:
    rule = "allow idgen -> api.example.com:443 tls"
    many_lines = source(f"{rule}\n" * 10_000)
    one_line = source(f"{rule} " * 10_000)
    for text in (many_lines, one_line):
        spans = [Span(text, index * (len(rule) + 1), index * (len(rule) + 1) + 5) for index in range(10_000)]
        began = time.process_time()
        made = render([bad(span) for span in spans])
        assert time.process_time() - began < 10
        assert made.count("^^^^^ here") == 10_000


ANSI = re.compile(r"\x1b\[[0-9;]*m")
RAW = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
HARD = "ab \t\r\n日한e\u0301\u202e\u200d\ufe0f\U0001f469\U0001f3fd\u27641"
TEXTS = st.text(st.one_of(st.sampled_from(HARD), st.characters(exclude_characters="…")))
WIDTHS = st.one_of(st.none(), st.integers(1, 120))


@st.composite
def several_spans(draw: st.DrawFn) -> list[Span]:
    """Some spans of one text, whose lines are at times too long for a terminal."""
    text = source(draw(TEXTS) * draw(st.sampled_from([1, 1, 50])))
    offsets = st.integers(0, len(text.text))
    pairs = draw(st.lists(st.tuples(offsets, offsets), min_size=1, max_size=4))
    return [Span(text, min(pair), max(pair)) for pair in pairs]


@settings(deadline=None)
@given(several_spans(), TEXTS, WIDTHS)
def test_colour_adds_nothing_but_colour_and_nothing_raw_gets_out(
    spans: list[Span], words: str, width: int | None
) -> None:
    first, *others = spans
    related = tuple(Label(span, words) for span in others)
    found = [bad(first, words, message=words, related=related, notes=(words,), help=words, cluster=words)]
    plain = render(found, width=width)
    assert ANSI.sub("", render(found, color=True, width=width)) == plain
    assert not RAW.search(plain)


@settings(deadline=None)
@given(several_spans(), WIDTHS)
def test_the_caret_stands_right_after_what_is_before_the_span(spans: list[Span], width: int | None) -> None:
    span = spans[0]
    line, marked = render([bad(span, "")], width=width).splitlines()[3:5]
    bar = marked.index("|") + 2
    before = shown(text_before(span))
    left = prefixes(line[bar:], marked.index("^") - bar)
    if line.startswith("…", bar):
        assert any(before.endswith(each.removeprefix("…")) for each in left)
    else:
        assert before in left


@settings(deadline=None)
@given(several_spans(), st.integers(40, 120))
def test_all_but_the_place_stays_within_the_terminal(spans: list[Span], width: int) -> None:
    first, *others = spans
    words = "some words of no great length"
    found = bad(first, words, message=words, related=tuple(Label(span, words) for span in others), notes=(words,))
    for line in render([found], width=width).splitlines():
        assert columns(line) <= width or line.lstrip().startswith("-->")


def text_before(span: Span) -> str:
    """What stands before a span on its line, without the line's ending."""
    text = span.source.text
    begin = text.rfind("\n", 0, span.start) + 1
    inside_ending = text[span.start - 1 : span.start + 1] == "\r\n"
    return text[begin : span.start - inside_ending]


def prefixes(line: str, width: int) -> list[str]:
    """The ways to take a number of columns from the begin of a line that lost its blanks at the end."""
    line = line.ljust(len(line) + width)
    return [line[:end] for end in range(len(line) + 1) if columns(line[:end]) == width]
