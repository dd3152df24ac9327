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


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each Sidecar that selects none of the workloads, where any of the namespace are known."""
    for namespace, sidecars in inspected.sidecars_of.items():
        clients = inspected.clients_of.get(namespace, [])
        carried = {label for client in clients for label in client.pod.labels.items()}
        for sidecar in sidecars if clients else ():
            selector = sidecar.selector
            if not selector or (carried.issuperset(selector) and inspected.selected(sidecar)):
                continue
            key, value = next((each for each in selector if each not in carried), selector[0])
            near = _near(clients, key, value)
            notes = _instead(inspected, sidecar, near)
            values = [client.pod.labels.get(key, "") for client in near]
            yield finding(
                CODE, place(sidecar.origin, "spec", "workloadSelector", "labels", key),
                f"{sidecar.origin} is for no pod of `{namespace}`", "no workload has these labels",
                [Label(place(each.origin, "metadata", "name"), "is this one meant?") for each in near if each.origin is not None],
                notes, f"write `{key}: {values[0]}`" if near else "select by labels that the pods have",
            )  # fmt: skip


def _near(clients: list[Client], key: str, value: str) -> list[Client]:
    word = nearest(value, (client.pod.labels[key] for client in clients if key in client.pod.labels), 0.75)
    return [client for client in clients if word and client.pod.labels.get(key) == word][:1]


def _instead(inspected: Inspected, sidecar: Sidecar, near: list[Client]) -> tuple[str, ...]:
    namespace = sidecar.origin.namespace
    for client in near:
        return flow(inspected, namespace, client.pod.labels, "tls", FRESH, 443).notes
    return ()
