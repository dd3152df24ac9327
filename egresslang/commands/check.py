"""`egressc check`: every finding, nothing written."""

from __future__ import annotations

import sys
from typing import Any

from egresslang.commands.options import Parser, everyday_options, policy_options, report_options, today

SUMMARY = "tell every finding, write nothing"


def describe(command: Parser) -> None:
    """The options of the command."""
    policy_options(command)
    report_options(command)
    everyday_options(command)


def run(options: Any) -> int:
    """Check the policy in each cluster; returns the status."""
    from egresslang.commands.inputs import merged, read_inputs
    from egresslang.commands.report import report
    from egresslang.findings import Severity, errors

    files, profiles, found = read_inputs(options)
    if not errors(found):
        from egresslang.compile import compile

        made = [compile(files, profile, today(options), Severity.ERROR) for profile in profiles]
        found.extend(merged(profiles, [each.findings for each in made]))
    return report(options, found, files, profiles, sys.stdout)
