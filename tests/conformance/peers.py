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

EGRESS = frozenset({"ServiceEntry", "Sidecar", "VirtualService", "DestinationRule"})
"""The kinds that make egress; IST0144 is about pods, and is looked at besides."""

UNKNOWN = "a Service or Gateway of a namespace of which none are given may be there"
INGRESS = "what comes into the mesh"

SAYS: dict[str, tuple[str, str]] = {
    "IST0002 Sidecar": ("EGR608", "it says that an `egressProxy` is ignored, and it is not: told is one that leads nowhere"),
    "IST0002 VirtualService": ("", "another spelling of a fault's share leads nowhere else"),
    "IST0101 Sidecar": ("EGR621", ""),
    "IST0101 VirtualService": ("EGR608, EGR637", UNKNOWN),
    "IST0106 ServiceEntry": ("EGR601", ""),
    "IST0106 Sidecar": ("EGR601", ""),
    "IST0106 VirtualService": ("EGR601", "faults, retries and the like lead nowhere else"),
    "IST0106 DestinationRule": ("EGR601", "outlier detection and the like lead nowhere else"),
    "IST0109 VirtualService": ("EGR630", "a wildcard below another is none: the longer one holds"),
    "IST0110 Sidecar": ("EGR620", ""),
    "IST0111 Sidecar": ("EGR619, EGR623", ""),
    "IST0112 VirtualService": ("EGR608", ""),
    "IST0128 DestinationRule": ("", "whom a sidecar believes, not whom it reaches"),
    "IST0129 DestinationRule": ("", "whom a sidecar believes, not whom it reaches"),
    "IST0130 VirtualService": ("EGR638", ""),
    "IST0131 VirtualService": ("EGR638", "two matches of one route lead to the same place; and one that asks for less is not taken by one that asks for more"),
    "IST0132 VirtualService": ("EGR639", f"hosts of the mesh are {INGRESS}"),
    "IST0133 ServiceEntry": ("EGR609", ""),
    "IST0134 ServiceEntry": ("EGR609", ""),
    "IST0140 VirtualService": ("", INGRESS),
    "IST0144 Deployment": ("EGR506", "in a mesh that is open to all it changes nothing"),
    "IST0144 Pod": ("EGR506", "in a mesh that is open to all it changes nothing"),
    "IST0149 VirtualService": ("", INGRESS),
    "IST0165 VirtualService": ("EGR601", INGRESS),
    "IST0167 Sidecar": ("EGR506", "one that Istio refuses is told once"),
    "IST0171 ServiceEntry": ("", "what a controller says of its work"),
    "IST0173 DestinationRule": ("", "which pods of the mesh a subset has"),
    "IST0174 DestinationRule": ("EGR608", UNKNOWN),
    "IST0177 ServiceEntry": ("EGR615", ""),
}  # fmt: skip
"""What istioctl says of egress in Istio's own test data: what it is called here, and when nothing is said."""

DATA = """\
Over the test data of its own analyzers (`pkg/config/analysis/analyzers/testdata`) istioctl says this of ServiceEntries,
Sidecars, VirtualServices and DestinationRules, and of pods that go around their sidecar. What it says of other kinds (ingress
Gateways, EnvoyFilters, Telemetries, webhooks, injection, port names of Services) does not change who reaches what outside.
"""

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


def about(paths: Iterable[Path]) -> dict[Path, frozenset[str]]:
    """What all analyzers find in each file of manifests: a code and a kind, as in SAYS."""
    done = subprocess.run(
        [program("analyzers"), *map(str, paths)], capture_output=True, text=True, check=True, timeout=300
    )
    found = map(json.loads, done.stdout.splitlines())
    return {Path(each["file"]): frozenset(each["about"]) for each in found}


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
    said = [f"| {about} | {here or 'nothing'} | {silent} |\n" for about, (here, silent) in SAYS.items()]
    analyzers = "| istioctl | egressc | nothing is said where |\n|---|---|---|\n" + "".join(said)
    table = (
        "| mesh in `tests/existing/flawed` | egressc | istioctl, of files | against a cluster |\n|---|---|---|---|\n"
        + "".join(lines)
    )
    count = f"{len(written)} meshes, one mistake each; istioctl is silent about {silent}."
    return f"{head}{MARK}\n{count}\n\n{table}\n{DATA}\n{analyzers}"


if __name__ == "__main__":
    PAGE.write_text(page(rows()), encoding="utf-8")
