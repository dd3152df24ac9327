"""Destinations: where a rule leads to, as names, addresses and ports; what cannot be granted is told here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from egresslang import codes
from egresslang.findings import Edit, Finding, Fix, Label, Severity, finding
from egresslang.policy.attributes import no_host
from egresslang.policy.binding import Binding
from egresslang.policy.definitions import INTERNET
from egresslang.policy.policy import ANY, PROTOCOL_CLASS, Addresses, Below, Destination, Everything, Name, Rule
from egresslang.policy.regions import Regions
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import (
    BITS,
    Range,
    internet,
    is_nobodys,
    merge,
    network_range,
    parse_cidr,
    show,
    somebodys,
    subtract,
)
from egresslang.record import record
from egresslang.source import Span
from egresslang.syntax import nodes
from egresslang.syntax.print import show_target
from egresslang.syntax.words import read_network

_EVERYTHING = Everything()
_NAMES = (nodes.Host, nodes.Wildcard)
_IN_MESH_HELP = "remove the rule: egress is about what leaves the mesh; `mesh` says what stays reachable in it"


@record
class Reach:
    """A destination and a port of it: the part of a Grant that does not say who or why."""

    destination: Destination
    port: int
    protocol: str
    spelled: str
    endpoints: tuple[tuple[str, str], ...] = ()


@record
class Asked:
    """A destination as a rule asks for it: the target, its ports, holes and addresses, and where it is written.

    A rule that is not `live` grants nothing in this cluster, so what its region claims is not told.
    """

    rule: Rule
    live: bool
    target: nodes.Target
    ports: tuple[nodes.Port, ...]
    holes: list[nodes.Network]
    addresses: list[nodes.Network] | None
    address: nodes.Attribute | None
    span: Span


class Destinations:
    """Types destinations for one cluster; what is wrong with one goes to `found`."""

    def __init__(self, binding: Binding, profile: ClusterProfile, found: list[Finding]) -> None:
        self.binding = binding
        self.profile = profile
        self.found = found
        self._cluster_ranges = _cluster_ranges(profile)
        self._regions = Regions(profile.regions)
        self._services = {(r.name, r.namespace) for r in profile.resources if r.kind == "Service"}
        self._inside = (f".{profile.cluster_domain}", ".svc")

    def granted(self, asked: Asked) -> Iterator[Reach]:
        """What an allow reaches, once for each port."""
        target = asked.target
        if (problem := self._refusal(asked)) is not None:
            self.found.append(problem)
            return
        if not asked.rule.region:
            pass
        elif isinstance(target, nodes.Anything) or _is_internet(target):
            self._tell_claim(asked, _no_region(asked))
        elif not isinstance(target, nodes.Host) or asked.addresses is not None:
            key = show_target(target)
            if not self._lies_in(asked, key, "" if isinstance(target, nodes.Network) else key, target.span):
                return
        if isinstance(target, nodes.Anything):
            yield Reach(_EVERYTHING, 0, "", "")
            return
        if isinstance(target, _NAMES) and "xn--" in _name(target):
            self.found.extend(_look_alike(show_target(target), target.span))
        for network in asked.addresses or ([target] if isinstance(target, nodes.Network) else ()):
            if f"IPv{network.version}" not in self.profile.ip_families:
                self.found.append(_other_family(network))
        for port in asked.ports:
            protocol = port.protocol or nodes.DEFAULT_PROTOCOLS.get(port.number, "")
            kind = PROTOCOL_CLASS.get(protocol, protocol)
            if not protocol:
                is_label = isinstance(target, nodes.Network) or asked.addresses is not None or _is_internet(target)
                self.found.append(_missing_protocol(port, is_label))
            elif kind == "udp":
                self.found.append(_not_governed(port))
            else:
                yield from self._on_port(asked, port, kind, protocol)

    def _on_port(self, asked: Asked, port: nodes.Port, kind: str, protocol: str) -> Iterator[Reach]:
        target = asked.target
        if isinstance(target, nodes.Host):
            if asked.addresses is not None:
                reached = list(self._at(asked.addresses, target.name, port.number, kind, protocol))
                if "." not in target.name and any(reach.protocol == "http" for reach in reached):
                    self.found.append(_no_dot(target))
                else:
                    yield from reached
            else:
                yield from self._named(asked, target, port, kind, protocol)
        elif isinstance(target, nodes.Wildcard):
            if kind == "tcp":
                self.found.append(_tcp_without_address(f"*.{target.suffix}", port, "a wildcard has no address"))
            else:
                yield Reach(Below(target.suffix), port.number, kind, protocol)
        else:
            if isinstance(target, nodes.Network):
                left = list(self._at([target], "", port.number, kind, protocol, asked.holes))
            else:
                left = list(self._internet(port.number, protocol, asked.holes))
            if not left:
                self.found.append(
                    finding(
                        codes.BAD_ADDRESS,
                        asked.span,
                        f"nothing is left of `{target.span.text}`",
                        "its holes cover all of it",
                        help="cut smaller holes, or remove the rule",
                        severity=Severity.WARNING,
                    )
                )
            yield from left

    def _refusal(self, asked: Asked) -> Finding | None:
        """Why a destination cannot be granted at all, if it cannot."""
        target, ports, span, holes, rule, address = (
            asked.target,
            asked.ports,
            asked.span,
            asked.holes,
            asked.rule,
            asked.address,
        )
        problem = None
        open_target = isinstance(target, nodes.Anything)
        if open_target and ports:
            problem = finding(
                codes.ANY_ADDRESS,
                span,
                f"`*:{ports[0].number}` is any destination on a port",
                "too broad to be said in passing",
                help=f"write `internet:{ports[0].number}` for every public address, or `-> *` to leave the workload open",
            )
        elif isinstance(target, nodes.Network) and target.prefix == 0:
            port = ports[0].number if ports else 443
            problem = finding(
                codes.ANY_ADDRESS,
                target.span,
                f"`{show(target.version, target.first, 0)}` is every address",
                "the cluster's own included",
                help=f"write `internet:{port}` for every public address, or `-> *` to leave the workload open",
            )
        elif isinstance(target, nodes.Network) and is_nobodys(target.version, target.first, target.prefix):
            problem = no_host(target, target.span)
        elif (open_target or _is_internet(target)) and not rule.reason:
            problem = finding(
                codes.ANY_ADDRESS,
                span,
                f"`{ANY if open_target else INTERNET}` without a reason",
                "a broad grant",
                help='say why: `reason="…"`',
            )
        elif not open_target and not ports:
            problem = finding(
                codes.SYNTAX,
                span,
                "a destination without a port",
                "which port?",
                help="write the port after `:`, as in `:443 tls`",
            )
        elif holes and not (isinstance(target, nodes.Network) or _is_internet(target)):
            problem = finding(
                codes.SYNTAX,
                span,
                "a hole can be cut into networks only",
                "not a network",
                notes=["Istio cannot leave a name out of a wildcard"],
                help="list the names that are meant",
            )
        elif address is not None and not isinstance(target, nodes.Host):
            problem = finding(
                codes.BAD_VALUE,
                address.span,
                "`address=` belongs to a name",
                "this destination is none",
                [Label(target.span, "the destination")],
                help="remove `address=`, or name the destination",
            )
        elif isinstance(target, _NAMES) and self._in_mesh(target):
            problem = finding(
                codes.IN_MESH_DESTINATION,
                target.span,
                f"`{target.span.text}` lies inside the mesh",
                "not outside the cluster",
                help=_IN_MESH_HELP,
            )
        elif isinstance(target, _NAMES) and (namespace := self._short_for(target)):
            problem = finding(
                codes.IN_MESH_DESTINATION,
                target.span,
                f"`{target.span.text}` is short for {_services(target)} of namespace `{namespace}`",
                "not outside the cluster",
                notes=["a name of this form that is public is known by an entry under `destinations:` of the profile"]
                if "." in target.span.text.removeprefix("*.")
                else [],
                help=_IN_MESH_HELP,
            )
        return problem

    def _in_mesh(self, target: nodes.Host | nodes.Wildcard) -> bool:
        domain, name = self.profile.cluster_domain, _name(target)
        if isinstance(target, nodes.Wildcard) and (name == "svc" or f".svc.{domain}".endswith(f".{name}")):
            return True
        return name == domain or name.endswith(self._inside)

    def _short_for(self, target: nodes.Host | nodes.Wildcard) -> str:
        """The namespace of the Service that `service.namespace` is short for in every pod; empty if it is for none.

        `*.namespace` is short for all of them, and `*.service.namespace` for the pods of one.
        """
        name = _name(target)
        service, dot, namespace = name.partition(".")
        if (service, namespace) in self._services:
            return namespace
        if not dot and isinstance(target, nodes.Wildcard):
            namespace = service
        known = namespace == "default" or namespace in (self.profile.namespaces or ())
        return namespace if known and name not in self.profile.destinations else ""

    def _named(self, asked: Asked, target: nodes.Host, port: nodes.Port, kind: str, protocol: str) -> Iterator[Reach]:
        """A name without `address=`: resolved by the sidecar, or led to the endpoints the profile knows in the region."""
        endpoints = self._endpoints(asked, target)
        if endpoints is None:
            return
        if kind != "tcp":
            yield Reach(Name(target.name), port.number, kind, protocol, endpoints)
        elif endpoints:
            networks = [
                network
                for address, _ in endpoints
                if isinstance(network := read_network(address, target.span), nodes.Network)
            ]
            yield from self._at(networks, target.name, port.number, kind, protocol)
        elif self.profile.dns_capture and self.profile.auto_allocate:
            yield Reach(Name(target.name), port.number, kind, protocol)
        else:
            self.found.append(
                _tcp_without_address(target.name, port, "nothing but the port would tell it from other traffic")
            )

    def _endpoints(self, asked: Asked, target: nodes.Host) -> tuple[tuple[str, str], ...] | None:
        """The endpoints of a name that lie in the rule's region; none when the name is resolved; None when refused."""
        rule = asked.rule
        known = self.profile.destinations.get(target.name)
        if not rule.region or known is None or not known.endpoints:
            return () if self._lies_in(asked, target.name, target.name, target.span) else None
        inside = [e for e in known.endpoints if e.region and self._regions.within(e.region, rule.region)]
        if not inside:
            self._tell_claim(
                asked,
                finding(
                    codes.OUT_OF_REGION,
                    target.span,
                    f"no endpoint of `{target.name}` is in `{rule.region}`",
                    "all lie elsewhere",
                    [Label(known.endpoints[0].span, f"in `{known.endpoints[0].region}`")],
                    help="correct `region=`, or the profile",
                ),
            )
            return None
        if left := len(known.endpoints) - len(inside):
            self._tell_claim(
                asked,
                finding(
                    codes.OUT_OF_REGION,
                    target.span,
                    f"{left} endpoint{'s' if left > 1 else ''} of `{target.name}` outside `{rule.region}`",
                    "left out: only those in the region can be reached",
                    severity=Severity.NOTE,
                ),
            )
        return tuple(sorted((e.address, e.region) for e in inside))

    def _lies_in(self, asked: Asked, key: str, host: str, span: Span) -> bool:
        """Whether nothing says that a destination lies outside the rule's region; tells when nothing says where it is."""
        rule = asked.rule
        if not rule.region or not asked.live:
            return True
        known = self.profile.destinations.get(key)
        region = known.region if known is not None and known.region else self._regions.of_host(host)
        if not region:
            self._tell_claim(
                asked,
                finding(
                    codes.UNKNOWN_REGION,
                    span,
                    f"nothing says where `{key}` is",
                    f"claimed to be in `{rule.region}`",
                    notes=["the claim is declared, not enforced"],
                    help="name hosts in the region instead, or remove `region=`"
                    if key.startswith("*.")
                    else f"write the region of `{key}` under `destinations:` of the profile",
                ),
            )
        elif not self._regions.within(region, rule.region):
            self._tell_claim(
                asked,
                finding(
                    codes.OUT_OF_REGION,
                    span,
                    f"`{key}` is in `{region}`, not in `{rule.region}`",
                    "outside the rule's region",
                    help="correct `region=`, or the profile",
                ),
            )
            return False
        return True

    def _tell_claim(self, asked: Asked, problem: Finding) -> None:
        if asked.live:
            self.found.append(problem)

    def holes(self, destinations: nodes.Destinations, namespace: str) -> list[nodes.Network] | None:
        """The networks after `except`, sets expanded; None after telling of one that is none."""
        if not destinations.holes:
            return []
        before = len(self.found)
        holes = []
        for hole in self.binding.holes(destinations.holes, namespace):
            target = self.binding.target(hole)
            if isinstance(target, nodes.Network):
                holes.append(target)
            elif target is not None:
                cut = destinations.entries[0].target
                names = isinstance(cut, nodes.Host | nodes.Wildcard)
                self.found.append(
                    finding(
                        codes.SYNTAX,
                        target.span,
                        "a hole can be cut into networks only" if names else "a hole is an address or network",
                        "a name" if names else "not an address",
                        notes=["Istio cannot leave a name out of a wildcard"] if names else [],
                        help="list the names that are meant"
                        if names
                        else "write addresses and networks after `except`",
                    )
                )
        return holes if len(self.found) == before else None

    def tell_idle(self, holes: Iterable[nodes.Target], targets: list[nodes.Target], namespace: str) -> None:
        """Tell each hole that lies in no network of a rule; of a set or variable it is a warning: others may need it."""
        networks = [target for target in targets if isinstance(target, nodes.Network)]
        if not networks or len(networks) < len(targets):
            return
        for hole in holes:
            cut = [self.binding.target(each) for each in self.binding.holes((hole,), namespace)]
            if not any(
                isinstance(each, nodes.Network) and _meet(each, network) for each in cut for network in networks
            ):
                is_written = isinstance(hole, nodes.Network)
                self.found.append(
                    _idle(hole.span, networks[0].span, Severity.ERROR if is_written else Severity.WARNING)
                )

    def _at(
        self,
        networks: list[nodes.Network],
        host: str,
        port: int,
        kind: str,
        protocol: str,
        holes: Sequence[nodes.Network] = (),
    ) -> Iterator[Reach]:
        """Flows to addresses: whatever the bytes, but for http to one address, which is checked."""
        for version in (4, 6):
            mine = [n for n in networks if n.version == version]
            if not mine:
                continue
            ranges = merge(network_range(n.version, n.first, n.prefix) for n in mine)
            if holes:
                cut = merge(network_range(h.version, h.first, h.prefix) for h in holes if h.version == version)
                ranges = subtract(ranges, cut)
            ranges = somebodys(version, ranges)
            if not ranges:
                continue
            single = len(networks) == 1 and mine[0].prefix == BITS[version]
            label = host or ", ".join(show(n.version, n.first, n.prefix) for n in mine)
            checked = "http" if kind == "http" and single else "tcp"
            yield Reach(Addresses(version, tuple(ranges), host, label), port, checked, protocol)

    def _internet(self, port: int, protocol: str, holes: list[nodes.Network]) -> Iterator[Reach]:
        for family in self.profile.ip_families:
            version = 4 if family == "IPv4" else 6
            cut = merge(network_range(h.version, h.first, h.prefix) for h in holes if h.version == version)
            ranges = subtract(subtract(internet(version), cut), self._cluster_ranges[version])
            if ranges:
                yield Reach(Addresses(version, tuple(ranges), "", INTERNET), port, "tcp", protocol)

    def asserted(self, target: nodes.Target, addresses: list[nodes.Network] | None) -> Iterator[Destination]:
        """What a deny or expect is about: a name stands for its addresses too."""
        if isinstance(target, nodes.Anything):
            yield _EVERYTHING
        elif isinstance(target, nodes.Wildcard):
            yield Below(target.suffix)
        elif isinstance(target, nodes.Host):
            if (problem := _no_colon(target)) is not None:
                self.found.append(problem)
            yield Name(target.name)
            for reach in self._at(addresses or [], target.name, 0, "tcp", "tcp"):
                yield reach.destination
        elif isinstance(target, nodes.Network):
            if is_nobodys(target.version, target.first, target.prefix):
                self.found.append(no_host(target, target.span))
            for reach in self._at([target], "", 0, "tcp", "tcp"):
                yield reach.destination
        else:
            for reach in self._internet(0, "tcp", []):
                yield reach.destination


