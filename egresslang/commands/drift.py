"""Drift: what stands in a folder is not what the policy compiles to, and what that means in flows."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from egresslang.findings import Finding
from egresslang.record import record

if TYPE_CHECKING:
    from egresslang.policy.policy import Policy
    from egresslang.profile.profile import ClusterProfile
    from egresslang.targets.manifests import Manifests


@record
class Output:
    """What is compiled for one cluster, the folder it belongs in and its files there; `part` are all that is looked at.

    `cluster` is the name of the profile, empty where none was given.
    """

    profile: ClusterProfile
    policy: Policy
    manifests: Manifests
    folder: str
    files: dict[str, str]
    part: list[str] | None
    cluster: str


def drifted(output: Output) -> tuple[list[str], list[Finding]]:
    """A line for each file that drifted, and what the folder means otherwise than the policy: nothing if it is the same.

    Raises directory.OutputRefused and OSError.
    """
    from egresslang import directory

    drifts = directory.compare(output.folder, output.files, output.part, output.cluster)
    lines = [f"{each.kind}: {os.path.join(output.folder, each.path)}" for each in drifts]
    return lines, _meaning(output) if drifts and os.path.isdir(output.folder) else []


def _meaning(output: Output) -> list[Finding]:
    """What the manifests of a folder mean otherwise than the policy, under the installation that the policy asks for."""
    from egresslang.files import Unreadable, read_manifests
    from egresslang.output import INSTALLATION_FILES, INSTALLATION_KINDS, stream
    from egresslang.source import Source
    from egresslang.verify.tell import EMITTED
    from egresslang.verify.verify import verify

    try:
        sources, found = read_manifests([output.folder], None)
    except Unreadable:
        sources, found = [], []
    if found:
        return found
    if not any(os.path.exists(os.path.join(output.folder, path)) for path in INSTALLATION_FILES.values()):
        installation = stream(output.manifests, tuple(INSTALLATION_KINDS.values()))
        sources = [Source(EMITTED, installation), *sources]
    return verify(output.policy, output.profile, sources)


def tell(lines: Sequence[str], meaning: Sequence[Finding], quiet: bool) -> None:
    """Write the lines of a drift to standard output, and to standard error that it changes nothing if that is so."""
    for line in lines:
        sys.stdout.write(f"{line}\n")
    if lines and not meaning and not quiet:
        sys.stderr.write("egressc: what stands there means the same as the policy, as far as its flows go\n")
