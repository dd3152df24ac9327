"""One comparison: `python bench/comparison.py BEFORE AFTER PROFILE` prints what it cost, stage by stage, as JSON.

What runs is what `egressc diff` runs beside compiling the head and checking the base: both sides are parsed and resolved,
compared, and told as text. The cyclic garbage collector is off, as in the command line.
"""

from __future__ import annotations

import gc
import json
import sys

from stages import TODAY, Stopwatch, peak_memory

from egresslang.answers.difference.comparison import Granting, compare
from egresslang.answers.difference.text import show
from egresslang.compile import read
from egresslang.findings import Severity, errors
from egresslang.policy.resolve import resolve
from egresslang.profile.load import load
from egresslang.source import Source

STAGES = ("parse", "resolve", "compare", "tell")


def main(before: str, after: str, profile: str) -> None:
    """Compare two policy files in a cluster."""
    gc.disable()
    texts = []
    for path in (before, after, profile):
        with open(path, encoding="utf-8") as file:
            texts.append(Source(path, file.read()))
    cluster, found = load(texts[2], _nothing)
    assert cluster is not None, found
    watch = Stopwatch()
    with watch("total"):
        with watch("parse"):
            files = [read([source]) for source in texts[:2]]
        with watch("resolve"):
            sides = [resolve(each, cluster, TODAY, Severity.WARNING) for each, _ in files]
        assert not any(errors(found) for _, found in [*files, *sides])
        with watch("compare"):
            made = [Granting(policy.grants, policy) for policy, _ in sides]
            compared = compare("before", "after", str(TODAY), [(cluster.name, made[0], made[1])])
        with watch("tell"):
            text = show(compared, lambda _, said: said)
    json.dump(
        {"cpu": watch.cpu, "peak": peak_memory(), "changes": len(compared.changes), "output": len(text)}, sys.stdout
    )


def _nothing(path: str) -> str:
    raise FileNotFoundError(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
