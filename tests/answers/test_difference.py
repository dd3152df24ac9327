"""The difference of two policies, flow by flow against brute force; what is no change is told as none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from ipaddress import IPv4Address, ip_address, ip_network
from itertools import product
from random import Random
from typing import Any

import pytest

from egresslang.answers.access import Terms, terms_of
from egresslang.answers.difference.comparison import Compared, Granting, compare
from egresslang.answers.difference.difference import CHANGED, GAINED, LOST, changes
from egresslang.answers.difference.json import show
from egresslang.answers.difference.lines import terms_changed
from egresslang.compile import read
from egresslang.findings import Severity, errors
from egresslang.policy import sets
from egresslang.policy.flows import Box
from egresslang.policy.intent import is_checked
from egresslang.policy.policy import Addresses, Below, Everything, Grant, Name
from egresslang.policy.resolve import resolve
from egresslang.profile.load import load
from egresslang.source import Source

TODAY = date(2026, 11, 23)
PROFILE = """apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: one}
spec:
  region: us-east1
  enforcement: mesh
  namespaces:
    a: {workloads: {x: {labels: {app: x}}, z: {labels: {app: z}}}}
    b: {workloads: {x: {labels: {app: x}}}}
  destinations:
    p.q.test: {endpoints: [{address: 192.0.2.1, region: us-east1}, {address: 192.0.2.2, region: us-west1}]}
