"""Intent: what a policy wants of one pod's connections, said from the grants alone.

The other side of the mesh model: this knows the policy and nothing of manifests. A pod is a known workload, any other
workload of a namespace, or one of a namespace that nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from egresslang.policy.policy import ANY, Addresses, Below, Everything, Grant, Name, Policy, Subject
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import BITS

HTTP = frozenset({"http", "http2", "grpc"})
"""Protocols told by the Host header."""

FAMILY = {"http": "http", "http2": "http", "grpc": "http", "tls": "tls"}
"""How a sidecar tells the destination of a named grant: by Host, by server name, else by its address."""


_NAMES = (Name, Below)  # a tuple: `Name | Below` would be made anew for each grant


def is_checked(grant: Grant) -> bool:
    """Whether a grant is for requests that name its destination, wherever they are dialled.

    Names are, and http to one single address; other grants to addresses are for whatever is said to them.
    """
    destination = grant.destination
    if isinstance(destination, _NAMES):
        return True
    if not isinstance(destination, Addresses) or grant.protocol not in HTTP:
        return False
    first, last = destination.ranges[0]
    return len(destination.ranges) == 1 and first == last


class Intent:
    """What is wanted of one pod: its grants, whether it is left open, and what it keeps of the mesh."""

    def __init__(self, grants: Iterable[Grant], is_open: bool, in_mesh: tuple[str, ...]) -> None:
        self.grants = tuple(grants)
        self.is_open = is_open
        self.in_mesh = in_mesh

    @cached_property
    def named(self) -> dict[tuple[str, int], dict[str, list[Grant]]]:
        """Checked grants by how they are told and port, then by host; a wildcard as `*.suffix`."""
        found: dict[tuple[str, int], dict[str, list[Grant]]] = {}
        for grant in self.grants:
            if is_checked(grant):
                of_port = found.setdefault((FAMILY.get(grant.protocol, "tcp"), grant.port), {})
                for host in hosts(grant):
                    of_port.setdefault(host, []).append(grant)
        return found

    @cached_property
    def _below(self) -> dict[tuple[str, int], dict[str, list[Grant]]]:
        """Of `named` the wildcards alone, where there are any, by what names below them end in."""
        found = {
            key: {host[1:]: grants for host, grants in hosts.items() if host.startswith("*")}
            for key, hosts in self.named.items()
        }
        return {key: below for key, below in found.items() if below}

    @cached_property
    def addressed(self) -> dict[int, list[Grant]]:
        """Grants to addresses, whatever is said to them, by port."""
        found: dict[int, list[Grant]] = {}
        for grant in self.grants:
            if isinstance(grant.destination, Addresses) and not is_checked(grant):
                found.setdefault(grant.port, []).append(grant)
        return found

    def by_name(self, family: str, name: str, port: int) -> Sequence[Grant]:
        """The grants to a name on a port; `family` is http, tls or tcp."""
        key = family, port
        hosts = self.named.get(key)
        if not hosts or not name:
            return ()
        found: Sequence[Grant] = hosts.get(name, ())
        if below := self._below.get(key):
            at = name.find(".")
            while at >= 0:
                if more := below.get(name[at:]):
                    found = (*found, *more)
                at = name.find(".", at + 1)
        return found

    def by_address(self, version: int, address: int, port: int) -> list[Grant]:
        """The grants to an address on a port."""
        return [
            grant
            for grant in self.addressed.get(port, ())
            if isinstance(grant.destination, Addresses)
            and grant.destination.version == version
            and any(first <= address <= last for first, last in grant.destination.ranges)
        ]


def hosts(grant: Grant) -> tuple[str, ...]:
    """The names a checked grant is asked by: its host, a wildcard, and for http to one address that address."""
    destination = grant.destination
    if isinstance(destination, Name):
        return (destination.host,)
    if isinstance(destination, Below):
        return (f"*.{destination.suffix}",)
    assert isinstance(destination, Addresses)
    from egresslang.ranges import show

    address = show(destination.version, destination.ranges[0][0], BITS[destination.version])
    literal = f"[{address}]" if destination.version == 6 else address
    return (destination.host, literal) if destination.host else (literal,)


class Intents:
    """The intents of every pod of a policy in a cluster."""

    def __init__(self, policy: Policy, profile: ClusterProfile) -> None:
        self.policy = policy
        self.profile = profile
        self._grants: dict[Subject, list[Grant]] = {}
        for grant in policy.grants:
            self._grants.setdefault(grant.subject, []).append(grant)
        self._shared: dict[tuple[Subject, ...], tuple[tuple[Grant, ...], bool]] = {}
        self._observed = {(namespace, name) for namespace, name, _ in profile.observed}

    def of(self, namespace: str, workload: str = ANY) -> Intent:
        """The intent for a workload; for any other one of the namespace without a name."""
        grants, has_all = self._granted(namespace, workload)
        in_mesh = self._in_mesh(self.subjects(namespace, workload))
        return Intent(grants, has_all or self._is_open(namespace, workload), in_mesh)

    def holders(self, namespace: str, workload: str) -> tuple[Subject, ...]:
        """Those of the subjects that mean a workload to which anything is granted: all that they make up has the same grants."""
        return tuple([each for each in self.subjects(namespace, workload) if each in self._grants])

    def _granted(self, namespace: str, workload: str) -> tuple[tuple[Grant, ...], bool]:
        """The grants of a workload, and whether any is of everything; kept where it has none of its own."""
        holders = self.holders(namespace, workload)
        found = self._shared.get(holders)
        if found is None:
            grants = tuple([grant for subject in holders for grant in self._grants[subject]])
            found = grants, any(isinstance(each.destination, Everything) for each in grants)
            if all(each.workload == ANY for each in holders):
                self._shared[holders] = found
        return found

    @staticmethod
    def subjects(namespace: str, workload: str) -> tuple[Subject, ...]:
        """Every subject that means a workload, the narrowest first."""
        return tuple(dict.fromkeys((Subject(namespace, workload), Subject(namespace, ANY), Subject(ANY, ANY))))

    def _is_open(self, namespace: str, workload: str) -> bool:
        """Whether a profile leaves a workload open."""
        if (namespace, workload) in self._observed:
            return True
        enforcement = self.profile.enforcement
        if enforcement.level == "mesh":
            return False
        if enforcement.level == "namespaces":
            return namespace not in enforcement.namespaces
        return enforcement.level == "observe" or Subject(namespace, workload) not in self.policy.named

    def _in_mesh(self, subjects: Iterable[Subject]) -> tuple[str, ...]:
        stated = {host for subject in subjects for host in self.policy.mesh.get(subject, ())}
        return tuple(sorted(stated)) or self.profile.in_mesh
