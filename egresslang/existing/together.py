"""Together: a pod that knows two ServiceEntries at once."""

from __future__ import annotations

from collections.abc import Mapping

from egresslang.existing.flow import whose
from egresslang.existing.inspected import Inspected
from egresslang.mesh.resources import ServiceEntry

Named = tuple[str, ServiceEntry]
"""A host of a ServiceEntry, and that."""


def reader_of_both(inspected: Inspected, first: Named, second: Named) -> tuple[str, Mapping[str, str]] | None:
    """A pod whose Sidecar imports a host of two entries by one listener: namespace and labels."""
    imports = inspected.imports
    (one_host, one), (other_host, other) = first, second
    ones = {(id(each.sidecar), each.listener) for each in imports.of(one_host, one.origin.namespace)}
    both = [
        each.sidecar
        for each in imports.of(other_host, other.origin.namespace)
        if (id(each.sidecar), each.listener) in ones and each.sidecar.egress[each.listener].port is None
    ]
    for sidecar in (*both, *imports.without_list):
        pod = whose(inspected, sidecar)
        if inspected.sees(pod[0], one) and inspected.sees(pod[0], other):
            return pod
    to = inspected.exported_to(one) | inspected.exported_to(other)
    for namespace in (other.origin.namespace, one.origin.namespace, *sorted(to - {"*"})):
        is_free = inspected.default_of(namespace) is None
        if is_free and inspected.sees(namespace, one) and inspected.sees(namespace, other):
            return namespace, {}
    return None
