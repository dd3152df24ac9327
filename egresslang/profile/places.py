"""Where things are: the cluster's networks, the regions, and what is known of destinations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.profile.profile import Destination, Endpoint
from egresslang.ranges import BITS, is_nobodys, mapped, parse_cidr

if TYPE_CHECKING:
    from egresslang.documents import Located

_HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"


def read_networks(networks: Located | None, findings: list[Finding]) -> dict[str, tuple[str, ...]]:
    """The CIDRs of pods, services and nodes, each in its shortest spelling."""
    read: dict[str, tuple[str, ...]] = {}
    for kind, listed in networks.items() if networks is not None else ():
        found = [_network(entry.value, entry) for entry in listed.entries()]
        read[kind] = tuple(each for each in found if isinstance(each, str))
        findings += [each for each in found if isinstance(each, Finding)]
    return read


def read_regions(regions: Located | None, findings: list[Finding]) -> dict[str, tuple[str, ...]]:
    """Each declared region and those that lie in it; none lies in itself."""
    if regions is None:
        return {}
    read = {name: tuple(within.value or ()) for name, within in regions.items()}
    circles = _circles(read)
    told: set[str] = set()
    for name, within in regions.items():
        for entry in within.entries():
            if name not in told and name in (inside := _reachable(entry.value, circles)):
                told |= inside
                findings.append(finding(codes.PROFILE_MISMATCH, entry.span, f"region `{name}` lies in itself", f"`{entry.value}` contains `{name}` again",
                                        [Label(within.key_span, "the region")], help="remove one of the two"))  # fmt: skip
    return read


def read_destinations(destinations: Located | None, findings: list[Finding]) -> dict[str, Destination]:
    """What is known of hosts and addresses, by their name in lower case or their shortest address."""
    read: dict[str, Destination] = {}
    for key, known in destinations.items() if destinations is not None else ():
        name = _name(key, known)
        if isinstance(name, Finding):
            findings.append(name)
            continue
        if name in read:
            findings.append(finding(codes.BAD_PROFILE, known.key_span, f"`{name}` is described twice", "again here",
                                    [Label(read[name].span, "first here")], help="keep one of the two"))  # fmt: skip
            continue
        region = _text(known, "region")
        endpoints = known.get("endpoints")
        read[name] = Destination(name, region, tuple(_endpoints(endpoints, region, findings)), known.key_span)
    return read


def _circles(regions: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The regions that may lie in themselves, and what lies in them: all that are between two of these, or in a circle."""
    from graphlib import CycleError, TopologicalSorter

    left = {name: set(within) for name, within in regions.items()}
    for _ in range(2):
        order = TopologicalSorter(left)
        with suppress(CycleError):
            order.prepare()
        ended: set[str] = set()
        while ready := order.get_ready():
            ended.update(ready)
            order.done(*ready)
        turned: dict[str, set[str]] = {}
        for name in left.keys() - ended:
            for each in left[name] - ended:
                turned.setdefault(each, set()).add(name)
        left = turned
    return {name: tuple(within) for name, within in left.items()}


def _reachable(region: str, regions: Mapping[str, tuple[str, ...]]) -> set[str]:
    seen, waiting = set[str](), [region]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += regions.get(name, ())
    return seen


def _endpoints(endpoints: Located | None, region: str, findings: list[Finding]) -> Iterator[Endpoint]:
    for endpoint in endpoints.entries() if endpoints is not None else ():
        place = endpoint["address"]
        address = _network(place.value, place)
        if isinstance(address, Finding):
            findings.append(address)
        elif "/" in place.value:
            findings.append(
                _bad_address(place, "a network", "an endpoint is one address", "write one endpoint for each address")
            )
        elif _is_nobodys(address):
            findings.append(
                _bad_address(
                    place, "no host's address", "an endpoint is a host", "write the address of the destination"
                )
            )
        else:
            yield Endpoint(address, _text(endpoint, "region") or region, place.span)


def _text(mapping: Located, key: str) -> str:
    found = mapping.get(key)
    return str(found.value) if found is not None else ""


def _name(key: str, place: Located) -> str | Finding:
    if ":" in key or re.fullmatch(r"[0-9./]+", key):
        return _network(key, place)
    name = key.removesuffix(".").lower()
    if not name.isascii():
        import idna

        try:
            name = idna.encode(name, strict=True, std3_rules=True).decode()
        except idna.IDNAError:
            name = ""
    if re.fullmatch(_HOST, name) and len(name) <= 253 and not name.rpartition(".")[2].isdigit():
        return name
    help = "write each host of its own" if key.startswith("*") else "write the whole DNS name, or an address"
    return finding(
        codes.BAD_HOST, place.key_span, f"`{key}` is not a host", "expected a DNS name or an address", help=help
    )


def _network(text: str, place: Located) -> str | Finding:
    """An address or a CIDR, as its shortest text."""
    import ipaddress

    at = place if place.value == text else None
    span = at.span if at is not None else place.key_span
    try:
        if "%" in text or not re.fullmatch(r"[^/]+(?:/[0-9]+)?", text):
            raise ValueError
        interface = ipaddress.ip_interface(text)
    except ValueError:
        return finding(codes.BAD_ADDRESS, span, f"`{text}` is not an address", "expected an IP address or a network such as `10.4.0.0/14`",
                       help="write four numbers from 0 to 255, or an IPv6 address, and the length of a prefix")  # fmt: skip
    network = interface.network
    if ipv4 := mapped(network.version, int(network.network_address), network.prefixlen):
        return finding(
            codes.BAD_ADDRESS,
            span,
            f"`{text}` is IPv4, written as IPv6",
            f"a sidecar sees `{ipv4}`",
            help=f"write `{ipv4}`",
        )
    if interface.ip != network.network_address:
        return finding(codes.BAD_ADDRESS, span, f"`{text}` is not a network", "bits are set after the prefix",
                       help=f"write `{network}` for the network, or `{interface.ip}` for the address")  # fmt: skip
    return str(network) if "/" in text else str(interface.ip)


def _is_nobodys(address: str) -> bool:
    version, (first, _) = parse_cidr(address)
    return is_nobodys(version, first, BITS[version])


def _bad_address(place: Located, what: str, why: str, help: str) -> Finding:
    return finding(codes.BAD_ADDRESS, place.span, f"`{place.value}` is {what}", why, help=help)
