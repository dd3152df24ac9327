"""What is asked of a random mesh: calls to what it registers, beside it, and to nothing it knows."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_interface, ip_network

from asking import Call, Proxy
from drawing import Draw
from meshes import PUBLIC
from random_entries import Manifest, Registered, Registry, namespace_of
from random_routes import fits

PROTOCOLS = ("http", "http2", "tls", "tcp")
ALPN = ("h2", "http/1.1", "istio")
STRANGERS = ("other.example.net", "evil.test", "x.example.evil.test", "none.svc.cluster.local")
FOREIGN = (80, 443, 8080, 8443, 5432, 9000, 7777)
PUBLIC_SIX = "2001:4860::8"


class _Asked:
    """The calls of a case, each at most once."""

    def __init__(self, draw: Draw, proxies: tuple[Proxy, ...]) -> None:
        self.draw = draw
        self.proxies = proxies
        self.calls: dict[Call, None] = {}

    def add(self, address: str, port: int, protocol: str, name: str = "", near: str = "") -> None:
        """One call, often of a proxy in the namespace `near`; what carries no name is called by address alone."""
        draw = self.draw
        proxy = self._proxy(near)
        if any(letter.isupper() for letter in name):
            # Envoy compares names whatever their case, the simulation does not: only the lower-case one is sure.
            name = name.lower()
            if protocol == "tls":
                protocol = "tcp"
        named = name and not name.startswith("[") and not name[0].isdigit()
        via = name if named and self.proxies[proxy].dnsCapture and draw.chance(0.5) else ""
        alpn = draw.one(ALPN) if protocol == "tls" and draw.chance(0.2) else ""
        self.calls[Call(proxy, address, port, protocol, "" if protocol == "tcp" else name, alpn, via)] = None

    def _proxy(self, near: str) -> int:
        neighbours = [number for number, proxy in enumerate(self.proxies) if proxy.namespace == near]
        if neighbours and self.draw.chance(0.65):
            return self.draw.one(neighbours)
        return self.draw.number(0, len(self.proxies) - 1)


def draw_calls(
    registry: Registry, sidecars: Sequence[Manifest], routes: Sequence[Manifest], proxies: tuple[Proxy, ...]
) -> tuple[Call, ...]:
    """About seventy-five calls."""
    asked = _Asked(registry.draw, proxies)
    targets = registry.registered()
    _by_name(asked, targets)
    _below_wildcards(asked, targets)
    _by_address(asked, targets)
    _by_listener(asked, targets, sidecars)
    _by_route(asked, targets, routes)
    _strangers(asked, targets)
    return tuple(asked.calls)


def _spoken(draw: Draw, protocol: str) -> str:
    """How a client speaks to a port of this protocol: mostly as the port wants it."""
    if draw.chance(0.15):
        return draw.one(PROTOCOLS)
    if protocol in ("HTTP2", "GRPC", "GRPC-WEB"):
        return "http2"
    if protocol in ("TLS", "HTTPS"):
        return "tls"
    return "http" if protocol.startswith("HTTP") or not protocol else draw.one(("tcp", "tcp", "tls", "http"))


def _dialled(draw: Draw, addresses: Sequence[str]) -> str:
    """An address of the host, inside one of its networks, or one that has nothing to do with it."""
    if not addresses or draw.chance(0.15):
        return PUBLIC if draw.chance(0.93) else PUBLIC_SIX
    return _inside(draw, draw.one(addresses))


def _inside(draw: Draw, network: str) -> str:
    if "/" not in network:
        return network
    whole = ip_network(network, strict=False)
    if draw.chance(0.2):
        return str(ip_interface(network).ip)
    return str(whole[draw.number(0, whole.num_addresses - 1)])


def _beside(draw: Draw, network: str) -> str:
    """An address just outside a network, or next to an address."""
    whole = ip_network(network, strict=False)
    last = int(whole.broadcast_address)
    after = last + 1 if last + 1 < 1 << whole.max_prefixlen else int(whole.network_address) - 1
    if after < 0:
        return PUBLIC if whole.version == 4 else PUBLIC_SIX
    return str(type(whole.network_address)(after))


def _named(draw: Draw, host: str) -> str:
    """The host, or one of the other ways to write it that a Host header may have."""
    name = host.replace("*", draw.one(("q", "api", "r.q")), 1)
    if host.endswith(".svc.cluster.local") and "*" not in host and draw.chance(0.3):
        parts = host.split(".")
        return draw.one((parts[0], ".".join(parts[:2]), ".".join(parts[:3])))
    return name


def _by_name(asked: _Asked, targets: list[Registered]) -> None:
    draw = asked.draw
    pairs = [(target, port, protocol) for target in targets for port, protocol in target.ports]
    if not pairs:
        return
    for target, port, protocol in draw.shuffled(pairs * 4)[:34]:
        spoken = _spoken(draw, protocol)
        name = _named(draw, target.host)
        if spoken.startswith("http") and draw.chance(0.06):
            name += draw.one((":8080", "."))
        asked.add(_dialled(draw, target.addresses), port, spoken, name, target.namespace)
    for _ in range(8):
        target = draw.one(pairs)[0]
        other = draw.one([pair[1] for pair in pairs] + list(FOREIGN))
        asked.add(
            _dialled(draw, target.addresses), other, draw.one(PROTOCOLS), _named(draw, target.host), target.namespace
        )


def _below_wildcards(asked: _Asked, targets: list[Registered]) -> None:
    draw = asked.draw
    wild = [target for target in targets if target.host.startswith("*.")]
    for target in draw.some(wild, 0, 4):
        parent = target.host.removeprefix("*.")
        for name in draw.some((f"q.{parent}", f"s.q.{parent}", parent, f"not{parent}"), 2, 2):
            port, protocol = draw.one(target.ports)
            asked.add(_dialled(draw, target.addresses), port, _spoken(draw, protocol), name, target.namespace)


def _by_address(asked: _Asked, targets: list[Registered]) -> None:
    draw = asked.draw
    places = [(target, address) for target in targets for address in target.addresses]
    for target, address in draw.shuffled(places * 2)[:16]:
        port = draw.one(target.ports)[0] if target.ports and draw.chance(0.85) else draw.one(FOREIGN)
        dialled = _inside(draw, address) if draw.chance(0.75) else _beside(draw, address)
        protocol = draw.one(PROTOCOLS)
        literal = f"[{dialled}]" if ":" in dialled else dialled
        other = _named(draw, draw.one(targets).host)
        name = draw.weighted(((literal, 3), (other, 3), (draw.one(STRANGERS), 2)))
        if protocol == "tls" and name == literal:
            name = ""
        asked.add(dialled, port, protocol, name, target.namespace)


def _by_listener(asked: _Asked, targets: list[Registered], sidecars: Sequence[Manifest]) -> None:
    """The ports a Sidecar wants, at the address it binds them to and elsewhere, by names it lists and others."""
    draw = asked.draw
    wanted = [(one, each) for one in sidecars for each in one["spec"].get("egress", ()) if "port" in each]
    for sidecar, listener in draw.shuffled(wanted * 4)[:9]:
        target = draw.one(targets) if targets else None
        listed = [host.partition("/")[2] for host in listener["hosts"] if not host.startswith("~")]
        hosts = [host for host in listed if host != "*"] + ([target.host] if target else [])
        name = _named(draw, draw.one(hosts)) if hosts else draw.one(STRANGERS)
        places = [
            PUBLIC,
            *([listener["bind"]] * 2 if "bind" in listener else ()),
            *(target.addresses if target else ()),
        ]
        address = _inside(draw, draw.one(places))
        protocol = _spoken(draw, str(listener["port"].get("protocol", "")).upper())
        asked.add(address, listener["port"]["number"], protocol, name, namespace_of(sidecar))


def _by_route(asked: _Asked, targets: list[Registered], routes: Sequence[Manifest]) -> None:
    """The hosts of VirtualServices, on ports of theirs, of their matches, and on 80."""
    draw = asked.draw
    for route in draw.shuffled(list(routes) * 6)[:12]:
        spec = route["spec"]
        kind = draw.one([kind for kind in ("http", "tcp", "tls") if kind in spec])
        host = draw.one(spec["hosts"])
        own = [target for target in targets if target.host == host] or targets
        target = draw.one(own) if own else None
        matched = [match["port"] for each in spec[kind] for match in each.get("match", ()) if "port" in match]
        fitting = [port for port, protocol in target.ports if fits(kind, protocol)] if target else []
        ports = [80, *matched, *fitting * 3]
        names = [host, *(name for each in spec.get("tls", ()) for match in each["match"] for name in match["sniHosts"])]
        protocol = draw.one(("http", "http2")) if kind == "http" else kind
        address = _dialled(draw, target.addresses if target else ())
        near = target.namespace if target else namespace_of(route)
        asked.add(address, draw.one(ports), protocol, _named(draw, draw.one(names)), near)


def _strangers(asked: _Asked, targets: list[Registered]) -> None:
    draw = asked.draw
    ports = [port for target in targets for port, _ in target.ports] + list(FOREIGN)
    for _ in range(9):
        protocol = draw.one(PROTOCOLS)
        name = draw.one(STRANGERS) if draw.chance(0.85) else ("" if protocol == "tls" else PUBLIC)
        asked.add(PUBLIC if draw.chance(0.9) else PUBLIC_SIX, draw.one(ports), protocol, name)
    asked.add(draw.one(("127.0.0.1", "10.8.0.11", "203.0.113.9")), draw.one((15001, 15006, 15021, 15090, 80)), "tcp")
