"""ServiceEntries and Kubernetes Services as people write them, with every oddity that istiod takes.

istiod refuses some combinations (`pkg/config/validation`), and those are never drawn: networks but for NONE and
STATIC, several hosts with protocols that carry no name, DNS of wildcards without endpoints, and what DYNAMIC_DNS
does not take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drawing import Draw

Manifest = dict[str, object]

EXACT = (
    "api.x.example",
    "a.x.example",
    "b.x.example",
    "deep.a.x.example",
    "x.example",
    "y.example",
    "www.y.example",
    "db.example",
    "cache.y.example",
    "notx.example",
)
WILD = ("*.x.example", "*.a.x.example", "*.example", "*.y.example", "*.deep.a.x.example")
ODD = ("*-api.x.example", "*x.example", "legacy", "CAPS.example", "Api.x.example", "*.Y.example")
IN_CLUSTER = (
    "out.team-b.svc.cluster.local",
    "web.shared.svc.cluster.local",
    "db.team-a.svc.cluster.local",
    "*.team-b.svc.cluster.local",
    "*.svc.cluster.local",
)
SINGLE = ("203.0.113.1", "203.0.113.2", "203.0.113.9", "198.51.100.7", "192.0.2.33", "10.8.0.11", "10.8.0.12")
NETWORKS = (
    "203.0.113.0/24",
    "203.0.113.77/24",
    "203.0.112.0/23",
    "198.51.100.7/32",
    "203.0.113.0/25",
    "192.0.2.32/30",
    "128.0.0.0/1",
    "64.0.0.0/2",
    "10.0.0.0/8",
    "0.0.0.0/0",
    "0.0.0.0/1",
    "0.0.0.0/8",
)
SIX = ("2001:db8::7", "2001:db8::8", "2001:db8::7/128", "2001:db8::/32", "2001:db8:1::5/48", "::/1")
PORTS = (
    (80, 24),
    (443, 26),
    (8080, 10),
    (8443, 8),
    (5432, 7),
    (9000, 9),
    (3306, 4),
    (6379, 3),
    (50051, 4),
    (15001, 0.6),
    (15006, 0.6),
    (15021, 0.6),
    (15090, 0.6),
)
NAMED = (
    ("HTTP", 26),
    ("TLS", 22),
    ("HTTPS", 9),
    ("HTTP2", 6),
    ("GRPC", 6),
    ("http", 3),
    ("tls", 3),
    ("GRPC-Web", 1.5),
    ("Https", 1),
    ("HTTP_PROXY", 0.7),
)
NAMELESS = (
    ("TCP", 20),
    ("", 5),
    ("tcp", 2),
    ("MONGO", 2.5),
    ("MYSQL", 3),
    ("REDIS", 2.5),
    ("UDP", 1.5),
    ("Mongo", 0.6),
)
DYNAMIC = (("HTTP", 10), ("TLS", 10), ("GRPC", 3), ("HTTP2", 3), ("http", 1), ("tls", 1))
RESOLUTIONS = (
    ("DNS", 30),
    ("NONE", 24),
    ("STATIC", 18),
    ("DYNAMIC_DNS", 14),
    ("DNS_ROUND_ROBIN", 6),
    ("", 3),
)
# Every resource of a cluster has an age, in seconds. (The judge gives one without it the moment it was handed in.)
AGES = (
    ("2025-01-01T00:00:00Z", 30),
    ("2024-01-01T00:00:00Z", 12),
    ("2024-06-01T00:00:00Z", 12),
    ("2025-03-05T06:07:08Z", 12),
    ("2025-03-05T06:07:09Z", 6),
)
VERSIONS = (("v1", 8), ("v1beta1", 2), ("v1alpha3", 2))
SLICE_OF = "kubernetes.io/service-name"
OPT_OUT = "networking.istio.io/enable-autoallocate-ip"


@dataclass(frozen=True)
class Registered:
    """A registered host: its namespace, its ports with their protocols in upper case, and its addresses, those of
    endpoints and virtual ones among them."""

    namespace: str
    host: str
    ports: tuple[tuple[int, str], ...]
    addresses: tuple[str, ...]

    def has(self, number: int) -> bool:
        """Whether it has a port of this number."""
        return any(number == port for port, _ in self.ports)


@dataclass
class Registry:
    """What is registered: the ServiceEntries and Services drawn so far, and the virtual addresses given out."""

    draw: Draw
    root: str
    namespaces: tuple[str, ...]
    entries: list[Manifest] = field(default_factory=list)
    services: list[Manifest] = field(default_factory=list)
    slices: list[Manifest] = field(default_factory=list)
    virtual: int = 0

    def registered(self) -> list[Registered]:
        """Every host of every entry and Service."""
        found = [_of_entry(one, host) for one in self.entries for host in one["spec"]["hosts"]]
        pods = {(namespace_of(one), one["metadata"]["labels"][SLICE_OF]): one for one in self.slices}
        return found + [_of_service(one, pods) for one in self.services]

    def hosts(self) -> list[tuple[str, str]]:
        """Every registered (namespace, host), as it is written."""
        return [(one.namespace, one.host) for one in self.registered()]

    def next_virtual(self) -> int:
        """The number of the next virtual address."""
        self.virtual += 1
        return self.virtual


def namespace_of(manifest: Manifest) -> str:
    """The namespace a manifest is in."""
    return manifest["metadata"]["namespace"]


def service_host(service: Manifest) -> str:
    """The host Istio registers a Service under."""
    return f"{service['metadata']['name']}.{namespace_of(service)}.svc.cluster.local"


def _of_entry(entry: Manifest, host: str) -> Registered:
    spec = entry["spec"]
    ports = tuple((port["number"], str(port.get("protocol", "")).upper()) for port in spec["ports"])
    virtual = [one["value"] for one in entry.get("status", {}).get("addresses", ()) if one["host"] == host]
    return Registered(namespace_of(entry), host, ports, (*spec.get("addresses", ()), *virtual))


def _of_service(service: Manifest, slices: Mapping[tuple[str, str], Manifest]) -> Registered:
    spec = service["spec"]
    ports = tuple(
        (one["port"], one.get("appProtocol", one["name"]).partition("-")[0].upper()) for one in spec.get("ports", ())
    )
    addresses = [one for one in spec.get("clusterIPs", [spec.get("clusterIP", "None")]) if one != "None"]
    pods = slices.get((namespace_of(service), service["metadata"]["name"]))
    if pods is not None:
        addresses += [one["addresses"][0] for one in pods["endpoints"]]
    return Registered(namespace_of(service), service_host(service), ports, tuple(addresses))


def metadata(draw: Draw, name: str, namespace: str) -> Manifest:
    """A name, a namespace and an age."""
    return {"name": name, "namespace": namespace, "creationTimestamp": draw.weighted(AGES)}


def export_to(draw: Draw, namespaces: Sequence[str], own: str, *, entry: bool) -> list[str] | None:
    """Who something is exported to; only a ServiceEntry may be exported to nobody."""
    others = [one for one in namespaces if one != own]
    forms: list[tuple[list[str] | None, float]] = [
        (None, 44),
        (["."], 16),
        (["*"], 26),
        ([own], 3),
        ([draw.one(others)], 6),
        (draw.some(others, 2, 2), 4),
        ([".", draw.one(others)], 5),
        (["nowhere"], 1),
    ]
    if entry:
        forms.append((["~"], 3))
    return draw.weighted(forms)


# ServiceEntries


def draw_entries(registry: Registry) -> None:
    """From none to nine ServiceEntries, some of them for the host of another."""
    draw = registry.draw
    for number in range(draw.weighted(((0, 0.5), (2, 4), (4, 8), (6, 8), (9, 4)))):
        name = f"entry-{number}"
        if registry.entries and draw.chance(0.22):
            registry.entries.append(_twin(registry, name, draw.one(registry.entries)))
        else:
            registry.entries.append(_entry(registry, name))


def _entry(registry: Registry, name: str) -> Manifest:
    draw = registry.draw
    namespace = draw.one(registry.namespaces)
    resolution = draw.weighted(RESOLUTIONS)
    spec: Manifest = {"hosts": _hosts(registry, resolution)}
    if resolution:
        spec["resolution"] = resolution
    location = draw.weighted((("MESH_EXTERNAL", 14), ("MESH_INTERNAL", 4), ("", 1)))
    if location:
        spec["location"] = location
    exported = export_to(draw, registry.namespaces, namespace, entry=True)
    if exported is not None:
        spec["exportTo"] = exported
    spec["ports"] = _ports(draw, spec["hosts"], resolution)
    addresses = _addresses(draw, resolution)
    if addresses:
        spec["addresses"] = addresses
    _add_endpoints(draw, spec, resolution)
    found = {
        "apiVersion": f"networking.istio.io/{draw.weighted(VERSIONS)}",
        "kind": "ServiceEntry",
        "metadata": metadata(draw, name, namespace),
        "spec": spec,
    }
    _label(draw, found)
    _allocate(registry, found)
    return found


def _twin(registry: Registry, name: str, other: Manifest) -> Manifest:
    """Another entry for the hosts of this one, like it or not."""
    draw = registry.draw
    found = _entry(registry, name)
    if draw.chance(0.6):
        found["metadata"]["namespace"] = namespace_of(other)
    if draw.chance(0.5):
        found["metadata"]["creationTimestamp"] = other["metadata"]["creationTimestamp"]
    ports = found["spec"]["ports"]
    found["spec"] = dict(other["spec"])
    if "endpoints" not in other["spec"] and draw.chance(0.7):
        found["spec"]["ports"] = _ports(draw, other["spec"]["hosts"], other["spec"].get("resolution", "NONE"))
    elif len(other["spec"]["hosts"]) == 1 and other["spec"].get("resolution") == "NONE":
        found["spec"]["ports"] = ports
    if draw.chance(0.3):
        found["spec"].pop("exportTo", None)
        exported = export_to(draw, registry.namespaces, namespace_of(found), entry=True)
        if exported is not None:
            found["spec"]["exportTo"] = exported
    elif {".", namespace_of(found)} <= set(found["spec"].get("exportTo", ())):
        found["spec"]["exportTo"] = ["."]
    found.pop("status", None)
    found["metadata"].pop("labels", None)
    if draw.chance(0.7):
        if "labels" in other["metadata"]:
            found["metadata"]["labels"] = dict(other["metadata"]["labels"])
    else:
        _label(draw, found)
    _allocate(registry, found)
    return found


def _hosts(registry: Registry, resolution: str) -> list[str]:
    draw = registry.draw
    if resolution == "DYNAMIC_DNS":
        return draw.some((*WILD, *WILD, "*-api.x.example", "*.team-b.svc.cluster.local"), 1, 1 + draw.chance(0.2))
    kinds = [(EXACT, 30), (IN_CLUSTER[:3], 2), (ODD[2:5], 3)]
    if registry.services:
        kinds.append(([service_host(one) for one in registry.services], 2.5))
    if not resolution.startswith("DNS"):
        kinds += [(WILD, 9), (ODD, 1), (IN_CLUSTER[3:], 1)]
    wanted = draw.weighted(((1, 16), (2, 4), (3, 2)))
    return draw.some(draw.weighted(kinds), wanted, wanted)


def _ports(draw: Draw, hosts: Sequence[str], resolution: str) -> list[Manifest]:
    numbers: list[int] = []
    for _ in range(draw.weighted(((1, 12), (2, 6), (3, 3)))):
        number = draw.weighted(PORTS)
        if number not in numbers:
            numbers.append(number)
    if resolution == "DYNAMIC_DNS":
        protocols = DYNAMIC
    elif len(hosts) > 1 and resolution not in ("NONE", ""):
        protocols = NAMED
    else:
        protocols = (*NAMED, *NAMELESS)
    return [_port(draw, number, draw.weighted(protocols)) for number in numbers]


def _port(draw: Draw, number: int, protocol: str) -> Manifest:
    """Of a ServiceEntry, where the name of a port means nothing."""
    kind = protocol.lower().replace("_", "-") or "port"
    name = draw.weighted(((kind, 9), ("http", 1), ("tcp", 1)))
    found: Manifest = {"number": number, "name": f"{name}-{number}"}
    if protocol:
        found["protocol"] = protocol
    if draw.chance(0.06):
        found["targetPort"] = draw.one((8080, 9443, 443))
    return found


def _addresses(draw: Draw, resolution: str) -> list[str]:
    if resolution == "DYNAMIC_DNS" or draw.chance(0.25 if resolution in ("NONE", "") else 0.7):
        return []
    networks = resolution in ("NONE", "STATIC", "")
    found: list[str] = []
    for _ in range(draw.weighted(((1, 12), (2, 5), (3, 3)))):
        kinds = [(SINGLE, 12), (SIX[:2], 2), (("0.0.0.0",), 0.2)]
        if networks:
            kinds += [(NETWORKS[:6], 9), (NETWORKS[6:9], 2), (NETWORKS[9:], 1.5), (SIX[2:], 2)]
        address = draw.one(draw.weighted(kinds))
        if address not in found:
            found.append(address)
    return found


def _add_endpoints(draw: Draw, spec: Manifest, resolution: str) -> None:
    """What the entry leads to, where it takes endpoints; a DNS wildcard must have some."""
    if resolution in ("NONE", "", "DYNAMIC_DNS"):
        if draw.chance(0.03):
            spec["workloadSelector"] = {"labels": {"app": "legacy"}}
        return
    must = resolution != "STATIC" and any("*" in host for host in spec["hosts"])
    if not must and draw.chance(0.25 if resolution == "STATIC" else 0.75):
        if draw.chance(0.15):
            spec["workloadSelector"] = {"labels": {"app": "legacy"}}
        return
    most = 1 if resolution == "DNS_ROUND_ROBIN" else 3
    spec["endpoints"] = [_endpoint(draw, spec, resolution) for _ in range(draw.number(1, most))]


def _endpoint(draw: Draw, spec: Manifest, resolution: str) -> Manifest:
    addresses = ("198.51.100.7", "192.0.2.80", "10.9.8.7", "2001:db8::99")
    names = ("backend.y.example", "origin.example.net")
    found: Manifest = {"address": draw.one(addresses if resolution == "STATIC" else (*addresses[:2], *names))}
    if draw.chance(0.2):
        found["ports"] = {draw.one(spec["ports"])["name"]: draw.one((8443, 9090))}
    if draw.chance(0.2):
        found["locality"] = draw.one(("us-east1/b", "eu-west1/a"))
    return found


def _label(draw: Draw, entry: Manifest) -> None:
    labels = draw.weighted(((None, 16), ({"rule": "1"}, 3), ({"rule": "2"}, 3), ({OPT_OUT: "false"}, 1.5)))
    if labels is not None:
        entry["metadata"]["labels"] = dict(labels)


def _allocate(registry: Registry, entry: Manifest) -> None:
    """Virtual addresses as istiod's controller writes them, stale ones and hosts left out among them."""
    draw, spec = registry.draw, entry["spec"]
    fit = "addresses" not in spec and spec.get("resolution", "NONE") != "NONE"
    if not draw.chance(0.4 if fit else 0.04):
        return
    addresses: list[Manifest] = []
    for host in spec["hosts"]:
        if draw.chance(0.1):
            continue
        number = registry.next_virtual()
        if draw.chance(0.95):
            addresses.append({"value": f"240.240.0.{number}", "host": host})
        if draw.chance(0.4):
            addresses.append({"value": f"2001:2::f0f0:{number}", "host": host})
    if addresses:
        entry["status"] = {"addresses": addresses}


