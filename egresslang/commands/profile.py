"""`egressc profile --check`: whether files are profiles that a policy can be compiled for."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

from egresslang.commands.options import Parser, everyday_options, report_options, today
from egresslang.commands.streams import misuse
from egresslang.files import decode, read_bytes
from egresslang.findings import Finding, errors
from egresslang.source import Source

SUMMARY = "tell what is wrong with profiles, without a policy"

_NAMES_OUR_GROUP = re.compile(rb"""apiVersion["']?\s*:\s*["']?egresslang\.dev/""").search
_OTHER_KINDS = ("EgressPolicy",)


def describe(command: Parser) -> None:
    """The options of the command."""
    command.add_argument(
        "profiles",
        nargs="*",
        metavar="FILE",
        help="a ClusterProfile, or what -p takes in its place (default: the profiles that egressc.toml names)",
    )
    command.add_argument("--check", action="store_true", required=True, help="tell every finding, write nothing")
    command.add_argument(
        "--only-profiles",
        action="store_true",
        help="pass over files that do not claim to be a ClusterProfile, as a hook is given every YAML file",
    )
    report_options(command)
    everyday_options(command)
    command.set_defaults(paths=[])


def run(options: Any) -> int:
    """Check each profile by itself; returns the status."""
    from egresslang.commands.report import conclude, settled
    from egresslang.profile.profile import ClusterProfile

    if errors(options.problems):
        source = options.problems[0].span.source
        return conclude(options, settled(options, options.problems, ()), [source], (), sys.stdout)
    if not options.profiles:
        return misuse("no profile: give FILE, or name `profiles` in egressc.toml")
    sources: list[Source] = []
    profiles: list[ClusterProfile] = []
    found: list[Finding] = [*options.problems]
    for path in dict.fromkeys(options.profiles):
        content = read_bytes(path)
        if options.only_profiles and not _NAMES_OUR_GROUP(content):
            continue
        source, problems = decode(path, content)
        if options.only_profiles and not problems and _is_something_else(source):
            continue
        sources.append(source)
        profile, judged = (None, problems) if problems else _judged(options, source)
        found += judged
        profiles += [profile] if profile is not None else []
    return conclude(options, settled(options, found, ()), sources, profiles, sys.stdout)


def _is_something_else(source: Source) -> bool:
    """Whether a file is YAML and none of its documents claims to be a profile; what cannot be read may be one."""
    from egresslang.documents import read

    documents, problems = read(source)
    return not problems and all(
        not str(each.value.get("apiVersion", "")).startswith("egresslang.dev/")
        or each.value.get("kind") in _OTHER_KINDS
        for each in documents
        if isinstance(each.value, dict)
    )


def _judged(options: Any, source: Source) -> tuple[Any, Sequence[Finding]]:
    """The profile that a source holds, and what is wrong with it: in itself, and for any policy, even an empty one."""
    from egresslang.compile import compile
    from egresslang.files import read_text
    from egresslang.findings import Severity
    from egresslang.profile.load import load

    profile, found = load(source, read_text)
    if profile is None:
        return None, found
    return profile, [*found, *errors(compile([], profile, today(options), Severity.ERROR).findings)]
