"""Arithmetic of addresses, against the sets of numbers that the ranges stand for."""

from __future__ import annotations

import ipaddress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egresslang.ranges import BITS, Range, cidrs, internet, merge, network_range, parse_cidr, show, subtract

ranges = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda pair: (pair[0], sum(pair))), max_size=6)


def numbers(found: list[Range]) -> set[int]:
    return {number for first, last in found for number in range(first, last + 1)}


def is_merged(found: list[Range]) -> bool:
    """Sorted, not empty, and without an address in common."""
    return all(first <= last for first, last in found) and all(one[1] < other[0] for one, other in pairwise(found))


@given(ranges)
def test_merge(some: list[Range]) -> None:
    assert numbers(merge(some)) == numbers(some)
    assert is_merged(merge(some))
    assert merge(reversed(some)) == merge(some) == merge(merge(some))


@given(ranges, ranges)
def test_subtract(some: list[Range], holes: list[Range]) -> None:
    left = subtract(merge(some), merge(holes))
    assert numbers(left) == numbers(some) - numbers(holes)
    assert is_merged(left)


def numbers_of(ranges: list[Range]) -> list[Range]:
    """The same addresses with neighbours joined."""
    joined: list[Range] = []
    for first, last in ranges:
        if joined and joined[-1][1] + 1 == first:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


@given(
    st.sampled_from([4, 6]),
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)), min_size=1, max_size=4),
)
def test_cidrs_are_the_fewest_networks(version: int, some: list[Range]) -> None:
    shift = BITS[version] - 32
    merged = merge((min(pair) << shift, (max(pair) << shift) + (1 << shift) - 1) for pair in some)
    found = cidrs(version, merged)
    assert numbers_of(merge(network_range(version, *each) for each in found)) == numbers_of(merged)
    assert all(first % (1 << (BITS[version] - prefix)) == 0 for first, prefix in found)
    kind = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    expected = [net for first, last in merged for net in ipaddress.summarize_address_range(kind(first), kind(last))]
    assert [(int(net.network_address), net.prefixlen) for net in expected] == found


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), st.data())
def test_show_and_parse(address: ipaddress.IPv4Address | ipaddress.IPv6Address, data: st.DataObject) -> None:
    prefix = data.draw(st.integers(0, address.max_prefixlen))
    network = (
        ipaddress.ip_network((int(address), prefix), strict=False)
        if address.version == 4
        else ipaddress.IPv6Network((int(address), prefix), strict=False)
    )
    first = int(network.network_address)
    text = show(address.version, first, prefix)
    assert text == (str(network) if prefix < address.max_prefixlen else str(network.network_address))
    assert parse_cidr(text) == (address.version, network_range(address.version, first, prefix))


@pytest.mark.parametrize("version", [4, 6])
def test_the_internet_is_what_ipaddress_calls_global(version: int) -> None:
    """One address inside and one beyond each end of every range of ours, and of every network of the registry's."""
    kind = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    found = internet(version)
    assert is_merged(found)
    bits = BITS[version]
    probes = {number for first, last in found for number in (first - 1, first, last, last + 1)}
    more = (
        ["192.88.99.1", "198.17.255.255", "100.127.255.255", "192.0.0.9", "192.0.0.171", "223.255.255.255"]
        if version == 4
        else [
            "2000::1",
            "2001:200::1",
            "2001:1::1",
            "3ffe::1",
            "fec0::1",
            "64:ff9b:1::1",
            "100::1",
            "3fff::1",
            "4000::1",
        ]
    )
    probes |= {int(kind(text)) for text in more}
    strict = {"192.88.99.0/24", "64:ff9b::/96", "2001::/23", "192.0.0.0/24", "2002::/16", "3fff::/20", "2000::/3"}
    for number in sorted(probes):
        if not 0 <= number < 1 << bits:
            continue
        address = kind(number)
        inside = any(first <= number <= last for first, last in found)
        if inside:
            assert address.is_global, address
            assert not address.is_multicast, address
        elif address.is_global and not address.is_multicast:
            left_out = (
                [text for text in strict if ":" in text] if version == 6 else [text for text in strict if "." in text]
            )
            assert version == 6 or any(address in ipaddress.ip_network(text) for text in left_out), address
