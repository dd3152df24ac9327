"""Tutorials that run: files and commands of a page, in their order, in a folder; `python tests/conformance/tutorial.py` writes
what the commands of docs/lock-down.md say now.

A block with a file name behind its language is written to that file; a `console` block is run, line by line, and what
follows a command is all that it says. `http://prometheus:9090` is a real Prometheus with the recipe site's week, and
`idgen.log` what a real Envoy wrote.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent))

from metrics import CONNECTIONS, END, REQUESTS, Counter, prometheus, sampled

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "lock-down.md"
LINES = ROOT / "tests" / "traffic" / "envoy_lines.jsonl"
SERVER = "http://prometheus:9090"
TODAY = "2026-11-25"
DAY = 86_400

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def week() -> list[Counter]:
    """What the recipe site did for a week while it was observed: random data every hour, first without a rule, and a slip."""

    def hours(first: int, last: int) -> dict[int, float]:
        return {END - at * 3600: 6.0 for at in range(first, last)}

    def counter(metric: str, workload: str, service: str, name: str, events: dict[int, float]) -> Counter:
        labels = {
            "reporter": "source",
            "source_workload": workload,
            "source_workload_namespace": "recipes",
            "source_canonical_service": workload,
            "destination_service": service,
            "destination_service_name": name,
            "response_flags": "-",
            **({"response_code": "200"} if metric == REQUESTS else {}),
        }
        return sampled(metric, labels, END - 9 * DAY, events)

    named = 40  # hours before the end, when the first rules were applied
    return [
        counter(REQUESTS, "idgen", "httpbin.org", "PassthroughCluster", hours(named, 8 * 24)),
        counter(REQUESTS, "idgen", "httpbin.org", "httpbin.org", hours(1, named)),
        counter(REQUESTS, "idgen", "169.254.169.254", "PassthroughCluster", {END - 3 * DAY: 1.0}),
        counter(CONNECTIONS, "idgen", "unknown", "PassthroughCluster", {END - 52 * 3600: 1.0, END - 51 * 3600: 1.0}),
        counter(CONNECTIONS, "idgen", "httpbin.org", "httpbin.org", {END - DAY // 2: 2.0}),
        counter(REQUESTS, "frontend", "recipe-api.recipes.svc.cluster.local", "recipe-api", hours(1, 8 * 24)),
    ]


def log() -> str:
    """The lines of a real Envoy for the TLS connections of a pod that passes through, and their moments put into the week."""
    records = [json.loads(line) for line in LINES.read_text(encoding="utf-8").splitlines()]
    wanted = "the recipe passes through: recipes/idgen: tls httpbin.org:443"
    (line,) = (record["line"] for record in records if record["case"] == wanted)
    return "".join(re.sub(r"\[[^\]]*\]", f"[2026-11-23T{hour}:00:00.000Z]", line, count=1) + "\n" for hour in (20, 21))


def told(text: str, url: str, folder: Path) -> str:
    """The page with what its commands say in a folder."""
    (folder / "idgen.log").write_text(log(), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}

    def run(block: re.Match[str]) -> str:
        language, name, body = block.groups()
        if name:
            (folder / name).write_text(body, encoding="utf-8")
        if language != "console":
            return block[0]
        said = []
        for line in body.splitlines():
            if not line.startswith("$ "):
                continue
            command = line[2:].replace("egressc", f"{sys.executable} -m egresslang", 1).replace(SERVER, url)
            done = subprocess.run(
                ["/bin/sh", "-c", command], check=False, capture_output=True, text=True, cwd=folder, env=environment
            )
            status = f"(status {done.returncode})\n" if done.returncode else ""
            said.append(f"{line}\n{done.stderr}{done.stdout}{status}")
        return f"```console\n{''.join(said)}```".replace(url, SERVER)

    return _BLOCK.sub(run, text)


def now() -> str:
    """The page as it would be written now."""
    with TemporaryDirectory() as data, TemporaryDirectory() as folder, prometheus(Path(data), week()) as url:
        return told(PAGE.read_text(encoding="utf-8"), url, Path(folder))


if __name__ == "__main__":
    PAGE.write_text(now(), encoding="utf-8")
