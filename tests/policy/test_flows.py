"""Boxes of flows and their index against brute force: every flow of a small universe, one bit each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from ipaddress import IPv4Address
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egresslang.policy.flow_index import FlowIndex, diff, disjoint, redundant
from egresslang.policy.flows import (
    ANY_PROTOCOL,
    ANYWHERE,
    PROTOCOLS,
    Box,
    Destinations,
    Flow,
    coalesce,
    covers,
    difference,
)
from egresslang.policy.intervals import Intervals, union
from egresslang.policy.sets import (
    ANY_ADDRESS,
    ANY_NAME,
    ANY_PORT,
    EVERYONE,
    NO_ADDRESS,
    NOTHING,
    address_number,
    addresses,
    host,
    namespace,
    network,
    ports,
    wildcard,
    workload,
)

# The universe: whatever a box below can mention, and beside it one that none mentions.

BASE = int(IPv4Address("10.0.0.0"))
WORKLOADS = [workload(*pair) for pair in product(["a", "b", "fresh"], ["x", "y", "fresh"])]
NAMES = [
    host(".".join(labels)) for depth in (1, 2, 3) for labels in product(["p", "q", "fresh"], repeat=depth)
]  # fmt: skip
ADDRESSES = [BASE + number for number in range(32)] + [address_number("192.0.2.1"), address_number("2001:db8::1")]
PORTS = [80, 443, 7]


@cache
def flows(box: Box) -> int:
    """The flows of a box in the universe, one bit each."""
    there = [name <= box.destinations.names for name in NAMES]
    there += [address in box.destinations.addresses for address in ADDRESSES]
    destinations = sum(holds << index for index, holds in enumerate(there))
    found = 0
    for one, port, protocol in product(WORKLOADS, PORTS, PROTOCOLS):
        held = one <= box.workloads and port in box.ports and protocol in box.protocols
        found = found << len(there) | (destinations if held else 0)
    return found


def all_flows(boxes: Sequence[Box]) -> int:
    """The flows that any of the boxes has."""
    found = 0
    for box in boxes:
        found |= flows(box)
    return found


def are_disjoint(boxes: Sequence[Box]) -> bool:
    return all(not flows(one) & flows(other) for index, one in enumerate(boxes) for other in boxes[:index])


# Boxes as an allow makes them: places, networks with holes, few ports; and any boxes at all.

SINGLE_WORKLOADS = st.sampled_from([workload(*pair) for pair in product(["a", "b"], ["x", "y"])])
PLACES = st.one_of(SINGLE_WORKLOADS, st.sampled_from([namespace("a"), namespace("b"), EVERYONE]))
SOME_NAMES = st.one_of(
    st.lists(st.sampled_from("pq"), min_size=1, max_size=3).map(lambda labels: host(".".join(labels))),
    st.lists(st.sampled_from("pq"), min_size=1, max_size=2).map(lambda labels: wildcard(".".join(labels))),
    st.just(ANY_NAME),
)
RANGES = st.tuples(st.integers(0, 31), st.integers(0, 12)).map(
    lambda pair: addresses(4, [(BASE + pair[0], BASE + min(pair[0] + pair[1], 31))])
)
SOME_ADDRESSES = st.one_of(
    RANGES,
    RANGES,
    st.builds(lambda wide, hole: wide - hole, RANGES, RANGES),
    st.just(ANY_ADDRESS),
    st.just(ANY_ADDRESS - network("10.0.0.8/29")),
)
SINGLE_PROTOCOLS = st.sampled_from([frozenset({"http"}), frozenset({"tls"}), frozenset({"tcp"}), ANY_PROTOCOL])
FEW_PORTS = st.sampled_from([ports(80), ports(443), ports(80), ports(443), ports(80, 443), ANY_PORT])

named = st.builds(
    Box, st.lists(PLACES, min_size=1, max_size=2).map(union),
    st.lists(SOME_NAMES, min_size=1, max_size=2).map(lambda names: Destinations(names=union(names))),
    FEW_PORTS, SINGLE_PROTOCOLS,
)  # fmt: skip
networked = st.builds(Box, PLACES, SOME_ADDRESSES.map(lambda some: Destinations(addresses=some)), FEW_PORTS)
allowed = st.one_of(named, networked, st.builds(Box, PLACES, st.just(ANYWHERE)))
crowded = st.one_of(
    st.builds(Box, st.sampled_from([EVERYONE, namespace("a"), workload("a", "x")]),
              RANGES.map(lambda some: Destinations(addresses=some)), st.just(ports(80))),
    st.builds(Box, st.sampled_from([EVERYONE, namespace("a"), workload("a", "x")]),
              st.sampled_from([host("p"), wildcard("p"), wildcard("p.p"), host("p.p")]).map(Destinations),
              st.sampled_from([ports(80), ANY_PORT]), SINGLE_PROTOCOLS),
)  # fmt: skip
anything = st.builds(
    Box,
    st.builds(lambda some, holes: union(some) - union(holes),
              st.lists(PLACES, max_size=2), st.lists(PLACES, max_size=2)),
    st.builds(lambda names, holes, some: Destinations(union(names) - union(holes), some),
              st.lists(SOME_NAMES, max_size=2), st.lists(SOME_NAMES, max_size=2),
              st.one_of(st.just(NO_ADDRESS), SOME_ADDRESSES)),
    st.one_of(FEW_PORTS, st.sampled_from([ANY_PORT - ports(80), ANY_PORT - ports(80, 443), Intervals()])),
    st.frozensets(st.sampled_from(["http", "tls"])).flatmap(lambda some: st.sampled_from([some, ANY_PROTOCOL])),
)  # fmt: skip
some_allowed = st.lists(allowed, max_size=8)
some_crowded = st.lists(crowded, max_size=12)
some_boxes = st.lists(st.one_of(anything, allowed, crowded), max_size=8)
repeated = st.lists(anything, min_size=1, max_size=4).flatmap(lambda some: st.lists(st.sampled_from(some), max_size=8))
any_list = st.one_of(repeated, some_allowed, some_crowded, some_boxes)
any_box = st.one_of(anything, allowed, crowded)


@given(any_box, any_box)
def test_two_boxes(one: Box, other: Box) -> None:
    both = one & other
    assert (flows(both) if both else 0) == flows(one) & flows(other)
    rest = one - other
    assert all_flows(rest) == flows(one) & ~flows(other)
    assert are_disjoint(rest)
    assert all(rest)
    assert (one <= other) == (not flows(one) & ~flows(other))
    assert bool(one) == bool(flows(one))


@given(any_box)
def test_a_witness_is_a_flow_of_the_box(box: Box) -> None:
    if box:
        witness = box.witness()
        assert witness in box
        assert all(witness not in rest for rest in Box(EVERYONE, ANYWHERE) - box)


@given(any_box, any_list)
def test_difference(box: Box, boxes: list[Box]) -> None:
    rest = difference(box, boxes)
    assert all_flows(rest) == flows(box) & ~all_flows(boxes)
    assert are_disjoint(rest)
    assert covers(boxes, box) == (not flows(box) & ~all_flows(boxes))


@given(any_list)
def test_fewer_boxes_with_the_same_flows(boxes: list[Box]) -> None:
    fewer = coalesce(boxes)
    assert len(fewer) <= len(boxes)
    assert all_flows(fewer) == all_flows(boxes)
    parts = disjoint(boxes)
    assert all_flows(parts) == all_flows(boxes)
    assert are_disjoint(parts)
    assert all_flows(coalesce(parts)) == all_flows(parts)
    assert are_disjoint(coalesce(parts))


@settings(max_examples=300)
@given(any_list, st.lists(any_box, max_size=4))
def test_the_index_answers_as_looking_at_each_box_does(boxes: list[Box], questions: list[Box]) -> None:
    index = FlowIndex((box, number) for number, box in enumerate(boxes))
    for question in questions + boxes:
        wanted = flows(question)
        assert list(index.overlapping(question)) == [n for n, box in enumerate(boxes) if flows(box) & wanted]
        assert index.covers(question) == (not wanted & ~all_flows(boxes))
        rest = index.remainder(question)
        assert all_flows(rest) == wanted & ~all_flows(boxes)
        assert are_disjoint(rest)


@settings(max_examples=200)
@given(any_list, any_list)
def test_what_covers_a_box_is_told(boxes: list[Box], questions: list[Box]) -> None:
    index = FlowIndex((box, number) for number, box in enumerate(boxes))
    for question in questions:
        if index.covers(question):
            told = list(index.covering(question))
            assert len(set(told)) == len(told)
            assert not flows(question) & ~all_flows([boxes[number] for number in told])
            assert all(flows(question) & flows(boxes[number]) for number in told)
    for number, box in enumerate(boxes):
        if box:
            assert len(list(FlowIndex([(box, number)]).covering(box))) == 1


def taken_one_by_one(boxes: Sequence[Box]) -> list[int]:
    """What `redundant` means, by brute force: from the end, a box goes if the others that are still there cover it."""
    gone: list[int] = []
    for number in reversed(range(len(boxes))):
        others = [box for other, box in enumerate(boxes) if other != number and other not in gone]
        if not flows(boxes[number]) & ~all_flows(others):
            gone.append(number)
    return sorted(gone)


@settings(max_examples=400)
@given(st.one_of(some_allowed, some_crowded))
def test_redundant_allows_are_those_taken_one_by_one(boxes: list[Box]) -> None:
    assert redundant(boxes) == taken_one_by_one(boxes)


@settings(max_examples=400)
@given(st.one_of(some_boxes, repeated))
def test_what_is_redundant_can_go_and_the_rest_cannot(boxes: list[Box]) -> None:
    gone = redundant(boxes)
    kept = [box for number, box in enumerate(boxes) if number not in gone]
    assert all_flows(kept) == all_flows(boxes)
    assert taken_one_by_one(kept) == []


@settings(max_examples=200)
@given(any_list, any_list)
def test_diff(old: list[Box], new: list[Box]) -> None:
    gained, lost = diff(old, new)
    assert all_flows(gained) == all_flows(new) & ~all_flows(old)
    assert all_flows(lost) == all_flows(old) & ~all_flows(new)
    assert are_disjoint(gained)
    assert are_disjoint(lost)


@pytest.mark.parametrize("seed", range(4))
def test_many_overlapping_networks(seed: int) -> None:
    """Runs of networks at several places of workloads, longer than hypothesis likes to make them."""
    random = Random(seed)
    places = [EVERYONE, namespace("a"), workload("a", "x"), workload("a", "y")]
    boxes = []
    for _ in range(60):
        start = random.randrange(32)
        end = min(start + random.randrange(1, 8), 32) - 1
        some = addresses(4, [(BASE + start, BASE + end)])
        boxes.append(Box(random.choice(places), Destinations(addresses=some), random.choice([ports(80), ANY_PORT])))
    assert redundant(boxes) == taken_one_by_one(boxes)
    kept = [box for number, box in enumerate(boxes) if number not in set(redundant(boxes))]
    assert all_flows(kept) == all_flows(boxes)


def to(name: str, port: int = 443, who: Intervals[str] = EVERYONE, protocol: str = "tls") -> Box:
    names = wildcard(name[2:]) if name.startswith("*.") else host(name)
    return Box(who, Destinations(names), ports(port), frozenset({protocol}))


def into(cidr: str, port: int = 443, who: Intervals[str] = EVERYONE) -> Box:
    return Box(who, Destinations(addresses=network(cidr)), ports(port))


IDGEN = workload("recipes", "idgen")


def test_of_equal_rules_the_first_stays() -> None:
    assert redundant([to("a.example"), to("a.example"), to("a.example")]) == [1, 2]
    assert redundant([into("10.0.0.0/8"), into("10.0.0.0/8")]) == [1]
    most = Box(EVERYONE - IDGEN, Destinations(host("a.example")))
    assert redundant([most, most, most]) == [1, 2]


def test_a_narrow_rule_is_redundant_whichever_comes_first() -> None:
    assert redundant([to("a.example", who=IDGEN), to("*.example")]) == [0]
    assert redundant([to("*.example"), to("a.example", who=IDGEN)]) == [1]


def test_rules_cover_another_together_only() -> None:
    halves = [into("10.0.0.0/9"), into("10.128.0.0/9", who=namespace("recipes"))]
    whole = into("10.0.0.0/8", who=IDGEN)
    assert redundant([*halves, whole]) == [2]
    assert redundant([halves[0], whole]) == []
    assert list(FlowIndex(zip(halves, "ab", strict=True)).covering(whole)) == ["a", "b"]
    quarter = into("10.0.0.0/10", who=IDGEN)
    assert list(FlowIndex(zip([quarter, *halves], "qab", strict=True)).covering(whole)) == ["a", "b"]


def test_the_middle_of_a_staircase_is_redundant() -> None:
    stairs = [addresses(4, [(start, start + 9)]) for start in range(0, 50, 5)]
    boxes = [Box(EVERYONE, Destinations(addresses=stair), ports(443)) for stair in stairs]
    gone = redundant(boxes)
    kept = union(stair for number, stair in enumerate(stairs) if number not in gone)
    assert gone == [2, 4, 6, 8] or kept == union(stairs)
    assert kept == union(stairs)
    assert len(gone) == 4


def test_a_port_or_a_protocol_less_is_not_covered() -> None:
    assert redundant([to("a.example"), to("a.example", 80)]) == []
    assert redundant([to("a.example"), to("a.example", protocol="tcp")]) == []
    either = Box(EVERYONE, Destinations(host("a.example")), ports(443), frozenset({"tls", "tcp"}))
    assert redundant([to("a.example"), either, to("a.example", protocol="tcp")]) == [0, 2]


def test_a_rule_for_any_port_is_covered_by_all_ports_one_by_one() -> None:
    name = Destinations(host("a.example"))
    every = Box(IDGEN, name, ANY_PORT)
    halves = [Box(IDGEN, name, half) for half in (Intervals((1, 900)), Intervals((900, 65536)))]
    index = FlowIndex(zip(halves, ("lower", "upper"), strict=True))
    assert index.covers(every)
    assert sorted(index.covering(every)) == ["lower", "upper"]
    assert index.remainder(Box(EVERYONE, name, ports(443))) == (Box(EVERYONE - IDGEN, name, ports(443)),)
    assert FlowIndex([(halves[0], None)]).covers(Box(IDGEN, name, Intervals((1, 900))))
    few = [Box(IDGEN, name, Intervals((start, min(start + 1000, 65536)))) for start in range(1, 65536, 1000)]
    assert FlowIndex((box, None) for box in few).covers(every)
    assert FlowIndex((box, None) for box in few[:3]).covers(Box(IDGEN, name, Intervals((500, 2500))))
    assert not FlowIndex((box, None) for box in few[1:]).covers(Box(IDGEN, name, Intervals((500, 2500))))
    assert not FlowIndex((box, None) for box in few[1:]).covers(every)


def test_a_hole_in_a_wildcard_is_no_overlap() -> None:
    deny = Box(EVERYONE - IDGEN, Destinations(wildcard("dropbox.com") - host("ok.dropbox.com")))
    index = FlowIndex([(deny, "deny")])
    assert list(index.overlapping(to("a.dropbox.com"))) == ["deny"]
    assert list(index.overlapping(to("a.dropbox.com", who=IDGEN))) == []
    assert list(index.overlapping(to("ok.dropbox.com"))) == []
    assert list(index.overlapping(to("dropbox.com"))) == []
    assert list(index.overlapping(Box(IDGEN, ANYWHERE))) == []
    assert list(index.overlapping(Box(namespace("recipes"), ANYWHERE))) == ["deny"]


def test_holes_are_filled_by_what_they_leave_out() -> None:
    hole = to("a.example")
    wide = to("*.example")
    most = Box(EVERYONE, wide.destinations - hole.destinations, wide.ports, wide.protocols)
    assert redundant([hole, most, wide]) == [0, 1]
    assert redundant([most, hole, into("10.0.0.0/8")]) == []
    assert FlowIndex([(hole, 1), (most, 2)]).covers(wide)
    assert sorted(FlowIndex([(hole, 1), (most, 2)]).covering(wide)) == [1, 2]


def test_workloads_with_the_same_rules_are_one_and_stay_themselves() -> None:
    back = union(workload("recipes", f"w{number}") for number in range(20))
    one = workload("recipes", "w3")
    elsewhere = workload("other", "w3")
    boxes = [to("a.example", who=back), to("b.example", who=back | elsewhere), to("b.example", who=one)]
    index = FlowIndex(zip(boxes, "abc", strict=True))
    assert list(index.overlapping(to("b.example", who=workload("recipes", "w4")))) == ["b"]
    assert list(index.overlapping(to("b.example", who=one))) == ["b", "c"]
    assert list(index.overlapping(to("a.example", who=elsewhere))) == []
    assert index.covers(to("b.example", who=elsewhere))
    assert not index.covers(to("a.example", who=elsewhere | back))
    assert not index.covers(to("a.example", who=workload("recipes", "w20")))
    assert redundant(boxes) == [2]


def test_what_a_diff_tells() -> None:
    old = [to("*.example", who=namespace("recipes")), into("10.0.0.0/8")]
    new = [to("a.example", who=IDGEN), into("10.0.0.0/9"), to("b.other")]
    gained, lost = diff(old, new)
    assert gained == [to("b.other")]
    assert set(lost) == {
        Box(namespace("recipes") - IDGEN, Destinations(wildcard("example")), ports(443), frozenset({"tls"})),
        Box(IDGEN, Destinations(wildcard("example") - host("a.example")), ports(443), frozenset({"tls"})),
        into("10.128.0.0/9"),
    }
    assert diff(new, new) == ([], [])
    assert diff([into("10.0.0.0/9"), into("10.128.0.0/9")], [into("10.0.0.0/8")]) == ([], [])


def test_what_is_gained_is_told_in_few_boxes() -> None:
    gained, _ = diff([], [to(f"h{host}.example", port, workload("recipes", who))
                          for host in range(3) for port in (80, 443) for who in "ab"])  # fmt: skip
    assert len(gained) == 1


def test_a_witness_speaks_for_unmentioned_flows() -> None:
    box = Box(namespace("recipes") - IDGEN, Destinations(wildcard("example") - host("anything.example")), ports(443))
    assert box.witness() == Flow("recipes", "anything", "anything2.example", 443, "http")
    assert into("10.0.0.0/8").witness().destination == IPv4Address("10.0.0.0")
    assert Flow("x", "y", "a.example", 443, "tls") in to("*.example")
    assert Flow("x", "y", IPv4Address("10.0.0.1"), 443, "tls") in into("10.0.0.0/8")
    assert Flow("x", "y", IPv4Address("11.0.0.1"), 443, "tls") not in into("10.0.0.0/8")


def test_nothing_at_all() -> None:
    nobody = Box(NOTHING, ANYWHERE)
    assert not nobody
    assert redundant([]) == []
    assert redundant([nobody]) == [0]
    assert FlowIndex([(nobody, 1)]).covers(nobody)
    assert not FlowIndex([(nobody, 1)]).covers(to("a.example"))
    assert list(FlowIndex([(nobody, 1)]).overlapping(Box(EVERYONE, ANYWHERE))) == []
    assert nobody - nobody == ()
    assert diff([nobody], []) == ([], [])
