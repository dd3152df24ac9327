"""The JSON format, version 1, as `schemas/findings.schema.json` describes it.

Lines and columns count from 1, columns in Unicode code points, the end exclusive. The text is ASCII:
the same bytes whatever the terminal, and nothing in it can act on one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from egresslang.findings import Finding, Fix, Severity
from egresslang.json_text import json_text
from egresslang.report import Context
from egresslang.source import Span

VERSION = 1


def report(findings: Sequence[Finding], context: Context) -> str:
    """The findings and their count as one JSON document."""
    return render(findings, today=context.today, suppressed=context.checked.suppressed)


def render(findings: Sequence[Finding], *, today: str, suppressed: int = 0) -> str:
    """One JSON document of the findings in the order given; `today` is an ISO date."""
    counts = Counter(each.severity for each in findings)
    document = {
        "version": VERSION,
        "today": today,
        "findings": [_finding(each) for each in findings],
        "summary": {
            "errors": counts[Severity.ERROR],
            "warnings": counts[Severity.WARNING],
            "notes": counts[Severity.NOTE],
            "suppressed": suppressed,
        },
    }
    return json_text(document) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    """One finding; `help`, `fix` and `cluster` are there only when it has them."""
    made: dict[str, Any] = {
        "code": finding.code.id,
        "name": finding.code.name,
        "severity": str(finding.severity),
        "message": finding.message,
        **_region(finding.span),
        "related": [{**_region(label.span), "message": label.text} for label in finding.related],
        "notes": list(finding.notes),
    }
    if finding.help:
        made["help"] = finding.help
    if finding.fix is not None:
        made["fix"] = _fix(finding.fix)
    if finding.cluster:
        made["cluster"] = finding.cluster
    return made


def _fix(fix: Fix) -> dict[str, Any]:
    edits = [{**_region(edit.span), "text": edit.text} for edit in fix.edits]
    return {"title": fix.title, "safe": fix.safe, "edits": edits}


def _region(span: Span) -> dict[str, Any]:
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {"file": span.source.name, "line": line, "column": column, "endLine": end_line, "endColumn": end_column}
