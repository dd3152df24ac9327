"""AskedMesh: a mesh that questions are put to, and the workloads that may be asked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from egresslang.mesh.addresses import Address, Network, parse_network
from egresslang.mesh.listeners import Pod
from egresslang.mesh.mesh import Mesh, Proxy
from egresslang.mesh.resources import Origin
from egresslang.ranges import BITS, Range, merge
from egresslang.record import record
from egresslang.source import Span
from egresslang.suggest import nearest

if TYPE_CHECKING:
    from egresslang.answers.question import Question, Unanswerable
    from egresslang.policy.granted import Granted
    from egresslang.policy.policy import Addresses

USUAL = {4: 93 << 24 | 184 << 16 | 216 << 8 | 34, 6: 0x2606_2800_0220_0001_0248_1893_25C8_1946}
"""An address of each IP version that is dialled where nothing mentions it."""


@record
class Client:
    """A workload as the source of a flow; `uncaptured` says why its sidecar sees nothing, empty if it does.

    `origin` is where it comes from, None where no manifest is known; `is_known` unless it was only asked about.
    """

    namespace: str
    name: str
    pod: Pod
    annotations: Mapping[str, str]
    uncaptured: str = ""
    origin: Origin | None = None
    is_known: bool = True

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class AskedMesh:
    """A mesh, the workloads in it, and the policy it was compiled from, if one is known.

    `is_complete` when the workloads are all there are; `own` are further networks of the cluster; `stranger` is what a pod
    is like of which nothing is known; `capture` is what the installation leaves out of capture (profile/facts.py, CAPTURE);
    `mode_span` is where the mesh's outbound policy is written, None for Istio's default.
    """

    def __init__(
        self,
        mesh: Mesh,
        clients: Iterable[Client],
        *,
        default_namespace: str,
        stranger: Pod,
        is_complete: bool,
        granted: Granted | None = None,
        own: Iterable[str] = (),
        capture: Mapping[str, str] = MappingProxyType({}),
        mode_span: Span | None = None,
    ) -> None:
        self.mesh = mesh
        self.clients = {(each.namespace, each.name): each for each in clients}
        self.default_namespace = default_namespace
        self.granted = granted
        self.capture = capture
        self.mode_span = mode_span
        self.stranger = stranger
        self._is_complete = is_complete
        self._own = tuple(own)
        self._proxies: dict[tuple[str, str], Proxy] = {}
        self._asked: dict[tuple[str, str], Client | Unanswerable] = {}

    def client(self, question: Question) -> Client | Unanswerable:
        """The workload of a question: of the namespace it names, else of the default one, else the only one of its name."""
        key = question.namespace, question.workload
        found = self._asked.get(key)
        if found is None:
            found = self._find(*key)
            if len(self._asked) < 65536:
                self._asked[key] = found
        return found

    def _find(self, said: str, name: str) -> Client | Unanswerable:
        from egresslang.answers.question import Unanswerable

        namespace = said or self.default_namespace
        found = self.clients.get((namespace, name))
        if found is not None:
            return found
        elsewhere = self._namespaces_of.get(name, [])
        if not said and len(elsewhere) == 1:
            return self.clients[elsewhere[0], name]
        if elsewhere:
            places = " or ".join(f"`{other}/{name}`" for other in elsewhere[:3])
            return Unanswerable(f"`{name}` is no workload of namespace `{namespace}`; write {places}")
        near = nearest(name, (each for where, each in self.clients if where == namespace))
        if near:
            return Unanswerable(f"`{name}` is no workload of namespace `{namespace}`; write `{namespace}/{near}`")
        if self._is_complete:
            return Unanswerable(self._unknown(namespace, name))
        pod = self.stranger
        labelled = Pod(namespace, {"app": name}, pod.dns_capture, pod.families)
        return Client(namespace, name, labelled, {}, is_known=False)

    def _unknown(self, namespace: str, name: str) -> str:
        problem = f"`{name}` is no workload of namespace `{namespace}`"
        namespaces = {where for where, _ in self.clients}
        near = nearest(namespace, namespaces)
        if namespace not in namespaces and near:
            return f"namespace `{namespace}` is not known; write `{near}`"
        anywhere = nearest(name, self._namespaces_of)
        if anywhere:
            return f"{problem}; write `{self._namespaces_of[anywhere][0]}/{anywhere}`"
        return f"{problem}; name one that the profile or the manifests have"

    def known(self, namespace: str, name: str, labels: Mapping[str, str]) -> Client:
        """A workload of a name; one with these labels where the mesh has none of it."""
        found = self.clients.get((namespace, name))
        pod = self.stranger
        return found or Client(namespace, name, Pod(namespace, dict(labels), pod.dns_capture, pod.families), {})

    @cached_property
    def _namespaces_of(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for namespace, name in sorted(self.clients):
            found.setdefault(name, []).append(namespace)
        return found

    def proxy(self, client: Client) -> Proxy:
        """The sidecar of a workload."""
        key = client.namespace, client.name
        found = self._proxies.get(key)
        if found is None:
            found = self._proxies[key] = self.mesh.proxy(client.pod)
        return found

    def alike(self, client: Client) -> tuple[object, ...]:
        """What workloads have in common that reach the same: their pods, what goes around their sidecars, and what they dial."""
        said = tuple(sorted(client.annotations.items()))
        who = (client.namespace, "*"), (client.namespace, client.name)
        granted = tuple([each for each in who if each in self._granted_addresses])
        return *self.mesh.alike(client.pod), client.uncaptured, said, granted

    @cached_property
    def _granted_addresses(self) -> frozenset[tuple[str, str]]:
        """Who is granted addresses that a name goes by, and so dials them."""
        from egresslang.policy.policy import Addresses

        grants = self.granted.grants if self.granted is not None else ()
        named = (each for each in grants if isinstance(each.destination, Addresses) and each.destination.host)
        return frozenset([each.subject for each in named])

    # Addresses

    @cached_property
    def behind(self) -> dict[tuple[str, int], list[str]]:
        """What is behind the port of a host, in whatever namespaces it is registered, each once."""
        found: dict[tuple[str, int], dict[str, None]] = {}
        for (host, _, port), some in self.mesh.registry().endpoints.items():
            found.setdefault((host, port), {}).update(dict.fromkeys(some))
        return {key: list(some) for key, some in found.items()}

    @cached_property
    def addresses_of_names(self) -> dict[str, list[Address]]:
        """An address of each IP version for a name that goes by fixed ones, in the policy or in a ServiceEntry."""
        from egresslang.policy.policy import Addresses

        found: dict[str, dict[int, Address]] = {}
        for grant in self.granted.grants if self.granted is not None else ():
            where = grant.destination
            if isinstance(where, Addresses) and where.host:
                found.setdefault(where.host, {}).setdefault(where.version, some_address(where))
        for entry in self.mesh.resources.service_entries:
            for text in entry.addresses if entry.resolution == "NONE" else ():
                network = parse_network(text)
                if network is None:
                    continue
                for host in entry.hosts:
                    found.setdefault(host, {}).setdefault(network[0], within(network))
        return {host: list(each.values()) for host, each in found.items()}

    @cached_property
    def unmentioned(self) -> dict[int, Address]:
        """For each IP version an address that nothing in the mesh mentions."""
        return {version: (version, _outside(self._mentioned(version), USUAL[version])) for version in BITS}

    def _mentioned(self, version: int) -> list[Range]:
        networks = (parse_network(text) for text in {*self._own, *_texts(self.mesh)})
        return merge(
            (first, first + (1 << (BITS[of] - length)) - 1)
            for of, first, length in filter(None, networks)
            if of == version
        )


def some_address(addresses: Addresses) -> Address:
    """One of some addresses: the second, where the first may be the network itself."""
    first, last = addresses.ranges[0]
    return addresses.version, min(first + 1, last)


def within(network: Network) -> Address:
    """An address of a network: the second, where the first is the network itself."""
    version, number, length = network
    return version, number if length == BITS[version] else number + 1


def _texts(mesh: Mesh) -> Iterable[str]:
    """Every address and network that the resources of a mesh mention."""
    resources = mesh.resources
    for entry in resources.service_entries:
        yield from entry.addresses
        yield from (endpoint.address for endpoint in entry.endpoints)
        yield from (address for each in entry.allocated.values() for address in each)
    for service in resources.services:
        yield from service.addresses
    for behind in resources.endpoint_slices:
        yield from behind.addresses
    for virtual in resources.virtual_services:
        for route in (*virtual.tcp, *virtual.tls):
            yield from (subnet for match in route.matches for subnet in match.subnets)


def _outside(mentioned: Iterable[Range], usual: int) -> int:
    """The usual address unless it is mentioned; then the first one after it that is not, else the last one before it."""
    taken = list(mentioned)
    at = usual
    for first, last in taken:
        if first <= at <= last:
            at = last + 1
    limit = 224 << 24 if usual < 1 << 32 else 1 << 128
    if at < limit:
        return at
    at = usual
    for first, last in reversed(taken):
        if first <= at <= last:
            at = first - 1
    return at if at >= 1 << 24 else usual
