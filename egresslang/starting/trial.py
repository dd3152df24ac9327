"""Trial: what a check tells of policies and profiles before they are written, and who the policies name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from egresslang.compile import compile, read
from egresslang.existing.cluster import Cluster
from egresslang.existing.workloads import Runs
from egresslang.findings import Finding, Severity, errors
from egresslang.policy.policy import ANY
from egresslang.policy.resolve import resolve
from egresslang.profile.beside import ReadFile
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile
from egresslang.profile.stock import stock
from egresslang.record import replace
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


def joined(cluster: Cluster, more: Mapping[str, Sequence[Runs]]) -> tuple[Cluster, list[str]]:
    """A cluster with what only policies name beside its own, and what that is: `NAMESPACE` or `NAMESPACE/WORKLOAD`."""
    known = cluster.namespaces()
    lacking = [
        each
        for namespace, workloads in more.items()
        for each in workloads
        if all(each.name != other.name for other in known.get(namespace, ()))
    ]
    bare = [namespace for namespace, workloads in more.items() if not workloads and namespace not in known]
    workloads = sorted((*cluster.workloads, *lacking), key=lambda each: (each.namespace, each.name))
    labels = {**dict.fromkeys(bare, ()), **cluster.labels}
    return replace(cluster, workloads=tuple(workloads), labels=labels), [*bare, *map(str, lacking)]
