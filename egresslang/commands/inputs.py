"""What commands read: policy files and profiles, and what is wrong with either."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from egresslang.codes import OTHER_CLUSTER
from egresslang.files import Unreadable, decode, read_bytes, read_policies, read_text
from egresslang.findings import Finding, errors, merge_clusters
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Source
from egresslang.syntax.nodes import File


def read_inputs(options: Any) -> tuple[list[File], list[ClusterProfile], list[Finding]]:
    """The parsed policy files, the profiles, and what is wrong with either."""
    from egresslang.compile import read

    if errors(options.problems):
        return [File(options.problems[0].span.source, ())], [], options.problems
    sources, found = read_sources(options)
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
        source, problems = decode(path, read_bytes(path))
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


def merged(profiles: Sequence[ClusterProfile], found: Sequence[Sequence[Finding]]) -> list[Finding]:
    """The findings of all clusters; that a rule is for other clusters is told only when it is for none of these."""
    elsewhere = Counter(place for each in found for place in {f.span.place for f in each if f.code is OTHER_CLUSTER})
    kept = [
        [f for f in each if f.code is not OTHER_CLUSTER or elsewhere[f.span.place] == len(profiles)] for each in found
    ]
    return merge_clusters([profile.name for profile in profiles], kept)
