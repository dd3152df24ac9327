"""`egressc graph`: who may reach what, as a page, as a drawing of other tools, or as data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, policy_options, today
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, put
from egresslang.commands.traffic import asks_for_traffic, read_audit, traffic_options

if TYPE_CHECKING:
    from egresslang.answers.graph.graph import Graph

SUMMARY = "draw who may reach what, by which rule, and what becomes of everything else"

FORMS = {"html": True, "json": True, "dot": False, "mermaid": False}
"""The forms, and whether one holds several clusters; each is a module of `answers/graph/`."""


def describe(command: Parser) -> None:
    """The options of the command."""
    policy_options(command)
    traffic_options(command)
    command.add_argument(
        "--format",
        choices=list(FORMS),
        default="html",
        help="a page for a browser (several -p: a page of all clusters), data (schemas/graph.schema.json), or the text that Graphviz or Mermaid draws (default: html)",
    )
    command.add_argument(
        "-o", "--output", metavar="FILE", dest="file", help="write it there (default: standard output)"
    )
    everyday_options(command)


def run(options: Any) -> int:
    """Draw the policy in each cluster; returns the status.

    A policy with findings is drawn with them, those that are errors too: it is for looking at. One that cannot be read
    is not.
    """
    if options.file == "":
        return misuse("-o names no file")
    if len(options.profiles) > 1 and not FORMS[options.format]:
        return misuse(f"several profiles are several pictures: {options.format} draws one at a time, html and json all")
    if asks_for_traffic(options) and len(options.profiles) > 1:
        return misuse("several profiles are several meshes: draw the traffic of one at a time")
    graphs, status = _graphs(options)
    if not graphs:
        return status
    form: Any = import_module(f"egresslang.answers.graph.{options.format}")
    text = form.show(graphs if FORMS[options.format] else graphs[0])
    put(options.file, text)
    return status


def _graphs(options: Any) -> tuple[Sequence[Graph], int]:
    """The picture of each cluster, and the status after telling what is found; none of a policy that cannot be read."""
    from egresslang.answers.graph.draw import draw
    from egresslang.commands.clusters import compile_each
    from egresslang.commands.inputs import merged, read_inputs
    from egresslang.commands.report import settled, tell
    from egresslang.findings import Severity, errors

    files, profiles, found = read_inputs(options)
    made = []
    if not errors(found):
        made = compile_each(files, profiles, today(options), Severity.WARNING)
        found += merged(profiles, [each.findings for each in made], [each.policy for each in made])
    policies = [each.policy for each in made if each.policy is not None]
    audited = read_audit(options, policies[0], profiles[0]) if policies and asks_for_traffic(options) else None
    if audited is not None:
        from egresslang.traffic.audit import findings as findings_of_traffic

        found += findings_of_traffic(audited)
    told = settled(options, found, files, policies)
    if options.verbose:
        for profile in profiles:
            for assumed in profile.assumed:
                sys.stderr.write(f"{profile.name}: {assumed}\n")
    if told.findings:
        tell(options, told.findings, files, sys.stderr, told.suppressed, told.hidden)
    status = FINDINGS if errors(told.findings) else CLEAN
    if not policies or len(policies) < len(profiles):
        return [], FINDINGS
    everything = [*told.findings, *told.suppressed]
    if audited is not None:
        from egresslang.traffic.drawn import seen_subjects, with_traffic

        graph = draw(policies[0], profiles[0], everything, seen_subjects(audited))
        return [with_traffic(graph, audited)], status
    return [
        draw(policy, profile, [each for each in everything if each.cluster in ("", profile.name)])
        for policy, profile in zip(policies, profiles, strict=True)
    ], status
