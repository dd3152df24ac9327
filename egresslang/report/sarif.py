"""The sarif format: one run of SARIF 2.1.0, as code scanning of GitHub and other viewers read it.

A result has one physical location; lines and columns count from 1, columns in Unicode code points, the end exclusive.
URIs are relative to the root of the repository. What the policy suppresses is there too, with its reason.

GitHub follows a finding by the fingerprint `primaryLocationLineHash` alone, and would else make it from the lines that
follow: ours is of the statement, wherever it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from egresslang import __version__
from egresslang.findings import Code, Finding, Fix, Label
from egresslang.json_text import json_text
from egresslang.report import Context
from egresslang.report.display import shown
from egresslang.report.fingerprint import fingerprinted
from egresslang.report.page import page_of
from egresslang.report.place import Path, paths
from egresslang.report.prose import remarks, title
from egresslang.source import Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
NAME = "egressc"
HOME = "https://egresslang.dev"
ROOT = "%SRCROOT%"
FINGERPRINTS = ("primaryLocationLineHash", "egresscStatement/v1")
"""The names a fingerprint goes by: the one that GitHub knows, and our own."""

_GROUPS = {
    "0": "syntax",
    "1": "names",
    "2": "conflicts",
    "3": "breadth",
    "4": "governance",
    "5": "cluster",
    "6": "manifests",
    "7": "traffic",
    "9": "witness",
}
"""What a code is about, by its first digit."""


def report(findings: Sequence[Finding], context: Context) -> str:
    """The findings, those told and those suppressed, as one SARIF document of ASCII."""
    path = paths(context)
    told = [*findings, *context.suppressed]
    rules = sorted({each.code.id: each.code for each in told}.values(), key=lambda code: code.id)
    results = _Results({code.id: at for at, code in enumerate(rules)}, path, bool(context.suppressed))
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": NAME,
                "fullName": f"{NAME} {__version__}",
                "version": __version__,
                "semanticVersion": __version__,
                "informationUri": HOME,
                "rules": [_rule(code) for code in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [{"executionSuccessful": True}],
        "properties": {"today": context.today},
        "results": [results.made(*each) for each in fingerprinted(told, path)],
    }
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rule(code: Code) -> dict[str, Any]:
    page = page_of(code)
    level = str(code.severity)
    return {
        "id": code.id,
        "name": "".join(word.capitalize() for word in code.name.split("-")),
        "shortDescription": {"text": f"{code.name.replace('-', ' ').capitalize()}."},
        "fullDescription": {"text": page.summary},
        "help": {"text": page.text, "markdown": page.text},
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": ["security", _GROUPS[code.id[3]]],
            "problem.severity": "recommendation" if level == "note" else level,
        },
    }


class _Results:
    """Findings as results: `rules` has the index of each code; `is_suppressing` when any finding is suppressed."""

    def __init__(self, rules: dict[str, int], path: Path, is_suppressing: bool) -> None:
        self._rules = rules
        self._path = path
        self._is_suppressing = is_suppressing

    def made(self, finding: Finding, fingerprint: str) -> dict[str, Any]:
        """One result. Of one run either all results say how they are suppressed, or none does."""
        text = "\n".join([f"{title(finding)}.", *remarks(finding, self._path)])
        made: dict[str, Any] = {
            "ruleId": finding.code.id,
            "ruleIndex": self._rules[finding.code.id],
            "level": str(finding.severity),
            "message": {"text": text},
            "locations": [{**self._location(finding.span), **_said(finding.label)}],
            "partialFingerprints": dict.fromkeys(FINGERPRINTS, fingerprint),
        }
        if finding.related:
            made["relatedLocations"] = [self._related(*each) for each in enumerate(finding.related, 1)]
        if finding.fix is not None:
            made["fixes"] = [self._fix(finding.fix)]
        if self._is_suppressing:
            made["suppressions"] = (
                [{"kind": "inSource", "justification": finding.suppressed}] if finding.suppressed else []
            )
        if finding.cluster:
            made["properties"] = {"cluster": finding.cluster}
        return made

    def _location(self, span: Span) -> dict[str, Any]:
        return {"physicalLocation": {"artifactLocation": self._artifact(span), "region": region(span)}}

    def _related(self, number: int, label: Label) -> dict[str, Any]:
        return {"id": number, **self._location(label.span), **_said(label.text)}

    def _artifact(self, span: Span) -> dict[str, Any]:
        """A file by its path below the root; one that lies elsewhere by its own URI."""
        path = quote(self._path(span.source.name), safe="/", errors="surrogateescape")
        return {"uri": f"file://{path}"} if path.startswith("/") else {"uri": path, "uriBaseId": ROOT}

    def _fix(self, fix: Fix) -> dict[str, Any]:
        changes: dict[str, dict[str, Any]] = {}
        for edit in fix.edits:
            change = changes.setdefault(
                edit.span.source.name, {"artifactLocation": self._artifact(edit.span), "replacements": []}
            )
            change["replacements"].append({"deletedRegion": region(edit.span), "insertedContent": {"text": edit.text}})
        return {"description": {"text": fix.title}, "artifactChanges": list(changes.values())}


def _said(text: str) -> dict[str, Any]:
    return {"message": {"text": shown(text)}} if text else {}


def region(span: Span) -> dict[str, int]:
    """Where a span lies: lines and columns from 1, the end exclusive."""
    (line, column), (end_line, end_column) = (span.source.position(at) for at in (span.start, span.end))
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
