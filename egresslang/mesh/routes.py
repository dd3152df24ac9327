"""Routes: the virtual hosts of a port, and which of them a Host header leads to.

Restates BuildSidecarOutboundVirtualHosts (pilot/pkg/networking/core/httproute.go) and how Envoy chooses a virtual
host: by the whole name, else by the longest wildcard, else by the one for everybody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang.mesh import matches, protocols
from egresslang.mesh.listeners import Cluster, Pod, addresses_for, destined, other_names
from egresslang.mesh.registry import NOWHERE, Registered, overlaps
from egresslang.mesh.resources import HeaderMatch, HTTPMatch, Origin, VirtualService, selects
from egresslang.mesh.scope import Listener, Scope
from egresslang.record import record


@record
class Way:
    """Where a plain GET of `/` goes, dealt by weight if to several; `hosts` is what its Host must be for that.

    `copies` is where copies go; `answers` when the sidecar answers itself; no cluster otherwise means that no route is
    for such a request.
    """

    clusters: tuple[Cluster, ...]
    copies: tuple[Cluster, ...] = ()
    answers: bool = False
    hosts: tuple[HeaderMatch, ...] = ()


NO_WAY = Way(())


@record
class VirtualHost:
    """A virtual host: the ways of which the first that is for a Host takes it, and what says so."""

    name: str
    ways: tuple[Way, ...]
    because: tuple[Origin, ...]

    def way(self, host: str) -> Way:
        """Where a Host header leads."""
        for way in self.ways:
            if all(matches.takes_header(each, host) for each in way.hosts):
                return way
        return NO_WAY

    @property
    def only_way(self) -> Way | None:
        """Where every Host header leads; None where they differ."""
        first = self.ways[0] if self.ways else NO_WAY
        return None if first.hosts else first


class Routes:
    """The virtual hosts of a port by domain; where istiod gives a domain to one of several by chance, all of them."""

    def __init__(self) -> None:
        self.domains: dict[str, list[VirtualHost]] = {}
        self._shared: set[str] = set()
        self._partial: list[str] = []

    def claim(self, domains: Iterable[str], host: VirtualHost, by_chance: bool) -> None:
        """Give a virtual host the domains that no other has; `by_chance` shares those with others of its kind."""
        for domain in domains:
            name = domain.lower()
            held = self.domains.get(name)
            if held is None:
                self.domains[name] = [host]
                if by_chance:
                    self._shared.add(name)
                if name.startswith("*") and not name.startswith("*."):
                    self._partial.append(name)
            elif by_chance and name in self._shared and host not in held:
                held.append(host)

    @property
    def told(self) -> set[str]:
        """The Host headers that are told apart: the domains, and what the ways of a wildcard ask for."""
        found = set(self.domains)
        for domain, hosts in self.domains.items():
            asked = (each.text for host in hosts for way in host.ways for each in way.hosts)
            for kind, text in asked:
                if kind == "exact":
                    found.add(text)
                elif kind == "prefix" and domain.startswith("*"):
                    found.add(f"{text.removesuffix('.')}{domain[1:]}")
        return found

    @property
    def is_refused(self) -> bool:
        """Whether a real Envoy refuses them: a service has taken the domain of everybody else, which is there twice."""
        return "*" in self.domains

    def find(self, host: str) -> list[VirtualHost]:
        """The virtual hosts that a Host header may lead to; none where the one for everybody else takes it."""
        name = without_port(host).lower()
        found = self.domains.get(name)
        if found is not None:
            return found
        partial = max(
            (each for each in self._partial if len(name) >= len(each) and name.endswith(each[1:])), key=len, default=""
        )
        at = name.find(".")
        while at >= 0:
            wild = f"*{name[at:]}"
            if len(wild) <= len(partial):
                break
            if at and wild in self.domains:
                return self.domains[wild]
            at = name.find(".", at + 1)
        return self.domains[partial] if partial else []


def without_port(host: str) -> str:
    """A Host header without its port, which routes ignore."""
    if host.startswith("["):
        return host[: host.find("]") + 1] or host
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() and ":" not in name else host


def listener_for(scope: Scope, port: int) -> Listener | None:
    """The egress listener whose imports make the routes of a port: its own, else the one for all others."""
    for each in scope.listeners:
        if each.egress.port is None or each.egress.port.number == port:
            return each
    return None


def build(scope: Scope, pod: Pod, port: int, cluster_domain: str) -> Routes:
    """The virtual hosts of a port of the wildcard address."""
    routes = Routes()
    listener = listener_for(scope, port)
    if listener is None:
        return routes
    own = listener.egress.port
    is_proxy = own is not None and own.protocol == "HTTP_PROXY"
    port = 80 if is_proxy else port
    services = {
        each.host.lower(): each
        for each in listener.services
        if each.port(port) is not None and (not is_proxy or _first_http(each) == port)
    }
    wild = {name for name in services if name.startswith("*")}
    taken: set[str] = set()
    routed: set[str] = set()
    whole = {name for name, each in services.items() if each.resolution != "ALIAS" and _is_http(each, port)}
    for virtual in listener.virtual_services:
        if (port == 80 and not is_proxy) or _concerns(virtual, services, wild):
            for host, domains, of in _of_virtual_service(virtual, services, pod, port, listener, cluster_domain):
                if host.name not in taken:
                    taken.add(host.name)
                    routes.claim(domains, host, by_chance=False)
                routed |= of
    for name in sorted(whole - routed - taken):
        service = services[name]
        host = VirtualHost(name, (Way((Cluster(name, port),)),), (service.origin,))
        routes.claim(_domains(service, name, pod, cluster_domain, whole), host, by_chance=True)
    return routes


def sniffed(scope: Scope, pod: Pod, host: str, port: int, cluster_domain: str) -> VirtualHost | None:
    """The only virtual host of a listener that one service has for itself; None for a host in capitals, which no route is for."""
    listener = listener_for(scope, port)
    if listener is not None and listener.egress.port is not None and listener.egress.port.protocol == "HTTP_PROXY":
        service = next((each for each in listener.services if each.host == host and _is_http(each, port)), None)
        return None if service is None else VirtualHost(host, (Way((Cluster(host, port),)),), (service.origin,))
    found = build(scope, pod, port, cluster_domain).domains.get(host, [])
    return found[0] if found else None


def _first_http(service: Registered) -> int:
    """The first port of a service that speaks HTTP: to a proxy of HTTP, whose routes know all ports, the name is its."""
    return next((port.number for port in service.ports if _is_http(service, port.number)), 0)


def _is_http(service: Registered, number: int) -> bool:
    port = service.port(number)
    return port is not None and (port.protocol in protocols.HTTP or port.protocol == protocols.UNSET)


def _domains(service: Registered, name: str, pod: Pod, cluster_domain: str, whole: set[str]) -> Iterator[str]:
    """Every name a service is asked by (generateVirtualHostDomains), but for short ones that are whole names of others."""
    names = []
    for host in (name, *service.aliases):
        names += [host, *(each for each in other_names(host, pod, cluster_domain) if each not in whole)]
    yield from names
    if service.kubernetes and service.headless:
        for each in names:
            yield f"*.{each}"
    for address in addresses_for(service, pod):
        if address != NOWHERE and "/" not in address:
            yield f"[{address}]" if ":" in address else address


# VirtualServices


def _concerns(virtual: VirtualService, services: dict[str, Registered], wild: set[str]) -> bool:
    """Whether a VirtualService is about one of the services of a port (selectVirtualServices)."""
    for host in virtual.hosts:
        name = host.lower()
        if name in services:
            return True
        if any(overlaps(name, each) for each in (services if name.startswith("*") else wild)):
            return True
    return False


def _of_virtual_service(
    virtual: VirtualService,
    services: dict[str, Registered],
    pod: Pod,
    port: int,
    listener: Listener,
    cluster_domain: str,
) -> Iterator[tuple[VirtualHost, list[str], set[str]]]:
    """The virtual hosts a VirtualService makes, their domains, and the services that are routed by it."""
    routes = list(_routes(virtual, services, pod, port))
    if not routes:
        return
    ways = tuple(each for each in routes if each is not None)
    foreign, matching = _hosts(virtual, services, listener)
    sniffable = [name for name in matching if _is_http(services[name], port)]
    if not sniffable and port != 80:
        return
    for name in foreign:
        host = VirtualHost(name.lower(), ways, (virtual.origin,))
        yield host, [f"[{name}]" if ":" in name else name.lower()], set()
    for name in sniffable:
        service = services[name]
        host = VirtualHost(name, ways, (virtual.origin, service.origin))
        yield host, list(_domains(service, name, pod, cluster_domain, set())), {name}


def _hosts(virtual: VirtualService, services: dict[str, Registered], listener: Listener) -> tuple[list[str], list[str]]:
    """The hosts of a VirtualService that are no services, and the services it is about (separateVSHostsAndServices)."""
    foreign: list[str] = []
    matching: list[str] = []
    for host in virtual.hosts:
        name = host.lower()
        if not name.startswith("*"):
            (matching if name in services else foreign).append(name if name in services else host)
    for host in virtual.hosts:
        name = host.lower()
        if name.startswith("*"):
            met = [each for each in services if overlaps(each, name)]
            matching += [
                each for each in met if services[each].host == each and _most_specific(each, listener) is virtual
            ]
            if not met:
                foreign.append(name)
    return foreign, list(dict.fromkeys(matching))


def _most_specific(host: str, listener: Listener) -> VirtualService | None:
    """The VirtualService that says most exactly that it is about a host (computeWildcardHostVirtualServiceIndex)."""
    best: VirtualService | None = None
    longest = -1
    for virtual in listener.virtual_services:
        for each in virtual.hosts:
            exact = each == host
            if exact or (each.startswith("*") and _covers(each, host)):
                length = len(each) + (1_000 if exact else 0)
                if length > longest:
                    best, longest = virtual, length
    return best


def _covers(wildcard: str, host: str) -> bool:
    bare = host[1:] if host.startswith("*") else host
    return len(bare) >= len(wildcard) - 1 and bare.endswith(wildcard[1:])


def _routes(virtual: VirtualService, services: dict[str, Registered], pod: Pod, port: int) -> Iterator[Way | None]:
    """The routes of a VirtualService that can hold for a pod on a port, to the first that takes everything.

    One that takes no plain GET of `/`, whatever its Host, is None.
    """
    for route in virtual.http:
        dealt = (
            [each for each in route.destinations if each.weight > 0]
            if len(route.destinations) > 1
            else route.destinations
        )
        clusters = tuple(destined(each, services.get(each.host), port) for each in dealt)
        copies = tuple(destined(each, services.get(each.host), port) for each in route.mirrors)
        if not route.matches:
            yield Way(clusters, copies, route.answers)
            return
        for match in route.matches:
            if match.port not in (0, port) or not _is_from(match, pod):
                continue
            hosts = tuple(each for each in match.headers if each.name.lower() in matches.AUTHORITY)
            yield Way(clusters, copies, route.answers, hosts) if _takes(match) else None
            if match.uri in (("", ""), ("prefix", "/"), ("regex", ".*")) and not match.headers and not match.parameters:
                return


def _is_from(match: HTTPMatch, pod: Pod) -> bool:
    if match.gateways:
        return "mesh" in match.gateways
    return selects(match.source_labels, pod.labels) and match.source_namespace in ("", pod.namespace)


def _takes(match: HTTPMatch) -> bool:
    """Whether a match takes a plain GET of `/`, if its Host is right."""
    others = (each for each in match.headers if each.name.lower() not in matches.AUTHORITY)
    return (
        not match.parameters
        and matches.takes(match.uri, "/")
        and all(matches.takes_header(each, matches.PLAIN.get(each.name.lower())) for each in others)
    )
