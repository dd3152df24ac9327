"""Changes for people at a terminal: a line for each, with the rules on both sides below it."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.answers.difference.comparison import CLOSED, OPENED, Compared, Opening
from egresslang.answers.difference.difference import CHANGED, GAINED, LOST
from egresslang.answers.difference.lines import Line, terms_changed, terms_said, where_said, who_of
from egresslang.answers.written import place, words
from egresslang.report.color import Paint
from egresslang.report.display import shown

MOST = 8
"""Workloads and destinations that are told by name in one line."""

RULES = 3
"""Rules that are told of each side of a line."""

SIGNS = {GAINED: "+", LOST: "-", CHANGED: "~", OPENED: "+", CLOSED: "-"}
STYLES = {GAINED: "warning", LOST: "note", CHANGED: "related", OPENED: "warning", CLOSED: "note"}


def show(compared: Compared, paint: Paint) -> str:
    """All changes, and how many there are in the last line."""
    if not compared.is_changed:
        return f"no access changed from {shown(compared.base)} to {shown(compared.head)}\n"
    told: list[str] = []
    for opening in compared.openings:
        told.append(f"{_head(opening.kind, opening_said(opening), compared, opening.clusters, paint)}\n")
    for line in compared.lines:
        said = f"{who_of(line, MOST)} -> {where_said(line, MOST)}"
        told.append(f"{_head(line.kind, said, compared, line.clusters, paint)}\n")
        told += [f"    {shown(each)}\n" for each in _details(line)]
    return "".join(told) + f"{compared.summary}\n"


def _head(kind: str, said: str, compared: Compared, clusters: tuple[str, ...], paint: Paint) -> str:
    where = clusters_said(compared, clusters)
    return f"{paint(STYLES[kind], SIGNS[kind])} {paint('strong', shown(said + where))}"


def clusters_said(compared: Compared, clusters: tuple[str, ...]) -> str:
    """The clusters of a change behind it, where it is not in all of them."""
    return f" [{', '.join(clusters)}]" if len(clusters) < len(compared.clusters) else ""


def opening_said(opening: Opening) -> str:
    """Who is left open, or no more, in words."""
    who = ", ".join(
        each.text + (f" except {', '.join(each.without)}" if each.without else "") for each in opening.workloads
    )
    return f"{who} {'is left open' if opening.kind == OPENED else 'is left open no more'} by the profile"


def _details(line: Line) -> Iterator[str]:
    if line.remark:
        yield line.remark
    if line.old is not None and line.new is not None:
        yield from terms_changed(line.old, line.new)
    else:
        said = terms_said(line.new or line.old)
        if said:
            yield said
    for word, text, where in rules_said(line):
        yield f"{word} `{text}` ({where})" if where else f"{word} {text}"


def rules_said(line: Line) -> Iterator[tuple[str, str, str]]:
    """The rules responsible, those of the base before those of the head: `was` or `is`, their words, their place.

    How many more there are has no place.
    """
    for word, rules in (("was", line.before), ("is", line.after)):
        yield from ((word, words(rule), place(rule)) for rule in rules[:RULES])
        if len(rules) > RULES:
            more = len(rules) - RULES
            yield word, f"{more} more {'rule' if more == 1 else 'rules'}", ""
