"""What a compilation costs, stage by stage, against what it cannot do without: `python bench/compile.py [--quick | --large]`.

For each shape and size it prints, as Markdown:

- milliseconds of processor time of each stage, that of all its processes, the median of several runs, and the wall time
  of the verification, which is shared out among them, and of the whole;
- the floors, measured in the same run by turns: a hand-written regular expression over the same statements, lark alone
  with the same grammar (statement by statement, with its trees: the plain way), PyYAML's dump of the same documents;
- the whole in relation to lark alone, in processor time and in wall time, to the size before, the emitter in relation to PyYAML, and the
  verification to all that it proves;
- the peak memory of the process when each stage ended.

With `--large`, 1,000 and 100,000 rules once each, and the exponent with which time and output grow from one to the other.

Every measurement is a fresh process with the cyclic garbage collector off, as in the command line. Imports and the
start of Python are not counted here (`start.py` is about them); making the parser is, on both sides.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from math import log
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from children import Table, machine, measure, medians, milliseconds, table, write_case
from shapes import SHAPES

STAGES = ("parse", "profile", "resolve", "rules", "lower", "emit", "verify", "report", "rest")
FLOORS = ("regex", "lark", "yaml")
SIZES = (10, 100, 1000, 10000)
LARGE = (1000, 100000)


class Row(NamedTuple):
    """A shape of a size: seconds of each stage and floor, of processor and wall time, KiB of memory after each stage, bytes written."""

    shape: str
    size: int
    stages: dict[str, float]
    wall: dict[str, float]
    peak: dict[str, float]
    floors: dict[str, float]
    floors_wall: dict[str, float]
    output: int

    @property
    def total(self) -> float:
        """Processor seconds of the whole compilation."""
        return self.stages["total"]


def measured(shape: str, size: int, repeats: int) -> Row:
    """Compilations and floors of a case by turns, so that a busy minute of the machine meets both."""
    made = SHAPES[shape](size)
    compiled: list[dict[str, Any]] = []
    floors: list[dict[str, Any]] = []
    with TemporaryDirectory() as folder:
        paths = write_case(folder, *made)
        for _ in range(repeats):
            compiled.append(measure("stages.py", *paths))
            floors.append(measure("floors.py", *paths))
    if not compiled[0]["output"]:
        raise SystemExit(f"{shape} of {size} does not compile: {compiled[0]['findings']}")
    return Row(
        shape,
        size,
        medians(compiled, "cpu"),
        medians(compiled, "wall"),
        medians(compiled, "peak"),
        medians(floors, "cpu"),
        medians(floors, "wall"),
        compiled[0]["output"],
    )


def times(rows: Sequence[Row]) -> str:
    """The stages and the floors in milliseconds, and their relations."""
    headings = [
        "shape",
        "rules",
        *STAGES,
        "total",
        "verify wall",
        "wall",
        *FLOORS,
        "total ÷ lark",
        "wall ÷ lark wall",
        "× for 10 × rules",
        "emit ÷ yaml",
        "verify ÷ others",
    ]
    held = {(row.shape, row.size): row for row in rows}
    lines = []
    for row in rows:
        smaller = held.get((row.shape, row.size // 10))
        lines.append([
            row.shape,
            f"{row.size:,}",
            *(milliseconds(row.stages.get(stage, 0.0)) for stage in STAGES),
            milliseconds(row.total),
            milliseconds(row.wall["verify"]),
            milliseconds(row.wall["total"]),
            *(milliseconds(row.floors[floor]) for floor in FLOORS),
            f"{row.total / row.floors['lark']:.2f}",
            f"{row.wall['total'] / row.floors_wall['lark']:.2f}",
            f"{row.total / smaller.total:.1f}" if smaller else "",
            f"{row.stages['emit'] / row.floors['yaml']:.2f}",
            f"{row.stages['verify'] / (row.total - row.stages['verify']):.2f}",
        ])  # fmt: skip
    return table(headings, lines)


def memory(rows: Sequence[Row]) -> str:
    """The peak memory after each stage in MiB, and what is written in KiB."""
    stages = STAGES[:-1]
    lines = [
        [
            row.shape,
            f"{row.size:,}",
            *(f"{row.peak[stage] / 1024:.0f}" for stage in stages),
            f"{row.output / 1024:,.0f}",
        ]
        for row in rows
    ]
    return table(["shape", "rules", *stages, "KiB written"], lines)


def section(cases: Iterable[tuple[str, int]], repeats: int) -> Table:
    """The whole of each shape and size against lark alone, and its peak memory."""
    rows = [measured(shape, size, repeats_of(size, repeats)) for shape, size in cases]
    held = {(row.shape, row.size): row for row in rows}
    lines = []
    for row in rows:
        smaller = held.get((row.shape, row.size // 10))
        lines.append([
            row.shape,
            f"{row.size:,}",
            milliseconds(row.total - row.stages["verify"]),
            milliseconds(row.stages["verify"]),
            milliseconds(row.total),
            *(milliseconds(row.floors[floor]) for floor in ("regex", "lark")),
            f"{row.total / row.floors['lark']:.2f}",
            f"{row.total / smaller.total:.1f}" if smaller else "",
            f"{max(row.peak.values()) / 1024:.0f}",
            f"{row.output / 1024:,.0f}",
        ])  # fmt: skip
    return Table(
        "A compilation",
        "Milliseconds of processor time without the start, medians, of policies of several shapes (`bench/shapes.py`), a workload "
        "for every ten rules: all but the verification, the verification, the whole; and the floors, measured by turns over the "
        "same text: a regular expression that reads the words, and lark alone with the same grammar, which builds its trees.",
        [
            "shape",
            "rules",
            "compile",
            "verify",
            "whole",
            "regex",
            "lark",
            "whole ÷ lark",
            "× for 10 × rules",
            "peak MiB",
            "KiB written",
        ],
        lines,
    )


def growth(rows: Sequence[Row]) -> str:
    """For each shape the exponents with which time and bytes written grow from its least size to its greatest.

    1 is linear. The third is that of the time per byte written, in which 0 is linear.
    """
    lines = []
    for shape in dict.fromkeys(row.shape for row in rows):
        sizes = sorted((row for row in rows if row.shape == shape), key=lambda row: row.size)
        first, last = sizes[0], sizes[-1]
        if first.size == last.size:
            continue
        span = log(last.size / first.size)
        time, output = log(last.total / first.total) / span, log(last.output / first.output) / span
        peak = f"{last.peak['report'] / 1024:,.0f}"
        lines.append([shape, f"{first.size:,} to {last.size:,}", f"{time:.2f}", f"{output:.2f}", f"{time - output:+.2f}", peak])  # fmt: skip
    return table(["shape", "rules", "time", "written", "time per byte", "peak MiB"], lines)


def repeats_of(size: int, most: int) -> int:
    """How often a size is measured: large ones take long and vary little."""
    return most if size < 10_000 else max(1, most * 3 // 5) if size < 100_000 else 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a compilation costs, stage by stage, against its floors.")
    parser.add_argument("--quick", action="store_true", help="up to 1,000 rules, three runs each")
    parser.add_argument("--large", action="store_true", help="1,000 and 100,000 rules, one run each")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="RULES")
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES), metavar="SHAPE")
    parser.add_argument("--repeats", type=int, metavar="N")
    options = parser.parse_args(arguments)
    sizes = options.sizes or (LARGE if options.large else SIZES[:-1] if options.quick else SIZES)
    repeats = options.repeats or (1 if options.large else 3 if options.quick else 5)
    rows = [measured(shape, size, repeats_of(size, repeats)) for shape in options.shapes for size in sizes]
    print(f"Milliseconds of processor time (wall: of wall time), medians; {machine()}\n")
    print(times(rows))
    print("Peak memory of the process in MiB when a stage ended\n")
    print(memory(rows))
    if len(sizes) > 1:
        print("Exponents of growth, 1 is linear\n")
        print(growth(rows))


if __name__ == "__main__":
    main()
