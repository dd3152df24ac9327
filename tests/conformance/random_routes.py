"""VirtualServices in the forms that decide where an outbound request goes."""

from __future__ import annotations

from drawing import Draw
from random_entries import EXACT, SINGLE, VERSIONS, Manifest, Registry, export_to, metadata, namespace_of

GATEWAYS: tuple[tuple[list[str] | None, float], ...] = (
    (None, 12),
    (["mesh"], 3),
    (["edge"], 2),
    (["edge", "mesh"], 2),
)
SOURCES: tuple[tuple[Manifest, float], ...] = (
    ({}, 12),
    ({"sourceLabels": {"app": "idgen"}}, 3),
    ({"sourceLabels": {"app": "etl"}}, 1),
    ({"sourceNamespace": "team-a"}, 2),
    ({"gateways": ["mesh"]}, 1),
    ({"gateways": ["edge"]}, 1),
)
PATHS: tuple[tuple[Manifest, float], ...] = (
    ({}, 10),
    ({"uri": {"prefix": "/"}}, 3),
    ({"uri": {"prefix": "/api"}}, 2),
    ({"uri": {"exact": "/"}}, 2),
    ({"uri": {"exact": "/only"}}, 2),
    ({"uri": {"regex": "/.*"}}, 1),
)
PORTS = (80, 443, 8080, 9000, 5432)


def draw_routes(registry: Registry) -> list[Manifest]:
    """Most often none, at most three VirtualServices."""
    draw = registry.draw
    return [_route(registry, f"route-{one}") for one in range(draw.weighted(((0, 9), (1, 5), (2, 3), (3, 1))))]


def _route(registry: Registry, name: str) -> Manifest:
    draw = registry.draw
    namespace = draw.one(registry.namespaces)
    kinds = draw.weighted(((("http",), 12), (("tcp",), 5), (("tls",), 5), (("http", "tls"), 2), (("http", "tcp"), 1)))
    spec: Manifest = {"hosts": _hosts(registry, namespace, kinds[0])}
    exported = export_to(draw, registry.namespaces, namespace, entry=False)
    if exported is not None:
        spec["exportTo"] = exported
    gateways = draw.weighted(GATEWAYS)
    if gateways is not None:
        spec["gateways"] = gateways
    if "http" in kinds:
        spec["http"] = _http(registry)
    if "tcp" in kinds:
        spec["tcp"] = [_tcp(registry) for _ in range(draw.weighted(((1, 5), (2, 2))))]
    if "tls" in kinds:
        spec["tls"] = [_tls(registry, spec["hosts"]) for _ in range(draw.weighted(((1, 5), (2, 2))))]
    return {
        "apiVersion": f"networking.istio.io/{draw.weighted(VERSIONS)}",
        "kind": "VirtualService",
        "metadata": metadata(draw, name, namespace),
        "spec": spec,
    }


def fits(kind: str, protocol: str) -> bool:
    """Whether a route of this kind can take what comes to a port of this protocol."""
    if kind == "http":
        return protocol.startswith(("HTTP", "GRPC")) and protocol != "HTTPS"
    return (kind == "tls") == (protocol in ("TLS", "HTTPS"))


def _hosts(registry: Registry, namespace: str, kind: str) -> list[str]:
    """Hosts of which none lies below another: istiod refuses those."""
    draw = registry.draw
    short = [one["metadata"]["name"] for one in registry.services if namespace_of(one) == namespace]
    registered = [host for _, host in registry.hosts()]
    kinds = [(list(EXACT), 2), (["*.x.example", "*.y.example", "*.example"], 2), (["198.51.100.7"], 0.3)]
    if registered:
        kinds.append((registered, 6))
    fitting = [one.host for one in registry.registered() if any(fits(kind, protocol) for _, protocol in one.ports)]
    if fitting:
        kinds.append((fitting, 14))
    if short:
        kinds.append((short, 3))
    found: list[str] = []
    for _ in range(draw.weighted(((1, 10), (2, 3)))):
        host = draw.one(draw.weighted(kinds))
        if not any(_overlap(host.lower(), one.lower()) for one in found):
            found.append(host)
    return found


