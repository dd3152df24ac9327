"""Drift: what stands in a folder is not what the policy compiles to, and what that means in flows."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from egresslang.findings import Finding
from egresslang.record import record, replace

if TYPE_CHECKING:
    from egresslang.documents import Located
    from egresslang.policy.policy import Policy
    from egresslang.profile.profile import ClusterProfile
    from egresslang.targets.manifests import Manifests, ServiceEntry, Sidecar


@record
class Output:
    """What is compiled for one cluster, the folder it belongs in and its files there: those of `kinds` and a namespace.

    `namespace` is None for all of them; `cluster` is the name of the profile, empty where none was given.
    """

    profile: ClusterProfile
    policy: Policy
    manifests: Manifests
    folder: str
    files: dict[str, str]
    kinds: Collection[str]
    namespace: str | None
    cluster: str

    @property
    def part(self) -> list[str] | None:
        """The only paths that are looked at; None for all."""
        return None if self.namespace is None else [f"{self.namespace}.yaml"]


@record
class Drifted:
    """A line for each file that drifted, what the folder means otherwise than the policy, and what is not judged in it."""

    lines: list[str]
    meaning: list[Finding]
    documents: list[Located]


def drifted(output: Output) -> Drifted:
    """How a folder differs from an output; what it means is asked where a file drifted or is not ours.

    Raises directory.OutputRefused, files.Unreadable and OSError.
    """
    from egresslang import directory
    from egresslang.files import find_manifests

    drifts = directory.compare(output.folder, output.files, output.part, output.cluster)
    lines = [f"{each.kind}: {os.path.join(output.folder, each.path)}" for each in drifts]
    ours = directory.known(output.folder)
    paths = {path: os.path.relpath(path, output.folder).replace(os.sep, "/") for path in find_manifests(output.folder)}
    if not drifts and ours.issuperset(paths.values()):
        return Drifted([], [], [])
    others = ours.difference(ours if output.part is None else output.part)
    return _judged(output, lines, [path for path, below in paths.items() if below not in others])


def _judged(output: Output, lines: list[str], paths: Sequence[str]) -> Drifted:
    """What some files mean beside what was not asked for, under the installation that the policy asks for."""
    from egresslang.files import read_manifests
    from egresslang.mesh.read import unfolded
    from egresslang.profile.manifests import read
    from egresslang.source import Source
    from egresslang.verify.tell import EMITTED
    from egresslang.verify.verify import verify

    sources, found = read_manifests(paths, None) if paths else ([Source(output.folder, "")], [])
    if found:
        return Drifted(lines, found, [])
    documents = list(unfolded(each for source in sources for each in read(source)[0]))
    beside = _beside(output, documents)
    emitted = [Source(EMITTED, beside)] if beside else []
    return Drifted(lines, verify(output.policy, output.profile, [*emitted, *sources]), documents)


def _beside(output: Output, documents: Sequence[Located]) -> str:
    """What the policy compiles to and was not asked for, without what stands among the documents anyway."""
    from egresslang.mesh.read import identity_of
    from egresslang.output import INSTALLATION_KINDS, KINDS, stream
    from egresslang.profile.installation import form_of
    from egresslang.verify.installed import is_config_map

    standing = {identity_of(each) for each in documents}

    def left(kind: str, made: Sequence[ServiceEntry] | Sequence[Sidecar]) -> Iterator[ServiceEntry | Sidecar]:
        for each in made:
            is_asked_for = kind in output.kinds and output.namespace in (None, each.namespace)
            if not is_asked_for and ("istio", kind, each.namespace, each.name) not in standing:
                yield each

    rest = replace(
        output.manifests,
        service_entries=tuple(left("ServiceEntry", output.manifests.service_entries)),
        sidecars=tuple(left("Sidecar", output.manifests.sidecars)),
    )
    if any(form_of(each) or is_config_map(each) for each in documents):
        return stream(rest, [kind for kind in KINDS if kind not in INSTALLATION_KINDS.values()])
    return stream(rest)


def tell(compared: Sequence[Drifted], untracked: Sequence[str], quiet: bool) -> None:
    """Write the lines of drifts to standard output, and to standard error that they change nothing if that is so."""
    from egresslang.commands.overlooked import tell_overlooked
    from egresslang.report.display import shown

    for line in (line for each in compared for line in each.lines):
        sys.stdout.write(f"{shown(line)}\n")
    for path in untracked:
        sys.stdout.write(f"untracked: {shown(path)}\n")
    if quiet:
        return
    if any(each.lines for each in compared) and not any(each.meaning for each in compared):
        sys.stderr.write("egressc: what stands there means the same as the policy, as far as its flows go\n")
    tell_overlooked([document for each in compared for document in each.documents])
