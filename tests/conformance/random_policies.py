"""Policies by chance: a seed and a shape give one, always the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_network
from random import Random

from policies import (
    Addressed,
    Anything,
    Cluster,
    Destination,
    Internet,
    MeshLine,
    Named,
    Network,
    Port,
    RandomPolicy,
    Rule,
    Service,
    Source,
    Workload,
    network_text,
)

SHAPES = ("plain", "adversarial", "ports", "wildcards", "large", "v6", "regions", "capture")

NAMESPACES = ("team-a", "team-b", "team-c", "payments")
WORKLOADS = ("idgen", "etl", "web", "orders", "scanner", "batch", "cron", "bff", "sync")
DOMAINS = ("alpha.com", "beta.net", "gamma.org")
NETWORKS = (
    "203.0.113.0/24",
    "203.0.113.128/25",
    "203.0.113.64/26",
    "198.51.100.0/24",
    "198.51.100.96/27",
    "192.0.2.0/24",
    "151.101.0.0/16",
    "151.101.64.0/18",
    "34.64.0.0/11",
    "8.8.4.0/24",
    "172.20.0.0/16",
)
NETWORKS_V6 = ("2001:db8:1::/48", "2001:db8:1:8000::/49", "2001:db8::/32", "2a00:1450::/32")
DATABASES = ((5432, "postgres"), (6379, "redis"), (27017, "mongo"), (3306, "mysql"), (9000, "tcp"), (5000, "tcp"))
SERVICES = (
    Service("shared", "web", "10.8.0.11", (("http", 80),)),
    Service("shared", "api", "10.8.0.12", (("http-api", 8080), ("grpc", 50051))),
    Service("shared", "db", "10.8.0.13", (("tcp-pg", 5432),)),
    Service("shared", "secure", "10.8.0.14", (("https", 443),)),
    Service("shared", "queue", "10.8.0.15", (("tcp", 9000),)),
)
ENDPOINTS = (
    ("api.delta.io", (("203.0.113.211", "us-east1"), ("9.9.9.20", "europe-west1"), ("9.9.9.30", "us-central1"))),
    ("cdn.delta.io", (("203.0.113.212", "us-east1"), ("9.9.9.21", "europe-west1"))),
    ("db.delta.io", (("203.0.113.213", "us-east1"), ("9.9.9.31", "us-central1"), ("9.9.9.22", "europe-west1"))),
)
WITHIN = {"us": ("us-east1", "us-central1"), "us-east1": ("us-east1",)}
HEADLESS = Service("shared", "ring", "", (("tcp-ring", 9443), ("http-ring", 8000)))


@dataclass
class _Chance:
    """The dice, and what must stay the same all over one policy."""

    dice: Random
    shape: str
    protocols: dict[tuple[str, int], str] = field(default_factory=dict)
    homes: dict[str, tuple[Network, ...]] = field(default_factory=dict)
    regions: dict[str, str] = field(default_factory=dict)

    def few(self, most: int) -> int:
        """A count from 1 up to `most`, small ones more often."""
        return min(self.dice.randint(1, most), self.dice.randint(1, most))

    def maybe(self, share: float) -> bool:
        return self.dice.random() < share

    def protocol(self, host: str, port: int) -> str:
        """The one protocol of a host and port in this policy; a family of names shares it."""
        family = host if self.shape == "ports" and "*" not in host else ".".join(host.split(".")[-2:])
        likely = {
            80: ("http",) * 8 + ("http2",),
            8080: ("http",) * 5 + ("http2", "tls"),
            8000: ("http",),
            50051: ("grpc",) * 3 + ("http2",),
            443: ("tls",) * 8 + ("http",),
            8443: ("tls",) * 4 + ("http",),
            9443: ("tls",),
        }[port]
        if self.shape == "plain" and port in (80, 443):
            likely = likely[:1]
        return self.protocols.setdefault((family, port), self.dice.choice(likely))


def generate(seed: int, shape: str = "plain") -> RandomPolicy:
    """The policy of a seed and a shape.

    `plain` is a mixture of everything; `adversarial` has few hosts, and workloads of one namespace that want
    different ports of them; `ports` mixes protocols on one port; `wildcards` nests names below wildcards;
    `large` has many rules; `v6` adds IPv6 networks, `regions` hosts with known endpoints; in `capture` the
    sidecars answer DNS.
    """
    chance = _Chance(Random(f"{shape}:{seed}"), shape)
    cluster = _cluster(chance)
    hosts = _hosts(chance)
    counts = {"plain": (0, 12), "large": (20, 40)}
    count = chance.dice.randint(*counts.get(shape, (4, 14)))
    rules = tuple(_rule(chance, number, cluster, hosts) for number in range(count))
    services = list(SERVICES)
    services.append(Service(cluster.namespaces[0], "raw", "10.8.0.21", (("tcp-raw", 443), ("http-x", 8443))))
    if chance.maybe(0.3):
        services.append(HEADLESS)
    meshes: list[MeshLine] = []
    while chance.maybe(0.15) and len(meshes) < 3:
        wanted = [("shared", "*"), *((service.namespace, service.name) for service in services)]
        sources = _sources_by_chance(chance, cluster)
        picked = tuple(chance.dice.sample(wanted, chance.few(3)))
        meshes.append(MeshLine(count + len(meshes), sources, picked, chance.dice.choice(cluster.namespaces)))
    return RandomPolicy(f"{shape}-{seed}", cluster, rules, tuple(meshes), tuple(services))


def _cluster(chance: _Chance) -> Cluster:
    dice = chance.dice
    few = chance.shape not in ("plain", "large")
    namespaces = tuple(dice.sample(NAMESPACES, dice.choice((1, 1, 2)) if few else dice.choice((1, 2, 3, 3, 4))))
    workloads: list[Workload] = []
    for _ in range(dice.randint(2, 5) if few else dice.randint(9 if chance.shape == "large" else 1, 9)):
        namespace = dice.choice(namespaces)
        free = [name for name in WORKLOADS if not any((w.namespace, w.name) == (namespace, name) for w in workloads)]
        name = dice.choice(free)
        labels = (("app", name), ("tier", dice.choice(("front", "back"))))
        if chance.maybe(0.2):
            labels += (("app.kubernetes.io/part-of", dice.choice(("shop", "desk"))),)
        workloads.append(Workload(namespace, name, labels, (("app", name),) if chance.maybe(0.5) else ()))
    levels = ("mesh", "workloads", "namespaces", "observe")
    enforcement: str | tuple[str, ...] = dice.choices(levels, (76, 10, 10, 4))[0]
    if enforcement == "namespaces":
        enforcement = tuple(dice.sample(namespaces, chance.few(len(namespaces))))
    in_mesh: tuple[str, ...] = ("*/*.svc.cluster.local",)
    if chance.maybe(0.15):
        in_mesh = dice.choice(
            (
                ("shared/*.svc.cluster.local", f"{namespaces[0]}/*.svc.cluster.local"),
                ("shared/web.shared.svc.cluster.local", "shared/db.shared.svc.cluster.local"),
                ("./*.svc.cluster.local", "shared/web.shared.svc.cluster.local"),
            )
        )
    return Cluster(
        namespaces,
        tuple(workloads),
        version=dice.choice(("1.29", "1.30", "1.31", "1.32")),
        enforcement=enforcement,
        observed=tuple(dice.sample(workloads, 1)) if chance.maybe(0.12) and enforcement != "observe" else (),
        root="istio-config" if chance.maybe(0.1) else "istio-system",
        in_mesh=in_mesh,
        families=("IPv4", "IPv6") if chance.shape == "v6" else ("IPv4",),
        dns_capture=chance.shape == "capture",
        endpoints=ENDPOINTS if chance.shape == "regions" else (),
    )


def _hosts(chance: _Chance) -> list[str]:
    """The names the policy may use: of each domain some exact ones, some wildcards."""
    hosts: list[str] = []
    domains = DOMAINS if chance.shape in ("plain", "large") else DOMAINS[: chance.few(2)]
    for domain in domains:
        exact = [domain, f"api.{domain}", f"www.{domain}", f"b.{domain}", f"e.b.{domain}", f"v1.api.{domain}"]
        wild = [f"*.{domain}", f"*.b.{domain}", f"*.api.{domain}"]
        if chance.shape == "wildcards":
            hosts += [*wild, *wild, *chance.dice.sample(exact, 3)]
        else:
            hosts += chance.dice.sample(exact, chance.dice.randint(1, 4))
            hosts += [one for one in wild if chance.maybe(0.35)]
    return hosts


def _rule(chance: _Chance, number: int, cluster: Cluster, hosts: list[str]) -> Rule:
    dice = chance.dice
    plain = chance.shape in ("plain", "large")
    weights = [weight for weight, _ in _KINDS.values()] if plain else [weight for _, weight in _KINDS.values()]
    kind = dice.choices([*_KINDS, "region"], [*weights, 40 if chance.shape == "regions" else 0])[0]
    destinations, said = _destinations(chance, kind, hosts)
    attributes = [said] if said else []
    sources = _sources_by_chance(chance, cluster)
    if kind == "open":
        some = tuple(one for one in sources if one.namespace != "*" or one.labels)
        sources = some or (Source(cluster.namespaces[0], "*"),)
    if any(source.name == "*" for source in sources) and not attributes:
        attributes.append("reason=shared")
    limit, grants = _limit(chance, kind)
    attributes += [limit] if limit else []
    style = dice.choices(("plain", "set", "set-of-everyone"), (80, 12, 8))[0]
    return Rule(number, sources, destinations, dice.choice(cluster.namespaces), tuple(attributes), style, grants)


_KINDS = {
    "named": (56, 68),
    "tcp": (10, 6),
    "network": (14, 10),
    "address": (6, 4),
    "http-address": (4, 3),
    "internet": (3, 2),
    "open": (3, 2),
    "mixed": (4, 3),
    "http-home": (3, 2),
}
"""How often a rule is of a kind: in the shapes `plain` and `large`, and in the others."""


def _limit(chance: _Chance, kind: str) -> tuple[str, bool]:
    """An attribute, mostly none, and whether the rule still grants anything here."""
    if chance.maybe(0.03):
        return "expires=2020-01-31", False
    if chance.maybe(0.03):
        return "cluster=other-*", False
    if chance.maybe(0.03) and kind != "region":
        return "region=eu", False
    if chance.maybe(0.05):
        return chance.dice.choice(("cluster=rand*", "expires=2199-12-31", "owner=team-x")), True
    return "", True


def _destinations(chance: _Chance, kind: str, hosts: list[str]) -> tuple[tuple[Destination, ...], str]:
    """The destinations of a rule, and the attribute that goes with them."""
    dice = chance.dice
    if kind == "named":
        return _named(chance, hosts), ""
    if kind == "mixed":
        one = _named(chance, hosts)[0]
        networks = tuple(ip_network(network) for network in dice.sample(NETWORKS, chance.few(2)))
        return (one, Addressed(networks, one.ports)), ""
    if kind in ("tcp", "http-home"):
        home = _database(chance, hosts) if kind == "tcp" else _http_home(chance)
        written = [network_text(one).strip("[]") for one in home.addresses]
        addresses = written[0] if len(written) == 1 else "{" + ", ".join(written) + "}"
        return (home,), f"address={addresses}" if written else ""
    if kind == "region":
        regional, region = _regional(chance)
        return (regional,), f"region={region}"
    if kind == "network":
        return (_networks(chance),), ""
    if kind == "address":
        return (Addressed((_address(chance),), _raw_ports(chance)),), ""
    if kind == "http-address":
        port = Port(dice.choice((8080, 8000, 80)), "http")
        pool = ["203.0.113.201", "9.9.9.10"] + ["2001:db8:5::7"] * (2 if chance.shape == "v6" else 0)
        return (Addressed((ip_network(dice.choice(pool)),), (port,)),), ""
    if kind == "internet":
        port = Port(dice.choice((443, 22, 80)), "tcp")
        holes = tuple(ip_network(one) for one in dice.sample(NETWORKS[6:10], 1)) if chance.maybe(0.5) else ()
        versions = (4, 6) if chance.shape == "v6" else (4,)
        return (Internet(port, holes, versions),), 'reason="checks customers\' sites"'
    return (Anything(),), 'reason="being moved"'


def _sources_by_chance(chance: _Chance, cluster: Cluster) -> tuple[Source, ...]:
    dice = chance.dice
    kind = dice.choices(("one", "several", "namespace", "everyone", "labels"), (58, 18, 10, 6, 8))[0]
    if kind == "one":
        chosen = dice.choice(cluster.workloads)
        return (Source(chosen.namespace, chosen.name),)
    if kind == "several":
        some = dice.sample(cluster.workloads, chance.few(min(4, len(cluster.workloads))))
        return tuple(Source(one.namespace, one.name) for one in some)
    if kind == "namespace":
        return (Source(dice.choice(cluster.namespaces), "*"),)
    if kind == "everyone":
        return (Source("*", "*"),)
    like = dice.choice(cluster.workloads)
    namespace = like.namespace if chance.maybe(0.7) else "*"
    return (Source(namespace, "", tuple(dice.sample(like.labels, 1))),)


def _named(chance: _Chance, hosts: list[str]) -> tuple[Named, ...]:
    dice = chance.dice
    picked = dice.sample(sorted(set(hosts)), min(len(set(hosts)), 1 if chance.maybe(0.75) else chance.few(3)))
    pool = (80, 443, 8443, 8080, 50051, 9443, 8000)
    weights = (30, 40, 12, 10, 5, 4, 4)
    if chance.shape in ("adversarial", "ports"):
        pool, weights = (80, 443, 8443, 8080), (25, 30, 25, 20)
    numbers = sorted(set(dice.choices(pool, weights, k=1 if chance.maybe(0.65) else chance.few(3))))
    return tuple(Named(host, tuple(_port(chance, host, number) for number in numbers)) for host in picked)


def _port(chance: _Chance, host: str, number: int) -> Port:
    protocol = chance.protocol(host, number)
    implied = (number, protocol) in ((80, "http"), (443, "tls"))
    return Port(number, protocol, said=not implied or chance.maybe(0.5))


def _database(chance: _Chance, hosts: list[str]) -> Named:
    """A TCP name with the addresses it has all over the policy; MySQL speaks first, so it gets single ones."""
    number, protocol = chance.dice.choice(DATABASES)
    host = f"{protocol if protocol != 'tcp' else 'mq'}{chance.dice.randint(1, 2)}.{chance.dice.choice(DOMAINS)}"
    exact = [one for one in hosts if "*" not in one]
    if chance.shape == "ports" and exact and chance.maybe(0.5):
        host = chance.dice.choice(exact)
    if chance.shape == "capture" and chance.maybe(0.6):
        found = ()
    elif protocol == "mysql" or chance.maybe(0.5):
        found = tuple(_address(chance) for _ in range(chance.few(2)))
    else:
        found = (ip_network(chance.dice.choice(("203.0.113.32/27", "151.101.8.0/22", "192.0.2.0/25"))),)
    home = chance.homes.setdefault(host, tuple(dict.fromkeys(found)))
    return Named(host, (Port(number, chance.protocols.setdefault((host, number), protocol)),), home)


def _http_home(chance: _Chance) -> Named:
    """A name that is one address, judged by Host."""
    host = f"box{chance.dice.randint(1, 2)}.{DOMAINS[0]}"
    home = chance.homes.setdefault(host, (ip_network(chance.dice.choice(("203.0.113.221", "9.9.9.40"))),))
    return Named(host, (Port(8080, "http"),), home)


def _regional(chance: _Chance) -> tuple[Named, str]:
    """A host with known endpoints, and the region all its rules name: the flow is to the endpoints within it."""
    host, endpoints = chance.dice.choice(ENDPOINTS)
    region = chance.regions.setdefault(host, chance.dice.choice(sorted(WITHIN)))
    inside = tuple(ip_network(address) for address, where in endpoints if where in WITHIN[region])
    if host.startswith("db."):
        return Named(host, (Port(5432, "postgres"),), inside), region
    numbers = sorted(set(chance.dice.choices((80, 443, 8443), k=chance.few(2))))
    ports = tuple(Port(number, {80: "http", 443: "tls", 8443: "tls"}[number]) for number in numbers)
    return Named(host, ports, inside, dialled=True), region


def _networks(chance: _Chance) -> Addressed:
    dice = chance.dice
    pool = NETWORKS + NETWORKS_V6 * 2 if chance.shape == "v6" else NETWORKS
    networks = tuple(ip_network(one) for one in dice.sample(pool, chance.few(3)))
    holes: list[Network] = []
    while chance.maybe(0.5) and len(holes) < 4:
        around = dice.choice(networks)
        longer = min(around.max_prefixlen, around.prefixlen + dice.randint(1, 12))
        size = around.max_prefixlen - longer
        start = int(around.network_address) + (dice.randrange(around.num_addresses) >> size << size)
        holes.append(ip_network((start, longer)))
    return Addressed(networks, _raw_ports(chance), tuple(dict.fromkeys(holes)))


def _address(chance: _Chance) -> Network:
    pool = ["203.0.113.7", "203.0.113.130", "198.51.100.7", "198.51.100.100", "8.8.8.8", "151.101.65.9", "192.0.2.77"]
    if chance.shape == "v6":
        pool += ["2001:db8:1::7", "2001:db8:2::7"] * 2
    return ip_network(chance.dice.choice(pool))


def _raw_ports(chance: _Chance) -> tuple[Port, ...]:
    numbers = chance.dice.choices((9000, 443, 5432, 80, 22, 8080, 8443), (25, 25, 12, 14, 10, 7, 7), k=chance.few(2))
    return tuple(Port(number, "tcp") for number in sorted(set(numbers)))
