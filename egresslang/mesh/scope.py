"""Scope: which Sidecar holds for a pod, and what each of its egress listeners imports.

Restates convertToSidecarScope of istiod (pilot/pkg/model/sidecar.go): one Sidecar, one namespace for each host, and the
services of all listeners merged for the clusters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from egresslang.mesh.registry import EXACT_LISTS, Registered, Registry, View, is_subset
from egresslang.mesh.resources import (
    Destination,
    Egress,
    Labels,
    OutboundPolicy,
    Port,
    Sidecar,
    VirtualService,
    selects,
)
from egresslang.record import record, replace

EVERYTHING = Egress(("*/*",))
"""What a Sidecar without `egress`, or a pod without a Sidecar, imports."""

_EVERY_POD = ("", "")
"""In place of a label, where a selector has none."""


@record
class Listener:
    """An egress listener and what it imports: services in istiod's order, and VirtualServices.

    `by_lookup` when all it lists are exact names, and of several equals only one was taken.
    """

    egress: Egress
    services: tuple[Registered, ...]
    virtual_services: tuple[VirtualService, ...]
    by_lookup: bool


@record
class Scope:
    """What holds for the pods of a namespace under one Sidecar: listeners, the services of clusters, the policy."""

    namespace: str
    sidecar: Sidecar | None
    listeners: tuple[Listener, ...]
    services: Mapping[str, Registered]
    policy: OutboundPolicy


class Sidecars:
    """The Sidecars of a mesh, and which one of them holds for a pod (getSidecarScope, initSidecarScopes).

    Those of its namespace that select it, else those without a selector, else the root namespace's without one; of
    several the oldest.
    """

    def __init__(self, sidecars: Iterable[Sidecar], root: str) -> None:
        self._selecting: dict[tuple[str, str, str], dict[Labels, tuple[int, Sidecar]]] = {}
        self._others: dict[str, Sidecar] = {}
        self._root = root
        ordered = sorted(sidecars, key=lambda each: (each.created, each.origin.name, each.origin.namespace))
        carried = Counter(label for each in ordered for label in each.selector or ())
        for at, each in enumerate(ordered):
            if each.selector is None:
                self._others.setdefault(each.origin.namespace, each)
            else:
                rarest = min(each.selector, key=carried.__getitem__, default=_EVERY_POD)
                alike = self._selecting.setdefault((each.origin.namespace, *rarest), {})
                alike.setdefault(each.selector, (at, each))

    def of(self, namespace: str, labels: Mapping[str, str]) -> Sidecar | None:
        """The Sidecar that holds for a pod; None when there is none and everything is imported."""
        found = [
            (at, each)
            for label in (_EVERY_POD, *labels.items())
            for selector, (at, each) in self._selecting.get((namespace, *label), {}).items()
            if selects(selector, labels)
        ]
        if found:
            return min(found, key=lambda each: each[0])[1]
        return self._others.get(namespace) or self._others.get(self._root)


def scope(registry: Registry, namespace: str, sidecar: Sidecar | None) -> Scope:
    """The scope of a Sidecar for the pods of a namespace, which `.` means, also in a Sidecar of the root namespace."""
    egress = sidecar.egress if sidecar is not None and sidecar.egress else (EVERYTHING,)
    view = registry.view(namespace)
    listeners = tuple(_listener(view, each) for each in egress)
    policy = sidecar.policy if sidecar is not None and sidecar.policy is not None else registry.config.policy
    return Scope(namespace, sidecar, listeners, _merged(registry, namespace, listeners), policy)


# Imports


class _Patterns:
    """Hosts and wildcards, which say quickly whether another host lies in one of them (Name.SubsetOf)."""

    def __init__(self) -> None:
        self.exact: set[str] = set()
        self.wild: set[str] = set()
        self._partial: list[str] = []

    def add(self, host: str) -> None:
        if not host.startswith("*"):
            self.exact.add(host)
        elif host not in self.wild:
            self.wild.add(host)
            if not host.startswith("*."):
                self._partial.append(host)

    def __bool__(self) -> bool:
        return bool(self.exact or self.wild)

    def has(self, host: str) -> bool:
        if host in self.exact:
            return True
        if not self.wild:
            return False
        name = host[1:] if host.startswith("*") else host
        at = name.find(".")
        while at >= 0:
            if f"*{name[at:]}" in self.wild:
                return True
            at = name.find(".", at + 1)
        return any(is_subset(host, each) for each in self._partial)


class _Hosts:
    """What a listener lists of one namespace, and what it leaves out of that."""

    def __init__(self) -> None:
        self.listed = _Patterns()
        self.excluded = _Patterns()

    def meets(self, host: str) -> bool:
        """Whether a VirtualService's host meets one that is listed: in either direction, unless both are exact."""
        if self.listed.has(host):
            return True
        return host.startswith("*") and any(is_subset(each, host) for each in (*self.listed.wild, *self.listed.exact))


