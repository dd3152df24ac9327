"""Reports: findings as people, editors and CI systems read them.

A format is a module of this package with one function, `report(findings, context) -> str`; only the
one that was asked for is imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from egresslang.findings import Finding
from egresslang.record import record

FORMATS: dict[str, str] = {
    "text": "egresslang.report.text",
    "concise": "egresslang.report.concise",
    "json": "egresslang.report.json",
    "sarif": "egresslang.report.sarif",
    "github": "egresslang.report.github",
    "gitlab": "egresslang.report.gitlab",
    "junit": "egresslang.report.junit",
    "markdown": "egresslang.report.markdown",
}
"""What `--format` takes, and the module that writes it."""


@record
class Checked:
    """What was looked at, and how many findings are not shown.

    `rules` is None where no policy was looked at; `suppressed` were silenced in the policy, each with a reason; `hidden` by options and configuration.
    """

    rules: int | None
    files: int
    suppressed: int = 0
    hidden: int = 0


@record
class Context:
    """What a report tells besides its findings: the ISO date expiry was judged against, what was checked.

    `color` and `width` (columns of the terminal, None without one) are about the text format alone. `suppressed` are the
    findings that the policy silences, in order, each with its reason: counted by every format, listed by SARIF and JUnit.
    `files` are the names of the policy files; `root` is the folder of the repository and `folder` the current one, both
    absolute and with `/`: tools that are given a report know files by their path below the root.
    """

    today: str
    checked: Checked
    color: bool = False
    width: int | None = None
    suppressed: tuple[Finding, ...] = ()
    files: tuple[str, ...] = ()
    root: str = ""
    folder: str = ""


def render(format: str, findings: Sequence[Finding], context: Context) -> str:
    """The findings, in the order given, in one of `FORMATS`."""
    text: str = import_module(FORMATS[format]).report(findings, context)
    return text
