"""What a diff costs against compiling one side: `python bench/diff.py [--quick]`.

A policy of each shape is compared with what it became: one rule of fifty gone, one of fifty with another owner, one of
fifty added; and with one in which every rule changed. Milliseconds of processor time, medians; each run is a process of
its own, and by turns with a whole compilation of the first side, proof included.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from statistics import median
from tempfile import TemporaryDirectory

from children import machine, measure, medians, milliseconds, table, write_case
from shapes import SHAPES

STAGES = ("parse", "resolve", "compare", "tell")
SIZES = (1000, 10000)
CHANGES = {"some": 50, "all": 1}
"""How many rules there are for each that changed in one way."""


def changed(policy: str, rules: int) -> str:
    """A policy in which one of so many rules is gone, one has another owner, and one has a twin elsewhere.

    Of one rule each, every rule has another owner.
    """
    made = []
    number = 0
    for statement in re.split(r"\n(?=\S)", policy.rstrip()):
        turn = -1
        if statement.startswith("allow "):
            number += 1
            turn = number % rules if rules > 1 else 1
        if turn != 0:
            made.append(_owned(statement) if turn == 1 else statement)
        if turn == 2:
            made.append(statement.replace(".example.com", ".example.org"))
    return "\n".join(made) + "\n"


def _owned(statement: str) -> str:
    """A rule with another owner."""
    if " owner=" in statement:
        return statement.replace(" owner=", " owner=other-")
    return re.sub(r"(?=\s*(?:\s#.*)?$)", " owner=somebody", statement, count=1)


def row(shape: str, size: int, change: str, repeats: int) -> list[str]:
    """One comparison, measured by turns with a compilation."""
    policy, profile = SHAPES[shape](size)
    with TemporaryDirectory() as folder:
        before, cluster = write_case(folder, policy, profile)
        after = os.path.join(folder, "after.egress")
        with open(after, "w", encoding="utf-8") as file:
            file.write(changed(policy, CHANGES[change]))
        runs = [
            (measure("stages.py", before, cluster), measure("comparison.py", before, after, cluster))
            for _ in range(repeats)
        ]
    one_side = median(compiled["cpu"]["total"] for compiled, _ in runs)
    told = medians([compared for _, compared in runs], "cpu")
    stages = [milliseconds(told[stage]) for stage in STAGES]
    ratio = f"{told['total'] / one_side:.2f}"
    count = f"{runs[0][1]['changes']:,}"
    return [shape, f"{size:,}", change, count, *stages, milliseconds(told["total"]), milliseconds(one_side), ratio]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a diff costs against compiling one side.")
    parser.add_argument("--quick", action="store_true", help="1,000 rules, one run each")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="RULES")
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES), metavar="SHAPE")
    options = parser.parse_args(arguments)
    sizes = options.sizes or (SIZES[:1] if options.quick else SIZES)
    rows = [
        row(shape, size, change, 1 if options.quick else 3)
        for shape in options.shapes
        for size in sizes
        for change in CHANGES
    ]
    print(f"Milliseconds of processor time, medians; {machine()}\n")
    print(table(["shape", "rules", "changed", "changes", *STAGES, "diff", "compile", "diff ÷ compile"], rows))


if __name__ == "__main__":
    main()