def _name(target: nodes.Host | nodes.Wildcard) -> str:
    """The name, or the suffix of all the names, that a target is."""
    return target.suffix if isinstance(target, nodes.Wildcard) else target.name


def _no_colon(host: nodes.Host) -> Finding | None:
    """A host and its port in one: `example.com443`; a label that ends in a number may well be one of a private domain."""
    match = re.fullmatch(r"(.*\.([a-z]+))([1-9][0-9]{1,4})", host.name)
    if not match or int(match[3]) > 65535:
        return None
    from egresslang.policy.public_suffixes import is_registry

    if not is_registry(match[2]):
        return None
    help = f"write `{match[1]}:{match[3]}`"
    return finding(codes.SYNTAX, host.span, f"no `:` before port `{match[3]}`", "a host and a port", help=help)


def _meet(one: nodes.Network, other: nodes.Network) -> bool:
    """Whether two networks have an address in common."""
    low, high = network_range(one.version, one.first, one.prefix)
    first, last = network_range(other.version, other.first, other.prefix)
    return one.version == other.version and low <= last and first <= high


def _idle(hole: Span, network: Span, severity: Severity) -> Finding:
    return finding(
        codes.BAD_ADDRESS,
        hole,
        f"`{hole.text}` lies in no network of the rule",
        "cuts nothing",
        [Label(network, "not in here")],
        help="write a hole that lies in a network of the rule, or remove it",
        severity=severity,
    )