# Services of Kubernetes

SERVICES = ("web", "db", "secure", "ring", "ext", "multi")
SERVICE_PORTS: tuple[tuple[Manifest, float], ...] = (
    ({"name": "http", "port": 80}, 12),
    ({"name": "http-web", "port": 8080}, 4),
    ({"name": "https", "port": 443}, 5),
    ({"name": "tls-x", "port": 443}, 2),
    ({"name": "tcp", "port": 9000}, 4),
    ({"name": "tcp-pg", "port": 5432}, 4),
    ({"name": "mysql", "port": 3306}, 2),
    ({"name": "redis", "port": 6379}, 2),
    ({"name": "grpc", "port": 50051}, 3),
    ({"name": "grpc-web", "port": 8080}, 1),
    ({"name": "http2-x", "port": 8443}, 1),
    ({"name": "web", "port": 80}, 2),
    ({"name": "web", "port": 8080}, 2),
    ({"name": "plain", "port": 443}, 1.5),
    ({"name": "plain", "port": 9000}, 1.5),
    ({"name": "mail", "port": 25}, 0.7),
    ({"name": "dns", "port": 53, "protocol": "UDP"}, 1),
    ({"name": "web", "port": 8443, "appProtocol": "https"}, 1),
    ({"name": "web", "port": 9000, "appProtocol": "http"}, 1),
    ({"name": "http", "port": 80, "appProtocol": "tcp"}, 1),
    ({"name": "h2", "port": 8080, "appProtocol": "kubernetes.io/h2c"}, 0.7),
    ({"name": "ws", "port": 80, "appProtocol": "kubernetes.io/ws"}, 0.5),
    ({"name": "web", "port": 443, "appProtocol": "kubernetes.io/wss"}, 0.5),
    ({"name": "odd", "port": 80, "appProtocol": "example.com/odd"}, 0.7),
    ({"name": "mongo", "port": 9000}, 0.7),
    ({"name": "http-health", "port": 15021}, 0.4),
)


