"""What names stand for: sets and where they belong, workloads, labels; and what is told of a name that is none."""

from __future__ import annotations

import textwrap
from datetime import date

import pytest

from egresslang.findings import Finding, Severity
from egresslang.policy.policy import Policy
from egresslang.policy.resolve import resolve
from egresslang.profile.load import load
from egresslang.profile.stock import stock
from egresslang.source import Source
from egresslang.syntax.parse import parse

PROFILE = """\
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: prod}
spec:
  defaultNamespace: shop
  ipFamilies: [IPv4, IPv6]
  hosts: {kube-api: [203.0.113.1, api.k8s.example.com], ported: ["a.example.com:443 tls", "[2001:db8::1]:443 tcp"]}
  namespaces:
    shop:
      workloads:
        cart: {labels: {app: cart, tier: web}}
        pay: {labels: {app: pay, tier: back, egress: ""}}
        my.app: {labels: {app: my.app}}
    data:
      workloads:
        etl: {labels: {app: etl, tier: back}}
        cart: {labels: {app: cart}}
    quiet: {}
"""


def resolved(policy: str | dict[str, str], *, known: bool = True) -> tuple[Policy, list[Finding]]:
    texts = {"p.egress": policy} if isinstance(policy, str) else policy
    files = []
    for name, text in texts.items():
        file, found = parse(Source(name, textwrap.dedent(text)))
        assert found == []
        files.append(file)
    profile, found = load(Source("profile.yaml", PROFILE), lambda path: path)
    assert found == []
    assert profile is not None
    return resolve(files, profile if known else stock(), date(2026, 11, 23), Severity.ERROR)


def who(policy: str | dict[str, str], *, known: bool = True) -> list[str]:
    made, found = resolved(policy, known=known)
    assert {each.code.id for each in found} <= {"EGR202"}
    return sorted({str(grant.subject) for grant in made.grants})


def where(policy: str | dict[str, str]) -> list[str]:
    made, found = resolved(policy)
    assert found == []
    return sorted({f"{grant.destination}:{grant.port}" for grant in made.grants})


def told(policy: str | dict[str, str], *, known: bool = True) -> list[str]:
    """Each finding: code, file and line, underlined text, message."""
    found = resolved(policy, known=known)[1]
    return [
        f"{each.code.id} {each.span.place[0]}:{each.span.place[1]} {each.span.text} | {each.message}" for each in found
    ]


A = " -> a.example.com:443 tls\n"

# Sources


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("cart", ["shop/cart"]),
        ("data/cart", ["data/cart"]),
        ("my.app", ["shop/my.app"]),
        ("shop/*", ["shop/*"]),
        ("quiet/*", ["quiet/*"]),
        ("*", ["*"]),
        ("{cart, data/etl, cart}", ["data/etl", "shop/cart"]),
        ("[tier=back]", ["shop/pay"]),
        ("*[tier=back]", ["data/etl", "shop/pay"]),
        ("data[app=cart]", ["data/cart"]),
        ("data/*[app=cart]", ["data/cart"]),
        ("*[app=cart]", ["data/cart", "shop/cart"]),
        ("[tier]", ["shop/cart", "shop/pay"]),
        ("[egress]", ["shop/pay"]),
        ("[egress=]", ["shop/pay"]),
        ("[tier=back, app=pay]", ["shop/pay"]),
        ("{[tier=web], data[tier=back]}", ["data/etl", "shop/cart"]),
    ],
)
def test_sources(source: str, expected: list[str]) -> None:
    assert who(f"allow {source}{A}") == expected


