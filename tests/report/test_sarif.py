"""SARIF as GitHub wants it; `make conformance` validates by the schema and by Microsoft's validator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sample import CLEAN, CONFLICT, CONTEXT, FOUND, OPEN, PATH, QUIET

from egresslang import codes
from egresslang.findings import finding
from egresslang.report.sarif import report
from egresslang.source import Source, Span


def strict(required: str, optional: str = "", **properties: Any) -> dict[str, Any]:
    assert {*required.split(), *optional.split()} == set(properties)
    return {"type": "object", "required": required.split(), "additionalProperties": False, "properties": properties}


def many(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1}


TEXT = {"type": "string", "minLength": 1}
NUMBER = {"type": "integer", "minimum": 1}
INDEX = {"type": "integer", "minimum": 0}
LEVEL = {"enum": ["error", "warning", "note"]}
MESSAGE = strict("text", text=TEXT)
ARTIFACT = strict(
    "uri",
    "uriBaseId",
    uri={"type": "string", "pattern": r"^(file:///|(?!/)[^:]*$)", "format": "uri-reference"},
    uriBaseId={"const": "%SRCROOT%"},
)
REGION = strict(
    "startLine startColumn endLine endColumn", startLine=NUMBER, startColumn=NUMBER, endLine=NUMBER, endColumn=NUMBER
)
PHYSICAL = strict("artifactLocation region", artifactLocation=ARTIFACT, region=REGION)
RULE = strict(
    "id name shortDescription fullDescription help defaultConfiguration properties",
    id={"type": "string", "pattern": "^EGR[0-9]{3}$"},
    name={"type": "string", "pattern": "^([A-Z][a-z]*)+$"},
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=strict("text markdown", text=TEXT, markdown=TEXT),
    defaultConfiguration=strict("level", level=LEVEL),
    properties={"type": "object"},
)
RESULT = strict(
    "ruleId ruleIndex level message locations partialFingerprints",
    "relatedLocations fixes suppressions properties",
    ruleId=TEXT,
    ruleIndex=INDEX,
    level=LEVEL,
    message=MESSAGE,
    locations={
        **many(strict("physicalLocation", "message", physicalLocation=PHYSICAL, message=MESSAGE)),
        "maxItems": 1,
    },
    partialFingerprints={"type": "object", "additionalProperties": TEXT, "required": ["primaryLocationLineHash"]},
    relatedLocations=many(
        strict("id physicalLocation", "message", id=NUMBER, physicalLocation=PHYSICAL, message=MESSAGE)
    ),
    fixes=many(
        strict(
            "description artifactChanges",
            description=MESSAGE,
            artifactChanges=many(
                strict(
                    "artifactLocation replacements",
                    artifactLocation=ARTIFACT,
                    replacements=many(
                        strict(
                            "deletedRegion insertedContent",
                            deletedRegion=REGION,
                            insertedContent=strict("text", text={"type": "string"}),
                        )
                    ),
                )
            ),
        )
    ),
    suppressions={
        "type": "array",
        "maxItems": 1,
        "items": strict("kind justification", kind={"const": "inSource"}, justification=TEXT),
    },
    properties=strict("cluster", cluster=TEXT),
)
RUN = strict(
    "tool columnKind originalUriBaseIds invocations properties results",
    tool=strict(
        "driver",
        driver=strict(
            "name fullName version semanticVersion informationUri rules",
            name={"const": "egressc"},
            fullName=TEXT,
            version=TEXT,
            semanticVersion=TEXT,
            informationUri={"type": "string", "format": "uri"},
            rules={"type": "array", "items": RULE},
        ),
    ),
    columnKind={"const": "unicodeCodePoints"},
    originalUriBaseIds={"type": "object"},
    invocations={"const": [{"executionSuccessful": True}]},
    properties=strict("today", today=TEXT),
    results={"type": "array", "items": RESULT},
)
VALIDATOR = Draft202012Validator(
    strict("$schema version runs", **{"$schema": TEXT, "version": {"const": "2.1.0"}, "runs": many(RUN)})
)


def run_of(text: str) -> dict[str, Any]:
    document = json.loads(text)
    VALIDATOR.validate(document)
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [each["id"] for each in rules] == sorted({each["ruleId"] for each in run["results"]})
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
    assert isinstance(run, dict)
    return run


def result_of(code: codes.Code, run: dict[str, Any]) -> dict[str, Any]:
    (result,) = [each for each in run["results"] if each["ruleId"] == code.id]
    assert isinstance(result, dict)
    return result


def test_a_whole_result() -> None:
    run = run_of(report(FOUND, CONTEXT))
    result = result_of(CONFLICT.code, run)
    uri = "team/policies/a%20b%2Cc%3Ad%25.egress"
    artifact = {"uri": uri, "uriBaseId": "%SRCROOT%"}
    tcp = {"startLine": 5, "startColumn": 4, "endLine": 5, "endColumn": 7}
    here = {"startLine": 4, "startColumn": 13, "endLine": 5, "endColumn": 7}
    there = {"startLine": 3, "startColumn": 16, "endLine": 3, "endColumn": 33}
    fingerprint = result.pop("partialFingerprints")
    assert len(set(fingerprint.values())) == 1
    assert result.pop("message")["text"].split("\n") == [
        "`a.example:443` is 100% both,\\u000d\\u000a::error::tls & <tcp> (cluster recipes-us).",
        f"{PATH}:4:13: tcp here",
        f"{PATH}:3:16: tls here",
        "note: one of the two would be blocked",
        "note: \\u001b[31m\\u202e",
        "help: use tls for both",
        "fix: write tls",
    ]
    assert result == {
        "ruleId": "EGR204",
        "ruleIndex": 0,
        "level": "error",
        "locations": [
            {"physicalLocation": {"artifactLocation": artifact, "region": here}, "message": {"text": "tcp here"}}
        ],
        "relatedLocations": [
            {
                "id": 1,
                "physicalLocation": {"artifactLocation": artifact, "region": there},
                "message": {"text": "tls here"},
            }
        ],
        "fixes": [
            {
                "description": {"text": "write tls"},
                "artifactChanges": [
                    {
                        "artifactLocation": artifact,
                        "replacements": [{"deletedRegion": tcp, "insertedContent": {"text": "tls"}}],
                    }
                ],
            }
        ],
        "suppressions": [],
        "properties": {"cluster": "recipes-us"},
    }


def test_a_finding_may_be_milder_than_its_code() -> None:
    run = run_of(report(FOUND, CONTEXT))
    assert result_of(OPEN.code, run)["level"] == "note"
    levels = {rule["id"]: rule["defaultConfiguration"]["level"] for rule in run["tool"]["driver"]["rules"]}
    assert levels == {"EGR204": "error", "EGR205": "warning", "EGR406": "warning", "EGR501": "warning"}


def test_what_is_suppressed_is_listed_with_its_reason_and_the_rest_says_that_it_is_not() -> None:
    run = run_of(report(FOUND, CONTEXT))
    quiet = {each["ruleId"]: each["suppressions"] for each in run["results"]}
    why = [{"kind": "inSource", "justification": QUIET.suppressed}]
    assert quiet == {"EGR204": [], "EGR501": [], "EGR406": [], "EGR205": why}


def test_without_suppressions_nothing_is_said_of_them() -> None:
    run = run_of(report(FOUND, CLEAN))
    assert not any("suppressions" in each for each in run["results"])


def test_clean_is_a_run_without_results() -> None:
    run = run_of(report([], CLEAN))
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["properties"] == {"today": "2026-11-23"}


def test_a_file_outside_the_repository_has_a_uri_of_its_own() -> None:
    found = finding(codes.SYNTAX, Span(Source("/o é.egress", "x"), 0, 1), "wrong")
    (result,) = run_of(report([found], CLEAN))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///o%20%C3%A9.egress"}


@pytest.mark.parametrize("code", codes.ALL, ids=lambda code: str(code.id))
def test_every_code_can_be_a_rule(code: codes.Code) -> None:
    (rule,) = run_of(report([finding(code, OPEN.span, "wrong")], CLEAN))["tool"]["driver"]["rules"]
    assert rule["id"] == code.id
