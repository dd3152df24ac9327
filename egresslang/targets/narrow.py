"""Narrow: the egress listeners of one Sidecar that open exactly the wanted ports of the wanted hosts.

Listing a host imports all its ports, and listing a wildcard imports every narrower entry of its namespace. Where that
is more than a workload wants, one of these takes the excess away, the simplest first:

- an exclusion `~./host` (Istio ≥ 1.31) of what only a wildcard brought in;
- a listener for the port, which opens there only what it lists: with the port's protocol where all that is wanted on
  the port is of one kind, or with nothing but the in-mesh entry to close a port of HTTP hosts. A `UDP` listener makes
  no listener of its own and narrows the HTTP route alone, so that TLS hosts and networks of the port stay;
- listing a host only in listeners of its wanted ports, at once where many listeners would have to close the others;
- a listener that lists nothing outside the mesh but a host that leads nowhere, to close a port of TLS hosts;
- a narrower entry of the host in the root namespace, exported to the workload's namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from egresslang.profile.profile import ClusterProfile
from egresslang.record import record
from egresslang.syntax.words import INVENTED
from egresslang.targets.declare import HTTP_KINDS, Entry, parents
from egresslang.targets.manifests import EgressListener, Port

EXCLUSIONS = (1, 31)
"""The first Istio that reads `~namespace/host` in a Sidecar (Sidecar API, 1.31)."""

NOTHING = f"./*.none.{INVENTED}"
"""A wildcard that matches nothing: a list of exact names alone keeps one Service a host, at random (istiod ≥ 1.31)."""

CLOSED = f"closed.{INVENTED}"
"""A host that leads nowhere: a TLS entry without endpoints, which makes the listener of a port without opening it."""

MOST_CLOSED = 8
"""How many ports of a host are closed by a listener each, where it could be listed only for those that are wanted."""

ISTIO_PROTOCOL = {"http": "HTTP", "http2": "HTTP2", "grpc": "GRPC", "tls": "TLS", "tcp": "TCP"}

Ports = dict[int, str]


class Scope:
    """What the proxies of a namespace see: its own entries and those the root namespace exports to it."""

    def __init__(
        self,
        namespace: str,
        entries: Mapping[tuple[str, str], Entry],
        below: Mapping[tuple[str, str], list[Group]],
        profile: ClusterProfile,
    ) -> None:
        self.namespace = namespace
        self.profile = profile
        self._entries = entries
        self._below = below

    def entry(self, namespace: str, host: str) -> Entry | None:
        """The entry of a host in a namespace, if this one may see it."""
        found = self._entries.get((namespace, host))
        return found if found is not None and found.is_seen(self.namespace) else None

    def below(self, namespace: str, host: str) -> Iterable[Group]:
        """The hosts of a namespace that lie below one of its entries: none but for a wildcard."""
        return self._below.get((namespace, host[2:]), ()) if host.startswith("*.") else ()


@record
class Group:
    """Hosts that lie below a wildcard and have the same ports: `like` is the entry of one, `hosts` are those of all, by
    their place in the order of entries."""

    like: Entry
    hosts: dict[int, str]


@record
class Stuck:
    """What no listener can take away: a host and the port of it that a workload would get without wanting it."""

    host: str
    namespace: str
    port: int


class Narrowing:
    """The search for the listeners of one Sidecar: `wanted` maps each host to the namespace of its entry."""

    def __init__(self, scope: Scope, wants: Mapping[str, Ports], wanted: Mapping[str, str]) -> None:
        self.scope = scope
        self.wants = wants
        self.wanted = dict(wanted)
        self.portless = dict(wanted)
        self.excluded: set[tuple[str, str]] = set()
        self.listeners: dict[int, str] = {}
        self.closed: set[int] = set()
        self._wildcards = {host[2:]: ports for host, ports in wants.items() if host.startswith("*.")}
        self._entries: dict[str, Entry] = {}
        self._suspect: set[str] = set()  # of all other hosts just the wanted ports are opened
        for host, ports in wants.items():
            entry = scope.entry(wanted[host], host)
            assert entry is not None
            self._entries[host] = entry
            if entry.ports != ports or host.startswith("*.") or self._is_below(host):
                self._suspect.add(host)

    @cached_property
    def _kinds(self) -> dict[int, set[str]]:
        """The kinds of what is wanted on each port."""
        found: dict[int, set[str]] = {}
        for host, ports in self.wants.items():
            for port in ports:
                found.setdefault(port, set()).add(self._entries[host].kind(port))
        return found

    @cached_property
    def _protocols(self) -> dict[int, set[str]]:
        """The protocols of what is wanted on each port."""
        found: dict[int, set[str]] = {}
        for ports in self.wants.values():
            for port, protocol in ports.items():
                found.setdefault(port, set()).add(protocol)
        return found

    def solve(self) -> list[Stuck]:
        """Take all excess away; what remains is stuck."""
        if not self._suspect:
            return []
        self._agree()
        excessive = [entry for entry in self._brought() if any(self._over(entry))]
        if not excessive:
            return []
        self._exclude(excessive)
        self._move_early()
        stuck = self._listen(self._excess())
        while stuck and self._move(stuck):
            stuck = self._listen(self._excess())
        if stuck and self._close(stuck):
            stuck = self._listen(self._excess())
        return stuck

    def egress(self, in_mesh: Iterable[str]) -> tuple[EgressListener, ...]:
        """The listeners as they are written: one for each narrowed port, then the one for all others."""
        mesh = tuple(in_mesh)
        listeners = []
        for number, protocol in sorted(self.listeners.items()):
            hosts = {host: where for host, where in self.wanted.items() if self._belongs(host, number, protocol)}
            if number in self.closed:
                hosts = {CLOSED: self.scope.namespace}
            port = Port(number, protocol, f"{protocol.lower()}-{number}")
            listeners.append(EgressListener(self._list(mesh, hosts), port))
        listeners.append(EgressListener(self._list(mesh, self.portless)))
        return tuple(listeners)

    def _belongs(self, host: str, port: int, protocol: str) -> bool:
        """Whether a wanted host is listed in the listener of a port."""
        wanted = self.wants[host].get(port)
        return wanted is not None and wanted != "tcp" and (protocol != "UDP" or wanted in HTTP_KINDS)

    def _list(self, in_mesh: tuple[str, ...], hosts: Mapping[str, str]) -> tuple[str, ...]:
        own = self.scope.namespace
        listed = sorted(f"{'.' if namespace == own else namespace}/{host}" for host, namespace in hosts.items())
        excluded = sorted(
            f"~{'.' if namespace == own else namespace}/{host}"
            for namespace, host in self.excluded
            if any(hosts.get(f"*.{parent}") == namespace for parent in parents(host.removeprefix("*.")))
        )
        if not any(name.startswith("*/") or "/*" in name for name in (*in_mesh, *listed)):
            excluded = [NOTHING]
        return (*in_mesh, *listed, *excluded)

    def _effective(self, host: str) -> Entry | None:
        """The entry that the port-less listener uses for a host: the own namespace wins."""
        effective = None
        for pattern in [host, *self._above(host)]:
            namespace = self.portless.get(pattern)
            entry = None if namespace is None else self.scope.entry(namespace, host)
            if entry is not None and not self._is_excluded(entry):
                if namespace == self.scope.namespace:
                    return entry
                effective = effective or entry
        return effective

    def _above(self, host: str) -> list[str]:
        """The wanted wildcards above a host."""
        if not self._is_below(host):
            return []
        return [f"*.{parent}" for parent in parents(host.removeprefix("*.")) if parent in self._wildcards]

    def _is_below(self, host: str) -> bool:
        """Whether a host lies below a wanted wildcard."""
        return bool(self._wildcards) and not self._wildcards.keys().isdisjoint(parents(host.removeprefix("*.")))

    def _is_excluded(self, entry: Entry) -> bool:
        if not self.excluded:
            return False
        if (entry.namespace, entry.host) in self.excluded:
            return True
        return any(
            (entry.namespace, f"*.{parent}") in self.excluded for parent in parents(entry.host.removeprefix("*."))
        )

    def _excess(self) -> list[tuple[Entry, int]]:
        """The ports that the port-less listener would open and nobody wants."""
        return [(entry, port) for entry in self._brought() for port in self._over(entry)]

    def _brought(self) -> Iterator[Entry]:
        """The entries that the port-less listener uses, but for some without a port that is neither wanted nor closed."""
        hosts = dict.fromkeys(
            host
            for pattern, namespace in self.portless.items()
            if pattern in self._suspect
            for host in self._doubtful(namespace, pattern)
        )
        return (entry for host in hosts if (entry := self._effective(host)) is not None)

    def _over(self, entry: Entry) -> Iterator[int]:
        """The ports of an entry that are neither wanted nor closed, found one by one."""
        return (port for port in entry.ports if not self._is_wanted(entry, port) and not self._is_closed(entry, port))

    def _doubtful(self, namespace: str, pattern: str) -> Iterator[str]:
        """The hosts that listing a pattern brings in, but for groups of which all ports are wanted or closed."""
        yield pattern
        found: dict[int, str] = {}
        for group in self.scope.below(namespace, pattern):
            if not all(
                self._is_below_wanted(f"any.{pattern[2:]}", port, protocol) or self._is_closed(group.like, port)
                for port, protocol in group.like.ports.items()
            ):
                found |= group.hosts
        for at in sorted(found):
            yield found[at]

    def _is_wanted(self, entry: Entry, port: int) -> bool:
        protocol = entry.ports[port]
        if self.wants.get(entry.host, {}).get(port) == protocol:
            return True
        return self._is_below_wanted(entry.host, port, protocol)

    def _is_below_wanted(self, host: str, port: int, protocol: str) -> bool:
        """Whether a wanted wildcard above a host covers one of its ports."""
        if not self._wildcards:
            return False
        family = HTTP_KINDS if protocol in HTTP_KINDS else {protocol}
        return any(
            self._wildcards[suffix].get(port) in family
            for suffix in parents(host.removeprefix("*."))
            if suffix in self._wildcards
        )

    def _is_closed(self, entry: Entry, port: int) -> bool:
        """Whether a listener of the port keeps the port-less one from opening it."""
        protocol = self.listeners.get(port)
        kind = entry.kind(port)
        if protocol is None or kind == "address":
            return False
        if kind == "http":
            return True
        # A host with a virtual address has listeners of its own, which no other one locks.
        return protocol != "UDP" and (bool(self._sniffed(port)) or port in self.closed) and not entry.is_virtual

    def _agree(self) -> None:
        """Take a host from one namespace only: a wildcard may bring in the own entry of a host listed from the root."""
        suspect = [host for host in self.wanted if host in self._suspect]
        for entry in [entry for host in suspect if (entry := self._effective(host)) is not None]:
            if self.wanted[entry.host] != entry.namespace:
                if self._can_exclude(entry):
                    self.excluded.add((entry.namespace, entry.host))
                else:
                    self.wanted[entry.host] = self.portless[entry.host] = entry.namespace

    def _exclude(self, excessive: list[Entry]) -> None:
        """Leave out what a wildcard brought in or covers: the wildcard itself then answers for these names."""
        for entry in excessive:
            ports = self.wants.get(entry.host, {}) if entry.host in self.wanted else {}
            if all(
                self._is_below_wanted(entry.host, port, protocol) for port, protocol in ports.items()
            ) and self._can_exclude(entry):
                self.wanted.pop(entry.host, None)
                self.portless.pop(entry.host, None)
                self.excluded.add((entry.namespace, entry.host))

    def _can_exclude(self, entry: Entry) -> bool:
        """Whether `~namespace/host` would leave out nothing that is listed."""
        if self.scope.profile.version < EXCLUSIONS:
            return False
        return not any(
            self.wanted.get(host) == entry.namespace
            for group in self.scope.below(entry.namespace, entry.host)
            for host in group.hosts.values()
        )

    def _listen(self, excess: list[tuple[Entry, int]]) -> list[Stuck]:
        """Narrow each port with excess by a listener; the entries for which none does are stuck."""
        kinds: dict[int, set[str]] = {}
        for entry, port in excess:
            kinds.setdefault(port, set()).add(entry.kind(port))
        for port in sorted(kinds):
            if protocol := self._protocol(port, kinds[port]):
                self.listeners[port] = protocol
        return sorted(
            (Stuck(entry.host, entry.namespace, port) for entry, port in self._excess()), key=lambda s: (s.port, s.host)
        )

    def _protocol(self, port: int, excess: set[str]) -> str:
        """The protocol of a listener that takes the excess kinds of a port away and nothing that is wanted; empty when none does."""
        wanted = self._sniffed(port)
        if wanted in ({"http"}, {"tls"}):
            return self._spelled(port)
        if excess == {"http"}:
            return "UDP" if wanted else "HTTP"
        return "UDP" if "http" in excess and "http" in wanted else ""

    def _spelled(self, port: int) -> str:
        wanted = self._protocols.get(port, set()) - {"tcp"}
        return ISTIO_PROTOCOL[wanted.pop()] if len(wanted) == 1 else "HTTP"

    def _move(self, stuck: list[Stuck]) -> bool:
        """Move the hosts with stuck ports where that is possible; whether any could be moved."""
        moved = [self._move_host(host) for item in stuck for host in self.bringing(item)]
        return any(moved)

    def _move_early(self) -> None:
        """Move the hosts that no other listener could narrow, and those for which that would take many."""
        for host, namespace in list(self.portless.items()):
            entry = self._effective(host)
            if entry is not None and entry.namespace == namespace and self._has_to_move(entry):
                self._move_host(host)

    def _has_to_move(self, entry: Entry) -> bool:
        """Whether an entry is TLS on a port where nothing is wanted, or opens more ports than are closed one by one."""
        return any(
            count == MOST_CLOSED or (entry.kind(port) == "tls" and not self._sniffed(port))
            for count, port in enumerate(self._over(entry))
        )

    def _move_host(self, host: str) -> bool:
        """List a host only in listeners of the ports that are wanted of it; whether these can narrow."""
        wanted = self.wants[host]
        if any(
            protocol == "tcp" or self._sniffed(port) not in ({"http"}, {"tls"}) for port, protocol in wanted.items()
        ):
            return False
        del self.portless[host]
        for port in wanted:
            self.listeners[port] = self._spelled(port)
        return True

    def _close(self, stuck: list[Stuck]) -> bool:
        """Close stuck ports on which nothing is wanted; whether any could be."""
        if self.scope.namespace == "*":
            return False
        ports = {item.port for item in stuck if not self._sniffed(item.port)}
        self.listeners.update(dict.fromkeys(ports, "TLS"))
        self.closed |= ports
        return bool(ports)

    def bringing(self, item: Stuck) -> list[str]:
        """The listed hosts that bring a stuck port in: the host itself, or the wildcards above it."""
        if self.portless.get(item.host) == item.namespace:
            return [item.host]
        return [pattern for pattern in self._above(item.host) if self.portless.get(pattern) == item.namespace]

    def _sniffed(self, port: int) -> set[str]:
        """The kinds wanted on a port that share the listener of the wildcard address."""
        return self._kinds.get(port, set()) - {"address"}


def below(entries: Mapping[tuple[str, str], Entry]) -> dict[tuple[str, str], list[Group]]:
    """For each wildcard entry, by namespace and suffix, the other hosts of its namespace below it."""
    # A Sidecar may list a wildcard of one namespace only; the same suffix elsewhere is its own list.
    found: dict[str, dict[str, dict[object, Group]]] = {}
    for namespace, host in entries:
        if host.startswith("*."):
            found.setdefault(namespace, {})[host[2:]] = {}
    for at, ((namespace, host), entry) in enumerate(entries.items()):
        wildcards = found.get(namespace, {})
        key = None
        for suffix in parents(host.removeprefix("*.")) if wildcards else ():
            groups = wildcards.get(suffix)
            if groups is not None:
                key = key or (
                    entry.is_virtual,
                    *((port, entry.kind(port)) for port in entry.ports),
                    *entry.ports.values(),
                )
                groups.setdefault(key, Group(entry, {})).hosts[at] = host
    return {
        (namespace, suffix): list(groups.values())
        for namespace, wildcards in found.items()
        for suffix, groups in wildcards.items()
    }
