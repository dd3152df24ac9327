"""EGR506 not-captured of a workload that a Sidecar selects, or that runs as the sidecar's own user: no sidecar sees what it sends."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import FRESH
from egresslang.existing.inspected import Inspected, name_of
from egresslang.findings import Finding, Label, finding
from egresslang.policy.standing import SIDECARS_USER

CODE = codes.NOT_CAPTURED


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each Sidecar for pods that have none, in an ambient namespace each at all; then pods of that user that others hold."""
    for sidecar in inspected.resources.sidecars:
        namespace = sidecar.origin.namespace
        pods = inspected.selected(sidecar) if sidecar.selector else []
        reason = next((each.uncaptured for each in pods if each.uncaptured), "")
        if inspected.is_ambient(namespace) and not reason:
            reason = "its namespace is in the ambient mesh: Sidecars mean nothing to it"
        if not reason:
            continue
        client = next((each for each in pods if each.uncaptured), None)
        who = f"`{client}`" if client is not None else f"pods of `{namespace}`"
        related = [Label(name_of(client.origin), reason)] if client is not None and client.origin is not None else []
        yield finding(
            CODE, name_of(sidecar.origin), f"{sidecar.origin} does not hold for {who}", reason, related,
            [f"`tls {FRESH}:443` by {who} goes straight out: nothing looks at it"],
            "let the pods have a sidecar, or govern them with a NetworkPolicy",
        )  # fmt: skip
    yield from _as_sidecars_user(inspected)


def _as_sidecars_user(inspected: Inspected) -> Iterator[Finding]:
    """Pods that a closed mesh, or the Sidecar of all of a namespace, would hold: nobody is known to run so on purpose."""
    for client in inspected.asked.clients.values():
        if f"user {SIDECARS_USER}" not in client.uncaptured or client.origin is None:
            continue
        held = inspected.mesh.sidecar(client.namespace, client.pod.labels)
        if inspected.is_open(held) or (held is not None and held.selector):
            continue
        yield finding(
            CODE, name_of(client.origin), f"nothing holds what `{client}` sends", client.uncaptured, notes=
            [f"`tls {FRESH}:443` by `{client}` goes straight out: nothing looks at it"],
            help="run it as another user, or govern it with a NetworkPolicy",
        )  # fmt: skip
