"""EGR626 decided-by-chance: a list of exact names alone, and a host with several addresses: one of them works."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import flow, spoken, whose
from egresslang.existing.inspected import Inspected, listed, place
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.addresses import Address, parse_network
from egresslang.mesh.outbound import UNSTABLE
from egresslang.mesh.registry import EXACT_LISTS
from egresslang.mesh.resources import ServiceEntry, Sidecar

CODE = codes.DECIDED_BY_CHANCE


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each listed host whose addresses the model finds to work at one start of istiod and not at another."""
    if inspected.config.version < EXACT_LISTS:
        return
    for sidecar in inspected.resources.sidecars:
        exact = [
            at
            for at, egress in enumerate(sidecar.egress)
            if egress.hosts and all("*" not in each for each in egress.hosts)
        ]
        for at, index, _, host in listed(sidecar) if exact else ():
            entry = next((each for each in inspected.entries_of.get(host, ()) if len(each.addresses) > 1), None)
            if at in exact and entry is not None:
                yield from _judged(inspected, sidecar, at, index, host, entry)


def _judged(
    inspected: Inspected, sidecar: Sidecar, at: int, index: int, host: str, entry: ServiceEntry
) -> Iterator[Finding]:
    own, labels = whose(inspected, sidecar)
    for port in entry.ports:
        for text in entry.addresses:
            asked = flow(inspected, own, labels, spoken(port.protocol), host, port.number, _some(text))
            if asked.verdict.verdict == UNSTABLE:
                yield finding(
                    CODE, place(sidecar.origin, "spec", "egress", at, "hosts", index),
                    f"of the addresses of `{host}` one works, and which one is chance", "every entry of the list is an exact name",
                    [Label(place(entry.origin, "spec", "addresses"), f"{len(entry.addresses)} addresses")], asked.notes,
                    'add a wildcard to the list, such as `"./*.invalid"`, which matches nothing',
                )  # fmt: skip
                return


def _some(text: str) -> Address | None:
    network = parse_network(text)
    return None if network is None else (network[0], network[1])
