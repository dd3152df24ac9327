"""How long the page of `egressc graph` takes: `python bench/page.py [--runs N]`, in the environment of `make conformance`.

For a policy of ten workloads and one of a thousand with five thousand flows: the processor time in which the page is made,
its size, and the wall time from the start of the navigation until Chromium has read it from a file and drawn it, the median
of some runs, each in a fresh context.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.append(os.path.join(ROOT, "tests", "conformance"))

from chromium import chromium, opened  # noqa: E402
from large_policy import large_policy  # noqa: E402

from egresslang.cli import main  # noqa: E402

DRAWN = """new Promise(done => requestAnimationFrame(() => requestAnimationFrame(
    () => done(performance.getEntriesByType("navigation")[0].loadEventEnd))))"""
"""When the page had loaded, in milliseconds: its script draws before that."""

FLOWS = {10: 20, 1_000: 5_000}
"""How many flows there are for how many workloads."""


def made(folder: Path, workloads: int) -> tuple[Path, float]:
    """The page of a policy, and the seconds of processor time that it took to make."""
    policy, profile = large_policy(workloads, FLOWS[workloads], max(1, workloads // 20))
    paths = [folder / f"{workloads}.{end}" for end in ("egress", "yaml", "html")]
    paths[0].write_text(policy)
    paths[1].write_text(profile)
    started = time.process_time()
    status = main(["graph", str(paths[0]), "-p", str(paths[1]), "-q", "-o", str(paths[2])])
    assert status == 0
    return paths[2], time.process_time() - started


def measure(runs: int) -> None:
    """Print a row for each policy."""
    with TemporaryDirectory() as folder, chromium() as browser:
        print(f"{'workloads':>9} {'flows':>6} {'made s':>7} {'kB':>6} {'opened s':>9}")
        for workloads, flows in FLOWS.items():
            page, seconds = made(Path(folder), workloads)
            times = []
            for _ in range(runs):
                with opened(browser, page) as (shown, _):
                    times.append(shown.evaluate(DRAWN) / 1000)
            size = page.stat().st_size // 1000
            print(f"{workloads:>9} {flows:>6} {seconds:>7.2f} {size:>6} {median(times):>9.2f}")


if __name__ == "__main__":
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--runs", type=int, default=5)
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115  the findings of the policies are not what is asked about
    measure(reader.parse_args().runs)
