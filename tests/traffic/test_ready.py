"""`egressc audit --ready`: a namespace is ready when nothing was seen for long enough that its policy would block."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from faked import END, PROFILE, SEEN, START, TODAY, Fake, Result, holding, labelled, server, vector
from faked import known as whole

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "audit.schema.json").read_text())
HTTP, TCP = "istio_requests_total", "istio_tcp_connections_closed_total"
PASSED, BLACK = "PassthroughCluster", "BlackHoleCluster"
POLICY = "allow idgen -> httpbin.org:80 http\n"

Asks = Callable[..., tuple[str, str, str | None, int]]


@pytest.fixture
def ready(project: Path, fake: Fake) -> Asks:
    """State, reason, moment and number of flows of the namespace recipes; the policy has one rule."""

    def ask(*series: Any, known: int = START, arguments: tuple[str, ...] = ()) -> tuple[str, str, str | None, int]:
        (project / "a.egress").write_text(POLICY)
        reply = holding(*series)
        days = count()  # the newest is asked about first

        def answer(query: str) -> Any:
            if "group by" not in query or known == START:
                return reply(query)
            is_there = END - next(days) % 7 * 86_400 > known
            return whole(known, END, *map(server, SEEN)) if is_there else vector()

        fake.reply = answer
        options = ("audit", "a.egress", "-p", "profile.yaml", "--prometheus", fake.url, "--today", TODAY, "--ready")
        told = Result(*options, "--format", "json", *arguments).json
        jsonschema.validate(told, SCHEMA)
        assert Result(*options, "--fail-on", "not-ready").status == (
            told["ready"][0]["state"] not in ("ready", "enforced")
        )
        (one,) = told["ready"]
        assert one["namespace"] == "recipes"
        return one["state"], one["why"], one["readyOn"], len(one["against"])

    return ask


GRANTED = (HTTP, labelled("idgen", "httpbin.org", PASSED), 1.0)


def test_what_passes_through_and_is_granted(ready: Asks, project: Path) -> None:
    (project / "profile.yaml").write_text(PROFILE + "  enforcement: observe\n")
    assert ready(GRANTED) == ("ready", "nothing left that the policy would block", None, 0)


def test_what_is_enforced_already(ready: Asks, project: Path) -> None:
    assert ready(GRANTED)[0] == "enforced"
    (project / "profile.yaml").write_text(PROFILE + "  enforcement: {namespaces: [recipes]}\n")
    assert ready(GRANTED)[0] == "enforced"


@pytest.mark.parametrize(
    ("series", "why"),
    [
        ((HTTP, labelled("etl", "httpbin.org", PASSED), 1.0), "1 flow that no rule grants"),
        ((HTTP, labelled("idgen", "httpbin.org:8080", PASSED), 1.0), "1 flow that no rule grants"),
        ((HTTP, labelled("idgen", "other.example.com", "other.example.com"), 1.0), "1 flow that no rule grants"),
        ((TCP, labelled("idgen", "unknown", PASSED), 1.0), "connections without a name from 1 workload"),
    ],
)
def test_what_would_be_blocked(ready: Asks, series: Any, why: str) -> None:
    assert ready(GRANTED, series) == ("not-ready", why, "2026-12-02T23:00:00Z", 1)


def test_what_is_blocked_already_is_no_reason(ready: Asks) -> None:
    assert ready((HTTP, labelled("etl", "x.example.com", BLACK), 1.0))[0] == "enforced"


def test_what_is_not_known(ready: Asks) -> None:
    assert ready() == ("not-known", "nothing of it was observed", None, 0)
    assert ready(GRANTED, known=END - 82_800) == (
        "not-known",
        "what is known of it does not go back far enough",
        "2026-12-02T01:00:00Z",
        0,
    )


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (("idgen",), "nothing of its workload `etl` was observed"),
        ((), "nothing of its workload `etl` was observed"),
    ],
)
def test_a_workload_that_was_not_observed_keeps_its_namespace_from_being_ready(
    seen: tuple[str, ...], why: str, project: Path, fake: Fake
) -> None:
    (project / "a.egress").write_text(POLICY)
    fake.reply = holding(GRANTED, seen=seen)
    options = ("audit", "a.egress", "-p", "profile.yaml", "--prometheus", fake.url, "--today", TODAY, "--ready")
    told = Result(*options, "--format", "json").json
    assert [(each["state"], each["why"]) for each in told["ready"]] == [("not-known", why)]
    assert "not observed: recipes/etl\n" in Result(*options).out


def test_a_namespace_that_nobody_scrapes_while_others_are(project: Path, fake: Fake) -> None:
    shop = "    shop: {workloads: {cart: {labels: {app: cart}}}}\n"
    (project / "profile.yaml").write_text(PROFILE.replace("  destinations:", f"{shop}  destinations:"))
    (project / "a.egress").write_text("allow shop/cart -> a.b.com:443 tls\nallow * -> c.b.com:443 tls\n" + POLICY)
    fake.reply = holding(GRANTED)
    options = ("audit", "a.egress", "-p", "profile.yaml", "--prometheus", fake.url, "--today", TODAY)
    told = Result(*options, "--ready", "--format", "json").json
    assert [(each["namespace"], each["state"]) for each in told["ready"]] == [
        ("recipes", "enforced"),
        ("shop", "not-known"),
    ]
    assert [each["state"] for each in told["rules"]] == ["unknown", "unknown", "used"]
    assert told["window"]["unobserved"] == ["shop/*"]
    assert "not observed: shop/*\n" in Result(*options).out
    fake.reply = holding(GRANTED, (HTTP, labelled("cart", "x.b.com", BLACK, namespace="shop"), 1.0))
    told = Result(*options, "--format", "json").json
    assert [each["state"] for each in told["rules"]] == ["unused", "unused", "used"]


def test_a_namespace_that_is_not_scraped_any_more(project: Path, fake: Fake) -> None:
    (project / "a.egress").write_text(POLICY + "allow etl -> a.b.com:443 tls\n")
    days = count()  # the newest is asked about first

    def answer(query: str) -> Any:
        if "group by" not in query:
            return vector(({}, END + 1.0)) if query == "vector(time())" else vector()
        return whole(START, END - 2 * 86_400, *map(server, SEEN)) if next(days) % 7 >= 2 else vector()

    fake.reply = answer
    options = ("audit", "a.egress", "-p", "profile.yaml", "--prometheus", fake.url, "--today", TODAY)
    told = Result(*options, "--ready", "--format", "json").json
    assert [each["why"] for each in told["ready"]] == ["nothing of it was recorded after 2026-11-24 00:00"]
    assert told["findings"][0]["notes"] == ["nothing was recorded of its workloads after 2026-11-24 00:00 UTC"]


def test_text(ready: Asks, project: Path, fake: Fake) -> None:
    ready(GRANTED, (HTTP, labelled("etl", "x.example.com", PASSED), 1.0))
    options = ("audit", "a.egress", "-p", "profile.yaml", "--prometheus", fake.url, "--today", TODAY, "--ready")
    assert Result(*options).out.splitlines()[1:] == [
        "not ready: recipes: 1 flow that no rule grants; ready on 2026-12-02 23:00 if nothing more comes",
        "    recipes/etl -> x.example.com (as the client says), last seen 2026-11-25 22:00 to 23:00, 7 requests",
    ]


@pytest.mark.parametrize(
    ("passing", "enforcement", "following"),
    [
        ((), "observe", "mesh"),
        (("shop",), "observe", "{namespaces: [recipes]}"),
        (("shop",), "{namespaces: [recipes]}", None),
        ((), "{namespaces: [recipes]}", "mesh"),
        (("shop", "recipes"), "observe", None),
        ((), "mesh", None),
    ],
)
def test_the_next_step(
    passing: tuple[str, ...], enforcement: str, following: str | None, project: Path, fake: Fake
) -> None:
    profile = PROFILE.replace(
        "  destinations:", "    shop: {workloads: {cart: {labels: {app: cart}}}}\n  destinations:"
    )
    (project / "profile.yaml").write_text(f"{profile}  enforcement: {enforcement}\n")
    (project / "a.egress").write_text(POLICY)
    series = [GRANTED, (HTTP, labelled("cart", "x.example.com", BLACK, namespace="shop"), 1.0)]
    series += [(HTTP, labelled("cart", "x.example.com", PASSED, namespace=each), 1.0) for each in passing]
    fake.reply = holding(*series)
    options = ("audit", "a.egress", "-p", "profile.yaml", "--prometheus", fake.url, "--today", TODAY, "--ready")
    told = Result(*options, "--format", "json").json
    jsonschema.validate(told, SCHEMA)
    assert told["next"] == following
    assert (f"next: `enforcement: {following}` in the profile" in Result(*options).out) == bool(following)


def test_a_hole_in_the_data_is_never_ready(project: Path, fake: Fake) -> None:
    """What happened in some hours, or behind a store that is down, is not known; what was seen still speaks against it."""
    (project / "a.egress").write_text(POLICY)
    options = ("audit", "a.egress", "-p", "profile.yaml", "--prometheus", fake.url, "--today", TODAY, "--ready")

    def asked(reply: Any) -> tuple[str, str]:
        fake.reply = reply
        (one,) = Result(*options, "--format", "json").json["ready"]
        assert Result(*options, "--fail-on", "not-ready").status == 1
        return one["state"], one["why"]

    def with_hole(*series: Any) -> Any:
        whole = holding(*series)
        return lambda query: vector(({}, 150.0)) if query.startswith("count_over") else whole(query)

    unknown = ("not-known", "the data of that time is incomplete")
    assert asked(with_hole(GRANTED)) == unknown
    assert asked(holding(GRANTED, warnings=("store b is down",))) == unknown
    against = (HTTP, labelled("etl", "httpbin.org", PASSED), 1.0)
    assert asked(with_hole(GRANTED, against)) == ("not-ready", "1 flow that no rule grants")
