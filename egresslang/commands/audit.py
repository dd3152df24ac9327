"""`egressc audit`: observed traffic beside the policy: used, unused, blocked, passed through, and what nobody can know."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, policy_options
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, put
from egresslang.commands.traffic import traffic_options

if TYPE_CHECKING:
    from egresslang.commands.report import Told
    from egresslang.profile.profile import ClusterProfile
    from egresslang.syntax.nodes import File
    from egresslang.traffic.audit import Audit

SUMMARY = "compare observed traffic with the policy: used, unused, blocked, passed through, out of region"

NOT_READY = "not-ready"
"""What `--ready` may fail on."""


def describe(command: Parser) -> None:
    """The options of the command."""
    policy_options(command)
    traffic_options(command)
    command.add_argument(
        "--ready", action="store_true", help="say of each namespace whether it can be enforced, instead of the tables"
    )
    command.add_argument(
        "--format",
        choices=["text", "json", "sarif"],
        default="text",
        help="tables, data (schemas/audit.schema.json), or the unused rules for code scanning (default: text)",
    )
    command.add_argument(
        "--fail-on",
        action="append",
        type=_fatal,
        default=[],
        metavar="FOUND,…",
        dest="fatal",
        help="fail for these: unused, blocked, passed-through, lost, outside, out-of-region, nameless, incomplete, and with --ready not-ready (default: for none)",
    )
    command.add_argument("--output-file", metavar="FILE", help="write the result there")
    everyday_options(command)


def run(options: Any) -> int:
    """Tell what was seen; returns the status."""
    from egresslang.codes import UNUSED_RULE
    from egresslang.commands.inputs import read_inputs
    from egresslang.commands.report import settled
    from egresslang.commands.traffic import one_policy, read_audit
    from egresslang.traffic.audit import INCOMPLETE, UNUSED, findings

    fatal = frozenset().union(*options.fatal)
    if NOT_READY in fatal and not options.ready:
        return misuse("`--fail-on not-ready` belongs to --ready")
    if options.ready and options.format == "sarif":
        return misuse("--format sarif has the unused rules and nothing of --ready: ask for text or json")
    asked = one_policy(options, read_inputs)
    if asked is None:
        return FINDINGS
    files, policy, profile = asked
    made = read_audit(options, policy, profile, files)
    told = settled(options, list(findings(made)), files)
    is_ready = _write(options, made, profile, files, told)
    counts = made.found() | {
        UNUSED: sum(each.code is UNUSED_RULE for each in told.findings),
        INCOMPLETE: len(made.observed.remarks),
        NOT_READY: 0 if is_ready else 1,
    }
    return FINDINGS if any(counts[each] for each in fatal) else CLEAN


def _write(options: Any, made: Audit, profile: ClusterProfile, files: list[File], told: Told) -> bool:
    """Write the result in the format that is asked for; returns whether every namespace is ready."""
    from egresslang.commands.report import tell
    from egresslang.traffic.ready import ENFORCED, READY, next_step, readiness

    ready = list(readiness(made, profile)) if options.ready else None
    following = next_step(ready or (), profile)
    is_ready = bool(ready) and all(each.state in (READY, ENFORCED) for each in ready or ())
    if options.format == "sarif":
        tell(options, told.findings, files, sys.stdout, told.suppressed, told.hidden)
        return is_ready
    if options.format == "json":
        import json

        from egresslang.report.json import render
        from egresslang.traffic import audit_json

        described = json.loads(render(told.findings, today=str(made.today)))["findings"]
        text = audit_json.show(made, described, ready, following)
    else:
        from egresslang.report.color import painter, wants_color
        from egresslang.traffic import audit_text

        is_terminal = sys.stdout.isatty() and not options.output_file
        paint = painter(wants_color(options.color, {} if options.output_file else os.environ, is_terminal))
        if ready is None:
            text = audit_text.show(made, paint, options.quiet)
        else:
            text = audit_text.show_ready(made, ready, following, paint, options.quiet)
    put(options.output_file, text)
    return is_ready


def _fatal(text: str) -> frozenset[str]:
    """The kinds that a list names."""
    from egresslang.suggest import nearest
    from egresslang.traffic.audit import KINDS

    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in KINDS and word != NOT_READY:
            near = nearest(word, [*KINDS, NOT_READY])
            raise argparse.ArgumentTypeError(
                f"`{word}` is nothing that an audit finds" + (f"; did you mean `{near}`?" if near else "")
            )
    return frozenset(words)
