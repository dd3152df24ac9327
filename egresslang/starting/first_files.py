"""First files: which ones a project gets, and what it has already.

What is made is checked before it is written: a workload that the example would break for is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date

from egresslang.compile import compile, read
from egresslang.existing.cluster import Cluster
from egresslang.existing.workloads import Runs
from egresslang.findings import Severity
from egresslang.profile.beside import ReadFile
from egresslang.profile.load import load
from egresslang.record import record
from egresslang.source import Source
from egresslang.starting import texts
from egresslang.starting.repository import CI_FILE, GITHUB

POLICIES, POLICY, PROFILE, OTHER_PROFILE, CONFIGURATION = (
    "policies", "policies/first.egress", "cluster.yaml", "egress-cluster.yaml", "egressc.toml",
)  # fmt: skip
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
class Standing:
    """What a folder has: whether a path exists, and what stands there speaks of egressc; whether `policies` holds policy
    files, `cluster.yaml` is a ClusterProfile, and pyproject.toml configures egressc."""

    has: Callable[[str], bool]
    speaks: Callable[[str], bool]
    policies: bool
    profile: bool
    configured: bool


@record
class FirstFile:
    """A file by its path from the folder: its text where it is made; else why not, and what to add to the one that stands."""

    path: str
    text: str = ""
    left: str = ""
    add: str = ""


@record
class Start:
    """The files in the order in which they are told, the workload of the example, and the installation that the profile names."""

    files: tuple[FirstFile, ...]
    example: str
    installation: str


def start(wanted: Wanted, standing: Standing, cluster: Cluster, read_file: ReadFile) -> Start:
    """What a project starts with; `read_file` gives the files that the profile names."""
    profile_path = OTHER_PROFILE if standing.has(PROFILE) and not standing.profile else PROFILE
    output = "manifests/egress" if standing.has("manifests") else "manifests"
    profile, policy, example, installation = _checked(cluster, profile_path, read_file)
    made = [
        FirstFile(POLICIES, left="holds policy files") if standing.policies else FirstFile(POLICY, policy),
        *([FirstFile(PROFILE, left="is no ClusterProfile")] if profile_path != PROFILE else ()),
        FirstFile(profile_path, profile),
        FirstFile("pyproject.toml", left="configures egressc")
        if standing.configured
        else FirstFile(CONFIGURATION, texts.configuration(profile_path, output)),
    ]
    if wanted.is_root:
        entry = texts.hook(wanted.hooks, wanted.revision)
        made.append(FirstFile(PRE_COMMIT, texts.hooks(wanted.hooks, wanted.revision), add=entry))
        if wanted.ci in CI_FILE:
            text = texts.GITHUB if wanted.ci == GITHUB else texts.GITLAB
            made.append(FirstFile(CI_FILE[wanted.ci], text, add=text))
    return Start(tuple(_left(each, standing) for each in made), example, installation)


def _left(each: FirstFile, standing: Standing) -> FirstFile:
    """The file, or that it is left where one of its name stands."""
    if not each.text or not standing.has(each.path):
        return each
    return FirstFile(each.path, left="stands already", add="" if standing.speaks(each.path) else each.add)


def _checked(cluster: Cluster, path: str, read_file: ReadFile) -> tuple[str, str, str, str]:
    """A profile and a policy that pass the checks together, the workload of the policy, the installation of the profile."""
    namespaces = cluster.namespaces()
    installations = [each.file for each in cluster.installations] if len(cluster.installations) == 1 else []
    nobody = (min(namespaces, default=NOBODY[0]), NOBODY[1])
    candidates = [(each.namespace, each.name) for each in _candidates(cluster.workloads)][:TRIED] or [nobody]
    for installation in (*installations, ""):
        for example in candidates:
            profile, policy = texts.profile(cluster, installation, example), texts.policy(*example)
            if _passes(policy, profile, path, read_file):
                return profile, policy, "/".join(example), installation
    example = candidates[0]
    return texts.profile(cluster, "", example), texts.policy(*example, is_live=False), "/".join(example), ""


def _candidates(workloads: Iterable[Runs]) -> list[Runs]:
    """Those that a sidecar sees, and that a policy can name in lines of a common length."""
    return [each for each in workloads if not each.uncaptured and re.fullmatch(r"[a-z][-a-z0-9]{0,55}", each.name)]


def _passes(policy: str, profile: str, path: str, read_file: ReadFile) -> bool:
    cluster, found = load(Source(path, profile), read_file)
    files, problems = read([Source(POLICY, policy)])
    if cluster is None or found or problems:
        return False
    return not compile(files, cluster, date.min, Severity.ERROR).findings
