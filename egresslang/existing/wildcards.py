"""Wildcards: the ServiceEntries for all names below a suffix."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.existing.inspected import Inspected
from egresslang.mesh.resources import ServiceEntry


def wildcards(inspected: Inspected) -> Iterator[tuple[ServiceEntry, int, str]]:
    """Each wildcard host outside the cluster: its entry, its place among the hosts, and the suffix it is over."""
    domain = inspected.config.cluster_domain
    for entry in inspected.resources.service_entries:
        for at, host in enumerate(entry.hosts):
            if host.startswith("*.") and not host.endswith(domain) and inspected.exported_to(entry):
                yield entry, at, host[2:].lower()
