"""Written flows: sets of flows as people and programs read them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from egresslang.answers.access import place_of, port_of
from egresslang.policy import sets
from egresslang.policy.flows import Box
from egresslang.policy.granted import GOVERNED, workloads_of
from egresslang.policy.policy import Addresses, Grant

FEW = 4
"""As many places as are told one by one where flows are a part of what a rule grants."""


def where_of(grant: Grant, flows: tuple[Box, ...]) -> tuple[str, ...]:
    """The networks of flows that are a part of a grant, if they are a few and all of its workloads have them; else none."""
    if len(flows) != 1 or not isinstance(grant.destination, Addresses):
        return ()
    (box,) = flows
    if box.destinations.names or box.workloads != workloads_of(grant.subject):
        return ()
    networks = sets.networks(box.destinations.addresses)
    return tuple(map(_network, networks)) if len(networks) <= FEW else ()


def _network(network: IPv4Network | IPv6Network) -> str:
    """A network as the language writes it before a port."""
    text = str(network if network.prefixlen < network.max_prefixlen else network.network_address)
    return f"[{text}]" if network.version == 6 else text


def other_of(grant: Grant, other: Grant) -> str:
    """Another grant in as few words as tell it from a grant: its destination, its workload, or both."""
    there = place_of(other) + ("" if port_of(other) == port_of(grant) else port_of(other))
    if other.subject == grant.subject:
        return there
    return str(other.subject) if there == place_of(grant) else f"{other.subject} -> {there}"


def boxes_of(flows: tuple[Box, ...]) -> list[dict[str, Any]]:
    """The flows as programs read them: disjoint products of workloads, names and addresses, ports and protocols."""
    return [
        {
            "workloads": patterns_of(sets.workload_patterns(box.workloads)),
            "names": patterns_of(sets.name_patterns(box.destinations.names)),
            "addresses": _addresses(box.destinations.addresses),
            "ports": [str(first) if end - first == 1 else f"{first}-{end - 1}" for first, end in box.ports],
            "protocols": sorted(box.protocols & GOVERNED),
        }
        for box in flows
    ]


def patterns_of(patterns: Iterable[sets.Pattern]) -> list[dict[str, Any]]:
    """Patterns as programs read them, `without` only where something is cut out."""
    return [{"pattern": each.text, **({"without": list(each.without)} if each.without else {})} for each in patterns]


def _addresses(these: sets.Addresses) -> list[str]:
    return [] if not these else ["*"] if these == sets.ANY_ADDRESS else [str(each) for each in sets.networks(these)]
