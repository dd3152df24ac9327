"""Declare: which ServiceEntries a policy needs, where they live, and who wants which of their ports.

An entry lives in its consumers' namespace, visible there alone; what everyone may reach lives once in the root
namespace. A name has one entry a namespace, with all the ports its consumers want: Istio merges no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import ANY, Addresses, Below, Everything, Grant, Name, Policy, Subject
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import BITS, Range, cidrs, merge, show, subtract
from egresslang.syntax.words import INVENTED

DYNAMIC_DNS = (1, 30)
"""The first Istio whose wildcard entries resolve the name the client asked for (ServiceEntry API, 1.30)."""

MOST_ADDRESSES = 256
"""The most addresses of one ServiceEntry (maxItems of the CRD)."""

HTTP_KINDS = frozenset({"http", "http2", "grpc"})


class Entry:
    """A ServiceEntry in the making: `ports` maps a port to its protocol; `single` when it has one address of its own."""

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
        found.append(_two_entries(host, entry, grant))
        return
    entry.ports.setdefault(grant.port, grant.protocol)
    entry.grants.append(grant)
    if grant.subject.namespace == ANY:
        entry.everyone = True
    wants.entries.setdefault(host, {})[grant.port] = grant.protocol


def _share_ports(declared: Declared, profile: ClusterProfile, found: list[Finding]) -> None:
    """Add what everyone may reach of a name to the namespaces' own entries of it: ports of two entries never merge."""
    root = profile.root_namespace
    for (namespace, host), entry in declared.entries.items():
        shared = declared.entries.get((root, host)) if namespace != root else None
        if shared is not None and shared.everyone:
            if shared.leads_to != entry.leads_to:
                found.append(_two_entries(host, shared, entry.grants[0]))
                continue
            everyone = declared.wants[Subject(ANY, ANY)].entries[host]
            for port, protocol in everyone.items():
                entry.ports.setdefault(port, protocol)


def _addresses(declared: Declared, grants: Iterable[Grant], profile: ClusterProfile) -> None:
    """One entry for each port and set of consumers: destinations by address carry names that split freely."""
    consumers: dict[tuple[str, int, str, int, tuple[Range, ...]], dict[Subject, Grant]] = {}
    for grant in grants:
        destination = grant.destination
        assert isinstance(destination, Addresses)
        place = home(grant.subject, profile), grant.port, destination.host, destination.version, destination.ranges
        consumers.setdefault(place, {}).setdefault(grant.subject, grant)
    groups: dict[tuple[str, int, str, int, tuple[Subject, ...]], tuple[list[Range], list[Grant]]] = {}
    for (namespace, port, host, version, ranges), subjects in consumers.items():
        order = tuple(sorted(subjects, key=lambda s: (s.namespace, s.workload)))
        group = groups.setdefault((namespace, port, host, version, order), ([], []))
        group[0].extend(ranges)
        group[1].extend(subjects.values())
    suffixes = {host[2:] for _, host in declared.entries if host.startswith("*.")}
    named = dict.fromkeys(declared.entries, 1)
    for namespace, _, host, _, _ in groups:
        named[namespace, host] = named.get((namespace, host), 0) + 1
    elsewhere = {host for namespace, host in named if namespace != profile.root_namespace}
    taken: set[tuple[str, str]] = set()
    for key, (found, reasons) in sorted(
        groups.items(), key=lambda item: (item[0][:4], [(s.namespace, s.workload) for s in item[0][4]])
    ):
        namespace, port, host, version, order = key
        networks = [show(version, *cidr) for cidr in cidrs(version, _above_wildcard_address(version, merge(found)))]
        labels = sorted({str(grant.destination) for grant in reasons})
        everyone = order[0].namespace == ANY
        root = profile.root_namespace
        alone = named[namespace, host] == 1 and (
            host not in elsewhere if namespace == root else (root, host) not in named
        )
        if not host or not alone or any(suffix in suffixes for suffix in parents(host)):
            host = _invented(host, labels, port, (namespace, taken), everyone)
        for part in range(0, len(networks), MOST_ADDRESSES):
            name = (
                f"part-{part // MOST_ADDRESSES + 1}.{_invented('', labels, port, (namespace, taken), everyone)}"
                if part
                else host
            )
            taken.add((namespace, name))
            entry = declared.entries[namespace, name] = Entry(namespace, name, "NONE")
            entry.addresses = tuple(networks[part : part + MOST_ADDRESSES])
            entry.ports[port] = "tcp"
            entry.grants.extend(reasons)
            entry.everyone = everyone
            for subject in order:
                declared.wants[subject].entries.setdefault(name, {})[port] = "tcp"


def _above_wildcard_address(version: int, ranges: list[Range]) -> list[Range]:
    """Ranges without 0.0.0.0/8: istiod takes a network that starts at 0.0.0.0 for the wildcard address."""
    return subtract(ranges, [(0, (1 << 24) - 1)]) if version == 4 else ranges


def _invented(host: str, labels: list[str], port: int, scope: tuple[str, set[tuple[str, str]]], everyone: bool) -> str:
    namespace, taken = scope
    port_label = f"tcp-{port}.mesh" if everyone else f"tcp-{port}"
    stem = host or _slug(labels[0]) + (f"-and-{len(labels) - 1}-more" if len(labels) > 1 else "")
    name = f"{stem}.{port_label}.{INVENTED}"
    count = 2
    while (namespace, name) in taken:
        name = f"{stem}.{count}.{port_label}.{INVENTED}"
        count += 1
    return name


def _slug(text: str) -> str:
    """A label of a host name: an address or network as it is written, cut to 40 characters."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower().replace("::", "-0-")).strip("-")[:40].strip("-")


def parents(host: str) -> Iterator[str]:
    """Every suffix of a name that starts after a dot."""
    at = host.find(".")
    while at >= 0:
        host = host[at + 1 :]
        yield host
        at = host.find(".")


def _two_entries(host: str, entry: Entry, grant: Grant) -> Finding:
    other = entry.grants[0]
    return finding(
        codes.INEXPRESSIBLE,
        grant.span,
        f"`{host}` would need two ServiceEntries in namespace `{entry.namespace}`",
        "leads elsewhere than the other rule's",
        [Label(other.span, "the other rule")],
        ["Istio uses one ServiceEntry for a host in a namespace: one address, or one set of endpoints"],
        "give both rules the same `address=` and `region=`",
    )