def _services(target: nodes.Host | nodes.Wildcard) -> str:
    """What of a namespace a name or wildcard is short for."""
    if isinstance(target, nodes.Host):
        return "a Service"
    return "the pods of a Service" if "." in target.suffix else "every Service"


def _look_alike(name: str, span: Span) -> Iterator[Finding]:
    """A name in Punycode that is shown to people as one in Latin letters."""
    from egresslang.syntax.look_alikes import read_as

    if plain := read_as(name):
        yield finding(
            codes.HOSTILE_TEXT,
            span,
            f"`{name}` looks like `{plain}`",
            "letters of another script that look like Latin ones",
            help=f"write `{plain}` if that is what is meant, or suppress this with the reason",
            severity=Severity.WARNING,
        )


def _is_internet(target: nodes.Target) -> bool:
    return isinstance(target, nodes.Word) and target.name == INTERNET


def _cluster_ranges(profile: ClusterProfile) -> dict[int, list[Range]]:
    ranges: dict[int, list[Range]] = {4: [], 6: []}
    for networks in profile.networks.values():
        for text in networks:
            version, found = parse_cidr(text)
            ranges[version].append(found)
    return {version: merge(found) for version, found in ranges.items()}


def _tcp_without_address(host: str, port: nodes.Port, why: str) -> Finding:
    return finding(
        codes.TCP_WITHOUT_ADDRESS,
        port.span,
        f"tcp to `{host}:{port.number}` needs an address",
        why,
        notes=[f"its ServiceEntry would capture every connection on port {port.number}, whatever its destination"],
        help="give `address=` with the addresses it has",
    )


