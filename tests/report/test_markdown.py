"""The markdown format: a summary that a policy can put nothing into."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from sample import CLEAN, CONTEXT, FOUND

from egresslang import codes
from egresslang.findings import finding
from egresslang.report import Checked, Context, render
from egresslang.report.markdown import LARGEST
from egresslang.source import Source, Span

FENCED = re.compile(r"^(`{3,})text\n(.*?)^\1\n", re.DOTALL | re.MULTILINE)


def test_a_clean_run_is_a_heading() -> None:
    assert render("markdown", [], CLEAN) == "### egressc: no findings: 2 rules in 1 file\n"


def test_findings_are_counted_by_code_and_shown_as_text() -> None:
    text = render("markdown", FOUND, CONTEXT)
    assert text.startswith(
        "### egressc: 1 error, 1 warning, 1 note in 2 files (1 suppressed)\n\n| severity | code | findings |\n|---|---|---:|\n"
        "| error | EGR204 protocol-conflict | 1 |\n| warning | EGR406 other-cluster | 1 |\n| note | EGR501 not-enforced | 1 |\n\n```text\nerror[EGR204]"
    )
    assert "\x1b" not in text


@given(st.lists(st.text(st.sampled_from("`~ \n\r<>|&a")), min_size=1, max_size=4))
def test_no_text_ends_the_block(lines: list[str]) -> None:
    source = Source("`" * 5 + "\n```.egress", "\n".join(lines) + "a")
    found = [finding(codes.SYNTAX, Span(source, 0, len(source.text)), line or "a", line, help=line) for line in lines]
    text = render("markdown", found, Context("2026-11-23", Checked(1, 1)))
    (block,) = FENCED.finditer(text)
    assert text[block.end() :] == ""
    assert block[1] not in block[2]
    assert "`" not in text[: block.start()]
    assert "<" not in text[: block.start()]


def test_it_fits_into_a_summary() -> None:
    source = Source("a.egress", "x" * 200 + "\n")
    found = [finding(codes.REDUNDANT, Span(source, at, at + 1), f"it {at} is \u00e9 " * 200) for at in range(200)] * 3
    found = [each for n in range(10) for each in found]
    text = render(
        "markdown",
        [*found, finding(codes.SYNTAX, Span(source, 0, 1), "the last")],
        Context("2026-11-23", Checked(1, 1)),
    )
    assert LARGEST / 2 < len(text.encode()) < LARGEST + 4096
    left = re.search(r"^(\d+) more are not shown here", text, re.MULTILINE)
    assert left
    assert int(left[1]) + text.count("\nwarning[EGR202]") == len(found)
    assert "error[EGR001]: the last" in text, "errors come first"
