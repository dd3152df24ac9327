"""Random policies as structures, and the `.egress` text and profile that say them.

A seed and a shape give one policy, always the same. The oracle judges flows from the structures alone;
the compiler sees the text alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from random import Random

Network = IPv4Network | IPv6Network

SHAPES = ("plain", "adversarial", "ports", "wildcards", "v6")


@dataclass(frozen=True)
class Workload:
    """A workload of the profile; `selector` is empty where Sidecars select by all labels."""

    namespace: str
    name: str
    labels: tuple[tuple[str, str], ...]
    selector: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Source:
    """Who: one workload, every workload of a namespace (name `*`), every workload (namespace `*` too),
    or the known workloads of `namespace` (`*`: of all) that carry `labels`."""

    namespace: str
    name: str = ""
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Port:
    """A port with its protocol, and whether the text says the protocol."""

    number: int
    protocol: str
    said: bool = True


@dataclass(frozen=True)
class Named:
    """A host or wildcard; `addresses` are those of `address=`."""

    host: str
    ports: tuple[Port, ...]
    addresses: tuple[Network, ...] = ()


@dataclass(frozen=True)
class Addressed:
    """Addresses and networks with holes, whatever the bytes; one address with http is checked by Host."""

    networks: tuple[Network, ...]
    ports: tuple[Port, ...]
    holes: tuple[Network, ...] = ()


@dataclass(frozen=True)
class Internet:
    """Every globally routable address, of IPv6 too where the cluster has it."""

    port: Port
    holes: tuple[Network, ...] = ()
    versions: tuple[int, ...] = (4,)


@dataclass(frozen=True)
class Anything:
    """`-> *`: the workload stays open."""


Destination = Named | Addressed | Internet | Anything


@dataclass(frozen=True)
class Rule:
    """One allow. `style` is how the printer writes it: plain, set, or set-of-everyone; `section` is the
    namespace line it stands under; `grants` is false where it has expired or is for another cluster."""

    id: int
    sources: tuple[Source, ...]
    destinations: tuple[Destination, ...]
    section: str
    attributes: tuple[str, ...] = ()
    style: str = "plain"
    grants: bool = True


@dataclass(frozen=True)
class MeshLine:
    """`mesh SRC -> services`: a service is (namespace, name), the name `*` for all of a namespace."""

    id: int
    sources: tuple[Source, ...]
    services: tuple[tuple[str, str], ...]
    section: str


@dataclass(frozen=True)
class Service:
    """A Kubernetes Service of the cluster; `ports` are (port's name, number), a headless one has no address."""

    namespace: str
    name: str
    address: str
    ports: tuple[tuple[str, int], ...]

    @property
    def host(self) -> str:
        """The host Istio registers it under."""
        return f"{self.name}.{self.namespace}.svc.cluster.local"

    @property
    def endpoint(self) -> str:
        """The address of its one pod."""
        return f"10.4.77.{sum(map(ord, self.namespace + self.name)) % 250 + 1}"


@dataclass(frozen=True)
class Cluster:
    """What the profile says of the cluster."""

    namespaces: tuple[str, ...]
    workloads: tuple[Workload, ...]
    version: str = "1.31"
    enforcement: str | tuple[str, ...] = "mesh"
    observed: tuple[Workload, ...] = ()
    root: str = "istio-system"
    in_mesh: tuple[str, ...] = ("*/*.svc.cluster.local",)
    families: tuple[str, ...] = ("IPv4",)


@dataclass(frozen=True)
class RandomPolicy:
    """A policy for a cluster."""

    name: str
    cluster: Cluster
    rules: tuple[Rule, ...]
    meshes: tuple[MeshLine, ...] = ()
    services: tuple[Service, ...] = ()

    def without(self, ids: Iterable[int]) -> RandomPolicy:
        """The same policy without these rules and mesh lines."""
        gone = set(ids)
        return replace(
            self,
            rules=tuple(rule for rule in self.rules if rule.id not in gone),
            meshes=tuple(line for line in self.meshes if line.id not in gone),
        )


# Text


@dataclass
class Text:
    """The printed policy: its lines, and the rule each line belongs to (counted from 1)."""

    lines: list[str] = field(default_factory=list)
    rule_of: dict[int, int] = field(default_factory=dict)

    def add(self, line: str, rule: int | None = None) -> None:
        """Append a line, of a rule where one is given."""
        self.lines.append(line)
        if rule is not None:
            self.rule_of[len(self.lines)] = rule

    @property
    def text(self) -> str:
        """The whole file."""
        return "".join(line + "\n" for line in self.lines)


def printed(policy: RandomPolicy) -> Text:
    """The policy as `.egress` text."""
    text = Text()
    text.add(f"# {policy.name}")
    for rule in policy.rules:
        if rule.style == "set-of-everyone":
            _sets(text, rule, "")
    sections: dict[str, list[Rule | MeshLine]] = {}
    for statement in (*policy.rules, *policy.meshes):
        sections.setdefault(statement.section, []).append(statement)
    for section, statements in sections.items():
        text.add("")
        text.add(f"namespace {section}")
        for statement in statements:
            if isinstance(statement, MeshLine):
                services = ", ".join(name if ns == section else f"{ns}/{name}" for ns, name in statement.services)
                text.add(f"mesh {_sources(statement.sources, section)} -> {services}", statement.id)
                continue
            if statement.style == "set":
                _sets(text, statement, section)
            _allow(text, statement, section)
    return text


def _allow(text: Text, rule: Rule, section: str) -> None:
    by_set = rule.style != "plain"
    sources = f"w{rule.id}" if by_set and _can_be_set(rule.sources) else _sources(rule.sources, section)
    if by_set and _hosts_set(rule) is not None:
        destination = f"h{rule.id}{_set_ports(rule)}"
    else:
        destination = _destination(rule.destinations)
    line = f"allow {sources} -> {destination}"
    if len(line) > 80 and rule.attributes:
        text.add(line, rule.id)
        text.add("    " + " ".join(rule.attributes), rule.id)
    else:
        text.add(" ".join([line, *rule.attributes]), rule.id)


def _sets(text: Text, rule: Rule, section: str) -> None:
    if _can_be_set(rule.sources):
        text.add(f"workloads w{rule.id} = {', '.join(_source(source, section) for source in rule.sources)}")
    hosts = _hosts_set(rule)
    if hosts is not None:
        text.add(f"hosts h{rule.id} = {', '.join(hosts)}")


def _can_be_set(sources: tuple[Source, ...]) -> bool:
    return all(source.name and source.name != "*" for source in sources)


def _hosts_set(rule: Rule) -> list[str] | None:
    """The members of a set of the rule's hosts; None where they cannot be one."""
    if not all(isinstance(one, Named) for one in rule.destinations):
        return None
    same = len({one.ports for one in rule.destinations}) == 1  # type: ignore[union-attr]
    return [one.host if same else f"{one.host}:{_ports(one.ports)}" for one in rule.destinations]  # type: ignore[union-attr]


def _set_ports(rule: Rule) -> str:
    ports = {one.ports for one in rule.destinations}  # type: ignore[union-attr]
    return f":{_ports(ports.pop())}" if len(ports) == 1 else ""


def _sources(sources: tuple[Source, ...], section: str) -> str:
    written = [_source(source, section) for source in sources]
    return written[0] if len(written) == 1 else "{" + ", ".join(written) + "}"


def _source(source: Source, section: str) -> str:
    if source.labels:
        labels = ", ".join(f"{key}={value}" for key, value in source.labels)
        return f"{'' if source.namespace == section else source.namespace}[{labels}]"
    if source.namespace == "*":
        return "*"
    if source.name == "*" or source.namespace != section:
        return f"{source.namespace}/{source.name}"
    return source.name


def _destination(destinations: tuple[Destination, ...]) -> str:
    first = destinations[0]
    if isinstance(first, Anything):
        return "*"
    if isinstance(first, Internet):
        return f"internet:{_ports((first.port,))}{_except(first.holes)}"
    if isinstance(first, Addressed):
        assert len(destinations) == 1
        networks = [_network(network) for network in first.networks]
        written = networks[0] if len(networks) == 1 else "{" + ", ".join(networks) + "}"
        return f"{written}:{_ports(first.ports)}{_except(first.holes)}"
    named = [one for one in destinations if isinstance(one, Named)]
    if len(named) == 1:
        return f"{first.host}:{_ports(first.ports)}"
    if len({one.ports for one in named}) == 1:
        return "{" + ", ".join(one.host for one in named) + "}:" + _ports(first.ports)
    return "{" + ", ".join(f"{one.host}:{_ports(one.ports)}" for one in named) + "}"


def _ports(ports: tuple[Port, ...]) -> str:
    written = [f"{port.number} {port.protocol}" if port.said else str(port.number) for port in ports]
    return written[0] if len(written) == 1 else "{" + ", ".join(written) + "}"


def _except(holes: tuple[Network, ...]) -> str:
    if not holes:
        return ""
    written = [_network(hole) for hole in holes]
    return " except " + (written[0] if len(written) == 1 else "{" + ", ".join(written) + "}")


def _network(network: Network) -> str:
    bare = str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)
    return f"[{bare}]" if network.version == 6 else bare


