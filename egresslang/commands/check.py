"""`egressc check`: every finding; with `--fix`, what can safely be mended is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, policy_options, report_options, today

if TYPE_CHECKING:
    from egresslang.commands.report import Told
    from egresslang.findings import Finding
    from egresslang.profile.profile import ClusterProfile
    from egresslang.syntax.nodes import File

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
    from egresslang.commands.report import conclude

    files, profiles, found = read_inputs(options)
    if options.fix or options.diff:
        from egresslang.commands.fix import fix

        return fix(options, files, profiles, found)
    return conclude(options, judge(options, files, profiles, found), files, profiles, sys.stdout)


def judge(options: Any, files: Sequence[File], profiles: Sequence[ClusterProfile], found: Sequence[Finding]) -> Told:
    """What is told of a policy that was read, with what was found in reading it."""
    from egresslang.commands.inputs import merged
    from egresslang.commands.report import settled
    from egresslang.findings import Severity, errors

    if errors(found):
        return settled(options, found, files)
    from egresslang.compile import compile

    made = [compile(files, profile, today(options), Severity.ERROR) for profile in profiles]
    policies = [each.policy for each in made if each.policy is not None]
    return settled(options, [*found, *merged(profiles, [each.findings for each in made])], files, policies)
