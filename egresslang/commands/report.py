"""The report of a command: its findings on a stream, and the status they end in."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from egresslang.commands.options import today
from egresslang.commands.streams import CLEAN, FINDINGS, write
from egresslang.findings import Finding, Severity, in_order
from egresslang.profile.profile import ClusterProfile
from egresslang.report import FORMATS, Checked, Context, render
from egresslang.report.color import wants_color
from egresslang.syntax.nodes import Deny, File


def report(
    options: Any, found: Sequence[Finding], files: Sequence[File], profiles: Sequence[ClusterProfile], stream: Any
) -> int:
    """Write the findings in the format that is asked for; returns the status."""
    shown = in_order(found)
    if options.verbose:
        for profile in profiles:
            for assumed in profile.assumed:
                sys.stderr.write(f"{profile.name}: {assumed}\n")
    if options.format == "text" and not options.quiet:
        denied = sum(isinstance(statement, Deny) for file in files for statement in file.statements)
        if denied:
            lines = "1 deny line is" if denied == 1 else f"{denied} deny lines are"
            sys.stderr.write(f"egressc: {lines} read but not judged yet\n")
    if shown or options.format != "text" or (stream is sys.stdout and not options.quiet):
        tell(options, shown, files, stream)
    return FINDINGS if fails(options, shown) else CLEAN


def fails(options: Any, found: Sequence[Finding]) -> bool:
    """Whether findings make a command fail."""
    least = Severity[options.fail_on.upper()]
    return any(each.severity >= least for each in found)


def tell(options: Any, found: Sequence[Finding], files: Sequence[object], stream: Any) -> None:
    """Write findings in the format that is asked for, as text where it is one that findings do not have."""
    terminal = stream.isatty()
    width = os.get_terminal_size(stream.fileno()).columns if terminal else None
    rules = sum(hasattr(statement, "attributes") for file in files for statement in getattr(file, "statements", ()))
    checked, color = Checked(rules, len(files)), wants_color(options.color, os.environ, terminal)
    format = options.format if options.format in FORMATS else "text"
    write(stream, render(format, in_order(found), Context(str(today(options)), checked, color, width)))
