"""EGR202: rules and destinations of rules that add no flow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

import pytest
from judged import cluster, found, resolved, told

from egresslang.findings import Severity
from egresslang.policy.parts import Glance, Part, parts_of
from egresslang.policy.policy import ANY, Addresses, Below, Everything, Grant, Name, Policy
from egresslang.policy.redundancy import redundant as redundant_parts
from egresslang.rules import redundant


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("allow s/a -> x.com:443 tls\nallow s/a -> x.com:443 https owner=me", ["1 allow s/a -> x.com:443 tls < 2"]),
        ("allow s/a -> x.com:443 tls\nallow s/* -> x.com:443 tls", ["1 allow s/a -> x.com:443 tls < 2"]),
        ("allow s/a -> x.com:443 tls\nallow * -> *.com.example:443 tls\nallow s/a -> a.com.example:443", ["3 allow s/a -> a.com.example:443 < 2"]),
        ("allow s/a -> *.x.com:443 tls\nallow s/a -> *.b.x.com:443 tls", ["2 allow s/a -> *.b.x.com:443 tls < 1"]),
        (
            "allow s/a -> 20.0.0.0/25:443 tcp\nallow s/* -> 20.0.0.128/25:443 tls\nallow s/a -> 20.0.0.0/24:443 tcp",
            ["3 allow s/a -> 20.0.0.0/24:443 tcp < 1 < 2"],
        ),
        (
            "allow s/a -> 20.0.0.0/24:443 tcp\nallow s/a -> {20.0.0.0/25, 20.0.0.128/25}:443 tcp",
            ["2 allow s/a -> {20.0.0.0/25, 20.0.0.128/25}:443 tcp < 1"],
        ),
        ("allow s/a -> 20.0.0.7:80 http\nallow s/a -> 20.0.0.0/24:80 tcp", ["1 allow s/a -> 20.0.0.7:80 http < 2"]),
        (
            "allow s/a -> internet:443 tls reason=x\nallow s/a -> 20.0.0.0/24:443 tcp",
            ["2 allow s/a -> 20.0.0.0/24:443 tcp < 1"],
        ),
        ("allow s/* -> * reason=x\nallow s/a -> x.com:443 tls", ["2 allow s/a -> x.com:443 tls < 1"]),
        ("allow s/a -> {*.x.com, a.x.com, b.com}:443 tls", ["1 a.x.com < 1"]),
        (
            "allow s/a -> 20.0.0.7:5432 tcp\nallow s/a -> db.com:5432 postgres address=20.0.0.0/24",
            ["1 allow s/a -> 20.0.0.7:5432 tcp < 2"],
        ),
        (
            "allow s/a -> x.com:443 tls expires=2027-01-01\nallow s/a -> x.com:443 tls expires=2027-06-01",
            ["1 allow s/a -> x.com:443 tls < 2"],
        ),
        ("allow s/a -> x.com:443 tls region=us\nallow s/a -> x.com:443 tls", ["1 allow s/a -> x.com:443 tls < 2"]),
        (
            "allow s/a -> x.com:443 tls\nallow s/a -> x.com:443 tls cluster=prod",
            ["2 allow s/a -> x.com:443 tls < 1"],
        ),
        (
            "allow s/a -> x.${v}.com:443 tls\nallow s/a -> x.${v}.com:443 tls",
            ["2 allow s/a -> x.${v}.com:443 tls < 1"],
        ),
        ("allow {s/a, s/b} -> x.com:443 tls\nallow s/a -> x.com:443 tls", ["2 allow s/a -> x.com:443 tls < 1"]),
        (
            "allow s/a -> x.com:443 tls\nallow s/b -> x.com:443 tls\nallow {s/a, s/b} -> x.com:443 tls",
            ["3 allow {s/a, s/b} -> x.com:443 tls < 1 < 2"],
        ),
        ("allow s/a -> x.com:443 tls\nallow {s/a, s/b} -> {x.com, y.com}:443 tls\nallow s/a -> y.com:443 tls owner=z", ["3 allow s/a -> y.com:443 tls < 2", "1 allow s/a -> x.com:443 tls < 2"]),
        ("allow s/a -> {x.com, z.com}:443 tls\nallow {s/a, s/b} -> x.com:443 tls", ["1 x.com < 2"]),
        ("allow s/a -> *.x.com:443 tls\nallow {s/a, s/b} -> a.x.com:443 tls", ["2 s/a < 1"]),
        ("allow s/* -> *.x.com:443 tls\nallow {t/a, s/b, s/*} -> a.x.com:443 tls", ["2 s/* < 1", "2 s/b < 1"]),
        ("allow {s/a, s/*} -> a.x.com:443 tls", ["1 s/a < 1"]),
        ("allow s/a -> *.x.com:443 tls\nallow {s/a, s/b} -> {a.x.com, b.com}:443 tls", []),
        ("hosts h = x.com, y.com\nallow s/a -> h:443 tls\nallow s/a -> {h, z.com}:443 tls", ["3 h < 2"]),
        ("hosts h = x.com, y.com\nallow s/a -> h:443 tls\nallow s/a -> y.com:443 tls", ["3 allow s/a -> y.com:443 tls < 2"]),
    ],
)  # fmt: skip
def test_redundant(policy: str, expected: list[str]) -> None:
    assert told(redundant, policy, "variables: {v: prod}\nregion: us-east1") == expected


@pytest.mark.parametrize(
    "policy",
    [
        "allow s/a -> x.com:443 tls\nallow s/b -> x.com:443 tls",
        "allow s/a -> x.com:443 tls\nallow s/a -> x.com:8443 tls",
        "allow s/a -> x.com:443 tls\nallow s/a -> *.x.com:443 tls",
        "allow s/a -> 20.0.0.0/24:443 tcp except 20.0.0.7\nallow s/a -> 20.0.0.0/28:443 tcp",
        "allow s/a -> 20.0.0.0/25:443 tcp\nallow s/b -> 20.0.0.128/25:443 tcp\nallow s/a -> 20.0.0.64/26:8443 tcp",
        "allow s/a -> 20.0.0.0/24:5432 tcp\nallow s/a -> db.com:5432 postgres address=20.0.0.7",
        "allow s/a -> one.com:5432 tcp address=20.0.0.7\nallow s/a -> two.com:5432 tcp address=20.0.0.7",
        "allow s/a -> 20.0.0.7:80 http\nallow s/a -> 20.0.0.8:80 http",
        "allow s/a -> x.com:443 tls\nallow s/a -> x.com:443 tls address=20.0.0.7",
        "allow s/a -> x.com:443 tls expires=2027-01-01\nallow s/* -> x.com:443 tls expires=2026-12-31",
        "allow s/a -> x.com:443 tls\nallow s/* -> x.com:443 tls region=us",
        "allow s/a -> x.com:443 tls region=us\nallow s/a -> *.com:443 tls region=us-east1",
        "allow s/a -> x.com:443 tls\nallow s/* -> x.com:443 tls cluster=prod",
        "allow s/a -> x.${v}.com:443 tls\nallow s/a -> x.prod.com:443 tls",
        "allow s/a -> internet:443 tls reason=x\nallow s/a -> x.com:443 tls",
        "allow s/* -> x.com:443 tls\nallow s/a -> x.com:{443 tls, 80 http}",
        "allow s/a -> db.com:5432 tcp address=20.0.0.0/24\nallow s/a -> db.com:5432 tcp address=20.0.0.7",
        "allow s/a -> x.com:53 udp\nallow s/a -> x.com:53 udp",
    ],
)
def test_not_redundant(policy: str) -> None:
    assert told(redundant, policy, "variables: {v: prod}\nregion: us-east1") == []


def test_labels_may_choose_others_elsewhere() -> None:
    spec = "namespaces: {s: {workloads: {a: {labels: {tier: web}}, b: {labels: {tier: db}}}}}"
    assert told(redundant, "allow s[tier=web] -> x.com:443 tls\nallow s/a -> x.com:443 tls", spec) == []
    both = "allow s[tier=web] -> x.com:443 tls\nallow s[tier=web] -> x.com:443 tls\n"
    assert [line[0] for line in told(redundant, both, spec)] == ["2"]
    assert [line[0] for line in told(redundant, both + "allow s/* -> x.com:443 tls", spec)] == ["1", "2"] or [
        line[0] for line in told(redundant, both + "allow s/* -> x.com:443 tls", spec)
    ] == ["2", "1"]


def test_a_rule_that_locks_its_workload_adds_something() -> None:
    policy = "allow s/* -> x.com:443 tls\nallow s/a -> x.com:443 tls"
    assert told(redundant, policy, "enforcement: workloads") == []
    assert len(told(redundant, policy, "enforcement: mesh")) == 1
    twice = policy + "\nallow s/a -> x.com:443 tls"
    assert [line[0] for line in told(redundant, twice, "enforcement: workloads")] == ["3"]
    assert len(told(redundant, policy + "\nmesh s/a -> t/*", "enforcement: workloads")) == 1


def test_the_fix_removes_the_whole_statement() -> None:
    policy = "allow s/a -> x.com:443 tls owner=us\nallow s/a -> x.com:443 tls\n    owner=me # why\nallow s/b -> y.com:443 tls\n"
    (each,) = found(redundant, policy)
    assert each.severity is Severity.WARNING
    assert each.fix is not None
    assert each.fix.safe
    (edit,) = each.fix.edits
    text = edit.span.source.text
    assert text[: edit.span.start] + text[edit.span.end :] == policy.replace(
        "allow s/a -> x.com:443 tls\n    owner=me # why\n", ""
    )


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("allow s/a -> x.com:443 tls\nallow s/a -> x.com:443 tls owner=me", "1"),
        ("allow s/a -> x.com:443 tls owner=me\nallow s/a -> x.com:443 tls", "2"),
        ("allow s/a -> x.com:443 tls owner=us\nallow s/a -> x.com:443 tls owner=me", "2"),
        ("allow s/a -> x.com:443 tls reason=x ticket=y\nallow s/a -> x.com:443 tls owner=me", "1"),
        ("allow s/a -> {x.com, y.com}:443 tls\nallow s/a -> x.com:443 tls\nallow s/a -> x.com:443 tls owner=me", "12"),
        ("allow s/a -> x.com:443 tls owner=me\nallow s/a -> *.x.com:443 tls\nallow s/a -> a.x.com:443 tls", "3"),
    ],
)
def test_of_equal_rules_the_one_with_what_is_required_stays(policy: str, expected: str) -> None:
    some = found(redundant, policy, "lint: {require: [owner]}")
    assert "".join(sorted(str(each.span.place[1]) for each in some)) == expected
    assert all(each.fix is None or each.fix.safe for each in some)


def test_a_fix_that_loses_what_is_required_is_not_safe() -> None:
    policy = "allow s/a -> *.x.com:443 tls\nallow s/a -> a.x.com:443 tls owner=me"
    for required, safe in (("owner", False), ("ticket", True)):
        (each,) = found(redundant, policy, f"lint: {{require: [{required}]}}")
        assert each.fix is not None
        assert (each.span.place[1], each.fix.safe) == (2, safe)


def test_a_fix_that_could_open_a_workload_elsewhere_is_not_safe() -> None:
    (each,) = found(redundant, "allow s/* -> x.com:443 tls\nallow s/a -> x.com:443 tls")
    assert each.fix is not None
    assert not each.fix.safe


def test_a_few_of_many_rules_that_cover_one_are_shown() -> None:
    tiles = "".join(f"allow s/a -> 20.0.0.{16 * at}/28:443 tcp\n" for at in range(16))
    (each,) = found(redundant, tiles + "allow s/a -> 20.0.0.0/24:443 tcp")
    assert len(each.related) == 3
    assert each.notes == ("these and other rules together grant all of it",)


# Against brute force, both ways

WHO = ("s/a", "s/b", "s/*", "*", "{s/a, t/b}")
WHERE = (
    *("a.x.com:443 tls", "b.x.com:443 tls", "*.x.com:443 tls", "*.b.x.com:443 tls", "c.b.x.com:443 tls"),
    *("{a.x.com, b.x.com}:443 tls", "a.x.com:{443 tls, 80 http}", "a.x.com:80 http"),
    *("20.0.0.0/30:443 tcp", "20.0.0.0/31:443 tcp", "20.0.0.2/31:443 tcp", "20.0.0.2:443 tcp", "20.0.0.3:443 tls"),
    *("20.0.0.0/29:443 tcp except 20.0.0.1", "20.0.0.4/30:443 tcp", "{20.0.0.2, 20.0.0.3}:443 tls"),
    *("20.0.0.2:443 http", "db.com:443 tcp address=20.0.0.2", "db.com:443 tcp address={20.0.0.2/31, 20.0.0.1}"),
    *("db2.com:443 tcp address=20.0.0.2", "* reason=x", "internet:443 tls reason=x"),
)
MORE = ("", "", "", "", " expires=2027-01-01", " expires=2027-02-01", " region=us", " cluster=prod", " owner=me")


def flows(grant: Grant) -> Iterator[tuple[object, ...]]:
    """The flows of a grant in a small universe: an unmentioned workload, name and address speaks for all of its kind."""
    for workload in ("s/a", "s/b", "s/other", "t/b", "t/other", "u/x"):
        subject = grant.subject
        if subject.namespace not in (ANY, workload[0]) or subject.workload not in (ANY, workload[2:]):
            continue
        for where, port, protocol in destinations(grant):
            yield workload, where, port, protocol


NAMES = ("a.x.com", "b.x.com", "c.b.x.com", "d.b.x.com", "e.x.com", "x.com", "else.org")
NUMBERS = [(20 << 24) + at for at in range(10)] + [30 << 24]
ASKED = ("=db.com", "=db2.com")


def destinations(grant: Grant) -> Iterable[tuple[object, int, str]]:
    to = grant.destination
    match to:
        case Everything():
            return [(each, port, protocol) for each in (*NAMES, *NUMBERS, *ASKED) for port in (80, 443, 1) for protocol in ("http", "tls", "tcp")]  # fmt: skip
        case Name():
            return [(to.host, grant.port, grant.protocol)]
        case Below():
            return [(name, grant.port, grant.protocol) for name in NAMES if name.endswith(f".{to.suffix}")]
        case Addresses():
            protocols = ("http",) if grant.protocol == "http" else ("http", "tls", "tcp")
            inside = [n for n in NUMBERS if any(first <= n <= last for first, last in to.ranges)]
            named = [f"={to.host}"] if to.host else []
            return [(each, grant.port, protocol) for each in (*inside, *named) for protocol in protocols]


def holds_wherever(cover: Part, part: Part) -> bool:
    """Whether a part holds in the clusters of another, and as long."""
    one, two = cover.line, part.line
    clusters = [next((a.span.text for a in x.statement.attributes if a.key == "cluster"), "") for x in (one, two)]
    return (
        one.rule.region in ("", two.rule.region)
        and clusters[0] in ("", clusters[1])
        and (one.rule.expires is None or (two.rule.expires is not None and one.rule.expires >= two.rule.expires))
    )


def is_covered(part: Part, others: Iterable[Part]) -> bool:
    wanted = {flow for grant in part.grants for flow in flows(grant)}
    granted = {flow for each in others if holds_wherever(each, part) for grant in each.grants for flow in flows(grant)}
    return wanted <= granted


def random_policy(seed: int) -> Policy:
    random = Random(seed)
    lines = [
        f"allow {random.choice(WHO)} -> {random.choice(WHERE)}{random.choice(MORE)}"
        for _ in range(random.randint(2, 9))
    ]
    return resolved(
        "\n".join(line for line in lines if "* -> *" not in line or "*." in line), cluster("region: us-east1")
    )


@pytest.mark.parametrize("seed", range(400))
def test_it_agrees_with_brute_force(seed: int) -> None:
    """What is told can be removed all at once, and nothing of what stays could be removed as well."""
    policy = random_policy(seed)
    parts = parts_of(policy)
    told = redundant_parts(Glance(parts), range(len(parts)))
    assert {covered.part.number for covered in told} <= set(Glance(parts).candidates())
    gone = {covered.part.number for covered in told}
    stay = [part for part in parts if part.number not in gone]
    shown = [part.line.statement.span.text for part in parts]
    for part in parts:
        others = [other for other in stay if other is not part]
        assert is_covered(part, others) is (part.number in gone), (part.span.text, shown)
    for covered in told:
        assert covered.by
        assert not {part.number for part in covered.by} & gone
        assert covered.more or is_covered(covered.part, covered.by), (covered.part.span.text, shown)


@pytest.mark.parametrize(
    ("level", "policy", "expected"),
    [
        ("mesh", "allow s/* -> *.x.com:443 tls\nallow {s/a, t/a} -> a.x.com:443 tls", [False]),
        ("workloads", "allow s/* -> *.x.com:443 tls\nallow {s/a, t/a} -> a.x.com:443 tls", []),
        ("workloads", "allow s/a -> *.x.com:443 tls\nallow {s/a, t/a} -> a.x.com:443 tls", [True]),
    ],
)
def test_a_source_that_its_braces_lock_stays(level: str, policy: str, expected: list[bool]) -> None:
    fixes = [each.fix for each in found(redundant, policy, f"enforcement: {level}")]
    assert [fix is not None and fix.safe for fix in fixes] == expected


@pytest.mark.parametrize(
    ("policy", "expected", "has_fix"),
    [
        ("allow s/a -> 20.0.0.7:3306 mysql\nallow s/a -> 20.0.0.0/24:3306 tcp", [], True),
        ("allow s/a -> 20.0.0.7:3306 mysql\nallow s/* -> 20.0.0.0/24:3306 tcp", [], True),
        (
            "allow s/a -> 20.0.0.7:3306 mysql\nallow s/a -> 20.0.0.0/24:3306 mysql",
            ["1 allow s/a -> 20.0.0.7:3306 mysql < 2"],
            True,
        ),
        (
            "allow s/a -> 20.0.0.7:3306 mysql\nallow s/a -> * reason=x",
            ["1 allow s/a -> 20.0.0.7:3306 mysql < 2"],
            True,
        ),
        (
            "allow s/a -> 20.0.0.7:3306 tcp\nallow s/a -> 20.0.0.0/24:3306 mysql",
            ["1 allow s/a -> 20.0.0.7:3306 tcp < 2"],
            False,
        ),
    ],
)
def test_what_alone_says_that_the_server_speaks_first_stays(policy: str, expected: list[str], has_fix: bool) -> None:
    assert told(redundant, policy) == expected
    assert all((each.fix is not None) is has_fix for each in found(redundant, policy))
