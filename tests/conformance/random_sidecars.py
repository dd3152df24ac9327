"""Sidecars as people write them: overlapping, forgotten, and with lists of every form."""

from __future__ import annotations

from collections.abc import Sequence

from drawing import Draw
from random_entries import PORTS, VERSIONS, Manifest, Registry, metadata

APPS = ("idgen", "etl", "web")
SELECTORS: tuple[tuple[Manifest | None, float], ...] = (
    (None, 10),
    ({"labels": {"app": "idgen"}}, 9),
    ({"labels": {"app": "etl"}}, 5),
    ({"labels": {"app": "idgen", "tier": "back"}}, 3),
    ({"labels": {"tier": "back"}}, 2),
    ({"labels": {}}, 1.5),
    ({}, 0.7),
)
PROTOCOLS = (
    ("HTTP", 12),
    ("TLS", 12),
    ("TCP", 10),
    ("HTTP2", 3),
    ("GRPC", 3),
    ("HTTPS", 5),
    ("UDP", 3),
    ("MONGO", 1.5),
    ("MYSQL", 1.5),
    ("REDIS", 1.5),
    ("", 2),
    ("http", 1),
    ("tls", 1),
    ("HTTP_PROXY", 1.5),
    ("GRPC-Web", 0.7),
)
BINDS = ("203.0.113.9", "198.51.100.7", "10.8.0.11", "127.0.0.1", "0.0.0.0", "2001:db8::7", "::")
NOTHING = ("./*.none.invalid", "ghost/*", "*/none.invalid", "ghost/none.invalid", "nowhere/*.svc.cluster.local")


def draw_sidecars(registry: Registry) -> list[Manifest]:
    """From none to four Sidecars for each namespace."""
    draw = registry.draw
    found: list[Manifest] = []
    for namespace in registry.namespaces:
        often = ((0, 11), (1, 5), (2, 2)) if namespace == registry.root else ((0, 8), (1, 9), (2, 4), (3, 2), (4, 1))
        for number in range(draw.weighted(often)):
            found.append(_sidecar(registry, f"sidecar-{number}", namespace))
    return found


def _sidecar(registry: Registry, name: str, namespace: str) -> Manifest:
    draw = registry.draw
    spec: Manifest = {}
    selector = draw.weighted(SELECTORS)
    if selector is not None:
        spec["workloadSelector"] = selector
    policy = draw.weighted(
        ((None, 10), ({}, 2), ({"mode": "REGISTRY_ONLY"}, 12), ({"mode": "ALLOW_ANY"}, 3), ("proxy", 0.6))
    )
    if policy == "proxy":
        policy = _egress_proxy(registry)
    if policy is not None:
        spec["outboundTrafficPolicy"] = policy
    if draw.chance(0.92):
        spec["egress"] = _listeners(registry, namespace)
    if not spec.keys() & {"egress", "outboundTrafficPolicy"}:
        spec["ingress"] = [{"port": {"number": 9080, "protocol": "HTTP", "name": "in"}}]
    return {
        "apiVersion": f"networking.istio.io/{draw.weighted(VERSIONS)}",
        "kind": "Sidecar",
        "metadata": metadata(draw, name, namespace),
        "spec": spec,
    }


def _egress_proxy(registry: Registry) -> Manifest:
    """Everything unknown goes to one registered host, or to one that is not there."""
    draw = registry.draw
    exact = [host for _, host in registry.hosts() if "*" not in host]
    host = draw.one([*exact, "proxy.example.net"])
    return {"mode": "ALLOW_ANY", "egressProxy": {"host": host, "port": {"number": draw.weighted(PORTS)}}}


def _listeners(registry: Registry, namespace: str) -> list[Manifest]:
    draw = registry.draw
    found: list[Manifest] = []
    numbers: list[int] = []
    for _ in range(draw.weighted(((0, 12), (1, 7), (2, 3), (3, 1)))):
        used = [port for one in registry.registered() for port, _ in one.ports]
        number = draw.one(used) if used and draw.chance(0.7) else draw.weighted(PORTS)
        if number not in numbers:
            numbers.append(number)
            found.append(_listener(registry, namespace, number))
    if not found or draw.chance(0.8):
        last: Manifest = {"hosts": hosts(registry, namespace)}
        if draw.chance(0.02):
            last["bind"] = draw.one(BINDS)
        if draw.chance(0.02):
            last["captureMode"] = draw.one(("NONE", "IPTABLES"))
        found.append(last)
    return found


