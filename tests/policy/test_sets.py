"""Sets of workloads, names, addresses and ports behave like sets: every operator against membership, point by point."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import product
from operator import and_, or_, sub
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egresslang.policy import trees
from egresslang.policy.intervals import Intervals, union
from egresslang.policy.sets import (
    ANY_ADDRESS,
    ANY_NAME,
    ANY_PORT,
    EVERYONE,
    NOTHING,
    Pattern,
    address_number,
    address_ranges,
    addresses,
    host,
    name_patterns,
    namespace,
    network,
    networks,
    ports,
    some_address,
    some_name,
    some_workload,
    wildcard,
    workload,
    workload_patterns,
)

Member = Callable[[Any], bool]
Described = tuple[Intervals[Any], Member]
"""A set, and what it should hold."""


def combined(pieces: st.SearchStrategy[Described]) -> st.SearchStrategy[Described]:
    """Sets made of pieces by unions, intersections and differences, and the same in terms of membership."""

    def combine(first: Described, rest: list[tuple[str, Described]]) -> Described:
        return reduce(_apply, rest, first)

    return st.builds(combine, pieces, st.lists(st.tuples(st.sampled_from("|&-"), pieces), max_size=5))


def _apply(left: Described, step: tuple[str, Described]) -> Described:
    sign, right = step
    ours, theirs = left[1], right[1]
    if sign == "|":
        return left[0] | right[0], lambda point: ours(point) or theirs(point)
    if sign == "&":
        return left[0] & right[0], lambda point: ours(point) and theirs(point)
    return left[0] - right[0], lambda point: ours(point) and not theirs(point)


LABELS = ["a", "a-b", "b"]
NAMES = [".".join(labels) for depth in (1, 2, 3) for labels in product([*LABELS, "fresh"], repeat=depth)]
_HOSTS = {name: host(name) for name in NAMES}
WORKLOADS = list(product(["a", "a-b", "fresh"], ["a", "a-b", "b", "fresh"]))


def _host(name: str) -> Described:
    return host(name), lambda point: point == name


def _wildcard(suffix: str) -> Described:
    return wildcard(suffix), lambda point: point.endswith(f".{suffix}")


def _workload(pair: tuple[str, str]) -> Described:
    return workload(*pair), lambda point: point == pair


def _namespace(name: str) -> Described:
    return namespace(name), lambda point: point[0] == name


def names_to(depth: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(LABELS), min_size=1, max_size=depth).map(".".join)


name_sets = combined(
    st.one_of(st.builds(_host, names_to(3)), st.builds(_wildcard, names_to(2)), st.just((ANY_NAME, bool)))
)
workload_sets = combined(
    st.one_of(
        st.builds(_workload, st.sampled_from([pair for pair in WORKLOADS if "fresh" not in pair])),
        st.builds(_namespace, st.sampled_from(["a", "a-b"])),
        st.just((EVERYONE, bool)),
    )
)


@given(name_sets)
def test_names_hold_what_was_written(described: Described) -> None:
    names, holds = described
    assert [name for name in NAMES if _HOSTS[name] <= names] == [name for name in NAMES if holds(name)]


@given(name_sets, name_sets)
def test_equal_sets_of_names_are_equal_values(one: Described, other: Described) -> None:
    alike = all(one[1](name) == other[1](name) for name in NAMES)
    assert (one[0] == other[0]) == alike
    assert not alike or hash(one[0]) == hash(other[0])
    assert (one[0] <= other[0]) == all(other[1](name) for name in NAMES if one[1](name))
    assert bool(one[0]) == any(one[1](name) for name in NAMES)


@given(name_sets)
def test_an_example_of_names_is_one_of_them(described: Described) -> None:
    names, holds = described
    if names:
        example = some_name(names)
        assert holds(example)
        assert host(example) <= names


@given(name_sets)
def test_patterns_of_names_add_up_to_the_set(described: Described) -> None:
    names, _ = described
    parts = [_of_name(pattern) for pattern in name_patterns(names)]
    assert union(parts) == names
    assert sum(len(list(part)) for part in parts) >= len(list(names))
    assert all(not one & other for index, one in enumerate(parts) for other in parts[:index])


def _of_name(pattern: Pattern) -> Intervals[str]:
    return reduce(sub, map(_name_set, pattern.without), _name_set(pattern.text))


def _name_set(text: str) -> Intervals[str]:
    if text == "*":
        return ANY_NAME
    return wildcard(text[2:]) if text.startswith("*.") else host(text)


@given(workload_sets)
def test_workloads_hold_what_was_written(described: Described) -> None:
    workloads, holds = described
    assert [pair for pair in WORKLOADS if workload(*pair) <= workloads] == [pair for pair in WORKLOADS if holds(pair)]


@given(workload_sets, workload_sets)
def test_equal_sets_of_workloads_are_equal_values(one: Described, other: Described) -> None:
    assert (one[0] == other[0]) == all(one[1](pair) == other[1](pair) for pair in WORKLOADS)
    assert bool(one[0]) == any(one[1](pair) for pair in WORKLOADS)


@given(workload_sets)
def test_an_example_of_workloads_is_one_of_them(described: Described) -> None:
    workloads, holds = described
    if workloads:
        example = some_workload(workloads)
        assert holds(example)
        assert workload(*example) <= workloads


@given(st.lists(st.tuples(st.sampled_from("|&-"), st.integers(0, 12), st.integers(0, 12)), max_size=8))
def test_intervals_of_numbers_are_sets_of_numbers(steps: list[tuple[str, int, int]]) -> None:
    operators = {"|": or_, "&": and_, "-": sub}
    ours: Intervals[int] = Intervals()
    theirs: set[int] = set()
    for sign, start, end in steps:
        ours = operators[sign](ours, Intervals((start, end) if start < end else ()))
        theirs = operators[sign](theirs, set(range(start, end)))
        assert {point for point in range(13) if point in ours} == theirs
        assert list(ours.cuts) == sorted(set(ours.cuts))
        assert {point for start, end in ours for point in range(start, end)} == theirs


def test_complements() -> None:
    assert EVERYONE - (EVERYONE - namespace("a")) == namespace("a")
    assert ANY_NAME - (ANY_NAME - host("x.example")) == host("x.example")
    assert not ANY_PORT - (ANY_PORT - ports(443)) - ports(443)
    assert not EVERYONE - EVERYONE
    assert EVERYONE - EVERYONE == NOTHING


def test_a_wildcard_does_not_hold_its_own_suffix_nor_a_name_that_only_ends_alike() -> None:
    wide = wildcard("example.com")
    assert host("example.com") & wide == NOTHING
    assert host("bad-example.com") & wide == NOTHING
    assert host("api.example.com.evil") & wide == NOTHING
    assert host("a.b.c.example.com") <= wide
    assert wildcard("b.example.com") <= wide


@pytest.mark.parametrize(
    ("names", "patterns"),
    [
        (NOTHING, []),
        (ANY_NAME, [Pattern("*")]),
        (host("a.b") | wildcard("a.b"), [Pattern("a.b"), Pattern("*.a.b")]),
        (wildcard("b") - host("a.b"), [Pattern("*.b", ("a.b",))]),
        (wildcard("b") - wildcard("a.b") | host("x.a.b"), [Pattern("*.b", ("*.a.b",)), Pattern("x.a.b")]),
        (ANY_NAME - host("a.b") - wildcard("a.b"), [Pattern("*", ("a.b", "*.a.b"))]),
    ],
)
def test_patterns_of_names(names: Intervals[str], patterns: list[Pattern]) -> None:
    assert name_patterns(names) == patterns


def test_patterns_of_workloads() -> None:
    workloads = EVERYONE - workload("ops", "scanner") - namespace("dev") | workload("dev", "idgen")
    assert workload_patterns(workloads) == [Pattern("*", ("dev/*", "ops/scanner")), Pattern("dev/idgen")]
    assert workload_patterns(namespace("dev")) == [Pattern("dev/*")]


def test_examples_invent_what_nobody_mentioned() -> None:
    assert some_name(wildcard("example.com")) == "anything.example.com"
    assert some_name(wildcard("example.com") - host("anything.example.com")) == "anything2.example.com"
    assert some_name(wildcard("example.com") - host("x.anything.example.com")) == "anything2.example.com"
    assert some_workload(EVERYONE - namespace("anything")) == ("anything2", "anything")
    assert some_workload(namespace("dev") - workload("dev", "idgen")) == ("dev", "anything")


def test_the_places_around_a_place_widen() -> None:
    node = trees.place(["com", "example", "api"])
    assert list(trees.around(node)) == [" com example api", " com example ", " com ", " "]
    assert list(trees.around(" com ")) == [" com ", " "]
    assert list(trees.around(trees.EVERYWHERE)) == [" "]


def test_addresses_in_and_out() -> None:
    some = network("10.0.0.0/8") - network("10.1.0.0/16") | network("2001:db8::/32") | network("192.0.2.7")
    assert address_number("10.2.0.0") in some
    assert address_number(IPv4Address("10.1.255.255")) not in some
    assert address_number("2001:db8::1") in some
    assert union(map(network, networks(some))) == some
    assert [str(net) for net in networks(network("10.0.0.0/30") - network("10.0.0.1"))] == [
        "10.0.0.0/32",
        "10.0.0.2/31",
    ]
    assert list(address_ranges(network("192.0.2.0/31") | network("::1"))) == [
        (4, int(ip_address("192.0.2.0")), int(ip_address("192.0.2.1"))),
        (6, 1, 1),
    ]
    assert some_address(network("2001:db8::/32")) == IPv6Address("2001:db8::")
    assert some_address(some) == IPv4Address("10.0.0.0")


def test_the_end_of_one_address_family_does_not_touch_the_start_of_the_other() -> None:
    edge = network("255.255.255.255/32") | network("::/128")
    assert [str(net) for net in networks(edge)] == ["255.255.255.255/32", "::/128"]
    assert network("0.0.0.0/0") | network("::/0") == ANY_ADDRESS


def test_ranges_of_addresses_may_come_in_any_order_and_overlap() -> None:
    assert addresses(4, [(5, 9), (0, 4), (3, 6)]) == network(ip_network("0.0.0.0/29")) | addresses(4, [(8, 9)])


def test_ports() -> None:
    assert ports(80, 443, 81) == ports(80) | ports(81) | ports(443)
    assert 443 in ports(443)
    assert 444 not in ports(443)
    assert 0 not in ANY_PORT
    assert 65536 not in ANY_PORT
    assert ports(*range(1, 65536)) == ANY_PORT
