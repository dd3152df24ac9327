"""Record what istiod does with the random meshes, or check that it still does.

    python tests/conformance/record.py --seeds 0:3000 --jobs 2
    python tests/conformance/record.py --seeds 0:300 --check

Seeds that are not asked stay as they are recorded. A check ends with 1 where a call's tokens are no longer among
those recorded.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "mesh")]

from asking import Case  # noqa: E402
from judging import STARTS, Tokens, judge_all  # noqa: E402
from random_meshes import generate  # noqa: E402
from recorded import FILE, Judged, Record, fingerprint, read, write  # noqa: E402


def istio_version() -> str:
    """The version of Istio the judge is built from."""
    found = re.search(r"istio\.io/istio (\S+)", (HERE / "judge" / "go.mod").read_text())
    assert found is not None
    return found[1]


def judged(seeds: range, jobs: int, starts: int) -> Iterator[tuple[int, Case, Tokens]]:
    """Each seed with its case and the tokens of its calls."""
    for seed, (case, tokens) in zip(seeds, judge_all(map(generate, seeds), jobs, starts), strict=True):
        if seed % 100 == 0:
            print(f"seed {seed}", file=sys.stderr, flush=True)
        yield seed, case, tokens


def record(seeds: range, jobs: int, starts: int) -> int:
    """Judge these seeds and put them in the record; 0."""
    known = dict(read().judged) if FILE.exists() and read().istio == istio_version() else {}
    for seed, case, tokens in judged(seeds, jobs, starts):
        known[seed] = Judged(fingerprint(case), tokens)
    write(Record(istio_version(), known))
    return 0


def check(seeds: range, jobs: int, starts: int) -> int:
    """1 where a mesh or what istiod does with it is not as recorded."""
    known = read().judged
    found = 0
    for seed, case, tokens in judged(seeds, jobs, starts):
        for difference in differences(known.get(seed), case, tokens):
            print(f"seed {seed}: {difference}")
            found = 1
    return found


def differences(known: Judged | None, case: Case, tokens: Tokens) -> Iterator[str]:
    """What is not as recorded: the mesh itself, or tokens that were never seen."""
    if known is None or known.fingerprint != fingerprint(case):
        yield "the mesh is not the recorded one"
        return
    for call, before, now in zip(case.calls, known.tokens, tokens, strict=True):
        if not now <= before:
            yield f"{call}: {sorted(now)} and not {sorted(before)}"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0:3000", metavar="A:B", help="the seeds from A to B, without B")
    parser.add_argument("--jobs", type=int, default=2, help="how many judges run at once")
    parser.add_argument("--starts", type=int, default=STARTS, help="how many istiods are started for each mesh")
    parser.add_argument("--check", action="store_true", help="compare with the record, and write nothing")
    options = parser.parse_args()
    first, _, last = options.seeds.partition(":")
    return (check if options.check else record)(range(int(first), int(last)), options.jobs, options.starts)


if __name__ == "__main__":
    sys.exit(main())
