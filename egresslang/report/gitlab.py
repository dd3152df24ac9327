"""The gitlab format: a Code Quality report, an array with an object for each finding.

GitLab compares the reports of two branches by `fingerprint`: a finding that only moved is no new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from egresslang.findings import Finding, Severity
from egresslang.json_text import json_text
from egresslang.report import Context
from egresslang.report.fingerprint import fingerprinted
from egresslang.report.place import Path, paths
from egresslang.report.prose import remarks, title

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def report(findings: Sequence[Finding], context: Context) -> str:
    """The findings as one JSON array, `[]` when there are none; those suppressed only count for the fingerprints."""
    path = paths(context)
    known = fingerprinted([*findings, *context.suppressed], path)
    made = [_object(each, fingerprint, path) for each, fingerprint in known if not each.suppressed]
    return json_text(made) + "\n"


def _object(finding: Finding, fingerprint: str, path: Path) -> dict[str, Any]:
    source = finding.span.source
    (line, _), (end, _) = source.position(finding.span.start), source.position(finding.span.end)
    help = f" ({finding.help})" if finding.help else ""
    return {
        "type": "issue",
        "check_name": f"{finding.code.id} {finding.code.name}",
        "description": f"{finding.code.id}: {title(finding)}{help}",
        "content": {"body": "\n\n".join(remarks(finding, path))},
        "categories": ["Security"],
        "severity": _SEVERITIES[finding.severity],
        "fingerprint": fingerprint,
        "location": {"path": path(source.name), "lines": {"begin": line, "end": end}},
    }
