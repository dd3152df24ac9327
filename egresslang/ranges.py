"""Ranges of addresses: sorted, disjoint, inclusive pairs of numbers of one IP version."""

from __future__ import annotations

from collections.abc import Iterable

Range = tuple[int, int]
"""First and last address."""

BITS = {4: 32, 6: 128}

# Not globally routable: the IANA special-purpose address registries (RFC 6890 and its updates), multicast and reserved.
_SPECIAL = {
    4: (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    ),
    6: ("::/3", "4000::/2", "8000::/1", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
}


_NOBODY: dict[int, Range] = {4: (0, (1 << 24) - 1), 6: (0, 0)}
_MAPPED = 0xFFFF << 32


def is_nobodys(version: int, first: int, prefix: int) -> bool:
    """Whether no host has an address of a network: 0.0.0.0/8 is this host itself (RFC 1122, 3.2.1.3), and `::` is
    no address at all (RFC 4291, 2.5.2)."""
    return network_range(version, first, prefix)[1] <= _NOBODY[version][1]


def somebodys(version: int, ranges: list[Range]) -> list[Range]:
    """Merged ranges without what istiod takes for the wildcard address: networks that start at 0.0.0.0, and `::` alone.

    It reads `::/127` and wider networks exactly, which spares `::/1` to become 127 networks.
    """
    if version == 4:
        return subtract(ranges, [_NOBODY[4]])
    return [each for each in ranges if each != _NOBODY[6]]


def mapped(version: int, first: int, prefix: int) -> str:
    """The IPv4 network that is written as an IPv6 one, `::ffff:192.0.2.1` (RFC 4291, 2.5.5.2); empty for any other."""
    if version == 4 or prefix < 96 or first >> 32 << 32 != _MAPPED:
        return ""
    return show(4, first - _MAPPED, prefix - 96)


def network_range(version: int, first: int, prefix: int) -> Range:
    """First and last address of a network."""
    return first, first + (1 << (BITS[version] - prefix)) - 1


def merge(ranges: Iterable[Range]) -> list[Range]:
    """The same addresses as sorted, disjoint ranges.

    Neighbours stay apart: two single addresses are two listeners of a proxy, the network of both is another thing.
    """
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1]:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return merged


def subtract(ranges: list[Range], holes: list[Range]) -> list[Range]:
    """The addresses of merged ranges that are in none of the merged holes."""
    left: list[Range] = []
    at = 0
    for first, last in ranges:
        while at < len(holes) and holes[at][1] < first:
            at += 1
        index, start = at, first
        while index < len(holes) and holes[index][0] <= last:
            if holes[index][0] > start:
                left.append((start, holes[index][0] - 1))
            start = holes[index][1] + 1
            index += 1
        if start <= last:
            left.append((start, last))
    return left


def cidrs(version: int, ranges: Iterable[Range]) -> list[tuple[int, int]]:
    """The fewest networks, as (first address, prefix), that make up the ranges."""
    found = []
    bits = BITS[version]
    for first, last in ranges:
        start = first
        while start <= last:
            aligned = (start & -start).bit_length() - 1 if start else bits
            size = min(aligned, (last - start + 1).bit_length() - 1)
            found.append((start, bits - size))
            start += 1 << size
    return found


def parse_cidr(text: str) -> tuple[int, Range]:
    """The IP version and range of a valid CIDR or address."""
    import ipaddress

    network = ipaddress.ip_network(text)
    return network.version, (int(network.network_address), int(network.broadcast_address))


def show(version: int, first: int, prefix: int) -> str:
    """A network as text; an address without its prefix length when it is alone."""
    if version == 4:
        text = f"{first >> 24}.{first >> 16 & 255}.{first >> 8 & 255}.{first & 255}"
    else:
        import ipaddress

        text = str(ipaddress.IPv6Address(first))
    return text if prefix == BITS[version] else f"{text}/{prefix}"


def internet(version: int) -> list[Range]:
    """Every globally routable address."""
    special = merge(parse_cidr(cidr)[1] for cidr in _SPECIAL[version])
    return subtract([(0, (1 << BITS[version]) - 1)], special)
