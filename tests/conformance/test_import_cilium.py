"""What an imported policy of Cilium grants is what Cilium's own reader lets through, and what it does not grant is told."""

from __future__ import annotations

import json
import random
import subprocess
from typing import Any

import pytest
from peers import program
from test_import_acl import TODAY, granted

from egresslang.existing.importing.importing import import_policy
from egresslang.policy.granted import Granted, box_of
from egresslang.policy.policy import Grant, Name, Rule, Subject
from egresslang.source import Source, Span

pytestmark = pytest.mark.conformance

NAMES = (
    "example.com",
    "api.example.com",
    "v1.api.example.com",
    "example.org",
    "www.example.org",
    "a.www.example.org",
    "apiexample.com",
)
PORTS = (80, 443, 8443)
SPOKEN = {80: "http", 443: "tls", 8443: "tls"}
FQDNS: tuple[dict[str, str], ...] = (
    {"matchName": "example.com"}, {"matchName": "API.example.com"}, {"matchName": "www.example.org."},
    {"matchPattern": "*.example.com"}, {"matchPattern": "**.example.com"}, {"matchPattern": "api*.com"},
    {"matchPattern": "*"}, {"matchPattern": "**.example.org"}, {"matchPattern": "example.org"}, {"matchPattern": "***.example.org"},
)  # fmt: skip
TO_PORTS: tuple[list[dict[str, Any]], ...] = (
    [], [{"ports": [{"port": "443"}]}], [{"ports": [{"port": "443", "protocol": "TCP"}, {"port": "80", "protocol": "TCP"}]}],
    [{"ports": [{"port": "53", "protocol": "UDP"}]}], [{"ports": [{"port": "443", "protocol": "ANY"}]}],
    [{"ports": [{"port": "442", "endPort": 444, "protocol": "TCP"}]}], [{"ports": [{"port": "0", "protocol": "TCP"}]}],
)  # fmt: skip
SELECTORS: tuple[dict[str, Any], ...] = (
    {"matchLabels": {"app": "cart"}},
    {"matchLabels": {"k8s:app": "cart"}},
    {"matchExpressions": [{"key": "app", "operator": "In", "values": ["cart", "web"]}]},
    {"matchExpressions": [{"key": "k8s:app", "operator": "Exists"}]},
)


def policy(seed: int) -> dict[str, Any]:
    """A policy as people write them, of a namespace or of all."""
    chance = random.Random(seed)
    rules: list[dict[str, Any]] = []
    for _ in range(chance.randint(1, 3)):
        rule: dict[str, Any] = {"toFQDNs": chance.sample(FQDNS, chance.randint(1, 3))}
        ports = chance.choice(TO_PORTS)
        rules.append(rule | ({"toPorts": ports} if ports else {}))
    if chance.random() < 0.2:
        rules.append(
            {"toCIDRSet": [{"cidr": "198.51.100.0/24", "except": ["198.51.100.0/28"]}], "toPorts": TO_PORTS[1]}
        )
    spec: dict[str, Any] = {"endpointSelector": chance.choice(SELECTORS), "egress": rules}
    if chance.random() < 0.15:
        spec["egressDeny"] = [{"toCIDR": ["203.0.113.0/24"]}]
    kind, where = chance.choice(
        (("CiliumNetworkPolicy", {"namespace": "shop"}), ("CiliumClusterwideNetworkPolicy", {}))
    )
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": {"name": "cart", **where}, "spec": spec}


CART = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart", "namespace": "shop"},
    "spec": {"selector": {"matchLabels": {"app": "cart"}}, "template": {"metadata": {"labels": {"app": "cart"}}}},
}  # fmt: skip


def is_granted(by: Granted, name: str, port: int) -> bool:
    nowhere = Span(Source("", ""), 0, 0)
    spoken = SPOKEN[port]
    flow = Grant(Subject("shop", "cart"), Name(name), port, spoken, spoken, (), Rule("", nowhere), nowhere)
    return bool(by.to_name_told(box_of(flow)))


def test_a_policy_grants_what_cilium_lets_through() -> None:
    policies = [policy(seed) for seed in range(200)]
    lines = "".join(json.dumps({"policy": each, "names": NAMES, "ports": PORTS}) + "\n" for each in policies)
    done = subprocess.run([program("cilium")], input=lines, capture_output=True, text=True, check=True, timeout=120)
    odd, both = [], 0
    for seed, (said, line) in enumerate(zip(policies, done.stdout.splitlines(), strict=True)):
        answer = json.loads(line)
        if "error" in answer:
            odd.append((seed, answer["error"]))
            continue
        text = "".join(f"---\n{json.dumps(each)}\n" for each in (said, CART))
        made = import_policy([Source("policies.yaml", text)], None, TODAY)
        ours, told = granted(made), bool(made.unkept)
        real = iter(answer["reaches"])
        for name in NAMES:
            for port in PORTS:
                is_real, is_ours = next(real), is_granted(ours, name, port)
                both += is_real and is_ours
                if (is_ours and not is_real) or (is_real and not is_ours and not told):
                    odd.append((seed, f"{name}:{port} granted {is_ours}, let through {is_real}"))
    assert odd == []
    assert both > 100
