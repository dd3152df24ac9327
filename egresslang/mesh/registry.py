"""Registry: the services istiod knows, in the order in which older ones go before younger ones.

A *registered service* is one host at one address, or at none: a ServiceEntry makes one of each of its hosts and
addresses (convertServices, pilot/pkg/serviceregistry/serviceentry/conversion.go), a Kubernetes Service makes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import Any
from weakref import ref

from egresslang.mesh.addresses import BITS, parse_address, parse_network
from egresslang.mesh.resources import (
    Labels,
    MeshConfig,
    Origin,
    Port,
    Resources,
    Service,
    ServiceEntry,
    VirtualService,
    selects,
)
from egresslang.mesh.rules import Rules
from egresslang.record import record, replace

NOWHERE = "0.0.0.0"
"""The address of a service that has none."""

_TO_NO_NAMESPACE = frozenset({"*", "~"})

EXACT_LISTS = (1, 31)
"""The first Istio that looks exact hosts of a Sidecar up one by one (servicesForExactHosts, pilot/pkg/model/sidecar.go)."""

MOST_EQUALS = 8
"""Services of one host, namespace and age of which each is looked at as the first with each other as the last."""


@record
class Registered:
    """A host at one address: `address` as text, a network, or NOWHERE; `others` are further cluster IPs.

    `by_number` are the ports that a sidecar knows. `allocated` are virtual addresses that only proxies with DNS capture
    use; `alias_of` is the host that an ExternalName Service stands for, `aliases` are such hosts of this one. Two are the
    same only if they are one object.
    """

    host: str
    namespace: str
    name: str
    created: str
    address: str
    others: tuple[str, ...]
    allocated: tuple[str, ...]
    ports: tuple[Port, ...]
    by_number: Mapping[int, Port]
    resolution: str
    kubernetes: bool
    headless: bool
    labels: Labels
    selector: Labels | None
    export_to: frozenset[str]
    declared_export_to: frozenset[str]
    origin: Origin
    alias_of: str = ""
    aliases: tuple[str, ...] = ()
    internal: bool = False

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def port(self, number: int) -> Port | None:
        """The port of a number, None when it has none that a sidecar knows: UDP it does not (GetByPort)."""
        return self.by_number.get(number)

    def with_ports(self, ports: tuple[Port, ...]) -> Registered:
        """The same service with other ports."""
        return replace(self, ports=ports, by_number=_by_number(ports))

    @property
    def in_mesh(self) -> bool:
        """Whether it is said to be in the mesh: a Service of Kubernetes, or an internal ServiceEntry."""
        return self.kubernetes or self.internal

    @property
    def is_wild(self) -> bool:
        """Whether the host is a wildcard."""
        return self.host.startswith("*")

    @property
    def is_dynamic(self) -> bool:
        """Whether the sidecar resolves the very name that a client asks for."""
        return self.resolution == "DYNAMIC_DNS" and self.is_wild


Turns = Mapping[tuple[str, str], int]
"""For a host and a namespace, which order its services of one age are in (`turned`); for a host and no namespace, the
place of that among equally old services of several namespaces which a route takes."""


class Registry:
    """Every registered service, oldest first; `turns` decide between those of one host, namespace and age.

    istiod orders these by chance, another way at each start. `shared` keeps parts of listeners that many sidecars share.
    """

    def __init__(self, resources: Resources, config: MeshConfig, turns: Turns = MappingProxyType({})) -> None:
        self.resources = resources
        self.config = config
        self.turns = turns
        self.services = _with_aliases(_in_order(_registered(resources, config), turns))
        self.virtual_services = sorted(
            resources.virtual_services, key=lambda each: (each.created, each.origin.name, each.origin.namespace)
        )
        self.shared: dict[object, Any] = {}
        self._views: dict[str, View] = {}

    @cached_property
    def rules(self) -> Rules:
        """The DestinationRules."""
        return Rules(self.resources.destination_rules, self.config)

    def has_endpoint(self, service: Registered, labels: Labels) -> bool:
        """Whether an endpoint that the ServiceEntry of a service names carries some labels; every one carries none."""
        behind = self.endpoint_labels.get(service.origin, ())
        return not labels or any(selects(labels, dict(each)) for each in behind)

    @cached_property
    def endpoint_labels(self) -> dict[Origin, list[Labels]]:
        """The labels of the endpoints that ServiceEntries name."""
        return {each.origin: [one.labels for one in each.endpoints] for each in self.resources.service_entries}

    @cached_property
    def public(self) -> dict[Registered, int]:
        """The services that are exported to everyone, and their places: behind all that are exported by name."""
        public = [each for each in self.services if "*" in each.export_to]
        return {each: at for at, each in enumerate(public, len(self.services))}

    @cached_property
    def exported(self) -> dict[str, list[Registered]]:
        """The services that are exported to a namespace by name (initServiceRegistry)."""
        found: dict[str, list[Registered]] = {}
        for each in self.services:
            if each.export_to.isdisjoint(_TO_NO_NAMESPACE):
                for to in {each.namespace if to == "." else to for to in each.export_to}:
                    found.setdefault(to, []).append(each)
        return found

    @cached_property
    def by_host(self) -> dict[str, dict[str, Registered]]:
        """The one service that stands for a host in a namespace: Kubernetes's, else the oldest."""
        found: dict[str, dict[str, Registered]] = {}
        for each in self.services:
            held = found.setdefault(each.host, {})
            existing = held.get(each.namespace)
            if existing is None or (each.kubernetes and not existing.kubernetes):
                held[each.namespace] = each
        return found

    @cached_property
    def endpoints(self) -> dict[tuple[str, str, int], list[str]]:
        """What is behind a port of a host of a namespace: an address, with `:port` where it is not the same port.

        Where several services are one host of a namespace, the last of them says which endpoints a port has, by its
        number for those of ServiceEntries and by its name for pods (initServiceRegistry, CopyEndpoints).
        """
        behind: dict[tuple[str, str], dict[int | str, list[tuple[int, str]]]] = {}
        for at, (host, namespace, port, address) in enumerate(self._behind()):
            behind.setdefault((host, namespace), {}).setdefault(port, []).append((at, address))
        found: dict[tuple[str, str, int], list[str]] = {}
        for service in reversed(self.services):
            by_port = behind.get((service.host, service.namespace))
            if by_port is None:
                continue
            here: dict[int, list[tuple[int, str]]] = {}
            for each in service.ports:
                if (service.host, service.namespace, each.number) not in found:
                    held = [*by_port.get(each.number, ()), *by_port.get(each.name, ())]
                    here[each.number] = here[each.number] + held if each.number in here else held
            for number, addresses in here.items():
                if addresses:
                    found[service.host, service.namespace, number] = [address for _, address in sorted(addresses)]
        return found

    def _behind(self) -> Iterator[tuple[str, str, int | str, str]]:
        """The endpoints of a host of a namespace: number of the port or, of pods, its name, and address."""
        for entry in self.resources.service_entries:
            resolved = not entry.endpoints and entry.selector is None and entry.resolution in ("DNS", "DNS_ROUND_ROBIN")
            if not resolved and not entry.endpoints:
                continue
            for host in entry.hosts:
                for port in entry.ports:
                    if resolved:
                        yield host, entry.origin.namespace, port.number or port.name, _at(host, port, 0)
                    for each in entry.endpoints:
                        address = _at(each.address, port, each.ports.get(port.name, 0))
                        yield host, entry.origin.namespace, port.number or port.name, address
        for service in self.resources.services:
            host = service_host(service, self.config)
            for address in self.pods(service.origin.namespace, service.origin.name):
                for port in service.ports:
                    yield host, service.origin.namespace, port.name, address

    @cached_property
    def _pods(self) -> dict[tuple[str, str], list[str]]:
        found: dict[tuple[str, str], list[str]] = {}
        for each in self.resources.endpoint_slices:
            found.setdefault((each.namespace, each.service), []).extend(each.addresses)
        return found

    def pods(self, namespace: str, service: str) -> list[str]:
        """The addresses of the pods of a Kubernetes Service, as its EndpointSlices say."""
        return self._pods.get((namespace, service), [])

    def view(self, namespace: str) -> View:
        """What the proxies of a namespace may see."""
        found = self._views.get(namespace)
        if found is None:
            found = self._views[namespace] = View(self, namespace)
        return found

    @cached_property
    def directory(self) -> Directory:
        """All services."""
        return Directory(self.services)

    @cached_property
    def public_of(self) -> Mapping[str, Directory]:
        """The services that are exported to everyone by namespace, and those of all under `*`."""
        found: dict[str, list[Registered]] = {"*": list(self.public)}
        for each in self.public:
            found.setdefault(each.namespace, []).append(each)
        return {namespace: Directory(services) for namespace, services in found.items()}

    @cached_property
    def _peers(self) -> dict[tuple[str, str, str], list[Registered]]:
        found: dict[tuple[str, str, str], list[Registered]] = {}
        for each in self.services:
            found.setdefault((each.host, each.namespace, each.created), []).append(each)
        return {key: peers for key, peers in found.items() if len(peers) > 1}

    def peers(self, service: Registered) -> Sequence[Registered]:
        """The services of one host, namespace and age, whose order is left to chance: this one, and its equals."""
        return self._peers.get((service.host, service.namespace, service.created), (service,))

    @cached_property
    def several(self) -> frozenset[tuple[str, str]]:
        """The hosts of which there are equals in a namespace, each with the namespace."""
        return frozenset((host, namespace) for host, namespace, _ in self._peers)

    @cached_property
    def has_aliases(self) -> bool:
        """Whether an ExternalName Service stands for a service."""
        return any(each.aliases for each in self.services)

    @cached_property
    def is_settled(self) -> bool:
        """Whether nothing is left to chance: no service has an equal, and no VirtualService may mean one of several."""
        return not self.virtual_services and not self._peers

    def matching(self, pattern: str) -> Iterable[Registered]:
        """The services whose host a name or wildcard of a Sidecar matches."""
        return self.directory.matching(pattern)


