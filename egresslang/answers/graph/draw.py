"""Draw: a policy, its cluster and what is found of it become a Graph. What is allowed is asked of the policy."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from egresslang import codes
from egresslang.answers.graph.graph import (
    BLOCKED,
    PASSED,
    UNSEEN,
    DestinationNode,
    Edge,
    Graph,
    Guard,
    Port,
    RuleNode,
    WorkloadNode,
)
from egresslang.findings import Finding, in_order
from egresslang.policy.definitions import INTERNET
from egresslang.policy.intent import Intents
from egresslang.policy.policy import ANY, Addresses, Below, Destination, Everything, Policy, Rule, Subject
from egresslang.policy.public_suffixes import registered
from egresslang.policy.regions import Regions
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import cidrs, show
from egresslang.source import Source, Span

BROAD = frozenset({codes.PUBLIC_WILDCARD, codes.TENANT_WILDCARD, codes.EVERYONE, codes.WIDE_NETWORK, codes.ANY_ADDRESS})
"""Findings that a rule grants more than anybody is likely to need."""

MOST_ADDRESSES = 50
"""Addresses of a destination that are told."""


def draw(policy: Policy, profile: ClusterProfile, findings: Iterable[Finding], seen: Iterable[Subject] = ()) -> Graph:
    """The picture of a policy in a cluster, and of workloads that were seen there besides.

    The findings are its own, those that it suppresses among them.
    """
    told = in_order(findings)
    rules = _rules(policy, told)
    rule_at = {id(each.rule): at for at, each in enumerate(rules)}
    places = _Destinations(policy, profile)
    workloads = _workloads(policy, profile, seen)
    workload_at = {Subject(each.namespace, each.workload): at for at, each in enumerate(workloads)}
    edges: dict[tuple[int, int, int], dict[Port, None]] = {}
    for grant in policy.grants:
        ends = workload_at[grant.subject], places.at[key_of(grant.destination)], rule_at[id(grant.rule)]
        edges.setdefault(ends, {})[grant.port, grant.spelled] = None
    guards = [
        Guard(workload_at[subject], places.at[key], rule_at[id(deny.rule)], ports, *_but(deny.excepted, deny.holes))
        for deny in policy.assertions
        if deny.rule.kind == "deny"
        for key, ports in _denied(deny.destinations)
        for subject in deny.subjects
    ]
    enforced = profile.enforcement
    return Graph(
        profile.name,
        profile.region,
        ", ".join(sorted(enforced.namespaces)) if enforced.level == "namespaces" else enforced.level,
        profile.outbound_traffic_policy,
        ".".join(map(str, profile.version)),
        str(policy.today),
        profile.assumed,
        tuple(workloads),
        places.nodes,
        tuple(rules),
        tuple(Edge(*ends, tuple(ports)) for ends, ports in edges.items()),
        tuple(guards),
        tuple(told),
    )


# Who


def _workloads(policy: Policy, profile: ClusterProfile, seen: Iterable[Subject]) -> list[WorkloadNode]:
    """Every known or seen workload, and each subject of a rule; a namespace where its rest is not that of the mesh."""
    known = policy.inventory.namespaces
    subjects = {*seen, *(each.subject for each in policy.grants)}
    subjects.update(subject for each in policy.assertions if each.rule.kind == "deny" for subject in each.subjects)
    subjects.update(Subject(namespace, name) for namespace, names in known.items() for name in names)
    rest = _Rest(policy, profile)
    everyone = Subject(ANY, ANY)
    usual = rest.of(everyone)
    for namespace in sorted({*known, *profile.enforcement.namespaces}):
        if rest.of(Subject(namespace, ANY)) != usual:
            subjects.add(Subject(namespace, ANY))
    order = sorted(subjects | {everyone}, key=lambda each: (each.namespace != ANY, each.namespace, each.workload))
    nodes = []
    for each in order:
        found = policy.inventory.find(each.namespace, each.workload)
        nodes.append(WorkloadNode(each.namespace, each.workload, found.labels if found else (), *rest.of(each)))
    return nodes


class _Rest:
    """What becomes of what no rule grants a workload, and why."""

    def __init__(self, policy: Policy, profile: ClusterProfile) -> None:
        self.policy = policy
        self.profile = profile
        self.intents = Intents(policy, profile)
        self.observed = {Subject(namespace, name) for namespace, name, _ in profile.observed}
        self.standings = None
        if profile.tells_of_pods:
            from egresslang.policy.standing import Standings

            self.standings = Standings(profile)

    def of(self, subject: Subject) -> tuple[str, str]:
        """One of BLOCKED, PASSED, UNSEEN, and the reason as a clause."""
        known = self.policy.inventory.find(subject.namespace, subject.workload)
        for standing in self.standings.of(known) if self.standings is not None and known is not None else ():
            if standing.uncaptured:
                return UNSEEN, standing.uncaptured
        intent = self.intents.of(subject.namespace, subject.workload)
        level = self.profile.enforcement.level
        if not intent.is_open:
            return BLOCKED, f"enforcement `{level}` closes what no rule grants"
        if any(isinstance(grant.destination, Everything) for grant in intent.grants):
            return PASSED, "a rule leaves it open"
        if subject in self.observed:
            return PASSED, "the profile observes it"
        reasons = {
            "observe": "enforcement `observe` blocks nothing",
            "workloads": "enforcement `workloads` closes the workloads that a rule names",
            "namespaces": "its namespace is not enforced",
        }
        return PASSED, reasons[level]


# Where to

Key = tuple[str, str]


def key_of(destination: Destination) -> Key:
    """Kind and label: what makes a destination one node."""
    if isinstance(destination, Addresses):
        if destination.host:
            return "name", destination.host
        return ("internet" if destination.label == INTERNET else "addresses"), destination.label
    if isinstance(destination, Everything):
        return "anything", ANY
    return ("wildcard" if isinstance(destination, Below) else "name"), str(destination)


def _denied(destinations: Iterable[tuple[Destination, int, str]]) -> Iterator[tuple[Key, tuple[Port, ...]]]:
    """Each denied destination once, with its ports."""
    ports: dict[Key, dict[Port, None]] = {}
    for destination, port, protocol in destinations:
        ports.setdefault(key_of(destination), {})[port, protocol] = None
    for key, found in ports.items():
        yield key, () if (0, "") in found else tuple(found)


def _but(excepted: Iterable[Subject], holes: Iterable[Destination]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(map(str, excepted)), tuple(dict.fromkeys(map(str, holes)))


class _Destinations:
    """Every destination of a policy: its nodes, and the position of each by its key."""

    def __init__(self, policy: Policy, profile: ClusterProfile) -> None:
        self.profile = profile
        self._known_regions = Regions(profile.regions)
        self._claimed: dict[Key, set[str]] = {}
        self._addresses: dict[Key, dict[str, None]] = {}
        for grant in policy.grants:
            key = self._see(grant.destination)
            self._addresses[key].update(dict.fromkeys(address for address, _ in grant.endpoints))
            if grant.rule.region:
                self._claimed[key].add(grant.rule.region)
        for deny in policy.assertions:
            for destination, _, _ in deny.destinations if deny.rule.kind == "deny" else ():
                self._see(destination)
        self.nodes = tuple(sorted(map(self._node, self._claimed), key=lambda each: (each.domain, each.label)))
        self.at = {(each.kind, each.label): at for at, each in enumerate(self.nodes)}

    def _see(self, destination: Destination) -> Key:
        key = key_of(destination)
        if key not in self._claimed:
            self._claimed[key], self._addresses[key] = set(), {}
        if isinstance(destination, Addresses) and key[0] != "internet":
            version, ranges = destination.version, destination.ranges[:MOST_ADDRESSES]
            self._addresses[key].update((show(version, *each), None) for each in cidrs(version, ranges))
        return key

    def _node(self, key: Key) -> DestinationNode:
        kind, label = key
        is_named = kind in ("name", "wildcard")
        return DestinationNode(
            kind,
            label,
            registered(label.removeprefix("*.")) if is_named else "",
            self._regions(label, is_named),
            tuple(sorted(self._claimed[key])),
            tuple(self._addresses[key])[:MOST_ADDRESSES],
        )

    def _regions(self, label: str, is_named: bool) -> tuple[str, ...]:
        """Where it is: as the profile says, else as its name says."""
        known = self.profile.destinations.get(label)
        said = {known.region, *(each.region for each in known.endpoints)} if known is not None else set()
        if not said - {""} and is_named:
            said = {self._known_regions.of_host(label)}
        return tuple(sorted(said - {""}))


# By which rule


def _rules(policy: Policy, findings: Sequence[Finding]) -> list[RuleNode]:
    """The allows and denies that hold in the cluster in the order of files and lines, with what is found of each."""
    allows = {id(line.rule): line for line in policy.allows}
    denies = [each.rule for each in policy.assertions if each.rule.kind == "deny"]
    rules = sorted([*(line.rule for line in policy.allows), *denies], key=lambda rule: (rule.file, rule.span.start))
    about = _About(rules)
    found: list[list[int]] = [[] for _ in rules]
    mentioned: list[list[int]] = [[] for _ in rules]
    for number, each in enumerate(findings):
        at = about.rule(each.span)
        if at is not None:
            found[at].append(number)
        for other in sorted({about.rule(label.span) for label in each.related} - {at, None}, key=str):
            assert other is not None
            mentioned[other].append(number)
    nodes = []
    for at, rule in enumerate(rules):
        line = allows.get(id(rule))
        state = "live"
        if line is not None and not line.is_live:
            is_past = rule.expires is not None and rule.expires < policy.today
            state = "expired" if is_past else "other-region"
        days = (rule.expires - policy.today).days if rule.expires is not None else None
        marks = tuple(_marks([findings[number] for number in found[at]]))
        nodes.append(RuleNode(rule, state, days, marks, tuple(found[at]), tuple(mentioned[at])))
    return nodes


def _marks(found: Sequence[Finding]) -> Iterator[str]:
    """What stands out of a rule; what its author suppressed, with a reason, does not."""
    told = [each for each in found if not each.suppressed]
    if any(str(each.severity) == "error" for each in told):
        yield "error"
    if any(each.code in BROAD for each in told):
        yield "broad"
    if any(each.code is codes.EXPIRES_SOON for each in told):
        yield "expiring"
    if any(each.code is codes.UNUSED_RULE for each in told):
        yield "unused"


class _About:
    """Finds the rule that a place lies in."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules: dict[Source, tuple[list[int], list[tuple[int, int]]]] = {}
        for at, rule in enumerate(rules):
            starts, ends = self._rules.setdefault(rule.span.source, ([], []))
            starts.append(rule.span.start)
            ends.append((rule.span.end, at))

    def rule(self, span: Span) -> int | None:
        """The position of the rule, None where the place lies in none."""
        starts, ends = self._rules.get(span.source, ([], []))
        before = bisect_right(starts, span.start) - 1
        if before < 0:
            return None
        end, at = ends[before]
        return at if span.start < end else None
