"""EGR301 public-wildcard in a ServiceEntry: a wildcard over a suffix of a registry, such as `*.com` or `*.co.uk`."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import by_reader
from egresslang.existing.inspected import Inspected, place
from egresslang.existing.wildcards import wildcards
from egresslang.findings import Finding, finding

CODE = codes.PUBLIC_WILDCARD


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each such wildcard."""
    for entry, at, suffix in wildcards(inspected):
        from egresslang.policy.public_suffixes import is_registry

        if is_registry(suffix) and entry.ports:
            asked = by_reader(inspected, entry, f"*.{suffix}", entry.ports[0])
            yield finding(
                CODE, place(entry.origin, "spec", "hosts", at), f"anybody can register a name below `{suffix}`", "a suffix of a registry",
                notes=asked.notes, help="name the hosts that are meant",
            )  # fmt: skip