def test_without_an_inventory_workloads_are_those_that_are_named() -> None:
    made, found = resolved(f"allow {{cart, data/etl}}{A}", known=False)
    assert found == []
    assert {
        f"{w.namespace}/{w.name}": w.selector for each in made.inventory.namespaces.values() for w in each.values()
    } == {
        "default/cart": (("app", "cart"),),
        "data/etl": (("app", "etl"),),
    }


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        ("crat", "EGR103 p.egress:1 crat | `crat` is no workload of namespace `shop`"),
        ("etl", "EGR103 p.egress:1 etl | `etl` is no workload of namespace `shop`"),
        ("quiet/cart", "EGR103 p.egress:1 quiet/cart | `cart` is no workload of namespace `quiet`"),
        ("shpo/cart", "EGR104 p.egress:1 shpo/cart | namespace `shpo` is not in the profile"),
        ("shpo/*", "EGR104 p.egress:1 shpo/* | namespace `shpo` is not in the profile"),
        ("shpo[tier]", "EGR104 p.egress:1 shpo[tier] | namespace `shpo` is not in the profile"),
        ("[tier=front]", "EGR103 p.egress:1 [tier=front] | no workload of namespace `shop` has these labels"),
        (
            "[tier=web, app=pay]",
            "EGR103 p.egress:1 [tier=web, app=pay] | no workload of namespace `shop` has these labels",
        ),
        ("quiet[tier]", "EGR103 p.egress:1 quiet[tier] | no workload of namespace `quiet` has these labels"),
        ("*[team]", "EGR103 p.egress:1 *[team] | no workload of the profile has these labels"),
    ],
)
def test_sources_that_are_none(source: str, finding: str) -> None:
    assert told(f"allow {source}{A}") == [finding]
    assert told(f"deny {source} -> *.example.com") == [finding]
    assert told(f"mesh {source} -> shop/reviews") == [finding]


@pytest.mark.parametrize(
    ("source", "help"),
    [("crat", "write `cart`"), ("etl", "write `data/etl`"), ("zzzzz", "add `zzzzz` to the workloads of `shop` in the profile"), ("shpo/cart", "write `shop`")],
)  # fmt: skip
def test_the_help_works_when_followed(source: str, help: str) -> None:
    (finding,) = resolved(f"allow {source}{A}")[1]
    assert finding.help == help


# Sets


def test_a_set_belongs_to_its_namespace() -> None:
    policy = f"namespace shop\nworkloads web = cart, pay\nnamespace data\nworkloads web = etl\nallow web{A}"
    assert who(policy + f"allow shop/web{A}") == ["data/etl", "shop/cart", "shop/pay"]


def test_a_set_above_any_namespace_belongs_to_everyone() -> None:
    policy = f"workloads both = cart, data/etl\nnamespace data\nallow both{A}"
    assert who(policy) == ["data/etl", "shop/cart"]


def test_members_bind_where_the_set_is_written() -> None:
    assert who(f"namespace data\nworkloads jobs = cart, etl\nnamespace shop\nallow data/jobs{A}") == [
        "data/cart",
        "data/etl",
    ]
    assert who({"a.egress": "namespace data\nworkloads jobs = cart", "b.egress": f"allow data/jobs{A}"}) == [
        "data/cart"
    ]


def test_the_nearer_set_wins() -> None:
    hosts = "hosts s = everyone.example.com\nnamespace data\nhosts s = data.example.com\n"
    assert where(hosts + "allow etl -> s:443\nnamespace shop\nallow cart -> s:443") == [
        "data.example.com:443",
        "everyone.example.com:443",
    ]


def test_sets_hold_sets() -> None:
    policy = "hosts all = some, c.example.com, more,\nhosts some = a.example.com, more\nhosts more = *.b.example.com\nallow cart -> all:443"
    assert where(policy) == ["*.b.example.com:443", "a.example.com:443", "c.example.com:443"]
    assert who(f"workloads all = some, data/etl\nworkloads some = pay, cart\nallow {{all, some}}{A}") == [
        "data/etl",
        "shop/cart",
        "shop/pay",
    ]


def test_a_diamond_is_no_cycle() -> None:
    policy = "hosts top = left, right\nhosts left = bottom\nhosts right = bottom\nhosts bottom = a.example.com\nallow cart -> top:443"
    assert where(policy) == ["a.example.com:443"]
    assert who(
        f"workloads top = left, right\nworkloads left = bottom\nworkloads right = bottom\nworkloads bottom = cart\nallow top{A}"
    ) == ["shop/cart"]


def test_a_deep_nest_of_sets() -> None:
    lines = [
        f"hosts s{n} = s{n + 1}, s{n + 1}, h{n}.example.com\nworkloads w{n} = w{n + 1}, w{n + 1}\n" for n in range(2000)
    ]
    policy = "".join(lines) + "hosts s2000 = z.example.com\nworkloads w2000 = cart\nallow w0 -> s0:443"
    made, found = resolved(policy)
    assert {each.code.id for each in found} == {"EGR202"}
    assert len(made.grants) == 2001


