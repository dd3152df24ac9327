"""EGR610 upper-case-host: a host with capitals, which Istio compares as they are written and routes nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang import codes
from egresslang.existing.flow import below, by_pods_of, flow, reader, spoken
from egresslang.existing.inspected import Inspected, listed, name_of, place
from egresslang.findings import Edit, Finding, Fix, Label, finding
from egresslang.source import Span

CODE = codes.UPPER_CASE_HOST


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each host with capitals, in a ServiceEntry or in the list of a Sidecar."""
    for entry in inspected.resources.service_entries:
        for at, host in enumerate(entry.hosts):
            if host.lower() != host and entry.ports:
                port = entry.ports[0]
                asked = flow(
                    inspected, *reader(inspected, entry), spoken(port.protocol), below(host.lower()), port.number
                )
                yield _finding(place(entry.origin, "spec", "hosts", at), host, asked.notes)
    for sidecar in inspected.resources.sidecars:
        for at, index, where, host in listed(sidecar):
            if host.lower() != host and not where.startswith("~"):
                asked = by_pods_of(inspected, sidecar, "tls", below(host.lower()), 443)
                span = place(sidecar.origin, "spec", "egress", at, "hosts", index)
                entries = inspected.entries_of.get(host.lower(), ())
                yield _finding(
                    span, host, asked.notes, [Label(name_of(each.origin), "declared here") for each in entries[:1]]
                )


def _finding(span: Span, host: str, notes: tuple[str, ...], related: Iterable[Label] = ()) -> Finding:
    lower = span.text.replace(host, host.lower())
    return finding(
        CODE, span, f"`{host}` matches no request", "clients ask in lower case; Istio compares what is written", related, notes,
        help=f"write `{host.lower()}`", fix=Fix(f"write `{host.lower()}`", (Edit(span, lower),)),
    )  # fmt: skip
