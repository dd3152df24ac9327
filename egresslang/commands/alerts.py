"""`egressc alerts`: what a Prometheus is to watch of a policy, as rules, as resources of its operator, or as a dashboard."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, policy_options, today, weighing_options
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, put
from egresslang.commands.traffic import label

if TYPE_CHECKING:
    from egresslang.traffic.labels import Cluster
    from egresslang.traffic.watched import Watch

SUMMARY = "write Prometheus rules that tell when traffic and policy part, or a Grafana dashboard of both"

RULES, RESOURCES, DASHBOARD = "rules", "prometheusrule", "dashboard"


def describe(command: Parser) -> None:
    """The options of the command."""
    policy_options(command)
    command.add_argument(
        "--format",
        choices=[RULES, RESOURCES, DASHBOARD],
        default=RULES,
        help="a rules file of Prometheus, PrometheusRules for its operator, or a Grafana dashboard over the same rules (default: rules)",
    )
    command.add_argument(
        "--cluster-label",
        type=label,
        metavar="LABEL",
        help="the label whose value is the profile's name, in a Prometheus that has the series of several clusters (default: cluster with several -p, none with one)",
    )
    command.add_argument(
        "-o", "--output", metavar="FILE", dest="file", help="write it there (default: standard output)"
    )
    weighing_options(command)
    everyday_options(command)


def run(options: Any) -> int:
    """Write the rules of the policy in each cluster; returns the status. Nothing is written where findings fail."""
    if options.file == "":
        return misuse("-o names no file")
    watched = _watched(options)
    if not watched:
        return FINDINGS
    text = _shown(options.format, watched)
    put(options.file, text)
    return CLEAN


def _watched(options: Any) -> list[tuple[Watch, Cluster]]:
    """Each cluster, after telling what is found; none where that fails."""
    from egresslang.commands.clusters import compile_each
    from egresslang.commands.inputs import merged, read_inputs
    from egresslang.commands.report import settled, status, tell
    from egresslang.findings import Severity, errors
    from egresslang.traffic.labels import Cluster
    from egresslang.traffic.watched import Watch

    files, profiles, found = read_inputs(options)
    made = []
    if not errors(found):
        made = compile_each(files, profiles, today(options), Severity.WARNING)
        found += merged(profiles, [each.findings for each in made])
    told = settled(options, found, files)
    if options.verbose:
        for profile in profiles:
            for assumed in profile.assumed:
                sys.stderr.write(f"{profile.name}: {assumed}\n")
    if told.findings:
        tell(options, told.findings, files, sys.stderr, told.suppressed, told.hidden)
    if status(options, told) != CLEAN:
        return []
    told_by = options.cluster_label or ("cluster" if len(profiles) > 1 else "")
    return [
        (Watch(each.policy, profile), Cluster(told_by, profile.name if told_by else ""))
        for each, profile in zip(made, profiles, strict=True)
        if each.policy is not None
    ]


def _shown(form: str, watched: list[tuple[Watch, Cluster]]) -> str:
    if form == DASHBOARD:
        from egresslang.traffic.dashboard import dashboard

        return dashboard(watched)
    from egresslang.traffic.rule_files import groups, prometheus_rules, rules_file

    made = [group for watch, cluster in watched for group in groups(watch, cluster)]
    return prometheus_rules(made) if form == RESOURCES else rules_file(made)
