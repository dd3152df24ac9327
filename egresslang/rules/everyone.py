"""EGR303 everyone: an allow for all workloads of a namespace or of the mesh, known or not.

Whoever may create a pod there gets the flow, and a workload that comes next year has it before anybody reviews it.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding, finding
from egresslang.policy.policy import ANY, AllowLine, Policy, Subject
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Span
from egresslang.syntax.nodes import AllWorkloads

CODE = codes.EVERYONE


def check(policy: Policy, _: ClusterProfile) -> Iterator[Finding]:
    """Each source of an allow that is `*` or `namespace/*`, itself or through a set."""
    wide: dict[int, dict[Subject, None]] = {}
    for grant in policy.grants:
        if grant.subject.workload == ANY:
            wide.setdefault(id(grant.rule), {})[grant.subject] = None
    for line in policy.allows if wide else ():
        if id(line.rule) in wide:
            for subject, span in _places(line, list(wide[id(line.rule)])):
                yield _everyone(subject, span)


def _places(line: AllowLine, subjects: list[Subject]) -> Iterator[tuple[Subject, Span]]:
    """Where each of the subjects is written; the sources where a set has it."""
    sources = line.statement.sources
    written = {
        Subject(member.namespace, ANY): member.span for member in sources.members if isinstance(member, AllWorkloads)
    }
    for subject in subjects:
        yield subject, written.get(subject, sources.span)


def _everyone(subject: Subject, span: Span) -> Finding:
    is_mesh = subject.namespace == ANY
    where = "of the mesh" if is_mesh else f"of namespace `{subject.namespace}`"
    return finding(
        CODE,
        span,
        f"`{subject}` is every workload {where}",
        "those that nobody knows yet, too",
        notes=[f"whoever may create a pod {'anywhere' if is_mesh else 'there'} gets the flow"],
        help="name the workloads, or choose them by label",
    )
