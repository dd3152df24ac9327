"""Repository: where a folder lies in one, and whose CI it has."""

from __future__ import annotations

import os
import subprocess

GITHUB, GITLAB = "github", "gitlab"
CI_FILE = {GITHUB: ".github/workflows/egress.yml", GITLAB: ".gitlab-ci.yml"}
"""Where each CI looks for what it is to do."""


def root_of(folder: str) -> str:
    """The folder of the git repository that a folder lies in, itself where there is none."""
    at = os.path.realpath(folder)
    while not os.path.exists(os.path.join(at, ".git")):
        above = os.path.dirname(at)
        if above == at:
            return os.path.realpath(folder)
        at = above
    return at


def ci_of(root: str) -> str:
    """The CI of a repository: the one whose files it has, else the one that its remotes name, else GitHub's."""
    if os.path.lexists(os.path.join(root, CI_FILE[GITLAB])):
        return GITLAB
    if not os.path.lexists(os.path.join(root, ".github")) and GITLAB in _remotes(root):
        return GITLAB
    return GITHUB


def _remotes(root: str) -> str:
    """The addresses of a repository's remotes; nothing where git has none, or is not there."""
    if not os.path.exists(os.path.join(root, ".git")):
        return ""
    command = ["git", "-C", root, "config", "--get-regexp", r"^remote\..*\.url$"]
    try:
        return subprocess.run(command, capture_output=True, check=False, text=True, errors="replace").stdout
    except OSError:
        return ""
