"""`egressc analyze`: what is wrong with manifests that others wrote, and who reaches what by them."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, report_options
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, write

if TYPE_CHECKING:
    from egresslang.findings import Finding
    from egresslang.profile.profile import ClusterProfile

SUMMARY = "find mistakes in Istio manifests that nobody wrote for egressc, and tell who reaches what by them"

FORMS = ("table", "json", "csv")
"""The forms of effective egress; each is a function of `existing/effective_forms.py`."""


def describe(command: Parser) -> None:
    """The options of the command."""
    command.add_argument(
        "manifests",
        nargs="+",
        metavar="PATH",
        help="manifests: files, folders, or - for standard input; an installation among them says how the mesh is configured",
    )
    command.add_argument(
        "-p",
        "--profile",
        action="append",
        default=[],
        metavar="FILE",
        dest="profiles",
        help="what the manifests do not say of the cluster: a ClusterProfile, or what stands for one",
    )
    command.add_argument(
        "--egress",
        choices=list(FORMS),
        help="write who reaches what today, through what, and what is open by accident, instead of the report, which goes to standard error",
    )
    report_options(command)
    everyday_options(command)
    command.set_defaults(paths=[])


def run(options: Any) -> int:
    """Analyse the manifests; returns the status."""
    from egresslang.commands.inputs import read_profiles
    from egresslang.commands.overlooked import tell_overlooked
    from egresslang.commands.report import conclude, settled
    from egresslang.existing.analyze import analyze
    from egresslang.existing.gateways import is_gateway
    from egresslang.files import read_manifests
    from egresslang.findings import errors

    if len(options.profiles) > 1:
        return misuse("several profiles are several meshes: analyse one at a time")
    if errors(options.problems):
        source = options.problems[0].span.source
        return conclude(options, settled(options, options.problems, ()), [source], (), sys.stdout)
    sources, undecodable = read_manifests(options.manifests, None if sys.stdin is None else sys.stdin.buffer)
    bad = {each.span.source for each in undecodable}
    profiles: list[ClusterProfile] = []
    problems: list[Finding] = []
    if options.profiles:
        profiles, problems = read_profiles(options)
    if errors(problems):
        return conclude(options, settled(options, problems, ()), sources, profiles, sys.stdout)
    analysis = analyze(
        (each for each in sources if each not in bad), profiles[0] if profiles else None, options.manifests
    )
    told = settled(options, [*options.problems, *problems, *undecodable, *analysis.findings], ())
    if options.egress is None:
        status = conclude(options, told, sources, (), sys.stdout)
    else:
        from egresslang.existing.effective import effective

        forms = import_module("egresslang.existing.effective_forms")
        for text in getattr(forms, options.egress)(effective(analysis.inspected, told.findings)):
            write(sys.stdout, text)
        status = conclude(options, told, sources, (), sys.stderr)
    if not options.quiet:
        tell_overlooked(each for each in analysis.documents if not is_gateway(each))
    return FINDINGS if status else CLEAN
