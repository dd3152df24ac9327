"""`egressc test`: the `expect` lines of a policy, one line each, with the reason."""

from __future__ import annotations

import os
import sys
from typing import Any

from egresslang.commands.options import Parser, everyday_options, policy_options, today
from egresslang.commands.streams import CLEAN, FINDINGS, write

SUMMARY = "judge the expect lines of a policy, one line each"


def describe(command: Parser) -> None:
    """The options of the command."""
    policy_options(command)
    command.add_argument(
        "--format", choices=["text", "json", "junit"], default="text", help="how the lines are written (default: text)"
    )
    everyday_options(command)


def run(options: Any) -> int:
    """Judge the expectations in each cluster; returns the status."""
    from egresslang.answers import outcomes
    from egresslang.commands.inputs import merged, read_inputs
    from egresslang.commands.report import tell
    from egresslang.findings import Severity, errors
    from egresslang.policy.expectations import judge
    from egresslang.policy.resolve import resolve
    from egresslang.report.color import painter, wants_color

    files, profiles, found = read_inputs(options)
    judged = []
    if not errors(found):
        several = len(profiles) > 1
        problems = []
        for profile in profiles:
            policy, wrong = resolve(files, profile, today(options), Severity.WARNING)
            problems.append(wrong)
            if not errors(wrong):
                judged += [outcomes.Outcome(each, profile.name if several else "") for each in judge(policy)]
        found.extend(merged(profiles, problems))
    if options.verbose:
        for profile in profiles:
            for assumed in profile.assumed:
                sys.stderr.write(f"{profile.name}: {assumed}\n")
    if errors(found):
        tell(options, found, files, sys.stderr)
        return FINDINGS
    paint = painter(wants_color(options.color, os.environ, sys.stdout.isatty()))
    write(sys.stdout, outcomes.show(options.format, judged, str(today(options)), paint, options.quiet))
    return CLEAN if all(each.judgement.is_met for each in judged) else FINDINGS
