"""Policies as structures, and the `.egress` text and profile that say them.

The oracle judges flows from the structures alone; the compiler sees the text alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network

Network = IPv4Network | IPv6Network


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
    """A host or wildcard; `addresses` are those of `address=`, or of the known endpoints in the rule's region.

    With addresses the flow is to those, whatever the bytes, but for `http` to one address, which is checked by
    Host, and for endpoints: `dialled` says that the sidecar dials them for who asks by name.
    """

    host: str
    ports: tuple[Port, ...]
    addresses: tuple[Network, ...] = ()
    dialled: bool = False


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
    dns_capture: bool = False
    endpoints: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    """Of each known host its endpoints, each an address and its region."""


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
    """The members of a set of the rule's hosts and networks; None where they cannot be one."""
    found = [one for one in rule.destinations if isinstance(one, Named | Addressed)]
    if len(found) != len(rule.destinations) or any(isinstance(one, Addressed) and one.holes for one in found):
        return None
    return _members(found)


def _members(destinations: list[Named | Addressed]) -> list[str]:
    """Hosts and networks, each with its ports where these are not the same for all."""
    same = len({one.ports for one in destinations}) == 1
    found: list[str] = []
    for one in destinations:
        hosts = [one.host] if isinstance(one, Named) else [network_text(network) for network in one.networks]
        found += hosts if same else [f"{host}:{_ports(one.ports)}" for host in hosts]
    return found


def _set_ports(rule: Rule) -> str:
    ports = {one.ports for one in rule.destinations if isinstance(one, Named | Addressed)}
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
    found = [one for one in destinations if isinstance(one, Named | Addressed)]
    members = _members(found)
    written = members[0] if len(members) == 1 else "{" + ", ".join(members) + "}"
    if len({one.ports for one in found}) > 1:
        return written
    holes = first.holes if isinstance(first, Addressed) else ()
    return f"{written}:{_ports(first.ports)}{_except(holes)}"


def _ports(ports: tuple[Port, ...]) -> str:
    written = [f"{port.number} {port.protocol}" if port.said else str(port.number) for port in ports]
    return written[0] if len(written) == 1 else "{" + ", ".join(written) + "}"


def _except(holes: tuple[Network, ...]) -> str:
    if not holes:
        return ""
    written = [network_text(hole) for hole in holes]
    return " except " + (written[0] if len(written) == 1 else "{" + ", ".join(written) + "}")


def network_text(network: Network) -> str:
    """A network as the language writes it: one address bare, IPv6 in brackets."""
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
        namespaces[workload.namespace].setdefault("workloads", {})[workload.name] = about
    enforcement = cluster.enforcement
    networks = {"pods": ["10.4.0.0/14"], "services": ["10.8.0.0/20"], "nodes": ["10.0.0.0/20"]}
    spec = {
        "region": "us-east1",
        "istio": {
            "version": cluster.version,
            "rootNamespace": cluster.root,
            "outboundTrafficPolicy": "REGISTRY_ONLY" if enforcement == "mesh" else "ALLOW_ANY",
            "dnsCapture": cluster.dns_capture,
        },
        "enforcement": enforcement if isinstance(enforcement, str) else {"namespaces": list(enforcement)},
        "observed": [f"{workload.namespace}/{workload.name}" for workload in cluster.observed],
        "inMesh": list(cluster.in_mesh),
        "ipFamilies": list(cluster.families),
        "destinations": {
            host: {"endpoints": [{"address": address, "region": region} for address, region in endpoints]}
            for host, endpoints in cluster.endpoints
        },
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
