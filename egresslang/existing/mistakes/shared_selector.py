"""EGR505 shared-selector in a Sidecar: it is called like one workload and selects others as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from egresslang import codes
from egresslang.existing.flow import FRESH, flow, to_port
from egresslang.existing.inspected import Inspected, listed, place
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.resources import Sidecar

CODE = codes.SHARED_SELECTOR


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each Sidecar of the name of a workload that holds for another workload, too."""
    for sidecar in inspected.resources.sidecars:
        if not sidecar.selector or inspected.is_open(sidecar):
            continue
        clients = inspected.held(sidecar)
        others = [each for each in clients if each.name != sidecar.origin.name]
        if not others or len(others) == len(clients):
            continue
        other = others[0]
        related = (
            []
            if other.origin is None
            else [Label(place(other.origin, "metadata", "name"), "this one gets its flows, too")]
        )
        yield finding(
            CODE, place(sidecar.origin, "spec", "workloadSelector"), f"{sidecar.origin} selects `{other}` as well",
            f"{len(others)} other workload{'s' if len(others) > 1 else ''}", related, _given(inspected, sidecar, other.pod.labels),
            f"select by a label that only `{sidecar.origin.name}` has",
        )  # fmt: skip


def _given(inspected: Inspected, sidecar: Sidecar, labels: Mapping[str, str]) -> tuple[str, ...]:
    own = sidecar.origin.namespace
    for _, _, _, host in listed(sidecar):
        for entry in inspected.entries_of.get(host, ()):
            if entry.ports and inspected.sees(own, entry):
                return to_port(inspected, own, labels, entry, host, entry.ports[0]).notes
    return flow(inspected, own, labels, "tls", FRESH, 443).notes
