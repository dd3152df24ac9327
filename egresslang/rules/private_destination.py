"""EGR306 private-destination: an address that is not public, or a name that leads to one.

A private or shared address is another host in another network, so nobody can tell from the policy what it is: a warning,
unless the profile's `destinations` know it. Documentation addresses are examples that were copied; reserved ones and
those for benchmarks belong to nobody. Loopback, link-local and cloud metadata addresses are the pod itself, its node, and
the credentials of its node, and no connection leads to a multicast or broadcast address: an error. A NAT64 address is
the IPv4 address in it (RFC 6052).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import itemgetter

from egresslang import codes
from egresslang.findings import Finding, Severity, finding
from egresslang.policy.definitions import INTERNET
from egresslang.policy.policy import Addresses, Below, Name, Policy
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import BITS, Range, merge, parse_cidr
from egresslang.record import record, replace
from egresslang.rules.places import address_places, meet
from egresslang.source import Span

CODE = codes.PRIVATE_DESTINATION


@record
class Special:
    """Networks that are not public: what they are called, what follows, and what to do."""

    words: str
    networks: tuple[str, ...]
    note: str
    help: str
    severity: Severity = Severity.WARNING


_KNOWN = "say under `destinations:` of the profile what it is"
_METADATA = Special(
    "cloud metadata",
    ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
    "whoever reaches it can take the credentials of the node",
    "remove it, and give the workload an identity of its own",
    Severity.ERROR,
)
_LOOPBACK = Special(
    "loopback",
    ("127.0.0.0/8", "::1"),
    "it is the pod itself: no connection to it leaves the pod",
    "remove it, or cut `{}` out with `except`",
    Severity.ERROR,
)
_SPECIALS = (
    _LOOPBACK,
    Special(
        "link-local",
        ("169.254.0.0/16", "fe80::/10"),
        "the node and the cloud's metadata service answer there",
        "remove it, or cut `{}` out with `except`",
        Severity.ERROR,
    ),
    Special(
        "private",
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
        "in another network it is another host",
        _KNOWN,
    ),
    Special(
        "multicast",
        ("224.0.0.0/4", "ff00::/8"),
        "it is many hosts at once: no connection can be made to it",
        "remove it, or cut `{}` out with `except`",
        Severity.ERROR,
    ),
    Special(
        "broadcast",
        ("255.255.255.255",),
        "it is every host of a network at once: no connection can be made to it",
        "remove it, or cut `{}` out with `except`",
        Severity.ERROR,
    ),
    Special("reserved", ("192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4", "100::/64"), "nobody has it", _KNOWN),
    Special(
        "benchmark", ("198.18.0.0/15", "2001:2::/48"), "it is for tests of devices, and nobody's elsewhere", _KNOWN
    ),
    Special("shared", ("100.64.0.0/10",), "carriers and clouds use it inside: elsewhere it is another host", _KNOWN),
    Special(
        "documentation",
        ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
        "nothing listens there: it is for examples",
        "write the address of the destination",
    ),
)
_METADATA_NAMES = frozenset(
    {"metadata.google.internal", "metadata.goog", "instance-data.ec2.internal", "instance-data"}
)
_LOOPBACK_NAMES = frozenset({"localhost.localdomain", "localhost4.localdomain4", "localhost6.localdomain6"})
_NAT64: Range = (0x64_FF9B << 96, (0x64_FF9B << 96) + 0xFFFF_FFFF)
"""64:ff9b::/96."""
_AIMED = {4: 1 << 8, 6: 1 << 16}  # a network of no more addresses than these is aimed at what stands in it


@record
class _Network:
    """One of the networks of a special kind."""

    first: int
    last: int
    text: str
    special: Special


_Place = tuple[Span, Addresses, _Network]
"""Where a destination that is not public is written, and what it is."""


def check(policy: Policy, profile: ClusterProfile) -> Iterator[Finding]:
    """Each destination of an allow that is not public, by the worst of what it is; once, however many rules have it."""
    yield from _names(policy)
    told: dict[tuple[str, str], dict[int, _Place]] = {}
    networks: dict[int, list[_Network]] = {}
    own: dict[int, list[Range]] = {}
    merged: dict[int, list[Range]] = {}
    for destination, span, grant in address_places(policy):
        if destination.label == INTERNET and not destination.host:
            continue
        if not networks:
            networks, own = _networks(), _cluster(profile)
            merged = _merged(networks)
        if not meet(destination.ranges, merged[destination.version]):
            continue
        judged = _translated(destination)
        found = _aimed(judged) or _worst(judged.ranges, networks[judged.version])
        if found is None:
            continue
        if found.special.severity is Severity.WARNING and (
            _is_known(destination, profile) or meet(destination.ranges, own[destination.version])
        ):
            continue  # the author knows it, or it is the cluster's own: EGR310
        place = span, judged, found
        told.setdefault((destination.label, found.text), {}).setdefault(id(grant.rule), place)
    for by_rule in told.values():
        (span, judged, found), *others = by_rule.values()
        yield _finding(_title(judged, found), span, found, [place[0] for place in others])


def what_is_there(version: int, addresses: Range) -> Special | None:
    """The worst kind of addresses, none of them public, that a range meets; None for public ones alone."""
    first, last = addresses
    for text in _METADATA.networks if last - first < _AIMED[version] else ():
        of, (number, _) = parse_cidr(text)
        if of == version and first <= number <= last:
            return _METADATA
    found = _worst((addresses,), _networks()[version])
    return None if found is None else found.special


def _names(policy: Policy) -> Iterator[Finding]:
    seen: set[str] = set()
    for grant in policy.grants:
        destination = grant.destination
        if isinstance(destination, Name):
            name = destination.host
            is_metadata, is_loopback = name in _METADATA_NAMES, name in _LOOPBACK_NAMES
        elif isinstance(destination, Below):
            is_metadata, is_loopback = _has_any(destination, _METADATA_NAMES), _has_any(destination, _LOOPBACK_NAMES)
            name = destination.suffix
        else:
            continue
        is_loopback = is_loopback or name == "localhost" or name.endswith(".localhost")
        special = _METADATA if is_metadata else _LOOPBACK if is_loopback else None
        if special is not None and str(destination) not in seen:
            seen.add(str(destination))
            what = "leads to the cloud's metadata service" if is_metadata else "is a loopback name"
            yield _finding(f"`{destination}` {what}", grant.span, _Network(0, 0, str(destination), special))


def _has_any(wildcard: Below, names: frozenset[str]) -> bool:
    return any(name.endswith(f".{wildcard.suffix}") for name in names)


def _translated(destination: Addresses) -> Addresses:
    """The IPv4 addresses that NAT64 addresses lead to; any others as they are."""
    first, last = _NAT64
    if destination.version == 4 or not (first <= destination.ranges[0][0] and destination.ranges[-1][1] <= last):
        return destination
    return replace(
        destination, version=4, ranges=tuple((low - first, high - first) for low, high in destination.ranges)
    )


def _finding(title: str, span: Span, network: _Network, elsewhere: Sequence[Span] = ()) -> Finding:
    special = network.special
    help = special.help.format(network.text)
    return finding(
        CODE,
        span,
        title,
        "not a public address",
        notes=[special.note],
        help=help,
        severity=special.severity,
        elsewhere=elsewhere,
    )


def _title(destination: Addresses, network: _Network) -> str:
    """What a destination is, or what it holds besides other addresses."""
    shown, special = destination.host or str(destination), network.special
    if special is _METADATA:
        return f"`{shown}` leads to the cloud's metadata service"
    if destination.host:
        return f"`{shown}` leads to {special.words} addresses"
    if not all(network.first <= first <= last <= network.last for first, last in destination.ranges):
        return f"`{shown}` holds {special.words} addresses"
    is_one = all(first == last for first, last in destination.ranges)
    return f"`{shown}` is a {special.words} {'address' if is_one else 'network'}"


def _networks() -> dict[int, list[_Network]]:
    """All networks of each IP version."""
    found: dict[int, list[_Network]] = {4: [], 6: []}
    for special in _SPECIALS:
        for text in special.networks:
            version, (first, last) = parse_cidr(text)
            found[version].append(_Network(first, last, text, special))
    return found


def _merged(networks: dict[int, list[_Network]]) -> dict[int, list[Range]]:
    """Every address that is not public, or may not be, to pass over the others quickly."""
    metadata = [(6, _NAT64), *(parse_cidr(text) for text in _METADATA.networks)]
    return {
        version: merge([*((each.first, each.last) for each in some), *(each for at, each in metadata if at == version)])
        for version, some in networks.items()
    }


def _worst(ranges: tuple[Range, ...], networks: list[_Network]) -> _Network | None:
    """The worst network that some ranges meet, the first of equals."""
    found: _Network | None = None
    for network in networks:
        if found is None or network.special.severity > found.special.severity:
            at = bisect_right(ranges, network.last, key=itemgetter(0)) - 1
            if at >= 0 and ranges[at][1] >= network.first:
                found = network
    return found


def _aimed(destination: Addresses) -> _Network | None:
    """The metadata service that a destination is aimed at; wider networks are what else they are."""
    if sum(last - first + 1 for first, last in destination.ranges) > _AIMED[destination.version]:
        return None
    for text in _METADATA.networks:
        version, (address, _) = parse_cidr(text)
        if version == destination.version and any(first <= address <= last for first, last in destination.ranges):
            return _Network(address, address, text, _METADATA)
    return None


def _cluster(profile: ClusterProfile) -> dict[int, list[Range]]:
    """The cluster's own networks."""
    networks = [parse_cidr(text) for texts in profile.networks.values() for text in texts]
    return {version: merge(each for at, each in networks if at == version) for version in BITS}


def _is_known(destination: Addresses, profile: ClusterProfile) -> bool:
    """Whether the profile has an entry for what stands there: the name, or the address or network as it is written."""
    known = profile.destinations
    if destination.host:
        return destination.host in known
    return destination.label in known or f"[{destination.label}]" in known
