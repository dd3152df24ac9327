"""Declare: which ServiceEntries a policy needs, where they live, and who wants which of their ports.

An entry lives in its consumers' namespace, visible there alone; what everyone may reach lives once in the root
namespace. A name has one entry a namespace, with all the ports its consumers want: Istio merges no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import ANY, Addresses, Below, Everything, Grant, Name, Policy, Subject
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import BITS, Range, cidrs, merge, show
from egresslang.record import record
from egresslang.syntax.words import INVENTED

DYNAMIC_DNS = (1, 30)
"""The first Istio whose wildcard entries resolve the name the client asked for (ServiceEntry API, 1.30)."""

MOST_ADDRESSES = 256
"""The most addresses of one ServiceEntry (maxItems of the CRD)."""

LONGEST_STEM = 180
"""The longest name that is kept in an invented host, which has at most 253 characters."""

HTTP_KINDS = frozenset({"http", "http2", "grpc"})


class Entry:
    """A ServiceEntry in the making: `ports` maps a port to its protocol, `exported` has the namespaces that see it."""

    __slots__ = ("addresses", "endpoints", "everyone", "exported", "grants", "host", "namespace", "ports", "resolution")

    def __init__(self, namespace: str, host: str, resolution: str) -> None:
        self.namespace = namespace
        self.host = host
        self.resolution = resolution
        self.ports: dict[int, str] = {}
        self.addresses: tuple[str, ...] = ()
        self.endpoints: tuple[tuple[str, str], ...] = ()
        self.everyone = False
        self.exported: set[str] = set()
        self.grants: list[Grant] = []

    def export(self, subject: Subject) -> None:
        """Let the proxies of a subject see the entry."""
        if subject.namespace == ANY:
            self.everyone = True
        else:
            self.exported.add(subject.namespace)

    def is_seen(self, namespace: str) -> bool:
        """Whether the proxies of a namespace see the entry."""
        return self.everyone or namespace in self.exported

    @property
    def is_virtual(self) -> bool:
        """Whether the host is told by a virtual address: a TCP name without addresses, where proxies capture DNS."""
        return not self.addresses and "tcp" in self.ports.values()

    @property
    def leads_to(self) -> tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]:
        """Where traffic to the host goes: two entries of a host that differ here cannot be one."""
        return self.resolution, self.addresses, self.endpoints

    def kind(self, port: int) -> str:
        """How a proxy tells traffic to the port: http by Host, tls by SNI, cidr or address by destination."""
        protocol = self.ports[port]
        if protocol in HTTP_KINDS:
            return "http"
        if protocol == "tls":
            return "tls"
        return "cidr" if any("/" in address for address in self.addresses) else "address"


class Wants:
    """What one subject is granted by rules that name it: entries by host with their ports, or everything."""

    __slots__ = ("entries", "grants", "open")

    def __init__(self) -> None:
        self.entries: dict[str, dict[int, str]] = {}
        self.grants: list[Grant] = []
        self.open = False


class Declared:
    """Every entry by namespace and host, and the wants of every subject that a rule names."""

    __slots__ = ("entries", "wants")

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Entry] = {}
        self.wants: dict[Subject, Wants] = {}


def declare(policy: Policy, profile: ClusterProfile) -> tuple[Declared, list[Finding]]:
    """The entries and wants of a policy; findings where one name would need two entries in a namespace."""
    declared = Declared()
    found: list[Finding] = []
    addressed: list[Grant] = []
    for grant in policy.grants:
        wants = declared.wants.get(grant.subject)
        if wants is None:
            wants = declared.wants[grant.subject] = Wants()
        wants.grants.append(grant)
        if isinstance(grant.destination, Everything):
            wants.open = True
        elif isinstance(grant.destination, Addresses) and grant.protocol == "tcp":
            addressed.append(grant)
        else:
            _name(declared, wants, grant, profile, found)
    _share_ports(declared, profile, found)
    _addresses(declared, addressed, profile)
    return declared, found


def home(subject: Subject, profile: ClusterProfile) -> str:
    """The namespace where entries of a subject live."""
    return profile.root_namespace if subject.namespace == ANY else subject.namespace


def _name(declared: Declared, wants: Wants, grant: Grant, profile: ClusterProfile, found: list[Finding]) -> None:
    """A destination told by Host or SNI (or, with DNS capture, by its virtual address)."""
    destination = grant.destination
    addresses: tuple[str, ...] = ()
    endpoints = grant.endpoints
    resolution = "STATIC" if endpoints else "DNS"
    if isinstance(destination, Name):
        host = destination.host
    elif isinstance(destination, Below):
        host = f"*.{destination.suffix}"
        resolution = "DYNAMIC_DNS" if profile.version >= DYNAMIC_DNS else "NONE"
    else:
        assert isinstance(destination, Addresses)
        address = show(destination.version, destination.ranges[0][0], BITS[destination.version])
        host = destination.host or f"{_slug(address)}.http-{grant.port}.{INVENTED}"
        resolution, addresses, endpoints = "STATIC", (address,), ((address, ""),)
    key = home(grant.subject, profile), host
    entry = declared.entries.get(key)
    if entry is None:
        entry = declared.entries[key] = Entry(*key, resolution)
        entry.addresses, entry.endpoints = addresses, endpoints
    elif entry.leads_to != (resolution, addresses, endpoints):
        found.append(_two_entries(host, entry.grants[0], grant, entry.namespace))
        return
    entry.ports.setdefault(grant.port, grant.protocol)
    entry.grants.append(grant)
    entry.export(grant.subject)
    wants.entries.setdefault(host, {})[grant.port] = grant.protocol


def _share_ports(declared: Declared, profile: ClusterProfile, found: list[Finding]) -> None:
    """Add what everyone may reach of a name to the namespaces' own entries of it: ports of two entries never merge."""
    root = profile.root_namespace
    for (namespace, host), entry in declared.entries.items():
        shared = declared.entries.get((root, host)) if namespace != root else None
        if shared is not None and shared.everyone:
            if shared.leads_to != entry.leads_to:
                found.append(_two_entries(host, shared.grants[0], entry.grants[0], namespace))
                continue
            everyone = declared.wants[Subject(ANY, ANY)].entries[host]
            for port, protocol in everyone.items():
                entry.ports.setdefault(port, protocol)


