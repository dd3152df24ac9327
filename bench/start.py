"""How long `egressc check` takes to say that the recipe is fine: `python bench/start.py [--runs N] [--imports]`.

It is run as people have it: in a virtual environment of its own that holds egressc and what it needs, compiled to
bytecode, and nothing else (`interegular`, which the tests need, makes `import lark` slower by its presence). By turns
with it run `import lark`, an empty program, the other commands over the same recipe, and the peers that are installed
(`peers.py`), so that a busy minute of the machine meets all of them; the medians of the wall time are compared, and the
processor time of the processes is told beside them.

With `--imports`, the imports of a check are listed with what each costs itself, the dearest first.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from collections.abc import Sequence
from statistics import median
from tempfile import TemporaryDirectory

import peers
from children import PLAIN, ROOT, Cost, Table, cost, milliseconds, table
from environment import installed

RECIPES = os.path.join(ROOT, "examples", "recipes")
RECIPE = os.path.join(RECIPES, "allowed")
PROFILE = ("-p", os.path.join(RECIPE, "profile.yaml"))
LARK = "python -c 'import lark'"

EGRESS_POLICY = {
    "apiVersion": "egresslang.dev/v1",
    "kind": "EgressPolicy",
    "metadata": {"name": "recipes"},
    "spec": {"policy": "allow recipes/idgen -> httpbin.org:80 http\n"},
}
"""The recipe as the plugin of kustomize is given it."""
RESOURCE_LIST = {
    "apiVersion": "config.kubernetes.io/v1",
    "kind": "ResourceList",
    "items": [],
    "functionConfig": EGRESS_POLICY,
}
"""The same as kustomize gives it to a function."""


def commands(egressc: Sequence[str]) -> dict[str, list[str]]:
    """What is measured, by the name it has in the table."""
    return {
        "python -c pass": [egressc[0], "-c", "pass"],
        LARK: [egressc[0], "-c", "import lark"],
        "egressc check": [*egressc, "check", RECIPE],
        "egressc check -p profile.yaml": [*egressc, "check", RECIPE, *PROFILE],
    }


def others(egressc: Sequence[str], folder: str) -> dict[str, list[str]]:
    """The other commands over the same recipe, and the peers that are installed over what it becomes."""
    made = os.path.join(RECIPE, "expected", "recipes.yaml")
    with open(os.path.join(folder, "egress.yaml"), "w", encoding="utf-8") as file:
        json.dump(EGRESS_POLICY, file)
    with open(os.path.join(folder, "list.yaml"), "w", encoding="utf-8") as file:
        json.dump(RESOURCE_LIST, file)
    with open(os.path.join(folder, "pods.yaml"), "w", encoding="utf-8") as file:
        file.write(peers.PODS.format(namespace="recipes", app="idgen"))
    with open(os.path.join(folder, "kustomization.yaml"), "w", encoding="utf-8") as file:
        file.write("generators: [egress.yaml]\n")
    found = {
        "egressc fmt --check": [*egressc, "fmt", "--check", RECIPE],
        "egressc compile": [*egressc, "compile", RECIPE, *PROFILE],
        "egressc explain": [*egressc, "explain", "idgen -> httpbin.org:80 http", RECIPE, *PROFILE],
        "egressc test": [*egressc, "test", RECIPE, *PROFILE],
        "egressc diff": [*egressc, "diff", RECIPE, "--base", os.path.join(RECIPES, "black-hole"), *PROFILE],
        "egressc analyze": [*egressc, "analyze", made],
        "egressc-krm, legacy exec": [*egressc, "kustomize", os.path.join(folder, "egress.yaml")],
        "egressc-krm, ResourceList": [*egressc, "kustomize"],
    }
    if program := peers.program("istioctl"):
        found["istioctl analyze"] = [program, "analyze", "--use-kube=false", made]
    if program := peers.program("kubeconform"):
        found["kubeconform"] = [program, *peers.SCHEMAS, made]
    if program := peers.program("network-config-analyzer"):
        found["network-config-analyzer --sanity"] = [program, "--sanity", made, "-r", os.path.join(folder, "pods.yaml")]
    return found


def measured(named: dict[str, list[str]], runs: int, **options: str) -> dict[str, list[Cost]]:
    """What each command took, by turns; a first turn that reads the files into memory is left out."""
    taken: dict[str, list[Cost]] = {name: [] for name in named}
    for turn in range(runs + 1):
        for name, command in named.items():
            took = cost(command, **options)
            if turn:
                taken[name].append(took)
    return taken


def report(named: dict[str, list[str]], runs: int, **options: str) -> Table:
    """Medians of so many runs by turns, in relation to `import lark`."""
    taken = measured(named, runs, **options)
    lark = Cost(*map(median, zip(*taken[LARK], strict=True)))
    rows = []
    for name, costs in taken.items():
        middle, least = Cost(*map(median, zip(*costs, strict=True))), min(each.wall for each in costs)
        cells = [milliseconds(each) for each in (middle.wall, least, middle.cpu)]
        rows.append([name, *cells, f"{middle.wall / lark.wall:.2f}", f"{middle.cpu / lark.cpu:.2f}"])
    return Table(
        "A start",
        f"Whole commands from start to end, milliseconds, medians of {runs} runs by turns: egressc over the recipe of the "
        "examples, one rule, in an environment that holds it and what it needs; the others over the ServiceEntry and the "
        "Sidecar that the recipe becomes.",
        ["command", "wall ms", "least", "processor ms", "wall ÷ import lark", "processor ÷ import lark"],
        rows,
    )


def section(egressc: Sequence[str], runs: int) -> Table:
    """Everything that starts, with the peers that are installed."""
    with TemporaryDirectory() as folder:
        named = commands(egressc) | others(egressc, folder)
        return report(named, runs, stdin=os.path.join(folder, "list.yaml"))


def imports(command: Sequence[str], most: int = 40) -> str:
    """The dearest imports of a command: milliseconds of the module itself, and with what it imports in turn."""
    traced = [command[0], "-X", "importtime", *command[1:]]
    lines = subprocess.run(traced, capture_output=True, text=True, env=PLAIN, check=True).stderr.splitlines()[1:]
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
    with installed() as egressc:
        print(section(egressc, options.runs).show())
        if options.imports:
            print(imports(commands(egressc)["egressc check -p profile.yaml"]))


if __name__ == "__main__":
    main()
