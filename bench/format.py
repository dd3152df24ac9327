"""What formatting costs beside the parsing that it needs: `python bench/format.py [--quick]`.

For each shape and size it prints, as Markdown, milliseconds of processor time, medians of several runs by turns: to
parse the text, to print every statement on one line, and to lay out the whole file in its canonical form. The cyclic
garbage collector is off, as in the command line.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from children import ROOT, machine, milliseconds, table
from shapes import SHAPES

sys.path.insert(0, ROOT)

from egresslang.source import Source
from egresslang.syntax.format import show_file
from egresslang.syntax.parse import parse
from egresslang.syntax.print import show_statement

SIZES = (100, 1000, 10000)


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """The processor time of some work, and what it returns."""
    before = time.process_time()
    result = work()
    return time.process_time() - before, result


def row(shape: str, size: int, repeats: int) -> list[str]:
    """One line of the table."""
    source = Source("p.egress", SHAPES[shape](size).policy)
    taken: list[tuple[float, float, float]] = []
    for _ in range(repeats):
        parsing, (file, problems) = seconds(lambda: parse(source))
        if problems:
            raise SystemExit(f"{shape} of {size} does not parse")
        printing, _ = seconds(lambda file=file: [show_statement(statement) for statement in file.statements])
        formatting, _ = seconds(lambda file=file: show_file(file))
        taken.append((parsing, printing, formatting))
        gc.collect()
    parsed, printed, formatted = (median(times) for times in zip(*taken, strict=True))
    ratio = f"{formatted / parsed:.2f}"
    return [shape, f"{size:,}", *map(milliseconds, (parsed, printed, formatted)), ratio]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What formatting costs beside parsing.")
    parser.add_argument("--quick", action="store_true", help="up to 1,000 rules")
    parser.add_argument("--repeats", type=int, default=5, metavar="N")
    options = parser.parse_args(arguments)
    gc.disable()
    parse(Source("p.egress", "namespace n\n"))  # loads the parser
    sizes = SIZES[:-1] if options.quick else SIZES
    rows = [row(shape, size, options.repeats) for shape in SHAPES for size in sizes]
    print(f"Milliseconds of processor time, medians; {machine()}\n")
    print(table(["shape", "rules", "parse", "print", "format", "format ÷ parse"], rows))


if __name__ == "__main__":
    main()
