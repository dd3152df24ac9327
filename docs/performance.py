"""The page of what was measured, from `bench/results.json`, which `make bench` writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[1] / "bench" / "results.json"

PAGE = """# Performance

What egressc takes, beside what it cannot do without and what does something like it. All of it is one run of `make bench`
on one machine; [bench/README.md](../bench/README.md) says how each number comes about, what is aimed at, and how to measure
again. Read the relations: another machine has other milliseconds.

| | |
|---|---|
{facts}
- **python -c 'import lark'** is the floor of a start: the parser that egressc is made with. **lark** in a compilation is lark
  alone over the same text with the same grammar; **regex** is one regular expression that reads the words and checks none.
- **istioctl analyze** looks for mistakes in manifests as `egressc analyze` does; **kubeconform** compares their shape with a
  schema; **network-config-analyzer** reasons about the connections of NetworkPolicies and of some resources of Istio;
  **aerleon** generates firewall filters, and its shade check looks for terms that a former one covers. None of them compiles
  a policy and proves what came of it, so the relation is one of time alone.

"""


def page() -> str:
    """The machine, the versions, and a section for each table."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    facts = "".join(f"| {name} | {said} |\n" for name, said in results["facts"].items())
    return PAGE.replace("{facts}", facts) + "\n".join(_section(**each) for each in results["tables"])


def _section(title: str, said: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines: list[Any] = [headings, ["---", *["--:"] * (len(headings) - 1)], *rows]
    return f"## {title}\n\n{said}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)
