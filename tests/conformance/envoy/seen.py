"""What real Envoys were seen to do in every case, in `seen.jsonl`; this module needs neither Go nor Envoy.

Run as `python -m envoy.seen` in `tests/conformance`, it asks Envoy and writes the file anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from envoy.calls import Pod, Sight
from envoy.cases import Case, cases, settings
from envoy.running import Running

FILE = Path(__file__).with_name("seen.jsonl")
"""A case a line, sorted: the title of its mesh in `cases.settings`, the pod, the call, what was seen."""


def see(running: Running) -> dict[str, Sight]:
    """Ask Envoy: what is seen of every case, by its id."""
    found: dict[str, Sight] = {}
    for setting in settings():
        mine = [case for case in cases() if case.setting is setting]
        pods = [
            Pod(client.proxy, tuple(case.request for case in mine if case.client is client))
            for client in setting.clients
        ]
        sights = [sight for pod in running.run(setting.mesh, pods) for sight in pod]
        found |= {case.id: sight for case, sight in zip(mine, sights, strict=True)}
    return found


def read() -> dict[str, Sight]:
    """What was seen of every case when the file was written, by its id."""
    records = map(json.loads, FILE.read_text(encoding="utf-8").splitlines())
    return {record["case"]: Sight.read(record) for record in records}


def lines(seen: Mapping[str, Sight]) -> str:
    """The text of the file."""
    records = sorted((_record(case, seen[case.id]) for case in cases()), key=lambda record: record["case"])
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records)


def _record(case: Case, sight: Sight) -> dict[str, Any]:
    return {
        "case": case.id,
        "mesh": case.setting.title,
        "namespace": case.client.namespace,
        "labels": case.client.proxy.labels,
        "request": case.request.record(),
        **sight.record(),
    }


def main() -> None:
    """Write the file anew."""
    with Running() as running:
        FILE.write_text(lines(see(running)), encoding="utf-8")


if __name__ == "__main__":
    main()
