"""EGR509 not-governed of a workload that a closed mesh holds: its annotations leave ports or addresses out of the mesh."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.answers.around import left_out
from egresslang.answers.asked_mesh import Client
from egresslang.answers.capture import settings_of
from egresslang.existing.flow import FRESH
from egresslang.existing.inspected import Inspected, name_of
from egresslang.findings import Finding, Label, finding
from egresslang.policy.standing import PREFIX
from egresslang.source import Span

CODE = codes.NOT_GOVERNED

_PORTS, _ONLY = "excludeOutboundPorts", "includeOutboundIPRanges"


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each such annotation of a workload that may not go everywhere, where its Sidecar or the mesh is closed."""
    for client in inspected.asked.clients.values():
        if not client.annotations or client.origin is None or inspected.uncaptured(client):
            continue
        held = inspected.mesh.sidecar(client.namespace, client.pod.labels)
        if inspected.is_open(held):
            continue
        settings, _ = settings_of(client, inspected.asked.capture)
        ways = {name: port for name, _, port in left_out(settings, client.pod.families)}
        for name, port in ways.items():
            said = client.annotations.get(PREFIX + name)
            if said is not None:
                would = name_of(held.origin) if held is not None else inspected.asked.mode_span
                yield finding(
                    CODE, _place(client, PREFIX + name), f"what `{client}` sends to {_where(name, said.strip())} is not governed", "left out of the mesh",
                    [] if would is None else [Label(would, "the Sidecar that would hold" if held is not None else "what would hold")],
                    [f"`tls {FRESH}:{port or 443}` by `{client}` goes straight out: nothing looks at it"],
                    "remove the annotation, or govern it with a NetworkPolicy",
                )  # fmt: skip


def _where(name: str, said: str) -> str:
    """What a setting leaves out, in words."""
    if name == _ONLY:
        return f"addresses outside {said}" if said else "any address"
    return f"port {said}" if name == _PORTS else said


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
