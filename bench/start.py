"""How long `egressc check` takes to say that the recipe is fine: `python bench/start.py [--runs N] [--imports]`.

It is run as people have it: in a virtual environment of its own that holds egressc and what it needs, compiled to
bytecode, and nothing else (`interegular`, which the tests need, makes `import lark` slower by its presence). By turns
with it run `import lark` and an empty program, so that a busy minute of the machine meets all of them; the medians of
the wall time are compared, and the processor time of the processes is told beside them.

With `--imports`, the imports of a check are listed with what each costs itself, the dearest first.
"""

from __future__ import annotations

import argparse
import compileall
import importlib.util
import os
import resource
import shutil
import subprocess
import time
import venv
from collections.abc import Sequence
from statistics import median
from tempfile import TemporaryDirectory

from children import ROOT, machine, table

RECIPE = os.path.join(ROOT, "examples", "recipes", "allowed")
RUNTIME = ("lark", "yaml", "_yaml", "idna", "publicsuffixlist")
"""The packages that egressc is installed with."""

SCRIPT = """\
import re
import sys
from egresslang.__main__ import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit(main())
"""
"""What pip writes as the console script of an installed package."""


def install(folder: str) -> str:
    """Make the virtual environment; returns its Python."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = os.path.join(folder, "bin", "python")
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    for package in RUNTIME:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise SystemExit(f"{package} is not installed here")
        shutil.copytree(spec.submodule_search_locations[0], os.path.join(site, package))
    installed = os.path.join(site, "egresslang")
    shutil.copytree(os.path.join(ROOT, "egresslang"), installed, ignore=shutil.ignore_patterns("__pycache__"))
    for data in ("grammar", "schemas"):
        shutil.copytree(os.path.join(ROOT, data), os.path.join(installed, data))
    compileall.compile_dir(site, quiet=2, invalidation_mode=None)
    with open(os.path.join(folder, "bin", "egressc"), "w", encoding="utf-8") as file:
        file.write(SCRIPT)
    return python


def commands(python: str) -> dict[str, list[str]]:
    """What is measured, by the name it has in the table."""
    script = os.path.join(os.path.dirname(python), "egressc")
    check = [python, script, "check", RECIPE]
    return {
        "python -c pass": [python, "-c", "pass"],
        "python -c 'import lark'": [python, "-c", "import lark"],
        "egressc check": check,
        "egressc check -p profile.yaml": [*check, "-p", os.path.join(RECIPE, "profile.yaml")],
    }


def run(command: Sequence[str]) -> tuple[float, float]:
    """Wall and processor seconds of a command."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment(), check=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def report(named: dict[str, list[str]], runs: int) -> str:
    """The table: medians of so many runs by turns, in relation to `import lark`."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in named}
    for turn in range(runs + 1):
        for name, command in named.items():
            took = run(command)
            if turn:  # the first turn reads the files into memory
                taken[name].append(took)
    walls = {name: median(wall for wall, _ in took) for name, took in taken.items()}
    lark = walls["python -c 'import lark'"]
    rows = [
        [
            name,
            f"{walls[name] * 1000:.1f}",
            f"{min(took)[0] * 1000:.1f}",
            f"{median(cpu for _, cpu in took) * 1000:.1f}",
            f"{walls[name] / lark:.2f}",
        ]
        for name, took in taken.items()
    ]
    return table(["command", "wall ms", "least", "processor ms", "÷ import lark"], rows)


def imports(command: Sequence[str], most: int = 40) -> str:
    """The dearest imports of a command: milliseconds of the module itself, and with what it imports in turn."""
    traced = [command[0], "-X", "importtime", *command[1:]]
    lines = subprocess.run(traced, capture_output=True, text=True, env=_environment(), check=True).stderr.splitlines()[
        1:
    ]
    rows = []
    for line in lines:
        own, whole, module = line.removeprefix("import time:").split("|")
        rows.append((int(own), int(whole), module.strip()))
    rows.sort(reverse=True)
    return table(
        ["module", "own ms", "with its imports"],
        [[name, f"{own / 1000:.2f}", f"{whole / 1000:.2f}"] for own, whole, name in rows[:most]],
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How long `egressc check` takes on a policy of one rule.")
    parser.add_argument("--runs", type=int, default=25)
    parser.add_argument("--imports", action="store_true", help="list the dearest imports too")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        named = commands(install(folder))
        print(f"Medians of {options.runs} runs by turns; {machine()}\n")
        print(report(named, options.runs))
        if options.imports:
            print(imports(named["egressc check -p profile.yaml"]))


if __name__ == "__main__":
    main()
