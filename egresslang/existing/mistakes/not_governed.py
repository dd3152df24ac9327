"""EGR509 not-governed of a workload that a Sidecar selects: its annotations leave ports or addresses out of the mesh."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.answers.asked_mesh import Client
from egresslang.existing.flow import FRESH
from egresslang.existing.inspected import Inspected, name_of
from egresslang.findings import Finding, Label, finding
from egresslang.policy.standing import PREFIX
from egresslang.source import Span

CODE = codes.NOT_GOVERNED

_EXCLUDES = ("excludeOutboundPorts", "excludeOutboundIPRanges")


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each workload under a closed Sidecar with such an annotation."""
    for client in inspected.asked.clients.values():
        held = (
            inspected.mesh.sidecar(client.namespace, client.pod.labels)
            if client.annotations and not client.uncaptured
            else None
        )
        if held is None or inspected.is_open(held) or client.origin is None:
            continue
        for key in _EXCLUDES:
            said = client.annotations.get(PREFIX + key, "").strip()
            if said:
                where = f"port {said}" if key == "excludeOutboundPorts" else f"{said}"
                port = said.partition(",")[0] if key == "excludeOutboundPorts" else "443"
                yield finding(
                    CODE, _place(client, PREFIX + key), f"what `{client}` sends to {where} is not governed", "left out of the mesh",
                    [Label(name_of(held.origin), "the Sidecar that would hold")],
                    [f"`tls {FRESH}:{port}` by `{client}` goes straight out: nothing looks at it"],
                    "remove the annotation, or govern it with a NetworkPolicy",
                )  # fmt: skip


def _place(client: Client, key: str) -> Span:
    assert client.origin is not None
    assert client.origin.manifest_span is not None
    for path in (
        ("metadata",),
        ("spec", "template", "metadata"),
        ("spec", "jobTemplate", "spec", "template", "metadata"),
    ):
        found = client.origin.manifest_span.get(*path, "annotations", key)
        if found is not None:
            return found.span
    return name_of(client.origin)
