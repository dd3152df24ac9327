"""Granting: what each of the two sides of `egressc diff` grants in a cluster, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from egresslang.answers.difference.comparison import Granting
from egresslang.commands.options import today
from egresslang.files import Unreadable
from egresslang.findings import Finding, Severity, errors
from egresslang.profile.profile import ClusterProfile
from egresslang.record import record

if TYPE_CHECKING:
    from egresslang.answers.asked_mesh import AskedMesh
    from egresslang.commands.sides import Side
    from egresslang.policy.policy import Policy


@record
class Meant:
    """What a side grants, None where its findings keep that from being known; `found` may have errors though it is known."""

    granting: Granting | None
    found: tuple[Finding, ...]


def meant(
    options: Any, base: Side, head: Side, old: ClusterProfile | None, new: ClusterProfile | None
) -> tuple[Meant, Meant]:
    """What both sides grant in a cluster, of which either may lack the profile; by the model where one is manifests.

    The head is compiled, the base but checked. Raises Unreadable where manifests are asked and no workload is known.
    """
    is_known = bool(base.profiles or head.profiles)
    if base.documents is not None or head.documents is not None:
        return _by_model(options, base, head, old, new)
    return _policy(options, base, old, is_known, False), _policy(options, head, new, is_known, True)


def _policy(options: Any, side: Side, profile: ClusterProfile | None, is_known: bool, is_head: bool) -> Meant:
    """What a policy grants in a cluster; `is_known` unless the cluster is but assumed."""
    from egresslang.answers.around import around_policy
    from egresslang.answers.left_open import left_open

    if profile is None:
        return Meant(Granting(()), ())
    policy, found = _resolved(options, side, profile, is_head)
    if policy is None:
        return Meant(None, found)
    granting = Granting(
        (*policy.grants, *around_policy(policy, profile)),
        policy,
        left_open(policy, profile) if is_known else None,
        open_span=profile.enforcement.span or profile.span,
    )
    return Meant(granting, found)


def _resolved(
    options: Any, side: Side, profile: ClusterProfile, is_head: bool
) -> tuple[Policy | None, tuple[Finding, ...]]:
    from egresslang import rules
    from egresslang.compile import compile
    from egresslang.policy.resolve import resolve
    from egresslang.targets.istio import lower

    if is_head:
        made = compile(side.files, profile, today(options), Severity.WARNING)
        return made.policy, made.findings
    policy, found = resolve(side.files, profile, today(options), Severity.WARNING)
    if errors(found):
        return None, tuple(found)
    found += rules.check(policy, profile)
    if not errors(found):
        found += lower(policy, profile)[1]
    return policy, tuple(found)


def _by_model(
    options: Any, base: Side, head: Side, old: ClusterProfile | None, new: ClusterProfile | None
) -> tuple[Meant, Meant]:
    """What both sides mean for the workloads that either knows, where one of them is manifests."""
    from egresslang.answers.difference.known_workloads import of_manifests, of_policy, routed, workloads_of

    is_known = bool(base.profiles or head.profiles)
    asked = [
        _asked(options, base, old, is_known, False),
        _asked(options, head, new, is_known, True),
    ]
    known = [side for side, _ in asked if side is not None]
    if len(known) < len(asked):
        return Meant(None, asked[0][1]), Meant(None, asked[1][1])
    workloads = {key: labels for side in known for key, labels in workloads_of(side).items()}
    if not workloads:
        raise Unreadable("no workload is known to ask about: add the manifests of workloads, or a profile with -p")
    one, other = [
        of_manifests(each, workloads) if not isinstance(each, Granting)
        else of_policy(each, profile, workloads) if profile is None
        else routed(of_policy(each, profile, workloads), profile, workloads)
        for each, profile in zip(known, (old, new), strict=True)
    ]  # fmt: skip
    return Meant(one, asked[0][1]), Meant(other, asked[1][1])


def _asked(
    options: Any, side: Side, profile: ClusterProfile | None, is_known: bool, is_head: bool
) -> tuple[Granting | AskedMesh | None, tuple[Finding, ...]]:
    """A policy as it grants, or manifests as a mesh that can be asked."""
    from egresslang.answers.deployed import ask_manifests

    if side.documents is None:
        policy = _policy(options, side, profile, True, is_head)
        return policy.granting, policy.found
    mesh, found = ask_manifests(side.documents, profile if is_known else None)
    return (None if errors(found) else mesh), tuple(found)


def wrong(
    options: Any, side: Side, profiles: Sequence[ClusterProfile], found: Sequence[Sequence[Finding]]
) -> list[Finding]:
    """The errors of a side in its clusters that the policy does not suppress, and the project's settings leave errors."""
    from egresslang.commands.inputs import merged
    from egresslang.commands.report import settled

    told = merged(profiles, found) if len(profiles) == len(found) > 1 else [each for some in found for each in some]
    return errors(settled(options, told, side.files if side.documents is None else ()).findings)
