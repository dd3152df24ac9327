"""Tracked: whether compiled files that stand in a folder are among those that git will commit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from typing import TYPE_CHECKING

from egresslang.directory import INDEX
from egresslang.files import Unreadable

if TYPE_CHECKING:
    from egresslang.commands.drift import Output


def untracked(outputs: Iterable[Output]) -> list[str]:
    """The files of the outputs that stand there and that git does not track, ignored or not; raises Unreadable.

    git is asked from the current folder and with its environment: inside a hook that is the index of the commit.
    """
    lost: list[str] = []
    for output in outputs:
        if os.path.isdir(output.folder):
            others = set(_others(output.folder))
            ours = [os.path.normpath(os.path.join(output.folder, path)) for path in (*sorted(output.files), INDEX)]
            lost += [path for path in ours if path in others]
    return lost


def _others(folder: str) -> list[str]:
    command = ["git", "--literal-pathspecs", "ls-files", "-z", "--others", "--", folder]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError as problem:
        raise Unreadable(f"cannot run git, which --tracked asks: {problem.strerror}") from problem
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        raise Unreadable(f"git cannot tell what it tracks in `{folder}`: {said}")
    return [os.path.normpath(os.fsdecode(path)) for path in done.stdout.split(b"\0") if path]
