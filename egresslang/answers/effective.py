"""Effective: what manifests let workloads reach, asked of the mesh model and said as grants.

Asked are all that the ServiceEntries which a workload imports name: hosts, names below wildcards, addresses, each on its
ports. A workload that may go anywhere is granted everything. Services of the mesh itself are not asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang.answers.around import around, place_of
from egresslang.answers.asked_mesh import AskedMesh, Client, within
from egresslang.answers.difference.lines import few
from egresslang.answers.explain import Answer, explain
from egresslang.answers.question import Question
from egresslang.answers.written import IN_NO_FILE
from egresslang.mesh.addresses import Network, parse_network
from egresslang.mesh.outbound import ALLOWED, REGISTRY, UNSTABLE, Verdict
from egresslang.mesh.registry import NOWHERE, Registered
from egresslang.policy.policy import Addresses, Below, Destination, Everything, Grant, Name, Rule, Subject
from egresslang.ranges import BITS, merge, network_range, show
from egresslang.record import record, replace

SPOKEN = {
    "HTTP": ("http",),
    "HTTP2": ("http2",),
    "GRPC": ("grpc",),
    "GRPC-WEB": ("http",),
    "TLS": ("tls",),
    "HTTPS": ("tls",),
    "TCP": ("tcp",),
    "MONGO": ("tcp",),
    "REDIS": ("tcp",),
    "MYSQL": ("tcp",),
    "": ("http", "tls"),
}
"""What a client says to a port of a protocol; to one without, whatever Istio can tell."""

_FRESH = "any-other-name"

DIALLED = "whatever the client dials"
"""Where a name leads that a sidecar takes at its word."""

INVENTED = ".invalid"
"""The ending of hosts that only name addresses (RFC 2606)."""


@record
class _Way:
    """A destination that a ServiceEntry names, and the question that tells whether it is reached."""

    destination: Destination
    host: str
    network: Network | None
    port: int
    protocol: str


_STRANGE = _Way(Everything(), f"{_FRESH}.test", None, 61234, "tls")
"""A place that nobody has heard of: who reaches it reaches everything."""


def effective(asked: AskedMesh, clients: Iterable[Client]) -> Iterator[Grant]:
    """What each of some workloads reaches, in their order."""
    ways: dict[object, list[_Way]] = {}
    known: dict[object, list[Grant]] = {}
    for client in clients:
        unseen = list(around(client, asked.capture))
        yield from unseen
        open_ports = {each.port for each in unseen if isinstance(each.destination, Everything)}
        if 0 in open_ports:
            continue
        alike = asked.alike(client)
        found = known.get(alike)
        if found is None:
            yield from known.setdefault(alike, list(_through(asked, client, ways, open_ports)))
        else:
            subject = Subject(client.namespace, client.name)
            yield from (replace(each, subject=subject) for each in found)


def _through(asked: AskedMesh, client: Client, ways: dict[object, list[_Way]], open_ports: set[int]) -> Iterator[Grant]:
    """What a workload reaches through its sidecar; `ways` are those of the Sidecars that were asked about."""
    answer = _asked(asked, client, _STRANGE)
    if answer is not None and not answer.uncaptured:
        yield _grant(asked, client, replace(_STRANGE, port=0, protocol=""), answer)
        return
    proxy = asked.proxy(client)
    key = client.namespace, id(proxy.sidecar)
    if key not in ways:
        services = {id(each): each for listener in proxy.scope.listeners for each in listener.services}
        ways[key] = [way for each in services.values() if not each.in_mesh for way in _ways(each)]
    reached: list[Grant] = []
    taken: set[int] = set()  # ports on which everything is reached
    for way in ways[key]:
        if way.port in open_ports or (way.port in taken and way.protocol == "tcp"):
            continue
        answer = _asked(asked, client, way)
        if answer is not None:
            reached.append(_grant(asked, client, way, answer))
            taken |= {way.port} if isinstance(way.destination, Everything) else set()
    yield from _joined(reached)


def _asked(asked: AskedMesh, client: Client, way: _Way) -> Answer | None:
    """The answer where a place is reached."""
    dialled = within(way.network) if way.network is not None else None
    there = None if way.host else dialled
    question = Question(client.namespace, client.name, way.host, there, way.port, way.protocol, dialled)
    answer = explain(asked, question)
    if not isinstance(answer, Answer) or not answer.found.reaches or answer.found.wraps:
        return None
    return answer


def _ways(service: Registered) -> Iterator[_Way]:
    network = None if service.address == NOWHERE else parse_network(service.address)
    is_named = not service.is_wild and not service.host.endswith(INVENTED)
    for port in service.ports:
        for protocol in SPOKEN.get(port.protocol, ()):
            if network is not None and (service.resolution == "NONE" or protocol == "tcp"):
                yield _Way(_addresses(network, service.host), "", network, port.number, "tcp")
            elif network is not None and protocol == "http" and network[2] == BITS[network[0]]:
                host = service.host if is_named else ""
                yield _Way(_addresses(network, service.host), host, network, port.number, protocol)
            elif protocol != "tcp" and service.is_wild and service.host.startswith("*."):
                suffix = service.host[2:]
                yield _Way(Below(suffix), f"{_FRESH}.{suffix}", None, port.number, protocol)
            elif protocol == "tcp":
                yield replace(_STRANGE, port=port.number, protocol=protocol)
                if is_named:
                    yield _Way(Name(service.host), service.host, None, port.number, protocol)
            elif is_named:
                yield _Way(Name(service.host), service.host, None, port.number, protocol)


def _addresses(network: Network, host: str) -> Addresses:
    version, first, length = network
    named = "" if host.endswith(INVENTED) or "*" in host else host
    return Addresses(version, (network_range(version, first, length),), named, named or show(version, first, length))


def _grant(asked: AskedMesh, client: Client, way: _Way, answer: Answer) -> Grant:
    cause = next((each for each in answer.because if each.kind == "ServiceEntry"), next(iter(answer.because), None))
    if cause is not None:
        rule = Rule(str(cause), place_of(cause))
    else:
        what = "Istio's default" if asked.mode_span is None else "outbound traffic policy"
        rule = Rule(f"{what}: {asked.mesh.config.policy.mode}", asked.mode_span or IN_NO_FILE)
    leads = tuple([(text, "") for text in _leads_to(asked, way, answer.found)])
    subject = Subject(client.namespace, client.name)
    return Grant(subject, way.destination, way.port, way.protocol, way.protocol, leads, rule, rule.span)


def _leads_to(asked: AskedMesh, way: _Way, found: Verdict) -> list[str]:
    """Where the flows of a way end, none where that is the place itself: what a name resolves to, or is dialled."""
    places: set[str] = set()
    for each in _ends(found):
        if each.dials != REGISTRY:
            places.add(DIALLED if isinstance(way.destination, Name) and each.verdict == ALLOWED else "")
            continue
        behind = asked.behind.get((each.host, each.port)) or [each.host]
        places.update("" if _is_itself(text, way.host) else text for text in behind)
    return sorted(text or way.host or str(way.destination) for text in places) if places - {""} else []


def _is_itself(place: str, host: str) -> bool:
    """Whether a place is a name, or a wildcard whose names are resolved one by one (DYNAMIC_DNS)."""
    return place == host or (place.startswith("*.") and host.endswith(place[1:]))


def _ends(found: Verdict) -> Iterator[Verdict]:
    """The verdicts of everything that may become of a flow and gets somewhere."""
    if found.verdict == UNSTABLE:
        for each in (*found.possible, *(part for part, _ in found.parts)):
            yield from _ends(each)
    elif found.reaches:
        yield found


def _joined(grants: Iterable[Grant]) -> Iterator[Grant]:
    """The grants, those to addresses of one ServiceEntry as one."""
    held: dict[object, list[Grant]] = {}
    for grant in grants:
        where = grant.destination
        alike: object = grant
        if isinstance(where, Addresses) and grant.protocol == "tcp":
            alike = where.version, where.host, grant.rule.kind, grant.port
        held.setdefault(alike, []).append(grant)
    for some in held.values():
        networks = [each.destination for each in some if isinstance(each.destination, Addresses)]
        if len(networks) < 2:
            yield some[0]
            continue
        label = networks[0].host or few([each.label for each in networks])
        ranges = merge(each for network in networks for each in network.ranges)
        yield replace(some[0], destination=Addresses(networks[0].version, tuple(ranges), networks[0].host, label))
