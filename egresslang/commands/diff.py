"""`egressc diff`: what access changed between two revisions, folders, clusters, or policy and manifests."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, policy_options, today
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, write

if TYPE_CHECKING:
    from egresslang.answers.asked_mesh import AskedMesh
    from egresslang.answers.difference.comparison import Compared, Granting, Pair
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
    pairs: list[Pair] = []
    for name, old, new in _clusters(base, head):
        made, found = _granted(options, (base, old), (head, new))
        for side, called, wrong in ((base, BASE, found[0]), (head, "", found[1])):
            if problems := _errors(wrong):
                return _refuse(options, side, called, problems)
        pairs.append((name, made[0], made[1]))
    from egresslang.answers.difference.comparison import compare

    compared = compare(base.name, head.name, str(today(options)), pairs)
    wrong = _wrong(options, head, head.profiles or base.profiles)
    if head.documents is None and base.documents is None:
        _tell_base(options, base, _wrong(options, base, base.profiles or head.profiles))
    if compared.is_changed or options.format != "text" or not options.quiet:
        write(sys.stdout, _shown(options, compared))
    if wrong:
        from egresslang.commands.report import tell

        tell(options, wrong, head.files, sys.stderr)
        return FINDINGS
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


def _errors(found: tuple[Finding, ...] | list[Finding]) -> list[Finding]:
    from egresslang.findings import errors

    return errors(found)


def _refuse(options: Any, side: Side, called: str, problems: list[Finding]) -> int:
    """Tell of a side of which it is not known what it grants."""
    from egresslang.commands.report import tell

    if options.format == "markdown":
        from egresslang.answers.difference.markdown import refused

        write(sys.stdout, refused(side.name, len(problems)))
    if called and options.format in ("text", "markdown"):
        sys.stderr.write(f"egressc: {called}`{side.name}`, cannot be compared:\n")
    tell(options, problems, side.files, sys.stderr)
    return FINDINGS


def _wrong(options: Any, side: Side, profiles: Sequence[ClusterProfile]) -> list[Finding]:
    """The errors with which a policy does not compile, though it is known what it grants."""
    if side.documents is not None:
        return []
    from egresslang.commands.inputs import merged
    from egresslang.commands.report import settled
    from egresslang.compile import compile
    from egresslang.findings import Severity
    from egresslang.profile.stock import stock

    clusters = list(profiles) or [stock()]
    found = [list(compile(side.files, each, today(options), Severity.WARNING).findings) for each in clusters]
    return _errors(list(settled(options, merged(clusters, found), side.files).findings))


def _tell_base(options: Any, base: Side, wrong: list[Finding]) -> None:
    """Say that the base does not compile: a head that mends it is compared all the same."""
    if wrong and not options.quiet:
        name, line, _ = wrong[0].span.place
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        sys.stderr.write(f"egressc: {BASE}`{base.name}`, does not compile: {wrong[0].code.id} at {name}:{line}{more}\n")


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


def _granted(options: Any, *sides: tuple[Side, ClusterProfile | None]) -> tuple[list[Granting], list[list[Finding]]]:
    """What both sides grant in a cluster, and what is wrong with either."""
    if any(side.documents is not None for side, _ in sides):
        return _by_model(options, *sides)
    is_known = any(side.profiles for side, _ in sides)
    both = [_granting(options, side, profile, is_known) for side, profile in sides]
    return [granting for granting, _ in both], [found for _, found in both]


def _granting(
    options: Any, side: Side, profile: ClusterProfile | None, is_known: bool
) -> tuple[Granting, list[Finding]]:
    """What a policy grants in a cluster; `is_known` unless the cluster is but assumed."""
    from egresslang.answers.difference.comparison import Granting
    from egresslang.answers.around import around_policy
    from egresslang.answers.left_open import left_open
    from egresslang.findings import Severity, errors
    from egresslang.policy.resolve import resolve

    if profile is None:
        return Granting(()), []
    policy, found = resolve(side.files, profile, today(options), Severity.WARNING)
    grants = policy.grants if errors(found) else (*policy.grants, *around_policy(policy, profile))
    open_to_all = left_open(policy, profile) if is_known else None
    return Granting(grants, policy, open_to_all, open_span=profile.enforcement.span or profile.span), found


def _by_model(options: Any, *sides: tuple[Side, ClusterProfile | None]) -> tuple[list[Granting], list[list[Finding]]]:
    """What both sides mean for the workloads that either knows, where one of them is manifests."""
    from egresslang.answers.deployed import ask_manifests
    from egresslang.answers.difference.comparison import Granting
    from egresslang.answers.difference.known_workloads import Workloads, of_manifests, of_policy, workloads_of
    from egresslang.files import Unreadable

    asked: list[Granting | AskedMesh] = []
    found: list[list[Finding]] = []
    workloads: Workloads = {}
    for side, profile in sides:
        is_known = bool(sides[0][0].profiles or sides[1][0].profiles)
        if side.documents is None:
            granting, problems = _granting(options, side, profile, True)
            asked.append(granting)
        else:
            mesh, problems = ask_manifests(side.documents, profile if is_known else None)
            asked.append(mesh)
        found.append(problems)
        workloads |= workloads_of(asked[-1])
    if any(map(_errors, found)):
        return [], found
    if not workloads:
        raise Unreadable("no workload is known to ask about: add the manifests of workloads, or a profile with -p")
    return [
        of_policy(each, profile, workloads) if isinstance(each, Granting) else of_manifests(each, workloads)
        for each, (_, profile) in zip(asked, sides, strict=True)
    ], found


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
