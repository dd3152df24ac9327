"""Completion in the real shells: a line is typed up to a tab, and the shell runs what it became."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.conformance

ROOT = Path(__file__).parents[2]
SHELLS = {
    "bash": ("bash --noprofile --norc -i", "egressc() { printf '%s ' '<<' \"$@\" '>>'; }"),
    "zsh": ("zsh -f -i", "autoload -Uz compinit && compinit -u -D; egressc() { printf '%s ' '<<' \"$@\" '>>'; }"),
    "fish": ("fish --no-config -i", "function egressc; printf '%s ' '<<' $argv '>>'; end"),
}
"""How each shell is started, and a command of that name that tells its arguments."""

LINES = {
    "egressc expl\tEGR204": "explain EGR204",
    "egressc check --form\tconc\t": "check --format concise",
    "egressc check --fail-on w\t": "check --fail-on warning",
    "egressc check --select EGR204,EGR51\tx": "check --select EGR204,EGR51x",
    "egressc check --select EGR204,EGR205,EGR90\t": "check --select EGR204,EGR205,EGR90",
    "egressc check --ignore EGR302,EGR001,EGR50\t1": "check --ignore EGR302,EGR001,EGR501",
    "egressc compile --kinds ServiceEntry,Sid\t": "compile --kinds ServiceEntry,Sidecar",
    "egressc compile -p clus\t": "compile -p cluster.yaml",
    "egressc check first\t": "check first.egress",
    "egressc compile -o manif\t": "compile -o manifests",
    "egressc completion z\t": "completion zsh",
    "egressc init --ci gitl\t": "init --ci gitlab",
}
"""What is typed, and the arguments that it becomes; shells may join an option to its value, and end a folder in a slash."""


class Shell:
    """A shell in a terminal of its own."""

    def __init__(self, name: str, folder: Path, script: Path) -> None:
        if shutil.which(name) is None:
            pytest.fail(f"{name} is not on PATH (Debian package {name})")
        command, stand_in = SHELLS[name]
        keep = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG")}
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.execvpe(name, command.split(), {**keep, "TERM": "xterm", "HOME": str(folder), "PS1": "$ "})
        self.quiet()
        self.say(f"{stand_in}\r")
        self.say(f"source {script}\r")

    def say(self, text: str) -> None:
        """Type."""
        os.write(self.terminal, text.encode())
        time.sleep(0.1)

    def arguments(self, line: str) -> str:
        """What the command is given when a line is typed; each tab has time to be answered."""
        for part in re.split(r"(\t)", line):
            self.say(part)
            self.quiet()
        self.say("\r")
        return self.until("<< (.*?) >> ")

    def quiet(self) -> str:
        """What is shown until nothing more comes."""
        shown = b""
        while select.select([self.terminal], [], [], 0.3)[0]:
            shown += os.read(self.terminal, 1 << 16)
        return shown.decode(errors="replace")

    def until(self, pattern: str) -> str:
        """The first group of what is shown in a while."""
        shown, last = "", time.monotonic() + 30
        while time.monotonic() < last:
            shown += self.quiet()
            if found := re.search(pattern, shown, re.DOTALL):
                return found[1]
        raise AssertionError(shown)

    def close(self) -> None:
        """End it."""
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.terminal)


@pytest.mark.parametrize("name", SHELLS)
def test_lines_are_completed(name: str, tmp_path: Path) -> None:
    (tmp_path / "cluster.yaml").touch()
    (tmp_path / "first.egress").touch()
    (tmp_path / "manifests").mkdir()
    script = tmp_path / ".script"
    printed = subprocess.run(
        [sys.executable, "-m", "egresslang", "completion", name], capture_output=True, check=True, cwd=ROOT
    )
    script.write_bytes(printed.stdout)
    shell = Shell(name, tmp_path, script)
    try:
        shell.quiet()
        became = {line: shell.arguments(line).replace("--format=", "--format ").rstrip("/") for line in LINES}
    finally:
        shell.close()
    assert became == LINES
