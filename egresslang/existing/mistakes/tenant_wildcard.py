"""EGR302 tenant-wildcard in a ServiceEntry: a wildcard over a suffix that strangers share, such as `*.github.io`."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import by_reader
from egresslang.existing.inspected import Inspected, place
from egresslang.existing.wildcards import wildcards
from egresslang.findings import Finding, finding

CODE = codes.TENANT_WILDCARD


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each such wildcard."""
    for entry, at, suffix in wildcards(inspected):
        from egresslang.policy.public_suffixes import is_registry, tenant

        shared = "" if is_registry(suffix) else tenant(suffix)
        if shared and entry.ports:
            asked = by_reader(inspected, entry, f"*.{suffix}", entry.ports[0])
            yield finding(
                CODE, place(entry.origin, "spec", "hosts", at), f"strangers have names below `{suffix}`",
                "a suffix of many customers" if shared == suffix else f"`{shared}` lies below it",
                notes=["whoever opens an account there receives what the workload sends", *asked.notes], help="name the hosts that are yours",
            )  # fmt: skip
