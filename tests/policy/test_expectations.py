"""Expectations: what the grants of a policy say of its `expect` lines."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest

from egresslang.findings import Severity, errors
from egresslang.policy.expectations import Judgement, judge
from egresslang.policy.resolve import resolve
from egresslang.profile.profile import ClusterProfile
from egresslang.profile.stock import stock
from egresslang.source import Source
from egresslang.syntax.parse import parse

ALLOWS = """namespace recipes
allow idgen -> httpbin.org:80 http
allow orders -> db.example.com:5432 postgres address={10.20.0.0/24, 10.30.0.1}
allow web/* -> *.x.com:443 tls
allow open -> * reason=x
allow one -> 10.0.0.5:80 http
allow two -> two.example.com:80 http address=10.0.0.6
allow net -> 10.1.0.0/24:9000 tcp except 10.1.0.7
allow scan -> internet:443 tls reason=x
allow * -> all.example.com:443 tls
allow {idgen, web/api} -> a.b.x.com:8443 tls
allow late -> late.example.com:443 tls expires=2020-01-01
allow other -> other.example.com:443 tls cluster=elsewhere
"""

MET = """
idgen -> httpbin.org:80 http allowed
idgen -> httpbin.org:80 allowed
idgen -> httpbin.org allowed
idgen -> httpbin.org:443 blocked
idgen -> httpbin.org:80 tls blocked
idgen -> httpbin.org:80 http2 blocked
idgen -> httpbin.org:80 http address=192.0.2.1 allowed
idgen -> evil.org:80 http address=192.0.2.1 blocked
{orders, web/*} -> httpbin.org:80 blocked
* except {idgen, open} -> httpbin.org:80 blocked
orders -> db.example.com:5432 allowed
orders -> db.example.com:5432 tcp allowed
orders -> db.example.com:5432 tcp address=10.20.0.9 allowed
orders -> db.example.com:5432 tcp address={10.20.0.0/25, 10.30.0.1} allowed
orders -> db.example.com:5432 tcp address=10.40.0.1 blocked
orders -> 10.20.0.0/24:5432 http allowed
orders -> lie.example.com:5432 tcp address=10.20.0.9 allowed
web/* -> *.x.com:443 tls allowed
web/anybody -> *.deep.x.com:443 allowed
web/* -> x.com:443 blocked
web/api -> a.b.x.com:{443 tls, 8443 tls} allowed
open -> * allowed
open -> anything.example:99 tcp allowed
open -> 10.0.0.0/8:1 tcp allowed
one -> 10.0.0.5:80 http allowed
one -> 10.0.0.5:80 tcp blocked
one -> lie.example.com:80 http address=10.0.0.5 blocked
two -> two.example.com:80 http address=192.0.2.1 allowed
net -> 10.1.0.0/24:9000 tcp except 10.1.0.7 allowed
net -> 10.1.0.7:9000 blocked
scan -> internet:443 allowed
scan -> 10.0.0.0/8:443 blocked
* -> all.example.com:443 allowed
late -> late.example.com:443 blocked
other -> other.example.com:443 blocked
idgen -> dns.example.com:53 udp blocked
"""

FAILED = {
    "idgen -> httpbin.org:80 blocked": "recipes/idgen -> httpbin.org:80 http",
    "idgen -> httpbin.org blocked": "recipes/idgen -> httpbin.org:80 http",
    "idgen -> httpbin.org:443 tls allowed": "recipes/idgen -> httpbin.org:443 tls",
    "{idgen, orders} -> httpbin.org:80 allowed": "recipes/orders -> httpbin.org:80",
    "recipes/* -> httpbin.org:80 allowed": "recipes/anything -> httpbin.org:80",
    "{idgen, orders} -> httpbin.org:80 blocked": "recipes/idgen -> httpbin.org:80 http",
    "web/* -> {*.x.com, x.com}:443 allowed": "web/anything -> x.com:443",
    "web/* -> *.y.x.com:443 blocked": "web/anything -> anything.y.x.com:443 tls",
    "idgen -> *.b.x.com:8443 allowed": "recipes/idgen -> anything.b.x.com:8443",
    "net -> 10.1.0.0/24:9000 tcp allowed": "recipes/net -> 10.1.0.7:9000 tcp",
    "net -> 10.1.0.0/23:9000 tcp except 10.1.0.7 allowed": "recipes/net -> 10.1.1.0:9000 tcp",
    "orders -> db.example.com:5432 tcp address={10.20.0.9, 10.40.0.1} allowed": "recipes/orders -> db.example.com:5432 tcp address=10.40.0.1",
    "orders -> db.example.com:5432 tcp address={10.20.0.9, 10.40.0.1} blocked": "recipes/orders -> 10.20.0.9:5432 tcp",
    "* except {open} -> all.example.com:443 blocked": "anything/anything -> all.example.com:443 tls",
    "open -> * blocked": "recipes/open -> anything:1 http",
    "idgen -> * allowed": "recipes/idgen -> anything",
    "late -> late.example.com:443 allowed": "recipes/late -> late.example.com:443",
}  # fmt: skip


def judged(allows: str, expectations: list[str], profile: ClusterProfile | None = None) -> list[Judgement]:
    text = allows + "".join(f"expect {each}\n" for each in expectations)
    file, wrong = parse(Source("a.egress", text))
    assert wrong == []
    policy, found = resolve([file], profile or stock(), date(2026, 11, 23), Severity.WARNING)
    assert errors(found) == []
    return list(judge(policy))


def test_what_is_met() -> None:
    expectations = [line for line in MET.splitlines() if line]
    failed = [said for said, each in zip(expectations, judged(ALLOWS, expectations), strict=True) if not each.is_met]
    assert failed == []


@pytest.mark.parametrize(("expectation", "flow"), FAILED.items())
def test_what_is_not_met_shows_one_flow(expectation: str, flow: str) -> None:
    (judgement,) = judged(ALLOWS, [expectation])
    assert not judgement.is_met
    assert judgement.flow == flow


def test_the_rules_that_grant_are_named_once_each() -> None:
    (judgement,) = judged(ALLOWS, ["web/api -> a.b.x.com:{443, 8443} allowed"])
    assert [grant.rule.span.text for grant in judgement.grants] == [
        "allow web/* -> *.x.com:443 tls",
        "allow {idgen, web/api} -> a.b.x.com:8443 tls",
    ]


def test_what_comes_near_is_named() -> None:
    nears = judged(
        ALLOWS, ["orders -> httpbin.org:80 allowed", "idgen -> httpbin.org:443 allowed", "etl -> nothing.org:1 allowed"]
    )
    assert [each.near and (each.near.grant.rule.span.text, each.near.words) for each in nears] == [
        ("allow idgen -> httpbin.org:80 http", "it to `recipes/idgen`"),
        ("allow idgen -> httpbin.org:80 http", "port 80 http of it"),
        None,
    ]


@pytest.mark.parametrize("seed", range(20))
def test_sets_are_judged_as_their_members_are(seed: int) -> None:
    """Over a small world written out member by member, sets of workloads, hosts and ports come out the same."""
    random = Random(seed)
    workloads, hosts, ports = ["a", "b", "c"], ["x.com", "y.com", "z.com"], ["80 http", "443 tls", "90 http2"]

    def some(members: list[str]) -> list[str]:
        return random.sample(members, random.randint(1, len(members)))

    rules = [(some(workloads), some(hosts), some(ports)) for _ in range(5)]
    allows = "".join(
        f"allow {{{', '.join(who)}}} -> {{{', '.join(to)}}}:{{{', '.join(on)}}}\n" for who, to, on in rules
    )
    granted = {(w, h, p) for who, to, on in rules for w in who for h in to for p in on}
    for _ in range(20):
        who, to, on = some(workloads), some(hosts), some(ports)
        flows = {(w, h, p) for w in who for h in to for p in on}
        said = f"{{{', '.join(who)}}} -> {{{', '.join(to)}}}:{{{', '.join(on)}}}"
        allowed, blocked = judged(allows, [f"{said} allowed", f"{said} blocked"])
        assert allowed.is_met == (flows <= granted)
        assert blocked.is_met == (not flows & granted)
