"""Outbound: what a pod's sidecar does with one connection, and why.

A request is judged as Envoy does it: the listener of its address and port; in it the filter chain by network, server
name, transport and protocol; for HTTP the virtual host of its Host header; then what the cluster connects to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from egresslang.mesh import listeners, protocols, routes, rules
from egresslang.mesh.addresses import Address, parse_address
from egresslang.mesh.filter_chains import HTTP, ChainTable
from egresslang.mesh.listeners import Chain, Cluster, Listener, Pod
from egresslang.mesh.registry import NOWHERE, Registered, Registry
from egresslang.mesh.resources import AuthorizationPolicy, DestinationRule, Origin, selects
from egresslang.mesh.routes import Routes, VirtualHost
from egresslang.mesh.scope import Scope
from egresslang.record import record

ALLOWED, ANSWERED, BLOCKED, PASSED, LOST = "allowed", "answered", "blocked", "passed-through", "lost"
REFUSED, UNSTABLE = "refused", "unstable"
ANSWER, NOT_FOUND, BAD_GATEWAY, UNAVAILABLE, DROPPED, HANGS = "answer", "404", "502", "503", "dropped", "hangs"
TLS_IN_TLS = "tls-in-tls"
REGISTRY, CLIENT = "registry", "client"

VIRTUAL_OUTBOUND = "virtualOutbound"
"""The listener of connections that no other one takes."""

OWN_PORT, INBOUND_PORT = 15001, 15006
"""The ports of that listener and of its inbound twin: a connection to them would come back for ever, and is dropped."""


@record
class Request:
    """One connection: `protocol` is http, http2, http1.0, tls or tcp; `name` the Host header or the server name.

    `address` is what the client dials; `server_first` when it waits for the server to speak.
    """

    protocol: str
    name: str
    address: Address
    port: int
    server_first: bool = False


@record
class Verdict:
    """What became of a request.

    `verdict` is allowed, answered (by the sidecar itself), blocked, passed-through, lost (a route to a cluster that
    does not exist), refused (a listener or route that a real Envoy does not take) or unstable; `sees` what the client
    sees: answer, 404, 502, 503, dropped or hangs, empty when nothing says; `host` and `port` the registered host that took it; `dials` whether the sidecar resolved the
    address itself (registry) or took the client's (client). `listener` and `route` as Envoy names them; `because` the
    resources it follows from; `possible` the verdicts between which istiod decides by chance; `parts` those of a
    request that a route deals to several clusters by weight, and whether one is but a copy that answers nobody.
    `wraps` when the client's TLS is sent in TLS of the sidecar's own, so that no destination understands it; `subset` is
    that of the cluster, empty for the whole host.
    """

    verdict: str
    sees: str
    host: str = ""
    port: int = 0
    dials: str = ""
    listener: str = ""
    route: str = ""
    because: tuple[Origin, ...] = ()
    possible: tuple[Verdict, ...] = ()
    parts: tuple[tuple[Verdict, bool], ...] = ()
    wraps: bool = False
    subset: str = ""

    @property
    def cluster(self) -> str:
        """The cluster that took it, or that does not exist, as istiod names it (BuildSubsetKey)."""
        return f"outbound|{self.port}|{self.subset}|{self.host}"

    @property
    def token(self) -> tuple[object, ...]:
        """What two verdicts that mean the same have in common."""
        parts = tuple(sorted((part.token, copied) for part, copied in self.parts))
        return self.verdict, self.sees, self.host, self.port, self.dials, parts

    @property
    def reaches(self) -> bool:
        """Whether the request, or a copy of it, may get somewhere."""
        if self.verdict == UNSTABLE:
            return any(each.reaches for each in (*self.possible, *(part for part, _ in self.parts)))
        return self.verdict == PASSED or (self.verdict == ALLOWED and self.sees in (ANSWER, HANGS))


class Outbound:
    """The outbound side of one sidecar, as istiod configures it at one of its starts."""

    def __init__(self, registry: Registry, scope: Scope, pod: Pod) -> None:
        self.registry = registry
        self.scope = scope
        self.pod = pod
        self.listeners = listeners.build(scope, pod, registry.endpoints, registry.shared)
        self._routes: dict[str, Routes] = {}
        self._tables: dict[Listener, ChainTable] = {}

    @cached_property
    def _by_address(self) -> dict[tuple[Address, int], list[Listener]]:
        """Listeners by each of their addresses; a real Envoy does not take two that have one in common."""
        found: dict[tuple[Address, int], list[Listener]] = {}
        for listener in self.listeners.values():
            for text in listener.addresses:
                address = parse_address(text)
                if address is not None:
                    found.setdefault((address, listener.port), []).append(listener)
        return found

    @cached_property
    def _overlapping(self) -> set[Listener]:
        """Listeners that have an address in common, with another one or with one of the sidecar's own."""
        own = [((min(self.pod.families), 0), port) for port in (OWN_PORT, INBOUND_PORT)]
        several = {each for found in self._by_address.values() if len(found) > 1 for each in found}
        return several | {each for place in own for each in self._by_address.get(place, ())}

    @cached_property
    def _takes_own_port(self) -> bool:
        """Whether a listener has the address of the one of all others, which a real Envoy then does not take either."""
        return ((min(self.pod.families), 0), OWN_PORT) in self._by_address

    def at(self, address: Address, port: int) -> list[Listener]:
        """The listeners that may take a connection; none where it is left to the one of all others."""
        return self._by_address.get((address, port)) or self._by_address.get(((address[0], 0), port), [])

    def hosts(self, port: int) -> Iterable[str]:
        """The Host headers that the routes of a port know."""
        return self._virtual_hosts(port).told

    def server_names(self, address: Address, port: int) -> Mapping[str, Sequence[Chain]]:
        """The filter chains that a TLS connection to an address is told by, by server name."""
        found = self.at(address, port)
        if len(found) != 1 or self.is_refused(found[0]):
            return {}
        return self._table(found[0]).server_names(address)

    def virtual_hosts(self, address: Address, port: int) -> Mapping[str, Sequence[VirtualHost]]:
        """The virtual hosts that plain HTTP to an address is told by, by Host header."""
        found = self.at(address, port)
        if len(found) != 1 or self.is_refused(found[0]):
            return {}
        chain = self._table(found[0]).match(address, "http", "")
        if chain is None or chain.route != str(port):
            return {}
        hosts = self._virtual_hosts(port)
        return {} if hosts.is_refused else hosts.domains

    def target(self, clusters: Sequence[Cluster]) -> Registered | None:
        """The service that a chain or route leads to, if to just one, and by a cluster as it says itself."""
        service = self.scope.services.get(clusters[0].host) if len(clusters) == 1 else None
        if service is None or not self._exists(service, clusters[0]):
            return None
        if not self.registry.resources.destination_rules:
            return service
        return None if self._passing(service, clusters[0]) or self._wrapping(service, clusters[0]) else service

    def is_refused(self, listener: Listener) -> bool:
        """Whether a real Envoy does not take a listener: two of its chains match the very same, or another one is there."""
        return self._table(listener).is_refused or listener in self._overlapping

    def passes_all(self, listener: Listener, address: Address) -> bool:
        """Whether all that a listener takes to an address goes one way, whatever is said."""
        return self._table(listener).passes_all(address)

    def drops_all(self, address: Address, port: int) -> bool:
        """Whether a connection is dropped whatever is said in it, but for the names by which its listener tells it."""
        if self.scope.policy.mode != "REGISTRY_ONLY":
            return False
        found = self.at(address, port)
        if not found:
            return not self._takes_own_port
        return not self.is_refused(found[0]) and self._table(found[0]).leaves_all(address)

    def goes_on(self, chain: Chain, port: int) -> bool:
        """Whether a filter chain leads, whatever is said, to the very address and port that the client dialled."""
        if chain.http or chain.sni or chain.route:
            return False
        services = [(cluster, self.scope.services.get(cluster.host)) for cluster in chain.clusters]
        return all(
            service is not None
            and service.resolution == "NONE"
            and cluster.port == port
            and self._exists(service, cluster)
            and _same_port(service, cluster.port)
            and not self._wrapping(service, cluster)
            for cluster, service in services
        )

    def resolve(self, name: str) -> Address | None:
        """The address the proxy's own DNS has for a name, itself or by a wildcard above it (BuildNameTable)."""
        at = -1
        while True:
            found = self._names.get(name if at < 0 else f"*{name[at:]}")
            if found is not None:
                return found
            at = name.find(".", at + 1)
            if at < 0:
                return None

    @cached_property
    def _names(self) -> dict[str, Address]:
        found: dict[str, tuple[bool, Address]] = {}
        for listener in self.scope.listeners if self.pod.dns_capture else ():
            for service in listener.services:
                texts = listeners.addresses_for(service, self.pod)
                if NOWHERE in texts:
                    texts = tuple(self._pods_behind(service))
                address = next((each for text in texts if (each := parse_address(text)) is not None), None)
                held = found.get(service.host)
                if address is not None and (held is None or (service.kubernetes and not held[0])):
                    found[service.host] = service.kubernetes, address
        return {host: address for host, (_, address) in found.items()}

    def named(self, address: Address) -> str:
        """The host whose address the proxy's own DNS says this is; empty when it is none's."""
        return self._hosts_by_address.get(address, "")

    @cached_property
    def _hosts_by_address(self) -> dict[Address, str]:
        return {address: host for host, address in self._names.items()}

    def _pods_behind(self, service: Registered) -> list[str]:
        if service.resolution != "NONE" or not service.ports:
            return []
        return self.registry.endpoints.get((service.host, service.namespace, service.ports[0].number), [])

    def ask(self, request: Request) -> list[Verdict]:
        """What becomes of a request: one verdict, or several where istiod decides by chance."""
        found = self.at(request.address, request.port)
        if not found and self._takes_own_port and request.port != INBOUND_PORT:
            return [Verdict(REFUSED, "", listener=VIRTUAL_OUTBOUND, because=self._sidecar)]
        if not found:
            return [self._unregistered(request, VIRTUAL_OUTBOUND, self._takes_http(request))]
        listener = found[0]
        table = self._table(listener)
        if self.is_refused(listener):
            return [Verdict(REFUSED, "", listener=listener.name, because=self._sidecar)]
        if request.server_first and table.waits and not (table.reads_http and self.registry.config.detects_in_time):
            return [self._waiting(request, listener)]
        chain = table.match(request.address, request.protocol, request.name)
        if chain is None:
            return [self._unregistered(request, listener.name, False)]
        if chain.route:
            return list(self._routed(request, listener, chain))
        return [self._dealt(request, chain.clusters, (), listener.name, "", chain.because)]

    def _table(self, listener: Listener) -> ChainTable:
        found = self._tables.get(listener)
        if found is None:
            found = self._tables[listener] = ChainTable(listener.chains.values())
        return found

    def _takes_http(self, request: Request) -> bool:
        """Whether the listener of all others resolves the Host of plain HTTP."""
        return self.scope.policy.mode == "ALLOW_ANY_DYNAMIC_DNS" and request.protocol in HTTP

    @property
    def _sidecar(self) -> tuple[Origin, ...]:
        return () if self.scope.sidecar is None else (self.scope.sidecar.origin,)

    def _unregistered(self, request: Request, listener: str, dynamic: bool) -> Verdict:
        """The end of what no chain or virtual host takes: as the outbound policy says."""
        policy = self.scope.policy
        comes_back = request.port == OWN_PORT or (
            request.port == INBOUND_PORT and request.address[0] == min(self.pod.families)
        )
        if policy.mode == "REGISTRY_ONLY" or (listener == VIRTUAL_OUTBOUND and comes_back):
            return Verdict(BLOCKED, DROPPED, listener=listener, because=self._sidecar)
        if dynamic:
            return Verdict(PASSED, ANSWER, dials=REGISTRY, listener=listener, because=self._sidecar)
        if policy.proxy is not None and policy.mode == "ALLOW_ANY":
            cluster = listeners.destined(policy.proxy, None, 0)
            return self._led(request, cluster, listener, "", ())
        return Verdict(PASSED, ANSWER, dials=CLIENT, listener=listener, because=self._sidecar)

    def _waiting(self, request: Request, listener: Listener) -> Verdict:
        """A client that waits for the server, at a listener that waits for the client."""
        spoken = self.ask(Request(request.protocol, request.name, request.address, request.port))[0]
        return Verdict(spoken.verdict, HANGS, spoken.host, spoken.port, spoken.dials, listener.name, "", spoken.because)

    def _routed(self, request: Request, listener: Listener, chain: Chain) -> Iterator[Verdict]:
        """Through the virtual hosts of an HTTP chain."""
        if request.protocol not in HTTP:
            yield Verdict(BLOCKED, DROPPED, listener=listener.name, because=self._sidecar)
            return
        found: list[VirtualHost]
        if ":" in chain.route:
            name, _, port = chain.route.rpartition(":")
            one = routes.sniffed(self.scope, self.pod, name, int(port), self.registry.config.cluster_domain)
            if one is None:
                yield Verdict(BLOCKED, NOT_FOUND, listener=listener.name, because=self._sidecar)
                return
            found = [one]
        else:
            hosts = self._virtual_hosts(listener.port)
            if hosts.is_refused:
                yield Verdict(REFUSED, "", listener=listener.name, route=chain.route, because=self._sidecar)
                return
            found = hosts.find(request.name)
        for host in found:
            way = host.way(request.name)
            if way.answers:
                yield Verdict(
                    ANSWERED, ANSWER, listener=listener.name, route=host.name, because=(*self._sidecar, *host.because)
                )
            elif not way.clusters:
                yield Verdict(
                    BLOCKED, NOT_FOUND, listener=listener.name, route=host.name, because=(*self._sidecar, *host.because)
                )
            else:
                yield self._dealt(request, way.clusters, way.copies, listener.name, host.name, host.because)
        if not found:
            yield self._for_everybody_else(request, listener)

    def _virtual_hosts(self, port: int) -> Routes:
        name = str(port)
        found = self._routes.get(name)
        if found is None:
            found = self._routes[name] = routes.build(self.scope, self.pod, port, self.registry.config.cluster_domain)
        return found

    def _for_everybody_else(self, request: Request, listener: Listener) -> Verdict:
        policy = self.scope.policy
        if policy.mode == "REGISTRY_ONLY":
            return Verdict(BLOCKED, BAD_GATEWAY, listener=listener.name, route="block_all", because=self._sidecar)
        if policy.mode == "ALLOW_ANY_DYNAMIC_DNS":
            return Verdict(
                PASSED,
                ANSWER,
                dials=REGISTRY,
                listener=listener.name,
                route="allow_any_dynamic_dns",
                because=self._sidecar,
            )
        if policy.proxy is not None:
            return self._led(request, listeners.destined(policy.proxy, None, 0), listener.name, "allow_any", ())
        return Verdict(PASSED, ANSWER, dials=CLIENT, listener=listener.name, route="allow_any", because=self._sidecar)

    # Clusters

    def _dealt(
        self,
        request: Request,
        clusters: Iterable[Cluster],
        copies: Iterable[Cluster],
        listener: str,
        route: str,
        because: Iterable[Origin],
    ) -> Verdict:
        """Where one or several clusters lead, and the copies."""
        origins = tuple(because)
        parts = [(self._led(request, each, listener, route, origins), False) for each in clusters]
        parts += [(self._led(request, each, listener, route, origins), True) for each in copies]
        first = parts[0][0]
        if len(parts) == 1:
            return first
        verdicts = {part.verdict for part, _ in parts}
        trail = tuple(dict.fromkeys(origin for part, _ in parts for origin in part.because))
        return Verdict(
            first.verdict if len(verdicts) == 1 else UNSTABLE,
            first.sees,
            first.host,
            first.port,
            first.dials,
            listener,
            route,
            trail,
            parts=tuple(parts),
            wraps=any(part.wraps for part, copied in parts if not copied),
            subset=first.subset,
        )

    def _led(self, request: Request, cluster: Cluster, listener: str, route: str, because: Iterable[Origin]) -> Verdict:
        """Where a cluster leads: nowhere if it does not exist, to what it resolves, or to what the client dialled."""
        service = self.scope.services.get(cluster.host)
        trail = dict.fromkeys((*self._sidecar, *because, *(() if service is None else (service.origin,))))
        if service is None or not self._exists(service, cluster):
            sees = UNAVAILABLE if request.protocol in HTTP and route else DROPPED
            return Verdict(
                LOST, sees, cluster.host, cluster.port, "", listener, route, tuple(trail), subset=cluster.subset
            )
        if service.is_dynamic and not route and self.authorization:
            because_of = (*trail, *(each.origin for each in self.authorization))
            return Verdict(BLOCKED, DROPPED, cluster.host, cluster.port, "", listener, route, because_of)
        passing = self._passing(service, cluster)
        if passing is not None:
            trail[passing.origin] = None
        wrapping = self._wrapping(service, cluster) if request.protocol == "tls" else None
        if wrapping is not None:
            trail[wrapping.origin] = None
        dials = CLIENT if service.resolution == "NONE" or passing is not None else REGISTRY
        return Verdict(
            ALLOWED,
            ANSWER if passing is not None or self._leads(service, cluster) else UNAVAILABLE,
            cluster.host,
            cluster.port,
            dials,
            listener,
            route,
            tuple(trail),
            wraps=wrapping is not None,
            subset=cluster.subset,
        )

    @cached_property
    def authorization(self) -> tuple[AuthorizationPolicy, ...]:
        """The AuthorizationPolicies of the pod: with one, a TLS wildcard that the sidecar resolves is never let out.

        Envoy's RBAC filter is put before the one that resolves the name, and judges it as inbound (seen on Envoy).
        """
        where = (self.pod.namespace, self.registry.config.root_namespace)
        return tuple(
            each
            for each in self.registry.resources.authorization
            if each.origin.namespace in where and selects(each.selector, self.pod.labels)
        )

    def _exists(self, service: Registered, cluster: Cluster) -> bool:
        """Whether istiod makes the cluster (buildOutboundClusters)."""
        port = service.port(cluster.port)
        if port is None or port.protocol == "UDP" or service.resolution == "ALIAS":
            return False
        if cluster.subset and not self._has_subset(service, cluster):
            return False
        if service.is_dynamic:
            return port.protocol in protocols.DYNAMIC
        return service.resolution not in ("DNS", "DNS_ROUND_ROBIN") or bool(self._behind(service, cluster))

    def _has_subset(self, service: Registered, cluster: Cluster) -> bool:
        """Whether a service has the subset of a cluster: of names to resolve, only what is behind a name."""
        rule = None if service.is_dynamic else self._rule(service)
        subset = None if rule is None else rules.subset(rule, cluster.subset)
        if rule is None or subset is None:
            return False
        if service.resolution not in ("DNS", "DNS_ROUND_ROBIN") or not rules.needs_endpoints(
            rule, cluster.port, subset
        ):
            return True
        return self.registry.has_endpoint(service, subset.labels)

    def _passing(self, service: Registered, cluster: Cluster) -> DestinationRule | None:
        """The DestinationRule by which a cluster connects to what the client dialled, though it could resolve it."""
        rule = None if service.resolution == "NONE" or service.is_dynamic else self._rule(service)
        return rule if rule is not None and rules.passes(rule, cluster.port, cluster.subset) else None

    def _wrapping(self, service: Registered, cluster: Cluster) -> DestinationRule | None:
        """The DestinationRule by which a cluster speaks TLS of its own to the destination."""
        rule = self._rule(service)
        return rule if rule is not None and rules.speaks_tls(rule, cluster.port, cluster.subset) else None

    def _rule(self, service: Registered) -> DestinationRule | None:
        """The DestinationRule that holds for a service."""
        if not self.registry.resources.destination_rules:
            return None
        return self.registry.rules.of(service.host, service.namespace, self.pod.namespace, self.pod.labels)

    def _leads(self, service: Registered, cluster: Cluster) -> bool:
        """Whether anything is behind a cluster: a ServiceEntry with fixed endpoints may have none, or none of a subset."""
        if service.kubernetes or service.resolution != "STATIC" or service.selector is not None:
            return True
        rule = self._rule(service) if cluster.subset else None
        subset = None if rule is None else rules.subset(rule, cluster.subset)
        if subset is not None and not self.registry.has_endpoint(service, subset.labels):
            return False
        return bool(self._behind(service, cluster))

    def _behind(self, service: Registered, cluster: Cluster) -> list[str]:
        return self.registry.endpoints.get((service.host, service.namespace, cluster.port), [])


def _same_port(service: Registered, number: int) -> bool:
    """Whether a service leads to the port that was dialled."""
    port = service.port(number)
    return port is not None and port.target in (0, number)