def profile(policy: RandomPolicy) -> str:
    """The ClusterProfile of the policy's cluster; JSON, which is YAML."""
    cluster = policy.cluster
    namespaces: dict[str, object] = {name: {} for name in cluster.namespaces}
    for workload in cluster.workloads:
        about: dict[str, object] = {"labels": dict(workload.labels)}
        if workload.selector:
            about["selector"] = dict(workload.selector)
        namespaces[workload.namespace].setdefault("workloads", {})[workload.name] = about  # type: ignore[attr-defined]
    enforcement = cluster.enforcement
    networks = {"pods": ["10.4.0.0/14"], "services": ["10.8.0.0/20"], "nodes": ["10.0.0.0/20"]}
    spec = {
        "region": "us-east1",
        "istio": {
            "version": cluster.version,
            "rootNamespace": cluster.root,
            "outboundTrafficPolicy": "REGISTRY_ONLY" if enforcement == "mesh" else "ALLOW_ANY",
        },
        "enforcement": enforcement if isinstance(enforcement, str) else {"namespaces": list(enforcement)},
        "observed": [f"{workload.namespace}/{workload.name}" for workload in cluster.observed],
        "inMesh": list(cluster.in_mesh),
        "ipFamilies": list(cluster.families),
        "networks": networks,
        "namespaces": namespaces,
    }
    document = {
        "apiVersion": "egresslang.dev/v1",
        "kind": "ClusterProfile",
        "metadata": {"name": "random"},
        "spec": spec,
    }
    return json.dumps(document, indent=1) + "\n"


