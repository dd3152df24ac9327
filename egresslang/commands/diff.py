"""`egressc diff`: what access changed between two revisions, folders, clusters, or policy and manifests."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, policy_options, today
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, write

if TYPE_CHECKING:
    from egresslang.answers.difference.comparison import Compared, Pair
    from egresslang.commands.sides import Side
    from egresslang.findings import Finding
    from egresslang.profile.profile import ClusterProfile

SUMMARY = "tell which access is gained, lost or changed, in flows and not in lines"

BASE = "the base, "
"""How the side is called that another is compared with."""

FORMATS = ("text", "json", "markdown", "sarif")


def describe(command: Parser) -> None:
    """The options of the command."""
    policy_options(command)
    command.add_argument(
        "--base",
        metavar="REV|PATH",
        help="what to compare with: a policy file or folder, or a folder of manifests; what does not exist is a git revision, such as `origin/main...` for where this branch left it",
    )
    command.add_argument(
        "--base-profile",
        action="append",
        default=[],
        metavar="FILE",
        dest="base_profiles",
        help="the profile of the base; without --base the same policy is compared in two clusters",
    )
    command.add_argument(
        "--manifests",
        action="append",
        default=[],
        metavar="PATH",
        help="compare these manifests instead of a policy: files or folders; repeat it for several",
    )
    command.add_argument(
        "--fail-if",
        choices=["widened", "changed"],
        help="end in status 1 if any access is gained, or if anything is another (default: never)",
    )
    command.add_argument("--format", choices=FORMATS, default="text", help="how changes are written (default: text)")
    everyday_options(command)


def run(options: Any) -> int:
    """Compare; returns the status."""
    from egresslang.commands.sides import read_base, read_head

    if problem := _misuse(options):
        return misuse(problem)
    head = read_head(options)
    base = read_base(options, head)
    if not options.base and options.profiles:
        head = head.within_its_clusters
    for side, called in ((base, BASE), (head, "")):
        for assumed in [f"{each.name}: {said}" for each in side.profiles for said in each.assumed]:
            sys.stderr.write(f"{assumed}\n" if options.verbose else "")
        if problems := _errors(side.found):
            return _refuse(options, side, called, problems)
    from egresslang.answers.difference.comparison import compare
    from egresslang.commands.granting import meant, wrong

    pairs: list[Pair] = []
    found: list[tuple[Sequence[Finding], Sequence[Finding]]] = []
    clusters = _clusters(base, head)
    for name, old, new in clusters:
        was, now = meant(options, base, head, old, new)
        for side, called, this, other in ((base, BASE, was, now), (head, "", now, was)):
            if this.granting is None and (_errors(this.found) or other.granting is not None):
                return _refuse(options, side, called, _errors(this.found))
        assert was.granting is not None
        assert now.granting is not None
        pairs.append((name, was.granting, now.granting))
        found.append((was.found, now.found))
    compared = compare(base.name, head.name, str(today(options)), pairs)
    if compared.is_changed or options.format != "text" or not options.quiet:
        write(sys.stdout, _shown(options, compared))
    of_base = wrong(options, base, [old for _, old, _ in clusters if old is not None], [each for each, _ in found])
    if of_base and not options.quiet:
        name, line, _ = of_base[0].span.place
        more = f" and {len(of_base) - 1} more" if len(of_base) > 1 else ""
        sys.stderr.write(
            f"egressc: {BASE}`{base.name}`, does not compile: {of_base[0].code.id} at {name}:{line}{more}\n"
        )
    if problems := wrong(
        options, head, [new for _, _, new in clusters if new is not None], [each for _, each in found]
    ):
        return _told(options, head, problems)
    fails = {"widened": compared.is_widened, "changed": compared.is_changed, None: False}
    return FINDINGS if fails[options.fail_if] else CLEAN


def _misuse(options: Any) -> str:
    if options.base == "":
        return "--base names nothing"
    if not options.base and not options.base_profiles:
        return "with what? --base takes a git revision, a policy or manifests, --base-profile another cluster"
    if options.manifests and options.paths:
        return "--manifests compares manifests instead of a policy: leave the policy files out"
    if [options.base, *options.paths, *options.manifests].count("-") > 1:
        return "standard input holds one side: give the other as files"
    return ""


def _errors(found: Sequence[Finding]) -> list[Finding]:
    from egresslang.findings import errors

    return errors(found)


def _refuse(options: Any, side: Side, called: str, problems: list[Finding]) -> int:
    """Tell of a side of which it is not known what it grants."""
    if options.format == "markdown":
        from egresslang.answers.difference.markdown import refused

        write(sys.stdout, refused(side.name, len(problems)))
    if called and options.format in ("text", "markdown"):
        sys.stderr.write(f"egressc: {called}`{side.name}`, cannot be compared:\n")
    return _told(options, side, problems)


def _told(options: Any, side: Side, problems: list[Finding]) -> int:
    """Tell what is wrong with a side."""
    from egresslang.commands.report import tell

    tell(options, problems, side.files, sys.stderr)
    return FINDINGS


_Cluster = tuple[str, "ClusterProfile | None", "ClusterProfile | None"]


def _clusters(base: Side, head: Side) -> list[_Cluster]:
    """The clusters of both sides by name; one on each side is the same, whatever it is called.

    A side that says nothing of clusters is in those of the other. None is a cluster that a side does not have.
    """
    from egresslang.profile.stock import stock

    old, new = base.profiles or head.profiles, head.profiles or base.profiles
    if not old:
        return [("", stock(), stock())]
    if len(old) == len(new) == 1:
        names = dict.fromkeys((old[0].name, new[0].name))
        return [(" -> ".join(names), old[0], new[0])]
    before, after = {each.name: each for each in old}, {each.name: each for each in new}
    return [(name, before.get(name), after.get(name)) for name in dict.fromkeys([*after, *before])]


def _shown(options: Any, compared: Compared) -> str:
    match options.format:
        case "json":
            from egresslang.answers.difference.json import show

            return show(compared)
        case "markdown":
            from egresslang.answers.difference import markdown

            return markdown.show(compared)
        case "sarif":
            from egresslang.answers.difference import sarif
            from egresslang.commands.report import repository

            return sarif.show(compared, *repository())
    from egresslang.answers.difference import text
    from egresslang.report.color import painter, wants_color

    return text.show(compared, painter(wants_color(options.color, os.environ, sys.stdout.isatty())))
