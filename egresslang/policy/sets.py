"""The sets that flows are made of: workloads, names, addresses and ports, each as intervals on a line of its own.

Workloads and names are trees (namespace, then workload; labels from the right), addresses and ports are numbers. With
the operators of `Intervals` each kind is a Boolean algebra: whatever is written as a union, an intersection or a
difference of these sets is again such a set, and equal sets are equal values.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from egresslang.policy import trees
from egresslang.policy.intervals import Intervals, union
from egresslang.record import record

Workloads = Intervals[str]
"""A set of workloads, known or not."""

Names = Intervals[str]
"""A set of DNS names."""

Addresses = Intervals[int]
"""A set of IPv4 and IPv6 addresses."""

Ports = Intervals[int]
"""A set of ports, each from 1 to 65535."""


@record
class Pattern:
    """How people write a part of a set of workloads or names: `*.example.com` without some that lie below it."""

    text: str
    without: tuple[str, ...] = ()


NOTHING: Intervals[str] = Intervals()
"""No workload, or no name."""

EVERYONE: Workloads = trees.within(trees.EVERYWHERE)
"""Every workload of the mesh, known or not."""


def workload(namespace: str, name: str) -> Workloads:
    """One workload."""
    return trees.within(trees.place((namespace, name)))


def namespace(name: str) -> Workloads:
    """Every workload of a namespace, known or not."""
    return trees.within(trees.place((name,), below=True))


def workload_patterns(workloads: Workloads) -> list[Pattern]:
    """A set of workloads as `namespace/name`, `namespace/*` and `*`, each without what is cut out of it."""
    return [Pattern(_workload_text(at), tuple(map(_workload_text, holes))) for at, holes in trees.terms(workloads)]


def some_workload(workloads: Workloads) -> tuple[str, str]:
    """Namespace and name of one workload of a set that is not empty; invented where the set names none."""
    namespace, name = trees.example(workloads, depth=2)
    return namespace, name


def _workload_text(at: trees.Place) -> str:
    return "/".join(trees.labels(at) + ["*"] * trees.is_below(at))


ANY_NAME: Names = trees.within(trees.EVERYWHERE)
"""Every DNS name."""


def host(name: str) -> Names:
    """One DNS name, in lower-case ASCII and without a trailing dot."""
    return trees.within(trees.place(reversed(name.split("."))))


def wildcard(suffix: str) -> Names:
    """What `*.suffix` means: every name below the suffix, at any depth, and not the suffix."""
    return trees.within(trees.place(reversed(suffix.split(".")), below=True))


def name_patterns(names: Names) -> list[Pattern]:
    """A set of names as exact names, `*.suffix` and `*`, each without what is cut out of it."""
    return [Pattern(_name_text(at), tuple(map(_name_text, holes))) for at, holes in trees.terms(names)]


def some_name(names: Names) -> str:
    """One name of a set that is not empty; with an invented label where the set names none."""
    return ".".join(reversed(trees.example(names)))


def _name_text(at: trees.Place) -> str:
    return ".".join(["*"] * trees.is_below(at) + trees.labels(at)[::-1])


_START = {4: 0, 6: 1 << 33}  # where the addresses of an IP version start: a gap keeps the versions apart
_BITS = {4: 32, 6: 128}

NO_ADDRESS: Addresses = Intervals()
"""No address at all."""


def addresses(version: int, ranges: Iterable[tuple[int, int]]) -> Addresses:
    """The addresses of one IP version from first to last, both included, for each of the ranges, in any order."""
    start = _START[version]
    return union([Intervals((start + first, start + last + 1)) for first, last in ranges])


def network(cidr: str | IPv4Network | IPv6Network) -> Addresses:
    """The addresses of a network, given as such or as the text of one, or of an address."""
    net = ipaddress.ip_network(cidr) if isinstance(cidr, str) else cidr
    first = _START[net.version] + int(net.network_address)
    return Intervals((first, first + (1 << (net.max_prefixlen - net.prefixlen))))


ANY_ADDRESS: Addresses = union(addresses(version, [(0, (1 << bits) - 1)]) for version, bits in _BITS.items())
"""Every IPv4 and IPv6 address."""


def address_number(address: str | IPv4Address | IPv6Address) -> int:
    """Where an address lies on the line of all addresses: the point that a set holds or not."""
    one = ipaddress.ip_address(address) if isinstance(address, str) else address
    return _START[one.version] + int(one)


def address_ranges(these: Addresses) -> Iterator[tuple[int, int, int]]:
    """The IP version and the first and last address of each range, in ascending order, IPv4 before IPv6."""
    for first, end in these:
        version = 6 if first >= _START[6] else 4
        yield version, first - _START[version], end - 1 - _START[version]


def networks(these: Addresses) -> list[IPv4Network | IPv6Network]:
    """The fewest networks that make up the set, in ascending order, IPv4 before IPv6."""
    found: list[IPv4Network | IPv6Network] = []
    for version, first, last in address_ranges(these):
        if version == 4:
            found += ipaddress.summarize_address_range(IPv4Address(first), IPv4Address(last))
        else:
            found += ipaddress.summarize_address_range(IPv6Address(first), IPv6Address(last))
    return found


def some_address(these: Addresses) -> IPv4Address | IPv6Address:
    """The first address of a set that is not empty."""
    version, first, _ = next(address_ranges(these))
    return IPv4Address(first) if version == 4 else IPv6Address(first)


ANY_PORT: Ports = Intervals((1, 65536))
"""Every port."""


def ports(*numbers: int) -> Ports:
    """The ports with these numbers."""
    return union([Intervals((number, number + 1)) for number in numbers])
