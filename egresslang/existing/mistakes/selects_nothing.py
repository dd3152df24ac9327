"""EGR621 selects-nothing: a Sidecar whose selector no workload of its namespace has."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.answers.asked_mesh import Client
from egresslang.existing.flow import FRESH, flow
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.resources import Sidecar
from egresslang.suggest import nearest

CODE = codes.SELECTS_NOTHING

_MOST = 50
"""Labels that are compared with one that may be misspelt."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each Sidecar that selects none of the workloads, where any of the namespace are known."""
    for namespace, sidecars in inspected.sidecars_of.items():
        clients = inspected.clients_of.get(namespace, [])
        carried = {label: client for client in clients for label in client.pod.labels.items()}
        alike: dict[tuple[str, str], list[str]] = {}
        for key, value in carried:
            alike.setdefault((key, value[:2]), []).append(value)
        for sidecar in sidecars if clients else ():
            selector = sidecar.selector
            if not selector or (carried.keys() >= set(selector) and inspected.selected(sidecar)):
                continue
            key, value = next((each for each in selector if each not in carried), selector[0])
            word = nearest(value, alike.get((key, value[:2]), ())[:_MOST], 0.75)
            near = [carried[key, word]] if word else []
            yield finding(
                CODE, place(sidecar.origin, "spec", "workloadSelector", "labels", key),
                f"{sidecar.origin} is for no pod of `{namespace}`", "no workload has these labels",
                [Label(place(each.origin, "metadata", "name"), "is this one meant?") for each in near if each.origin is not None],
                _instead(inspected, sidecar, near), f"write `{key}: {word}`" if near else "select by labels that the pods have",
            )  # fmt: skip


def _instead(inspected: Inspected, sidecar: Sidecar, near: list[Client]) -> tuple[str, ...]:
    namespace = sidecar.origin.namespace
    for client in near:
        return flow(inspected, namespace, client.pod.labels, "tls", FRESH, 443).notes
    return ()
