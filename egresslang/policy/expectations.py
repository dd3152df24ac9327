"""Expectations: whether a policy grants what its `expect` lines say it does, judged by the grants alone.

`allowed` means that every member of the source has every flow; where no port or no protocol is said, some of them.
`blocked` means that no member has any flow of it. `address=` is the address that is dialled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv6Address

from egresslang.policy import sets
from egresslang.policy.flows import Box, Destinations, Flow, difference
from egresslang.policy.granted import GOVERNED, Granted, Near, box_of, destinations_of, rules_of, workloads_of
from egresslang.policy.intervals import union
from egresslang.policy.policy import Addresses, Assertion, Grant, Name, Policy
from egresslang.record import record, replace

ALLOWED = "allowed"


@record
class Judgement:
    """Whether an expectation is met: `grants` are those of its flows, one of each rule.

    Where it is not met, `flow` is one that is granted or missing against it, said as far as the expectation says it, and
    `near` what comes nearest to a missing one.
    """

    assertion: Assertion
    is_met: bool
    grants: tuple[Grant, ...]
    flow: str = ""
    near: Near | None = None


@record
class _Expected:
    """Flows of an expectation: to a name, or to addresses, or to both where the address is dialled under the name."""

    name: Box | None
    addresses: Box | None
    any_port: bool
    any_protocol: bool


def judge(policy: Policy) -> Iterator[Judgement]:
    """A judgement of each `expect` line, in the order of the policy."""
    granted = Granted(policy.grants)
    for assertion in policy.assertions:
        if assertion.rule.kind == "expect":
            yield _judged(assertion, granted)


def _judged(assertion: Assertion, granted: Granted) -> Judgement:
    found: list[Grant] = []
    for expected in _expected(assertion):
        ways = list(_ways(expected, granted))
        grants = [grant for _, those in ways for grant in those]
        if assertion.outcome == ALLOWED:
            missing = _missing(expected, ways)
            if missing is not None:
                where = missing.destinations
                near = granted.near(_one(missing.witness()), bool(where.names and where.addresses))
                return Judgement(assertion, False, tuple(rules_of(grants)), _shown(missing, expected), near)
        elif grants:
            first = next(rules_of(grants))
            box = next(both for way, those in ways if first in those and (both := way & box_of(first)))
            return Judgement(assertion, False, (first,), str(box.witness()))
        found += grants
    return Judgement(assertion, True, tuple(rules_of(found)))


def _expected(assertion: Assertion) -> Iterator[_Expected]:
    who = union(map(workloads_of, assertion.subjects))
    if assertion.excepted:
        who = who - union(map(workloads_of, assertion.excepted))
    holes = Destinations()
    for hole in assertion.holes:
        holes |= destinations_of(hole)
    dialled = {each[0].host for each in assertion.destinations if isinstance(each[0], Addresses) and each[0].host}
    for destination, port, protocol in assertion.destinations:
        if isinstance(destination, Name) and destination.host in dialled:
            continue
        where = destinations_of(destination) - holes
        ports = sets.ports(port) if port else sets.ANY_PORT
        box = Box(who, where, ports, frozenset({protocol}) if protocol else GOVERNED)
        names, addresses = Destinations(names=where.names), Destinations(addresses=where.addresses)
        name, address = replace(box, destinations=names), replace(box, destinations=addresses)
        if isinstance(destination, Addresses) and destination.host:
            yield _Expected(name, address, not port, not protocol)
        else:
            if where.names:
                yield _Expected(name, None, not port, not protocol)
            if where.addresses:
                yield _Expected(None, address, not port, not protocol)


def _ways(expected: _Expected, granted: Granted) -> Iterator[tuple[Box, list[Grant]]]:
    """The boxes that may each grant the flows, and the grants that have some of them."""
    if expected.name is not None and expected.addresses is not None:
        yield expected.name, granted.to_name_told(expected.name)
        yield expected.addresses, granted.to_address(expected.addresses)
    else:
        box = expected.name or expected.addresses
        if box:
            yield box, granted.to(box)


def _missing(expected: _Expected, ways: Iterable[tuple[Box, list[Grant]]]) -> Box | None:
    """Flows that no way grants; None where all are granted."""
    widen = _widening(expected)
    left: list[Box] | None = None
    for way, grants in ways:
        rest = difference(way, [widen(box_of(grant)) for grant in grants])
        left = list(rest) if left is None else [both for one in left for two in rest if (both := _alike(one, two))]
        if not left:
            return None
    return left[0] if left else None


def _alike(one: Box, two: Box) -> Box | None:
    """The connections that are to the names of one box and to the addresses of another; None where there are none."""
    both = Box(
        one.workloads & two.workloads,
        Destinations(one.destinations.names, two.destinations.addresses),
        one.ports & two.ports,
        one.protocols & two.protocols,
    )
    return both or None


def _widening(expected: _Expected) -> Callable[[Box], Box]:
    """What a grant is for where an expectation leaves port or protocol open: one that it has will do."""

    def widen(box: Box) -> Box:
        return replace(
            box,
            ports=sets.ANY_PORT if expected.any_port else box.ports,
            protocols=GOVERNED if expected.any_protocol else box.protocols,
        )

    return widen


def _shown(box: Box, expected: _Expected) -> str:
    """One flow of a box, without the port and protocol that its expectation leaves open."""
    flow, where = box.witness(), box.destinations
    there = f"[{flow.destination}]" if isinstance(flow.destination, IPv6Address) else str(flow.destination)
    port = "" if expected.any_port else f":{flow.port}"
    protocol = "" if expected.any_protocol else f" {flow.protocol}"
    address = f" address={sets.some_address(where.addresses)}" if where.names and where.addresses else ""
    return f"{flow.namespace}/{flow.workload} -> {there}{port}{protocol}{address}"


def _one(flow: Flow) -> Box:
    """The box of one flow."""
    where = (
        Destinations(names=sets.host(flow.destination))
        if isinstance(flow.destination, str)
        else Destinations(addresses=sets.network(str(flow.destination)))
    )
    return Box(sets.workload(flow.namespace, flow.workload), where, sets.ports(flow.port), frozenset({flow.protocol}))
