"""Capture: whether a sidecar sees a connection at all.

A pod's annotations leave ports and addresses out in the order of istio-iptables (tools/istio-iptables/pkg/capture):
excluded ports, excluded addresses, included ports, included addresses.
"""

from __future__ import annotations

from collections.abc import Mapping

from egresslang.answers.asked_mesh import Client
from egresslang.mesh.addresses import Address, mask, parse_network

PREFIX = "traffic.sidecar.istio.io/"
"""What the annotations about capture begin with."""


def uncaptured(client: Client, protocol: str, address: Address, port: int) -> str:
    """Why the sidecar sees nothing of a connection; empty if it does."""
    if client.uncaptured:
        return client.uncaptured
    if protocol == "udp":
        return "no sidecar sees udp"
    return _left_out(client.annotations, address, port) if client.annotations else ""


def _left_out(annotations: Mapping[str, str], address: Address, port: int) -> str:
    if _has_port(annotations, "excludeOutboundPorts", port):
        return f"its annotation `{PREFIX}excludeOutboundPorts` leaves port {port} out"
    if _has_address(annotations, "excludeOutboundIPRanges", address):
        return f"its annotation `{PREFIX}excludeOutboundIPRanges` leaves the address out"
    if _has_port(annotations, "includeOutboundPorts", port):
        return ""
    included = annotations.get(f"{PREFIX}includeOutboundIPRanges", "*")
    if included.strip() == "*" or _has_address(annotations, "includeOutboundIPRanges", address):
        return ""
    return f"its annotation `{PREFIX}includeOutboundIPRanges` leaves the address out"


def _entries(annotations: Mapping[str, str], name: str) -> list[str]:
    return [each.strip() for each in annotations.get(PREFIX + name, "").split(",") if each.strip()]


def _has_port(annotations: Mapping[str, str], name: str, port: int) -> bool:
    return any(each in ("*", str(port)) for each in _entries(annotations, name))


def _has_address(annotations: Mapping[str, str], name: str, address: Address) -> bool:
    version, number = address
    for each in _entries(annotations, name):
        network = parse_network(each)
        if each == "*" or (network and network[0] == version and mask(version, number, network[2]) == network[1]):
            return True
    return False
