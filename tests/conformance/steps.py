"""A runner for the steps of a composite action or of a job: expressions put in, each `run:` in bash as GitHub runs it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from egresslang.record import record


@record
class Ran:
    """What became of a run: the status of the step that failed, else 0, the log, the summary, and what other actions were given."""

    status: int
    log: str
    summary: str
    used: Mapping[str, Mapping[str, str]]


def run(
    steps: Sequence[Mapping[str, Any]], context: Mapping[str, str], folder: Path, temporary: Path, environment: Mapping[str, str]
) -> Ran:  # fmt: skip
    """Run steps in a workspace.

    `context` has the value of each expression but `steps.ID.outputs.NAME` of steps that run here. An action that is used
    is told in `used` and not run. Once a step has failed, only those whose `if` says `!cancelled()` are looked at.
    """
    known, status, logs, used = dict(context), 0, [], {}
    summary, output = temporary / "summary.md", temporary / "output"
    summary.write_text("")
    more = {
        "RUNNER_TEMP": str(temporary),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_ACTIONS": "true",
        "CI": "true",
    }
    for step in steps:
        condition = str(step.get("if", "success()")).removeprefix("${{").removesuffix("}}").strip()
        if (status and "!cancelled()" not in condition) or not all(
            _holds(each, known) for each in condition.split(" && ")
        ):
            continue
        if "uses" in step:
            used[step["uses"]] = {key: fill(str(value), known) for key, value in step.get("with", {}).items()}
            continue
        output.write_text("")
        script = temporary / "step.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=folder / fill(step.get("working-directory", "."), known),
            env={**environment, **more, **{key: fill(str(value), known) for key, value in step.get("env", {}).items()}},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        logs.append(done.stdout)
        status = status or done.returncode
        for name, value in re.findall(r"^([\w-]+)=(.*)$", output.read_text(), re.MULTILINE):
            known[f"steps.{step['id']}.outputs.{name}"] = value
    return Ran(status, "".join(logs), summary.read_text(), used)


def fill(text: str, known: Mapping[str, str]) -> str:
    """A text with the value of each expression; one of a step that did not run is empty, any other unknown one a KeyError."""
    return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda match: _value(match[1], known), text)


def _value(name: str, known: Mapping[str, str]) -> str:
    return known.get(name, "") if name.startswith("steps.") else known[name]


def _holds(condition: str, known: Mapping[str, str]) -> bool:
    if condition in ("success()", "!cancelled()"):
        return True
    match = re.fullmatch(r"([\w.-]+) (==|!=) '([^']*)'", condition)
    assert match, condition
    return (_value(match[1], known) == match[3]) is (match[2] == "==")
