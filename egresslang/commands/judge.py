"""The judgement of a policy in each of its clusters, as `check` tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from egresslang.commands.inputs import merged
from egresslang.commands.options import today
from egresslang.commands.report import Told, settled
from egresslang.findings import Finding, Severity, errors
from egresslang.profile.profile import ClusterProfile
from egresslang.syntax.nodes import File


def judge(options: Any, files: Sequence[File], profiles: Sequence[ClusterProfile], found: Sequence[Finding]) -> Told:
    """What is told of a policy that was read, with what was found in reading it."""
    if errors(found):
        return settled(options, found, files)
    from egresslang.commands.clusters import compile_each
    from egresslang.policy.clusters import unmatched

    made = compile_each(files, profiles, today(options), Severity.ERROR)
    policies = [each.policy for each in made if each.policy is not None]
    in_clusters = merged(profiles, [each.findings for each in made], [each.policy for each in made])
    return settled(options, [*found, *unmatched(files, profiles), *in_clusters], files, policies)
