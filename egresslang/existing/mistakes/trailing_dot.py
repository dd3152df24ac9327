"""EGR635 trailing-dot: a host that ends in a dot, which Istio compares as it is written and no client says."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import asking, below, by_pods_of, flow, reader, spoken
from egresslang.existing.inspected import Inspected, listed, name_of, place
from egresslang.findings import Edit, Finding, Fix, Label, finding
from egresslang.source import Span

CODE = codes.TRAILING_DOT


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each such host of a ServiceEntry, of the list of a Sidecar where no entry has it, and of a VirtualService of sidecars."""
    for entry in inspected.resources.service_entries:
        for at, host in enumerate(entry.hosts):
            if host.endswith(".") and entry.ports:
                port = entry.ports[0]
                asked = flow(inspected, *reader(inspected, entry), spoken(port.protocol), below(host), port.number)
                yield _finding(place(entry.origin, "spec", "hosts", at), host, asked.notes)
    for sidecar in inspected.resources.sidecars:
        for at, index, where, host in listed(sidecar):
            if host.endswith(".") and not where.startswith("~") and host not in inspected.entries_of:
                entries = inspected.entries_of.get(host.rstrip("."), ())[:1]
                said = (spoken(entries[0].ports[0].protocol), entries[0].ports[0].number) if entries and entries[0].ports else ("tls", 443)  # fmt: skip
                asked = by_pods_of(inspected, sidecar, said[0], below(host), said[1])
                related = [Label(name_of(each.origin), "declared here") for each in entries]
                span = place(sidecar.origin, "spec", "egress", at, "hosts", index)
                yield _finding(span, host, asked.notes, related)
    for virtual in inspected.resources.virtual_services:
        for at, host in enumerate(virtual.hosts if not virtual.gateways or "mesh" in virtual.gateways else ()):
            if host.endswith(".") and host not in inspected.entries_of:
                pod = asking(inspected, virtual.origin.namespace, host.rstrip("."))
                asked = flow(
                    inspected, *pod, "http" if virtual.http else "tls", below(host), 80 if virtual.http else 443
                )
                yield _finding(place(virtual.origin, "spec", "hosts", at), host, asked.notes)


def _finding(span: Span, host: str, notes: tuple[str, ...], related: list[Label] | None = None) -> Finding:
    bare = host.rstrip(".")
    return finding(
        CODE, span, f"`{host}` matches no request", "clients say it without the dot; Istio compares what is written",
        related or (), notes, f"write `{bare}`", Fix(f"write `{bare}`", (Edit(span, span.text.replace(host, bare)),)),
    )  # fmt: skip
