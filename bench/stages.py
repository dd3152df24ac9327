"""One compilation, stage by stage: `python bench/stages.py POLICY PROFILE` prints what each stage cost, as JSON.

Run it in a process of its own: peak memory only grows. The garbage collector is off, as it is in the command line.
The stages are those of `egresslang.compile`, on which they are called one by one; the last one writes the stream of
`egressc compile`, or the report of what was found when that stopped the compilation.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from datetime import date
from typing import NamedTuple

from egresslang import output, rules
from egresslang.compile import read
from egresslang.findings import Finding, Severity, errors, in_order
from egresslang.policy.resolve import resolve
from egresslang.profile.load import load
from egresslang.report import Checked, Context, render
from egresslang.source import Source
from egresslang.targets.istio import lower

STAGES = ("parse", "profile", "resolve", "rules", "lower", "emit", "report")
"""What a compilation does, in order; after an error, `report` follows at once, and without any it costs nothing."""

TODAY = date(2026, 1, 1)
"""The day on which the measured policies are compiled."""


class Measured(NamedTuple):
    """Seconds of processor and of wall time, and the peak memory of the process in KiB when the stage ended."""

    cpu: float
    wall: float
    peak: int


class Clock:
    """Measures what happens between two calls of `lap`."""

    def __init__(self) -> None:
        self.laps: dict[str, Measured] = {}
        self._start()

    def _start(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def lap(self, name: str) -> None:
        """End the stage of this name and start the next."""
        cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        self.laps[name] = Measured(cpu, wall, peak_memory())
        self._start()


def peak_memory() -> int:
    """The most memory this process ever had, in KiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform == "darwin" else most


def compile_by_stages(policy: Source, listing: Source, clock: Clock) -> tuple[str, list[Finding]]:
    """The output of a policy and all findings, each stage a lap of the clock; no output after an error."""
    files, found = read([policy])
    clock.lap("parse")
    profile, problems = load(listing, _nothing_beside)
    clock.lap("profile")
    found += problems
    if profile is None or errors(found):
        return "", found
    made, problems = resolve(files, profile, TODAY, Severity.WARNING)
    clock.lap("resolve")
    found += problems
    if errors(found):
        return "", found
    found += rules.check(made)
    clock.lap("rules")
    if errors(found):
        return "", found
    manifests, problems = lower(made, profile)
    clock.lap("lower")
    found += problems
    if errors(found):
        return "", found
    text = output.stream(manifests)
    clock.lap("emit")
    return text, found


def _nothing_beside(path: str) -> str:
    raise FileNotFoundError(path)


def read_source(path: str) -> Source:
    """A file as the command line reads it."""
    with open(path, encoding="utf-8") as file:
        return Source(path, file.read())


def main(policy: str, listing: str) -> None:
    """Measure one compilation and print it."""
    gc.disable()
    sources = read_source(policy), read_source(listing)
    clock = Clock()
    text, found = compile_by_stages(*sources, clock)
    report = render("text", in_order(found), Context(str(TODAY), Checked(0, 1))) if found else ""
    clock.lap("report")
    codes: dict[str, int] = {}
    for each in found:
        codes[each.code.id] = codes.get(each.code.id, 0) + 1
    read_bytes = sum(len(source.text.encode()) for source in sources)
    result = {
        "laps": clock.laps,
        "input": read_bytes,
        "output": len(text.encode()) + len(report.encode()),
        "refused": bool(errors(found)),
        "found": codes,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
