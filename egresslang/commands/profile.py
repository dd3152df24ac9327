"""`egressc profile`: manifests become a ClusterProfile, or bring one up to date; `--check` judges profiles by themselves."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from egresslang.commands.options import Parser, everyday_options, report_options, today
from egresslang.commands.streams import CLEAN, FINDINGS, misuse, write
from egresslang.files import STANDARD_INPUT, OverLimit, Unreadable, decode, read_bytes, read_source
from egresslang.findings import Finding, errors
from egresslang.source import Source

if TYPE_CHECKING:
    from egresslang.commands.progress import Progress
    from egresslang.existing.cluster import Cluster
    from egresslang.existing.described import Described
    from egresslang.existing.profile_file import Made

SUMMARY = "make or update a profile from Kubernetes and Istio manifests; `--check` tells what is wrong with profiles"

_NAMES_OUR_GROUP = re.compile(rb"""apiVersion["']?\s*:\s*["']?egresslang\.dev/""").search
_OTHER_KINDS = ("EgressPolicy",)

MOST = 3
"""Paths that are told by name."""


def describe(command: Parser) -> None:
    """The options of the command."""
    command.add_argument(
        "files",
        nargs="*",
        metavar="MANIFEST",
        help="files, folders, or - for standard input: what `kubectl get -o yaml` or `-o json`, Helm and kustomize print; "
        "with --check profiles, or what -p takes in their place (default: those that egressc.toml names)",
    )
    command.add_argument(
        "-o",
        metavar="FILE",
        dest="into",
        help="the profile: made, or updated in place where it stands (default: standard output)",
    )
    command.add_argument("--name", metavar="NAME", help="the name of the cluster (default: that of FILE, else cluster)")
    command.add_argument(
        "-n",
        "--namespace",
        metavar="NS",
        help="the namespace of manifests that name none, and of the profile's own (default: what FILE says, else default)",
    )
    command.add_argument("--prune", action="store_true", help="take out workloads that no manifest shows")
    command.add_argument("--check", action="store_true", help="tell every finding about profiles, write nothing")
    command.add_argument(
        "--only-profiles",
        action="store_true",
        help="with --check: pass over files that do not claim to be a ClusterProfile, as a hook is given every YAML file",
    )
    report_options(command)
    everyday_options(command)
    command.set_defaults(paths=[], profiles=[])


def run(options: Any) -> int:
    """Check profiles, or make one; returns the status."""
    making = [flag for flag, value in (("-o", options.into), ("--name", options.name), ("-n", options.namespace), ("--prune", options.prune)) if value]  # fmt: skip
    if options.check and making:
        return misuse(f"`--check` writes nothing: leave out {making[0]}")
    if options.check:
        return _check(options)
    if options.only_profiles:
        return misuse("`--only-profiles` goes with `--check`")
    if not options.files:
        return misuse("no manifest: give files, folders, or - for standard input; or `--check` to judge profiles")
    if problem := _wrong_words(options):
        return misuse(problem)
    return _make(options)


def _make(options: Any) -> int:
    """Describe the cluster that manifests are for."""
    from egresslang.commands.manifests import read_manifests
    from egresslang.commands.progress import Progress
    from egresslang.commands.report import conclude, settled, status, tell
    from egresslang.existing.cluster import DEFAULT, read_cluster
    from egresslang.existing.described import Asked
    from egresslang.existing.profile_file import make
    from egresslang.files import read_text

    path = "" if options.into in (None, STANDARD_INPUT) else options.into
    standing = _standing(path)
    sources, wrong = read_manifests(options.files, None if sys.stdin is None else sys.stdin.buffer)
    namespace = options.namespace or _namespace(standing) or DEFAULT
    asked = Asked(os.path.dirname(path), options.prune, options.namespace or "")
    with Progress(sys.stderr) as progress:
        cluster = read_cluster(_told_one_by_one(sources, progress), namespace)
        progress.say(f"describing {len(cluster.workloads):,} workloads")
        made = make(path or "cluster.yaml", options.name or "", standing, cluster, read_text, asked)
    if cluster.is_empty:
        if seen := settled(options, [*wrong, *cluster.findings], ()).findings:
            tell(options, seen, sources, sys.stderr)
        files = ", ".join(f"`{each}`" for each in options.files[:MOST])
        return misuse(f"nothing in {files} says anything of a cluster; `--check` judges profiles")
    found = [*wrong, *cluster.findings, *made.findings]
    told = settled(options, found, ())
    result = status(options, told)
    if told.findings or options.format != "text":
        conclude(options, told, [*sources, *([standing] if standing else [])], (), sys.stderr)
    if result != CLEAN or made.described is None:
        return result or FINDINGS
    if not path:
        write(sys.stdout, made.text)
    elif standing is None or made.text != standing.text:
        from egresslang.replacement import replace_file

        replace_file(path, made.text.encode(), None if standing is None else standing.text.encode())
    if not options.quiet:
        sys.stderr.writelines(f"egressc: {line}\n" for line in _told(path, standing, made, made.described, cluster, options.prune))  # fmt: skip
    return CLEAN


def _told_one_by_one(sources: Sequence[Source], progress: Progress) -> Iterator[Source]:
    """The sources, each of which is told before it is read."""
    from egresslang.report.display import shown

    for number, source in enumerate(sources, 1):
        progress.say(f"reading {number:,} of {len(sources):,}: {shown(source.name)[-60:]}")
        yield source


def _wrong_words(options: Any) -> str:
    """What an option says that a profile cannot; empty if nothing."""
    from egresslang.existing.profile_file import can_be

    for flag, word, kind in (("--name", options.name, "cluster"), ("--namespace", options.namespace, "label")):
        if word is not None and not can_be(kind, word):
            return f"`{flag} {word}` is not the name of a {'cluster' if kind == 'cluster' else 'namespace'}"
    return ""


def _standing(path: str) -> Source | None:
    """The profile that stands at a path."""
    if not path or not os.path.lexists(path):
        return None
    source, problems = read_source(path)
    if problems:
        raise Unreadable(f"{problems[0].message}: {problems[0].help}")
    return source


def _namespace(standing: Source | None) -> str:
    """The default namespace that a profile says, as far as it can be read."""
    from egresslang.documents import read

    said = [each.get("spec", "defaultNamespace") for each in (read(standing)[0] if standing is not None else ())]
    return next((str(each.value) for each in said if each is not None), "")


def _told(
    path: str, standing: Source | None, made: Made, described: Described, cluster: Cluster, prunes: bool
) -> list[str]:
    """What was made, and what a reader should know of it, a line each."""
    from egresslang.existing.described import some

    lines = []
    if standing is not None and made.text == standing.text:
        lines.append(f"`{path}` is up to date")
    elif path:
        many, where = len(cluster.workloads), len(cluster.namespaces())
        did = "made" if standing is None else "updated"
        lines.append(f"{did} `{path}`: {many} workload{'s' * (many != 1)} in {where} namespace{'s' * (where != 1)}")
    if standing is not None:
        gone = "taken out, as no manifest shows them" if prunes else "no manifest shows them (`--prune` takes them out)"
        for names, words in (
            (described.added, "added"), (described.changed, "changed"), (described.unseen, gone),
        ):  # fmt: skip
            lines += [f"{words}: {some(names)}"] if names else []
    if cluster.nowhere:
        lines.append(
            f"from standard input came {cluster.nowhere} of what a mesh is made of (Services, ServiceEntries, Sidecars and "
            "their like), which a profile names by file: give a file, and `resources` has it"
        )
    return [*lines, *made.remarks]


def _check(options: Any) -> int:
    """Check each profile by itself; returns the status."""
    from egresslang.commands.report import conclude, settled
    from egresslang.profile.profile import ClusterProfile

    if errors(options.problems):
        source = options.problems[0].span.source
        return conclude(options, settled(options, options.problems, ()), [source], (), sys.stdout)
    files = options.files or options.profiles
    if not files:
        return misuse("no profile: give FILE, or name `profiles` in egressc.toml")
    sources: list[Source] = []
    profiles: list[ClusterProfile] = []
    found: list[Finding] = [*options.problems]
    for path in dict.fromkeys(files):
        try:
            content = read_bytes(path)
        except OverLimit as problem:
            found.append(problem.finding)
            continue
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
