"""Denials: which allows add a flow that a `deny` forbids, and one such flow.

Names and addresses meet where it is known which addresses a name has: from the profile's `destinations`, or from the
`address=` of any rule. Nobody knows the addresses of all names: so `internet` and `-> *`, allowed or denied, meet every
name on their ports, but for a name that is fixed to addresses of its own.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

from egresslang.policy import sets
from egresslang.policy.definitions import INTERNET
from egresslang.policy.flow_index import FlowIndex
from egresslang.policy.flows import ANY_PROTOCOL, Box, Destinations, Protocols
from egresslang.policy.granted import destinations_of, workloads_of
from egresslang.policy.intervals import union
from egresslang.policy.inventory import Inventory
from egresslang.policy.parts import Part, parts_of
from egresslang.policy.policy import ANY, Addresses, Below, Everything, Grant, Name, Policy, Rule
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import Range, parse_cidr
from egresslang.record import record, replace

_MOST_TOLD = 3
_MOST_LOOKED_AT = 64  # of the denied destinations that one allowed destination meets
_MOST_IN_VAIN = 64  # denials that seem to meet an allowed destination and do not


@record
class Denial:
    """A part with a flow that rules deny, the first few of them; `address` is that of a name, where it is what meets."""

    part: Part
    flow: str
    rules: tuple[Rule, ...]
    name: str = ""
    address: str = ""


@record
class _Denied:
    """A destination that a rule denies: its flows; `name` is whose addresses they are."""

    box: Box
    rule: Rule
    name: str = ""


@record
class _Asked:
    """Flows of a part, and where to look for them; `name` is whose addresses they are."""

    box: Box
    indexes: tuple[_Index, ...]
    grant: Grant
    name: str = ""


def denials(policy: Policy, profile: ClusterProfile) -> Iterator[Denial]:
    """The parts of a policy that rules deny, in their order."""
    judge = _Judge(policy, profile)
    for part in parts_of(policy):
        if (denial := judge.denial(part)) is not None:
            yield denial


class _Judge:
    """Every `deny` of a policy, and what is known of the addresses of names."""

    def __init__(self, policy: Policy, profile: ClusterProfile) -> None:
        self.inventory = policy.inventory
        self.known = KnownAddresses(policy, profile)
        written: list[_Denied] = []
        by_address: list[_Denied] = []
        any_name: list[_Denied] = []
        self.glance = _Glance(self.known)
        for assertion in policy.assertions:
            if assertion.rule.kind != "deny":
                continue
            who = union(map(workloads_of, assertion.subjects)) - union(map(workloads_of, assertion.excepted))
            holes = Destinations()
            for hole in assertion.holes:
                holes |= destinations_of(hole)
            for destination, port, protocol in assertion.destinations:
                if protocol == "udp":
                    continue  # no allow grants it
                self.glance.add(destination)
                protocols = frozenset({protocol}) if protocol else ANY_PROTOCOL
                box = Box(
                    who, destinations_of(destination) - holes, sets.ports(port) if port else sets.ANY_PORT, protocols
                )
                written.append(_Denied(box, assertion.rule))
                if isinstance(destination, Addresses) and destination.label == INTERNET:
                    names = Destinations(names=sets.ANY_NAME)
                    any_name.append(_Denied(Box(who, names, box.ports, protocols), assertion.rule))
                for name in self.known.names(destination):
                    there = Destinations(addresses=self.known.addresses[name]) - holes
                    by_address.append(_Denied(Box(who, there, box.ports, protocols), assertion.rule, name))
        self.written, self.by_address, self.any_name = map(_Index, (written, by_address, any_name))

    def denial(self, part: Part) -> Denial | None:
        """What denies a part."""
        who: sets.Workloads | None = None
        found: list[tuple[_Asked, _Denied]] = []
        rules: set[int] = set()
        for grant in {(id(each.destination), each.port, each.protocol): each for each in part.grants}.values():
            if not self.glance.may_meet(grant):
                continue
            if who is None:
                who = union({each.subject: workloads_of(each.subject) for each in part.grants}.values())
            for asked in self._asked(grant, who):
                for index in asked.indexes:
                    for denied in islice(index.overlapping(asked.box), _MOST_LOOKED_AT):
                        found.append((asked, denied))
                        rules.add(id(denied.rule))
                        if len(rules) == _MOST_TOLD:
                            return self._told(part, found)
        return self._told(part, found) if found else None

    def _asked(self, grant: Grant, who: sets.Workloads) -> Iterator[_Asked]:
        """What to ask of a grant: its names, then its addresses."""
        destination = grant.destination
        ports = sets.ports(grant.port) if grant.port else sets.ANY_PORT
        is_checked = isinstance(destination, Name | Below) or grant.protocol == "http"
        protocols: Protocols = frozenset({grant.protocol}) if is_checked else ANY_PROTOCOL

        def asked(there: Destinations, *indexes: _Index, name: str = "") -> _Asked:
            return _Asked(Box(who, there, ports, protocols), indexes, grant, name)

        names = Destinations(names=destinations_of(destination).names)
        match destination:
            case Everything():
                yield asked(destinations_of(destination), self.written)
            case Addresses():
                there = Destinations(addresses=destinations_of(destination).addresses)
                if destination.host:
                    yield asked(names, self.written)
                if destination.label == INTERNET and not destination.host:
                    yield asked(Destinations(names=sets.ANY_NAME), self.written)
                yield asked(there, self.written, self.by_address, name=destination.host)
            case Name() if grant.endpoints:
                yield asked(names, self.written)
                fixed = union(sets.network(address) for address, _ in grant.endpoints)
                yield asked(Destinations(addresses=fixed), self.written, name=destination.host)
            case Name() | Below():
                yield asked(names, self.written, self.any_name)
                for name in self.known.names(destination):
                    yield asked(Destinations(addresses=self.known.addresses[name]), self.written, name=name)

    def _told(self, part: Part, found: list[tuple[_Asked, _Denied]]) -> Denial:
        by_place = {id(denied.rule): denied.rule for _, denied in found}
        rules = sorted(by_place.values(), key=lambda rule: rule.span.place)[:_MOST_TOLD]
        asked, denied = min(found, key=lambda pair: (bool(pair[0].name or pair[1].name), pair[1].rule.span.place))
        both = asked.box & denied.box
        assert both is not None
        flow = both.witness()
        who = _known_member(both.workloads, asked.grant, self.inventory) or f"{flow.namespace}/{flow.workload}"
        there = f"[{flow.destination}]" if ":" in str(flow.destination) else str(flow.destination)
        protocol = asked.grant.spelled or (next(iter(denied.box.protocols)) if len(denied.box.protocols) == 1 else "")
        port = 443 if 443 in both.ports else flow.port
        shown = f"{who} -> {asked.name or there}:{port} {protocol}".rstrip()
        name = asked.name or denied.name
        address = str(flow.destination) if name and both.destinations.addresses else ""
        return Denial(part, shown, tuple(rules), name, address)


class _Index:
    """What is denied, to be found by its flows.

    Many denials may leave out the same workloads, and then meet none of their allows. Once too many were looked at in
    vain, those that meet the workloads at all have an index of their own: one for all workloads that no denial tells
    apart.
    """

    def __init__(self, denied: list[_Denied]) -> None:
        self._denied = denied
        self._all = FlowIndex([(each.box, each) for each in denied])
        self._of_class: dict[tuple[int, ...], FlowIndex[_Denied]] = {}

    @cached_property
    def _cuts(self) -> list[str]:
        """Where workloads are told apart."""
        return sorted({cut for each in self._denied for cut in each.box.workloads.cuts})

    def overlapping(self, box: Box) -> Iterator[_Denied]:
        """What shares a flow with a box, some of it more than once."""
        alike = self._class(box.workloads)
        vain = 0
        for denied in self._all.likely(box) if alike not in self._of_class else ():
            if box & denied.box:
                yield denied
            elif (vain := vain + 1) > _MOST_IN_VAIN:
                self._of_class[alike] = self._meeting(box.workloads)
                break
        if alike in self._of_class:
            yield from self._of_class[alike].some_overlapping(box)

    def _class(self, workloads: sets.Workloads) -> tuple[int, ...]:
        """The same for workloads that no denial tells apart."""
        ends = [(bisect_right(self._cuts, start), bisect_left(self._cuts, end)) for start, end in workloads]
        return tuple([at for both in ends for at in both])

    def _meeting(self, workloads: sets.Workloads) -> FlowIndex[_Denied]:
        """What is denied to any of some workloads, as if it were denied to everyone."""
        meeting = [each for each in self._denied if each.box.workloads & workloads]
        return FlowIndex([(replace(each.box, workloads=sets.EVERYONE), each) for each in meeting])


def _known_member(workloads: sets.Workloads, grant: Grant, inventory: Inventory) -> str:
    """A known workload of some that a grant for more than one workload has."""
    subject = grant.subject
    if subject.workload != ANY:
        return ""
    spaces = [subject.namespace] if subject.namespace != ANY else sorted(inventory.namespaces)
    for namespace in spaces:
        for name in inventory.namespaces.get(namespace, ()):
            if sets.workload(namespace, name) <= workloads:
                return f"{namespace}/{name}"
    return ""


class KnownAddresses:
    """The addresses that names are known to have."""

    def __init__(self, policy: Policy, profile: ClusterProfile) -> None:
        ranges: dict[str, list[tuple[int, Range]]] = {}
        for host, destination in profile.destinations.items():
            if destination.endpoints:
                ranges.setdefault(host, []).extend(parse_cidr(each.address) for each in destination.endpoints)
        for grant in policy.grants:
            to = grant.destination
            if isinstance(to, Addresses) and to.host:
                ranges.setdefault(to.host, []).extend((to.version, each) for each in to.ranges)
        self.addresses = {
            host: union(sets.addresses(version, [each]) for version, each in set(some)) for host, some in ranges.items()
        }
        self._below: dict[str, list[str]] = {}
        for host in self.addresses:
            for suffix in _above(host):
                self._below.setdefault(suffix, []).append(host)

    def names(self, destination: object) -> Iterable[str]:
        """The names with known addresses that a destination means."""
        if isinstance(destination, Name):
            return (destination.host,) if destination.host in self.addresses else ()
        return self._below.get(destination.suffix, ()) if isinstance(destination, Below) else ()


class _Glance:
    """Rules out what no deny can meet, before anything is calculated."""

    def __init__(self, known: KnownAddresses) -> None:
        self._known = known
        self._hosts: set[str] = set()
        self._suffixes: set[str] = set()
        self._above: set[str] = set()
        self._has_addresses = False
        self._has_any = False

    def add(self, destination: object) -> None:
        """Take note of what is denied."""
        match destination:
            case Name():
                self._hosts.add(destination.host)
                self._above.update(_above(destination.host))
            case Below():
                self._suffixes.add(destination.suffix)
                self._above.update((destination.suffix, *_above(destination.suffix)))
            case Addresses():
                self._has_addresses = True
                self._has_any = self._has_any or destination.label == INTERNET
            case _:
                self._has_any = True
        self._has_addresses = self._has_addresses or bool(self._known.names(destination))

    def may_meet(self, grant: Grant) -> bool:
        """Whether a grant may meet what is denied."""
        destination = grant.destination
        match destination:
            case Everything():
                return True
            case Addresses():
                return self._has_any or self._has_addresses or not destination.host or self._is_named(destination.host)
            case Name():
                return (
                    self._has_any
                    or self._is_named(destination.host)
                    or (self._has_addresses and bool(grant.endpoints or self._known.names(destination)))
                )
            case Below():
                return (
                    self._has_any
                    or destination.suffix in self._above
                    or any(suffix in self._suffixes for suffix in _above(destination.suffix))
                    or (self._has_addresses and bool(self._known.names(destination)))
                )

    def _is_named(self, host: str) -> bool:
        return host in self._hosts or any(suffix in self._suffixes for suffix in _above(host))


def _above(host: str) -> Iterator[str]:
    """Every suffix of a name that starts after a dot."""
    at = host.find(".")
    while at >= 0:
        yield host[at + 1 :]
        at = host.find(".", at + 1)
