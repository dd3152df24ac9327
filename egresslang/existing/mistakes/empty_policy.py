"""EGR613 empty-policy: an `outboundTrafficPolicy` without a mode, which means REGISTRY_ONLY and not what the mesh says."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import FRESH, by_pods_of
from egresslang.existing.inspected import Inspected
from egresslang.findings import Finding, finding

CODE = codes.EMPTY_POLICY


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each Sidecar whose policy is there and says nothing."""
    for sidecar in inspected.resources.sidecars:
        manifest = sidecar.origin.manifest_span
        policy = None if manifest is None or sidecar.policy is None else manifest.get("spec", "outboundTrafficPolicy")
        if policy is None or policy.value.get("mode"):
            continue
        asked = by_pods_of(inspected, sidecar, "tls", FRESH, 443)
        yield finding(
            CODE, policy.key_span, f"the policy of {sidecar.origin} says no mode", "means REGISTRY_ONLY",
            notes=[f"the mesh says {inspected.config.policy.mode}; this replaces it", *asked.notes],
            help="write `mode: REGISTRY_ONLY`, or leave `outboundTrafficPolicy` out to go with the mesh",
        )  # fmt: skip
