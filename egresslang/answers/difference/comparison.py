"""Comparison: two sides in all of their clusters, and what is another on the one than on the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from egresslang.answers.difference.difference import CHANGED, GAINED, LOST, changes
from egresslang.answers.difference.lines import Line, Told, in_clusters, lines
from egresslang.policy import sets
from egresslang.policy.policy import ANY, Grant, Policy, Subject
from egresslang.record import record

OPENED, CLOSED = "opened", "closed"


@record
class Granting:
    """What one side grants in a cluster, the policy that does, and the workloads its profile leaves open.

    `policy` is None for manifests, `open_to_all` where nothing is known of it. Manifests have no terms: owners, last days.
    """

    grants: tuple[Grant, ...]
    policy: Policy | None = None
    open_to_all: sets.Workloads | None = None
    has_terms: bool = True


@record
class Opening:
    """Workloads that are left open from now on, or no more, in some clusters."""

    kind: str
    workloads: tuple[sets.Pattern, ...]
    clusters: tuple[str, ...]


@record
class Compared:
    """What is another in which clusters; `clusters` are all that were compared, `base` and `head` what the sides are called."""

    base: str
    head: str
    today: str
    clusters: tuple[str, ...]
    changes: tuple[Told, ...]
    openings: tuple[Opening, ...]
    names: Mapping[frozenset[str], str]

    @property
    def is_widened(self) -> bool:
        """Whether anything may be reached that could not."""
        return any(each.change.widens for each in self.changes) or any(
            each.kind == OPENED for each in self.openings
        )

    @property
    def is_changed(self) -> bool:
        """Whether anything is another."""
        return bool(self.changes or self.openings)

    @property
    def lines(self) -> list[Line]:
        """The changes as people think of them."""
        return lines(self.changes, self.names)

    def count(self, kind: str) -> int:
        """How many changes there are of a kind, each of one workload or group and one destination."""
        return sum(each.change.kind == kind for each in self.changes)

    @property
    def summary(self) -> str:
        """How much there is of each kind, in words; empty where nothing is another."""
        counts = [(self.count(kind), kind) for kind in (GAINED, LOST, CHANGED)]
        counts += [(sum(each.kind == kind for each in self.openings), kind) for kind in (OPENED, CLOSED)]
        return ", ".join(f"{number} {kind}" for number, kind in counts if number)


Pair = tuple[str, Granting, Granting]
"""A cluster, and what either side grants in it."""


def compare(base: str, head: str, today: str, pairs: Sequence[Pair]) -> Compared:
    """What the second of each pair grants otherwise than the first."""
    found = {cluster: changes(old.grants, new.grants, old.has_terms and new.has_terms) for cluster, old, new in pairs}
    names: dict[frozenset[str], str] = {}
    for policy in [side.policy for _, *sides in pairs for side in sides] if any(found.values()) else ():
        names |= {} if policy is None else _names_of(policy)
    clusters = tuple(cluster for cluster, _, _ in pairs)
    return Compared(base, head, today, clusters, tuple(in_clusters(found)), tuple(_openings(pairs)), names)


def _openings(pairs: Sequence[Pair]) -> list[Opening]:
    held: dict[tuple[str, sets.Workloads], list[str]] = {}
    for cluster, old, new in pairs:
        if old.open_to_all is None or new.open_to_all is None:
            continue
        for kind, workloads in (
            (OPENED, new.open_to_all - old.open_to_all),
            (CLOSED, old.open_to_all - new.open_to_all),
        ):
            if workloads:
                held.setdefault((kind, workloads), []).append(cluster)
    return [
        Opening(kind, tuple(sets.workload_patterns(workloads)), tuple(clusters))
        for (kind, workloads), clusters in held.items()
    ]


def _names_of(policy: Policy) -> dict[frozenset[str], str]:
    """What the rules of a policy call several workloads at once: a set, or labels."""
    from egresslang.syntax.nodes import AllWorkloads

    subjects: dict[int, set[Subject]] = {}
    for grant in policy.grants:
        subjects.setdefault(id(grant.rule), set()).add(grant.subject)
    found: dict[frozenset[str], str] = {}
    for line in policy.allows:
        members = line.statement.sources.members
        who = subjects.get(id(line.rule), ())
        if len(members) == 1 and len(who) > 1 and not isinstance(members[0], AllWorkloads):
            found.setdefault(frozenset(map(str, who)), members[0].span.text)
    return {who: name for who, name in found.items() if ANY not in name}
