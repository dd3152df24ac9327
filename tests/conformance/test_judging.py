"""Verdicts as tokens, and meshes in another order; without the judge."""

from __future__ import annotations

import pytest
from asking import Share, Verdict
from judging import reordered, token
from random_meshes import generate

CLUSTER = "outbound|443||a.example"


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (
            Verdict("allowed", sees="answer", cluster=CLUSTER, type="STRICT_DNS"),
            "allowed|answer|a.example|443|registry",
        ),
        (
            Verdict("allowed", sees="answer", cluster=CLUSTER, type="ORIGINAL_DST"),
            "allowed|answer|a.example|443|client",
        ),
        (Verdict("lost", cluster="outbound|80|v1|b.example"), "lost||b.example|80|"),
        (Verdict("blocked", sees="502"), "blocked|502|||"),
        (Verdict("blocked", sees="dropped", cluster="BlackHoleCluster"), "blocked|dropped|||"),
        (Verdict("passed-through", sees="answer", cluster="PassthroughCluster"), "passed-through|answer|||"),
        (Verdict("passed-through", sees="answer", type="DYNAMIC_FORWARD_PROXY"), "passed-through|answer|||name"),
        (Verdict("lost", error="multiple filter chains matched"), "refused||||"),
        (Verdict("allowed", sees="answer", cluster=CLUSTER, refused=True), "refused||||"),
    ],
)
def test_a_verdict_is_one_token(verdict: Verdict, expected: str) -> None:
    assert token(verdict) == expected


def test_a_dealt_call_is_the_tokens_of_all_that_get_some() -> None:
    shares = (
        Share("lost", "outbound|80||b.example", weight=1),
        Share("allowed", CLUSTER, "EDS", weight=99),
        Share("allowed", "outbound|80||never.example", "EDS", weight=0),
        Share("allowed", "outbound|80||copy.example", "EDS", copied=True),
    )
    expected = "allowed|answer|a.example|443|registry&copied|answer|copy.example|80|registry&lost||b.example|80|"
    assert token(Verdict("shared", shared=shares)) == expected


def test_another_order_has_the_same_manifests() -> None:
    case = generate(0)
    other = reordered(case, 1)
    assert other.istio != case.istio
    assert sorted(other.istio.split("---\n")) == sorted(case.istio.split("---\n"))
    assert other.calls == case.calls
