"""One compilation, stage by stage: `python bench/stages.py POLICY PROFILE` prints what each stage cost, as JSON.

What runs is `egresslang.compile` itself, with a stopwatch round each function it calls. Run it in a process of its own:
peak memory only grows. The cyclic garbage collector is off, as it is in the command line.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from types import GeneratorType
from typing import Any

from egresslang import compile as pipeline
from egresslang import rules
from egresslang.findings import Finding, Severity, errors, in_order
from egresslang.profile.load import load
from egresslang.report import Checked, Context
from egresslang.report.text import report
from egresslang.source import Source
from egresslang.suppression import read_suppressions, suppress

SEAMS: dict[str, tuple[Any, str]] = {
    "parse": (pipeline, "parse"),
    "resolve": (pipeline, "resolve"),
    "rules": (rules, "check"),
    "lower": (pipeline, "lower"),
    "emit": (pipeline, "stream"),
    "verify": (pipeline, "verify"),
}
"""Where the pipeline calls each of its stages: a module and the name in it."""

STAGES = ("parse", "profile", "resolve", "rules", "lower", "emit", "verify", "report", "rest")
"""What a compilation is made of, in order; `emit` writes the stream of `egressc compile`, `verify` proves it, `report` tells what is not suppressed."""

TODAY = date(2026, 1, 1)
"""The day on which the measured policies are compiled."""


class Stopwatch:
    """Adds up what each named piece of work costs: seconds of processor and wall time, and the peak memory after it.

    Processor time is that of the processes that the work is shared out among, too; the peak is that of this one alone.
    """

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}
        self.peak: dict[str, int] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Measure a `with` block."""
        cpu, wall = processor_time(), time.perf_counter()
        try:
            yield
        finally:
            self.cpu[name] = self.cpu.get(name, 0.0) + processor_time() - cpu
            self.wall[name] = self.wall.get(name, 0.0) + time.perf_counter() - wall
            self.peak[name] = peak_memory()

    def round(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, measured; a generator is run to its end."""

        def measured(*arguments: Any) -> Any:
            with self(name):
                result = function(*arguments)
                return list(result) if isinstance(result, GeneratorType) else result

        return measured


def processor_time() -> float:
    """Seconds of processor time of this process and of those that it forked and that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def peak_memory() -> int:
    """The most memory this process ever had, in KiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform == "darwin" else most


def compile_measured(policy: Source, listing: Source, watch: Stopwatch) -> tuple[str, str, list[Finding]]:
    """The output of a policy, empty after an error, the report and all findings; `watch` has what each stage cost."""
    originals = {name: getattr(*seam) for name, seam in SEAMS.items()}
    for name, (module, attribute) in SEAMS.items():
        setattr(module, attribute, watch.round(name, originals[name]))
    try:
        with watch("total"):
            return _compile(policy, listing, watch)
    finally:
        for name, (module, attribute) in SEAMS.items():
            setattr(module, attribute, originals[name])
        watch.cpu["rest"] = 2 * watch.cpu["total"] - sum(watch.cpu.values())
        watch.wall["rest"] = 2 * watch.wall["total"] - sum(watch.wall.values())


def _compile(policy: Source, listing: Source, watch: Stopwatch) -> tuple[str, str, list[Finding]]:
    files, found = pipeline.read([policy])
    with watch("profile"):
        profile, problems = load(listing, _nothing_beside)
    found += problems
    text = ""
    quiet: list[Finding] = []
    if profile is not None and not errors(found):
        made = pipeline.compile(files, profile, TODAY, Severity.WARNING)
        found += made.findings
        text = made.text if made.manifests is not None else ""
    with watch("report"):
        if any("egressc" in file.source.text for file in files):
            silenced, wrong = read_suppressions(files)
            places = {statement.span.place for file in files for statement in file.statements}
            found, quiet = suppress(in_order([*found, *wrong]), silenced, places)
        found = in_order(found)
        told = report(found, Context(str(TODAY), Checked(0, 1, len(quiet))))
    return text, told, found


def _nothing_beside(path: str) -> str:
    raise FileNotFoundError(path)


def read_source(path: str) -> Source:
    """A file as the command line reads it."""
    with open(path, encoding="utf-8") as file:
        return Source(path, file.read())


def main(policy: str, listing: str) -> None:
    """Measure one compilation and print it."""
    gc.disable()
    watch = Stopwatch()
    text, told, found = compile_measured(read_source(policy), read_source(listing), watch)
    codes: dict[str, int] = {}
    for each in found:
        codes[each.code.id] = codes.get(each.code.id, 0) + 1
    result = {
        "cpu": watch.cpu,
        "wall": watch.wall,
        "peak": watch.peak,
        "output": len(text.encode()),
        "report": len(told.encode()),
        "findings": codes,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