class Directory:
    """Services by their host, found by what a Sidecar lists of them."""

    def __init__(self, services: Sequence[Registered]) -> None:
        self._services = services

    @cached_property
    def _named(self) -> dict[str, list[Registered]]:
        found: dict[str, list[Registered]] = {}
        for each in self._services:
            found.setdefault(each.host, []).append(each)
        return found

    @cached_property
    def _below(self) -> dict[str, list[Registered]]:
        """Services by each suffix of their host that starts with a dot."""
        found: dict[str, list[Registered]] = {}
        for each in self._services:
            host = each.host.removeprefix("*")
            at = 0 if host.startswith(".") else host.find(".")
            while at >= 0:
                found.setdefault(host[at:], []).append(each)
                at = host.find(".", at + 1)
        return found

    def matching(self, pattern: str) -> Sequence[Registered]:
        """The services whose host a name or wildcard matches."""
        if not pattern.startswith("*"):
            return self._named.get(pattern, ())
        if pattern == "*":
            return self._services
        if pattern.startswith("*."):
            return self._below.get(pattern[1:], ())
        return [each for each in self._services if is_subset(each.host, pattern)]


class View:
    """The services that are exported to a namespace: those exported to it by name, then those to everyone.

    The registry keeps its views, and is kept by none: a mesh in a circle would stay in memory until the process ends.
    """

    def __init__(self, registry: Registry, namespace: str) -> None:
        self._registry = ref(registry)
        self.namespace = namespace
        exported = registry.exported.get(namespace, ())
        self._named = {each: at for at, each in enumerate(exported)}
        self._exported = Directory(exported)
        self._public = registry.public
        self._public_of = registry.public_of
        self.virtual_services = list(self._virtual_services())

    @property
    def registry(self) -> Registry:
        """The registry that it is a view of."""
        found = self._registry()
        assert found is not None
        return found

    def matching(self, namespace: str, pattern: str) -> list[tuple[int, Registered]]:
        """The services of a namespace, or of every one for `*`, that are seen and whose host a pattern matches.

        Each has its place among all that are seen.
        """
        found = [
            (self._named[each], each) for each in self._exported.matching(pattern) if namespace in (each.namespace, "*")
        ]
        if (public := self._public_of.get(namespace)) is not None:
            found += [(self._public[each], each) for each in public.matching(pattern)]
        return found

    def sees(self, service: Registered) -> bool:
        """Whether a service is exported to the namespace, to it alone or to everyone."""
        return service in self._named or service in self._public

    def _virtual_services(self) -> list[VirtualService]:
        """Those of the own namespace alone, those exported to it by name, those exported to everyone."""
        private: list[VirtualService] = []
        named: list[VirtualService] = []
        public: list[VirtualService] = []
        for each in self.registry.virtual_services:
            own = each.origin.namespace
            to = each.export_to or self.registry.config.virtual_service_export_to
            if each.gateways and "mesh" not in each.gateways:
                continue
            if "*" in to:
                public.append(each)
            elif "~" not in to and (self.namespace in to or ("." in to and own == self.namespace)):
                (private if own == self.namespace else named).append(each)
        return [*private, *named, *public]


