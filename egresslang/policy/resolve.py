"""Resolve: syntax trees and a profile become a Policy, every flow with the rule it came from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from egresslang import codes, limits
from egresslang.findings import Finding, Severity, finding
from egresslang.limits import Limit
from egresslang.policy.attributes import Attributes
from egresslang.policy.binding import Binding
from egresslang.policy.destinations import Asked, Destinations
from egresslang.policy.policy import (
    ANY,
    PROTOCOL_CLASS,
    AllowLine,
    Assertion,
    Destination,
    Grant,
    Policy,
    Rule,
    Subject,
)
from egresslang.policy.repeated import repeated
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Span
from egresslang.syntax import nodes


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
    try:
        for file in files:
            resolver.file(file)
    except _TooMuch as stopped:
        found.append(stopped.finding)
    else:
        found.extend(resolver.binding.definitions.unused())
    policy = Policy(
        tuple(resolver.grants),
        tuple(resolver.assertions),
        {subject: tuple(sorted(hosts)) for subject, hosts in resolver.mesh.items()},
        frozenset(subject for subject in resolver.named if subject.workload != ANY),
        resolver.binding.inventory,
        tuple(file.source.path for file in files),
        tuple(resolver.allows),
        today,
    )
    return policy, found


class _TooMuch(Exception):
    """The policy is more than a limit; `finding` tells of it at the statement with which it is."""

    def __init__(self, limit: Limit, message: str, span: Span) -> None:
        self.finding = limits.over(limit, span, message)


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
        self.allows: list[AllowLine] = []
        self.assertions: list[Assertion] = []
        self.mesh: dict[Subject, set[str]] = {}
        self.named: set[Subject] = set()
        self.root = Subject(profile.root_namespace, ANY)
        self.attributes = Attributes(binding, profile, found)
        self.destinations = Destinations(binding, profile, found)
        self.left = limits.EXPANSION.now
        self.most_findings = limits.FINDINGS.now
        self.has_variables = False

    def file(self, file: nodes.File) -> None:
        """Everything a file says."""
        namespace = self.profile.default_namespace
        self.has_variables = "${" in file.source.text
        for statement in file.statements:
            self.found.extend(repeated(statement))
            if isinstance(statement, nodes.NamespaceLine):
                namespace = statement.name
                self.binding.enter(statement)
            elif isinstance(statement, (nodes.WorkloadSet, nodes.HostSet)):
                continue
            elif not self.attributes.hold_here(statement.attributes):
                self.binding.definitions.use(statement, namespace)
            elif isinstance(statement, nodes.Allow):
                self._allow(statement, namespace)
            elif isinstance(statement, nodes.Mesh):
                self._mesh(statement, namespace)
            else:
                self._assertion(statement, namespace)

    def _tell(self, problem: Finding) -> None:
        self.found.append(problem)

    def _spend(self, flows: int, span: Span) -> None:
        """Count flows before they are made: whatever sets are used for, each step is paid for here."""
        self.left -= flows
        if self.left < 0:
            raise _TooMuch(limits.EXPANSION, "the policy stands for too many flows", span)
        if len(self.found) > self.most_findings:
            raise _TooMuch(limits.FINDINGS, "there are too many findings", span)

    def _counted(
        self, statement: nodes.Allow | nodes.Deny | nodes.Expect, namespace: str, named: bool, each: int = 1
    ) -> list[tuple[nodes.Target, tuple[nodes.Port, ...], Span]]:
        """The destinations of a statement, sets written out, once it is paid for all that is made of `each` of their ports."""
        entries = []
        for entry in self.binding.entries(statement.destinations, namespace, named):
            self._spend(max(1, len(entry[1])) * each, statement.span)
            entries.append(entry)
        return entries

    # Allow

    def _allow(self, statement: nodes.Allow, namespace: str) -> None:
        rule, address = self.attributes.rule("allow", statement.span, statement.attributes)
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
        subjects = self._subjects(statement.sources, namespace)
        self.named.update(subjects)
        live = self._is_live(rule)
        varies = self.has_variables and _has_variables(statement)
        holes = self.destinations.holes(statement.destinations, namespace)
        if holes is None:
            return
        self._spend(len(holes), statement.span)
        addresses = self.attributes.addresses(address) if address else None
        named = address is not None
        targets: list[nodes.Target] = []
        each = max(1, len(subjects), len(addresses or ()), len(holes))
        for target, ports, span in self._counted(statement, namespace, named, each):
            bound = self.binding.target(target)
            if bound is None:
                continue
            targets.append(bound)
            varies = varies or bound is not target
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
            for number, reach in enumerate(
                self.destinations.granted(Asked(rule, live, bound, ports, holes, addresses, address, span))
            ):
                if number >= len(ports):  # an address cut out of a network leaves several
                    self._spend(len(subjects), statement.span)
                if live:
                    self.grants += [
                        Grant(
                            subject,
                            reach.destination,
                            reach.port,
                            reach.protocol,
                            reach.spelled,
                            reach.endpoints,
                            rule,
                            span,
                        )
                        for subject in subjects
                    ]
        if holes:
            self._spend(len(holes) * len(targets), statement.span)
            self.destinations.tell_idle(statement.destinations.holes, targets, namespace)
        self.allows.append(AllowLine(rule, statement, live, varies))

    def _subjects(self, sources: nodes.Sources, namespace: str) -> list[Subject]:
        """Who the sources are, if each can have a Sidecar of its own."""
        subjects = self.binding.subjects(sources.members, namespace)
        self._spend(len(subjects), sources.span)
        root = self.root
        if root in subjects and self.profile.enforcement.level == "mesh":
            self._tell(
                finding(
                    codes.INEXPRESSIBLE,
                    sources.span,
                    f"`{root}` cannot be told from the rest of the mesh",
                    "a whole namespace",
                    notes=[f"a Sidecar without a selector in `{root.namespace}` is the default of every namespace"],
                    help=f"name the workloads of `{root.namespace}`",
                )
            )
        return subjects

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
        if not rule.region or self.attributes.regions.within(self.profile.region, rule.region):
            return True
        self._tell(self._elsewhere(rule))
        return not self.profile.region

    def _elsewhere(self, rule: Rule) -> Finding:
        """A rule that is for clusters of another region, or of one that nobody knows, or nobody knows of this one."""
        own, region = self.profile.region, rule.region
        code, label = (codes.OTHER_CLUSTER, "grants nothing in this cluster") if own else (codes.UNKNOWN_REGION, "granted nevertheless")  # fmt: skip
        if not self.attributes.knows_region(region):
            meant = self.attributes.near_region(region)
            help = (
                f"declare it under `regions:` of the profile, or {f'write `{meant}`' if meant else 'correct `region=`'}"
            )
            return finding(code, rule.span, f"nothing says what region `{region}` is", label, help=help)
        if not own:
            message = f"nothing says whether this cluster is in `{region}`"
            return finding(code, rule.span, message, label, help="write `region:` in the profile")
        is_near = own.replace("-", "") == region.replace("-", "")
        help = f"write `region={own}`" if is_near else "compile it for a cluster in the region, or correct `region=`"
        return finding(code, rule.span, f"the cluster is in `{own}`, not in `{region}`", label, help=help)

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
        self.attributes.rule("mesh", statement.span, statement.attributes)
        domain = self.profile.cluster_domain
        hosts = set()
        for service in statement.services:
            where = service.namespace or namespace
            hosts.add(f"{where}/{service.name}.{where}.svc.{domain}")
        for subject in self._subjects(statement.sources, namespace):
            self._spend(len(hosts), statement.span)
            self.mesh.setdefault(subject, set()).update(hosts)
            self.named.add(subject)

    def _assertion(self, statement: nodes.Deny | nodes.Expect, namespace: str) -> None:
        kind, outcome = ("deny", "") if isinstance(statement, nodes.Deny) else ("expect", statement.outcome)
        rule, address = self.attributes.rule(kind, statement.span, statement.attributes)
        addresses = self.attributes.addresses(address) if address else None
        subjects = self.binding.subjects(statement.sources.members, namespace)
        excepted = self.binding.subjects(statement.sources.excepted, namespace)
        destinations: list[tuple[Destination, int, str]] = []
        self._spend(len(subjects) + len(excepted), statement.span)
        for target, ports, _ in self._counted(statement, namespace, address is not None):
            bound = self.binding.target(target)
            if bound is None:
                continue
            made = list(self.destinations.asserted(bound, addresses))
            for port in ports or (None,):
                number = port.number if port else 0
                protocol = PROTOCOL_CLASS.get(port.protocol, port.protocol) if port else ""
                destinations.extend((destination, number, protocol) for destination in made)
        holes: list[Destination] = []
        for hole in self.binding.holes(statement.destinations.holes, namespace):
            if (bound := self.binding.target(hole)) is not None:
                holes.extend(self.destinations.asserted(bound, None))
        self.assertions.append(
            Assertion(rule, tuple(subjects), tuple(excepted), tuple(destinations), tuple(holes), outcome)
        )


def _has_variables(statement: nodes.Allow) -> bool:
    """Whether variables stand in a hole, or in an attribute that says what is granted."""
    return any(isinstance(hole, nodes.Template) for hole in statement.destinations.holes) or any(
        "${" in value.text
        for attribute in statement.attributes
        if attribute.key in ("region", "address", "cluster")
        for value in attribute.values
    )
