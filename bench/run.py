"""Everything that `docs/performance.md` shows: `python bench/run.py [--quick]`.

Prints each table when it is measured. Without `--quick` the tables are kept in `bench/results.json`, with the machine and the
versions, and `docs/generate.py` makes the page of them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import product

import analyze
import commands
import compile
import peers
import start
from children import HERE, ROOT, Table, machine
from environment import installed
from shapes import SHAPES

RESULTS = os.path.join(HERE, "results.json")


def tables(egressc: Sequence[str], quick: bool) -> Iterator[Table]:
    """All measurements, one after the other."""
    yield start.section(egressc, 10 if quick else 30)
    if quick:
        yield compile.section(product(("names", "mixed"), (100, 1_000)), 3)
    else:
        yield compile.section([*product(SHAPES, (100, 1_000, 10_000)), ("names", 100_000)], 5)
    yield from commands.sections(egressc, quick)
    yield analyze.section(egressc, analyze.SIZES[:1] if quick else analyze.SIZES, 1 if quick else 5)
    yield peers.shade(egressc, *(((peers.SIZES[0],), 20.0) if quick else (peers.SIZES, peers.LIMIT)))


def facts() -> dict[str, str]:
    """The machine and the versions of what was measured on it."""
    found = {
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "processor": f"{_processor()}, {os.cpu_count()} of them",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30):.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"CPython {platform.python_version()}",
        "egressc": f"{_commit()}",
    }
    found |= {name: version(name) for name in ("lark", "PyYAML")}
    return found | {name: peers.version(name) for name in ("istioctl", "kubeconform", *peers.PACKAGES)}


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(": ")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def _commit() -> str:
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return f"{version('egresslang')} ({said.stdout.strip() or 'no git'})"


def kept(results: dict[str, object], write: Callable[[str], object]) -> None:
    """Write the results as JSON that is pleasant to compare."""
    write(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and keep what was measured."""
    parser = argparse.ArgumentParser(description="Everything that docs/performance.md shows.")
    parser.add_argument("--quick", action="store_true", help="small sizes; nothing is kept")
    options = parser.parse_args(arguments)
    peers.install()
    known = facts()
    print("\n".join(f"{name}: {said}" for name, said in known.items()), f"\n{machine()}\n", sep="\n")
    made = []
    with installed() as egressc:
        for each in tables(egressc, options.quick):
            print(each.show(), flush=True)
            made.append(each._asdict())
    if not options.quick:
        with open(RESULTS, "w", encoding="utf-8") as file:
            kept({"facts": known, "tables": made}, file.write)
        sys.stdout.write("bench/results.json is written; `python docs/generate.py` makes docs/performance.md of it\n")


if __name__ == "__main__":
    main()
