"""What commands read: policy files and profiles, and what is wrong with either."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from egresslang.codes import OTHER_CLUSTER, REDUNDANT
from egresslang.config.find import others
from egresslang.files import STANDARD_INPUT, Unreadable, read_policies, read_source, read_text
from egresslang.findings import Finding, errors, merge_clusters
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Source
from egresslang.syntax.nodes import File

if TYPE_CHECKING:
    from egresslang.policy.policy import Policy

MOST_PROJECTS = 3
"""Projects below that are told by name."""


def read_inputs(options: Any) -> tuple[list[File], list[ClusterProfile], list[Finding]]:
    """The parsed policy files, the profiles, and what is wrong with either."""
    from egresslang.compile import read

    if errors(options.problems):
        return [File(options.problems[0].span.source, ())], [], options.problems
    sources, found = read_sources(options)
    _refuse_other_projects(options, sources)
    files = [File(source, ()) for source in sources]
    if not found:
        files, found = read(sources)
    profiles, problems = read_profiles(options)
    if options.settings.overrides and not options.paths:
        from egresslang.config.settings import idle

        names = [*(source.name for source in sources), *options.profiles]
        options.problems = [*options.problems, *idle(names, options.settings)]
    return files, profiles, [*options.problems, *found, *problems]


def read_sources(options: Any) -> tuple[list[Source], list[Finding]]:
    """The policy files of the command line, else of the configuration, else of the current folder."""
    paths = options.paths or options.settings.policies or ["."]
    return read_policies(paths, None if sys.stdin is None else sys.stdin.buffer)


def _refuse_other_projects(options: Any, sources: Sequence[Source]) -> None:
    """Raise Unreadable where files have another configuration: only `policies` of the one that is obeyed take them in."""
    named = list(options.settings.policies)
    if named and named == (options.paths or named):
        return
    paths = [source.name for source in sources if source.name != STANDARD_INPUT]
    other = [os.path.relpath(os.path.dirname(config)) for config in others(paths, options.config)]
    if other:
        folders = ", ".join(f"`{folder}`" for folder in other[:MOST_PROJECTS])
        more = f" and {len(other) - MOST_PROJECTS} more" if len(other) > MOST_PROJECTS else ""
        raise Unreadable(
            f"a run obeys one configuration, and there is another in {folders}{more}: give one such folder as PATH, "
            "or, where all of it is one policy, name the folders as `policies` in an egressc.toml above them"
        )


def read_profiles(options: Any) -> tuple[list[ClusterProfile], list[Finding]]:
    """The profiles, a stock Istio when none is given; two of one name are misuse."""
    if not options.profiles:
        from egresslang.profile.stock import stock

        if options.format == "text" and not options.quiet:
            sys.stderr.write(
                "egressc: no profile: workloads are those the policy names, by their label app, in a stock Istio\n"
            )
        return [stock()], []
    from egresslang.profile.load import load

    profiles: list[ClusterProfile] = []
    found: list[Finding] = []
    for path in options.profiles:
        source, problems = read_source(path)
        profile = None
        if not problems:
            profile, problems = load(source, read_text)
        found.extend(problems)
        if profile is not None:
            profiles.append(profile)
    names = [profile.name for profile in profiles]
    for name in {name for name in names if names.count(name) > 1}:
        raise Unreadable(f"two profiles are called `{name}`: their outputs would be one")
    return profiles, found


def merged(
    profiles: Sequence[ClusterProfile], found: Sequence[Sequence[Finding]], policies: Sequence[Policy | None] = ()
) -> list[Finding]:
    """The findings of all clusters: what all of them say once, the rest with its cluster's name.

    That a rule is for other clusters is told only when it is for none of these, and that it is redundant only when it is
    in all of these in which it holds.
    """
    if len(profiles) == 1:
        return list(found[0])
    from egresslang.commands.redundancies import everywhere

    elsewhere = Counter(place for each in found for place in {f.span.place for f in each if f.code is OTHER_CLUSTER})
    kept = [
        [
            f
            for f in each
            if f.code is not REDUNDANT and (f.code is not OTHER_CLUSTER or elsewhere[f.span.place] == len(profiles))
        ]
        for each in found
    ]
    return [*merge_clusters([profile.name for profile in profiles], kept), *everywhere(found, policies)]
