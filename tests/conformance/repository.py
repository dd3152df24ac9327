"""Git repositories for tests: this project as somebody fetches it, and somebody's own, at work in a home of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
URL = "https://github.com/egresslang/egresslang"
TAG = "v0.1.0"
NOT_NEEDED = ("tests/", "bench/")


def need(tool: str, package: str) -> str:
    """The path of a tool, from the environment of the tests first; fails with what to install."""
    found = shutil.which(
        tool, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}{os.pathsep}/usr/sbin:/sbin"
    )
    if found is None:
        pytest.fail(f"{tool} is not on PATH: install {package}")
    return found


def blocks(page: str) -> dict[str, str]:
    """The files that a page of docs/ shows: each the first block after a paragraph that ends in its name."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = re.findall(r"`([^`\n]+)`[^`\n]*:\n\n```\w+\n(.*?)```", text, re.DOTALL)
    return dict(reversed(found))


def publish(folder: Path) -> Path:
    """This project as it stands in the working tree, committed and tagged in a repository of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if not name.startswith(NOT_NEEDED) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


class Home:
    """A home folder in which this project is found at its public address, and git knows who commits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.published = publish(folder / "published")
        (folder / ".gitconfig").write_text(
            "[user]\nname = Tester\nemail = tester@example.com\n[init]\ndefaultBranch = main\n[core]\nquotePath = false\n"
            f'[url "file://{self.published}"]\ninsteadOf = {URL}\n'
        )
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))
        }
        self.environment |= {
            "HOME": str(folder), "XDG_CACHE_HOME": str(folder / ".cache"), "LC_ALL": "C.UTF-8", "PREK_HOME": str(folder / ".prek"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }  # fmt: skip
        for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "Publish"], ["tag", TAG]):
            self.run(self.published, "git", *command)

    def ask(self, folder: Path, *command: str, **more: str) -> tuple[int, str]:
        """The status of a command and everything it writes."""
        done = subprocess.run(
            command, cwd=folder, env=self.environment | more, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout.decode()

    def run(self, folder: Path, *command: str) -> str:
        """What a command that must succeed writes."""
        status, said = self.ask(folder, *command)
        assert status == 0, f"{' '.join(command)}: {said}"
        return said


class Repository:
    """Somebody's repository, in a home."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home, self.folder = home, folder
        folder.mkdir()
        self.git("init", "--quiet")

    def git(self, *arguments: str) -> str:
        """What a git command that must succeed writes."""
        return self.home.run(self.folder, "git", *arguments)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, their folders with them."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self, files: Mapping[str, str] | None = None, *, before: tuple[str, ...] = ()) -> tuple[bool, str]:
        """Write and add files and commit; whether the commit was made, and what the terminal shows."""
        self.write(files or {})
        self.git("add", "--all")
        head = self.home.ask(self.folder, "git", "rev-parse", "HEAD")
        _, said = self.home.ask(self.folder, *before, "git", "commit", "-m", "A commit")
        return self.home.ask(self.folder, "git", "rev-parse", "HEAD") != head, said
