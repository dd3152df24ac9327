"""Changes as SARIF: what is gained or granted on other terms, at the line of the rule that grants it; who is left open, at
that of the profile.

What is lost stands on no line of the head, and is in the other forms. A result follows its flows: its fingerprint is
that of workloads and destinations, wherever their rule stands.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from urllib.parse import quote

from egresslang import __version__
from egresslang.answers.difference.comparison import OPENED, Compared, Opening
from egresslang.answers.difference.difference import CHANGED, GAINED
from egresslang.answers.difference.lines import Line, terms_changed, terms_said, where_said, who_of
from egresslang.answers.difference.text import MOST, clusters_said, opening_said
from egresslang.json_text import json_text
from egresslang.policy.policy import ANY
from egresslang.report import Checked, Context
from egresslang.report.display import shown
from egresslang.report.place import Path, paths
from egresslang.report.sarif import FINGERPRINTS, HOME, NAME, ROOT, SCHEMA, region

RULES = {
    GAINED: ("EGRD001", "access-gained", "Access that was not granted before."),
    CHANGED: (
        "EGRD002",
        "access-changed",
        "Access that is granted on other terms: owner, region, last day, where it leads.",
    ),
    OPENED: ("EGRD003", "workload-opened", "Workloads that are left open: they reach everything."),
}
"""What a result is called by, its name, and what it is about; no codes of findings, for nothing is wrong."""


def show(compared: Compared, root: str, folder: str) -> str:
    """One SARIF document of ASCII; `root` is the folder of the repository, `folder` the current one."""
    path = paths(Context(compared.today, Checked(0, 0), root=root, folder=folder))
    kinds = list(RULES)
    results = [
        _result(line, kinds.index(line.kind), compared, path)
        for line in compared.lines
        if line.kind in RULES and line.after
    ]
    opened = [each for each in compared.openings if each.kind == OPENED]
    results += [_opened(each, kinds.index(OPENED), compared, path) for each in opened]
    run = {
        "tool": {
            "driver": {
                "name": NAME,
                "fullName": f"{NAME} {__version__}",
                "version": __version__,
                "semanticVersion": __version__,
                "informationUri": HOME,
                "rules": [_rule(*RULES[kind]) for kind in kinds],
            }
        },
        "automationDetails": {"id": f"{NAME}-diff/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [{"executionSuccessful": True}],
        "properties": {"today": compared.today, "base": compared.base},
        "results": results,
    }
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _rule(code: str, name: str, text: str) -> dict[str, Any]:
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in name.split("-")),
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": "note"},
        "properties": {"tags": ["security"], "problem.severity": "recommendation"},
    }


def _result(line: Line, index: int, compared: Compared, path: Path) -> dict[str, Any]:
    """A warning for what is gained and wide: everyone, a whole namespace, a wildcard, everything; else a note."""
    said = f"{who_of(line, MOST)} -> {where_said(line, MOST)}{clusters_said(compared, line.clusters)}"
    if line.old is not None and line.new is not None:
        terms = "; ".join(terms_changed(line.old, line.new))
    else:
        terms = terms_said(line.new)
    words = "gained" if line.kind == GAINED else "granted on other terms"
    text = ". ".join(filter(None, [f"{words}: {said}", line.remark, terms]))
    made: dict[str, Any] = {
        "ruleId": RULES[line.kind][0],
        "ruleIndex": index,
        "level": "warning" if line.kind == GAINED and _is_wide(line) else "note",
        "message": {"text": shown(text)},
        "locations": _locations(line.after[0].span, path),
        "partialFingerprints": dict.fromkeys(FINGERPRINTS, _fingerprint(line)),
    }
    if len(line.after) > 1:
        made["relatedLocations"] = [
            {"id": number, **_location(rule.span, path)}
            for number, rule in enumerate(line.after[1:], 1)
            if rule.span.source.name
        ]
    return made


def _opened(opening: Opening, index: int, compared: Compared, path: Path) -> dict[str, Any]:
    """A warning: workloads that are left open from now on."""
    parts = OPENED, *opening.clusters, *(each.text for each in opening.workloads)
    return {
        "ruleId": RULES[OPENED][0],
        "ruleIndex": index,
        "level": "warning",
        "message": {"text": shown(f"opened: {opening_said(opening)}{clusters_said(compared, opening.clusters)}")},
        "locations": _locations(opening.span, path),
        "partialFingerprints": dict.fromkeys(FINGERPRINTS, _digest(parts)),
    }


def _is_wide(line: Line) -> bool:
    return any(who.endswith(ANY) for who in line.who) or any(
        place.startswith(ANY) or place == "internet" for place, _ in line.where
    )


def _locations(span: Any, path: Path) -> list[dict[str, Any]]:
    """Where a rule stands; nowhere for what is in no file, such as Istio's default."""
    return [_location(span, path)] if span.source.name else []


def _location(span: Any, path: Path) -> dict[str, Any]:
    uri = quote(path(span.source.name), safe="/", errors="surrogateescape")
    artifact = {"uri": f"file://{uri}"} if uri.startswith("/") else {"uri": uri, "uriBaseId": ROOT}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region(span)}}


def _fingerprint(line: Line) -> str:
    parts = line.kind, *line.clusters, *line.who, *(place + port for place, port in line.where)
    return _digest(parts)


def _digest(parts: tuple[str, ...]) -> str:
    return sha256("\0".join(parts).encode(errors="backslashreplace")).hexdigest()[:32]
