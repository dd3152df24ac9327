"""Outside: ServiceEntries for what is outside the mesh, which no sidecar answers for."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.existing.flow import asking, reader
from egresslang.existing.inspected import Inspected
from egresslang.mesh.resources import ServiceEntry
from egresslang.mesh.rules import speaks_tls


def entries_below(inspected: Inspected, pattern: str) -> Iterator[tuple[str, ServiceEntry]]:
    """The hosts that a name or wildcard is about, each with its entry."""
    seen: set[tuple[str, int]] = set()
    for service in inspected.mesh.registry().matching(pattern):
        entry = inspected.entry_at.get(service.origin)
        key = service.host, id(entry)
        if entry is not None and not entry.internal and key not in seen:
            seen.add(key)
            yield service.host, entry


def originates(
    inspected: Inspected, entry: ServiceEntry, host: str, port: int, namespace: str, subset: str = ""
) -> bool:
    """Whether sidecars speak TLS to a port of a host, for pods of a namespace or of those that import it."""
    registry = inspected.mesh.registry()
    for where, labels in (asking(inspected, namespace, host), reader(inspected, entry)):
        rule = registry.rules.of(host, entry.origin.namespace, where, labels)
        if rule is not None and speaks_tls(rule, port, subset):
            return True
    selecting = (rule for rule in inspected.rules_of.get(host, ()) if rule.selector is not None)
    return any(speaks_tls(rule, port, subset) for rule in selecting)
