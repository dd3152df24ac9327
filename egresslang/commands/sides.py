"""Sides: the two things that are compared, each read: a policy as it stands or as it was, or manifests."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from egresslang.files import (
    MANIFESTS,
    STANDARD_INPUT,
    SUFFIX,
    Unreadable,
    decode,
    find_manifests,
    find_policies,
    read_manifests,
    read_policies,
)
from egresslang.findings import Finding, errors
from egresslang.profile.profile import ClusterProfile
from egresslang.record import record, replace
from egresslang.source import Source
from egresslang.syntax.nodes import File

if TYPE_CHECKING:
    from egresslang.config.settings import Settings
    from egresslang.documents import Located
    from egresslang.revision import Revision

WORK_TREE = "the work tree"


@record
class Side:
    """One side: what it is called, its files, its clusters, what is wrong with either.

    `documents` are those of manifests, None for a policy. `profiles` are empty where the side says nothing of clusters.
    """

    name: str
    files: tuple[File, ...]
    profiles: tuple[ClusterProfile, ...]
    found: tuple[Finding, ...]
    documents: tuple[Located, ...] | None = None

    @property
    def within_its_clusters(self) -> Side:
        """The side, called after its clusters too."""
        return replace(self, name=f"{self.name} in {', '.join(each.name for each in self.profiles)}")


def read_head(options: Any) -> Side:
    """What is compared: the policy of the command line, or the manifests that it names."""
    from egresslang.commands.inputs import read_inputs, read_profiles

    if options.manifests:
        profiles, found = read_profiles(options) if options.profiles else ([], [])
        return _manifests(", ".join(options.manifests), options.manifests, profiles, found)
    gone = _gone(options)
    files: list[File]
    if gone is None:
        files, profiles, found = read_inputs(options)
    elif gone:
        files, profiles, found = read_inputs(argparse.Namespace(**{**vars(options), "paths": gone}))
    else:
        files, (profiles, found) = [], read_profiles(options)
    is_path = not options.base or options.base == STANDARD_INPUT or os.path.exists(options.base)
    name = ", ".join(options.paths if is_path else ()) or WORK_TREE
    return Side(name, tuple(files), tuple(profiles) if options.profiles else (), tuple(found))


def _gone(options: Any) -> list[str] | None:
    """The paths that still hold a policy, where the others did in the revision that is compared with; None if all do.

    None too where a path never held one: then it is told as for any command.
    """
    if not options.base or options.base == STANDARD_INPUT or os.path.exists(options.base) or errors(options.problems):
        return None
    paths = options.paths or options.settings.policies or ["."]
    gone = [each for each in paths if each != STANDARD_INPUT and not _is_policy(each)]
    if not gone:
        return None
    from egresslang.revision import Revision

    with Revision(options.base, _home(paths[0])) as revision:
        if not all(revision.is_file(each) or any(revision.below(each, SUFFIX)) for each in gone):
            return None
    return [each for each in paths if each not in gone]


def _is_policy(path: str) -> bool:
    return bool(find_policies(path)) if os.path.isdir(path) else os.path.lexists(path)


def read_base(options: Any, head: Side) -> Side:
    """What it is compared with: a path that exists, else a revision; the head itself where only profiles differ."""
    if not options.base:
        profiles, found = _profiles(options.base_profiles)
        return replace(head, profiles=tuple(profiles), found=tuple(found)).within_its_clusters
    if options.base == STANDARD_INPUT or os.path.exists(options.base):
        return _at_path(options, head)
    from egresslang.revision import Revision

    with Revision(options.base, _home((options.paths or ["."])[0])) as revision:
        return _at_revision(options, head, revision)


def _home(path: str) -> str:
    """The folder whose repository a revision is of: the current one, unless its repository does not hold the path."""
    from egresslang.commands.report import repository

    root, _ = repository()
    here = os.path.realpath(path)
    is_ours = os.path.exists(os.path.join(root, ".git")) and here.startswith(os.path.realpath(root) + os.sep)
    return os.curdir if is_ours or path == STANDARD_INPUT else path


def _profiles(paths: Iterable[str]) -> tuple[list[ClusterProfile], list[Finding]]:
    """The profiles of some files as they stand."""
    from egresslang.files import read_source, read_text
    from egresslang.profile.load import load

    profiles: list[ClusterProfile] = []
    found: list[Finding] = []
    for path in paths:
        source, problems = read_source(path)
        profile = None
        if not problems:
            profile, problems = load(source, read_text)
        found += problems
        profiles += [profile] if profile is not None else []
    return profiles, found


def _is_given(options: Any) -> bool:
    """Whether the profiles are those of the command line, and not of the configuration."""
    return bool(options.profiles) and list(options.profiles) != list(options.settings.profiles)


# A folder or file


def _at_path(options: Any, head: Side) -> Side:
    path = options.base
    settings = _own_settings(path)
    profiles, found = _profiles(options.base_profiles or (() if _is_given(options) else settings.profiles))
    if path != STANDARD_INPUT and not _holds_policy(path):
        return _manifests(path, [path], profiles or list(head.profiles), found)
    stdin = None if sys.stdin is None else sys.stdin.buffer
    sources, problems = read_policies(settings.policies or [path], stdin)
    return _policy(path, sources, profiles or list(head.profiles), [*found, *problems], head)


def _own_settings(path: str) -> Settings:
    """What the configuration in a folder says, if there is one in that very folder."""
    from egresslang.config.find import NAME, SHARED, find
    from egresslang.config.load import load
    from egresslang.config.settings import Settings

    here = {os.path.abspath(os.path.join(path, name)) for name in (NAME, SHARED)}
    configuration = find(path) if os.path.isdir(path) else ""
    return load(configuration)[0] if configuration in here else Settings()


def _holds_policy(path: str) -> bool:
    """Whether a path is a policy, and not manifests; raises Unreadable for what is neither."""
    if not os.path.isdir(path):
        return path.endswith(SUFFIX) or not path.endswith(MANIFESTS)
    if find_policies(path):
        return True
    if not find_manifests(path):
        raise Unreadable(
            f"`{path}` is a folder with neither {SUFFIX} files nor manifests; a revision of that name is meant by `refs/heads/{path}`"
        )
    return False


def _manifests(name: str, paths: Sequence[str], profiles: Sequence[ClusterProfile], found: Sequence[Finding]) -> Side:
    from egresslang.profile.manifests import read

    sources, problems = read_manifests(paths, None if sys.stdin is None else sys.stdin.buffer)
    documents: list[Located] = []
    for source in sources if not problems else ():
        here, wrong = read(source)
        documents += here
        problems += wrong
    if not problems and documents and all(_is_profile(each) for each in documents):
        raise Unreadable(
            f"`{name}` holds profiles and no manifests: a profile is given with -p, that of the base with --base-profile"
        )
    files = tuple(File(source, ()) for source in sources)
    return Side(name, files, tuple(profiles), (*found, *problems), tuple(documents))


def _is_profile(document: Located) -> bool:
    value = document.value
    return isinstance(value, dict) and value.get("kind") == "ClusterProfile"


# A revision


def _at_revision(options: Any, head: Side, revision: Revision) -> Side:
    settings, found = _settings_at(revision, (options.paths or ["."])[0], options.config)
    paths = options.paths or settings.policies or ["."]
    sources, problems = _sources_at(revision, paths)
    found += problems
    if not options.quiet:
        for path in paths if options.paths else ():
            if not revision.is_file(path) and not revision.is_folder(path):
                sys.stderr.write(f"egressc: `{path}` is not in `{revision.name}`\n")
        if not sources:
            sys.stderr.write(f"egressc: no policy in `{revision.name}`: everything is gained\n")
    paths = options.base_profiles or (options.profiles if _is_given(options) else settings.profiles)
    profiles: list[ClusterProfile] = []
    for path in paths:
        profile, problems = _profile_at(revision, path, options.quiet)
        found += problems
        profiles += [profile] if profile is not None else []
    return _policy(revision.name, sources, profiles, found, head)


def _settings_at(revision: Revision, first: str, now: str) -> tuple[Settings, list[Finding]]:
    """What the configuration said that held for a path; that of `now` may have been elsewhere: the only one that is gone."""
    from egresslang.config.find import NAME, SHARED, holds_table
    from egresslang.config.load import load
    from egresslang.config.settings import Settings

    at = revision.inside("." if first == STANDARD_INPUT else first)
    while at is not None:
        for name in (NAME, SHARED):
            path = revision.outside(os.path.join(at, name))
            if revision.is_file(path) and (name == NAME or holds_table(_read(revision, path))):
                settings, found = load(os.path.abspath(path), _read(revision, path))
                return settings, errors(found)
        at = os.path.dirname(at) if at else None
    moved = [each for each in revision.below(revision.root, NAME) if not os.path.exists(each)] if now else []
    if len(moved) == 1 and os.path.basename(moved[0]) == NAME:
        settings, found = load(os.path.abspath(moved[0]), _read(revision, moved[0]))
        return settings, errors(found)
    return Settings(), []


def _sources_at(revision: Revision, paths: Iterable[str]) -> tuple[list[Source], list[Finding]]:
    """The policy files that were at or below some paths."""
    sources: dict[str, Source] = {}
    found: list[Finding] = []
    for path in paths:
        if path == STANDARD_INPUT:
            raise Unreadable("a policy of standard input is in no revision: give --base a file or folder")
        for each in [path] if revision.is_file(path) else revision.below(path, SUFFIX):
            inside = revision.inside(each) or each
            if inside not in sources:
                sources[inside], problems = decode(os.path.normpath(each), _read(revision, each), inside)
                found += problems
    return [sources[inside] for inside in sorted(sources)], found


def _profile_at(revision: Revision, path: str, quiet: bool) -> tuple[ClusterProfile | None, list[Finding]]:
    """A profile as it was, with the files that it names as they were; as it is where the revision has none."""
    from egresslang.profile.load import load

    if not revision.is_file(path):
        if not quiet:
            sys.stderr.write(f"egressc: `{path}` is not in `{revision.name}`: it is taken as it is now\n")
        profiles, found = _profiles([path])
        return next(iter(profiles), None), found
    source, found = decode(path, _read(revision, path))
    return (None, found) if found else load(source, revision.text)


def _read(revision: Revision, path: str) -> bytes:
    """What a file held; raises Unreadable."""
    try:
        return revision.read(path)
    except OSError as problem:
        raise Unreadable(f"cannot read `{path}` of `{revision.name}`: {problem.strerror}") from problem


def _policy(
    name: str, sources: Sequence[Source], profiles: Sequence[ClusterProfile], found: Sequence[Finding], head: Side
) -> Side:
    """A policy of some sources; what the head has word for word is not parsed again."""
    from egresslang.syntax.parse import parse

    parsed = {} if head.found else {file.source.name: file for file in head.files}
    files: list[File] = []
    problems = list(found)
    for source in sources:
        same = parsed.get(source.name)
        if same is not None and same.source.text == source.text:
            files.append(same)
        else:
            file, wrong = parse(source)
            files.append(file)
            problems += wrong
    return Side(name, tuple(files), tuple(profiles), tuple(problems))
