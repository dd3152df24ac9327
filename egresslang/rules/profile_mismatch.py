"""EGR508 profile-mismatch: a Sidecar among the profile's resources has a mode of outbound traffic that does not exist.

Istio refuses such a resource, so it is not what stands in the cluster. (What else a profile contradicts is told when it
is read.)
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.findings import Finding
from egresslang.policy.policy import Policy
from egresslang.profile.facts import MODES
from egresslang.profile.profile import ClusterProfile

CODE = codes.PROFILE_MISMATCH


def check(_: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """Each Sidecar whose mode is none; one may not say ALLOW_ANY_DYNAMIC_DNS, which is for the whole mesh."""
    for resource in profile.resources:
        if resource.kind != "Sidecar":
            continue
        mode = resource.manifest_span.get("spec", "outboundTrafficPolicy", "mode")
        if mode is not None and mode.value not in MODES[:2]:
            from egresslang.suggest import unknown_word

            yield unknown_word(mode.span, str(mode.value), "mode", MODES[:2])
