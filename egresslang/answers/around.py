"""Around: what workloads send that no sidecar sees, said as grants: all of it, some ports, some addresses.

Where only some addresses are captured, a grant is for all others; ports that are captured all the same are only told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from egresslang.answers.asked_mesh import Client
from egresslang.answers.capture import entries, settings_of
from egresslang.answers.compiled import clients
from egresslang.answers.written import IN_NO_FILE
from egresslang.mesh.addresses import parse_network
from egresslang.mesh.resources import Origin
from egresslang.policy.policy import ANY, Addresses, Destination, Everything, Grant, Policy, Rule, Subject
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import BITS, Range, merge, network_range, subtract
from egresslang.source import Span

EVERY = "every address but"
"""How the label begins of what is not captured because only some addresses are."""


def around(client: Client, installed: Mapping[str, str]) -> Iterator[Grant]:
    """What a workload sends around its sidecar; `installed` holds where its pods say nothing."""
    if client.uncaptured:
        yield _grant(client, Everything(), 0, client.uncaptured)
        return
    settings, said = settings_of(client, installed)
    for name, destination, port in left_out(settings, client.pod.families):
        yield _grant(client, destination, port, f"{said[name]} is {settings[name] or 'empty'}")


def around_policy(policy: Policy, profile: ClusterProfile) -> tuple[Grant, ...]:
    """What the workloads of a cluster send around their sidecars, as its profile, resources and installation say."""
    installed = {name: said.text for name, said in profile.capture.items()}
    return tuple([grant for client in clients(policy, profile) for grant in around(client, installed)])


def left_out(settings: Mapping[str, str], families: Iterable[int]) -> Iterator[tuple[str, Destination, int]]:
    """What settings leave out: the setting, where to, and on which port; 0 for all."""
    for word in entries(settings, "excludeOutboundPorts"):
        if word == ANY or (word.isascii() and word.isdecimal()):
            yield "excludeOutboundPorts", Everything(), 0 if word == ANY else int(word)
    for word in entries(settings, "excludeOutboundIPRanges"):
        if word == ANY:
            yield "excludeOutboundIPRanges", Everything(), 0
        for version, ranges in _networks([word]).items():
            yield "excludeOutboundIPRanges", Addresses(version, tuple(ranges), "", f"[{word}]" if version == 6 else word), 0  # fmt: skip
    only, ports = entries(settings, "includeOutboundIPRanges"), entries(settings, "includeOutboundPorts")
    if "includeOutboundIPRanges" not in settings or only == [ANY] or ANY in ports:
        return
    networks = _networks(only)
    if not networks:
        yield "includeOutboundIPRanges", Everything(), 0
        return
    for version in families:
        others = subtract([(0, (1 << BITS[version]) - 1)], networks.get(version, []))
        if others:
            label = f"{EVERY} {', '.join(only)}" + f" and ports {', '.join(ports)}" * bool(ports)
            yield "includeOutboundIPRanges", Addresses(version, tuple(others), "", label), 0


def _networks(words: Iterable[str]) -> dict[int, list[Range]]:
    """The ranges of networks by IP version, merged."""
    found: dict[int, list[Range]] = {}
    for word in words:
        if (network := parse_network(word)) is not None:
            found.setdefault(network[0], []).append(network_range(*network))
    return {version: merge(ranges) for version, ranges in found.items()}


def _grant(client: Client, destination: Destination, port: int, why: str) -> Grant:
    origin = client.origin
    rule = Rule(f"{origin or client}: {why}".replace("`", ""), place_of(origin))
    return Grant(Subject(client.namespace, client.name), destination, port, "", "", (), rule, rule.span)


def place_of(cause: Origin | None) -> Span:
    """Where a resource is written; nowhere for what is in no file."""
    place = None if cause is None else cause.place
    return IN_NO_FILE if place is None else place
