"""What is seen to agree without being asked for: as much is found wrong as when everything is asked for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from meshes import entry, manifest

from egresslang.compile import compile, read
from egresslang.documents import read as read_documents
from egresslang.findings import Severity
from egresslang.mesh.gateways import Gateways
from egresslang.mesh.mesh import Mesh
from egresslang.mesh.outbound import BLOCKED, DROPPED, Request
from egresslang.mesh.read import read as read_resources
from egresslang.mesh.resources import MeshConfig, OutboundPolicy
from egresslang.policy.policy import Policy
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Source
from egresslang.verify.compare import Comparison, known_places
from egresslang.verify.pods import classes
from egresslang.verify.probes import FRESH_NAME, Probe, ports, probes

POLICY = """\
namespace shop
allow cart -> 203.0.113.0/24:9000 tcp except {203.0.113.7, 203.0.113.128/25} reason="x"
allow pay -> 198.51.100.0/24:9000 tcp reason="x"
"""
PROFILE = """\
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: c}
spec:
  istio: {version: "1.31", outboundTrafficPolicy: REGISTRY_ONLY}
  namespaces: {shop: {workloads: {cart: {labels: {app: cart}}, pay: {labels: {app: pay}}}}}
"""
SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: other}
spec: {clusterIP: 10.0.0.9, ports: [{name: tcp-db, port: 9000}]}
"""
TAKEN = SERVICE.replace("10.0.0.9", "203.0.113.9")


def added(*addresses: str, resolution: str = "NONE", number: int = 9000, **spec: object) -> str:
    """A ServiceEntry more that all pods of the mesh import."""
    spec = {"exportTo": ["*"], "addresses": list(addresses), "namespace": "other", **spec}
    return entry(MORE, [(number, "TCP")], resolution, **spec)


def routed(*subnets: str, host: str = "db.other.svc.cluster.local", port: int = 9000) -> str:
    """A route of what is dialled in networks to a host, on a port of it."""
    way = {"destination": {"host": host, "port": {"number": port}}}
    match = [{"port": 9000, "destinationSubnets": list(subnets)}]
    return manifest("VirtualService", "more", "shop", {"hosts": [host], "tcp": [{"match": match, "route": [way]}]})


OWN = "203-0-113-0-24.tcp-9000.egressc.invalid"
PAY = "198-51-100-0-24.tcp-9000.egressc.invalid"
MORE = "more.svc.cluster.local"
MORE_PORTS = ("  ports:\n", '  ports:\n  - number: 9001\n    name: "tcp-9001"\n    protocol: TCP\n')

CHANGES: dict[str, tuple[tuple[str, str], str, set[str]]] = {
    "nothing": (("", ""), "", set()),
    "a Service beside": (("", ""), SERVICE, set()),
    "a Service in a granted network": (("", ""), TAKEN, {"outage"}),
    "a network too few": (('  - "203.0.113.16/28"\n', ""), "", {"outage"}),
    "a network too wide": (('"203.0.113.16/28"', '"203.0.113.0/27"'), "", {"over-grant"}),
    "a hole that is closed": (('"203.0.113.6"', '"203.0.113.7"'), "", {"over-grant", "outage"}),
    "another port behind": (("    protocol: TCP", "    protocol: TCP\n    targetPort: 9001"), "", {"outage"}),
    "nobody behind": (("resolution: NONE", "resolution: STATIC"), "", {"outage"}),
    "a network more": (("", ""), added("192.0.2.0/24"), {"over-grant"}),
    "a network in a network, led elsewhere": (
        ("", ""),
        added("203.0.113.32/30", resolution="STATIC", endpoints=[{"address": "192.0.2.9"}]),
        {"outage", "over-grant"},
    ),
    "an address in a network, led elsewhere": (
        ("", ""),
        added("203.0.113.32", resolution="STATIC", endpoints=[{"address": "192.0.2.9"}]),
        {"outage", "over-grant"},
    ),
    "the address of a listener that takes a network alone": (
        ("", ""),
        TAKEN + routed("192.0.2.0/24"),
        {"outage"},
    ),
    "networks that two chains of a listener take": (
        ("", ""),
        routed("203.0.113.16/28", "203.0.113.32/27", host=OWN),
        {"outage"},
    ),
    "a network that only the listener of an address takes": (
        ('  - "203.0.113.16/28"\n', ""),
        added("203.0.113.32") + routed("203.0.113.16/28", host=MORE),
        {"outage", "over-grant"},
    ),
    "another port of the host": (MORE_PORTS, routed("198.51.100.0/24", host=PAY, port=9001), {"outage", "over-grant"}),
    "a port that an entry without an address takes over": (("", ""), added(), {"over-grant"}),
    "a port that an entry for everyone's names takes over": (
        ("", ""),
        entry(MORE, [(9000, "HTTP")], "DNS", exportTo=["*"], namespace="other"),
        {"over-grant"},
    ),
    "server names on the port": (
        ("", ""),
        entry(MORE, [(9000, "TLS")], "DNS", exportTo=["*"], namespace="other"),
        {"over-grant"},
    ),
    "an outbound policy that drops nothing": (("mode: REGISTRY_ONLY", "mode: ALLOW_ANY"), "", {"over-grant"}),
    "a route": (("", ""), SERVICE + routed("203.0.113.0/24"), set()),
}


