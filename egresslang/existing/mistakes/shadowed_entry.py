"""EGR615 shadowed-entry: two ServiceEntries of one host that do not become one: of one of them ports are lost."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import Flow, to_port
from egresslang.existing.inspected import Inspected, name_of, place
from egresslang.existing.together import reader_of_both
from egresslang.findings import Finding, Label, Severity, finding
from egresslang.mesh.outbound import ALLOWED
from egresslang.mesh.protocols import TLS
from egresslang.mesh.resources import Port, ServiceEntry

CODE = codes.SHADOWED_ENTRY

_MOST = 12
"""Entries of one host that are compared with each other; of more the model is not asked."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each entry that loses to another one of its host, once; and each that says otherwise what its namespace said before."""
    told: set[int] = set()
    for host, entries in inspected.entries_of.items():
        if len(entries) < 2:
            continue
        if len(entries) > _MOST:
            yield _many(host, entries)
            continue
        ordered = sorted(entries, key=lambda each: (each.created, each.origin.namespace))
        for at, younger in enumerate(ordered):
            for older in ordered[:at]:
                if id(younger) in told:
                    break
                found = _between(inspected, host, older, younger)
                if found is not None:
                    told.add(id(younger))
                    yield found


def _between(inspected: Inspected, host: str, older: ServiceEntry, younger: ServiceEntry) -> Finding | None:
    reader = reader_of_both(inspected, (host, older), (host, younger))
    if reader is None:
        return None
    for entry, other in ((younger, older), (older, younger)):
        for at, port in enumerate(entry.ports):
            asked = to_port(inspected, *reader, entry, host, port)
            if port.protocol != "UDP" and asked.verdict.verdict != ALLOWED:
                return _finding(host, other, entry, at, asked)
    if older.origin.namespace != younger.origin.namespace or older.addresses != younger.addresses:
        return None
    ports = {port.number: port for port in older.ports}
    for at, port in enumerate(younger.ports):
        if port.number in ports and (differs := _difference(older, ports[port.number], younger, port)):
            return _again(older, younger, host, at, differs)
    return None


def _finding(host: str, other: ServiceEntry, entry: ServiceEntry, at: int, asked: Flow) -> Finding:
    number, protocol = entry.ports[at].number, entry.ports[at].protocol
    said = next((port.protocol for port in other.ports if port.number == number), protocol)
    if said != protocol:
        label, help = f"{said or 'no protocol'} in {other.origin}", "say the same protocol in both, or keep one of them"
    elif entry.origin.namespace == other.origin.namespace:
        label = "the two do not become one"
        help = "put all ports into one ServiceEntry: two become one only with equal labels, exportTo and resolution"
    else:
        label = f"{other.origin} is taken where both are seen"
        help = "put all ports into each of them: ports of two namespaces never come together"
    return finding(
        CODE, place(entry.origin, "spec", "ports", at, "number"), f"port {number} of `{host}` is lost to another ServiceEntry", label,
        [Label(name_of(other.origin), "it is declared here too")], asked.notes, help,
    )  # fmt: skip


def _many(host: str, entries: list[ServiceEntry]) -> Finding:
    return finding(
        CODE, name_of(entries[1].origin), f"`{host}` is declared {len(entries)} times", "one of many",
        [Label(name_of(entries[0].origin), "it is declared here too")], ["for each pod istiod takes one namespace, and of that what becomes one"],
        "keep one in each namespace that needs it, exported to that alone", severity=Severity.WARNING,
    )  # fmt: skip


def _difference(older: ServiceEntry, said: Port, younger: ServiceEntry, again: Port) -> str:
    """What two entries of a namespace say otherwise of one port, of which the first holds; empty where they agree."""
    if older.resolution != younger.resolution:
        return f"`resolution: {older.resolution}` there, {younger.resolution} here"
    if (said.target or said.number) != (again.target or again.number):
        return f"target port {said.target or said.number} there, {again.target or again.number} here"
    if said.protocol != again.protocol and not {said.protocol, again.protocol} <= TLS:
        return f"{said.protocol or 'no protocol'} there, {again.protocol or 'none'} here"
    return ""


def _again(older: ServiceEntry, younger: ServiceEntry, host: str, at: int, differs: str) -> Finding:
    return finding(
        CODE, place(younger.origin, "spec", "ports", at, "number"), f"port {younger.ports[at].number} of `{host}` is declared twice, not alike",
        "one of them is never looked at", [Label(name_of(older.origin), "it is declared here too")], [differs],
        "keep one of them", severity=Severity.WARNING,
    )  # fmt: skip
