"""What `analyze` says of the flawed meshes is what really happens, and `istioctl analyze` is run beside it over each."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asking import Case as Mesh
from asking import Judge, Proxy
from judging import judge_often
from meshes import call, said
from peers import PAGE, caught, page, rows

sys.path.insert(0, str(Path(__file__).parents[1] / "existing"))

import cases

from egresslang.existing.analyze import analyze
from egresslang.source import Source

pytestmark = pytest.mark.conformance

PEERS = {
    "IST0109": {"EGR630"},
    "IST0110": {"EGR620"},
    "IST0111": {"EGR619", "EGR623"},
    "IST0134": {"EGR609"},
    "IST0177": {"EGR615"},
}
"""What a code of istioctl is called here, where it is one thing there; a selector without labels is none to it."""

WHICH = (cases.BAD, cases.GOOD)


def mesh(case: cases.Case, which: str) -> Mesh:
    """One of the two meshes of a case, and every call of it."""
    istio: list[Any] = []
    kubernetes: list[Any] = []
    config: dict[str, Any] = {"rootNamespace": "istio-system"}
    for each in case.documents(which):
        if each["kind"] == "IstioOperator":
            config |= each["spec"]["meshConfig"]
        elif each["apiVersion"].partition("/")[0].endswith("istio.io"):
            istio.append(each)
        else:
            kubernetes.append(each)
    proxies: list[Proxy] = []
    calls = []
    for asked in case.flows:
        proxies.append(Proxy(asked.pod.split("/")[0], case.labels(which, asked.pod)))
        calls.append(replace(call(asked.call), proxy=len(proxies) - 1))
    return Mesh(
        f"{case.name} {which}",
        json.dumps(config),
        "".join(f"---\n{json.dumps(each)}\n" for each in istio),
        "".join(f"---\n{json.dumps(each)}\n" for each in kubernetes),
        tuple(proxies),
        tuple(calls),
    )


@pytest.mark.parametrize("which", WHICH)
@pytest.mark.parametrize("case", [each for each in cases.CASES if each.flows], ids=lambda each: each.name)
def test_the_judge_sees_the_flow_that_opens_or_closes(case: cases.Case, which: str, judge: Judge) -> None:
    asked = mesh(case, which)
    answer = judge.ask(asked)
    assert answer.error == ""
    seen = [{said(verdict)} for verdict in answer.verdicts]
    if any(each.verdict(which) == "chance" for each in case.flows):
        tokens = judge_often(judge, asked, starts=4, rolls=20)
        seen = [{"chance"} if len(several) > 1 else one for several, one in zip(tokens, seen, strict=True)]
    assert seen == [{each.verdict(which)} for each in case.flows]


def test_istioctl_is_listed_case_by_case() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(rows()), "`python tests/conformance/peers.py` writes it"


@pytest.mark.parametrize("case", cases.CASES, ids=lambda each: each.name)
def test_nothing_that_istioctl_catches_is_missed(case: cases.Case) -> None:
    found = {each.code.id for each in analyze([Source("bad.yaml", case.text(cases.BAD))]).findings}
    assert found == {case.code}
    assert all(case.code in PEERS.get(code, {case.code}) for code in caught(case))
