"""What a real Envoy writes in Istio's default access log: `python tests/conformance/default_log.py` writes it down anew.

The calls are those of the recipe's three options and of a mesh with a missing cluster; their verdicts stand in
`envoy/seen.jsonl`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from envoy import seen
from envoy.calls import Pod
from envoy.cases import cases, settings
from envoy.running import Running

FILE = Path(__file__).parents[1] / "traffic" / "envoy_lines.jsonl"
"""A call a line: its case, the request, the verdict, and what Envoy wrote as text and as JSON."""

MESHES = ("recipe", "upper case")
"""What stands in the titles of the meshes that are run."""


def written() -> Iterator[dict[str, Any]]:
    """A record for each call that Envoy logged."""
    verdicts = {case: sight.verdicts for case, sight in seen.read().items()}
    with Running(module="envoy.plain_log") as running:
        for setting in settings():
            if not any(part in setting.title for part in MESHES):
                continue
            mine = [case for case in cases() if case.setting is setting and not case.request.then]
            for client in setting.clients:
                asked = [case for case in mine if case.client is client]
                pod = Pod(client.proxy, tuple(case.request for case in asked))
                (logged,) = running.logged(setting.mesh, [pod])
                for case, lines in zip(asked, logged, strict=True):
                    for verdict, line in zip(verdicts[case.id], lines, strict=False):
                        yield {"case": case.id, "request": case.request.record(), "verdict": verdict, **line}


def shape(record: dict[str, Any]) -> tuple[str, str]:
    """A record without what differs from run to run: moments, durations, ports of clients, ids."""
    text = re.sub(r"\[[^\]]*\]|\d+\.\d+\.\d+\.\d+:\d{5}|[0-9a-f]{8}-[0-9a-f-]{27}|\b\d+\b", "#", record["line"])
    return record["case"], text


if __name__ == "__main__":
    FILE.write_text("".join(f"{json.dumps(record)}\n" for record in written()), encoding="utf-8")