ADDRESS = (4, 0x08080808)
"""An address that nothing mentions."""


def read_mesh(profile: ClusterProfile, text: str) -> Mesh:
    documents, _ = read_documents(Source("manifests", text))
    resources, wrong = read_resources(documents, profile.cluster_domain)
    assert wrong == []
    return Mesh(resources, MeshConfig(OutboundPolicy(profile.outbound_traffic_policy), version=profile.version))


def loaded() -> ClusterProfile:
    profile, found = load(Source("cluster.yaml", PROFILE), lambda path: Path(path).read_text())
    assert profile is not None, found
    return profile


def compiled(profile: ClusterProfile) -> tuple[Policy, str]:
    files, _ = read([Source("shop.egress", POLICY)])
    made = compile(files, profile, date(2026, 11, 25), Severity.ERROR)
    assert made.policy is not None
    return made.policy, made.text


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_seen_to_agree_agrees_when_asked(change: str) -> None:
    (old, new), more, kinds = CHANGES[change]
    profile = loaded()
    policy, text = compiled(profile)
    assert old in text
    by_sight = deviations(policy, profile, text.replace(old, new) + more, True)
    assert by_sight == deviations(policy, profile, text.replace(old, new) + more, False)
    assert {kind for kind, *_ in by_sight} == kinds


@pytest.mark.parametrize("change", CHANGES)
def test_where_all_is_dropped_it_is_whatever_is_said(change: str) -> None:
    (old, new), more, _ = CHANGES[change]
    profile = loaded()
    policy, text = compiled(profile)
    mesh = read_mesh(profile, text.replace(old, new) + more)
    for pods in classes(policy, profile, mesh):
        proxy = pods.proxy
        for port in ports(pods.intent, proxy.outbound):
            if proxy.outbound.drops_all(ADDRESS, port):
                asked = [Request(protocol, FRESH_NAME, ADDRESS, port) for protocol in ("tcp", "http", "tls")]
                assert {(found.verdict, found.sees) for found in map(proxy.ask, asked)} == {(BLOCKED, DROPPED)}


def deviations(policy: Policy, profile: ClusterProfile, text: str, by_sight: bool) -> set[tuple[object, ...]]:
    """What is wrong, for each class of pods."""
    mesh = read_mesh(profile, text)
    found: set[tuple[object, ...]] = set()
    for pods in classes(policy, profile, mesh):
        proxy, gateways = pods.proxy, Gateways(mesh.registry())
        compared = Comparison(pods.intent, proxy.outbound, gateways, known_places(policy.grants), True)
        for port in ports(pods.intent, proxy.outbound):
            for each in probes(compared, port, 4, by_sight):
                wrongs = compared.deviations(each.request, proxy.ask(each.request), each.dialled)
                found |= {(wrong.kind, str(pods), each.request) for wrong in wrongs}
    return found


def test_networks_beside_a_service_are_not_asked_for() -> None:
    profile = loaded()
    policy, text = compiled(profile)
    documents, _ = read_documents(Source("manifests", text + SERVICE))
    resources, _ = read_resources(documents, profile.cluster_domain)
    mesh = Mesh(resources, MeshConfig(OutboundPolicy("REGISTRY_ONLY"), version=profile.version))
    cart = next(each for each in classes(policy, profile, mesh) if each.workload == "cart")
    compared = Comparison(cart.intent, cart.proxy.outbound, Gateways(mesh.registry()), {}, True)
    asked: list[Probe] = list(probes(compared, 9000, 4))
    assert len({each.request.address for each in asked}) == 1