def _addresses(declared: Declared, grants: Iterable[Grant], profile: ClusterProfile) -> None:
    """One entry for each port and set of consumers: destinations by address carry names that split freely."""
    names = _Names(declared, profile)
    groups = _groups(grants, profile)
    for group in groups:
        names.wanted[group.namespace, group.host] = names.wanted.get((group.namespace, group.host), 0) + 1
    for group in groups:
        networks = [show(group.version, *cidr) for cidr in cidrs(group.version, merge(group.ranges))]
        host = names.of(group, split=len(networks) > MOST_ADDRESSES)
        for at in range(0, len(networks), MOST_ADDRESSES):
            name = f"part-{at // MOST_ADDRESSES + 1}.{host}" if len(networks) > MOST_ADDRESSES else host
            entry = declared.entries[group.namespace, name] = Entry(group.namespace, name, "NONE")
            entry.addresses = tuple(networks[at : at + MOST_ADDRESSES])
            entry.ports[group.port] = "tcp"
            entry.grants.extend(group.grants)
            for subject in group.subjects:
                entry.export(subject)
                declared.wants[subject].entries.setdefault(name, {})[group.port] = "tcp"


@record
class _Group:
    """Addresses that the same subjects reach on a port; `host` is what the policy calls them, `ranges` not merged."""

    namespace: str
    port: int
    host: str
    version: int
    subjects: tuple[Subject, ...]
    ranges: list[Range]
    grants: list[Grant]


