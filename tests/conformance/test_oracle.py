"""The oracle is right about what a policy means, and notices when the manifests are not.

The reference compiler stands in for the real one: with it, oracle and judge agree on every flow, and each of its
manifests broken in one way is found out.
"""

from __future__ import annotations

from ipaddress import ip_network

import pytest
import reference
from asking import Judge
from compiling import Compiled
from policies import (
    Addressed,
    Cluster,
    Named,
    Port,
    RandomPolicy,
    Rule,
    Source,
    Workload,
    printed,
)
from random_policies import SERVICES, SHAPES, generate
from trials import Outcome, outcome_of

pytestmark = pytest.mark.conformance

IDGEN = Workload("team-a", "idgen", (("app", "idgen"),))
ETL = Workload("team-a", "etl", (("app", "etl"),))
POLICY = RandomPolicy(
    "small",
    Cluster(("team-a",), (IDGEN, ETL)),
    (
        Rule(0, (Source("team-a", "idgen"),), (Named("api.alpha.com", (Port(443, "tls"),)),), "team-a"),
        Rule(1, (Source("team-a", "idgen"),), (Named("*.beta.net", (Port(80, "http"),)),), "team-a"),
        Rule(
            2,
            (Source("team-a", "etl"),),
            (Addressed((ip_network("203.0.113.0/24"),), (Port(9000, "tcp"),), (ip_network("203.0.113.7"),)),),
            "team-a",
        ),
        Rule(3, (Source("*", "*"),), (Addressed((ip_network("198.51.100.7"),), (Port(8080, "http"),)),), "team-a"),
    ),
    (),
    SERVICES,
)


def judged(policy: RandomPolicy, manifests: str, judge: Judge) -> Outcome:
    return outcome_of(policy, Compiled(0, manifests, (), ""), judge)


@pytest.mark.parametrize("shape", SHAPES)
def test_oracle_judge_and_reference_agree(shape: str, judge: Judge) -> None:
    for seed in range(10):
        policy = generate(seed, shape)
        outcome = judged(policy, reference.manifests(policy), judge)
        assert outcome.right, outcome.report()


def test_the_same_seed_is_the_same_policy() -> None:
    assert printed(generate(7, "wildcards")) == printed(generate(7, "wildcards"))
    assert printed(generate(7)).text != printed(generate(8)).text


@pytest.mark.parametrize(
    ("was", "becomes", "why"),
    [
        ('"REGISTRY_ONLY"', '"ALLOW_ANY"', "over-grant: passed through"),
        ('"number": 443', '"number": 8443', "outage: blocked"),
        ('"hosts": ["api.alpha.com"]', '"hosts": ["api.alpha.com", "sib.alpha.com"]', "over-grant"),
        ('"protocol": "TLS"', '"protocol": "TCP"', "over-grant"),
        ('"203.0.113.0/30"', '"203.0.113.0/29"', "over-grant"),
        ('"*/*.svc.cluster.local", ', "", "outage: blocked"),
        ('"resolution": "DYNAMIC_DNS"', '"resolution": "NONE"', "spoofable: the client chooses the address"),
        ('[{"address": "198.51.100.7"}]', '[{"address": "198.51.100.8"}]', "hijack: dials ('198.51.100.8:8080',)"),
        (
            '"hosts": ["api.alpha.com"], "resolution": "DNS"',
            '"hosts": ["api.alpha.com"], "endpoints": [{"address": "evil.test"}], "resolution": "DNS"',
            "hijack: dials ('evil.test:443',)",
        ),
    ],
)
def test_a_broken_manifest_is_found_out(was: str, becomes: str, why: str, judge: Judge) -> None:
    manifests = reference.manifests(POLICY)
    assert judged(POLICY, manifests, judge).right
    assert was in manifests
    broken = judged(POLICY, manifests.replace(was, becomes), judge)
    assert any(one.why.startswith(why) for one in broken.disagreements), broken.report()
