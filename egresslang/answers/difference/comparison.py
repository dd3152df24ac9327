"""Comparison: two sides in all of their clusters, and what is another on the one than on the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from egresslang.answers.difference.difference import CHANGED, GAINED, LOST, Change, changes
from egresslang.answers.difference.lines import Line, Told, in_clusters, lines
from egresslang.answers.written import IN_NO_FILE
from egresslang.policy import sets
from egresslang.policy.definitions import INTERNET
from egresslang.policy.flows import Box, Destinations
from egresslang.policy.granted import Granted, box_of
from egresslang.policy.policy import ANY, Addresses, Below, Grant, Name, Policy, Subject
from egresslang.record import record, replace
from egresslang.source import Span

OPENED, CLOSED = "opened", "closed"


@record
class Granting:
    """What one side grants in a cluster, the policy that does, and the workloads its profile leaves open.

    `policy` is None for manifests, `open_to_all` where nothing is known of it; `open_span` is where its profile says who is
    held back. Manifests have no terms: owners, last days.
    """

    grants: tuple[Grant, ...]
    policy: Policy | None = None
    open_to_all: sets.Workloads | None = None
    has_terms: bool = True
    open_span: Span = IN_NO_FILE


@record
class Opening:
    """Workloads that are left open from now on, or no more, in some clusters; `span` is where the first profile says so."""

    kind: str
    workloads: tuple[sets.Pattern, ...]
    clusters: tuple[str, ...]
    span: Span = IN_NO_FILE


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
        return any(each.change.widens for each in self.changes) or any(each.kind == OPENED for each in self.openings)

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
    found = {cluster: _changes(old, new) for cluster, old, new in pairs}
    names: dict[frozenset[str], str] = {}
    for policy in [side.policy for _, *sides in pairs for side in sides] if any(found.values()) else ():
        names |= {} if policy is None else _names_of(policy)
    clusters = tuple(cluster for cluster, _, _ in pairs)
    return Compared(base, head, today, clusters, tuple(in_clusters(found)), tuple(_openings(pairs)), names)


def _changes(old: Granting, new: Granting) -> list[Change]:
    """What is another in one cluster, and how else flows were or are reached that a side does not grant."""
    found = changes(old.grants, new.grants, old.has_terms and new.has_terms)
    open_to_all = {GAINED: old.open_to_all, LOST: new.open_to_all}
    internet = {GAINED: _internet(old.grants), LOST: _internet(new.grants)} if found else {}
    for at, each in enumerate(found):
        workloads = open_to_all.get(each.kind)
        if workloads and all(box.workloads <= workloads for box in each.flows):
            found[at] = replace(each, was_open=True)
        elif (wide := internet.get(each.kind)) and (within := _within(each, wide)):
            found[at] = replace(each, within=within)
    return found


def _internet(grants: Sequence[Grant]) -> Granted | None:
    """The grants to `internet`, None where there are none."""
    some = [each for each in grants if isinstance(each.destination, Addresses) and each.destination.label == INTERNET]
    return Granted(some) if some else None


def _within(change: Change, internet: Granted) -> tuple[Grant, ...]:
    """The grants to `internet` by which the flows of a change to names are reached too, each of which has all of them."""
    if not isinstance(change.grant.destination, Name | Below):
        return ()
    found: dict[int, Grant] = {}
    for box in change.flows:
        anywhere = Box(box.workloads, Destinations(addresses=sets.ANY_ADDRESS), box.ports)
        having = [
            each
            for each in internet.to(anywhere)
            if box.workloads <= box_of(each).workloads and box.ports <= box_of(each).ports
        ]
        if not having:
            return ()
        found |= {id(each): each for each in having}
    return tuple(found.values())


def _openings(pairs: Sequence[Pair]) -> list[Opening]:
    held: dict[tuple[str, sets.Workloads], list[str]] = {}
    spans: dict[tuple[str, sets.Workloads], Span] = {}
    for cluster, old, new in pairs:
        if old.open_to_all is None or new.open_to_all is None:
            continue
        for kind, workloads in (
            (OPENED, new.open_to_all - old.open_to_all),
            (CLOSED, old.open_to_all - new.open_to_all),
        ):
            if workloads:
                held.setdefault((kind, workloads), []).append(cluster)
                spans.setdefault((kind, workloads), new.open_span)
    return [
        Opening(kind, tuple(sets.workload_patterns(workloads)), tuple(clusters), spans[kind, workloads])
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
