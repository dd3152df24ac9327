"""`egressc check`: every finding; with `--fix`, what can safely be mended is."""

from __future__ import annotations

import sys
from typing import Any

from egresslang.commands.options import Parser, everyday_options, policy_options, report_options

SUMMARY = "tell every finding, write nothing unless it is to fix"


def describe(command: Parser) -> None:
    """The options of the command."""
    policy_options(command)
    report_options(command)
    command.add_argument("--fix", action="store_true", help="apply the fixes that cannot widen the policy")
    command.add_argument(
        "--diff", action="store_true", help="show what --fix would change as a unified diff, and write nothing"
    )
    everyday_options(command)


def run(options: Any) -> int:
    """Check the policy in each cluster; returns the status."""
    from egresslang.commands.inputs import read_inputs
    from egresslang.commands.judge import judge
    from egresslang.commands.report import conclude

    files, profiles, found = read_inputs(options)
    if options.fix or options.diff:
        from egresslang.commands.fix import fix

        return fix(options, files, profiles, found)
    return conclude(options, judge(options, files, profiles, found), files, profiles, sys.stdout)
