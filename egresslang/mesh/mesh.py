"""Mesh: manifests that answer, for any pod and any request, what the sidecar would do.

It knows manifests and nothing of policies, nor of what wrote the manifests: an independent witness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import combinations, islice, product
from operator import attrgetter
from types import MappingProxyType

from egresslang.mesh import protocols
from egresslang.mesh.addresses import Address
from egresslang.mesh.listeners import Pod
from egresslang.mesh.outbound import UNSTABLE, Outbound, Request, Verdict
from egresslang.mesh.registry import Registered, Registry, Turns, orders
from egresslang.mesh.resources import MeshConfig, Resources, ServiceEntry, Sidecar
from egresslang.mesh.scope import Scope, Sidecars, destinations, listed_exactly, scope, trims
from egresslang.record import replace

MOST_STARTS = 256
"""Starts of istiod that are looked at where it orders services by chance."""

_TO_ALL = frozenset({"*"})


class Mesh:
    """All resources of a mesh and its configuration."""

    def __init__(self, resources: Resources, config: MeshConfig) -> None:
        self.resources = resources
        self.config = config
        self._registries: dict[object, Registry] = {}
        self._sidecars = Sidecars(resources.sidecars, config.root_namespace)

    def registry(self, turns: Turns = MappingProxyType({})) -> Registry:
        """The services as istiod orders them at one of its starts."""
        key = tuple(sorted((group, turn) for group, turn in turns.items() if turn))
        found = self._registries.get(key)
        if found is None:
            found = self._registries[key] = Registry(self.resources, self.config, dict(key))
        return found

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """The namespaces that resources stand in or are exported to: all others are alike."""
        resources = self.resources
        found = {each.origin.namespace for each in resources.sidecars}
        for entry in resources.service_entries:
            found |= {entry.origin.namespace, *entry.export_to}
        for service in resources.services:
            found |= {service.origin.namespace, *service.export_to}
        for virtual in resources.virtual_services:
            found |= {virtual.origin.namespace, *virtual.export_to}
            found |= {match.source_namespace for route in virtual.http for match in route.matches}
            found |= {match.source_namespace for route in (*virtual.tcp, *virtual.tls) for match in route.matches}
        for rule in resources.destination_rules:
            found |= {rule.origin.namespace, *rule.export_to}
        return frozenset((found | {each.origin.namespace for each in resources.authorization}) - {""})

    @cached_property
    def _apart(self) -> frozenset[str]:
        """The namespaces whose pods, with no Sidecar, may be told from others: not by entries for everyone whose hosts are no one else's."""
        if self._tells_pods:
            return self.namespaces
        registry, inside = self.registry(), f".svc.{self.config.cluster_domain}"
        found: set[str] = set()
        for each in registry.services:
            is_alone = len(registry.by_host[each.host]) == 1 and (each.host, each.namespace) not in registry.several
            if each.kubernetes or each.export_to != _TO_ALL or not is_alone:
                found |= {each.namespace, *each.export_to}
            if each.host.endswith(inside):  # it has short names there
                found.add(each.host[: each.host.index(".svc.")].partition(".")[2])
        return frozenset(found)

    @property
    def _tells_pods(self) -> bool:
        """Whether anything but Sidecars tells pods of a namespace apart by their labels."""
        resources = self.resources
        return bool(resources.virtual_services or resources.destination_rules or resources.authorization)

    def alike(self, pod: Pod) -> tuple[object, ...]:
        """What pods have in common whose requests, to hosts by their whole names, all end the same."""
        sidecar = self.sidecar(pod.namespace, pod.labels)
        apart = self._apart if sidecar is None else self.namespaces
        where = pod.namespace if pod.namespace in apart else None
        labels = tuple(sorted(pod.labels.items())) if self._tells_pods else ()
        return where, id(sidecar), labels, pod.dns_capture, pod.families, pod.addresses

    def sidecar(self, namespace: str, labels: Mapping[str, str]) -> Sidecar | None:
        """The Sidecar that holds for a pod; None where everything is imported."""
        return self._sidecars.of(namespace, labels)

    def proxy(self, pod: Pod) -> Proxy:
        """The sidecar of a pod."""
        return Proxy(self, pod, self.sidecar(pod.namespace, pod.labels))


class Proxy:
    """The sidecar of a pod, at every start of istiod that may differ."""

    def __init__(self, mesh: Mesh, pod: Pod, sidecar: Sidecar | None) -> None:
        self.mesh = mesh
        self.pod = pod
        self.sidecar = sidecar
        first = mesh.registry()
        self.scope = scope(first, pod.namespace, sidecar)
        self.outbound = Outbound(first, self.scope, pod)
        self._others: dict[bool, list[Outbound]] = {}

    def starts(self, by_name: bool = False) -> list[Outbound]:
        """What istiod may configure at one start or another; `by_name` also where only answers of its DNS differ."""
        others = self._others.get(by_name)
        if others is None:
            others = self._others[by_name] = []
            first, names = self.outbound.registry, by_name and self.pod.dns_capture
            several = () if first.is_settled else islice(_starts(self.scope, first, names), 1, MOST_STARTS)
            for turns in several:
                registry = self.mesh.registry(turns)
                others.append(Outbound(registry, scope(registry, self.pod.namespace, self.sidecar), self.pod))
        return [self.outbound, *others]

    def ask(self, request: Request) -> Verdict:
        """What becomes of a request; `unstable` where that is decided by chance."""
        starts = self.starts()
        if len(starts) == 1:
            return one_of(self.outbound.ask(request))
        return one_of(verdict for outbound in starts for verdict in outbound.ask(request))

    def resolve(self, name: str) -> Address | None:
        """The address the proxy's own DNS has for a name, None when it leaves that to the cluster's."""
        return self.outbound.resolve(name)