def _parsed(text: str, namespace: str, version: tuple[int, int]) -> tuple[str, str, bool] | None:
    """An entry of `egress.hosts`: its namespace, its host, and whether it excludes them; None where it says nothing."""
    where, slash, host = text.partition("/")
    if not slash or "/" in host:
        return None
    is_excluded = where.startswith("~")
    if is_excluded:
        if version < EXACT_LISTS and where != "~":
            return None
        where = where[1:] or "*"
    return namespace if where == "." else where, host, is_excluded


def _listed(egress: Egress, namespace: str, version: tuple[int, int]) -> dict[str, _Hosts]:
    """What is listed by namespace."""
    found: dict[str, _Hosts] = {}
    for text in egress.hosts:
        parsed = _parsed(text, namespace, version)
        if parsed is not None:
            where, host, is_excluded = parsed
            hosts = found.setdefault(where, _Hosts())
            (hosts.excluded if is_excluded else hosts.listed).add(host)
    return found


def listed_exactly(egress: Egress, namespace: str) -> Iterator[tuple[str, str]]:
    """The exact hosts that a listener lists, each with the namespace it is listed of."""
    listed = _listed(egress, namespace, EXACT_LISTS)
    return ((host, where) for where, hosts in listed.items() for host in sorted(hosts.listed.exact))


def _listener(view: View, egress: Egress) -> Listener:
    registry = view.registry
    services, is_exact, excludes = _in_order(view, egress)
    by_lookup = is_exact and registry.config.version >= EXACT_LISTS
    if not (by_lookup or excludes or trims(egress) or registry.has_aliases or view.virtual_services):
        return Listener(egress, tuple(_one_namespace(services, view.namespace)), (), False)
    listed = _listed(egress, view.namespace, registry.config.version)
    if by_lookup:
        services = _looked_up(view, listed)
    services = [each for each in services if not _is_excluded(each, listed)]
    if trims(egress) or registry.has_aliases:
        services = [found for each in services if (found := _imported(each, listed, egress)) is not None]
    chosen = tuple(_one_namespace(services, view.namespace))
    return Listener(egress, chosen, tuple(_virtual_services(view, listed)), by_lookup)


def _in_order(view: View, egress: Egress) -> tuple[list[Registered], bool, bool]:
    """The services that are listed and seen, in their order; whether only exact ones are; and whether any are excluded."""
    version = view.registry.config.version
    found: dict[int, Registered] = {}
    is_exact, excludes = True, False
    for text in egress.hosts:
        parsed = _parsed(text, view.namespace, version)
        if parsed is None:
            continue
        where, host, is_excluded = parsed
        if is_excluded:
            excludes = True
            continue
        is_exact = is_exact and where != "*" and not host.startswith("*")
        found.update(view.matching(where, host))
    return [found[place] for place in sorted(found)], is_exact, excludes


def _looked_up(view: View, listed: Mapping[str, _Hosts]) -> list[Registered]:
    """The shortcut for lists of exact names: one service a host and namespace, whichever comes first."""
    found = [
        service
        for namespace, hosts in listed.items()
        for host in hosts.listed.exact
        if (service := view.registry.by_host.get(host, {}).get(namespace)) is not None and _is_visible(view, service)
    ]
    return sorted(found, key=lambda each: (each.created, each.name, each.namespace))


def _is_visible(view: View, service: Registered) -> bool:
    """IsServiceVisible: `~` beside a namespace hides nothing here."""
    to = service.export_to
    return "*" in to or view.namespace in to or ("." in to and service.namespace == view.namespace)


def is_listed(service: Registered, hosts: Iterable[str], namespace: str) -> bool:
    """Whether entries of `egress.hosts` list a service for the pods of a namespace."""
    listed = _listed(Egress(tuple(hosts)), namespace, EXACT_LISTS)
    return any(each.listed.has(service.host) for where, each in listed.items() if where in ("*", service.namespace))


def _lists(service: Registered, listed: Mapping[str, _Hosts]) -> list[_Hosts]:
    """What is listed of the namespace of a service, that of every one after its own."""
    return [listed[each] for each in (service.namespace, "*") if each in listed]


def _is_excluded(service: Registered, listed: Mapping[str, _Hosts]) -> bool:
    return any(each.excluded.has(service.host) for each in _lists(service, listed))


def _imported(service: Registered, listed: Mapping[str, _Hosts], egress: Egress) -> Registered | None:
    """A service that is listed with the port and aliases that a listener imports of it; None without the port."""
    if service.aliases:
        hosts = next(each for each in _lists(service, listed) if each.listed.has(service.host))
        aliases = tuple(each for each in service.aliases if hosts.listed.has(each))
        if len(aliases) < len(service.aliases):
            service = replace(service, aliases=aliases)
    return of_port(service, egress.port.number) if trims(egress) and egress.port is not None else service


