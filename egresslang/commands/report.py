"""The report of a command: its findings on a stream, and the status they end in."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from egresslang.commands.options import today
from egresslang.commands.streams import CLEAN, FINDINGS, put, write
from egresslang.findings import Finding, Severity, in_order
from egresslang.policy.policy import Policy
from egresslang.profile.profile import ClusterProfile
from egresslang.record import record
from egresslang.report import FORMATS, Checked, Context, render
from egresslang.report.color import wants_color
from egresslang.source import Source
from egresslang.syntax.nodes import File


@record
class Told:
    """The findings of a run: those that are told, those that the policy suppresses, and how many are hidden."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...] = ()
    hidden: int = 0


def report(
    options: Any,
    found: Sequence[Finding],
    files: Sequence[File],
    profiles: Sequence[ClusterProfile],
    stream: Any,
    policies: Sequence[Policy] | None = None,
) -> int:
    """Write the findings in the format that is asked for; returns the status.

    With the `policies` of all clusters, suppressions that silence nothing are told.
    """
    return conclude(options, settled(options, found, files, policies), files, profiles, stream)


def settled(
    options: Any, found: Sequence[Finding], files: Sequence[File], policies: Sequence[Policy] | None = None
) -> Told:
    """What is told of the findings once the policy's suppressions and the project's settings are obeyed."""
    suppressed: list[Finding] = []
    told = list(found)
    if any("egressc" in file.source.text for file in files):
        from egresslang.suppression import read_suppressions, suppress

        silenced, wrong = read_suppressions(files)
        judged = None if policies is None else _looked_at(files, policies)
        told, suppressed = suppress(in_order([*told, *wrong]), silenced, judged)
    settings, hidden = options.settings, 0
    if settings.select is not None or settings.ignore or settings.severity or settings.overrides:
        from egresslang.config.settings import settle

        told, hidden = settle(in_order(told), settings)
    return Told(tuple(in_order(told)), tuple(in_order(suppressed)), hidden)


def _looked_at(files: Sequence[File], policies: Sequence[Policy]) -> set[tuple[str, int, int]]:
    """The places of the statements that hold in one of the clusters, and so were judged."""
    places = {grant.rule.span.place for policy in policies for grant in policy.grants}
    places |= {assertion.rule.span.place for policy in policies for assertion in policy.assertions}
    for file in files:
        for statement in file.statements:
            chosen = {"cluster", "region"} & {each.key for each in getattr(statement, "attributes", ())}
            if not chosen:  # what holds in every cluster
                places.add(statement.span.place)
    return places


def conclude(
    options: Any, told: Told, files: Sequence[File | Source], profiles: Sequence[ClusterProfile], stream: Any
) -> int:
    """Write what is told; returns the status."""
    if options.verbose:
        for profile in profiles:
            for assumed in profile.assumed:
                sys.stderr.write(f"{profile.name}: {assumed}\n")
    is_asked = options.format != "text" or (stream is sys.stdout and not options.quiet) or options.output_file
    if told.findings or is_asked:
        tell(options, told.findings, files, stream, told.suppressed, told.hidden)
    return status(options, told)


def status(options: Any, told: Told) -> int:
    """Whether any finding is as severe as what fails."""
    least = Severity[options.fail_on.upper()]
    return FINDINGS if any(each.severity >= least for each in told.findings) else CLEAN


def fails(options: Any, found: Sequence[Finding], files: Sequence[File]) -> bool:
    """Whether findings make a command fail."""
    return status(options, settled(options, found, files)) != CLEAN


def tell(
    options: Any,
    found: Sequence[Finding],
    files: Sequence[File | Source],
    stream: Any,
    suppressed: Sequence[Finding] = (),
    hidden: int = 0,
) -> None:
    """Write findings in the format that is asked for, as text where it is one that findings do not have.

    `files` are what was looked at: those of a policy parsed, others as they are.
    """
    file = getattr(options, "output_file", None)
    terminal = stream.isatty() and not file
    width = os.get_terminal_size(stream.fileno()).columns if terminal else None
    policy = [file for file in files if isinstance(file, File)]
    rules = sum(hasattr(statement, "attributes") for file in policy for statement in file.statements)
    checked = Checked(rules if policy else None, len(files), len(suppressed), hidden)
    color = wants_color(options.color, {} if file else os.environ, terminal)
    format = options.format if options.format in FORMATS else "text"
    names = tuple(each.source.name if isinstance(each, File) else each.name for each in files)
    context = Context(str(today(options)), checked, color, width, tuple(suppressed), names, *repository())
    text = render(format, in_order(found), context)
    if file:
        put(file, text)
    else:
        write(stream, text)


def repository() -> tuple[str, str]:
    """The folder of the repository that the current folder lies in, itself where there is none, and the current folder."""
    at = folder = os.getcwd()
    while not os.path.exists(os.path.join(at, ".git")) and os.path.dirname(at) != at:
        at = os.path.dirname(at)
    root = at if os.path.exists(os.path.join(at, ".git")) else folder
    return root.replace(os.sep, "/"), folder.replace(os.sep, "/")