def test_a_set_of_hosts_with_ports_of_their_own() -> None:
    policy = "hosts s = a.example.com:443 tls, b.example.com:{80 http, 8443 tls}, t\nhosts t = 192.0.2.1:5432 postgres\nallow cart -> s"
    assert where(policy) == ["192.0.2.1:5432", "a.example.com:443", "b.example.com:80", "b.example.com:8443"]
    assert where("hosts s = a.example.com:443 tls\nallow cart -> {s, b.example.com:80}") == [
        "a.example.com:443",
        "b.example.com:80",
    ]


def test_the_ports_of_a_set_inside_a_set() -> None:
    inner = "hosts inner = a.example.com, 192.0.2.1\n"
    assert where(inner + "hosts outer = inner:443 tls, inner:80 http\nallow cart -> outer") == where(
        "allow cart -> {a.example.com, 192.0.2.1}:{443 tls, 80 http}"
    )
    assert told(inner + "hosts outer = inner:443 tls\nallow cart -> outer:80 http") == [
        "EGR001 p.egress:3 80 http | `outer` is used with a port, and its entries have their own"
    ]


def test_sets_of_the_profile() -> None:
    assert where("allow cart -> kube-api:443") == ["203.0.113.1:443", "api.k8s.example.com:443"]
    assert where("allow cart -> ported") == ["2001:db8::1:443", "a.example.com:443"]
    assert told("allow cart -> a.example.com:80") == []


def test_a_set_may_be_a_hole() -> None:
    assert where(
        "hosts holes = 192.0.2.0/25, 192.0.2.128/26\nallow cart -> 192.0.2.0/24:443 tcp except {holes, 192.0.2.192/27}"
    ) == ["192.0.2.0/24:443"]


def test_a_dotless_name_with_an_address_is_a_name() -> None:
    assert where("allow cart -> db:5432 tcp address=192.0.2.1") == ["db:5432"]
    assert where("hosts db = a.example.com\nallow cart -> db:443 tls") == ["a.example.com:443"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("hosts s = a.example.com\nhosts s = b.example.com", ["EGR101 p.egress:2 s | `s` is defined twice"]),
        ("hosts s = a.example.com\nworkloads s = cart", ["EGR101 p.egress:2 s | `s` is defined twice"]),
        ("hosts kube-api = a.example.com", ["EGR101 p.egress:1 kube-api | `kube-api` is defined twice"]),
        ("namespace shop\nworkloads cart = pay", ["EGR101 p.egress:2 cart | `cart` is also a workload of `shop`"]),
        ("namespace data\nworkloads pay = etl", []),
        ("workloads pay = cart", ["EGR101 p.egress:1 pay | `pay` is also a workload of `shop`"]),
        ("workloads etl = cart", ["EGR101 p.egress:1 etl | `etl` is also a workload of `data`"]),
        ("hosts internet = a.example.com", ["EGR101 p.egress:1 internet | `internet` is a word of the language"]),
        ("workloads internet = cart", ["EGR101 p.egress:1 internet | `internet` is a word of the language"]),
        ("allow cart -> strip:443 tls", ["EGR102 p.egress:1 strip | `strip` is no set"]),
        ("allow cart -> shop/kube-api:443 tls", ["EGR102 p.egress:1 shop/kube-api | `shop/kube-api` is no set"]),
        ("allow kube-api -> a.example.com:443", ["EGR102 p.egress:1 kube-api | `kube-api` is a set of hosts"]),
        ("workloads w = kube-api\nallow w -> a.example.com:443", ["EGR102 p.egress:1 kube-api | `kube-api` is a set of hosts"]),
        ("workloads w = cart\nallow w -> w:443", ["EGR102 p.egress:2 w | `w` is a set of workloads"]),
        ("hosts s = s\nallow cart -> s:443", ["EGR102 p.egress:1 s | `s` contains itself"]),
        ("hosts s = t\nhosts t = s, a.example.com\nallow cart -> t:443", ["EGR102 p.egress:2 s | `s` contains itself"]),
        ("hosts s = t\nhosts t = u\nhosts u = t", ["EGR102 p.egress:3 t | `t` contains itself"]),
        ("hosts s = t, u\nhosts t = v\nhosts u = v\nhosts v = a.example.com", []),
        ("workloads s = t\nworkloads t = s\nallow s -> a.example.com:443", ["EGR102 p.egress:2 s | `s` contains itself"]),
    ],
)  # fmt: skip
def test_sets_that_are_wrong(policy: str, expected: list[str]) -> None:
    assert [line for line in told(policy) if not line.startswith("EGR107")] == expected


