"""Changes as one JSON document, as `schemas/difference.schema.json` describes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from egresslang.answers.access import Terms
from egresslang.answers.difference.comparison import CLOSED, OPENED, Compared, Opening
from egresslang.answers.difference.difference import CHANGED, GAINED, LOST
from egresslang.answers.difference.lines import Told, remark
from egresslang.answers.written import words
from egresslang.answers.written_flows import boxes_of, patterns_of
from egresslang.json_text import json_text
from egresslang.policy.granted import rules_of
from egresslang.policy.policy import Grant


def show(compared: Compared) -> str:
    """All changes with their exact flows; ASCII, with a line end."""
    document = {
        "version": 1,
        "today": compared.today,
        "base": compared.base,
        "head": compared.head,
        "clusters": list(compared.clusters),
        "changes": [_change(each) for each in compared.changes],
        "openings": [_opening(each) for each in compared.openings],
        "summary": {
            **{kind: compared.count(kind) for kind in (GAINED, LOST, CHANGED)},
            **{kind: sum(each.kind == kind for each in compared.openings) for kind in (OPENED, CLOSED)},
            "widened": compared.is_widened,
        },
    }
    return json_text(document) + "\n"


def _change(told: Told) -> dict[str, Any]:
    change = told.change
    grant = change.grant
    return {
        "change": change.kind,
        "clusters": list(told.clusters),
        "source": str(grant.subject),
        "destination": str(grant.destination),
        "port": grant.port or None,
        "protocol": grant.spelled or None,
        "whole": change.is_whole,
        "remark": remark(change),
        "flows": boxes_of(change.flows),
        "before": _side(change.before, change.old),
        "after": _side(change.after, change.new),
    }


def _side(grants: Iterable[Grant], terms: Terms | None) -> dict[str, Any]:
    """The rules of a side, and the terms of the flows where it grants them."""
    rules = [rule_of(grant) for grant in rules_of(grants)]
    return {"rules": rules, "terms": None if terms is None else terms_of(terms)}


def rule_of(grant: Grant) -> dict[str, Any]:
    """The rule of a grant, and where it stands."""
    name, line, _ = grant.rule.span.place
    return {"file": name, "line": line, "text": words(grant.rule)}


def terms_of(terms: Terms) -> dict[str, Any]:
    """The terms of some flows."""
    return {
        "owners": list(terms.owners),
        "expires": None if terms.expires is None else str(terms.expires),
        "regions": list(terms.regions),
        "endpoints": list(terms.endpoints),
    }


def _opening(opening: Opening) -> dict[str, Any]:
    return {"change": opening.kind, "clusters": list(opening.clusters), "workloads": patterns_of(opening.workloads)}
