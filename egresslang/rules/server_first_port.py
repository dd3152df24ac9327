"""EGR206 server-first-port: a server-first protocol on a port that another rule makes Envoy sniff.

Envoy waits for the client's first bytes on a port with HTTP or TLS hosts, and a server that speaks first waits for
nobody: the connection hangs. A single address has a listener of its own and works, unless the same workloads are granted
a network around it: the two become one ServiceEntry, which has the network alone (istiod was asked).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.policy.policy import ANY, SERVER_FIRST, Addresses, Grant, Policy, Subject
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import BITS, Range, cidrs, merge, network_range
from egresslang.rules.places import meet

CODE = codes.SERVER_FIRST_PORT


def check(policy: Policy, _: ClusterProfile) -> Iterator[Finding]:
    """Each network spoken to by a server-first protocol whose workload also has HTTP or TLS on the port."""
    waiting = [
        (grant, grant.destination)
        for grant in policy.grants
        if grant.spelled in SERVER_FIRST and isinstance(grant.destination, Addresses)
    ]
    ports = {grant.port for grant, _ in waiting}
    sniffed: dict[int, dict[Subject, Grant]] = {}
    for grant in policy.grants if ports else ():
        if grant.port in ports and grant.protocol not in ("tcp", ""):
            sniffed.setdefault(grant.port, {}).setdefault(grant.subject, grant)
    around: _Around | None = None
    for grant, destination in waiting:
        others = sniffed.get(grant.port, {})
        other = next((others[subject] for subject in _meeting(grant.subject, others)), None)
        if other is None:
            continue
        is_network = any(first != last for first, last in destination.ranges)
        if not is_network and around is None:
            around = _Around(policy.grants)
        network = None if is_network or around is None else around.network(grant, destination)
        if is_network or network is not None:
            yield _finding(grant, other, network)


def _finding(grant: Grant, other: Grant, network: Grant | None) -> Finding:
    """`network` is the grant of a network around the single address of the server."""
    related = [Label(other.span, f"{other.spelled} here makes the sidecar wait for the client")]
    notes = ["the sidecar looks at the client's first bytes to tell hosts apart; a server-first client sends none"]
    help = "give the server's single address, or move one of the two to another port"
    if network is not None:
        related.append(Label(network.span, "the network around it"))
        notes.append("a single address has a listener of its own only where no network is granted around it")
        help = "cut the server's address out of the network with `except`, or move one of them to another port"
    return finding(
        CODE,
        grant.span,
        f"{grant.spelled} on port {grant.port} would hang",
        "the server speaks first",
        related,
        notes,
        help,
    )


_Place = tuple[str, int, str, int]
"""A namespace, a port, what the policy calls the addresses, and their IP version."""


class _Around:
    """The grants to addresses that become one ServiceEntry: of one place, for the same subjects."""

    def __init__(self, grants: Iterable[Grant]) -> None:
        consumers: dict[tuple[_Place, tuple[Range, ...]], dict[Subject, Grant]] = {}
        for grant in grants:
            destination = grant.destination
            if isinstance(destination, Addresses) and grant.protocol == "tcp":
                consumers.setdefault((_place(grant, destination), destination.ranges), {}).setdefault(
                    grant.subject, grant
                )
        self._subjects = {key: frozenset(found) for key, found in consumers.items()}
        self._groups: dict[tuple[_Place, frozenset[Subject]], list[tuple[tuple[Range, ...], Grant]]] = {}
        for (place, ranges), found in consumers.items():
            group = self._groups.setdefault((place, frozenset(found)), [])
            group.append((ranges, next(iter(found.values()))))
        self._networks: dict[tuple[_Place, frozenset[Subject]], list[Range]] = {}

    def network(self, grant: Grant, destination: Addresses) -> Grant | None:
        """The grant of a network that takes in a single address of another grant."""
        place = _place(grant, destination)
        key = place, self._subjects[place, destination.ranges]
        group = self._groups[key]
        if len(group) == 1:
            return None
        networks = self._networks.get(key)
        if networks is None:
            every = [each for ranges, _ in group for each in ranges]
            networks = self._networks[key] = _networks(destination.version, every)
        if not meet(destination.ranges, networks):
            return None
        return next(
            other for ranges, other in group if ranges != destination.ranges and meet(destination.ranges, list(ranges))
        )


def _place(grant: Grant, destination: Addresses) -> _Place:
    return grant.subject.namespace, grant.port, destination.host, destination.version


def _networks(version: int, ranges: Iterable[Range]) -> list[Range]:
    """The networks of more than one address that ranges become."""
    return [
        network_range(version, first, prefix)
        for first, prefix in cidrs(version, merge(ranges))
        if prefix != BITS[version]
    ]


def _meeting(subject: Subject, others: dict[Subject, Grant]) -> Iterator[Subject]:
    """The subjects that share a proxy with this one."""
    if subject.workload != ANY:
        candidates = (subject, Subject(subject.namespace, ANY), Subject(ANY, ANY))
        return (other for other in candidates if other in others)
    return (
        other for other in others if ANY in (subject.namespace, other.namespace) or other.namespace == subject.namespace
    )
