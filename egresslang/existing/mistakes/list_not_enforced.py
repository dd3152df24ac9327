"""EGR625 list-not-enforced: a Sidecar that lists hosts outside the mesh while everything else passes, too."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import FRESH, by_pods_of
from egresslang.existing.inspected import Inspected, listed, place
from egresslang.existing.known import in_cluster
from egresslang.findings import Finding, finding

CODE = codes.LIST_NOT_ENFORCED


def find(inspected: Inspected) -> Iterator[Finding]:
    """The first host of each such list, unless the Sidecar itself says ALLOW_ANY: then it is meant."""
    if inspected.config.policy.mode == "REGISTRY_ONLY":
        return
    for sidecar in inspected.resources.sidecars:
        if sidecar.policy is not None:
            continue
        for at, index, where, host in listed(sidecar):
            if host == "*" or where.startswith("~") or host not in inspected.entries_of or in_cluster(inspected, host):
                continue
            asked = by_pods_of(inspected, sidecar, "tls", FRESH, 443)
            yield finding(
                CODE, place(sidecar.origin, "spec", "egress", at, "hosts", index), f"the list of {sidecar.origin} keeps nothing out",
                f"the mesh says {inspected.config.policy.mode}: hosts that are not listed pass", notes=asked.notes,
                help="write `outboundTrafficPolicy: {mode: REGISTRY_ONLY}` here or in the installation; `mode: ALLOW_ANY` if it is meant",
            )  # fmt: skip
            break
