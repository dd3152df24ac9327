"""Trial: what a check tells of policies and profiles before they are written, and who the policies name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from egresslang.compile import compile, read
from egresslang.existing.cluster import Runs
from egresslang.findings import Finding, Severity, errors
from egresslang.policy.policy import ANY
from egresslang.policy.resolve import resolve
from egresslang.profile.beside import ReadFile
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile
from egresslang.profile.stock import stock
from egresslang.source import Source
from egresslang.suppression import read_suppressions, suppress
from egresslang.syntax.nodes import NamespaceLine

DAY = date.min
"""The day of a trial: what has expired is no matter of first files."""

Told = Mapping[tuple[str, str, int], Finding]
"""Findings by their code and place."""


def trial(policies: Collection[Source], profiles: Iterable[Source], read_file: ReadFile) -> Told:
    """What a check tells; `read_file` gives the files that the profiles name."""
    clusters, found = clusters_of(profiles, read_file)
    files, problems = read(policies)
    found += problems
    if not errors(found):
        found += [finding for each in clusters for finding in compile(files, each, DAY, Severity.ERROR).findings]
    kept, _ = suppress(found, read_suppressions(files)[0], None)
    return {(each.code.id, each.span.source.name, each.span.start): each for each in kept}


def clusters_of(profiles: Iterable[Source], read_file: ReadFile) -> tuple[list[ClusterProfile], list[Finding]]:
    """The clusters of profiles, a stock Istio where there is none, and what is wrong with them."""
    loaded = [load(each, read_file) for each in profiles]
    found = [finding for _, problems in loaded for finding in problems]
    return [cluster for cluster, _ in loaded if cluster is not None] if loaded else [stock()], found


def named(policies: Collection[Source]) -> dict[str, list[Runs]]:
    """The namespaces that policies name, and the workloads in each with the label that they have unless a profile says so."""
    files, problems = read(policies)
    if errors(problems):
        return {}
    policy, _ = resolve(files, stock(), DAY, Severity.ERROR)
    subjects = {each.subject for each in policy.grants} | policy.named | set(policy.mesh)
    for each in policy.assertions:
        subjects |= {*each.subjects, *each.excepted}
    found: dict[str, list[Runs]] = {
        statement.name: [] for file in files for statement in file.statements if isinstance(statement, NamespaceLine)
    }
    for namespace, workload in sorted((each.namespace, each.workload) for each in subjects):
        if namespace != ANY:
            here = found.setdefault(namespace, [])
            if workload != ANY:
                labels = (("app", workload),)
                here.append(Runs(namespace, workload, labels, labels, ""))
    return found


def joined(
    known: Mapping[str, Sequence[Runs]], more: Mapping[str, Sequence[Runs]]
) -> tuple[dict[str, list[Runs]], list[str]]:
    """The workloads of both, as the first has them, and what only the second names: `NAMESPACE` or `NAMESPACE/WORKLOAD`."""
    every = {namespace: list(workloads) for namespace, workloads in known.items()}
    added: list[str] = []
    for namespace, workloads in more.items():
        if namespace not in every and not workloads:
            added.append(namespace)
        here = every.setdefault(namespace, [])
        names = {each.name for each in here}
        lacking = [each for each in workloads if each.name not in names]
        added += [f"{namespace}/{each.name}" for each in lacking]
        here += lacking
    return dict(sorted(every.items())), added