def is_subset(host: str, of: str) -> bool:
    """Whether a host, which may be a wildcard, lies in another (Name.SubsetOf, pkg/config/host/name.go)."""
    if not of.startswith("*"):
        return host == of
    if host.startswith("*"):
        return len(host) >= len(of) and host[1:].endswith(of[1:])
    return host.endswith(of[1:])


def overlaps(host: str, other: str) -> bool:
    """Whether two hosts, which may be wildcards, have a name in common (Name.Matches)."""
    return is_subset(host, other) or is_subset(other, host)


def service_host(service: Service, config: MeshConfig) -> str:
    """The host of a Kubernetes Service."""
    return f"{service.origin.name}.{service.origin.namespace}.svc.{config.cluster_domain}"


def _at(address: str, port: Port, said: int) -> str:
    """An endpoint: its address, and the port that it or the entry says if that is another one."""
    target = said or port.target
    return f"{address}:{target}" if target not in (0, port.number) else address


# How resources become services


def _registered(resources: Resources, config: MeshConfig) -> Iterator[Registered]:
    default = frozenset(config.service_export_to)
    for entry in resources.service_entries:
        if entry.resolution == "DYNAMIC_DNS" and config.version < (1, 30):
            continue
        yield from _of_entry(entry, default)
    for service in resources.services:
        yield _of_service(service, service_host(service, config), default)


