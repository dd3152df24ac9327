"""One line for each finding."""

from __future__ import annotations

from egresslang.codes import NOT_ENFORCED, SYNTAX
from egresslang.findings import finding
from egresslang.record import replace
from egresslang.report.concise import render
from egresslang.source import Source, Span


def test_one_line_each() -> None:
    text = Source("team/a.egress", "allow a\nallow b\n")
    first = finding(SYNTAX, Span(text, 0, 5), "expected a destination after `a`", notes=["not shown"])
    second = replace(finding(NOT_ENFORCED, Span(text, 14, 15), "`b` is left open"), cluster="recipes-us")
    assert render([first, second]) == (
        "team/a.egress:1:1: error[EGR001] expected a destination after `a`\n"
        "team/a.egress:2:7: warning[EGR501] `b` is left open (cluster recipes-us)\n"
    )


def test_nothing_breaks_the_line() -> None:
    text = Source("a\nb", "x")
    assert render([finding(SYNTAX, Span(text, 0, 1), "`\r\n\x1b`")]) == (
        "a\\u000ab:1:1: error[EGR001] `\\u000d\\u000a\\u001b`\n"
    )


def test_no_findings_no_lines() -> None:
    assert render([]) == ""
