"""Finding: one thing that is wrong or worth knowing, at one place, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import IntEnum

from egresslang.record import record, replace
from egresslang.source import Span

LONGEST_WORD = 253
"""The longest word that a finding repeats whole, in characters: that of a host."""


class Severity(IntEnum):
    """How much a finding weighs; an error stops the compilation."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


@record
class Code:
    """The identity of a kind of finding: `EGR204`, `protocol-conflict`, and how much it usually weighs.

    `milder` is what some of its findings weigh, where those of an error are not all errors.
    """

    id: str
    name: str
    severity: Severity
    milder: Severity | None = None

    @property
    def is_silenceable(self) -> bool:
        """Whether some of its findings are warnings or notes: an error is never silenced."""
        return self.severity is not Severity.ERROR or self.milder is not None


@record
class Label:
    """What is true at one place: a span and a few words."""

    span: Span
    text: str


@record
class Edit:
    """A replacement of the text at a span."""

    span: Span
    text: str


@record
class Fix:
    """A change that resolves a finding; `safe` when it cannot widen the policy."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool = False


@record
class Finding:
    """One clause about one place, other places that belong to it, its consequence and the way out.

    `label` is said at `span`; `related` are the other places; `notes` the consequences; `help` an imperative;
    `suppressed` is the reason given in the policy for not telling it, empty when it is told; `elsewhere` are the
    statements below that it holds for as well: it is told once, at the first of all that is not silenced.
    """

    code: Code
    span: Span
    message: str
    label: str = ""
    related: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str = ""
    fix: Fix | None = None
    severity: Severity = Severity.ERROR
    cluster: str = ""
    suppressed: str = ""
    elsewhere: tuple[Span, ...] = ()

    def at(self, places: Sequence[Span]) -> Finding:
        """The same, told at the first of some places."""
        return replace(self, span=places[0], elsewhere=tuple(places[1:]))


def finding(
    code: Code,
    span: Span,
    message: str,
    label: str = "",
    related: Iterable[Label] = (),
    notes: Iterable[str] = (),
    help: str = "",
    fix: Fix | None = None,
    severity: Severity | None = None,
    elsewhere: Iterable[Span] = (),
) -> Finding:
    """A finding of a code at a place, as severe as the code says unless told otherwise; its words are cut, its place is not."""
    return Finding(
        code,
        span,
        _cut(message),
        _cut(label),
        tuple(related),
        tuple(map(_cut, notes)),
        _cut(help),
        fix,
        code.severity if severity is None else severity,
        elsewhere=tuple(elsewhere),
    )


def _cut(text: str) -> str:
    """A text whose words in backticks are no longer than a host name can be, so that it stays one that people read."""
    if len(text) <= LONGEST_WORD:
        return text
    return re.sub(r"`([^`]*)`", lambda word: f"`{word[1][:60]}…`" if len(word[1]) > LONGEST_WORD else word[0], text)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, by place, then code and message."""
    unique: dict[tuple[object, ...], Finding] = {}
    for each in findings:
        unique.setdefault((each.span.place, each.code.id, each.message, each.cluster), each)
    return [unique[key] for key in sorted(unique)]


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those that stop a compilation."""
    return [f for f in findings if f.severity is Severity.ERROR]


def merge_clusters(clusters: Sequence[str], found: Sequence[Iterable[Finding]]) -> list[Finding]:
    """The findings of one policy in several clusters: what all say once, the rest with its cluster's name."""
    if len(clusters) == 1:
        return list(found[0])
    held: dict[tuple[object, str, str], list[tuple[str, Finding]]] = {}
    for cluster, findings in zip(clusters, found, strict=True):
        for each in findings:
            held.setdefault((each.span.place, each.code.id, each.message), []).append((cluster, each))
    merged: list[Finding] = []
    for same in held.values():
        if len({cluster for cluster, _ in same}) < len(clusters):
            merged.extend(replace(each, cluster=cluster) for cluster, each in same)
            continue
        first = same[0][1]
        elsewhere = {place.place: place for _, each in same for place in each.elsewhere}
        merged.append(first.at([first.span, *(elsewhere[at] for at in sorted(elsewhere))]) if elsewhere else first)
    return merged