"""


def grants_of(text: str, profile: str = PROFILE) -> tuple[Grant, ...]:
    """What a policy grants."""
    files, found = read([Source("p.egress", text)])
    loaded, problems = load(Source("profile.yaml", profile), None)  # type: ignore[arg-type]
    assert loaded is not None, problems
    policy, more = resolve(files, loaded, TODAY, Severity.WARNING)
    assert not errors([*found, *more]), [each.message for each in errors([*found, *more])]
    return policy.grants


# Brute force: every flow of a small universe, judged by the grants themselves.

WORKLOADS = [("a", "x"), ("a", "z"), ("a", "fresh"), ("b", "x"), ("b", "fresh"), ("fresh", "fresh")]
NAMES = ["q.test", "p.q.test", "o.p.q.test", "fresh.q.test", "fresh.p.q.test", "p.r.test", "fresh.r.test", "fresh"]
ADDRESSES = [IPv4Address(each) for each in ("20.0.0.0", "20.0.0.3", "20.0.0.4", "20.0.0.127", "20.0.0.128", "20.0.0.255", "20.0.1.0", "9.9.9.9", "10.0.0.1")]  # fmt: skip
PORTS = [80, 443, 7]
SPOKEN = ["http", "grpc", "tls", "tcp"]
Reached = tuple[tuple[str, str], str | IPv4Address, int, str]
"""A flow of the universe: workload, destination, port, protocol."""


def granted(grant: Grant) -> Iterator[Reached]:
    """The flows of a grant in the universe, by what the language says of each of its parts."""
    subject, there = grant.subject, grant.destination
    who = [each for each in WORKLOADS if (subject.namespace, subject.workload) in (each, (each[0], "*"), ("*", "*"))]
    everything = isinstance(there, Everything)
    spoken = [grant.protocol] if is_checked(grant) else SPOKEN
    where = [each for each in [*NAMES, *ADDRESSES] if everything or _is_there(grant, each)]
    yield from product(who, where, PORTS if everything else {grant.port} & set(PORTS), spoken)


def _is_there(grant: Grant, where: str | IPv4Address) -> bool:
    match grant.destination:
        case Name(host):
            return where == host
        case Below(suffix):
            return isinstance(where, str) and where.endswith(f".{suffix}")
        case Addresses() as there:
            if isinstance(where, str):
                return where == there.host and is_checked(grant)
            return any(first <= int(where) <= last for first, last in there.ranges)
    return True


def in_box(box: Box) -> Iterator[Reached]:
    """The flows of a box in the universe."""
    who = [each for each in WORKLOADS if sets.workload(*each) <= box.workloads]
    where = [each for each in [*NAMES, *ADDRESSES] if each in box.destinations]
    yield from product(who, where, [port for port in PORTS if port in box.ports], set(SPOKEN) & box.protocols)


Said = tuple[str, Terms | None, Terms | None]


def by_force(before: Sequence[Grant], after: Sequence[Grant]) -> dict[Reached, Said]:
    """What becomes of every flow that is granted otherwise."""
    old, new = by_flow(before), by_flow(after)
    found: dict[Reached, Said] = {}
    for flow in {**old, **new}:
        terms = terms_of(old[flow]) if flow in old else None, terms_of(new[flow]) if flow in new else None
        if terms[0] != terms[1]:
            found[flow] = (CHANGED if all(terms) else GAINED if flow in new else LOST, *terms)
    return found


def by_flow(grants: Sequence[Grant]) -> dict[Reached, list[Grant]]:
    """The grants of every flow."""
    found: dict[Reached, list[Grant]] = {}
    for grant in grants:
        for flow in granted(grant):
            found.setdefault(flow, []).append(grant)
    return found


# Policies at random, and what people do to them.

SOURCES = ["a/x", "a/z", "b/x", "a/x", "{a/x, b/x}", "a/*", "b/*", "*"]
PLACES = [
    "q.test:443 tls", "p.q.test:443 tls", "p.q.test:80 http", "o.p.q.test:443 tls", "*.q.test:443 tls", "*.p.q.test:443 tls",
    "*.r.test:80 grpc", "p.r.test:80 grpc", "p.r.test:80 http", "20.0.0.0/24:443 tcp", "20.0.0.0/25:443 tcp", "20.0.0.128/25:443 tls",
    "20.0.0.3:443 tcp", "20.0.0.4:80 http", "20.0.0.0/23:80 tcp except {20.0.0.4, 20.0.0.128/25}", "{q.test, p.q.test}:443 tls",
]  # fmt: skip
WIDE = ['internet:443 tls reason="x"', '* reason="x"', "p.q.test:443 tcp address=20.0.0.0/25", "q.test:80 http address=20.0.0.4"]  # fmt: skip
ATTRIBUTES = ["", "", "", " owner=s", " owner=t", " expires=2027-01-01", " expires=2028-01-01", " expires=2026-01-01", " region=us", " region=us-east1 owner=s"]  # fmt: skip


def some_rule(random: Random) -> str:
    place = random.choice(WIDE) if random.random() < 0.12 else random.choice(PLACES)
    source = random.choice(SOURCES)
    attributes = random.choice(ATTRIBUTES)
    if place.startswith("* ") and source == "*":
        source = "b/*"
    if "internet" in place or place.startswith("* "):
        attributes = attributes.replace(" region=us-east1", "").replace(" region=us", "")
    return f"allow {source} -> {place}{attributes}"


def some_pair(random: Random) -> tuple[str, str]:
    """A policy, and what it became: rules gone, come, and changed; or another one altogether."""
    before = [some_rule(random) for _ in range(random.randrange(9))]
    if random.random() < 0.2:
        after = [some_rule(random) for _ in range(random.randrange(9))]
    else:
        after = [rule for rule in before if random.random() < 0.8]
        after += [some_rule(random) for _ in range(random.randrange(4))]
        after = [rule + random.choice(["", " ticket=T-1"]) for rule in after]
        random.shuffle(after)
    return "\n".join(before) + "\n", "\n".join(after) + "\n"


@pytest.mark.parametrize("seed", range(30))
def test_ten_pairs_of_policies_differ_as_their_flows_do(seed: int) -> None:
    random = Random(seed)
    for _ in range(10):
        texts = some_pair(random)
        before, after = grants_of(texts[0]), grants_of(texts[1])
        for old, new in ((before, after), (after, before)):
            told: dict[Reached, Said] = {}
            for change in changes(old, new):
                held = set(granted(change.grant))
                for flow in {flow for box in change.flows for flow in in_box(box)}:
                    assert flow in held, texts
                    said = change.kind, change.old, change.new
                    assert change.kind != CHANGED or told.get(flow, said) == said, (texts, flow)
                    told[flow] = said
            wanted = by_force(old, new)
            assert {flow: said[0] for flow, said in told.items()} == {f: said[0] for f, said in wanted.items()}, texts
            assert all(told[flow] == said for flow, said in wanted.items() if said[0] == CHANGED), texts


@pytest.mark.parametrize("seed", range(6))
def test_programs_read_the_same_flows_in_json(seed: int) -> None:
    random = Random(1000 + seed)
    for _ in range(5):
        texts = some_pair(random)
        before, after = grants_of(texts[0]), grants_of(texts[1])
        document = json.loads(show(compared(before, after)))
        wanted = by_force(before, after)
        for kind in (GAINED, LOST, CHANGED):
            flows = [each for change in document["changes"] if change["change"] == kind for each in change["flows"]]
            read_back = {flow for flow in UNIVERSE if any(_in_json(each, *flow) for each in flows)}
            assert read_back == {flow for flow, said in wanted.items() if said[0] == kind}, texts


UNIVERSE = list(product(WORKLOADS, [*NAMES, *ADDRESSES], PORTS, SPOKEN))


def _in_json(flows: dict[str, Any], who: tuple[str, str], there: str | IPv4Address, port: int, protocol: str) -> bool:
    if isinstance(there, str):
        reached = any(_matches(each, there, ".", reverse=True) for each in flows["names"])
    else:
        reached = any(each == "*" or ip_address(str(there)) in ip_network(each) for each in flows["addresses"])
    return (
        reached
        and any(_matches(each, "/".join(who), "/") for each in flows["workloads"])
        and any(int(each.split("-")[0]) <= port <= int(each.split("-")[-1]) for each in flows["ports"])
        and protocol in flows["protocols"]
    )


def _matches(pattern: dict[str, Any], text: str, separator: str, reverse: bool = False) -> bool:
    def one(pattern: str) -> bool:
        parts, words = pattern.split(separator), text.split(separator)
        if reverse:
            parts.reverse()
            words.reverse()
        if parts[-1] != "*":
            return parts == words
        return len(words) >= len(parts) and words[: len(parts) - 1] == parts[:-1]

    return one(pattern["pattern"]) and not any(map(one, pattern.get("without", ())))


def compared(before: Iterable[Grant], after: Iterable[Grant]) -> Compared:
    return compare("base", "head", str(TODAY), [("one", Granting(tuple(before)), Granting(tuple(after)))])


def told(before: str, after: str) -> list[tuple[str, str, bool]]:
    """Kind, flow as it is written, and whether that is all that changed."""
    found = changes(grants_of(before), grants_of(after))
    return [(e.kind, f"{e.grant.subject} -> {e.grant.destination}:{e.grant.port}", e.is_whole) for e in found]


# What is no change

RULES = "namespace a\nhosts some = q.test, p.r.test\nallow x -> some:443 tls owner=s\nallow {x, z} -> 20.0.0.0/24:9000 tcp\n"


SPLIT = """namespace a
allow x -> {20.0.0.128/25, 20.0.0.0/25}:9000 tcp
allow z -> 20.0.0.0/24:9000 tcp
allow x -> q.test:443 tls owner=s
allow x -> p.r.test:443 tls
    owner=s  # the same