def draw_services(registry: Registry) -> None:
    """From none to five Services with their endpoints."""
    draw = registry.draw
    places = [(namespace, name) for namespace in registry.namespaces[:3] for name in SERVICES]
    count = draw.weighted(((0, 2), (1, 4), (2, 6), (3, 6), (5, 3)))
    for number, (namespace, name) in enumerate(draw.some(places, count, count)):
        _service(registry, namespace, name, number)


def _service(registry: Registry, namespace: str, name: str, number: int) -> None:
    draw = registry.draw
    kind = draw.weighted((("address", 14), ("headless", 5), ("empty", 2), ("name", 2.5), ("both", 1), ("six", 0.6)))
    ports: list[Manifest] = []
    for _ in range(draw.weighted(((1, 10), (2, 6), (3, 3)))):
        port = dict(draw.weighted(SERVICE_PORTS))
        if all(port["port"] != one["port"] and port["name"] != one["name"] for one in ports):
            ports.append({"protocol": "TCP", **port})
    about = metadata(draw, name, namespace)
    if draw.chance(0.25):
        about["annotations"] = {"networking.istio.io/exportTo": draw.one((".", "*", "~", "team-a", "team-a,team-b"))}
    address = f"10.8.0.{11 + number}"
    six = f"fd00:8::{11 + number:x}"
    spec: Manifest = {"selector": {"app": name}, "ports": ports}
    if kind == "name":
        others = [service_host(one) for one in registry.services]
        target = draw.one((*EXACT[:3], *others, "elsewhere.example.net"))
        spec = {"type": "ExternalName", "externalName": target}
        if draw.chance(0.7):
            spec["ports"] = ports
    elif kind == "both":
        spec |= {"clusterIP": address, "clusterIPs": draw.shuffled([address, six]), "ipFamilyPolicy": "PreferDualStack"}
        spec["clusterIP"] = spec["clusterIPs"][0]
    elif kind == "six":
        spec["clusterIP"] = six
    else:
        spec["clusterIP"] = address if kind == "address" else "None"
    registry.services.append({"apiVersion": "v1", "kind": "Service", "metadata": about, "spec": spec})
    if kind in ("address", "headless", "both", "six"):
        registry.slices.append(_slice(draw, namespace, name, number, ports))


def _slice(draw: Draw, namespace: str, name: str, number: int, ports: Sequence[Manifest]) -> Manifest:
    addresses = [f"10.4.77.{10 * number + 1 + one}" for one in range(draw.number(1, 2))]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{name}-1",
            "namespace": namespace,
            "labels": {SLICE_OF: name},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [one], "conditions": {"ready": True}} for one in addresses],
        "ports": [{"name": one["name"], "port": one["port"], "protocol": one["protocol"]} for one in ports],
    }
