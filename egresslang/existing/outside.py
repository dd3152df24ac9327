"""Outside: ServiceEntries for what is outside the mesh, which no sidecar answers for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from egresslang.existing.flow import asking, reader, whose
from egresslang.existing.inspected import Inspected
from egresslang.mesh.resources import DestinationRule, ServiceEntry, Sidecar, selects
from egresslang.mesh.rules import speaks_tls

_MOST = 50
"""Sidecars that are asked whether TLS is made for their pods."""


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

    def speaks(where: str, labels: Mapping[str, str]) -> bool:
        rule = registry.rules.of(host, entry.origin.namespace, where, labels)
        return rule is not None and speaks_tls(rule, port, subset)

    listing = [whose(inspected, each) for each in _listing(inspected, entry, host)]
    if listing:
        return all(speaks(*pod) for pod in listing)
    if speaks(*asking(inspected, namespace, host)) or speaks(*reader(inspected, entry)):
        return True
    selecting = (rule for rule in inspected.rules_of.get(host, ()) if rule.selector is not None)
    return any(speaks_tls(rule, port, subset) and _selects(inspected, rule) for rule in selecting)


def _listing(inspected: Inspected, entry: ServiceEntry, host: str) -> list[Sidecar]:
    """The Sidecars of some workloads that list a host, or a wildcard over it, as the only ones that ask for it."""
    every = [each for each in inspected.imports.of(host, entry.origin.namespace) if each.host != "*"]
    is_of_some = all(each.sidecar.selector and inspected.sees(each.sidecar.origin.namespace, entry) for each in every)
    return [each.sidecar for each in every[:_MOST]] if is_of_some else []


def _selects(inspected: Inspected, rule: DestinationRule) -> bool:
    """Whether a rule with a selector holds for any pod, as far as those of its namespace are known."""
    known = inspected.clients_of.get(rule.origin.namespace, ())
    return not known or any(selects(rule.selector or (), each.pod.labels) for each in known)
