"""The JSON document, and the schema that describes it."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from egresslang import codes
from egresslang.findings import Edit, Fix, Label, Severity, finding
from egresslang.record import replace
from egresslang.report.json import render
from egresslang.source import Source, Span

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("schemas/findings.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)

POLICY = Source(
    "recipes.egress", "# \U0001f600\n\nallow idgen -> a.example:443 tls\r\n\tallow é -> a.example:443 tcp\n"
)


def at(words: str) -> Span:
    start = POLICY.text.index(words)
    return Span(POLICY, start, start + len(words))


FULL = replace(
    finding(
        codes.PROTOCOL_CONFLICT,
        at("a.example:443 tcp"),
        "`a.example:443` is both tls and tcp",
        "tcp here",
        related=[Label(at("a.example:443 tls"), "tls here")],
        notes=["one of the two would be blocked"],
        help="use tls for both",
        fix=Fix("write tls", (Edit(at("tcp"), "tls"),), safe=True),
    ),
    cluster="recipes-us",
)
BARE = finding(codes.SYNTAX, Span(POLICY, len(POLICY.text), len(POLICY.text)), "a rule is missing")


def test_a_whole_finding() -> None:
    document = json.loads(render([FULL], today="2026-11-23"))
    assert document == {
        "version": 1,
        "today": "2026-11-23",
        "findings": [
            {
                "code": "EGR204",
                "name": "protocol-conflict",
                "severity": "error",
                "message": "`a.example:443` is both tls and tcp",
                "file": "recipes.egress",
                "line": 4,
                "column": 13,
                "endLine": 4,
                "endColumn": 30,
                "related": [
                    {
                        "file": "recipes.egress",
                        "line": 3,
                        "column": 16,
                        "endLine": 3,
                        "endColumn": 33,
                        "message": "tls here",
                    }
                ],
                "notes": ["one of the two would be blocked"],
                "help": "use tls for both",
                "fix": {
                    "title": "write tls",
                    "safe": True,
                    "edits": [
                        {
                            "file": "recipes.egress",
                            "line": 4,
                            "column": 27,
                            "endLine": 4,
                            "endColumn": 30,
                            "text": "tls",
                        }
                    ],
                },
                "cluster": "recipes-us",
            }
        ],
        "summary": {"errors": 1, "warnings": 0, "notes": 0, "suppressed": 0},
    }
    VALIDATOR.validate(document)


def test_what_a_finding_does_not_have_is_left_out_but_lists_stay() -> None:
    document = json.loads(render([BARE], today="2026-11-23"))
    (only,) = document["findings"]
    assert list(only) == [
        *("code", "name", "severity", "message", "file", "line", "column", "endLine", "endColumn", "related", "notes")
    ]
    assert (only["line"], only["column"], only["endLine"], only["endColumn"]) == (5, 1, 5, 1)
    assert (only["related"], only["notes"]) == ([], [])
    VALIDATOR.validate(document)


def test_the_summary_counts_by_severity() -> None:
    warning = replace(BARE, severity=Severity.WARNING)
    note = replace(BARE, severity=Severity.NOTE)
    document = json.loads(render([note, BARE, note, warning, note], today="2026-11-23", suppressed=7))
    assert document["summary"] == {"errors": 1, "warnings": 1, "notes": 3, "suppressed": 7}
    VALIDATOR.validate(document)


def test_no_findings_is_a_document_of_ascii_that_ends_its_line() -> None:
    assert render([], today="2026-11-23") == (
        '{\n  "version": 1,\n  "today": "2026-11-23",\n  "findings": [],\n  "summary": {\n    "errors": 0,\n'
        '    "warnings": 0,\n    "notes": 0,\n    "suppressed": 0\n  }\n}\n'
    )
    assert render([replace(BARE, message="`\u202e\x1b日`")], today="2026-11-23").isascii()


@pytest.mark.parametrize("code", codes.ALL, ids=lambda code: str(code.id))
def test_every_code_meets_the_schema(code: Any) -> None:
    VALIDATOR.validate(json.loads(render([finding(code, at("tcp"), "wrong")], today="2026-11-23")))


def test_the_schema_itself_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


REQUIRED = [
    *[(key,) for key in ("version", "today", "findings", "summary")],
    *[("findings", 0, key) for key in ("code", "name", "severity", "message", "related", "notes")],
    *[("findings", 0, key) for key in ("file", "line", "column", "endLine", "endColumn")],
    *[("findings", 0, "related", 0, key) for key in ("file", "line", "column", "endLine", "endColumn", "message")],
    *[("findings", 0, "fix", key) for key in ("title", "safe", "edits")],
    *[("findings", 0, "fix", "edits", 0, key) for key in ("file", "line", "column", "endLine", "endColumn", "text")],
    *[("summary", key) for key in ("errors", "warnings", "notes", "suppressed")],
]
WRONG = [
    (("version",), 2),
    (("today",), "23.11.2026"),
    (("today",), "2026-13-01"),
    (("extra",), 1),
    (("summary", "extra"), 1),
    (("summary", "errors"), -1),
    (("findings", 0, "extra"), 1),
    (("findings", 0, "code"), "EGR1"),
    (("findings", 0, "severity"), "fatal"),
    (("findings", 0, "message"), ""),
    (("findings", 0, "help"), ""),
    (("findings", 0, "cluster"), ""),
    (("findings", 0, "fix"), None),
    (("findings", 0, "line"), 0),
    (("findings", 0, "notes"), "a"),
    (("findings", 0, "related", 0, "extra"), 1),
    (("findings", 0, "fix", "extra"), 1),
    (("findings", 0, "fix", "edits"), []),
    (("findings", 0, "fix", "edits", 0, "extra"), 1),
]


def holder(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        document = document[key]
    return document


@pytest.mark.parametrize("path", REQUIRED, ids=str)
def test_the_schema_misses_what_is_required(path: tuple[Any, ...]) -> None:
    document = json.loads(render([FULL], today="2026-11-23"))
    del holder(document, path)[path[-1]]
    with pytest.raises(ValidationError):
        VALIDATOR.validate(document)


@pytest.mark.parametrize(("path", "value"), WRONG, ids=str)
def test_the_schema_refuses_what_is_wrong(path: tuple[Any, ...], value: Any) -> None:
    document = json.loads(render([FULL], today="2026-11-23"))
    changed = deepcopy(document)
    holder(changed, path)[path[-1]] = value
    VALIDATOR.validate(document)
    with pytest.raises(ValidationError):
        VALIDATOR.validate(changed)
