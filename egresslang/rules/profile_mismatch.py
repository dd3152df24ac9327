"""EGR508 profile-mismatch: a resource of the profile says otherwise than the profile, or what Istio does not know.

A manifest of a known workload has pods without the labels that the profile selects it by, so that its Sidecar would hold
for none of them; or a Sidecar has a mode of outbound traffic that does not exist, which Istio refuses. (What else a
profile contradicts is told when it is read.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import Policy, Subject
from egresslang.profile.facts import MODES
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Span

if TYPE_CHECKING:
    from egresslang.policy.inventory import KnownWorkload
    from egresslang.policy.standing import Standing

CODE = codes.PROFILE_MISMATCH


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """Each mode that is none, and each workload with a Sidecar of its own that would select none of its pods."""
    if not profile.resources:
        return
    yield from _modes(profile)
    if profile.enforcement.level != "observe":
        yield from _selectors(policy, profile)


def _modes(profile: ClusterProfile) -> Iterator[Finding]:
    """A Sidecar may not say ALLOW_ANY_DYNAMIC_DNS, which is for the whole mesh."""
    for resource in profile.resources:
        if resource.kind != "Sidecar":
            continue
        mode = resource.manifest_span.get("spec", "outboundTrafficPolicy", "mode")
        if mode is not None and mode.value not in MODES[:2]:
            from egresslang.suggest import unknown_word

            yield unknown_word(mode.span, str(mode.value), "mode", MODES[:2])


def _selectors(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    from egresslang.policy.standing import Standings

    standings = Standings(profile)
    places: dict[Subject, Span] = {}
    for grant in policy.grants:
        places.setdefault(grant.subject, grant.rule.span)
    named = {*places, *policy.named, *policy.mesh, *(Subject(*each[:2]) for each in profile.observed)}
    for namespace in standings.by_namespace:
        listed = (profile.namespaces or {}).get(namespace)
        for known in policy.inventory.namespaces.get(namespace, {}).values():
            subject = Subject(namespace, known.name)
            if subject in named and (misnamed := standings.unselected(known)):
                workload = None if listed is None else listed.workloads.get(known.name)
                place = places.get(subject, profile.span) if workload is None else workload.span
                yield _selects_none(known, misnamed[0], place)


def _selects_none(known: KnownWorkload, standing: Standing, place: Span) -> Finding:
    selector = ", ".join(f"{key}={value}" for key, value in known.selector)
    carried = ", ".join(f"{key}={value}" for key, value in standing.labels.items())
    labels = standing.pod_span.get("metadata", "labels")
    there = standing.name_span if labels is None or not labels.value else labels.span
    return finding(
        CODE,
        place,
        f"the labels of `{known.namespace}/{known.name}` select none of its pods",
        f"selected by {selector}",
        [Label(there, f"its pods carry {carried}" if carried else "its pods carry no labels")],
        [
            "a Sidecar selects pods by their labels: this one would hold for none, and its pods get none of what is granted"
        ],
        "write the labels that its pods carry under `workloads:` of the profile",
    )