"""


@pytest.mark.parametrize(
    "after",
    [
        "namespace a\nallow {z, x} -> 20.0.0.0/24:9000 tcp\nallow x -> others:443 tls owner=s\nhosts others = p.r.test, q.test\n",
        SPLIT,
        RULES + "allow x -> 20.0.0.7:9000 tcp\nallow x -> q.test:443 tls owner=s\n",
        RULES.replace("tcp", "mysql").replace(" tls", ' https ticket=T-1 reason="why"'),
        RULES + "deny * -> *.dropbox.com\nexpect x -> q.test:443 allowed\nmesh x -> otel/agent\n",
        RULES + "allow b/x -> lapsed.test:443 tls expires=2026-11-22\nallow b/x -> far.test:443 tls region=eu\n",
    ],
    ids=["renamed and reordered", "split and inlined", "redundant", "labels", "no allow", "grants nothing"],
)  # fmt: skip
def test_no_change(after: str) -> None:
    assert told(RULES, after) == []
    assert told(after, RULES) == []


# What people would say of a change


def test_a_wildcard_that_swallows_ten_names_is_one_change() -> None:
    names = ", ".join(f"n{number}.q.test" for number in range(10))
    before, after = f"allow a/x -> {{{names}}}:443 tls\n", "allow a/x -> *.q.test:443 tls\n"
    assert told(before, after) == [(GAINED, "a/x -> *.q.test:443", False)]
    assert told(after, before) == [(LOST, "a/x -> *.q.test:443", False)]
    (line,) = compared(grants_of(before), grants_of(after)).lines
    assert line.remark == "swallows what was granted before: n0.q.test, n1.q.test, n2.q.test and 7 more"
    (line,) = compared(grants_of(after), grants_of(before)).lines
    assert line.remark == "still granted of it: n0.q.test, n1.q.test, n2.q.test and 7 more"


def test_a_network_that_grows_tells_what_it_grew_by() -> None:
    before, after = "allow a/x -> 20.0.0.0/24:9000 tcp\n", "allow a/x -> 20.0.0.0/23:9000 tcp\n"
    (line,) = compared(grants_of(before), grants_of(after)).lines
    assert (line.kind, line.where, line.remark) == (GAINED, (("20.0.1.0/24", ":9000 tcp"),), "of 20.0.0.0/23")


def test_a_rule_for_a_whole_namespace_tells_who_had_it() -> None:
    before = "allow {a/x, a/z} -> q.test:443 tls\n"
    (line,) = compared(grants_of(before), grants_of("allow a/* -> q.test:443 tls\n")).lines
    assert (line.who, line.remark) == (("a/*",), "swallows what was granted before: a/x, a/z")
    assert [rule.span.text for rule in line.before] == [before.strip()]


def test_a_rule_below_another_new_one_is_no_change_of_its_own() -> None:
    after = "allow a/* -> *.q.test:443 tls\nallow a/x -> p.q.test:443 tls\n"
    assert told("", after) == [(GAINED, "a/* -> *.q.test:443", True)]


def test_an_open_workload_is_one_change() -> None:
    before = "".join(f"allow a/x -> n{number}.q.test:{440 + number} tls\n" for number in range(9))
    assert told(before, before + 'allow a/x -> * reason="why"\n') == [(GAINED, "a/x -> *:0", False)]


def test_terms_of_several_rules_are_those_of_all_of_them() -> None:
    before = "allow a/x -> *.q.test:443 tls owner=s expires=2027-01-01 region=us\n"
    more = "allow a/* -> p.q.test:443 tls owner=t expires=2028-01-01 region=us\n"
    other, changed = sorted(changes(grants_of(before), grants_of(before + more)), key=lambda each: each.kind, reverse=True)  # fmt: skip
    assert (other.kind, str(other.grant.subject), changed.kind, str(changed.grant.destination)) == (GAINED, "a/*", CHANGED, "p.q.test")  # fmt: skip
    assert changed.old == Terms(("s",), ("us",), date(2027, 1, 1), ())
    assert changed.new == Terms(("s", "t"), ("us",), date(2028, 1, 1), ())
    assert len(changed.after) == 2


def test_a_claim_that_one_of_two_rules_makes_is_no_claim() -> None:
    before = "allow a/x -> q.test:443 tls owner=s expires=2027-01-01 region=us\n"
    (changed,) = changes(grants_of(before), grants_of(before + "allow a/x -> q.test:443 tls\n"))
    assert changed.new == Terms(("s",), (), None, ())


def test_where_a_name_leads_belongs_to_its_terms() -> None:
    (changed,) = changes(
        grants_of("allow a/x -> p.q.test:443 tls region=us\n"), grants_of("allow a/x -> p.q.test:443 tls region=us-east1\n")
    )  # fmt: skip
    assert changed.old is not None
    assert changed.new is not None
    assert changed.old.endpoints == ("192.0.2.1", "192.0.2.2")
    assert changed.new.endpoints == ("192.0.2.1",)


def test_many_workloads_below_one_new_wildcard_are_not_looked_through_in_pairs() -> None:
    """Two thousand boxes are taken out of one: in pairs that would be four million steps."""
    spaces = "".join(f"w{number}: {{labels: {{app: w{number}}}}}, " for number in range(2000))
    profile = PROFILE.replace("a: {workloads: {", f"a: {{workloads: {{{spaces}")
    before = "".join(f"allow a/w{number} -> n{number}.q.test:443 tls\n" for number in range(2000))
    (one,) = changes(grants_of(before, profile), grants_of(before + "allow a/* -> *.q.test:443 tls\n", profile))
    assert (str(one.grant.subject), len(one.before), one.is_whole) == ("a/*", 2000, False)


def test_flows_that_change_are_told_once() -> None:
    before = "allow a/x -> *.q.test:443 tls owner=s\nallow a/x -> p.q.test:443 tls owner=t\n"
    found = changes(grants_of(before), grants_of("allow a/x -> *.q.test:443 tls owner=u\n"))
    assert sorted((str(e.grant.destination), e.old and e.old.owners, e.is_whole) for e in found) == [
        ("*.q.test", ("s",), False),
        ("p.q.test", ("s", "t"), True),
    ]


# Fixed addresses of a name


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("443 tls address=192.0.2.1", "443 tls", [(GAINED, "a/x -> w.test:443"), (LOST, "a/x -> w.test at 192.0.2.1:443")]),
        ("443 tls", "443 tls address=192.0.2.1", [(GAINED, "a/x -> w.test at 192.0.2.1:443"), (LOST, "a/x -> w.test:443")]),
        ("443 tls address={192.0.2.1, 2001:db8::1}", "443 tls address=192.0.2.1", [(LOST, "a/x -> w.test at [2001:db8::1]:443")]),
        ("80 http address=192.0.2.1", "80 http", [(LOST, "a/x -> w.test:80"), (CHANGED, "a/x -> w.test:80")]),
        ("80 http address=192.0.2.1", "80 http address=192.0.2.2", [(GAINED, "a/x -> w.test:80"), (LOST, "a/x -> w.test:80"), (CHANGED, "a/x -> w.test:80")]),
    ],
)  # fmt: skip
def test_a_name_at_fixed_addresses_is_not_the_name(before: str, after: str, said: list[tuple[str, str]]) -> None:
    rules = [f"allow a/x -> w.test:{each}\n" for each in (before, after)]
    assert [each[:2] for each in told(*rules)] == said
    assert compared(grants_of(rules[0]), grants_of(rules[1])).is_widened is (said[0][0] == GAINED or "http" in after)


def test_the_name_beside_its_fixed_address_is_gained() -> None:
    before = "allow a/x -> w.test:443 tls address=192.0.2.1\n"
    assert told(before, before + "allow a/x -> w.test:443 tls\n") == [(GAINED, "a/x -> w.test:443", True)]


def test_where_a_name_leads_is_told() -> None:
    before = "allow a/x -> w.test:80 http address=192.0.2.1\n"
    lines = compared(grants_of(before), grants_of("allow a/x -> w.test:80 http\n")).lines
    assert lines[1].old is not None
    assert lines[1].new is not None
    assert terms_changed(lines[1].old, lines[1].new) == ["leads to: 192.0.2.1 -> what the name resolves to"]


def test_parts_with_other_owners_are_changes_of_their_own() -> None:
    after = "allow a/x -> *.q.test:443 tls owner=s\nallow a/x -> p.q.test:443 tls owner=t\n"
    for before, head in (("", after), (after, "")):
        found = changes(grants_of(before), grants_of(head))
        told = [(str(e.grant.destination), (e.new or e.old or Terms()).owners, e.is_whole) for e in found]
        assert told == [("*.q.test", ("s",), False), ("p.q.test", ("s", "t"), True)]
    assert [line.remark for line in compared((), grants_of(after)).lines] == ["in part", ""]
