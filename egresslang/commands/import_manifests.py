"""`egressc import`: manifests that others wrote become a policy with the same flows, and a list of what is not kept."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, today
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, write

if TYPE_CHECKING:
    from egresslang.existing.importing.importing import Imported

SUMMARY = "turn ServiceEntries and Sidecars into a policy with the same flows, and list what is not kept"


def describe(command: Parser) -> None:
    """The options of the command."""
    command.add_argument(
        "manifests",
        nargs="+",
        metavar="MANIFEST",
        help="files, folders, or - for standard input: what `kubectl get -o yaml` prints; an installation among them says how the mesh is configured",
    )
    command.add_argument(
        "-p",
        "--profile",
        action="append",
        default=[],
        metavar="FILE",
        dest="profiles",
        help="the cluster that the policy is for (default: what the manifests tell)",
    )
    command.add_argument("-o", metavar="FILE", dest="into", help="write the policy there (default: standard output)")
    command.add_argument(
        "--profile-output",
        metavar="FILE",
        help="write the profile that the manifests imply, which the policy is for, and beside it, as `FILE-resources.yaml`, what stays of files that hold more",
    )
    command.add_argument("--strict", action="store_true", help="end in status 1 if anything is not kept")
    everyday_options(command)
    command.set_defaults(format="text")


def run(options: Any) -> int:
    """Import; returns the status."""
    from egresslang.commands.report import tell
    from egresslang.existing.importing.importing import import_policy
    from egresslang.files import read_manifests
    from egresslang.findings import errors
    from egresslang.replacement import replace_files

    if len(options.profiles) > 1:
        return misuse("a policy is imported from one cluster: give one profile")
    if options.profiles and options.profile_output:
        return misuse("`--profile-output` writes the profile that manifests imply: leave out `-p`")
    sources, problems = read_manifests(options.manifests, None if sys.stdin is None else sys.stdin.buffer)
    profile = None
    if options.profiles:
        from egresslang.commands.inputs import read_profiles

        profiles, found = read_profiles(options)
        problems += found
        profile = profiles[0] if profiles else None
    if errors(problems):
        tell(options, problems, sources, sys.stderr)
        return FINDINGS
    folder = os.path.dirname(options.profile_output or "") or "."
    beside = f"{os.path.splitext(options.profile_output)[0]}-resources.yaml" if options.profile_output else ""
    written_as = partial(os.path.relpath, start=folder)
    made = import_policy(sources, profile, today(options), written_as, os.path.basename(beside))
    if made.findings:
        tell(options, made.findings, sources, sys.stderr)
        return FINDINGS
    if made.rest and not _is_ours(beside):
        return misuse(
            f"`{beside}` stands there, and is where the profile's resources go: name another `--profile-output`"
        )
    written = {options.profile_output: made.profile, options.into: made.text, beside if made.rest else "": made.rest}
    replace_files({path: text.encode() for path, text in written.items() if path})
    if not options.into:
        write(sys.stdout, made.text)
    _tell(options, made)
    return FINDINGS if options.strict and made.unkept else CLEAN


def _is_ours(path: str) -> bool:
    """Whether a file is not there, or was made by an import."""
    from egresslang.existing.importing.given import MADE

    if not os.path.lexists(path):
        return True
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(len(MADE)) == MADE


def _tell(options: Any, made: Imported) -> None:
    """What is not kept, a line each, and how much of the mesh the policy is to hold."""
    from egresslang.report.display import shown

    for each in made.unkept:
        place = f"{each.place}: " if each.place else ""
        sys.stderr.write(f"{shown(f'{place}not kept: {each}')}\n")
    if not options.quiet:
        flows = sum(each.is_flow for each in made.unkept)
        others = len(made.unkept) - flows
        said = f"{flows} line{'s' * (flows != 1)} of flows not kept" if flows else "the same flows"
        more = f", {others} other thing{'s' * (others != 1)} not kept" if others else ""
        sys.stderr.write(f"egressc: imported for enforcement {made.level}: {said}{more}\n")