def kubernetes(services: Iterable[Service]) -> str:
    """The Services and their endpoints as YAML (JSON documents)."""
    documents = []
    for service in services:
        ports = [{"name": name, "port": number, "protocol": "TCP"} for name, number in service.ports]
        documents.append(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": service.name, "namespace": service.namespace},
                "spec": {"clusterIP": service.address or "None", "selector": {"app": service.name}, "ports": ports},
            }
        )
        documents.append(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "name": f"{service.name}-1",
                    "namespace": service.namespace,
                    "labels": {"kubernetes.io/service-name": service.name},
                },
                "addressType": "IPv4",
                "endpoints": [{"addresses": [service.endpoint], "conditions": {"ready": True}}],
                "ports": ports,
            }
        )
    return "".join(f"---\n{json.dumps(document)}\n" for document in documents)


# Chance


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
HEADLESS = Service("shared", "ring", "", (("tcp-ring", 9443), ("http-ring", 8000)))


@dataclass
class _Chance:
    """The dice, and what must stay the same all over one policy."""

    dice: Random
    shape: str
    protocols: dict[tuple[str, int], str] = field(default_factory=dict)
    homes: dict[str, tuple[Network, ...]] = field(default_factory=dict)

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
    `v6` adds IPv6 networks.
    """
    chance = _Chance(Random(f"{shape}:{seed}"), shape)
    cluster = _cluster(chance)
    hosts = _hosts(chance)
    most = 12 if shape == "plain" else 14
    least = 0 if shape == "plain" else 4
    count = chance.dice.randint(least, most)
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
    few = chance.shape != "plain"
    namespaces = tuple(dice.sample(NAMESPACES, dice.choice((1, 1, 2)) if few else dice.choice((1, 2, 3, 3, 4))))
    workloads: list[Workload] = []
    for _ in range(dice.randint(2, 5) if few else dice.randint(1, 9)):
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
    )


def _hosts(chance: _Chance) -> list[str]:
    """The names the policy may use: of each domain some exact ones, some wildcards."""
    hosts: list[str] = []
    domains = DOMAINS if chance.shape == "plain" else DOMAINS[: chance.few(2)]
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
    kinds = ("named", "tcp", "network", "address", "http-address", "internet", "open")
    weights = (60, 10, 14, 6, 4, 3, 3) if chance.shape == "plain" else (72, 6, 10, 4, 3, 2, 2)
    kind = dice.choices(kinds, weights)[0]
    sources = _sources_by_chance(chance, cluster)
    attributes: list[str] = []
    destinations: tuple[Destination, ...]
    if kind == "named":
        destinations = _named(chance, hosts)
    elif kind == "tcp":
        destinations = (_database(chance, hosts),)
        addresses = [_network(one).strip("[]") for one in destinations[0].addresses]  # type: ignore[union-attr]
        attributes.append("address=" + (addresses[0] if len(addresses) == 1 else "{" + ", ".join(addresses) + "}"))
    elif kind == "network":
        destinations = (_networks(chance),)
    elif kind == "address":
        destinations = (Addressed((_address(chance),), _raw_ports(chance)),)
    elif kind == "http-address":
        port = Port(dice.choice((8080, 8000, 80)), "http")
        destinations = (Addressed((ip_network("203.0.113.201" if chance.maybe(0.5) else "9.9.9.10"),), (port,)),)
    elif kind == "internet":
        port = Port(dice.choice((443, 22, 80)), "tcp")
        holes = tuple(ip_network(one) for one in dice.sample(NETWORKS[6:10], 1)) if chance.maybe(0.5) else ()
        destinations = (Internet(port, holes, (4, 6) if chance.shape == "v6" else (4,)),)
        attributes.append('reason="checks customers\' sites"')
    else:
        destinations = (Anything(),)
        sources = tuple(one for one in sources if one.namespace != "*" or one.labels) or (
            Source(cluster.namespaces[0], "*"),
        )
        attributes.append('reason="being moved"')
    if any(source.name == "*" for source in sources) and not attributes:
        attributes.append("reason=shared")
    grants = True
    if chance.maybe(0.03):
        attributes.append("expires=2020-01-31")
        grants = False
    elif chance.maybe(0.03):
        attributes.append("cluster=other-*")
        grants = False
    elif chance.maybe(0.05):
        attributes.append(dice.choice(("cluster=rand*", "expires=2199-12-31", "owner=team-x", "region=us")))
    style = dice.choices(("plain", "set", "set-of-everyone"), (80, 12, 8))[0]
    return Rule(number, sources, destinations, dice.choice(cluster.namespaces), tuple(attributes), style, grants)


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
    if protocol == "mysql" or chance.maybe(0.5):
        found = tuple(_address(chance) for _ in range(chance.few(2)))
    else:
        found = (ip_network(chance.dice.choice(("203.0.113.32/27", "151.101.8.0/22", "192.0.2.0/25"))),)
    home = chance.homes.setdefault(host, tuple(dict.fromkeys(found)))
    return Named(host, (Port(number, chance.protocols.setdefault((host, number), protocol)),), home)


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
