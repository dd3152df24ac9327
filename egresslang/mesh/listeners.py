"""Listeners: what a sidecar listens on for outbound connections, and the filter chains in each.

Restates buildSidecarOutboundListeners of istiod (pilot/pkg/networking/core/listener.go): one listener for each address
and port; what shares one is merged, sniffed, locked or dropped, in the order of the services.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from egresslang.mesh import protocols
from egresslang.mesh.addresses import Network, parse_network, starts_at_zero
from egresslang.mesh.registry import NOWHERE, Registered, overlaps
from egresslang.mesh.resources import Destination, Origin, Port, RawMatch, VirtualService, selects
from egresslang.mesh.scope import Listener as EgressListener
from egresslang.mesh.scope import Scope
from egresslang.record import record

SNIFFED = "sniffed"
"""What a listener speaks when it tells HTTP from everything else by its first bytes."""

RESERVED = frozenset({15001, 15006, 15021, 15090})
"""Ports of the sidecar itself, on which no listener of the wildcard address can be."""


@record
class Pod:
    """A pod as its proxy tells istiod of it: `families` are the IP versions of its addresses, its own one first."""

    namespace: str
    labels: Mapping[str, str]
    dns_capture: bool = False
    families: tuple[int, ...] = (4,)
    addresses: tuple[str, ...] = ()

    @property
    def wildcards(self) -> tuple[str, ...]:
        """The wildcard addresses it listens on."""
        return _wildcards(self.families)


@lru_cache
def _wildcards(families: tuple[int, ...]) -> tuple[str, ...]:
    return tuple([NOWHERE if version == 4 else "::" for version in sorted(set(families))])


@record
class Cluster:
    """Where a filter chain or route leads: a host and port of the registry, by which subset of it."""

    host: str
    port: int
    subset: str = ""


@record
class Chain:
    """A filter chain: what it matches (nothing said matches all), and where it leads.

    `http` asks for sniffed plaintext HTTP; `route` names the routes of an HTTP chain, else `clusters` is where raw
    bytes go, dealt by weight if there are several; `key` is what two chains that conflict have in common. `ranges` are
    the networks that istiod reads of `networks`.
    """

    sni: tuple[str, ...]
    networks: tuple[str, ...]
    ranges: tuple[Network, ...]
    http: bool
    route: str
    clusters: tuple[Cluster, ...]
    because: tuple[Origin, ...]
    key: object

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @property
    def matches_all(self) -> bool:
        """Whether it matches every connection."""
        return (not self.sni or "*" in self.sni) and not self.http and not self.networks


def _chain(
    sni: tuple[str, ...],
    networks: tuple[str, ...],
    clusters: tuple[Cluster, ...],
    because: tuple[Origin, ...],
    http: bool = False,
    route: str = "",
) -> Chain:
    ranges = [found for text in networks if not starts_at_zero(text) and (found := parse_network(text)) is not None]
    names = tuple([each for each in sni if each != "*"]) if "*" in sni else sni
    key = http, _set(names), _set(tuple(ranges))  # conflictsWith
    return Chain(sni, networks, tuple(ranges), http, route, clusters, because, key)


def _set(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """Items in an order of their own, each once; chains are many, and this is a fifth of the bytes of a frozenset of one."""
    return tuple(sorted(set(items))) if len(items) > 1 else items


class Listener:
    """A listener: its addresses, what it speaks, and its filter chains by what they match."""

    __slots__ = ("addresses", "chains", "locked", "port", "speaks")

    def __init__(self, addresses: tuple[str, ...], port: int, speaks: str, chains: Iterable[Chain]) -> None:
        self.addresses = addresses
        self.port = port
        self.speaks = speaks
        self.locked = False
        self.chains: dict[object, Chain] = {}
        for at, chain in enumerate(chains):
            self.chains[chain.key if chain.key not in self.chains else at] = chain

    @property
    def name(self) -> str:
        """Its name as Envoy shows it."""
        return f"{self.addresses[0]}_{self.port}"

    def merge(self, chains: Iterable[Chain]) -> None:
        """Add chains that conflict with none that is there (mergeTCPFilterChains)."""
        for chain in chains:
            self.chains.setdefault(chain.key, chain)


@record
class _Offer:
    """A service on a port of an egress listener, and the addresses it is bound to, if anything says so."""

    service: Registered
    port: Port
    binds: tuple[str, ...]
    egress: EgressListener


@record
class _Bound:
    """An offer as a listener has it: where it is bound, what a listener speaks that has it alone, and its chains."""

    binds: tuple[str, ...]
    number: int
    protocol: str
    speaks: str
    chains: tuple[Chain, ...]


Shared = dict[Registered, tuple[_Bound, ...]]
"""What services offer that no VirtualService is about: the same to all pods of one kind, which have the same IP versions
and DNS, and the same address if any is known."""


def build(
    scope: Scope, pod: Pod, pods_of: Mapping[tuple[str, str, int], list[str]], shared: dict[object, Shared]
) -> dict[tuple[str, int], Listener]:
    """The listeners of a pod by first address and port; `pods_of` has the addresses behind headless services."""
    found: dict[tuple[str, int], Listener] = {}
    known = shared.setdefault((pod.families, pod.dns_capture, pod.addresses[:1]), {})
    for egress in scope.listeners:
        port, bind = egress.egress.port, egress.egress.bind
        if bind.startswith("unix:"):
            continue
        binds = (bind,) if bind else ("127.0.0.1",) if not egress.egress.captures else ()
        if port is not None:
            for service in egress.services if not _is_reserved(binds, port, pod) else ():
                _add(found, _bound(_Offer(service, port, binds, egress), scope, pod))
            continue
        for listener in found.values():
            listener.locked = True
        is_shared = not (binds or egress.virtual_services)
        for service in egress.services:
            offered = known.get(service) if is_shared else None
            if offered is None:
                offered = tuple(
                    [
                        bound
                        for own in service.ports
                        if not _is_reserved(binds, own, pod)
                        for offer in _offers(_Offer(service, own, binds, egress), pod, pods_of)
                        for bound in _bound(offer, scope, pod)
                    ]
                )
                if is_shared and not service.aliases:  # of which each namespace has its own short names
                    known[service] = offered
            _add(found, offered)
    return found


def _is_reserved(binds: tuple[str, ...], port: Port, pod: Pod) -> bool:
    """CanBindToPort: the sidecar's own ports are taken on the wildcard address, which HTTP is on when nothing else says."""
    if port.number not in RESERVED or (binds and binds[0] != pod.wildcards[0]):
        return False
    return bool(binds) or port.protocol in protocols.HTTP


