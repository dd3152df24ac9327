"""Lines: changes as people think of them: who, and where to.

Workloads with the same change are one line, and so are destinations of the same workloads. What holds in several
clusters is told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from egresslang.answers.access import Terms, place_of, port_of
from egresslang.answers.difference.difference import CHANGED, GAINED, LOST, Change, order_of_change
from egresslang.answers.written_flows import other_of, where_of
from egresslang.policy.granted import rules_of
from egresslang.policy.policy import Grant, Rule
from egresslang.record import record

FEW = 3
"""Names that are told where many would be."""

OPEN = {
    GAINED: "could be reached before: the workload was left open",
    LOST: "can still be reached: the workload is left open",
}
"""What is said where flows make no difference, for workloads that a profile leaves open."""

Place = tuple[str, str]
"""A destination, and its port and protocol as they follow it."""


@record
class Told:
    """A change with the clusters that it holds in."""

    change: Change
    clusters: tuple[str, ...]


@record
class Line:
    """Changes that read as one: the workloads, the places, what is to be remarked, the rules and terms of both sides.

    `name` is what the policy calls the workloads together, empty where it does not; `old` and `new` are None where
    nothing is granted on that side.
    """

    kind: str
    clusters: tuple[str, ...]
    who: tuple[str, ...]
    name: str
    where: tuple[Place, ...]
    remark: str
    before: tuple[Rule, ...]
    after: tuple[Rule, ...]
    old: Terms | None
    new: Terms | None


def in_clusters(found: Mapping[str, Sequence[Change]]) -> list[Told]:
    """The changes of all clusters, equal ones once, in their order."""
    held: dict[object, tuple[Change, list[str]]] = {}
    for cluster, changes in found.items():
        for each in changes:
            places = tuple(grant.rule.span.place for grant in (*each.before, *each.after))
            key = each.kind, each.grant, each.part, each.old, each.new, len(each.before), places, remark(each)
            held.setdefault(key, (each, []))[1].append(cluster)
    told = [Told(change, tuple(clusters)) for change, clusters in held.values()]
    return sorted(told, key=lambda each: (order_of_change(each.change), each.clusters))


def lines(told: Sequence[Told], names: Mapping[frozenset[str], str]) -> list[Line]:
    """The changes as people think of them; `names` are what policies call sets of workloads."""
    by_place: dict[tuple[object, Place], list[Told]] = {}
    for each in told:
        change = each.change
        alike = change.kind, each.clusters, change.old, change.new, remark(change)
        for where in _places(change):
            by_place.setdefault((alike, where), []).append(each)
    by_who: dict[tuple[object, tuple[str, ...]], list[tuple[Place, list[Told]]]] = {}
    for (alike_there, where), some in by_place.items():
        who = tuple(sorted({str(each.change.grant.subject) for each in some}))
        by_who.setdefault((alike_there, who), []).append((where, some))
    return [_line(who, some, names) for (_, who), some in by_who.items()]


def _line(
    who: tuple[str, ...], some: Sequence[tuple[Place, Sequence[Told]]], names: Mapping[frozenset[str], str]
) -> Line:
    first = some[0][1][0]
    every = [each.change for _, here in some for each in here]
    return Line(
        first.change.kind,
        first.clusters,
        who,
        names.get(frozenset(who), ""),
        tuple(dict.fromkeys(place for place, _ in some)),
        remark(first.change),
        _rules(grant for each in every for grant in each.before),
        _rules(grant for each in every for grant in each.after),
        first.change.old,
        first.change.new,
    )


def _rules(grants: Iterable[Grant]) -> tuple[Rule, ...]:
    return tuple([grant.rule for grant in rules_of(grants)])


def _places(change: Change) -> tuple[Place, ...]:
    port = port_of(change.grant)
    part = () if change.part is None else where_of(change.grant, change.part)
    return tuple([(text, port) for text in part or (place_of(change.grant),)])


def remark(change: Change) -> str:
    """What is to be said of flows: of what they are a part, and how else they were or are reached; empty for nothing."""
    return "; ".join(filter(None, (_part(change), _otherwise(change))))


def _otherwise(change: Change) -> str:
    """How flows that are gained were reached before, and those that are lost still are, if not by a rule for them."""
    if change.was_open:
        return OPEN[change.kind]
    grant = change.grant
    others = change.within
    if not others:
        return ""
    words = "was within" if change.kind == GAINED else "still within"
    return f"{words} {few(tuple(dict.fromkeys(other_of(grant, each) for each in others)))}, if it is at such an address"


def _part(change: Change) -> str:
    """What is to be said of flows that are only a part of what a rule grants; empty where they are all of it."""
    if change.part is None:
        return ""
    grant = change.grant
    if part := where_of(change.grant, change.part):
        whole = place_of(grant)
        return "" if part == (whole,) else f"of {few(whole.split(', '))}"
    if change.kind == CHANGED:
        return "in part"
    met = change.before if change.kind == GAINED else change.after
    if not met:
        return "in part"
    others = dict.fromkeys(other_of(grant, each) for each in met)
    others.pop(other_of(grant, grant), None)
    if not others:
        return ""
    words = "swallows what was granted before" if change.kind == GAINED else "still granted of it"
    return f"{words}: {few(tuple(others))}"


def few(names: Sequence[str], most: int = FEW) -> str:
    """Some names, and how many more there are."""
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def who_of(line: Line, most: int) -> str:
    """The workloads of a line, by the name that the policy has for them."""
    if line.name:
        return f"{line.name} ({len(line.who)} workloads)"
    if len(line.who) == 1:
        return line.who[0]
    return f"{{{few(line.who, most)}}}" + (f" ({len(line.who)} workloads)" if len(line.who) > most + 1 else "")


def where_said(line: Line, most: int) -> str:
    """The places of a line: destinations of one port in braces, as the language writes them."""
    by_port: dict[str, list[str]] = {}
    for place, port in line.where:
        by_port.setdefault(port, []).append(place)
    return ", ".join(
        (places[0] if len(places) == 1 else f"{{{few(places, most)}}}") + port for port, places in by_port.items()
    )


def terms_said(terms: Terms | None) -> str:
    """The terms of flows in words, `owner team-a, until 2027-06-30, in us`; empty where nothing is said."""
    if terms is None:
        return ""
    said = [f"owner {' and '.join(terms.owners)}"] if terms.owners else []
    said += [f"until {terms.expires}"] if terms.expires else []
    said += [f"in {' or '.join(terms.regions)}"] if terms.regions else []
    return ", ".join(said)


def terms_changed(old: Terms, new: Terms) -> list[str]:
    """What of the terms is another, `owner: team-a -> team-b`."""
    pairs = (
        ("owner", ", ".join(old.owners), ", ".join(new.owners), "nobody"),
        ("expires", str(old.expires or ""), str(new.expires or ""), "never"),
        ("region", ", ".join(old.regions), ", ".join(new.regions), "any"),
        ("leads to", ", ".join(old.endpoints), ", ".join(new.endpoints), "what the name resolves to"),
    )
    return [f"{name}: {one or none} -> {two or none}" for name, one, two, none in pairs if one != two]