def trims(egress: Egress) -> bool:
    """Whether a listener imports one port of each service: it names one, and is no HTTP proxy (needsPortMatch)."""
    return egress.port is not None and egress.port.number != 0 and egress.port.protocol != "HTTP_PROXY"


def of_port(service: Registered, number: int) -> Registered | None:
    """The service with that port alone, None when it has it not."""
    port = next((port for port in service.ports if port.number == number), None)
    if port is None or len(service.ports) == 1:
        return None if port is None else service
    return service.with_ports((port,))


def _one_namespace(services: list[Registered], own: str) -> Iterator[Registered]:
    """The services of one namespace for each host: the own one, else Kubernetes's, else the first (selectServices)."""
    if len({each.host for each in services}) == len(services):
        return iter(services)
    chosen: dict[str, tuple[str, bool]] = {}
    for each in services:
        held = chosen.get(each.host)
        if (
            held is None
            or each.namespace == own
            or (not held[1] and each.kubernetes and (each.namespace == own or held[0] != own))
        ):
            chosen[each.host] = each.namespace, each.kubernetes
    return (each for each in services if chosen[each.host][0] == each.namespace)


def _virtual_services(view: View, listed: Mapping[str, _Hosts]) -> Iterator[VirtualService]:
    everywhere = listed.get("*")
    for each in view.virtual_services:
        own = listed.get(each.origin.namespace)
        lists = [hosts for hosts in (own, everywhere) if hosts is not None]
        if any(
            hosts.meets(host) and not any(other.excluded.has(host) for other in lists)
            for hosts in lists
            for host in each.hosts
        ):
            yield each


# Services of all listeners, for the clusters


def _merged(registry: Registry, namespace: str, listeners: Iterable[Listener]) -> dict[str, Registered]:
    merged: dict[str, Registered] = {}
    for listener in listeners:
        for service in listener.services:
            if merged.setdefault(service.host, service) is not service:
                _add(merged, service)
        for virtual in listener.virtual_services:
            for host, ports in destinations(virtual, namespace).items():
                reached = _reached(registry, namespace, host)
                if reached is None:
                    continue
                if trims(listener.egress) and listener.egress.port is not None:
                    reached = of_port(reached, listener.egress.port.number)
                else:
                    reached = _of_ports(reached, ports)
                if reached is not None:
                    _add(merged, reached)
    return merged


def _add(merged: dict[str, Registered], service: Registered) -> None:
    """Add a service, or its ports to the one of its host that is there (appendSidecarServices)."""
    existing = merged.get(service.host)
    if existing is None:
        merged[service.host] = service
    elif existing is service or (existing.kubernetes and not service.kubernetes):
        return
    elif service.kubernetes and not existing.kubernetes:
        merged[service.host] = service
    elif existing.ports != service.ports and _can_merge(existing, service):
        numbers = {port.number for port in existing.ports}
        more = tuple(port for port in service.ports if port.number not in numbers)
        merged[service.host] = existing.with_ports(existing.ports + more)


def _can_merge(first: Registered, second: Registered) -> bool:
    return (
        first.namespace == second.namespace
        and first.resolution == second.resolution
        and first.kubernetes == second.kubernetes
        and first.labels == second.labels
        and (first.selector or ()) == (second.selector or ())
        and first.declared_export_to == second.declared_export_to
    )


def destinations(virtual: VirtualService, namespace: str) -> dict[str, set[int]]:
    """Where a VirtualService leads pods of a namespace: hosts and ports, 0 for one that is not said."""
    found: dict[str, set[int]] = {}

    def add(destinations: Iterable[Destination]) -> None:
        for each in destinations:
            found.setdefault(each.host, set()).add(each.port)

    for route in virtual.http:
        sources = [match.source_namespace for match in route.matches if match.source_namespace]
        if not sources or namespace in sources:
            add((*route.destinations, *route.mirrors))
    for raw in (*virtual.tcp, *virtual.tls):
        add(raw.destinations)
    return found


def _reached(registry: Registry, namespace: str, host: str) -> Registered | None:
    """The service a route means by a host: the own namespace's, Kubernetes's, else the oldest that is exported here."""
    held = registry.by_host.get(host, {})
    if namespace in held:
        return held[namespace]
    view = registry.view(namespace)
    visible = [each for each in held.values() if _is_visible(view, each)]
    of_kubernetes = next((each for each in visible if each.kubernetes), None)
    if of_kubernetes is not None or not visible:
        return of_kubernetes
    oldest = min(each.created for each in visible)
    equals = sorted((each for each in visible if each.created == oldest), key=lambda each: each.namespace)
    return equals[registry.turns.get((host, ""), 0) % len(equals)]


def _of_ports(service: Registered, numbers: set[int]) -> Registered | None:
    """The service with those ports that a route names; None when it has none of them."""
    if not numbers or 0 in numbers:
        return service
    ports: tuple[Port, ...] = tuple(port for port in service.ports if port.number in numbers)
    if len(ports) == len(service.ports):
        return service
    return service.with_ports(ports) if ports else None