def _offers(offer: _Offer, pod: Pod, pods_of: Mapping[tuple[str, str, int], list[str]]) -> Sequence[_Offer]:
    """One offer, or one for each pod behind a service without an address whose connections are passed on as dialled."""
    service, port = offer.service, offer.port
    raw = port.protocol in protocols.TCP or port.protocol == protocols.UNSET
    if offer.binds or service.resolution != "NONE" or address_for(service, pod) != NOWHERE or not raw:
        return (offer,)
    behind = pods_of.get((service.host, service.namespace, port.number), [])
    if not service.kubernetes and not behind and not service.selector:
        return (offer,)
    return [
        _Offer(service, port, (address,), offer.egress)
        for address in behind
        if parse_network(address) is not None and address not in pod.addresses[:1]
    ]


def addresses_for(service: Registered, pod: Pod) -> tuple[str, ...]:
    """Every address a service has for a pod: cluster IPs, virtual ones under DNS capture, else its own (getAllAddressesForProxy)."""
    if service.kubernetes:
        return _suiting((service.address, *service.others), pod)
    if pod.dns_capture and service.allocated:
        found = _suiting([each for version in (4, 6) for each in _last_of(service.allocated, version)], pod)
        if found:
            return found
    return (service.address,)


def _last_of(addresses: Iterable[str], version: int) -> tuple[str, ...]:
    """The last address of a version, which is the one that counts (convertServices)."""
    found = [each for each in addresses if _version(each) == version]
    return tuple(found[-1:])


def _suiting(addresses: Sequence[str], pod: Pod) -> tuple[str, ...]:
    """The addresses of the pod's IP version; of the first one's, where it has both (FilterAddressesByIPFamily)."""
    wanted = set(pod.families)
    if len(wanted) > 1:
        wanted = {_version(addresses[0])} if addresses else wanted
    return tuple(each for each in addresses if _version(each) in wanted)


def _version(address: str) -> int:
    return 6 if ":" in address else 4


