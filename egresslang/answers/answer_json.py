"""An answer as one JSON object on one line, as `schemas/answer.schema.json` describes it."""

from __future__ import annotations

from typing import Any

from egresslang.answers.explain import Answer, told
from egresslang.answers.question import Unanswerable
from egresslang.answers.written import words
from egresslang.json_text import json_text
from egresslang.mesh.outbound import UNSTABLE, Verdict
from egresslang.mesh.resources import Origin
from egresslang.policy.policy import Rule


def show(text: str, answer: Answer | Unanswerable) -> str:
    """The answer to a question as it was asked, without a line end; ASCII whatever was asked."""
    if isinstance(answer, Unanswerable):
        return json_text({"question": text, "error": answer.why}, None)
    return json_text(
        {
            "question": text,
            "verdict": answer.verdict,
            "sees": answer.sees or None,
            **_taken(answer.found),
            "because": [_resource(origin) for origin in answer.because],
            "rules": [_rule(grant.rule) for grant in answer.grants],
            **_possible(answer.found),
        },
        None,
    )


def _taken(found: Verdict) -> dict[str, Any]:
    """Who took a flow; nobody where several may."""
    if found.verdict == UNSTABLE:
        return {"host": None, "port": None, "dials": None}
    return {"host": found.host or None, "port": found.port or None, "dials": found.dials or None}


def _possible(found: Verdict) -> dict[str, Any]:
    """What may happen, where one thing or another does."""
    several = found.possible or tuple(part for part, copied in found.parts if not copied)
    if len(several) < 2:
        return {}
    return {"possible": [_one(each) for each in several]}


def _one(found: Verdict) -> dict[str, Any]:
    verdict, sees = told(found)
    return {"verdict": verdict, "sees": sees or None, **_taken(found)}


def _resource(origin: Origin) -> dict[str, Any]:
    place = {"file": origin.file or None, "line": origin.line or None}
    return {"kind": origin.kind, "namespace": origin.namespace, "name": origin.name, **place}


def _rule(rule: Rule) -> dict[str, Any]:
    name, line, _ = rule.span.place
    return {"file": name, "line": line, "text": words(rule)}
