"""Effective: what manifests let workloads reach, asked of the mesh model and said as grants.

Asked are all that the ServiceEntries which a workload imports name: hosts, names below wildcards, addresses, each on its
ports. A workload that may go anywhere is granted everything. Services of the mesh itself are not asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang.answers.asked_mesh import AskedMesh, Client, within
from egresslang.answers.difference.lines import few
from egresslang.answers.explain import Answer, explain
from egresslang.answers.question import Question
from egresslang.mesh.addresses import Network, parse_network
from egresslang.mesh.outbound import ALLOWED, ANSWER, HANGS, PASSED
from egresslang.mesh.registry import NOWHERE, Registered
from egresslang.mesh.resources import Origin
from egresslang.policy.policy import Addresses, Below, Destination, Everything, Grant, Name, Rule, Subject
from egresslang.ranges import BITS, merge, network_range, show
from egresslang.record import record, replace
from egresslang.source import Source, Span

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
_STRANGE = Question("", "", f"{_FRESH}.test", None, 61234, "tls", None)
"""A place that nobody has heard of: who reaches it reaches everything."""

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


def effective(asked: AskedMesh, clients: Iterable[Client]) -> Iterator[Grant]:
    """What each of some workloads reaches, in their order."""
    ways: dict[object, list[_Way]] = {}
    for client in clients:
        answer = _asked(asked, client, _STRANGE.host, _STRANGE, _STRANGE.port, _STRANGE.protocol)
        if answer is not None:
            yield _grant(client, Everything(), 0, "", answer)
            continue
        proxy = asked.proxy(client)
        key = client.namespace, id(proxy.sidecar)
        if key not in ways:
            services = {id(each): each for listener in proxy.scope.listeners for each in listener.services}
            ways[key] = [way for each in services.values() if not each.in_mesh for way in _ways(each)]
        reached: list[Grant] = []
        for way in ways[key]:
            answer = _asked(asked, client, way.host, way, way.port, way.protocol)
            if answer is not None:
                reached.append(_grant(client, way.destination, way.port, way.protocol, answer))
        yield from _joined(reached)


def _asked(
    asked: AskedMesh, client: Client, host: str, way: Question | _Way, port: int, protocol: str
) -> Answer | None:
    """The answer where a place is reached."""
    dialled = within(way.network) if isinstance(way, _Way) and way.network is not None else None
    question = Question(client.namespace, client.name, host, None if host else dialled, port, protocol, dialled)
    answer = explain(asked, question)
    if not isinstance(answer, Answer):
        return None
    reaches = answer.verdict == PASSED or (answer.verdict == ALLOWED and answer.sees in (ANSWER, HANGS))
    return answer if reaches else None


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
            elif is_named:
                yield _Way(Name(service.host), service.host, None, port.number, protocol)


def _addresses(network: Network, host: str) -> Addresses:
    version, first, length = network
    named = "" if host.endswith(INVENTED) or "*" in host else host
    return Addresses(version, (network_range(version, first, length),), named, named or show(version, first, length))


def _grant(client: Client, destination: Destination, port: int, protocol: str, answer: Answer) -> Grant:
    cause = next((each for each in answer.because if each.kind == "ServiceEntry"), next(iter(answer.because), None))
    rule = Rule("the mesh configuration" if cause is None else str(cause), place_of(cause))
    return Grant(Subject(client.namespace, client.name), destination, port, protocol, protocol, (), rule, rule.span)


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


def place_of(cause: Origin | None) -> Span:
    """Where a resource is written; nowhere for what is in no file."""
    place = None if cause is None else cause.place
    return place if place is not None else Span(_NOWHERE, 0, 0)


_NOWHERE = Source("-", "")
