"""Random ServiceEntries and Sidecars, right and wrong in every way that Istio looks at: what it takes of them is asked of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

HOSTS = [
    *("api.example.com", "*.example.com", "a.b", "localhost", "API.x.com", "a.b.", "1.2.3.4", "*", "*x", "*-a.b", "-a.b"),
    *("a_b.c", "a..b", "*.a.b.", f"{'x' * 64}.com", "a.*.b", "ex/ample.com", "**.a", ""),
]  # fmt: skip
LISTED = ["api.example.com", "*.example.com", "*", "api", "*x.com", "a_b.c", "API.a.b", "a..b", "1.2.3.4", "", "a/b.c"]
NAMESPACES = ["./", "*/", "shop/", "~/", "~shop/", "~*/", "~./", "a_b/", "A/", "/", ""]
ADDRESSES = ["1.2.3.4", "1.2.3.0/24", "::1", "2001:db8::/32", "1.2.3.4/33", "1.2.3", "01.2.3.4", "1.2.3.4/-1", ""]
EXPORTS = [".", "shop", "other", "*", "~", "a_b", "A", "a.b", ""]
RESOLUTIONS = ["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"]
PROTOCOLS = ["TLS", "HTTP", "TCP", "tcp", "HTTPS", "UDP", "MONGO", "GRPC", "GRPC-WEB", "HTTP2", "MYSQL", "HTTP_PROXY", "", "foo"]  # fmt: skip
ENDPOINTS = ["1.2.3.4", "a.example", "unix:///a/b", "::1", "unix://a", "a_b", "", "*.a"]
POLICIES: list[dict[str, Any]] = [
    {"mode": "REGISTRY_ONLY"},
    {"mode": "ALLOW_ANY"},
    {},
    {"mode": "ALLOW_ANY", "egressProxy": {"host": "a.b", "port": {"number": 80}}},
    {"mode": "ALLOW_ANY", "egressProxy": {"host": "a.b"}},
    {"mode": "ALLOW_ANY", "egressProxy": {"host": "a_b", "port": {"number": 80}}},
    {"egressProxy": {"host": "a.b", "port": {"number": 80}}},
]


def manifest(seed: int) -> str:
    """The manifest of a seed, as YAML."""
    dice = Random(f"manifest:{seed}")
    kind, spec = ("ServiceEntry", _entry(dice)) if dice.random() < 0.6 else ("Sidecar", _sidecar(dice))
    metadata = {"name": "it", "namespace": "shop"}
    return json.dumps(
        {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}, indent=1
    )


def _mostly(dice: Random, values: Sequence[str], right: int) -> str:
    """One of some values, mostly of the first so many."""
    return dice.choice(values[:right] if dice.random() < 0.94 else values)


def _entry(dice: Random) -> dict[str, Any]:
    spec: dict[str, Any] = {"hosts": [_mostly(dice, HOSTS, 6) for _ in range(dice.choice([1, 1, 1, 2, 0]))]}
    if dice.random() < 0.8:
        spec["resolution"] = dice.choice(RESOLUTIONS)
    if dice.random() < 0.3:
        spec["addresses"] = [_mostly(dice, ADDRESSES, 4) for _ in range(dice.choice([1, 2]))]
    if dice.random() < 0.4:
        spec["exportTo"] = [_mostly(dice, EXPORTS, 3) for _ in range(dice.choice([1, 1, 2]))]
    if dice.random() < 0.9:
        spec["ports"] = [_port(dice) for _ in range(dice.choice([1, 1, 2]))]
    if dice.random() < 0.25:
        spec["endpoints"] = [_endpoint(dice) for _ in range(dice.choice([1, 2]))]
    if dice.random() < 0.1:
        spec["workloadSelector"] = {"labels": dice.choice([{"a": "b"}, {}, {"a": "*"}, {"": "b"}])}
    if dice.random() < 0.5:
        spec["location"] = dice.choice(["MESH_EXTERNAL", "MESH_INTERNAL"])
    return spec


def _port(dice: Random) -> dict[str, Any]:
    name = dice.choice(["a", "b", "tls", "A", "a_b", "x" * 64, ""])
    port: dict[str, Any] = {"number": dice.choice([443, 80, 443, 1, 65535, 65536, 0])}
    if name:
        port["name"] = name
    if dice.random() < 0.9:
        port["protocol"] = _mostly(dice, PROTOCOLS, 13)
    if dice.random() < 0.2:
        port["targetPort"] = dice.choice([1, 443, 70000])
    return port


def _endpoint(dice: Random) -> dict[str, Any]:
    endpoint: dict[str, Any] = {}
    if dice.random() < 0.9:
        endpoint["address"] = _mostly(dice, ENDPOINTS, 4)
    if dice.random() < 0.3 and not str(endpoint.get("address", "")).startswith("unix"):
        endpoint["ports"] = {dice.choice(["a", "tls", "zz"]): dice.choice([1, 0, 70000])}
    if dice.random() < 0.2:
        endpoint["network"] = "n"
    return endpoint


def _sidecar(dice: Random) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    count = dice.choice([1, 1, 2, 0])
    if count:
        spec["egress"] = [_listener(dice, at == count - 1) for at in range(count)]
    if dice.random() < 0.5:
        spec["outboundTrafficPolicy"] = dice.choice(POLICIES)
    if dice.random() < 0.5:
        spec["workloadSelector"] = {"labels": dice.choice([{"a": "b"}, {}, {"a": "*"}])}
    return spec


def _listener(dice: Random, is_last: bool) -> dict[str, Any]:
    hosts = [_mostly(dice, NAMESPACES, 7) + _mostly(dice, LISTED, 3) for _ in range(dice.choice([1, 1, 2, 0]))]
    listener: dict[str, Any] = {"hosts": hosts}
    if not is_last or dice.random() < 0.3:
        name, protocol = dice.choice(["a", "x", "a_b"]), _mostly(dice, PROTOCOLS, 13)
        listener["port"] = {"number": dice.choice([80, 443, 443, 0, 70000]), "protocol": protocol, "name": name}
        if dice.random() < 0.1:
            listener["port"]["targetPort"] = dice.choice([1, 80])
        if dice.random() < 0.2:
            listener["bind"] = dice.choice(["127.0.0.1", "0.0.0.0", "unix:///a", "x"])
    return listener
