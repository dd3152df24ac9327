"""Code Quality reports, as GitLab documents them."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator
from sample import CLEAN, CONTEXT, FOUND, PATH

from egresslang.codes import ADDRESS_OVERLAP
from egresslang.findings import finding
from egresslang.record import replace
from egresslang.report.gitlab import report
from egresslang.source import Source, Span

# docs.gitlab.com/ci/testing/code_quality: what a report must have to be shown at all, and nothing that we do not mean.
SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "type": {"const": "issue"},
            "description": {"type": "string", "minLength": 1, "pattern": r"^[^\n]*$"},
            "check_name": {"type": "string", "minLength": 1},
            "content": {
                "type": "object",
                "required": ["body"],
                "additionalProperties": False,
                "properties": {"body": {"type": "string"}},
            },
            "categories": {"type": "array", "items": {"enum": ["Security"]}},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "additionalProperties": False,
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./)."},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "additionalProperties": False,
                        "properties": {
                            "begin": {"type": "integer", "minimum": 1},
                            "end": {"type": "integer", "minimum": 1},
                        },
                    },
                },
            },
        },
    },
}


def read(text: str) -> list[dict[str, Any]]:
    document: list[dict[str, Any]] = json.loads(text)
    Draft202012Validator(SCHEMA).validate(document)
    return document


def test_an_object_for_each_finding() -> None:
    made = read(report(FOUND, CONTEXT))
    told = [
        (each["check_name"], each["severity"], each["location"]["path"], each["location"]["lines"]) for each in made
    ]
    assert told == [
        ("EGR406 other-cluster", "minor", "profile.yaml", {"begin": 1, "end": 1}),
        ("EGR501 not-enforced", "info", PATH, {"begin": 3, "end": 3}),
        ("EGR204 protocol-conflict", "major", PATH, {"begin": 4, "end": 5}),
    ]
    assert made[1]["description"] == "EGR501: `idgen` is left open"
    assert made[2]["description"].endswith("<tcp> (cluster recipes-us) (use tls for both)")


def test_an_empty_array_when_clean() -> None:
    assert report([], CLEAN) == "[]\n"
    assert report([], CONTEXT) == "[]\n"


def test_suppressing_one_of_two_equal_findings_leaves_the_other_its_fingerprint() -> None:
    source = Source("a.egress", "allow a -> x.example:80 http\n" * 2)
    first, second = (finding(ADDRESS_OVERLAP, Span(source, at, at + 5), "shared") for at in (0, 29))
    both = read(report([first, second], CLEAN))
    one = read(report([second], replace(CLEAN, suppressed=(replace(first, suppressed="why"),))))
    assert [each["fingerprint"] for each in one] == [both[1]["fingerprint"]]
