"""Compare: whether what a sidecar does with a request is what the policy wants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from egresslang.mesh.addresses import parse_address
from egresslang.mesh.gateways import Gateways
from egresslang.mesh.listeners import Cluster, Listener
from egresslang.mesh.outbound import ALLOWED, CLIENT, PASSED, REGISTRY, UNSTABLE, Outbound, Request, Verdict
from egresslang.mesh.registry import Registered
from egresslang.mesh.scope import is_listed
from egresslang.policy.intent import Intent, is_checked
from egresslang.policy.policy import Addresses, Below, Grant, Name
from egresslang.ranges import BITS, show
from egresslang.record import record

OVER_GRANT, OUTAGE = "over-grant", "outage"


_NAMES = (Name, Below)

UNHEARD = ".invalid"
"""The ending of names that lead nowhere by definition (RFC 2606): nobody misses them."""


@record
class Deviation:
    """A request that a sidecar treats otherwise than the policy wants: `grants` are those it should follow.

    `dialled` is the name whose address the client dialled, where that is a virtual one.
    """

    kind: str
    request: Request
    verdict: Verdict
    grants: tuple[Grant, ...]
    dialled: str = ""


class Comparison:
    """Requests of one class of pods, judged by its intent.

    `known` has the fixed places of names, which hold for everyone who is granted the name, by a wildcard too.
    """

    def __init__(
        self,
        intent: Intent,
        outbound: Outbound,
        gateways: Gateways,
        known: Mapping[tuple[str, int], set[str]],
        resolves_wildcards: bool,
    ) -> None:
        self.intent = intent
        self.outbound = outbound
        self.gateways = gateways
        self.known = known
        self.resolves_wildcards = resolves_wildcards

    def deviations(self, request: Request, verdict: Verdict, dialled: str = "") -> Iterator[Deviation]:
        """What is wrong with a verdict: at most one thing."""
        grants = self.grants(request, dialled)
        kind = self._wrong(request, verdict, grants)
        if kind:
            yield Deviation(kind, request, verdict, tuple(grants), dialled)

    def grants(self, request: Request, dialled: str) -> list[Grant]:
        """The grants that a request follows."""
        version, number = request.address
        found = self.intent.by_address(version, number, request.port)
        if request.protocol in ("http", "tls"):
            found += self.intent.by_name(request.protocol, request.name.rstrip("."), request.port)
        if dialled:
            found += self.intent.by_name("tcp", dialled, request.port)
        return found

    def _wrong(self, request: Request, verdict: Verdict, grants: list[Grant]) -> str:
        if verdict.verdict == UNSTABLE:
            each = [*verdict.possible, *(part for part, _ in verdict.parts)]
            return next((wrong for one in each if (wrong := self._wrong(request, one, grants))), "")
        if self.intent.is_open:
            return "" if self._passes(request, verdict, grants) else OUTAGE
        if not verdict.reaches:
            return OUTAGE if grants else ""
        if not grants:
            is_inside = self._is_in_mesh(request, verdict) and not self._is_led_out(request, verdict)
            return "" if is_inside or self._is_same_place(request, verdict) else OVER_GRANT
        if verdict.wraps and any(grant.spelled in ("tls", "https") for grant in grants):
            return OUTAGE
        if any(self._follows(grant, request, verdict) for grant in grants):
            return ""
        if any(self._is_led_on(grant, verdict) for grant in grants):
            return ""
        return OVER_GRANT if verdict.dials == CLIENT and all(map(is_checked, grants)) else OUTAGE

    def _is_led_on(self, grant: Grant, verdict: Verdict) -> bool:
        """Whether a request ends at the Service of a gateway, which leads it on to the name that a grant is for."""
        service, name = self._gateway(verdict), grant.destination
        if service is None or not isinstance(name, Name):
            return False
        found = [each for each in self.gateways.beyond(name.host) if each.host == name.host]
        return bool(found) and all(self.gateways.known(service.namespace, each) for each in found)

    def _is_led_out(self, request: Request, verdict: Verdict) -> bool:
        """Whether a VirtualService leads a request to a gateway, and that one leads it out of the mesh."""
        service = self._gateway(verdict)
        if service is None or all(each.kind != "VirtualService" for each in verdict.because):
            return False
        beyond = self.gateways.beyond(request.name.rstrip("."))
        return any(not each.in_mesh for where in beyond for each in self.gateways.known(service.namespace, where))

    def _gateway(self, verdict: Verdict) -> Registered | None:
        """The Service of gateways at which a request ends, None where it ends elsewhere."""
        service = self.outbound.scope.services.get(verdict.host)
        is_one = service is not None and verdict.dials != CLIENT and self.gateways.are_behind(service)
        return service if is_one else None

    def _passes(self, request: Request, verdict: Verdict, grants: list[Grant]) -> bool:
        """Whether an open pod reaches what it dialled or named."""
        if verdict.verdict == PASSED or (verdict.verdict == ALLOWED and verdict.dials == CLIENT):
            return True
        if not verdict.reaches:
            return request.name.endswith(UNHEARD)
        if self.outbound.resolve(verdict.host) == request.address:
            return True
        if any(self._follows(grant, request, verdict) for grant in grants) or self._is_in_mesh(request, verdict):
            return True
        if request.name and _covers(verdict.host, request.name.rstrip(".")):
            return True
        return set(self._behind(verdict)) == {request.name.strip("[]")} or self._is_same_place(request, verdict)

    def _follows(self, grant: Grant, request: Request, verdict: Verdict) -> bool:
        """Whether a request that reaches something reaches what a grant is for."""
        destination = grant.destination
        if verdict.verdict == PASSED:
            return not is_checked(grant)
        if not is_checked(grant):
            return verdict.dials == CLIENT and verdict.port == request.port and self._keeps_port(verdict)
        if verdict.port != grant.port:
            return False
        if isinstance(destination, Below):
            resolved = REGISTRY if self.resolves_wildcards else CLIENT
            if verdict.dials == resolved and verdict.host.startswith("*."):
                return _covers(verdict.host, request.name.rstrip("."))
            return verdict.dials == REGISTRY and self._is_at_home(request.name.rstrip("."), verdict)
        if verdict.dials != REGISTRY:
            return False
        if isinstance(destination, Name) and not grant.endpoints and self._is_wild(verdict):
            return _covers(verdict.host, destination.host)
        return set(self._behind(verdict)) == places(grant)

    def agrees(self, protocol: str, name: str, port: int, clusters: Sequence[Cluster]) -> bool:
        """Whether it can be seen at once that requests for a host follow one of its grants, or end at a Service."""
        service = self.outbound.target(clusters)
        if service is None or self.intent.is_open:
            return False
        grants = self.intent.by_name(protocol, name, port)
        if not grants:
            return service.kubernetes and not self.gateways.are_behind(service)
        if service.host != name or clusters[0].port != port:
            return False
        if service.is_wild:
            return service.is_dynamic == self.resolves_wildcards and service.resolution in ("DYNAMIC_DNS", "NONE")
        if service.resolution == "NONE":
            return False
        behind = self.outbound.registry.endpoints.get((name, service.namespace, port), [])
        for each in grants:
            if behind == [name] and isinstance(each.destination, _NAMES) and not each.endpoints:
                return True
            is_below = isinstance(each.destination, Below)
            if set(behind) == (self.known.get((name, port), set()) if is_below else places(each)):
                return True
        return False

    def _is_wild(self, verdict: Verdict) -> bool:
        """Whether the sidecar resolves the very name asked for, by a wildcard."""
        service = self.outbound.scope.services.get(verdict.host)
        return service is not None and service.is_dynamic

    def _behind(self, verdict: Verdict) -> list[str]:
        service = self.outbound.scope.services.get(verdict.host)
        if service is None:
            return []
        return self.outbound.registry.endpoints.get((service.host, service.namespace, verdict.port), [])

    def _keeps_port(self, verdict: Verdict) -> bool:
        service = self.outbound.scope.services.get(verdict.host)
        port = None if service is None else service.port(verdict.port)
        return port is not None and port.target in (0, verdict.port)

    def _is_in_mesh(self, request: Request, verdict: Verdict) -> bool:
        """Whether a request ends at a Service of the cluster, or at an internal entry that the pods keep."""
        service = self.outbound.scope.services.get(verdict.host)
        if verdict.verdict != ALLOWED or service is None:
            return False
        if verdict.dials == CLIENT and service.resolution != "NONE":
            return request.address in map(parse_address, (service.address, *service.others))
        listed = service.in_mesh and is_listed(service, self.intent.in_mesh, self.outbound.pod.namespace)
        return service.kubernetes or listed

    def _is_at_home(self, name: str, verdict: Verdict) -> bool:
        """Whether a name leads to itself, or to the places that the policy knows of it."""
        behind = set(self._behind(verdict))
        return behind == {name} or behind == self.known.get((name, verdict.port), set())

    def _is_same_place(self, request: Request, verdict: Verdict) -> bool:
        """Whether a request asks for a place that is granted by another name: to Istio both are one destination."""
        behind = set(self._behind(verdict))
        if verdict.verdict != ALLOWED or verdict.dials != REGISTRY or request.protocol != "http":
            return False
        if behind != {request.name.strip("[]")} and request.name.rstrip(".") != verdict.host:
            return False
        granted = self._granted_places.get(verdict.port, set())
        if any(self.intent.by_name(family, verdict.host, verdict.port) for family in ("http", "tls", "tcp")):
            granted = granted | self.known.get((verdict.host, verdict.port), set())
        return behind <= granted

    @cached_property
    def _granted_places(self) -> dict[int, set[str]]:
        """What sidecars connect to for all checked grants, by port."""
        found: dict[int, set[str]] = {}
        for (_, port), hosts in self.intent.named.items():
            for grants in hosts.values():
                for grant in grants:
                    found.setdefault(port, set()).update(places(grant))
        return found

    def listeners(self, port: int) -> Sequence[Listener]:
        """The listeners of a port."""
        return self._listeners.get(port, ())

    @cached_property
    def _listeners(self) -> dict[int, list[Listener]]:
        found: dict[int, list[Listener]] = {}
        for each in self.outbound.listeners.values():
            found.setdefault(each.port, []).append(each)
        return found


def known_places(grants: Iterable[Grant]) -> dict[tuple[str, int], set[str]]:
    """The fixed places that a policy knows of names, by name and port."""
    found: dict[tuple[str, int], set[str]] = {}
    for grant in grants:
        host = _fixed(grant)
        if host:
            found.setdefault((host, grant.port), set()).update(places(grant))
    return found


def _fixed(grant: Grant) -> str:
    """The name whose places a grant fixes; empty when it fixes none."""
    destination = grant.destination
    if isinstance(destination, Name):
        return destination.host if grant.endpoints else ""
    return destination.host if isinstance(destination, Addresses) and is_checked(grant) else ""


def places(grant: Grant) -> set[str]:
    """What a sidecar connects to for a checked grant to a name: its fixed endpoints, or the name itself."""
    destination = grant.destination
    if grant.endpoints:
        return {address for address, _ in grant.endpoints}
    if isinstance(destination, Name):
        return {destination.host}
    if isinstance(destination, Addresses):
        return {show(destination.version, destination.ranges[0][0], BITS[destination.version])}
    return set()


def _covers(host: str, name: str) -> bool:
    """Whether a registered host, which may be a wildcard, is for a name."""
    return name.endswith(host[1:]) and len(name) >= len(host) if host.startswith("*") else host == name