def _overlap(one: str, other: str) -> bool:
    """Whether a name can match both; names without a dot may stand for any longer one."""
    if one == other or "." not in one or "." not in other:
        return True
    return (one.startswith("*") and other.endswith(one[1:])) or (other.startswith("*") and one.endswith(other[1:]))


def _http(registry: Registry) -> list[Manifest]:
    draw = registry.draw
    found = [_http_route(registry, matched=True) for _ in range(draw.weighted(((0, 8), (1, 6), (2, 2))))]
    if not found or draw.chance(0.75):
        found.append(_http_route(registry, matched=False))
    return found


def _http_route(registry: Registry, *, matched: bool) -> Manifest:
    draw = registry.draw
    found: Manifest = {}
    if matched:
        found["match"] = [_http_match(draw) for _ in range(draw.weighted(((1, 6), (2, 1))))]
    kind = draw.weighted((("route", 18), ("redirect", 2), ("directResponse", 2)))
    if kind == "redirect":
        found["redirect"] = {"authority": "elsewhere.example.net"}
    elif kind == "directResponse":
        found["directResponse"] = {"status": 418}
    else:
        found["route"] = _dealt(registry)
        if draw.chance(0.05):
            found["mirror"] = _destination(registry)
    return found


def _http_match(draw: Draw) -> Manifest:
    found = {**draw.weighted(PATHS), **draw.weighted(SOURCES)}
    if draw.chance(0.4):
        found["port"] = draw.one(PORTS)
    return found or {"port": draw.one(PORTS)}


def _tcp(registry: Registry) -> Manifest:
    draw = registry.draw
    found: Manifest = {"route": _dealt(registry)}
    if draw.chance(0.6):
        match = dict(draw.weighted(SOURCES))
        if draw.chance(0.6):
            match["port"] = draw.one(PORTS)
        if draw.chance(0.35):
            match["destinationSubnets"] = draw.some((*SINGLE[:3], "203.0.113.0/24", "10.8.0.0/16"), 1, 2)
        found["match"] = [match]
    return found


def _tls(registry: Registry, hosts: list[str]) -> Manifest:
    """A match of server names that lie below the VirtualService's own hosts."""
    draw = registry.draw
    names: list[str] = []
    for host in hosts:
        if "." in host:
            names += [host, *([host.replace("*", "api", 1)] if host.startswith("*.") else ())]
    match: Manifest = {"sniHosts": draw.some(names, 1, 2) if names else list(hosts)}
    match |= draw.weighted(SOURCES)
    if draw.chance(0.5):
        match["port"] = draw.one((443, 443, 8443))
    if draw.chance(0.15):
        match["destinationSubnets"] = draw.some((*SINGLE[:3], "203.0.113.0/24"), 1, 2)
    return {"match": [match], "route": _dealt(registry)}


def _dealt(registry: Registry) -> list[Manifest]:
    draw = registry.draw
    count = draw.weighted(((1, 10), (2, 3)))
    if count == 1:
        return [{"destination": _destination(registry)}]
    first = draw.one((50, 90, 100, 0))
    return [{"destination": _destination(registry), "weight": weight} for weight in (first, 100 - first)]


def _destination(registry: Registry) -> Manifest:
    draw = registry.draw
    registered = [host for _, host in registry.hosts() if "*" not in host]
    hosts = [(list(EXACT), 2), (["web", "missing.example"], 1)]
    if registered:
        hosts.append((registered, 14))
    found: Manifest = {"host": draw.one(draw.weighted(hosts))}
    if draw.chance(0.5):
        found["port"] = {"number": draw.one(PORTS)}
    if draw.chance(0.04):
        found["subset"] = "v1"
    return found