def _no_dot(target: nodes.Host) -> Finding:
    return finding(
        codes.BAD_HOST,
        target.span,
        f"`{target.name}` cannot be told by its Host header",
        "a name without a dot",
        notes=["istiod refuses a Sidecar that lists such a name"],
        help="write the whole DNS name, or `tcp` to grant the address whatever the bytes",
    )


def _no_region(asked: Asked) -> Finding:
    return finding(
        codes.UNKNOWN_REGION,
        asked.span,
        f"`{asked.target.span.text}` lies in no region",
        f"claimed to be in `{asked.rule.region}`",
        notes=["`region=` only chooses the clusters in which this rule grants"],
        help="choose clusters with `cluster=`, or name destinations in the region",
    )


_USUAL = {3306: "mysql", 5432: "postgres", 6379: "redis", 27017: "mongo"}


def _missing_protocol(port: nodes.Port, is_label: bool) -> Finding:
    """`is_label` when the grant is to addresses, whatever the bytes: then any word for tcp says the same."""
    usual = _USUAL.get(port.number, "tcp")
    end = Span(port.span.source, port.span.end, port.span.end)
    return finding(
        codes.MISSING_PROTOCOL,
        port.span,
        f"port `{port.number}` has no default protocol",
        "which protocol?",
        help=f"write it after the port, as in `{port.number} {usual}`",
        fix=Fix(f"write `{usual}`", (Edit(end, f" {usual}"),), safe=True) if is_label else None,
    )


def _other_family(network: nodes.Network) -> Finding:
    return finding(
        codes.NOT_GOVERNED,
        network.span,
        f"`{show_target(network).strip('[]')}` is IPv{network.version}, which the cluster does not speak",
        "reaches nothing here",
        help=f"add `IPv{network.version}` to `ipFamilies:` of the profile, or remove it",
    )


def _not_governed(port: nodes.Port) -> Finding:
    return finding(
        codes.NOT_GOVERNED,
        port.span,
        "no sidecar sees udp",
        "compiles to nothing",
        notes=["a sidecar captures TCP alone: udp leaves the pod unwatched, allowed or not"],
        help="govern udp with a NetworkPolicy",
    )
