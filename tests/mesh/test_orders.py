"""The orders of services of one host and age: looked at where they can matter, and not where each has ports of its own."""

from __future__ import annotations

import json
import random
import warnings

import pytest
from asking import Case, Proxy
from meshes import entry, sidecar
from modelled import mesh_of, pod_of

from egresslang.mesh.mesh import Mesh
from egresslang.mesh.outbound import Outbound, Request
from egresslang.mesh.registry import orders
from egresslang.mesh.scope import scope

PROTOCOLS = ("TLS", "HTTP", "TCP", "HTTPS", "")
ADDRESS = 4, 93 << 24


def mesh(entries: list[str], *lists: str) -> Mesh:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mesh_of(Case("", "{}", "".join([*entries, sidecar(list(lists) or ["*/*"])]), "", (), ()))


def written(number: int, ports: list[tuple[int, str]], resolution: str = "DNS", **spec: object) -> str:
    return entry("api.example", ports, resolution, metadata={"name": f"api-{number}"}, **spec)


def starts(asked: Mesh) -> int:
    return len(asked.proxy(pod_of(Proxy("team-a", {"app": "idgen"}))).starts())


def test_ports_of_their_own_are_one_start() -> None:
    assert starts(mesh([written(at, [(443 + at, "TLS")]) for at in range(6)])) == 1


@pytest.mark.parametrize(
    "entries",
    [
        [written(0, [(443, "TLS")]), written(1, [(443, "TLS"), (444, "TLS")])],
        [written(0, [(443, "TLS")]), written(1, [(444, "TLS")], "NONE")],
        [written(0, [(443, "TCP")], addresses=["240.0.0.9"]), written(1, [(444, "TCP")], addresses=["240.0.0.8"])],
        [written(0, [(443, "TLS")]), written(1, [(444, "TLS")], exportTo=["*"])],
    ],
    ids=["a port", "resolution", "address", "export"],
)
def test_whatever_else_differs_is_left_to_chance(entries: list[str]) -> None:
    assert starts(mesh(entries)) > 1


def test_a_list_of_exact_names_takes_one_of_them() -> None:
    assert starts(mesh([written(0, [(443, "TLS")]), written(1, [(444, "TLS")])], "./api.example")) > 1


@pytest.mark.parametrize("seed", range(12))
def test_orders_that_are_not_looked_at_change_nothing(seed: int) -> None:
    chance = random.Random(seed)
    count, numbers = chance.randint(2, 4), list(range(80, 100))
    chance.shuffle(numbers)
    shared: dict[str, object] = {"resolution": chance.choice(("DNS", "NONE", "STATIC"))}
    if shared["resolution"] == "STATIC":
        shared["endpoints"] = [{"address": "93.0.0.1"}]
    if chance.random() < 0.3:
        shared["addresses"] = ["240.0.0.9"]
    entries = []
    for at in range(count):
        ports = [(numbers.pop(), chance.choice(PROTOCOLS)) for _ in range(chance.randint(1, 2))]
        entries.append(
            written(at, ports, str(shared["resolution"]), **{k: v for k, v in shared.items() if k != "resolution"})
        )
    asked = mesh(entries)
    pod = pod_of(Proxy("team-a", {"app": "idgen"}, dnsCapture=chance.random() < 0.5))
    proxy = asked.proxy(pod)
    assert len(proxy.starts(by_name=True)) == 1
    requests = [
        Request(protocol, "api.example", address, port)
        for port in range(80, 100)
        for protocol in ("http", "tls", "tcp")
        for address in (ADDRESS, (4, 240 << 24 | 9))
    ]
    told = set()
    for turn in range(orders(asked.registry().services)):
        registry = asked.registry({("api.example", "team-a"): turn})
        one = Outbound(registry, scope(registry, pod.namespace, proxy.sidecar), pod)
        told.add(json.dumps([[str(each.token) for each in one.ask(request)] for request in requests]))
    assert len(told) == 1
