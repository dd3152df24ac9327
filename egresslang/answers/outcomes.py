"""Outcomes: judged expectations as text, one line each, as JSON and as JUnit's XML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from egresslang.answers.written import place, words
from egresslang.json_text import json_text
from egresslang.policy.expectations import ALLOWED, Judgement
from egresslang.policy.granted import Near
from egresslang.record import record
from egresslang.report.color import Paint
from egresslang.report.display import shown

VERSION = 1


@record
class Outcome:
    """A judged expectation; `cluster` is empty where only one was asked."""

    judgement: Judgement
    cluster: str

    @property
    def statement(self) -> str:
        """The expectation in its own words, with its cluster."""
        said = words(self.judgement.assertion.rule)
        return f"{said} (cluster {self.cluster})" if self.cluster else said

    @property
    def reason(self) -> str:
        """Why it is met or not: the rules that grant it, or that nothing does."""
        judgement = self.judgement
        rules = [f"`{words(grant.rule)}` ({place(grant.rule)})" for grant in judgement.grants]
        if judgement.assertion.outcome != ALLOWED:
            return "nothing grants it" if judgement.is_met else f"`{judgement.flow}` is granted by {rules[0]}"
        if judgement.is_met:
            return f"granted by {', '.join(rules)}" if rules else "it asks for nothing"
        return f"no rule grants `{judgement.flow}`{_near(judgement.near)}"


def _near(near: Near | None) -> str:
    if near is None:
        return ""
    return f"; `{words(near.grant.rule)}` ({place(near.grant.rule)}) grants {near.words}"


def show(format: str, outcomes: Sequence[Outcome], today: str, paint: Paint, quiet: bool) -> str:
    """The outcomes in a format: text (only failures where `quiet`), json or junit."""
    if format == "json":
        return _json(outcomes, today)
    if format == "junit":
        return _junit(outcomes)
    return _text(outcomes, paint, quiet)


def _failed(outcomes: Iterable[Outcome]) -> int:
    return sum(not each.judgement.is_met for each in outcomes)


def _text(outcomes: Sequence[Outcome], paint: Paint, quiet: bool) -> str:
    lines = []
    for each in outcomes:
        met = each.judgement.is_met
        if met and quiet:
            continue
        mark = paint("strong", "ok  ") if met else paint("error", "FAIL")
        said = f"{place(each.judgement.assertion.rule)}: {each.statement}: {each.reason}"
        lines.append(f"{mark} {shown(said)}\n")
    failed = _failed(outcomes)
    if quiet and not failed:
        return ""
    return "".join(lines) + _summary(len(outcomes), failed)


def _summary(number: int, failed: int) -> str:
    if not number:
        return "no expectations\n"
    return f"{number - failed} met, {failed} failed\n"


def _json(outcomes: Sequence[Outcome], today: str) -> str:
    failed = _failed(outcomes)
    document = {
        "version": VERSION,
        "today": today,
        "expectations": [_object(each) for each in outcomes],
        "summary": {"met": len(outcomes) - failed, "failed": failed},
    }
    return json_text(document) + "\n"


def _object(outcome: Outcome) -> dict[str, Any]:
    judgement = outcome.judgement
    made: dict[str, Any] = {
        **_place(judgement.assertion.rule.span.place),
        "text": words(judgement.assertion.rule),
        "expected": judgement.assertion.outcome,
        "met": judgement.is_met,
        "reason": outcome.reason,
        "rules": [{**_place(grant.rule.span.place), "text": words(grant.rule)} for grant in judgement.grants],
    }
    if judgement.flow:
        made["flow"] = judgement.flow
    if outcome.cluster:
        made["cluster"] = outcome.cluster
    return made


def _place(place: tuple[str, int, int]) -> dict[str, Any]:
    return {"file": place[0], "line": place[1]}


def _junit(outcomes: Sequence[Outcome]) -> str:
    """One test suite for each policy file, one test case for each expectation."""
    files: dict[str, list[Outcome]] = {}
    for each in outcomes:
        files.setdefault(each.judgement.assertion.rule.span.source.name, []).append(each)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<testsuites name="egressc test" tests="{len(outcomes)}" failures="{_failed(outcomes)}" errors="0" time="0">\n',
    ]
    for file, held in files.items():
        counts = f'tests="{len(held)}" failures="{_failed(held)}" errors="0" skipped="0" time="0"'
        lines.append(f'  <testsuite name="{_escaped(file)}" {counts}>\n')
        lines += [_case(file, each) for each in held]
        lines.append("  </testsuite>\n")
    lines.append("</testsuites>\n")
    return "".join(lines)


def _case(file: str, outcome: Outcome) -> str:
    line = outcome.judgement.assertion.rule.span.place[1]
    head = f'    <testcase classname="{_escaped(file)}" name="{_escaped(f"{line}: {outcome.statement}")}" time="0"'
    if outcome.judgement.is_met:
        return f"{head}/>\n"
    code = "EGR207 expectation-failed"
    reason = _escaped(outcome.reason)
    return f'{head}>\n      <failure type="{code}" message="{reason}">{_escaped(f"{file}:{line}")}: {reason}</failure>\n    </testcase>\n'


def _escaped(text: str) -> str:
    from html import escape

    return escape(shown(text))
