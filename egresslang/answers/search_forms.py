"""What matches a search: as a table for people, as JSON (`schemas/flows.schema.json`), as CSV for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from egresslang.answers.access import place_of, port_of
from egresslang.answers.search import Match
from egresslang.answers.written import place, words
from egresslang.json_text import json_text
from egresslang.policy import sets
from egresslang.policy.policy import ANY, Grant
from egresslang.record import record
from egresslang.report.color import Paint
from egresslang.report.display import columns, shown

COLUMNS = (
    "cluster", "source", "destination", "port", "protocol", "owner", "ticket", "expires", "region", "by_address", "rule",
    "file", "line",
)  # fmt: skip
"""The columns of the CSV and the keys of a flow in JSON."""

LEFT_OPEN = "left open by the profile"
UNNAMED = "left open: no rule names it"
"""The rule of workloads that the policy says nothing of, with a profile and without."""

FORMULA = "=+-@\t\r"
"""What a spreadsheet takes a cell for a formula by."""


@record
class Flows:
    """What matches in one cluster: the grants, and the workloads asked about that the profile leaves open."""

    cluster: str
    matches: tuple[Match, ...]
    open_to_all: tuple[sets.Pattern, ...] = ()


def as_text(found: Sequence[Flows], paint: Paint) -> str:
    """A table, and below it how many flows there are."""
    several = len(found) > 1
    rows = [_row(each.cluster if several else "", match) for each in found for match in each.matches]
    rows += [
        _open_row(each.cluster if several else "", pattern, _open_rule(each))
        for each in found
        for pattern in each.open_to_all
    ]
    count = f"{len(rows)} {'match' if len(rows) == 1 else 'matches'}\n"
    if not rows:
        return count
    heads = ["who", "where", "owner", "until", "region", "rule"] + ["cluster"] * several
    kept = [at for at in range(len(heads)) if heads[at] in ("who", "where", "rule") or any(row[at] for row in rows)]
    lines = [[heads[at] for at in kept], *([row[at] for at in kept] for row in rows)]
    widths = [max(columns(line[at]) for line in lines) for at in range(len(kept))]
    told = ["  ".join(cell + " " * (width - columns(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines]  # fmt: skip
    return "\n".join([paint("strong", told[0]), *told[1:], count])


def _row(cluster: str, match: Match) -> list[str]:
    grant, rule = match.grant, match.grant.rule
    where = place_of(grant) + port_of(grant) + (" (by address)" if match.by_address else "")
    said = f"{words(rule)} ({place(rule)})" if place(rule) else words(rule)
    until = "" if rule.expires is None else str(rule.expires)
    return list(map(shown, [str(grant.subject), where, rule.owner, until, rule.region, said, cluster]))


def _open_row(cluster: str, pattern: sets.Pattern, rule: str) -> list[str]:
    return list(map(shown, [pattern_text(pattern), ANY, "", "", "", rule, cluster]))


def _open_rule(found: Flows) -> str:
    return LEFT_OPEN if found.cluster else UNNAMED


def pattern_text(pattern: sets.Pattern) -> str:
    """A set of workloads in words."""
    return pattern.text + (f" except {', '.join(pattern.without)}" if pattern.without else "")


def as_json(question: str, today: str, found: Sequence[Flows]) -> str:
    """One document with every flow; ASCII."""
    document = {"version": 1, "today": today, "question": question, "flows": list(_records(found))}
    return json_text(document) + "\n"


def as_csv(found: Sequence[Flows]) -> str:
    """A line for each flow below one of names, as RFC 4180 has them; no cell is a formula to a spreadsheet."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for each in _records(found):
        writer.writerow([_cell(each[name]) for name in COLUMNS])
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None or value is False:
        return ""
    text = "yes" if value is True else shown(str(value))
    return f"'{text}" if text[:1] in FORMULA and text else text


def _records(found: Sequence[Flows]) -> Iterator[dict[str, Any]]:
    for each in found:
        for match in each.matches:
            yield _record(each.cluster, match.grant, match.by_address)
        for pattern in each.open_to_all:
            nothing = dict.fromkeys(COLUMNS)
            who = pattern_text(pattern)
            yield nothing | {"cluster": each.cluster or None, "source": who, "destination": ANY, "by_address": False, "rule": _open_rule(each)}  # fmt: skip


def _record(cluster: str, grant: Grant, by_address: bool) -> dict[str, Any]:
    rule = grant.rule
    file, line, _ = rule.span.place
    return {
        "cluster": cluster or None,
        "source": str(grant.subject),
        "destination": place_of(grant),
        "port": grant.port or None,
        "protocol": grant.spelled or None,
        "owner": rule.owner or None,
        "ticket": rule.ticket or None,
        "expires": None if rule.expires is None else str(rule.expires),
        "region": rule.region or None,
        "by_address": by_address,
        "rule": words(rule),
        "file": file or None,
        "line": line if file else None,
    }
