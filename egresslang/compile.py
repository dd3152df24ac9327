"""The whole pipeline on one screen: text becomes a policy, a policy becomes manifests, and the manifests are proved.

Each phase collects what is wrong and ends; an error stops before the next, so that one mistake does not breed others.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from egresslang import rules
from egresslang.findings import Finding, Severity, errors, in_order
from egresslang.output import stream
from egresslang.policy.policy import Policy
from egresslang.policy.resolve import resolve
from egresslang.profile.profile import ClusterProfile
from egresslang.record import record
from egresslang.source import Source
from egresslang.syntax.nodes import File
from egresslang.syntax.parse import parse
from egresslang.targets.istio import lower
from egresslang.targets.manifests import Manifests
from egresslang.verify.tell import EMITTED
from egresslang.verify.verify import verify


@record
class Compilation:
    """What came of a policy in one cluster: `manifests` is None when an error stopped it, `text` is all of them as YAML."""

    policy: Policy | None
    manifests: Manifests | None
    text: str
    findings: tuple[Finding, ...]


def read(sources: Iterable[Source]) -> tuple[list[File], list[Finding]]:
    """Every file's statements, and what does not parse."""
    files: list[File] = []
    found: list[Finding] = []
    for source in sources:
        file, problems = parse(source)
        files.append(file)
        found.extend(problems)
    return files, found


def compile(files: Iterable[File], profile: ClusterProfile, today: date, lapsed: Severity) -> Compilation:
    """The manifests of a policy in a cluster; an expired rule is told with severity `lapsed`."""
    policy, found = resolve(files, profile, today, lapsed)
    if errors(found):
        return Compilation(None, None, "", tuple(in_order(found)))
    found.extend(rules.check(policy, profile))
    if errors(found):
        return Compilation(policy, None, "", tuple(in_order(found)))
    manifests, problems = lower(policy, profile)
    found.extend(problems)
    text = "" if errors(found) else stream(manifests)
    if text:
        found.extend(verify(policy, profile, [Source(EMITTED, text)]))
    return Compilation(policy, None if errors(found) else manifests, text, tuple(in_order(found)))