def test_sets_of_the_profile_that_contain_themselves_are_told_there() -> None:
    head = "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: prod}\n"
    source = Source("profile.yaml", f"{head}spec: {{hosts: {{one: [two], two: [a.example.com, one]}}}}\n")
    profile, _ = load(source, lambda path: path)
    assert profile is not None
    _, found = resolve([], profile, date(2026, 11, 23), Severity.ERROR)
    assert [(each.code.id, each.span.source, each.span.text, each.message) for each in found] == [
        ("EGR102", source, "one", "`one` contains itself")
    ]


def test_a_finding_about_two_sets_shows_both() -> None:
    policy = {"b.egress": "hosts s = b.example.com", "a.egress": "hosts s = a.example.com\nallow cart -> s:443"}
    (finding,) = resolved(policy)[1]
    assert finding.span.place == ("b.egress", 1, 7)
    assert [(label.span.place, label.text) for label in finding.related] == [(("a.egress", 1, 7), "first here")]


@pytest.mark.parametrize(
    ("policy", "unused"),
    [
        ("hosts s = a.example.com", True),
        ("workloads w = cart", True),
        ("hosts s = a.example.com\ndeny * -> s", False),
        ("hosts s = a.example.com\nexpect cart -> s:443 blocked", False),
        ("hosts s = 192.0.2.1\nallow cart -> 192.0.2.0/24:443 tcp except s", False),
        ("hosts s = a.example.com\nhosts t = s\nallow cart -> t:443", False),
        ("workloads w = cart\nmesh w -> shop/reviews", False),
        ("workloads w = cart\ndeny * except w -> *.example.com", False),
        ("hosts s = a.example.com\nallow cart -> s:443 cluster=other", False),
        ("hosts s = a.example.com\nallow cart -> s:443 expires=2999-01-01", False),
        ("hosts stripe = a.example.com\nallow cart -> sztripe:443", False),
        ("hosts stripe = a.example.com\nallow catr -> a.example.com:443", True),
        ("workloads web = cart\nallow webb -> a.example.com:443", False),
        ("workloads web = cart\nallow cart -> webb:443", True),
    ],
)
def test_unused_sets(policy: str, unused: bool) -> None:
    assert any(line.startswith("EGR107") for line in told(policy)) is unused


def test_a_set_that_only_an_unused_set_uses() -> None:
    assert [line.split()[2] for line in told("hosts s = t\nhosts t = a.example.com")] == ["s", "t"]


def test_sets_of_the_profile_may_go_unused() -> None:
    assert told(f"allow cart{A}") == []


@pytest.mark.parametrize(
    ("source", "meant"),
    [
        ("[pay, cart]", "write `{pay, cart}` for the workloads"),
        ("data[etl]", "write `data/etl` for the workloads"),
        ("data[etl, cart]", "write `{data/etl, data/cart}` for the workloads"),
        ("[pay, etl]", "check the labels against the profile"),
        ("[tier=none]", "check the labels against the profile"),
    ],
)
def test_names_in_brackets_are_workloads_in_braces(source: str, meant: str) -> None:
    _, found = resolved(f"allow {source} -> a.example.com:443 tls")
    assert [(each.code.id, each.help) for each in found] == [("EGR103", meant)]
    for fix in (each.fix for each in found if each.fix is not None):
        assert (fix.safe, [edit.span.text for edit in fix.edits]) == (False, [source])


def test_names_in_brackets_without_a_profile() -> None:
    _, found = resolved("allow [idgen, etl] -> a.example.com:443 tls", known=False)
    assert [each.help for each in found] == ["name the workloads, as in `{idgen, etl}`, or give a profile with `-p`"]
