"""EGR604 not-exported-here: a host that a Sidecar lists of a namespace that has none, or does not export it there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from egresslang import codes
from egresslang.existing.flow import to_port, whose
from egresslang.existing.inspected import Inspected, listed, name_of, place
from egresslang.findings import Finding, Label, Severity, finding
from egresslang.mesh.resources import Port, ServiceEntry

CODE = codes.NOT_EXPORTED_HERE

_NONE: Mapping[str, str] = {}


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each exact host whose ServiceEntries stand elsewhere, or are not for the pods of the Sidecar."""
    for sidecar in inspected.resources.sidecars:
        own, labels = "", _NONE
        for at, index, where, host in listed(sidecar):
            entries = inspected.entries_of.get(host)
            if entries is None or where.startswith("~"):
                continue
            if not own:
                own, labels = whose(inspected, sidecar)
            named = own if where == "." else where
            there = [each for each in entries if named in ("*", each.origin.namespace)]
            if any(inspected.sees(own, each) for each in there) or _is_service(inspected, host, named):
                continue
            entry = (there or entries)[0]
            is_open = inspected.is_open(sidecar)
            port = entry.ports[0] if entry.ports else Port(443, "", "TLS")
            asked = to_port(inspected, own, labels, entry, host, port)
            if there:
                message = f"`{host}` is not exported to `{own}`"
                label, help = (
                    f"{entry.origin} exports it to others",
                    f"add `{own}` to its `exportTo`, or declare it in `{own}`",
                )
            else:
                message, label = f"`{host}` is declared in another namespace", f"none in `{named}`"
                help = _elsewhere(inspected, own, entries, host)
            yield finding(
                CODE, place(sidecar.origin, "spec", "egress", at, "hosts", index), message, label,
                [Label(name_of(entry.origin), "declared here")], asked.notes, help,
                severity=Severity.WARNING if is_open else None,
            )  # fmt: skip


def _is_service(inspected: Inspected, host: str, namespace: str) -> bool:
    held = inspected.mesh.registry().by_host.get(host, {})
    return any(each.kubernetes and namespace in ("*", where) for where, each in held.items())


def _elsewhere(inspected: Inspected, own: str, entries: list[ServiceEntry], host: str) -> str:
    for each in entries:
        if inspected.sees(own, each):
            return f"write `{each.origin.namespace}/{host}`"
    return f"declare `{host}` in `{own}`, or export it to `{own}` and list it as `{entries[0].origin.namespace}/{host}`"
