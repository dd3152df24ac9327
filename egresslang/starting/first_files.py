"""First files: which ones a project gets, beside what it has already.

What is made is tried before it is written: an example that a check would complain of is a comment, and what a check would
tell of policies that stand only because of what is made is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from egresslang.existing.cluster import Cluster
from egresslang.findings import Finding, Severity
from egresslang.profile.beside import ReadFile
from egresslang.record import record
from egresslang.source import Source
from egresslang.starting import texts
from egresslang.starting.repository import CI_FILE, GITHUB
from egresslang.starting.standing import CONFIGURATION, OTHER_PROFILE, PROFILE, Standing
from egresslang.starting.trial import clusters_of, joined, named, trial

POLICIES, POLICY = "policies", "policies/first.egress"
PRE_COMMIT = ".pre-commit-config.yaml"
NOBODY = ("default", "my-workload")
"""Namespace and workload of the example where nobody is known."""

TRIED = 10
"""Workloads that are tried for the example."""


@record
class Wanted:
    """What is asked for: the CI (github, gitlab, none), where the hooks come from, whether both have their place here."""

    ci: str
    hooks: str
    revision: str
    is_root: bool


@record
class FirstFile:
    """A file by its path from the folder: its text where it is made; else why not, and what to add to the one that stands."""

    path: str
    text: str = ""
    left: str = ""
    add: str = ""


@record
class Start:
    """The files in the order in which they are told, and what comes of them.

    `example` is the workload of a policy that is made, empty where that is a comment or none is made. Of a profile that is
    made, which `is_profiled` says, `installation` is the file that it names and `added` whom only policies name. `told` is
    what a check will tell, of what stands: all that is new, and errors. `is_compiled` says that manifests go to a folder,
    `had_policies` that there were some.
    """

    files: tuple[FirstFile, ...]
    example: str
    is_profiled: bool
    installation: str
    added: tuple[str, ...]
    told: tuple[Finding, ...]
    is_compiled: bool
    had_policies: bool


@record
class _Made:
    """The texts that are made, empty where one is not, and what comes of them."""

    policy: str = ""
    profile: str = ""
    example: str = ""
    installation: str = ""
    added: tuple[str, ...] = ()
    told: tuple[Finding, ...] = ()


def start(wanted: Wanted, standing: Standing, cluster: Cluster, read_file: ReadFile) -> Start:
    """What a project starts with; `read_file` gives the files that the profile names."""
    profile = _profile_path(standing)
    makes_policy = not standing.policies and _takes_in(standing, POLICY)
    made = _tried(standing, cluster, profile, makes_policy, read_file)
    output = standing.settings.output if standing.configuration else _output(standing)
    files = [
        *_policy_files(standing, made),
        *_profile_files(standing, profile, made),
        _configuration_file(standing, profile, output),
        *(_of_the_root(wanted, is_compiled=bool(output)) if wanted.is_root else ()),
    ]
    return Start(
        tuple(_left(each, standing) for each in files),
        made.example,
        bool(made.profile),
        made.installation,
        made.added,
        made.told,
        bool(output),
        bool(standing.policies),
    )


def _left(each: FirstFile, standing: Standing) -> FirstFile:
    """The file, or that it is left where one of its name stands."""
    if not each.text or not standing.has(each.path):
        return each
    return FirstFile(each.path, left="stands already", add="" if standing.says(each.path, "egressc") else each.add)


# Which files


def _takes_in(standing: Standing, path: str) -> bool:
    """Whether a policy file at a path is one of the project."""
    homes = standing.settings.policies
    return not homes or any(
        each in (".", path) or path.startswith(f"{each}/") for each in map(standing.relative, homes)
    )


def _profile_path(standing: Standing) -> str:
    """The profile that the project is to have, be it there or not; empty where its configuration names none of ours."""
    if not standing.configuration:
        return _usual_profile(standing)
    named = [standing.relative(each) for each in standing.settings.profiles]
    return next((each for each in (PROFILE, OTHER_PROFILE) if each in named), "")


def _usual_profile(standing: Standing) -> str:
    return OTHER_PROFILE if standing.has(PROFILE) and not standing.says(PROFILE, "ClusterProfile") else PROFILE


def _output(standing: Standing) -> str:
    """A folder for manifests in which nothing stands: none that is there already is written to."""
    if not standing.has("manifests"):
        return "manifests"
    return "manifests/egress" if standing.has_folder("manifests") else "egress-manifests"


def _policy_files(standing: Standing, made: _Made) -> Iterator[FirstFile]:
    yield from (FirstFile(each, left="holds policy files" if standing.has_folder(each) else "stands already") for each in standing.homes)  # fmt: skip
    if made.policy:
        yield FirstFile(POLICY, made.policy)
    elif not standing.policies:
        yield FirstFile(POLICY, left=f"{standing.configuration} names other places of policies")


def _profile_files(standing: Standing, path: str, made: _Made) -> Iterator[FirstFile]:
    if path == OTHER_PROFILE and not standing.configuration:
        yield FirstFile(PROFILE, left="is no ClusterProfile")
    for each in standing.profiles:
        yield FirstFile(each.name, left="stands already")
    if made.profile:
        yield FirstFile(path, made.profile)
    elif path and path not in {each.name for each in standing.profiles}:
        yield FirstFile(path, left="is no ClusterProfile")


def _configuration_file(standing: Standing, profile: str, output: str) -> FirstFile:
    if not standing.configuration:
        return FirstFile(CONFIGURATION, texts.configuration(standing.homes or (POLICIES,), profile, output))
    why = "stands already" if standing.configuration == CONFIGURATION else "configures egressc"
    lacking = [] if standing.settings.profiles else [texts.PROFILES.format(profile=_usual_profile(standing))]
    lacking += [] if output else [texts.OUTPUT.format(output=_output(standing))]
    return FirstFile(standing.configuration, left=why, add="\n".join(lacking))


def _of_the_root(wanted: Wanted, is_compiled: bool) -> Iterator[FirstFile]:
    """Hooks and CI; without output there is nothing that either could compare."""
    hooks = texts.hooks(wanted.hooks, wanted.revision, is_compiled)
    yield FirstFile(PRE_COMMIT, hooks, add=hooks.partition("\n")[2])
    if wanted.ci in CI_FILE:
        text = (texts.github if wanted.ci == GITHUB else texts.gitlab)(is_compiled)
        yield FirstFile(CI_FILE[wanted.ci], text, add=text)


# What is in them


def _tried(standing: Standing, cluster: Cluster, path: str, makes_policy: bool, read_file: ReadFile) -> _Made:
    """A policy and a profile that a check tells nothing of, as far as there are any, where they are to be made."""
    makes_profile = bool(path) and not standing.profiles and not standing.has(path)
    if not makes_profile and not makes_policy:
        return _Made()
    known, added = joined(cluster, named(standing.policies)) if cluster.workloads else (Cluster(), [])
    files = [each.file for each in cluster.installations]
    installations = files if makes_profile and len(files) == 1 else []
    examples = _examples(standing, cluster, read_file)
    before = (
        trial(standing.policies, () if makes_profile else standing.profiles, read_file) if standing.policies else {}
    )
    made, told = _Made(), before
    for is_live in (True, False) if makes_policy else (True,):
        for installation in (*installations, ""):
            for example in examples[: TRIED if makes_policy and is_live else 1]:
                policy = texts.policy(*example, is_live) if makes_policy else ""
                profile = texts.profile(known, installation, example) if makes_profile else ""
                told = trial(
                    [Source(POLICY, policy)] if makes_policy else standing.policies,
                    [Source(path, profile)] if makes_profile else standing.profiles,
                    read_file,
                )
                live = "/".join(example) if makes_policy and is_live else ""
                more = [each for key, each in told.items() if key not in before]
                lasting = [each for key, each in told.items() if key in before and each.severity is Severity.ERROR]
                whom = tuple(added) if makes_profile else ()
                made = _Made(policy, profile, live, installation, whom, (*more, *lasting))
                if not more:
                    return made
    return made


def _examples(standing: Standing, cluster: Cluster, read_file: ReadFile) -> list[tuple[str, str]]:
    """Namespaces and workloads for the example: those of the profile that stands, else of the manifests, else made up.

    Only those that a sidecar sees, and that a policy can name in lines of a common length.
    """
    profiles, _ = clusters_of(standing.profiles, read_file)
    inventory = profiles[0].namespaces if profiles else None
    if inventory is None:
        namespaces: Iterable[str] = cluster.namespaces()
        workloads = [(each.namespace, each.name) for each in cluster.workloads if not each.uncaptured]
    else:
        namespaces = inventory
        workloads = [
            (name, each) for name, namespace in sorted(inventory.items()) for each in sorted(namespace.workloads)
        ]
    found = [each for each in workloads if re.fullmatch(r"[a-z][-a-z0-9]{0,55}", each[1])]
    return found or [(min(namespaces, default=NOBODY[0]), NOBODY[1])]
