"""EGR631 dropped-port: MYSQL or MONGO on a port that another ServiceEntry has, too: one of the two gets no listener."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import by_reader
from egresslang.existing.inspected import Inspected, name_of, place
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.protocols import ALONE
from egresslang.mesh.resources import Port, ServiceEntry

CODE = codes.DROPPED_PORT

_Offer = tuple[ServiceEntry, int, Port]


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each such port and another one of its namespace that the model finds not to work beside it."""
    for entries in inspected.entries_in.values():
        alone: list[_Offer] = []
        others: dict[int, list[_Offer]] = {}
        for entry in entries:
            for at, port in enumerate(entry.ports):
                if port.protocol in ALONE:
                    alone.append((entry, at, port))
                elif port.protocol != "UDP":
                    others.setdefault(port.number, []).append((entry, at, port))
        for offer in alone:
            found = next(
                (each for other in others.get(offer[2].number, ()) for each in _judged(inspected, offer, other)), None
            )
            if found is not None:
                yield found


def _judged(inspected: Inspected, offer: _Offer, other: _Offer) -> Iterator[Finding]:
    for (entry, at, port), beside in ((offer, other), (other, offer)):
        if entry is beside[0]:
            return
        asked = by_reader(inspected, entry, entry.hosts[0], port)
        if asked.verdict.reaches and asked.verdict.host in entry.hosts:
            continue
        yield finding(
            CODE, place(entry.origin, "spec", "ports", at, "number"), f"port {port.number} of `{entry.hosts[0]}` gets no listener",
            f"{beside[2].protocol or 'no protocol'} in {beside[0].origin} takes the port", [Label(name_of(beside[0].origin), "the other one")],
            asked.notes, "write `protocol: TCP` with `addresses` instead of MYSQL or MONGO: nothing of the policy is lost",
        )  # fmt: skip
        return
