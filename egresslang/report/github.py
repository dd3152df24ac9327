"""The github format: workflow commands that GitHub Actions turns into annotations, one line for each finding.

`::error title=…,file=…,line=…,endLine=…,col=…,endColumn=…::message`, as the toolkit of Actions writes them: columns
only where the lines are equal. Nothing that a policy says can become a command: what ends a line is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence

from egresslang.findings import Finding, Severity
from egresslang.report import Context
from egresslang.report.display import shown
from egresslang.report.place import Path, paths
from egresslang.report.prose import remarks, title

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def report(findings: Sequence[Finding], context: Context) -> str:
    """The findings, one command each; nothing when there are none."""
    path = paths(context)
    return "".join([f"{_command(each, path)}\n" for each in findings])


def _command(finding: Finding, path: Path) -> str:
    source, span = finding.span.source, finding.span
    line, column = source.position(span.start)
    end_line, end_column = source.position(span.end)
    properties: dict[str, object] = {"title": f"{finding.code.id} {finding.code.name}"}
    properties |= {"file": shown(path(source.name)), "line": line, "endLine": end_line}
    if line == end_line:
        properties |= {"col": column, "endColumn": end_column}
    said = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    message = "\n".join([title(finding), *remarks(finding, path)])
    return f"::{_COMMANDS[finding.severity]} {said}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property's value; a file name that would do anything to a terminal is shown, and no longer found."""
    return _data(text if text.isprintable() else shown(text)).replace(":", "%3A").replace(",", "%2C")