def one_of(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict, or an unstable one between several that differ."""
    several = list(verdicts)
    if len(several) == 1:
        return several[0]
    found = {each.token: each for each in several}
    first = next(iter(found.values()))
    if len(found) == 1:
        return first
    ordered = tuple(found[token] for token in sorted(found, key=str))
    because = tuple(dict.fromkeys(origin for each in ordered for origin in each.because))
    return Verdict(UNSTABLE, "", first.host, first.port, "", first.listener, first.route, because, ordered)


def _starts(scope: Scope, registry: Registry, by_name: bool) -> Iterator[Turns]:
    """The starts of istiod at which a scope may come out differently, the first as things stand."""
    sizes: dict[tuple[str, str], int] = {}
    for listener in scope.listeners:
        groups: dict[tuple[str, str], list[Registered]] = {}
        for each in listener.services:
            key = each.host, each.namespace
            if key in registry.several:
                groups.setdefault(key, []).append(each)
        if listener.by_lookup:
            for key in listed_exactly(listener.egress, scope.namespace):
                looked_up = registry.by_host.get(key[0], {}).get(key[1]) if key in registry.several else None
                if looked_up is not None:
                    sizes[key] = max(sizes.get(key, 1), orders(registry.peers(looked_up)))
        for key, group in groups.items():
            tells_ports = listener.egress.port is None or trims(listener.egress)
            sizes[key] = max(sizes.get(key, 1), _ties(registry, group, by_name, tells_ports))
        for virtual in listener.virtual_services:
            for host in destinations(virtual, scope.namespace):
                held = registry.by_host.get(host, {})
                sizes[host, ""] = max(len(held), 1)
                for namespace, each in held.items():
                    sizes[host, namespace] = max(sizes.get((host, namespace), 1), orders(registry.peers(each)))
    several = sorted(key for key, size in sizes.items() if size > 1)
    for turns in _combined([sizes[key] for key in several]):
        yield dict(zip(several, turns, strict=True))


def _combined(sizes: list[int]) -> Iterator[tuple[int, ...]]:
    """Every combination of turns, of which there may be very many: first those of one group, of all at once, of two."""
    count = range(len(sizes))
    yield tuple(0 for _ in count)
    for at in count:
        for turn in range(1, sizes[at]):
            yield tuple(turn if at == other else 0 for other in count)
    for turn in range(1, max(sizes, default=1)):
        yield tuple(turn % size for size in sizes)
    for first, second in combinations(count, 2):
        for turns in product(range(1, sizes[first]), range(1, sizes[second])):
            yield tuple(turns[0] if at == first else turns[1] if at == second else 0 for at in count)
    yield from (turns for turns in product(*map(range, sizes)) if sum(map(bool, turns)) > 2)


def _ties(registry: Registry, group: list[Registered], by_name: bool, tells_ports: bool) -> int:
    """In how many orders services of one host and namespace may be, if their order can matter.

    It can for those of several entries, for HTTP, which knows one address of a host, and for DNS, whose answer begins
    with the address of the first. It cannot where each has ports of its own, which the listener tells apart, and they are
    alike otherwise: clusters have the ports of all of them.
    """
    if len(group) < 2:
        return 1
    by_age: dict[str, list[Registered]] = {}
    for each in group:
        by_age.setdefault(each.created, []).append(each)
    found = 1
    for same in by_age.values():
        several = len({id(each.origin) for each in same}) > 1
        named = any(port.protocol in protocols.HTTP or port.protocol == protocols.UNSET for port in same[0].ports)
        if several or named or by_name:
            peers = registry.peers(same[0])
            if not (tells_ports and _only_ports_differ(registry, peers)):
                found = max(found, orders(peers))
    return found


_KIND: Callable[[Registered], tuple[object, ...]] = attrgetter(
    "address", "others", "allocated", "resolution", "kubernetes", "headless", "labels", "selector",
    "export_to", "declared_export_to", "alias_of", "aliases", "internal",
)  # fmt: skip
"""What makes services of one host, namespace and age differ, but for their ports and where they are written."""


def _only_ports_differ(registry: Registry, services: Iterable[Registered]) -> bool:
    """Whether services differ in nothing but their ports, of which no two have one in common."""
    seen: set[int] = set()
    kinds = set()
    for each in services:
        numbers = {port.number for port in each.ports}
        if seen & numbers:
            return False
        seen |= numbers
        kinds.add((*_KIND(each), *registry.endpoint_labels.get(each.origin, ())))
    return len(kinds) == 1


def allocated(resources: Resources) -> Resources:
    """The resources with a virtual address for each host that Istio would give one, where the status has none yet."""
    count = 0
    entries: list[ServiceEntry] = []
    for entry in resources.service_entries:
        given = dict(entry.allocated)
        for host in entry.hosts if entry.allocates else ():
            if host not in given and (not host.startswith("*") or entry.resolution == "DYNAMIC_DNS"):
                count += 1
                given[host] = (f"240.240.{count // 254 % 254}.{count % 254 + 1}", f"2001:2::f0f0:{count:x}")
        entries.append(replace(entry, allocated=given) if given != entry.allocated else entry)
    return replace(resources, service_entries=tuple(entries))
