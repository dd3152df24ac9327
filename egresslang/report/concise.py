"""The concise format: one line for each finding, `file:line:column: error[EGR204] message`."""

from __future__ import annotations

from collections.abc import Iterable

from egresslang.findings import Finding
from egresslang.report import Context
from egresslang.report.display import shown


def report(findings: Iterable[Finding], context: Context) -> str:
    """The findings, one line each; nothing when there are none."""
    return render(findings)


def render(findings: Iterable[Finding]) -> str:
    """The findings, in the order given, one line each."""
    return "".join([_line(each) for each in findings])


def _line(finding: Finding) -> str:
    name, line, column = finding.span.place
    if name.lstrip().startswith("::"):  # a runner of CI would take the line for a command
        name = f"./{name}"
    cluster = f" (cluster {finding.cluster})" if finding.cluster else ""
    head = f"{name}:{line}:{column}: {finding.severity}[{finding.code.id}]"
    return shown(f"{head} {finding.message}{cluster}") + "\n"
