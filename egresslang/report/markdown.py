"""The markdown format: a summary for the page of a CI job, or a comment on a merge request.

The count is a heading, a table tells how often each code was found, and the findings themselves stand as text in a
fenced block. So nothing that a policy says is read as Markdown or HTML: the fence is longer than any in the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from egresslang.findings import Finding
from egresslang.report import Context
from egresslang.report.text import render, summary

LARGEST = 512 * 1024
"""Bytes of the findings in a report at most: half of what GitHub takes as the summary of a step."""


def report(findings: Sequence[Finding], context: Context) -> str:
    """The count, a table of codes and the findings; those past `LARGEST` bytes are only counted."""
    parts = [f"### egressc: {summary(findings, context.checked)}\n"]
    if findings:
        counts = Counter((-each.severity, each.code.id, each.code.name, str(each.severity)) for each in findings)
        rows = [
            f"| {severity} | {id} {name} | {counts[key]} |\n"
            for key in sorted(counts)
            for _, id, name, severity in [key]
        ]
        parts.append("| severity | code | findings |\n|---|---|---:|\n" + "".join(rows))
        parts.append(_block(findings))
    return "\n".join(parts)


def _block(findings: Sequence[Finding]) -> str:
    """As many of the findings as there is room for, most severe first, and how many are left out."""
    shown: list[str] = []
    room = LARGEST
    for each in sorted(findings, key=lambda each: -each.severity):
        text = render([each])
        room -= len(text.encode("utf-8", "backslashreplace")) + 1
        if room < 0:
            break
        shown.append(text)
    body = "\n".join(shown)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", body)), default=0))
    left = len(findings) - len(shown)
    rest = f"\n{left} more {'is' if left == 1 else 'are'} not shown here: `egressc check` tells all.\n" if left else ""
    return f"{fence}text\n{body}{fence}\n{rest}"