def address_for(service: Registered, pod: Pod) -> str:
    """The address a pod's listener for a service has (GetAddressForProxy)."""
    if service.kubernetes or (service.address == NOWHERE and pod.dns_capture):
        return next(iter(addresses_for(service, pod)), service.address)
    return service.address


# Merging


def _bound(offer: _Offer, scope: Scope, pod: Pod) -> tuple[_Bound, ...]:
    """What is offered; nothing where no listener is made for it."""
    service, protocol, number, binds = offer.service, offer.port.protocol, offer.port.number, offer.binds
    if service.resolution == "ALIAS" or protocol == "UDP":
        return ()
    networks: tuple[str, ...] = ()
    if not binds:
        binds, networks = (pod.wildcards, ()) if protocol in protocols.HTTP else _binds(service, pod)
    is_sniffed = binds[0] == pod.wildcards[0] and protocol != "HTTP_PROXY"
    if protocol in protocols.HTTP:
        chain = _http(offer, str(number), is_sniffed)
        return (_Bound(binds, number, protocol, SNIFFED if is_sniffed else protocol, (chain,)),)
    chains = tuple(_raw(offer, scope, pod, binds, networks))
    if protocol == protocols.UNSET:
        route = str(number) if is_sniffed else f"{service.host}:{number}"
        return (_Bound(binds, number, protocol, SNIFFED, (*chains, _http(offer, route, True))),)
    return (_Bound(binds, number, protocol, protocol, chains),)


def _add(listeners: dict[tuple[str, int], Listener], offered: Iterable[_Bound]) -> None:
    """Add what a service offers (buildSidecarOutboundListener)."""
    for each in offered:
        place = each.binds[0], each.number
        existing = listeners.get(place)
        if existing is None or (not existing.locked and _gives_way(existing.speaks, each.protocol)):
            listeners[place] = Listener(each.binds, each.number, each.speaks, each.chains)
        elif not existing.locked and _shares(existing.speaks, each.protocol):
            existing.merge(each.chains)
            if not (existing.speaks in protocols.TCP and each.protocol in protocols.TCP):
                existing.speaks = SNIFFED


def _gives_way(speaks: str, protocol: str) -> bool:
    """Whether a listener is replaced by one for a protocol."""
    return protocol == "HTTP_PROXY" or (protocol == protocols.UNSET and speaks in protocols.HTTP)


def _shares(speaks: str, protocol: str) -> bool:
    """Whether a listener takes in what is offered for a protocol."""
    if speaks == protocol:
        return protocol not in protocols.HTTP
    if protocol in protocols.HTTP:
        return speaks in protocols.TCP - protocols.ALONE
    return (
        speaks not in protocols.ALONE
        and protocol not in protocols.ALONE
        and (protocol, speaks) != (protocols.UNSET, SNIFFED)
    )


def _binds(service: Registered, pod: Pod) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The addresses a raw service is bound to, and the networks its chains match on the wildcard address."""
    address, more = address_for(service, pod), addresses_for(service, pod)[1:]
    if "/" in address:
        return pod.wildcards, (address, *more)
    if not service.kubernetes and address == NOWHERE:
        if 4 not in pod.families:
            address = "::"
        elif 6 in pod.families:
            more = (*more, "::")
    return (address, *more), ()


# Filter chains


def _http(offer: _Offer, route: str, is_sniffed: bool) -> Chain:
    return _chain((), (), (), (offer.service.origin,), is_sniffed, route)


def _raw(offer: _Offer, scope: Scope, pod: Pod, binds: tuple[str, ...], networks: tuple[str, ...]) -> Iterator[Chain]:
    """The chains for bytes that are passed on: by server name for TLS, by network for what has one."""
    service, port = offer.service, offer.port
    virtual = [
        each for each in offer.egress.virtual_services if any(overlaps(host, service.host) for host in each.hosts)
    ]
    if port.protocol in protocols.TLS:
        return _tls(offer, scope, pod, binds, networks, virtual)
    return _tcp(offer, scope, pod, networks, virtual)


def _own_clusters(service: Registered, port: int) -> tuple[Cluster, ...]:
    """Where a service's own chain leads: to its only port, or to that of the listener."""
    return _one_cluster(service.host, service.ports[0].number if len(service.ports) == 1 else port)


