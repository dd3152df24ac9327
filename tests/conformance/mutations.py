"""Manifests that were compiled and then changed, as people change them by hand: one change each.

`BASE` is a policy that needs most of what the compiler can write; a mutant is what it compiles to with one thing
changed. Whether that changes what any pod reaches, the real istiod says.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from policies import Service

Manifest = dict[str, Any]
Change = Callable[[list[Manifest]], None]

SERVICES = (
    Service("shared", "web", "10.8.0.11", (("http", 80), ("https", 443))),
    Service("shared", "db", "10.8.0.12", (("tcp-pg", 5432),)),
    Service("pay", "ring", "10.8.0.13", (("http", 8080),)),
)

POLICY = """\
namespace shop
allow cart -> api.example.com:443 tls
allow cart -> files.example.com:80 http
allow {cart, pay} -> both.example.com:443 tls
allow pay -> both.example.com:8443 tls
allow pay -> *.wild.example.org:443 tls
allow cart -> deep.wild.example.org:9443 tls
allow cart -> 198.51.100.0/24:9000 tcp except 198.51.100.128/25
allow pay -> 203.0.113.7:5432 postgres
allow pay -> 203.0.113.8:80 http
allow mail -> region.example.net:443 tls region=us
allow shop/* -> telemetry.example.net:443 tls
namespace bank
allow ledger -> api.example.com:8443 tls
allow ledger -> wide.example.com:{80 http, 443 tls}
allow * -> everyone.example.net:443 tls
"""

PROFILE = """\
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: mutants}
spec:
  region: us-east1
  istio: {version: "1.31", outboundTrafficPolicy: REGISTRY_ONLY}
  enforcement: mesh
  namespaces:
    shop:
      workloads:
        cart: {labels: {app: cart, tier: front}, selector: {app: cart}}
        pay: {labels: {app: pay, tier: back}, selector: {app: pay}}
        mail: {labels: {app: mail}}
    bank:
      workloads:
        ledger: {labels: {app: ledger}}
        audit: {labels: {app: audit}}
    empty: {}
  destinations:
    region.example.net:
      endpoints: [{address: 192.0.2.10, region: us-east1}, {address: 192.0.2.20, region: europe-west1}]
  resources: RESOURCES
"""


def profile() -> str:
    """The profile, with the Services that stand in its cluster."""
    return PROFILE.replace("RESOURCES", json.dumps([_service(each) for each in SERVICES]))


def _service(service: Service) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": service.name, "namespace": service.namespace},
        "spec": {
            "clusterIP": service.address,
            "ports": [{"name": name, "port": number, "protocol": "TCP"} for name, number in service.ports],
        },
    }


@dataclass(frozen=True)
class Mutant:
    """A change and the manifests it makes."""

    name: str
    manifests: tuple[Manifest, ...]

    @property
    def text(self) -> str:
        """The manifests as YAML."""
        return "".join(f"---\n{json.dumps(each)}\n" for each in self.manifests)


def mutants(compiled: str) -> Iterator[Mutant]:
    """Every mutant of what the policy compiles to; a change that changes nothing is a mistake."""
    original = [each for each in yaml.safe_load_all(compiled) if each]
    for name, change in CHANGES.items():
        manifests = copy.deepcopy(original)
        change(manifests)
        assert manifests != original, f"{name} changes nothing"
        yield Mutant(name, tuple(manifests))


# What is changed


def _one(manifests: list[Manifest], kind: str, namespace: str, name: str) -> Manifest:
    found = [
        each
        for each in manifests
        if each["kind"] == kind and (each["metadata"]["namespace"], each["metadata"]["name"]) == (namespace, name)
    ]
    names = [(each["kind"], each["metadata"]["namespace"], each["metadata"]["name"]) for each in manifests]
    assert len(found) == 1, f"{kind} {namespace}/{name} is not among {names}"
    return found[0]


def _entry(manifests: list[Manifest], host: str, namespace: str) -> Manifest:
    return next(
        each
        for each in manifests
        if each["kind"] == "ServiceEntry"
        and each["metadata"]["namespace"] == namespace
        and each["spec"]["hosts"] == [host]
    )


def _addressed(manifests: list[Manifest], address: str) -> Manifest:
    return next(each for each in manifests if address in each["spec"].get("addresses", ()))


def _sidecar(manifests: list[Manifest], name: str, namespace: str = "shop") -> Manifest:
    return _one(manifests, "Sidecar", namespace, name)


def _drop(find: Callable[[list[Manifest]], Manifest]) -> Change:
    def change(manifests: list[Manifest]) -> None:
        manifests.remove(find(manifests))

    return change


def _set(find: Callable[[list[Manifest]], Manifest], path: str, value: object) -> Change:
    """Set a value at a path such as `spec.ports.0.protocol`; an Ellipsis takes it away."""

    def change(manifests: list[Manifest]) -> None:
        *way, last = path.split(".")
        at: Any = find(manifests)
        for step in way:
            at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
        key: Any = int(last) if isinstance(at, list) else last
        if value is ...:
            del at[key]
        else:
            at[key] = copy.deepcopy(value)

    return change


def _list(
    name: str, change_hosts: Callable[[list[str]], object], namespace: str = "shop", listener: int = -1
) -> Change:
    def change(manifests: list[Manifest]) -> None:
        change_hosts(_sidecar(manifests, name, namespace)["spec"]["egress"][listener]["hosts"])

    return change


def _swap(old: str, new: str) -> Callable[[list[str]], None]:
    def change(hosts: list[str]) -> None:
        assert old in hosts, f"{old} is not among {hosts}"
        hosts[hosts.index(old)] = new

    return change


def _copy(find: Callable[[list[Manifest]], Manifest], **changes: object) -> Change:
    """Add a copy with some paths changed; `__` stands for the dots of a path."""

    def change(manifests: list[Manifest]) -> None:
        made = copy.deepcopy(find(manifests))
        for path, value in changes.items():
            _set(lambda _: made, path.replace("__", "."), value)([])
        manifests.append(made)

    return change


def _add(manifest: Manifest) -> Change:
    def change(manifests: list[Manifest]) -> None:
        manifests.append(copy.deepcopy(manifest))

    return change


def _exchange_names(manifests: list[Manifest]) -> None:
    shop, bank = _entry(manifests, "api.example.com", "shop"), _entry(manifests, "api.example.com", "bank")
    shop["metadata"]["namespace"], bank["metadata"]["namespace"] = "bank", "shop"


def _exchange_hosts(manifests: list[Manifest]) -> None:
    one, other = _entry(manifests, "api.example.com", "shop"), _entry(manifests, "files.example.com", "shop")
    one["spec"]["hosts"], other["spec"]["hosts"] = other["spec"]["hosts"], one["spec"]["hosts"]


def _reverse(manifests: list[Manifest]) -> None:
    manifests.reverse()


def _of_entry(host: str, namespace: str = "shop") -> Callable[[list[Manifest]], Manifest]:
    return lambda manifests: _entry(manifests, host, namespace)


def _of_sidecar(name: str, namespace: str = "shop") -> Callable[[list[Manifest]], Manifest]:
    return lambda manifests: _sidecar(manifests, name, namespace)


def _of_address(address: str) -> Callable[[list[Manifest]], Manifest]:
    return lambda manifests: _addressed(manifests, address)


def _installation(manifests: list[Manifest]) -> Manifest:
    return next(each for each in manifests if each["kind"] == "IstioOperator")


def _manifest(kind: str, namespace: str, name: str, spec: Manifest, **metadata: object) -> Manifest:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": spec,
    }


def _outside(host: str, **spec: object) -> Manifest:
    return {
        "hosts": [host],
        "location": "MESH_EXTERNAL",
        "resolution": "DNS",
        "ports": [{"number": 443, "name": "tls-443", "protocol": "TLS"}],
        **spec,
    }


API, FILES, BOTH = _of_entry("api.example.com"), _of_entry("files.example.com"), _of_entry("both.example.com")
CART, PAY, SHOP = _of_sidecar("cart"), _of_sidecar("pay"), _of_sidecar("default")
EVERYONE = _of_entry("everyone.example.net", "istio-system")
REGION = _of_entry("region.example.net")
WILD = _of_entry("*.wild.example.org")
MESH = _of_sidecar("default", "istio-system")
IN_MESH = "*/*.svc.cluster.local"
OLD = "2001-01-01T00:00:00Z"
PASSTHROUGH = {"loadBalancer": {"simple": "PASSTHROUGH"}}

