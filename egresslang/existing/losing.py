"""Losing: what a Sidecar lists in vain, because another one holds for its pods."""

from __future__ import annotations

from egresslang.existing.flow import FRESH, Flow, flow, to_port, whose
from egresslang.existing.inspected import Inspected, listed
from egresslang.mesh.resources import Sidecar


def lost(inspected: Inspected, holds: Sidecar, loses: Sidecar) -> tuple[str, ...]:
    """What was asked and answered about a host that only the losing Sidecar lists, or about one that it would block."""
    named = inspected.named_by(holds)
    namespace, labels = whose(inspected, loses)
    if loses.selector:
        labels = dict(holds.selector or ()) | dict(labels)
    for _, _, where, host in listed(loses):
        entries = inspected.entries_of.get(host, ()) if (where, host) not in named else ()
        for entry in entries:
            if entry.ports and inspected.sees(namespace, entry):
                found: Flow = to_port(inspected, namespace, labels, entry, host, entry.ports[0])
                return found.notes
    return flow(inspected, namespace, labels, "tls", FRESH, 443).notes
