"""Resolve: syntax trees and a profile become a Policy, every flow with the rule it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from egresslang import codes
from egresslang.findings import Finding, Label, Severity, finding
from egresslang.policy.binding import INTERNET, Binding
from egresslang.policy.policy import (
    ANY,
    PROTOCOL_CLASS,
    Addresses,
    Assertion,
    Below,
    Destination,
    Everything,
    Grant,
    Name,
    Policy,
    Rule,
    Subject,
)
from egresslang.policy.ranges import BITS, Range, internet, merge, network_range, parse_cidr, show, subtract
from egresslang.policy.regions import of_host, within
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Span
from egresslang.syntax import nodes
from egresslang.syntax.print import show_target
from egresslang.syntax.words import read_network

_DEFAULT_PROTOCOL = {80: "http", 443: "tls"}
_EVERYTHING = Everything()


def resolve(
    files: Iterable[nodes.File], profile: ClusterProfile, today: date, lapsed: Severity
) -> tuple[Policy, list[Finding]]:
    """The policy of all files in a cluster, and what is wrong with it.

    Files and statements may come in any order. Rules for other clusters are left out; expired ones are told with
    severity `lapsed` and grant nothing.
    """
    files = sorted(files, key=lambda file: file.source.path)
    found: list[Finding] = []
    resolver = _Resolver(Binding(files, profile, found), profile, today, lapsed, found)
    for file in files:
        resolver.file(file)
    found.extend(resolver.binding.unused())
    policy = Policy(
        tuple(resolver.grants),
        tuple(resolver.assertions),
        {subject: tuple(sorted(hosts)) for subject, hosts in resolver.mesh.items()},
        frozenset(resolver.named),
        resolver.binding.workloads,
        tuple(file.source.path for file in files),
    )
    return policy, found


class _Resolver:
    def __init__(
        self, binding: Binding, profile: ClusterProfile, today: date, lapsed: Severity, found: list[Finding]
    ) -> None:
        self.binding = binding
        self.profile = profile
        self.today = today
        self.lapsed = lapsed
        self.found = found
        self.grants: list[Grant] = []
        self.assertions: list[Assertion] = []
        self.mesh: dict[Subject, set[str]] = {}
        self.named: set[Subject] = set()
        self._cluster_ranges = _cluster_ranges(profile)
        domain = profile.cluster_domain
        self._inside = re.compile(rf"(?:.*\.)?svc\.{re.escape(domain)}|(?:.*\.)?{re.escape(domain)}|.*\.svc")

    def file(self, file: nodes.File) -> None:
        """Everything a file says."""
        namespace = self.profile.default_namespace
        for statement in file.statements:
            if isinstance(statement, nodes.NamespaceLine):
                namespace = statement.name
                self.binding.enter(statement)
            elif isinstance(statement, nodes.WorkloadSet | nodes.HostSet):
                continue
            elif isinstance(statement, nodes.Allow):
                if self._here(statement.attributes):
                    self._allow(statement, namespace)
            elif isinstance(statement, nodes.Mesh):
                if self._here(statement.attributes):
                    self._mesh(statement, namespace)
            elif self._here(statement.attributes):
                self._assertion(statement, namespace)

    def _tell(self, problem: Finding) -> None:
        self.found.append(problem)

    # Attributes

    def _here(self, attributes: tuple[nodes.Attribute, ...]) -> bool:
        """Whether `cluster=` lets a statement hold in this cluster."""
        for attribute in attributes:
            if attribute.key == "cluster":
                return any(_matches(value.text, self.profile.name) for value in attribute.values)
        return True

    def _rule(
        self, kind: str, span: Span, attributes: tuple[nodes.Attribute, ...]
    ) -> tuple[Rule, nodes.Attribute | None]:
        """The rule of a statement, and its `address=` attribute."""
        values: dict[str, str] = {}
        expires = address = None
        for attribute in attributes:
            if attribute.key == "address":
                address = attribute
            elif attribute.key == "expires":
                expires = self._date(attribute)
            elif attribute.key != "cluster":
                texts = [self._text(value) for value in attribute.values]
                values[attribute.key] = ", ".join(texts)
                if attribute.key == "region":
                    self._check_region(attribute, values["region"])
        return Rule(kind, span, expires=expires, **values), address

    def _text(self, value: nodes.Value) -> str:
        if "${" not in value.text:
            return value.text
        return self.binding.substitute(value.text, value.span) or ""

    def _date(self, attribute: nodes.Attribute) -> date | None:
        text = self._text(attribute.values[0])
        try:
            if len(attribute.values) > 1 or not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
                raise ValueError
            return date.fromisoformat(text)
        except ValueError:
            self._tell(
                finding(
                    codes.BAD_VALUE,
                    attribute.span,
                    f"`{text}` is not a date",
                    "the last day of the rule",
                    help="write it as year-month-day, as in `2027-06-30`",
                )
            )
            return None

    def _check_region(self, attribute: nodes.Attribute, region: str) -> None:
        if len(attribute.values) > 1 or not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", region):
            self._tell(
                finding(
                    codes.BAD_VALUE,
                    attribute.span,
                    f"`{region}` is not a region",
                    "one region is needed here",
                    help="name one region, as in `region=us-east1`; group several under `regions:` of the profile",
                )
            )

    # Allow

    def _allow(self, statement: nodes.Allow, namespace: str) -> None:
        rule, address = self._rule("allow", statement.span, statement.attributes)
        if statement.sources.excepted:
            self._tell(
                finding(
                    codes.SYNTAX,
                    statement.sources.span,
                    "`except` on the left side of an allow",
                    "only `deny` cuts workloads out",
                    help="name the workloads that may",
                )
            )
            return
        subjects = self.binding.subjects(statement.sources.members, namespace)
        self.named.update(subject for subject in subjects if subject.workload != ANY)
        live = self._is_live(rule)
        holes = self._holes(statement.destinations, namespace)
        addresses = self._addresses(address) if address else None
        named = address is not None
        for target, ports, span in self.binding.entries(statement.destinations, namespace, named):
            bound = self.binding.target(target)
            if bound is None:
                continue
            if isinstance(bound, nodes.Anything) and not ports and Subject(ANY, ANY) in subjects:
                self._tell(
                    finding(
                        codes.ANY_ADDRESS,
                        span,
                        "`allow * -> *` opens the whole mesh",
                        "everyone to everything",
                        help="set `enforcement: observe` in the profile to watch without blocking",
                    )
                )
                continue
            for grant in self._destinations(rule, bound, ports, span, holes, addresses, address):
                if live:
                    destination, port, protocol, spelled, endpoints = grant
                    self.grants.extend(
                        Grant(subject, destination, port, protocol, spelled, endpoints, rule, span)
                        for subject in subjects
                    )

    def _is_live(self, rule: Rule) -> bool:
        if rule.expires is not None and rule.expires < self.today:
            self._tell(
                finding(
                    codes.EXPIRED,
                    rule.span,
                    f"this rule expired on {rule.expires}",
                    "grants nothing any more",
                    help="remove it, or write a later `expires=`",
                    severity=self.lapsed,
                )
            )
            return False
        if not rule.region:
            return True
        if not self.profile.region:
            self._tell(
                finding(
                    codes.UNKNOWN_REGION,
                    rule.span,
                    f"nothing says whether this cluster is in `{rule.region}`",
                    "granted nevertheless",
                    help="write `region:` in the profile",
                )
            )
            return True
        if within(self.profile.region, rule.region, self.profile.regions):
            return True
        self._tell(
            finding(
                codes.OTHER_CLUSTER,
                rule.span,
                f"the cluster is in `{self.profile.region}`, not in `{rule.region}`",
                "grants nothing in this cluster",
                help="compile it for a cluster in the region, or correct `region=`",
            )
        )
        return False

    def _destinations(
        self,
        rule: Rule,
        target: nodes.Target,
        ports: tuple[nodes.Port, ...],
        span: Span,
        holes: list[nodes.Network],
        addresses: list[nodes.Network] | None,
        address: nodes.Attribute | None,
    ) -> Iterator[tuple[Destination, int, str, str, tuple[tuple[str, str], ...]]]:
        if self._refused(target, ports, span, holes, rule, address):
            return
        if isinstance(target, nodes.Anything):
            yield _EVERYTHING, 0, "", "", ()
            return
        if not isinstance(target, nodes.Host) or addresses is not None:
            key = show_target(target)
            if not self._lies_in(rule, key, "" if isinstance(target, nodes.Network) else key, target.span):
                return
        for port in ports:
            protocol = port.protocol or _DEFAULT_PROTOCOL.get(port.number, "")
            if not protocol:
                self._tell(
                    finding(
                        codes.MISSING_PROTOCOL,
                        port.span,
                        f"port `{port.number}` has no default protocol",
                        "which protocol?",
                        help=f"write it after the port, as in `{port.number} tcp`",
                    )
                )
                continue
            kind = PROTOCOL_CLASS.get(protocol, protocol)
            if kind == "udp":
                self._tell(
                    finding(
                        codes.NOT_GOVERNED,
                        port.span,
                        "no sidecar sees udp",
                        "compiles to nothing",
                        notes=["a sidecar captures TCP alone: udp leaves the pod unwatched, allowed or not"],
                        help="govern udp with a NetworkPolicy",
                    )
                )
                continue
            if isinstance(target, nodes.Host):
                if addresses is not None:
                    yield from self._at(addresses, target.name, port.number, kind, protocol)
                else:
                    yield from self._named(rule, target, port, kind, protocol)
            elif isinstance(target, nodes.Wildcard):
                if kind == "tcp":
                    self._tell(_tcp_without_address(f"*.{target.suffix}", port, "a wildcard has no address"))
                else:
                    yield Below(target.suffix), port.number, kind, protocol, ()
            else:
                if isinstance(target, nodes.Network):
                    left = list(self._at([target], "", port.number, kind, protocol, holes))
                else:
                    left = list(self._internet(port.number, protocol, holes))
                if not left:
                    self._tell(
                        finding(
                            codes.BAD_ADDRESS,
                            span,
                            f"nothing is left of `{target.span.text}`",
                            "its holes cover all of it",
                            help="cut smaller holes, or remove the rule",
                            severity=Severity.WARNING,
                        )
                    )
                yield from left

    def _refused(
        self,
        target: nodes.Target,
        ports: tuple[nodes.Port, ...],
        span: Span,
        holes: list[nodes.Network],
        rule: Rule,
        address: nodes.Attribute | None,
    ) -> bool:
        """Whether a destination cannot be granted at all, and why."""
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
        elif (
            isinstance(target, nodes.Network) and target.version == 4 and target.first >> 24 == 0 and target.prefix >= 8
        ):
            problem = finding(
                codes.BAD_ADDRESS,
                target.span,
                f"no host has the address `{target.span.text}`",
                "0.0.0.0/8 means this host itself",
                help="write the address of the destination",
            )
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
        elif isinstance(target, nodes.Host | nodes.Wildcard) and self._in_mesh(target):
            problem = finding(
                codes.IN_MESH_DESTINATION,
                target.span,
                f"`{target.span.text}` lies inside the mesh",
                "not outside the cluster",
                help="remove the rule: egress is about what leaves the mesh; `mesh` says what stays reachable in it",
            )
        if problem is not None:
            self._tell(problem)
        return problem is not None

    def _in_mesh(self, target: nodes.Host | nodes.Wildcard) -> bool:
        if isinstance(target, nodes.Wildcard):
            domain = self.profile.cluster_domain
            return bool(self._inside.fullmatch(target.suffix)) or f".svc.{domain}".endswith(f".{target.suffix}")
        if self._inside.fullmatch(target.name):
            return True
        service, _, namespace = target.name.partition(".")
        return any(
            r.kind == "Service" and r.name == service and r.namespace == namespace for r in self.profile.resources
        )

    def _named(
        self, rule: Rule, target: nodes.Host, port: nodes.Port, kind: str, protocol: str
    ) -> Iterator[tuple[Destination, int, str, str, tuple[tuple[str, str], ...]]]:
        """A name without `address=`: resolved by the sidecar, or led to the endpoints the profile knows in the region."""
        endpoints = self._endpoints(rule, target)
        if endpoints is None:
            return
        if kind != "tcp":
            yield Name(target.name), port.number, kind, protocol, endpoints
        elif endpoints:
            networks = [
                network
                for address, _ in endpoints
                if isinstance(network := read_network(address, target.span), nodes.Network)
            ]
            yield from self._at(networks, target.name, port.number, kind, protocol)
        elif self.profile.dns_capture and self.profile.auto_allocate:
            yield Name(target.name), port.number, kind, protocol, ()
        else:
            self._tell(_tcp_without_address(target.name, port, "nothing but the port would tell it from other traffic"))

    def _endpoints(self, rule: Rule, target: nodes.Host) -> tuple[tuple[str, str], ...] | None:
        """The endpoints of a name that lie in the rule's region; none when the name is resolved; None when refused."""
        known = self.profile.destinations.get(target.name)
        if not rule.region or known is None or not known.endpoints:
            return () if self._lies_in(rule, target.name, target.name, target.span) else None
        inside = [e for e in known.endpoints if e.region and within(e.region, rule.region, self.profile.regions)]
        if not inside:
            self._tell(
                finding(
                    codes.OUT_OF_REGION,
                    target.span,
                    f"no endpoint of `{target.name}` is in `{rule.region}`",
                    "all lie elsewhere",
                    [Label(known.endpoints[0].span, f"in `{known.endpoints[0].region}`")],
                    help="correct `region=`, or the profile",
                )
            )
            return None
        if left := len(known.endpoints) - len(inside):
            self._tell(
                finding(
                    codes.OUT_OF_REGION,
                    target.span,
                    f"{left} endpoint{'s' if left > 1 else ''} of `{target.name}` outside `{rule.region}`",
                    "left out: only those in the region can be reached",
                    severity=Severity.NOTE,
                )
            )
        return tuple(sorted((e.address, e.region) for e in inside))

    def _lies_in(self, rule: Rule, key: str, host: str, span: Span) -> bool:
        """Whether nothing says that a destination lies outside the rule's region; tells when nothing says where it is."""
        if not rule.region:
            return True
        known = self.profile.destinations.get(key)
        region = known.region if known is not None and known.region else of_host(host, self.profile.regions)
        if not region:
            self._tell(
                finding(
                    codes.UNKNOWN_REGION,
                    span,
                    f"nothing says where `{key}` is",
                    f"claimed to be in `{rule.region}`",
                    notes=["the claim is declared, not enforced"],
                    help=f"write the region of `{key}` under `destinations:` of the profile",
                )
            )
        elif not within(region, rule.region, self.profile.regions):
            self._tell(
                finding(
                    codes.OUT_OF_REGION,
                    span,
                    f"`{key}` is in `{region}`, not in `{rule.region}`",
                    "outside the rule's region",
                    help="correct `region=`, or the profile",
                )
            )
            return False
        return True

    def _addresses(self, attribute: nodes.Attribute) -> list[nodes.Network]:
        networks = []
        for value in attribute.values:
            text = self._text(value)
            network = read_network(
                text.removeprefix("[").removesuffix("]") if text.startswith("[") else text, value.span
            )
            if isinstance(network, Finding):
                self._tell(network)
            elif network.prefix == 0:
                self._tell(
                    finding(
                        codes.ANY_ADDRESS,
                        value.span,
                        f"`{text}` is every address",
                        "the cluster's own included",
                        help="write the addresses of the destination",
                    )
                )
            else:
                networks.append(network)
        return networks

    def _holes(self, destinations: nodes.Destinations, namespace: str) -> list[nodes.Network]:
        holes = []
        for hole in self.binding.holes(destinations.holes, namespace):
            target = self.binding.target(hole)
            if isinstance(target, nodes.Network):
                holes.append(target)
            elif target is not None:
                self._tell(
                    finding(
                        codes.SYNTAX,
                        target.span,
                        "a hole is an address or network",
                        "not an address",
                        help="write addresses and networks after `except`",
                    )
                )
        return holes

    def _at(
        self,
        networks: list[nodes.Network],
        host: str,
        port: int,
        kind: str,
        protocol: str,
        holes: Iterable[nodes.Network] = (),
    ) -> Iterator[tuple[Destination, int, str, str, tuple[tuple[str, str], ...]]]:
        """Flows to addresses: whatever the bytes, but for http to one address, which is checked."""
        for version in (4, 6):
            mine = [n for n in networks if n.version == version]
            ranges = merge(network_range(n.version, n.first, n.prefix) for n in mine)
            ranges = subtract(
                ranges, merge(network_range(h.version, h.first, h.prefix) for h in holes if h.version == version)
            )
            if not ranges:
                continue
            single = len(networks) == 1 and mine[0].prefix == BITS[version]
            label = host or ", ".join(show(n.version, n.first, n.prefix) for n in mine)
            checked = "http" if kind == "http" and single else "tcp"
            yield Addresses(version, tuple(ranges), host, label), port, checked, protocol, ()

    def _internet(
        self, port: int, protocol: str, holes: list[nodes.Network]
    ) -> Iterator[tuple[Destination, int, str, str, tuple[tuple[str, str], ...]]]:
        for family in self.profile.ip_families:
            version = 4 if family == "IPv4" else 6
            cut = merge(network_range(h.version, h.first, h.prefix) for h in holes if h.version == version)
            ranges = subtract(subtract(internet(version), cut), self._cluster_ranges[version])
            if ranges:
                yield Addresses(version, tuple(ranges), "", INTERNET), port, "tcp", protocol, ()

    # Mesh, deny, expect

    def _mesh(self, statement: nodes.Mesh, namespace: str) -> None:
        if statement.sources.excepted:
            self._tell(
                finding(
                    codes.SYNTAX,
                    statement.sources.span,
                    "`except` in a mesh line",
                    "only `deny` cuts workloads out",
                    help="name the workloads",
                )
            )
            return
        self._rule("mesh", statement.span, statement.attributes)
        domain = self.profile.cluster_domain
        hosts = set()
        for service in statement.services:
            where = service.namespace or namespace
            hosts.add(f"{where}/{service.name}.{where}.svc.{domain}")
        for subject in self.binding.subjects(statement.sources.members, namespace):
            self.mesh.setdefault(subject, set()).update(hosts)
            if subject.workload != ANY:
                self.named.add(subject)

    def _assertion(self, statement: nodes.Deny | nodes.Expect, namespace: str) -> None:
        kind, outcome = ("deny", "") if isinstance(statement, nodes.Deny) else ("expect", statement.outcome)
        rule, address = self._rule(kind, statement.span, statement.attributes)
        addresses = self._addresses(address) if address else None
        subjects = self.binding.subjects(statement.sources.members, namespace)
        excepted = self.binding.subjects(statement.sources.excepted, namespace)
        destinations: list[tuple[Destination, int, str]] = []
        for target, ports, _ in self.binding.entries(statement.destinations, namespace, address is not None):
            bound = self.binding.target(target)
            if bound is None:
                continue
            made = list(self._any_destination(bound, addresses))
            for port in ports or (None,):
                number = port.number if port else 0
                protocol = PROTOCOL_CLASS.get(port.protocol, port.protocol) if port else ""
                destinations.extend((destination, number, protocol) for destination in made)
        holes: list[Destination] = []
        for hole in self.binding.holes(statement.destinations.holes, namespace):
            if (bound := self.binding.target(hole)) is not None:
                holes.extend(self._any_destination(bound, None))
        self.assertions.append(
            Assertion(rule, tuple(subjects), tuple(excepted), tuple(destinations), tuple(holes), outcome)
        )

    def _any_destination(self, target: nodes.Target, addresses: list[nodes.Network] | None) -> Iterator[Destination]:
        if isinstance(target, nodes.Anything):
            yield _EVERYTHING
        elif isinstance(target, nodes.Wildcard):
            yield Below(target.suffix)
        elif isinstance(target, nodes.Host):
            yield Name(target.name)
            for destination, *_ in self._at(addresses or [], target.name, 0, "tcp", "tcp"):
                yield destination
        elif isinstance(target, nodes.Network):
            for destination, *_ in self._at([target], "", 0, "tcp", "tcp"):
                yield destination
        else:
            for destination, *_ in self._internet(0, "tcp", []):
                yield destination


def _is_internet(target: nodes.Target) -> bool:
    return isinstance(target, nodes.Word) and target.name == INTERNET


def _matches(pattern: str, cluster: str) -> bool:
    return bool(re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), cluster))


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