CHANGES: dict[str, Change] = {
    "the Sidecar of a workload is dropped": _drop(CART),
    "the default Sidecar of a namespace is dropped": _drop(SHOP),
    "the default Sidecar of the mesh is dropped": _drop(MESH),
    "a ServiceEntry is dropped": _drop(API),
    "a ServiceEntry of everyone is dropped": _drop(EVERYONE),
    "egress is removed": _set(CART, "spec.egress", ...),
    "egress of the mesh's default is removed": _set(MESH, "spec.egress", ...),
    "a host is widened to a wildcard": _list("cart", _swap("./api.example.com", "./*.example.com")),
    "a host is widened to its namespace": _list("cart", _swap("./api.example.com", "./*")),
    "all namespaces are listed": _list("cart", lambda hosts: hosts.append("*/*")),
    "a host is taken from the list": _list("cart", lambda hosts: hosts.remove("./api.example.com")),
    "a host is listed in capitals": _list("cart", _swap("./api.example.com", "./API.example.com")),
    "a host is listed of another namespace": _list("cart", _swap("./api.example.com", "bank/api.example.com")),
    "a host is listed twice": _list("cart", lambda hosts: hosts.append("./api.example.com")),
    "a host of nobody is listed": _list("cart", lambda hosts: hosts.append("./nobody.example.com")),
    "a host of all namespaces is listed": _list("cart", _swap("./api.example.com", "*/api.example.com")),
    "the in-mesh entry is removed": _list("cart", lambda hosts: hosts.remove(IN_MESH)),
    "the in-mesh entry is narrowed": _list("cart", _swap(IN_MESH, "shared/*.svc.cluster.local")),
    "the in-mesh entry is everything": _list("cart", _swap(IN_MESH, "*/*.local")),
    "a list is reversed": _list("cart", lambda hosts: hosts.reverse()),
    "a ServiceEntry moves to another namespace": _set(API, "metadata.namespace", "empty"),
    "a ServiceEntry is exported to everyone": _set(API, "spec.exportTo", ["*"]),
    "a ServiceEntry is exported to nobody": _set(API, "spec.exportTo", ["~"]),
    "a ServiceEntry is exported to another namespace alone": _set(API, "spec.exportTo", ["bank"]),
    "a ServiceEntry of everyone is exported to its own namespace": _set(EVERYONE, "spec.exportTo", ["."]),
    "exportTo is removed": _set(API, "spec.exportTo", ...),
    "a selector asks for another label": _set(CART, "spec.workloadSelector.labels", {"app": "checkout"}),
    "a selector asks for one label more": _set(CART, "spec.workloadSelector.labels", {"app": "cart", "tier": "front"}),
    "a selector is emptied": _set(CART, "spec.workloadSelector.labels", {}),
    "a selector is removed": _set(CART, "spec.workloadSelector", ...),
    "a selector is given to another workload": _set(CART, "spec.workloadSelector.labels", {"app": "pay"}),
    "an older Sidecar selects the same pods": _copy(
        PAY, metadata__name="older", metadata__creationTimestamp=OLD, spec__workloadSelector__labels={"app": "cart"}
    ),
    "an older Sidecar selects other pods": _copy(
        PAY, metadata__name="older", metadata__creationTimestamp=OLD, spec__workloadSelector__labels={"app": "nobody"}
    ),
    "a port is changed": _set(API, "spec.ports.0.number", 8443),
    "a port is renamed": _set(API, "spec.ports.0.name", "https"),
    "a port leads to another one": _set(API, "spec.ports.0.targetPort", 8443),
    "a port is added": _set(FILES, "spec.ports", [
        {"number": 80, "name": "http-80", "protocol": "HTTP"}, {"number": 81, "name": "http-81", "protocol": "HTTP"},
    ]),
    "tls becomes tcp": _set(API, "spec.ports.0.protocol", "TCP"),
    "tls becomes https": _set(API, "spec.ports.0.protocol", "HTTPS"),
    "tls becomes http": _set(API, "spec.ports.0.protocol", "HTTP"),
    "http becomes tls": _set(FILES, "spec.ports.0.protocol", "TLS"),
    "http becomes http2": _set(FILES, "spec.ports.0.protocol", "HTTP2"),
    "tcp becomes mysql": _set(_of_address("198.51.100.0/25"), "spec.ports.0.protocol", "MYSQL"),
    "tcp becomes udp": _set(_of_address("198.51.100.0/25"), "spec.ports.0.protocol", "UDP"),
    "a protocol is removed": _set(API, "spec.ports.0.protocol", ...),
    "the mode allows any": _set(CART, "spec.outboundTrafficPolicy.mode", "ALLOW_ANY"),
    "the mode of a namespace allows any": _set(SHOP, "spec.outboundTrafficPolicy.mode", "ALLOW_ANY"),
    "the mode is removed": _set(CART, "spec.outboundTrafficPolicy", {}),
    "the policy is removed": _set(CART, "spec.outboundTrafficPolicy", ...),
    "the mode of the installation allows any": _set(
        _installation, "spec.meshConfig.outboundTrafficPolicy.mode", "ALLOW_ANY"
    ),
    "the installation has another root namespace": _set(_installation, "spec.meshConfig.rootNamespace", "elsewhere"),
    "two entries exchange their namespaces": _exchange_names,
    "two entries exchange their hosts": _exchange_hosts,
    "a host of an entry is changed": _set(API, "spec.hosts", ["apis.example.com"]),
    "a host of an entry is in capitals": _set(FILES, "spec.hosts", ["Files.example.com"]),
    "an entry has one host more": _set(API, "spec.hosts", ["api.example.com", "more.example.com"]),
    "a wildcard is widened": _set(WILD, "spec.hosts", ["*.example.org"]),
    "a wildcard is resolved by the client": _set(WILD, "spec.resolution", "NONE"),
    "a network is widened": _set(_of_address("198.51.100.0/25"), "spec.addresses", ["198.51.100.0/24"]),
    "a network is narrowed": _set(_of_address("198.51.100.0/25"), "spec.addresses", ["198.51.100.0/26"]),
    "a network is moved": _set(_of_address("198.51.100.0/25"), "spec.addresses", ["198.51.101.0/25"]),
    "a network is written in halves": _set(
        _of_address("198.51.100.0/25"), "spec.addresses", ["198.51.100.0/26", "198.51.100.64/26"]
    ),
    "addresses are removed": _set(_of_address("203.0.113.7"), "spec.addresses", ...),
    "an address is changed": _set(_of_address("203.0.113.7"), "spec.addresses", ["203.0.113.9"]),
    "an address becomes everything": _set(_of_address("203.0.113.7"), "spec.addresses", ["0.0.0.0/0"]),
    "an endpoint is changed": _set(REGION, "spec.endpoints.0.address", "192.0.2.20"),
    "an endpoint is added": _set(REGION, "spec.endpoints", [{"address": "192.0.2.10"}, {"address": "192.0.2.20"}]),
    "an endpoint has another port": _set(REGION, "spec.endpoints.0.ports", {"tls-443": 8443}),
    "endpoints are removed": _set(REGION, "spec.endpoints", ...),
    "a locality is removed": _set(REGION, "spec.endpoints.0.locality", ...),
    "a name is resolved statically": _set(API, "spec.resolution", "STATIC"),
    "a name is resolved by the client": _set(API, "spec.resolution", "NONE"),
    "a name is resolved in turn": _set(API, "spec.resolution", "DNS_ROUND_ROBIN"),
    "a location is internal": _set(API, "spec.location", "MESH_INTERNAL"),
    "a label is added to an entry": _set(API, "metadata.labels.team", "shop"),
    "an annotation is changed": _set(API, "metadata.annotations", {"note": "by hand"}),
    "an entry is added with other ports": _copy(
        API, metadata__name="again", spec__ports=[{"number": 9443, "name": "tls-9443", "protocol": "TLS"}]
    ),
    "an entry is added with other ports and labels": _copy(
        API,
        metadata__name="again",
        metadata__labels={"team": "other"},
        spec__ports=[{"number": 9443, "name": "tls-9443", "protocol": "TLS"}],
    ),
    "an entry is written twice": _copy(API, metadata__name="again"),
    "an entry of another namespace is exported to everyone": _add(
        _manifest("ServiceEntry", "empty", "stranger", _outside("stranger.example.com"))
    ),
    "an entry stands under the cluster's domain": _add(
        _manifest("ServiceEntry", "empty", "hole", _outside("hole.empty.svc.cluster.local"))
    ),
    "an entry takes a Service's name": _add(
        _manifest("ServiceEntry", "shop", "taken", _outside(
            "web.shared.svc.cluster.local", ports=[{"number": 80, "name": "http-80", "protocol": "HTTP"}]
        ))
    ),
    "an older entry of everyone has a granted host": _add(
        _manifest("ServiceEntry", "empty", "older", _outside("api.example.com"), creationTimestamp=OLD)
    ),
    "a VirtualService leads a Service outside": _add(
        _manifest("VirtualService", "shared", "detour", {
            "hosts": ["web.shared.svc.cluster.local"],
            "http": [{"route": [{"destination": {"host": "files.example.com", "port": {"number": 80}}}]}],
        })
    ),
    "a VirtualService is about nobody": _add(
        _manifest("VirtualService", "shared", "nobody", {
            "hosts": ["nobody.example.com"],
            "http": [{"match": [{"port": 8099}], "route": [{"destination": {"host": "files.example.com"}}]}],
        })
    ),
    "a default Sidecar without egress is added": _add(
        _manifest("Sidecar", "empty", "default", {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}})
    ),
    "a default Sidecar of one list is added": _add(
        _manifest("Sidecar", "empty", "default", {
            "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
            "egress": [{"hosts": [IN_MESH, "istio-system/everyone.example.net"]}],
        })
    ),
    "the client's own address is dialled for a destination": _add(
        _manifest("DestinationRule", "shop", "api", {"host": "api.example.com", "trafficPolicy": PASSTHROUGH})
    ),
    "the client's own address is dialled for all Services": _add(
        _manifest("DestinationRule", "istio-system", "all", {"host": IN_MESH[2:], "trafficPolicy": PASSTHROUGH})
    ),
    "a destination is balanced by chance": _add(
        _manifest("DestinationRule", "shop", "api", {
            "host": "api.example.com", "trafficPolicy": {"loadBalancer": {"simple": "RANDOM"}},
        })
    ),
    "a port of TCP is wanted": _set(
        MESH, "spec.egress", [
            {"port": {"number": 443, "name": "tcp-443", "protocol": "TCP"},
             "hosts": [IN_MESH, "./everyone.example.net"]},
            {"hosts": [IN_MESH, "./everyone.example.net"]},
        ],
    ),
    "the documents are reversed": _reverse,
}  # fmt: skip
"""Each change by its name."""
