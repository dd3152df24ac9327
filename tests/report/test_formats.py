"""The table of formats."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from egresslang.codes import SYNTAX
from egresslang.findings import finding
from egresslang.report import FORMATS, Checked, Context, render
from egresslang.source import Source, Span

FOUND = [finding(SYNTAX, Span(Source("a.egress", "allow\n"), 0, 5), "expected a workload", "here")]
CONTEXT = Context("2026-11-23", Checked(rules=4, files=1, suppressed=3), color=True, width=80)


def test_text_is_the_findings_and_their_count_in_colour() -> None:
    text = render("text", FOUND, CONTEXT)
    assert text.startswith("\x1b[1;31merror[EGR001]\x1b[0m")
    assert text.endswith("\n\n1 error in 1 file (3 suppressed)\n")


def test_concise_is_one_line_each_without_colour() -> None:
    assert render("concise", FOUND, CONTEXT) == "a.egress:1:1: error[EGR001] expected a workload\n"


def test_json_tells_the_date_and_what_was_suppressed() -> None:
    document = json.loads(render("json", FOUND, CONTEXT))
    assert (document["version"], document["today"]) == (1, "2026-11-23")
    assert document["summary"] == {"errors": 1, "warnings": 0, "notes": 0, "suppressed": 3}


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_can_tell_that_there_is_nothing(format: str) -> None:
    assert "\x1b" not in render(format, [], CONTEXT)


@pytest.mark.parametrize("format", FORMATS)
def test_a_format_imports_no_other(format: str) -> None:
    program = (
        "import sys; from egresslang.report import *; from egresslang.report import render, Context, Checked;"
        f"render({format!r}, [], Context('2026-11-23', Checked(1, 1))); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    quoted = {FORMATS["text"]} if format == "markdown" else set()
    assert {module for module in FORMATS.values() if module in loaded} == {FORMATS[format]} | quoted
    assert not loaded & {"dataclasses", "jsonschema", "pathlib", "tempfile", "textwrap", "importlib.metadata"}
