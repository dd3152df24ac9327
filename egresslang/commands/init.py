"""`egressc init`: the first files of a project, beside what stands there already."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, bounding_options
from egresslang.commands.streams import CLEAN, misuse, write
from egresslang.files import decode, read_text
from egresslang.replacement import make_files

if TYPE_CHECKING:
    from egresslang.existing.cluster import Cluster
    from egresslang.findings import Finding
    from egresslang.source import Source
    from egresslang.starting.first_files import FirstFile, Start

SUMMARY = "make a first policy, profile, configuration, hook and CI file, without changing what stands already"

SHOWN = 3
"""Files that are told by name; the others are counted."""


def describe(command: Parser) -> None:
    """The options of the command."""
    command.add_argument(
        "directory",
        nargs="?",
        default=".",
        metavar="DIR",
        help="the folder of the project; Kubernetes manifests below it fill the profile (default: the current folder)",
    )
    command.add_argument(
        "--ci",
        choices=["github", "gitlab", "none"],
        help="the CI to make a file for (default: the one whose files or remotes the repository has, else github)",
    )
    command.add_argument(
        "--hooks-repo", metavar="URL", help="the repository that the hook file names (default: that of egressc)"
    )
    command.add_argument(
        "--hooks-rev", metavar="REV", help="the revision of it that the hook file names (default: that of this version)"
    )
    bounding_options(command)


def run(options: Any) -> int:
    """Make what is missing, and tell what was made, what was left, and what to do next; returns the status."""
    from egresslang.existing.cluster import read_cluster
    from egresslang.starting import texts
    from egresslang.starting.first_files import Wanted, start
    from egresslang.starting.repository import ci_of, root_of
    from egresslang.starting.standing import read_standing

    folder = options.directory
    if os.path.exists(folder) and not os.path.isdir(folder):
        return misuse(f"`{folder}` is no folder")
    root = root_of(folder)
    is_root = root == os.path.realpath(folder)
    sources, unread = _manifests(folder)
    cluster = read_cluster(sources)
    wanted = Wanted(
        options.ci or ci_of(root), options.hooks_repo or texts.HOME, options.hooks_rev or texts.REVISION, is_root
    )
    made = start(wanted, read_standing(folder), cluster, lambda path: read_text(os.path.join(folder, path)))
    problem = _write(folder, [each for each in made.files if each.text])
    if problem:
        return misuse(problem)
    lines = [*_told(made.files)]
    if made.is_profiled:
        lines += _told_of(cluster, made, [*unread, *cluster.unread])
    lines += _complaints(made.told)
    if not is_root:
        there = shlex.quote(os.path.relpath(os.path.realpath(folder), root))
        lines.append(
            f"hook and CI belong to the root of the repository, `{root}`: `egressc check {there}` is their line"
        )
    has_git = is_root and os.path.exists(os.path.join(root, ".git"))
    write(sys.stdout, "\n".join([*lines, "", *_next(folder, made, has_git), ""]))
    return CLEAN


def _manifests(folder: str) -> tuple[list[Source], list[str]]:
    """The files below a folder that may hold manifests, named from it, and those that cannot be read."""
    from egresslang.commands.manifests import below

    sources, unread = [], []
    for path, content in below(folder):
        name = os.path.relpath(path, folder)
        source, problems = (None, ()) if content is None else decode(name, content)
        if source is None or problems:
            unread.append(name)
        else:
            sources.append(source)
    return sources, unread


def _is_compiled(path: str) -> bool:
    from egresslang.directory import INDEX

    above = os.path.dirname(path)
    return any(os.path.exists(os.path.join(each, INDEX)) for each in (above, os.path.dirname(above)))


def _write(folder: str, files: Sequence[FirstFile]) -> str:
    """Make each file, none over another or through a link; why not, where one cannot be made."""
    for each in files:
        for above in _folders(each.path):
            place = os.path.join(folder, above)
            if os.path.islink(place):
                return f"`{place}` is a link, and nothing is written through one; nothing was written"
            if os.path.exists(place) and not os.path.isdir(place):
                return f"`{place}` is no folder; nothing was written"
    try:
        made = {os.path.join(folder, each.path): each.text.encode() for each in files}
    except UnicodeError:
        return f"a name in `{folder}` is not UTF-8, and the files that are made cannot hold it"
    make_files(made)
    return ""


def _folders(path: str) -> list[str]:
    """The folders on the way to a file."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def _told(files: Iterable[FirstFile]) -> list[str]:
    lines = []
    for each in files:
        lines.append(f"made  {each.path}" if each.text else f"left  {each.path}: {each.left}")
        if each.add and not each.text:
            lines += ["      add to it:", *(f"        {line}" for line in each.add.splitlines())]
    return lines


def _told_of(cluster: Cluster, made: Start, unread: Sequence[str]) -> list[str]:
    """What was found in the manifests, and what of it is not in the profile."""
    lines = []
    if cluster.workloads:
        many = len(cluster.namespaces())
        lines.append(
            f"found {len(cluster.workloads)} workload{'s' * (len(cluster.workloads) > 1)} in {many} namespace{'s' * (many > 1)}"
            "; a manifest that names no namespace is taken to be for `default`"
        )
    if made.added:
        lines.append(
            f"named by policies alone, and in the profile with the label `app` of their name: {_some(made.added)}"
        )
    files = [each.file for each in cluster.installations]
    if len(files) > 1:
        lines.append(f"found several installations, so that the profile names none: {_some(files)}")
    elif files and not made.installation:
        lines.append(f"not named in the profile, as `egressc check` would complain of it: {_some(files)}")
    if unread:
        lines.append(f"not read as they stand (templates, values filled in later, or broken): {_some(unread)}")
    return lines


def _complaints(told: Sequence[Finding]) -> list[str]:
    """What a check will tell: of what stood before, as all that is made has been tried."""
    from egresslang.report.display import shown

    if not told:
        return []
    lines = [
        shown(
            f"{each.severity.name.lower()}[{each.code.id}] {each.span.source.name}:{each.span.place[1]}: {each.message}"
        )
        for each in told[:SHOWN]
    ]
    more = [f"and {len(told) - SHOWN} more"] if len(told) > SHOWN else []
    return ["`egressc check` will complain of what stood before:", *(f"      {line}" for line in [*lines, *more])]


def _some(names: Sequence[str]) -> str:
    from egresslang.report.display import shown

    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return shown(", ".join(names[:SHOWN])) + more


def _next(folder: str, made: Start, has_git: bool) -> list[str]:
    """The commands that come next."""
    commands = [*(["egressc fmt"] if made.had_policies else ()), "egressc check"]
    if made.is_compiled:
        commands.append("egressc compile")
    if has_git:
        commands.append("git add . && pre-commit install && pre-commit run --all-files")
    elif made.example:
        commands.append(f"egressc explain '{made.example} -> example.org:443 tls'")
    where = "" if os.path.realpath(folder) == os.getcwd() else f" in `{folder}`"
    return [f"Next{where}:", *(f"  {each}" for each in commands)]
