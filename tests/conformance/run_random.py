"""Run many random policies through the compiler and the judge.

python tests/conformance/run_random.py --seeds 0:2000 --shape adversarial --jobs 2 --dump /tmp/disagreements
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from asking import Judge  # noqa: E402
from random_policies import SHAPES, generate  # noqa: E402
from trials import run, save  # noqa: E402


def main() -> int:
    """Print the counts and dump what went wrong; status 1 when anything did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0:500", metavar="A:B")
    parser.add_argument("--shape", default="plain", choices=SHAPES)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--dump", type=Path, default=Path("/tmp/egressc-disagreements"))
    parser.add_argument("--stop-after", type=int, default=0, metavar="N", help="stop after N wrong policies")
    arguments = parser.parse_args()
    first, last = map(int, arguments.seeds.split(":"))
    counts: Counter[str] = Counter()
    started = time.monotonic()
    with Judge(arguments.jobs) as judge:
        for outcome in run((generate(seed, arguments.shape) for seed in range(first, last)), judge):
            counts[outcome.kind] += 1
            counts["flows judged"] += outcome.flows
            counts["disagreements"] += len(outcome.disagreements)
            if outcome.kind == "refused":
                codes = "; ".join(one["message"] for one in outcome.compiled.errors)
                print(f"{outcome.policy.name}: refused: {codes}", flush=True)
            if outcome.right:
                continue
            counts["wrong policies"] += 1
            save([outcome], arguments.dump)
            what = [*outcome.faults, *(one.why for one in outcome.disagreements)]
            print(f"{outcome.policy.name}: {outcome.kind}: {Counter(what).most_common(3)}", flush=True)
            if counts["wrong policies"] == arguments.stop_after:
                break
    print(f"{arguments.shape} {arguments.seeds}: {dict(counts)} in {time.monotonic() - started:.0f} s")
    if counts["wrong policies"]:
        print(f"reports in {arguments.dump}")
    return 1 if counts["wrong policies"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
