"""Capture: whether a sidecar sees a connection at all.

A pod's annotations, or where it has none the installation, leave ports and addresses out in the order of istio-iptables (tools/istio-iptables/pkg/capture):
excluded ports, excluded addresses, included ports, included addresses.
"""

from __future__ import annotations

from collections.abc import Mapping

from egresslang.answers.asked_mesh import Client
from egresslang.mesh.addresses import Address, mask, parse_network
from egresslang.policy.standing import PREFIX
from egresslang.profile.facts import CAPTURE


def uncaptured(client: Client, installed: Mapping[str, str], protocol: str, address: Address, port: int) -> str:
    """Why the sidecar sees nothing of a connection; empty if it does. `installed` holds where a pod says nothing."""
    if client.uncaptured:
        return client.uncaptured
    if protocol == "udp":
        return "no sidecar sees udp"
    if not client.annotations and not installed:
        return ""
    settings, said = settings_of(client, installed)
    name, what = _left_out(settings, address, port)
    return f"{said[name]} leaves {what} out" if name else ""


def settings_of(client: Client, installed: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What holds for a workload by the ends of the annotations that say it, and what says each, in words."""
    said = {name: f"the installation's `global.proxy.{CAPTURE[name]}`" for name in installed}
    settings = dict(installed)
    for name in CAPTURE:
        if (own := client.annotations.get(PREFIX + name)) is not None:
            settings[name], said[name] = own, f"its annotation `{PREFIX}{name}`"
    return settings, said


def _left_out(settings: Mapping[str, str], address: Address, port: int) -> tuple[str, str]:
    """Which setting leaves something out, and what; empty when none does."""
    if _has_port(settings, "excludeOutboundPorts", port):
        return "excludeOutboundPorts", f"port {port}"
    if _has_address(settings, "excludeOutboundIPRanges", address):
        return "excludeOutboundIPRanges", "the address"
    if _has_port(settings, "includeOutboundPorts", port):
        return "", ""
    included = settings.get("includeOutboundIPRanges", "*")
    if included.strip() == "*" or _has_address(settings, "includeOutboundIPRanges", address):
        return "", ""
    return "includeOutboundIPRanges", "the address"


def entries(settings: Mapping[str, str], name: str) -> list[str]:
    """What a setting lists."""
    return [each.strip() for each in settings.get(name, "").split(",") if each.strip()]


def _has_port(settings: Mapping[str, str], name: str, port: int) -> bool:
    return any(each in ("*", str(port)) for each in entries(settings, name))


def _has_address(settings: Mapping[str, str], name: str, address: Address) -> bool:
    version, number = address
    for each in entries(settings, name):
        network = parse_network(each)
        if each == "*" or (network and network[0] == version and mask(version, number, network[2]) == network[1]):
            return True
    return False
