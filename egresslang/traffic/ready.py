"""Ready: whether each namespace can be enforced: what its policy would block was not seen for long enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from egresslang.policy.policy import ANY
from egresslang.profile.profile import ClusterProfile
from egresslang.record import record
from egresslang.traffic.audit import Audit, Traffic, ends_early, is_broken
from egresslang.traffic.flow import ALLOWED, PASSED
from egresslang.traffic.window import HOUR, latest, show_hours, show_time

ENFORCED, READY, NOT_READY, NOT_KNOWN = "enforced", "ready", "not-ready", "not-known"
"""What can be said of a namespace."""


@record
class Readiness:
    """A namespace: whether it can be enforced, and what would be blocked if it were.

    `why` says what is missing, `on` is when it is ready if nothing more comes (seconds since 1970, None where unknown).
    """

    namespace: str
    state: str
    why: str
    on: int | None
    against: tuple[Traffic, ...]


def readiness(made: Audit, profile: ClusterProfile) -> Iterator[Readiness]:
    """Each namespace that was seen, or that the policy or the profile knows."""
    against: dict[str, list[Traffic]] = {}
    for each in made.traffic:
        if _would_be_blocked(each):
            against.setdefault(each.flow.namespace, []).append(each)
    for namespace in sorted({*made.observed.namespaces, *against, *made.knowledge.everybody} - {ANY}):
        yield _of(namespace, made, profile, tuple(against.get(namespace, ())))


def next_step(found: Sequence[Readiness], profile: ClusterProfile) -> str:
    """What `enforcement` of the profile may become; empty where nothing more can be closed yet, or all is."""
    closed = [each.namespace for each in found if each.state in (READY, ENFORCED)]
    if profile.enforcement.level == "mesh" or not any(each.state == READY for each in found):
        return ""
    return "mesh" if len(closed) == len(found) else f"{{namespaces: [{', '.join(closed)}]}}"


def _would_be_blocked(each: Traffic) -> bool:
    """Whether something that is let out now would not be under the policy, as far as anybody can know."""
    return each.flow.verdict in (PASSED, ALLOWED) and not each.grants


def _of(namespace: str, made: Audit, profile: ClusterProfile, against: tuple[Traffic, ...]) -> Readiness:
    observed, enforcement = made.observed, profile.enforcement
    length = observed.end - observed.start
    if against:
        nameless = sum(each.flow.is_nameless for each in against)
        told = len(against) - nameless
        parts = [f"{told} {'flow' if told == 1 else 'flows'} that no rule grants"] * bool(told)
        parts += [f"connections without a name from {nameless} {'workload' if nameless == 1 else 'workloads'}"] * bool(
            nameless
        )
        return Readiness(
            namespace, NOT_READY, " and ".join(parts), latest(each.seen.last for each in against).by + length, against
        )
    why, on = _doubt(namespace, made)
    if why:
        return Readiness(namespace, NOT_KNOWN, why, on, ())
    is_enforced = enforcement.level == "mesh" or (
        enforcement.level == "namespaces" and namespace in enforcement.namespaces
    )
    return Readiness(
        namespace, ENFORCED if is_enforced else READY, "nothing left that the policy would block", None, ()
    )


def _doubt(namespace: str, made: Audit) -> tuple[str, int | None]:
    """Why nobody knows whether a namespace is ready, empty where one does; and when that will be known, if it will."""
    observed = made.observed
    length = observed.end - observed.start
    if namespace not in observed.namespaces:
        return "nothing of it was observed", None
    whole = made.knowledge.of(namespace, ANY)
    if whole is None:
        return "only what the access logs tell of it was observed", None
    unseen = [workload for of, workload in made.knowledge.unobserved() if of == namespace]
    if unseen:
        more = f" and {len(unseen) - 1} more" if len(unseen) > 1 else ""
        return f"nothing of its workload `{unseen[0]}`{more} was observed", None
    listed = made.knowledge.everybody.get(namespace, ())
    for known in (whole, *(each for each in observed.known if each.namespace == namespace)):
        what = "it" if known.workload == ANY else f"its workload `{known.workload}`"
        if known.since > observed.start + HOUR + length // 24:
            return f"what is known of {what} does not go back far enough", known.since + length
        if known.workload != ANY and known.workload not in listed:  # whoever is gone for good closes nothing
            continue
        if ends_early(known, observed):
            return f"nothing of {what} was recorded after {show_time(known.until)}", None
        if is_broken(known, observed):
            return f"nothing of {what} was recorded for {show_hours(known.gap)} in between", None
    if observed.has_holes:
        return "the data of that time is incomplete", None
    return "", None