def _listener(registry: Registry, namespace: str, number: int) -> Manifest:
    draw = registry.draw
    protocol = draw.weighted(PROTOCOLS)
    port: Manifest = {"number": number}
    if draw.chance(0.85):
        port["name"] = f"{draw.one(('http', 'tls', 'tcp', 'port'))}-{number}"
    if protocol:
        port["protocol"] = protocol
    fitting = [one for one in registry.registered() if one.has(number) and _listable(one.host)]
    if fitting and draw.chance(0.6):
        chosen = draw.some(fitting, 1, 3)
        listed = [f"{draw.one((one.namespace, one.namespace, '*'))}/{one.host}" for one in chosen]
        found: Manifest = {"port": port, "hosts": [*listed, *draw.some(("*/*.svc.cluster.local", "./*"), 0, 1)]}
    else:
        found = {"port": port, "hosts": hosts(registry, namespace)}
    if draw.chance(0.12):
        found["bind"] = draw.one(BINDS)
    if draw.chance(0.04):
        found["captureMode"] = draw.one(("DEFAULT", "IPTABLES", "NONE"))
    return found


# The entries of a list


def hosts(registry: Registry, namespace: str) -> list[str]:
    """A list of hosts, as a Sidecar of this namespace may have it."""
    draw = registry.draw
    style = draw.weighted((("mixed", 8), ("exact", 4), ("in-mesh", 5), ("everything", 4), ("wide", 7)))
    if style == "everything":
        return ["*/*", *_exclusions(registry, draw.number(0, 2))]
    if style == "exact":
        return _listed(registry, namespace, draw.number(2, 6)) or ["./none.invalid"]
    found = _listed(registry, namespace, draw.number(2, 6))
    if style == "in-mesh":
        found.append("*/*.svc.cluster.local")
    elif style == "wide":
        found.append(
            draw.one(("./*", f"{draw.one(registry.namespaces)}/*", "*/*.example", "*/*.x.example", "./*.y.example"))
        )
    else:
        found += [_odd(registry, namespace) for _ in range(draw.number(0, 2))]
        found += draw.some(("*/*.svc.cluster.local", "./*", "*/*.example", "istio-system/*"), 0, 1)
    found += _exclusions(registry, draw.weighted(((0, 12), (1, 4), (2, 2))))
    return draw.shuffled(found) if found else [draw.one(NOTHING)]


def _listed(registry: Registry, namespace: str, count: int) -> list[str]:
    """Registered hosts, exact ones most often, by their own namespace, by `.` or by `*`."""
    draw = registry.draw
    listable = [one for one in registry.hosts() if _listable(one[1])]
    found: list[str] = []
    for where, host in draw.some(sorted(listable, key=lambda one: one[0] != namespace)[:8], count, count):
        forms = [(where, 6), ("*", 1), (draw.one(registry.namespaces), 0.6)]
        forms.append((".", 10 if where == namespace else 0.6))
        found.append(f"{draw.weighted(forms)}/{host}")
    return found


def _listable(host: str) -> bool:
    """istiod takes neither short names nor a wildcard that is not a whole label in a list."""
    return "." in host and (host.startswith("*.") or "*" not in host)


def _odd(registry: Registry, namespace: str) -> str:
    draw = registry.draw
    return draw.weighted(
        (
            (f"{draw.one(registry.namespaces)}/*", 3),
            ("*/*", 1),
            (draw.one(NOTHING), 3),
            (_wildcard_above(registry), 5),
            (_upper(registry, namespace), 1.5),
            ("*/*.cluster.local", 1),
            (f"{draw.one(registry.namespaces)}/*.svc.cluster.local", 2),
            ("*/api.x.example", 1),
        )
    )


def _wildcard_above(registry: Registry) -> str:
    draw = registry.draw
    found: list[str] = []
    for where, host in registry.hosts():
        _, _, parent = host.removeprefix("*.").partition(".")
        if parent:
            found += [f"{where}/*.{parent}", f"*/*.{parent}"]
    return draw.one(found) if found else "./*.none.invalid"


def _upper(registry: Registry, namespace: str) -> str:
    listed = _listed(registry, namespace, 1)
    if not listed:
        return "./Api.x.example"
    where, _, host = listed[0].partition("/")
    return f"{where}/{host.capitalize()}"


def _exclusions(registry: Registry, count: int) -> Sequence[str]:
    draw = registry.draw
    return [_exclusion(draw, registry) for _ in range(count)]


def _exclusion(draw: Draw, registry: Registry) -> str:
    listable = [host for _, host in registry.hosts() if _listable(host)]
    host = draw.one(listable) if listable else "api.x.example"
    wild = draw.one(("*.x.example", "*.a.x.example", "*.example", "*.svc.cluster.local", "*.y.example"))
    return draw.weighted(
        (
            (f"~./{host}", 5),
            (f"~/{host}", 2),
            (f"~*/{host}", 2),
            (f"~{draw.one(registry.namespaces)}/{host}", 3),
            (f"~./{wild}", 3),
            (f"~/{wild}", 2),
            (f"~{draw.one(registry.namespaces)}/{wild}", 2),
            ("~/*", 0.4),
            (f"~{draw.one(registry.namespaces)}/*", 0.8),
        )
    )
