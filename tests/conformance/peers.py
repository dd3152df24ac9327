"""What istioctl analyze says of the flawed meshes, side by side with ours: `python tests/conformance/peers.py` writes `docs/analyze.md`.

What it says of a mesh's repaired twin as well is not about the mistake, and left out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILT = Path(__file__).parent / "judge" / "bin"
PAGE = ROOT / "docs" / "analyze.md"
MARK = "<!-- case by case: python tests/conformance/peers.py -->\n"
"""Where the generated part of the page begins."""

sys.path.insert(0, str(ROOT / "tests" / "existing"))

import cases  # noqa: E402

REFUSES = "refuses to read it"
"""What istioctl does to what is no manifest of its kind: it tells one line and passes over it."""


@dataclass(frozen=True)
class Row:
    """A mistake, its code here, and what istioctl says of the files and against a cluster: codes, or `silent`."""

    name: str
    code: str
    of_files: str
    in_a_cluster: str


def program(name: str) -> str:
    """The path of a program of the judge; a missing one is told by name."""
    path = BUILT / name
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"no {name} at {path}: `make judge` builds it")
    return str(path)


@cache
def of_files(path: Path) -> frozenset[str]:
    """What `istioctl analyze` finds in a file alone."""
    command = [program("istioctl"), "analyze", "--use-kube=false", "--all-namespaces", "--color=false", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    text = done.stdout + done.stderr
    return frozenset(re.findall(r"\[(IST\d{4})\]", text)) | ({REFUSES} if "Error(s) adding files" in text else set())


@cache
def in_a_cluster() -> dict[str, frozenset[str]]:
    """What all of its analyzers find in each flawed mesh and each twin, by path, the Services and Pods read as well."""
    paths = [str(each.path(which)) for each in cases.CASES for which in (cases.BAD, cases.GOOD)]
    done = subprocess.run([program("analyzers"), *paths], capture_output=True, text=True, check=True, timeout=300)
    found = map(json.loads, done.stdout.splitlines())
    return {each["file"]: frozenset(each["codes"]) | ({REFUSES} if each.get("error") else set()) for each in found}


def refused(paths: Iterable[Path]) -> list[bool]:
    """Whether Istio's own validation refuses what stands in each file, or cannot even read it."""
    done = subprocess.run(
        [program("analyzers"), *map(str, paths)], capture_output=True, text=True, check=True, timeout=300
    )
    found = map(json.loads, done.stdout.splitlines())
    return ["IST0106" in each["codes"] or bool(each.get("error")) for each in found]


def caught(case: cases.Case) -> frozenset[str]:
    """Everything that either finds in a mesh and not in its twin."""
    return _of_mistake(case, of_files) | _of_mistake(case, lambda path: in_a_cluster()[str(path)])


def _of_mistake(case: cases.Case, ask: Callable[[Path], frozenset[str]]) -> frozenset[str]:
    return ask(case.path(cases.BAD)) - ask(case.path(cases.GOOD))


def rows() -> list[Row]:
    """Every flawed mesh."""
    return [row(each) for each in cases.CASES]


def row(case: cases.Case) -> Row:
    """What istioctl says of the mesh and not of its twin."""
    files, cluster = _of_mistake(case, of_files), _of_mistake(case, lambda path: in_a_cluster()[str(path)])
    return Row(case.name, case.code, *(", ".join(sorted(each)) or "silent" for each in (files, cluster)))


def page(found: Iterable[Row]) -> str:
    """The page with its table written anew."""
    written = list(found)
    silent = sum(each.in_a_cluster == each.of_files == "silent" for each in written)
    lines = [f"| {each.name} | {each.code} | {each.of_files} | {each.in_a_cluster} |\n" for each in written]
    head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    table = (
        "| mesh in `tests/existing/flawed` | egressc | istioctl, of files | against a cluster |\n|---|---|---|---|\n"
        + "".join(lines)
    )
    return f"{head}{MARK}\n{len(written)} meshes, one mistake each; istioctl is silent about {silent}.\n\n{table}"


if __name__ == "__main__":
    PAGE.write_text(page(rows()), encoding="utf-8")
