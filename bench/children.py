"""Child processes, medians and tables: what all measurements have in common."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
ENVIRONMENT = os.environ | {"PYTHONPATH": ROOT, "PYTHONHASHSEED": "0"}
"""What children run in: the checkout, whether or not it is installed."""

PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
"""What commands run in that are installed somewhere else."""


class Late(Exception):
    """A child that took longer than it may."""


class Failed(Exception):
    """A command that ended with neither 0 nor 1."""


class Cost(NamedTuple):
    """What a process took: seconds of processor and wall time, and the most memory it had in MiB."""

    cpu: float
    wall: float
    peak: float


class Table(NamedTuple):
    """What was measured, as `make bench` prints it and `docs/performance.md` shows it."""

    title: str
    said: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    def show(self) -> str:
        """The table as Markdown, below its title and what is said of it."""
        return f"## {self.title}\n\n{self.said}\n\n{table(self.headings, self.rows)}"


def cost(command: Sequence[str], *, folder: str | None = None, stdin: str = os.devnull, limit: float = 600.0) -> Cost:
    """What a command costs that ends with 0, or with 1 for what it found, else Failed; Late after `limit` seconds."""
    late = threading.Event()
    started = time.perf_counter()
    with (
        open(stdin, "rb") as given,
        subprocess.Popen(
            command, cwd=folder, stdin=given, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=PLAIN, start_new_session=True
        ) as child,
    ):  # fmt: skip
        timer = threading.Timer(limit, lambda: (late.set(), os.killpg(child.pid, signal.SIGKILL)))
        timer.start()
        assert child.stderr is not None
        said = child.stderr.read().decode(errors="replace")
        _, status, used = os.wait4(child.pid, 0)
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if late.is_set():
        raise Late(command[0])
    if child.returncode not in (0, 1):
        raise Failed(f"{' '.join(command)} ended with {child.returncode}: {said}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / unit)


def by_turns(commands: Mapping[str, Sequence[str]], runs: int, **options: Any) -> dict[str, Cost]:
    """The median cost of each command, measured by turns, so that a busy minute of the machine meets all of them."""
    taken: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            taken[name].append(cost(command, **options))
    return {name: Cost(*map(median, zip(*costs, strict=True))) for name, costs in taken.items()}


def measure(script: str, *arguments: str, limit: float | None = None) -> dict[str, Any]:
    """What a script of this folder prints as JSON, run in a process of its own; Late after `limit` seconds.

    This process imports nothing of egresslang: on Linux a child's peak memory starts at that of its parent.
    """
    command = [sys.executable, os.path.join(HERE, script), *arguments]
    try:
        done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, timeout=limit, check=True)
    except subprocess.TimeoutExpired:
        raise Late(script) from None
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def write_case(folder: str, policy: str, profile: str) -> tuple[str, str]:
    """The paths of a policy and its profile, written to a folder."""
    paths = os.path.join(folder, "policy.egress"), os.path.join(folder, "profile.yaml")
    for path, text in zip(paths, (policy, profile), strict=True):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return paths


def medians(results: Sequence[Mapping[str, Mapping[str, float]]], kind: str) -> dict[str, float]:
    """The median of each number of a kind, such as `cpu`, over several results."""
    names = dict.fromkeys(name for result in results for name in result[kind])
    return {name: median(result[kind].get(name, 0.0) for result in results) for name in names}


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, the first column to the left and the others to the right, padded to be read as it is."""
    lines = [list(headings), *map(list, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(headings))]
    text = [_row(line, widths) for line in lines]
    text.insert(1, "|" + "|".join("-" * (width + 1) + (":" if at else "-") for at, width in enumerate(widths)) + "|")
    return "\n".join(text) + "\n"


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if at else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def milliseconds(seconds: float) -> str:
    """Seconds as milliseconds with three digits that mean something."""
    value = seconds * 1000
    return f"{value:.0f}" if value >= 99.5 else f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"


def machine() -> str:
    """Where this runs, and how busy it is: numbers of a loaded machine are worth less."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"CPython {sys.version.split()[0]}, {os.cpu_count()} processors{load}"
