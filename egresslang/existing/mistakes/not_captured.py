"""EGR506 not-captured of a workload that a Sidecar selects, or a closed mesh would hold: no sidecar sees what it sends."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.answers.asked_mesh import Client
from egresslang.existing.flow import FRESH
from egresslang.existing.inspected import UNLABELLED_NAMESPACE, Inspected, has_proxy, name_of
from egresslang.findings import Finding, Label, finding

CODE = codes.NOT_CAPTURED

_OWN = ("kube-system", "kube-public", "kube-node-lease")
"""Namespaces of Kubernetes itself, which no mesh is meant to hold."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each Sidecar for pods that have none, in an ambient namespace each at all; then what a closed mesh would hold besides."""
    told: set[int] = set()
    for sidecar in inspected.resources.sidecars:
        namespace = sidecar.origin.namespace
        pods = inspected.selected(sidecar)
        if not sidecar.selector:
            pods = [each for each in pods if inspected.uncaptured(each) == UNLABELLED_NAMESPACE]
        client = next((each for each in pods if inspected.uncaptured(each)), None)
        reason = "" if client is None else inspected.uncaptured(client)
        if inspected.is_ambient(namespace) and not reason:
            reason = "its namespace is in the ambient mesh: Sidecars mean nothing to it"
        if not reason:
            continue
        told |= {id(each) for each in pods}
        who = f"`{client}`" if client is not None else f"pods of `{namespace}`"
        related = [Label(name_of(client.origin), reason)] if client is not None and client.origin is not None else []
        yield finding(
            CODE, name_of(sidecar.origin), f"{sidecar.origin} does not hold for {who}", reason, related,
            [f"`tls {FRESH}:443` by {who} goes straight out: nothing looks at it"],
            "let the pods have a sidecar, or govern them with a NetworkPolicy",
        )  # fmt: skip
    yield from _unheld(inspected, told)


def _unheld(inspected: Inspected, told: set[int]) -> Iterator[Finding]:
    """Workloads without a sidecar that a closed mesh, or the Sidecar of all of a namespace, would hold: once for a namespace that has none."""
    spaces: set[str] = set()
    for client in inspected.asked.clients.values():
        if client.origin is None or not client.uncaptured or id(client) in told or not _is_meant(inspected, client):
            continue
        is_whole = "its namespace" in client.uncaptured
        if is_whole and client.namespace in spaces:
            continue
        if is_whole:
            spaces.add(client.namespace)
        who = client.namespace if is_whole else str(client)
        yield finding(
            CODE, name_of(client.origin), f"nothing holds what `{who}` sends", client.uncaptured,
            notes=[f"`tls {FRESH}:443` by `{client}` goes straight out: nothing looks at it"], help=_help(client),
        )  # fmt: skip


def _is_meant(inspected: Inspected, client: Client) -> bool:
    """Whether a workload would be blocked if it had a sidecar, and its namespace is one that a mesh is meant to hold."""
    if client.namespace in (*_OWN, inspected.config.root_namespace) or inspected.is_ambient(client.namespace):
        return False
    if client.namespace in inspected.namespaces and inspected.injection(client.namespace) is None:
        return False
    return not inspected.is_open(inspected.mesh.sidecar(client.namespace, client.pod.labels)) and not has_proxy(client)


def _help(client: Client) -> str:
    how = "run it as another user" if "user 1337" in client.uncaptured else "let it have a sidecar"
    return f"{how}, or govern it with a NetworkPolicy"