@lru_cache
def _one_cluster(host: str, port: int) -> tuple[Cluster, ...]:
    """The cluster of a port, one object for all addresses of its host."""
    return (Cluster(host, port),)


def _tls(
    offer: _Offer,
    scope: Scope,
    pod: Pod,
    binds: tuple[str, ...],
    networks: tuple[str, ...],
    virtual: Iterable[VirtualService],
) -> Iterator[Chain]:
    """buildSidecarOutboundTLSFilterChainOpts: a VirtualService's server names, else the service's host."""
    service, port = offer.service, offer.port
    seen: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    for each in virtual:
        for route in each.tls:
            for match in route.matches if route.destinations else ():
                if not holds(match, pod, port.number):
                    continue
                if match.subnets:
                    networks = match.subnets
                if (match.sni, match.subnets) not in seen:
                    seen.add((match.sni, match.subnets))
                    clusters = _clusters(route.destinations, scope, port.number)
                    yield _chain(match.sni, networks, clusters, (each.origin,))
    if seen:
        return
    address = address_for(service, pod)
    address = "::" if address == NOWHERE and not service.kubernetes and 4 not in pod.families else address
    wildcard = pod.wildcards[0]
    by_name = bool(networks) or "/" in address or (address == wildcard and binds[0] == wildcard) or service.is_dynamic
    sni: tuple[str, ...] = ()
    if by_name:
        sni = (service.host, *(name for alias in service.aliases for name in (alias, *other_names(alias, pod))))
    yield _chain(sni, networks, _own_clusters(service, port.number), (service.origin,))


def _tcp(
    offer: _Offer, scope: Scope, pod: Pod, networks: tuple[str, ...], virtual: Iterable[VirtualService]
) -> Iterator[Chain]:
    """buildSidecarOutboundTCPFilterChainOpts: the first route of a VirtualService that asks for no network ends it."""
    service, number = offer.service, offer.port.number
    is_done = False
    for each in virtual:
        for route in each.tcp:
            if not route.destinations:
                continue
            clusters = _clusters(route.destinations, scope, number)
            matching = [match for match in route.matches if holds(match, pod, number)]
            if not route.matches or any(not match.subnets for match in matching):
                yield _chain((), networks, clusters, (each.origin,))
                return
            subnets = tuple(subnet for match in matching for subnet in match.subnets)
            if subnets:
                yield _chain((), subnets, clusters, (each.origin,))
                is_done = is_done or sorted(subnets) == sorted(networks)
    if not is_done:
        yield _chain((), networks, _own_clusters(service, number), (service.origin,))


def holds(match: RawMatch, pod: Pod, port: int) -> bool:
    """Whether a match can hold for a pod's connection to a port (matchTLS, matchTCP)."""
    return (
        (not match.gateways or "mesh" in match.gateways)
        and selects(match.source_labels, pod.labels)
        and match.port in (0, port)
        and match.source_namespace in ("", pod.namespace)
    )


def _clusters(destinations: Iterable[Destination], scope: Scope, port: int) -> tuple[Cluster, ...]:
    each = tuple(destinations)
    weighted = [one for one in each if one.weight > 0] if len(each) > 1 else each
    return tuple(destined(one, scope.services.get(one.host), port) for one in weighted)


def destined(destination: Destination, service: Registered | None, port: int) -> Cluster:
    """The cluster of a destination: its port, else the only port of its service, else the listener's (GetDestinationCluster)."""
    host = service.alias_of if service is not None and service.alias_of else destination.host
    if destination.port:
        port = destination.port
    elif service is not None and len(service.ports) == 1:
        port = service.ports[0].number
    return Cluster(host, port, destination.subset)


def other_names(host: str, pod: Pod, cluster_domain: str = "cluster.local") -> tuple[str, ...]:
    """The other names a host is asked by: with a dot at its end, and a Service's short ones (GenerateAltVirtualHosts)."""
    names = (f"{host}.",) if parse_network(host) is None else ()
    inside = f".svc.{cluster_domain}"
    if not host.endswith(inside):
        return names
    short = host[: host.index(".svc.")]
    first, dot, namespace = short.partition(".")
    if not dot:
        return names
    if namespace == pod.namespace:
        return (*names, first, f"{short}.svc", short)
    return (*names, short, f"{short}.svc")
