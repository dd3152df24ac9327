"""EGR614 wildcard-hole: a listed wildcard that opens a host which is declared below it, for other pods."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from egresslang import codes
from egresslang.existing.flow import to_port, whose
from egresslang.existing.imports import Listed
from egresslang.existing.inspected import Inspected, name_of, place
from egresslang.existing.known import in_cluster
from egresslang.findings import Finding, Label, finding
from egresslang.source import Span

CODE = codes.WILDCARD_HOLE

_MOST = 200
"""Lists over one host that are looked at."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each wildcard in a closed list over an exact host that another Sidecar names and this one does not; the first host of each."""
    told: set[tuple[int, str]] = set()
    for entry in inspected.resources.service_entries:
        for host in entry.hosts:
            named = [] if host.startswith("*") or in_cluster(inspected, host) else list(inspected.imports.listing(host))
            if not named or not entry.ports:
                continue
            naming = {id(each.sidecar) for each in named}
            over = list(islice(inspected.imports.of(host, entry.origin.namespace), _MOST))
            patterns: dict[int, set[str]] = {}
            for each in over:
                patterns.setdefault(id(each.sidecar), set()).add(each.host)
            for each in over:
                key = id(each.sidecar), each.host
                if (
                    each.host in ("*", host)
                    or key in told
                    or id(each.sidecar) in naming
                    or inspected.is_open(each.sidecar)
                ):
                    continue
                own, labels = whose(inspected, each.sidecar)
                if not inspected.sees(own, entry):
                    continue
                open_anyway = {
                    (port.number, port.protocol)
                    for pattern in patterns[id(each.sidecar)]
                    for one in inspected.entries_of.get(pattern, ())
                    for port in one.ports
                }
                ports = [port for port in entry.ports if (port.number, port.protocol) not in open_anyway]
                several = (to_port(inspected, own, labels, entry, host, port) for port in ports)
                asked = next((each for each in several if each.verdict.reaches and each.verdict.host == host), None)
                if asked is None:
                    continue
                told.add(key)
                yield finding(
                    CODE, place(each.sidecar.origin, "spec", "egress", each.listener, "hosts", each.index),
                    f"`{each.host}` opens `{host}` too", "imports every host below it",
                    [Label(_place(named[0]), "listed here, for these pods"), Label(name_of(entry.origin), "declared here")], asked.notes,
                    f"name the hosts below `{each.host}` that these pods need, or add `\"~{each.where if each.where != '.' else own}/{host}\"` (Istio 1.31)",
                )  # fmt: skip


def _place(each: Listed) -> Span:
    return place(each.sidecar.origin, "spec", "egress", each.listener, "hosts", each.index)
