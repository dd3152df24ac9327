"""Reports before the tools that read them: the schema and the validator of SARIF, and the toolkit of GitHub Actions.

They come from npm, pinned, and stay in the environment that runs the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from egresslang import codes
from egresslang.cli import main
from egresslang.findings import Finding, finding
from egresslang.report import Context, render

sys.path.append(str(Path(__file__).parents[1] / "report"))

from npm import from_npm
from sample import CLEAN, CONTEXT, FOUND, OPEN

pytestmark = pytest.mark.conformance

MULTITOOL, TOOLKIT = "@microsoft/sarif-multitool-linux", "@actions/core"

# What Microsoft's validator recommends and we leave out, each a note.
LEFT_OUT = {
    "SARIF2002": "message ids: each message names its own hosts and workloads",
    "SARIF2003": "version control: who uploads a report knows the commit",
    "SARIF2006": "it tries to fetch the schema's address",
    "SARIF2010": "snippets: the policy's text stays where it is",
    "SARIF2011": "more of the policy's text",
    "SARIF2012": "help addresses: the page itself is in the report; no rules where nothing is found",
}

ALL_CODES = [finding(code, OPEN.span, f"wrong by {code.name}") for code in codes.ALL]
RUNS = {"full": (FOUND, CONTEXT), "clean": ([], CLEAN), "unsuppressed": (FOUND, CLEAN), "codes": (ALL_CODES, CLEAN)}


@pytest.fixture(scope="module")
def multitool() -> Path:
    return from_npm(MULTITOOL)


@pytest.fixture(scope="module")
def validate(multitool: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[tuple[str, str, str]]]:
    """Rule, level and place of everything that Microsoft's validator has to say of a document."""

    def run(text: str) -> list[tuple[str, str, str]]:
        folder = tmp_path_factory.mktemp("sarif")
        given, told = folder / "given.sarif", folder / "told.sarif"
        given.write_text(text, encoding="utf-8")
        program = multitool / "Sarif.Multitool"
        program.chmod(0o755)
        options = ["--rule-kind", "Sarif;Ghas", "--level", "Error;Warning;Note", "--output", str(told)]
        done = subprocess.run(
            [program, "validate", given, *options],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
        )
        assert told.exists(), done.stdout + done.stderr
        (answer,) = json.loads(told.read_text(encoding="utf-8-sig"))["runs"]
        (invocation,) = answer["invocations"]
        assert invocation["executionSuccessful"], invocation
        assert not invocation.get("toolExecutionNotifications"), invocation
        return [
            (each["ruleId"], each.get("level", "warning"), str(each["message"].get("arguments")))
            for each in answer.get("results", [])
        ]

    return run


def broken(change: Callable[[dict[str, Any]], None]) -> str:
    document = json.loads(render("sarif", FOUND, CONTEXT))
    change(document["runs"][0])
    return json.dumps(document)


@pytest.mark.parametrize("name", RUNS)
def test_sarif_meets_its_schema(name: str, multitool: Path) -> None:
    schema = json.loads((multitool / "sarif-2.1.0.json").read_text(encoding="utf-8-sig"))
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    found, context = RUNS[name]
    validator.validate(json.loads(render("sarif", found, context)))
    assert not validator.is_valid(json.loads(broken(lambda run: run["results"][0].update(level="fatal"))))


def test_the_sarif_of_a_diff_meets_both(
    multitool: Path,
    validate: Callable[[str], list[tuple[str, str, str]]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.egress").write_text("allow shop/cart -> a.example.com:443 tls owner=web\n", encoding="utf-8")
    (tmp_path / "new.egress").write_text(
        "allow shop/cart -> a.example.com:443 tls owner=shop\nallow {shop/cart, shop/pay} -> *.example.org:443 tls\n",
        encoding="utf-8",
    )
    assert main(["diff", "--base", "old.egress", "new.egress", "--format", "sarif"]) == 0
    text = capsys.readouterr().out
    assert len(json.loads(text)["runs"][0]["results"]) == 2
    schema = json.loads((multitool / "sarif-2.1.0.json").read_text(encoding="utf-8-sig"))
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(json.loads(text))
    assert [each for each in validate(text) if each[1] != "note" or each[0] not in LEFT_OUT] == []


@pytest.mark.parametrize("name", RUNS)
def test_sarif_meets_the_validator_for_github(name: str, validate: Callable[[str], list[tuple[str, str, str]]]) -> None:
    found, context = RUNS[name]
    told = validate(render("sarif", found, context))
    assert [each for each in told if each[1] != "note" or each[0] not in LEFT_OUT] == []


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("SARIF1009", lambda run: run["results"][0].update(ruleIndex=99)),
        ("SARIF1007", lambda run: run["results"][0]["locations"][0]["physicalLocation"]["region"].update(startLine=9)),
        ("GH1015", lambda run: run["results"][0].update(locations=[])),
    ],
)
def test_the_validator_sees_what_is_wrong(
    rule: str, change: Callable[[dict[str, Any]], None], validate: Callable[[str], list[tuple[str, str, str]]]
) -> None:
    assert (rule, "error") in [each[:2] for each in validate(broken(change))]


TOOLKIT_PROGRAM = """
import {{ error, warning, notice }} from "{toolkit}";
for (const each of JSON.parse(process.env.FOUND)) ({{ error, warning, notice }})[each.command](each.message, each.properties);
"""


def annotation(each: Finding, context: Context) -> dict[str, Any]:
    """What our command says, read back in the simplest way."""
    head, message = render("github", [each], context).removeprefix("::").rstrip("\n").split("::", 1)
    command, _, rest = head.partition(" ")
    names = {"line": "startLine", "col": "startColumn"}
    properties: dict[str, Any] = {}
    for pair in rest.split(","):
        key, value = pair.split("=", 1)
        value = value.replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
        properties[names.get(key, key)] = int(value) if value.isdigit() else value
    return {"command": command, "message": message.replace("%0A", "\n").replace("%25", "%"), "properties": properties}


def test_the_toolkit_of_actions_writes_the_same_commands() -> None:
    toolkit = from_npm(TOOLKIT)
    main = toolkit / json.loads((toolkit / "package.json").read_text(encoding="utf-8"))["main"]
    told = [*FOUND, *ALL_CODES]
    done = subprocess.run(
        ["node", "--input-type=module", "-"],
        input=TOOLKIT_PROGRAM.format(toolkit=main.as_uri()),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"FOUND": json.dumps([annotation(each, CONTEXT) for each in told])},
    )
    assert done.stdout == render("github", told, CONTEXT)