def _groups(grants: Iterable[Grant], profile: ClusterProfile) -> list[_Group]:
    """The groups of address grants, in an order that no order of rules changes."""
    consumers: dict[tuple[str, int, str, int, tuple[Range, ...]], dict[Subject, list[Grant]]] = {}
    for grant in grants:
        destination = grant.destination
        assert isinstance(destination, Addresses)
        place = home(grant.subject, profile), grant.port, destination.host, destination.version, destination.ranges
        consumers.setdefault(place, {}).setdefault(grant.subject, []).append(grant)
    groups: dict[tuple[str, int, str, int, tuple[Subject, ...]], _Group] = {}
    for (namespace, port, host, version, ranges), subjects in consumers.items():
        order = tuple(sorted(subjects, key=_order))
        key = namespace, port, host, version, order
        group = groups.get(key)
        if group is None:
            group = groups[key] = _Group(*key, [], [])
        group.ranges.extend(ranges)
        for found in subjects.values():
            group.grants.extend(found)
    return sorted(groups.values(), key=lambda g: (g.namespace, g.port, g.host, g.version, [*map(_order, g.subjects)]))


def _order(subject: Subject) -> tuple[str, str]:
    return subject.namespace, subject.workload


class _Names:
    """The hosts of entries by address: the name the policy gives where no other entry or wildcard could meet it."""

    def __init__(self, declared: Declared, profile: ClusterProfile) -> None:
        self.wanted = dict.fromkeys(declared.entries, 1)
        self._root = profile.root_namespace
        self._suffixes = {host[2:] for _, host in declared.entries if host.startswith("*.")}
        self._taken: set[tuple[str, str]] = set()
        self._elsewhere: set[str] = set()

    def of(self, group: _Group, split: bool) -> str:
        """The host of a group, invented when it has none of its own or becomes several entries."""
        # A Sidecar lists no name without a dot (istiod's validation): such a name only starts an invented one.
        if "." in group.host and not split and self._is_alone(group) and self._suffixes.isdisjoint(parents(group.host)):
            return group.host
        labels = sorted({str(grant.destination) for grant in group.grants})
        port = f"tcp-{group.port}.mesh" if group.subjects[0].namespace == ANY else f"tcp-{group.port}"
        stem = group.host if 0 < len(group.host) < LONGEST_STEM else _slug(labels[0])
        if len(labels) > 1:
            stem += f"-and-{len(labels) - 1}-more"
        name, count = f"{stem}.{port}.{INVENTED}", 2
        while (group.namespace, name) in self._taken:
            name, count = f"{stem}.{count}.{port}.{INVENTED}", count + 1
        self._taken.add((group.namespace, name))
        return name

    def _is_alone(self, group: _Group) -> bool:
        if self.wanted[group.namespace, group.host] > 1:
            return False
        if group.namespace != self._root:
            return (self._root, group.host) not in self.wanted
        if not self._elsewhere:
            self._elsewhere = {host for namespace, host in self.wanted if namespace != self._root}
        return group.host not in self._elsewhere


def _slug(text: str) -> str:
    """A label of a host name: an address or network as it is written, cut to 40 characters."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("::", "-0-")).strip("-")[:40].strip("-")


def parents(host: str) -> list[str]:
    """Every suffix of a name that starts after a dot, the longest first."""
    found = []
    while at := host.find(".") + 1:
        host = host[at:]
        found.append(host)
    return found


def _two_entries(host: str, other: Grant, grant: Grant, namespace: str) -> Finding:
    return finding(
        codes.INEXPRESSIBLE,
        grant.span,
        f"`{host}` would need two ServiceEntries in namespace `{namespace}`",
        "leads elsewhere than the other rule's",
        [Label(other.span, "the other rule")],
        ["Istio uses one ServiceEntry for a host in a namespace: one address, or one set of endpoints"],
        "give both rules the same `address=` and `region=`",
    )
