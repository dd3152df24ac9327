"""Whole commands as people run them, from small policies to large ones: `python bench/commands.py [--quick]`.

- how each command grows from a hundred rules to a hundred thousand, in exponents: 1 is linear, 2 quadratic;
- how `check`, `fmt` and `compile` grow with many workloads, many namespaces and many rules for everyone;
- what several profiles at once take, in relation to one.

Each command is a process of its own in an environment that holds only what egressc is installed with (`environment.py`).
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
from collections.abc import Sequence
from math import log
from tempfile import TemporaryDirectory

from children import PLAIN, Cost, Late, Table, cost, machine, milliseconds, write_case
from diff import changed
from environment import installed
from shapes import MANY, SHAPES, Shape

SIZES = (100, 1_000, 10_000, 100_000)
QUICK = (100, 1_000)
MANY_SIZES = (1_000, 10_000)
MANY_QUICK = (100, 1_000)
STARS = 10
"""How many times fewer rules for everyone there are: a thousand times a hundred workloads are a hundred thousand."""
PROFILES = 50
LIMIT = 600.0
"""Seconds that a command may take."""

PASSED = (
    '[2026-01-01T00:00:00.000Z] "- - -" 0 - - - "-" 512 4096 8 - "-" "-" "-" "-" "198.51.100.7:443" PassthroughCluster '
    "10.4.0.2:40000 198.51.100.7:443 10.4.0.2:40001 n{}.example.net -\n"
)
"""What a sidecar writes of a TLS connection to a name that is not registered, which it lets through."""

_ALLOW = re.compile(r"allow (\S+ -> \S+ \w+)")


class Case:
    """A policy and all that the commands want beside it, in a folder."""

    def __init__(self, folder: str, shape: Shape, size: int) -> None:
        self.folder, self.size = folder, size
        made = shape(size)
        self.policy, self.profile = write_case(folder, *made)
        self.after = self._write("after.egress", changed(made.policy, 50))
        self.expecting = self._write("expecting.egress", _expecting(made.policy))
        self.manifests = os.path.join(folder, "manifests.yaml")
        self.output = os.path.join(folder, "output")
        self.log = self._write("sidecar.log", "".join(PASSED.format(at) for at in range(size)))
        self.flow = "team-0/app-0 -> api-0.team-0.example.com:443 tls"

    def _write(self, name: str, text: str) -> str:
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def compile(self, egressc: Sequence[str]) -> None:
        """Write what the policy compiles to, for the commands that read manifests."""
        with open(self.manifests, "wb") as file:
            subprocess.run(
                [*egressc, "compile", self.policy, "-p", self.profile],
                stdout=file,
                stderr=subprocess.DEVNULL,
                env=PLAIN,
                check=True,
            )

    def commands(self, egressc: Sequence[str]) -> dict[str, list[str]]:
        """Every command, by the name that it has in the table."""
        of_policy = [self.policy, "-p", self.profile]
        return {
            "check": [*egressc, "check", *of_policy],
            "fmt": [*egressc, "fmt", "--check", self.policy],
            "compile": [*egressc, "compile", *of_policy],
            "compile -o": [*egressc, "compile", *of_policy, "-o", self.output],
            "explain": [*egressc, "explain", self.flow, *of_policy],
            "explain *": [*egressc, "explain", f"* {self.flow[self.flow.index('->') :]}", *of_policy],
            "test": [*egressc, "test", self.expecting, "-p", self.profile],
            "diff": [*egressc, "diff", self.after, "--base", self.policy, "-p", self.profile],
            "analyze": [*egressc, "analyze", self.manifests],
            "import": [*egressc, "import", self.manifests],
            "graph --format json": [*egressc, "graph", *of_policy, "--format", "json"],
            "alerts": [*egressc, "alerts", *of_policy],
            "profile": [*egressc, "profile", self.workloads()],
            "audit": [*egressc, "audit", *of_policy, "--access-log", f"team-0/app-0={self.log}"],
            "learn": [*egressc, "learn", *of_policy, "--access-log", f"team-0/app-0={self.log}"],
        }

    def workloads(self) -> str:
        """A file with a Deployment for each rule."""
        from manifests import deployments

        return self._write("workloads.yaml", deployments(self.size, "v1"))


def _expecting(policy: str) -> str:
    """The policy with an expectation below each rule of one name and port."""
    lines = []
    for line in policy.splitlines():
        lines.append(line)
        if match := _ALLOW.match(line):
            lines.append(f"expect {match[1]} allowed")
    return "\n".join(lines) + "\n"


def exponent(small: float, large: float, times: float) -> str:
    """The power of the size that a cost grows with."""
    return f"{log(large / small) / log(times):.2f}"


def growth(egressc: Sequence[str], sizes: Sequence[int], only: Sequence[str] = (), runs: int = 3) -> Table:
    """Every command over the shape `names` of several sizes."""
    taken: dict[str, list[Cost | None]] = {}
    for size in sizes:
        with TemporaryDirectory() as folder:
            made = Case(folder, SHAPES["names"], size)
            made.compile(egressc)
            for name, command in made.commands(egressc).items():
                if not only or name in only:
                    taken.setdefault(name, []).append(_tried(command, runs if size < 10_000 else 1))
    firsts = [size for size in dict.fromkeys((1_000, sizes[-2])) if size in sizes[:-1]]
    whole = taken.get("check", [None])[-1]
    rows = []
    for name, costs in taken.items():
        last = costs[-1]
        rows.append([
            name,
            *(milliseconds(each.cpu) if each else f"more than {LIMIT * 1000:,.0f}" for each in costs),
            f"{last.peak:.0f}" if last else "",
            f"{last.cpu / whole.cpu:.2f}" if last and whole else "",
            *(_exponent(costs, sizes, first) for first in firsts),
        ])  # fmt: skip
    return Table(
        "Growth",
        "Milliseconds of processor time of whole commands over so many rules, each of one name, a workload for every ten; "
        f"medians of {runs} runs, one run from ten thousand on. Peak memory and the relation to `check` are those of the most "
        "rules, and so are the exponents: 1 is linear, 2 quadratic. The start is counted everywhere, which makes the exponent "
        "from small policies a little smaller.",
        [
            "command",
            *(f"{size:,}" for size in sizes),
            "peak MiB",
            "÷ check",
            *(f"exponent from {size:,}" for size in firsts),
        ],
        rows,
    )


def _exponent(costs: Sequence[Cost | None], sizes: Sequence[int], first: int) -> str:
    at = sizes.index(first)
    small, large = costs[at], costs[-1]
    return exponent(small.cpu, large.cpu, sizes[-1] / first) if small and large else ""


def _tried(command: Sequence[str], runs: int) -> Cost | None:
    try:
        costs = sorted(cost(command, limit=LIMIT) for _ in range(runs))
    except Late:
        return None
    return costs[len(costs) // 2]


def many(egressc: Sequence[str], sizes: Sequence[int]) -> Table:
    """`check`, `fmt` and `compile` over the shapes that have much of one thing."""
    rows = []
    for name, shape in MANY.items():
        used = [size // STARS for size in sizes] if name == "many-stars" else list(sizes)
        taken: dict[str, list[Cost]] = {}
        written = []
        for size in used:
            with TemporaryDirectory() as folder:
                made = Case(folder, shape, size)
                made.compile(egressc)
                written.append(os.path.getsize(made.manifests))
                for command in ("check", "fmt", "compile"):
                    taken.setdefault(command, []).append(cost(made.commands(egressc)[command], limit=LIMIT))
        for command, (small, large) in taken.items():
            rows.append([
                name,
                command,
                *(f"{size:,}" for size in used),
                milliseconds(small.cpu),
                milliseconds(large.cpu),
                f"{large.peak:.0f}",
                exponent(small.cpu, large.cpu, used[1] / used[0]),
                exponent(small.cpu, large.cpu, written[1] / written[0]),
            ])  # fmt: skip
    return Table(
        "Much of one thing",
        "Milliseconds of processor time of whole commands at two sizes. As many workloads, or namespaces, as rules; and "
        "rules for everyone times a tenth as many workloads, where what is written is their product.",
        [
            "shape",
            "command",
            "rules",
            "rules",
            "ms",
            "ms",
            "peak MiB",
            "exponent by rules",
            "exponent by bytes written",
        ],
        rows,
    )


def profiles(egressc: Sequence[str], size: int, count: int = PROFILES) -> Table:
    """Several profiles at once, in relation to one."""
    rows = []
    with TemporaryDirectory() as folder:
        made = Case(folder, SHAPES["names"], size)
        with open(made.profile, encoding="utf-8") as file:
            text = file.read()
        several = [
            made._write(f"cluster-{at}.yaml", text.replace("name: bench-us", f"name: bench-{at}"))
            for at in range(count)
        ]
        for name, options in {"check": [], "compile -o": ["-o", made.output]}.items():
            command = [*egressc, name.split()[0], made.policy, *options]
            one, all_ = (
                cost([*command, *(word for path in paths for word in ("-p", path))], limit=LIMIT)
                for paths in (several[:1], several)
            )
            rows.append([
                name,
                f"{size:,}",
                f"{count}",
                milliseconds(one.wall),
                milliseconds(all_.wall),
                milliseconds(all_.cpu),
                f"{all_.peak:.0f}",
                f"{all_.wall / one.wall / count:.2f}",
            ])  # fmt: skip
    return Table(
        "Several clusters",
        "Milliseconds of one policy in so many clusters, each profile with all of the workloads. The last column is the wall "
        "time of all in relation to as many runs with one profile.",
        [
            "command",
            "rules",
            "profiles",
            "wall ms of one",
            "wall ms of all",
            "processor ms",
            "peak MiB",
            "÷ one by one",
        ],
        rows,
    )


def sections(egressc: Sequence[str], quick: bool) -> list[Table]:
    """All of it."""
    return [
        growth(egressc, QUICK if quick else SIZES),
        many(egressc, MANY_QUICK if quick else MANY_SIZES),
        profiles(egressc, 100 if quick else 1_000, 10 if quick else PROFILES),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Whole commands, from small policies to large ones.")
    parser.add_argument("--quick", action="store_true", help="up to 1,000 rules")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="RULES", help="only the growth, of these sizes")
    parser.add_argument("--only", nargs="+", default=[], metavar="COMMAND", help="only the growth, of these commands")
    parser.add_argument(
        "--runs", type=int, default=3, metavar="N", help="with --sizes, of each below ten thousand rules"
    )
    options = parser.parse_args(arguments)
    print(f"{machine()}\n")
    with installed() as egressc:
        if options.sizes or options.only:
            made = [growth(egressc, options.sizes or SIZES, options.only, options.runs)]
        else:
            made = sections(egressc, options.quick)
    for each in made:
        print(each.show())


if __name__ == "__main__":
    main()