def _of_entry(entry: ServiceEntry, default: frozenset[str]) -> Iterator[Registered]:
    places = [place for address in entry.addresses if (place := _place(address))] if entry.addresses else [NOWHERE]
    declared = _namespaces(entry.export_to)
    by_number = _by_number(entry.ports)
    for host in entry.hosts:
        for place in places:
            yield Registered(
                host,
                entry.origin.namespace,
                host,
                entry.created,
                place,
                (),
                entry.allocated.get(host, ()),
                entry.ports,
                by_number,
                entry.resolution,
                False,
                False,
                entry.labels,
                entry.selector,
                declared or default,
                declared,
                entry.origin,
                internal=entry.internal,
            )


@lru_cache
def _namespaces(export_to: tuple[str, ...]) -> frozenset[str]:
    """What a resource is exported to, one object for all that say the same."""
    return frozenset(export_to)


def _by_number(ports: Sequence[Port]) -> dict[int, Port]:
    """The first port of each number that is not UDP."""
    return {port.number: port for port in reversed(ports) if port.protocol != "UDP"}


def _place(address: str) -> str:
    """An address as a listener has it: a network of one address becomes that address; empty for what is none."""
    network = parse_network(address)
    if network is None:
        return ""
    bare, slash, _ = address.partition("/")
    return bare if slash and network[2] == BITS[network[0]] else address


def _of_service(service: Service, host: str, default: frozenset[str]) -> Registered:
    resolution = "ALIAS" if service.external_name else "NONE" if service.headless else "STATIC"
    addresses = service.addresses or (NOWHERE,)
    declared = _namespaces(service.export_to)
    return Registered(
        host,
        service.origin.namespace,
        service.origin.name,
        service.created,
        addresses[0],
        addresses[1:],
        (),
        service.ports,
        _by_number(service.ports),
        resolution,
        True,
        service.headless,
        service.labels,
        service.selector,
        declared or default,
        declared,
        service.origin,
        service.external_name,
    )


_AGE = attrgetter("created", "name", "namespace")


def _in_order(services: Iterable[Registered], turns: Turns) -> list[Registered]:
    """Services by age, name and namespace (SortServicesByCreationTime), equals as their turn has it."""
    ordered = sorted(services, key=_AGE)
    if not turns:
        return ordered
    groups = ((key, list(group)) for key, group in groupby(ordered, _AGE))
    return [each for (_, name, where), group in groups for each in turned(group, turns.get((name, where), 0))]


def orders(group: Sequence[Registered]) -> int:
    """In how many orders services of one age are looked at: what counts is which is first and which is last."""
    count = len(group)
    return count * (count - 1) if 2 < count <= MOST_EQUALS else count


def turned(group: list[Registered], turn: int) -> list[Registered]:
    """Services of one age in one of those orders; as they stand for no turn."""
    count = len(group)
    if orders(group) == count:
        return group[turn % count :] + group[: turn % count]
    first, behind = divmod(turn % orders(group), count - 1)
    others = group[:first] + group[first + 1 :]
    last = others.pop(count - 2 - behind)
    return [group[first], *others, last]


def _with_aliases(services: list[Registered]) -> list[Registered]:
    """Services with the ExternalName Services that stand for them (resolveServiceAliases)."""
    targets = {each.host: each.alias_of for each in services if each.resolution == "ALIAS"}
    if not targets:
        return services
    aliases: dict[str, list[tuple[str, str]]] = {}
    for each in services:
        if each.resolution == "ALIAS":
            seen, target = {each.host}, each.alias_of
            while target in targets and target not in seen:
                seen.add(target)
                target = targets[target]
            if target not in targets:
                aliases.setdefault(target, []).append((each.namespace, each.host))
    return [
        replace(each, aliases=tuple(host for _, host in sorted(aliases[each.host]))) if each.host in aliases else each
        for each in services
    ]


def is_address(text: str) -> bool:
    """Whether a text is one address."""
    return parse_address(text) is not None
