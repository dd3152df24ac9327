"""From statements to flows: which grants a text has, for whom, and what is told of the rest."""

from __future__ import annotations

import textwrap
from datetime import date

import pytest

from egresslang.findings import Finding, Severity
from egresslang.policy.policy import Addresses, Policy
from egresslang.policy.resolve import resolve
from egresslang.profile.load import load
from egresslang.ranges import cidrs, show
from egresslang.source import Source
from egresslang.syntax.parse import parse

TODAY = date(2026, 11, 23)


def resolved(
    policy: str | dict[str, str], spec: str = "", lapsed: Severity = Severity.ERROR
) -> tuple[Policy, list[Finding]]:
    texts = {"p.egress": policy} if isinstance(policy, str) else policy
    files = []
    for name, text in texts.items():
        file, found = parse(Source(name, textwrap.dedent(text)))
        assert found == []
        files.append(file)
    head = "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: prod-us}\n"
    head += f"spec:\n{textwrap.indent(textwrap.dedent(spec), '  ')}\n" if spec else ""
    profile, found = load(Source("profile.yaml", head), lambda path: path)
    assert found == []
    assert profile is not None
    return resolve(files, profile, TODAY, lapsed)


def grants(policy: str | dict[str, str], spec: str = "") -> list[str]:
    """Each grant as `subject -> destination:port protocol`; nothing is told but words that are listed twice."""
    made, found = resolved(policy, spec)
    assert {each.code.id for each in found} <= {"EGR202"}
    return shown(made)


def shown(policy: Policy) -> list[str]:
    found = []
    for grant in policy.grants:
        destination = str(grant.destination)
        if isinstance(grant.destination, Addresses):
            version = grant.destination.version
            destination = "+".join(show(version, *each) for each in cidrs(version, grant.destination.ranges))
            destination += f"({grant.destination.host})" if grant.destination.host else ""
        found.append(f"{grant.subject} -> {destination}:{grant.port} {grant.protocol}".strip())
    return sorted(found)


def told(policy: str | dict[str, str], spec: str = "", lapsed: Severity = Severity.ERROR) -> list[str]:
    """Code, severity unless an error, and underlined text of each finding."""
    return [
        f"{each.code.id}{'' if each.severity is Severity.ERROR else f' {each.severity}'} {each.span.text}"
        for each in resolved(policy, spec, lapsed)[1]
    ]


# Grants


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("allow cart -> a.example.com:443", ["default/cart -> a.example.com:443 tls"]),
        ("allow cart -> a.example.com:80", ["default/cart -> a.example.com:80 http"]),
        ("allow shop/cart -> a.example.com:443 https", ["shop/cart -> a.example.com:443 tls"]),
        ("allow shop/* -> a.example.com:80 grpc", ["shop/* -> a.example.com:80 grpc"]),
        ("allow * -> *.example.com:443", ["* -> *.example.com:443 tls"]),
        ("allow cart -> API.Example.com.:443", ["default/cart -> api.example.com:443 tls"]),
        ("allow cart -> bücher.example:443", ["default/cart -> xn--bcher-kva.example:443 tls"]),
        (
            "allow {a, shop/b} -> {x.example.com, y.example.com}:{80, 8443 tls}",
            [f"{who} -> {host}:{port}" for who in ("default/a", "shop/b") for host in ("x.example.com", "y.example.com")
             for port in ("80 http", "8443 tls")],
        ),
        ("allow cart -> {x.example.com:80, y.example.com:443}",
         ["default/cart -> x.example.com:80 http", "default/cart -> y.example.com:443 tls"]),
        ("allow cart -> 192.0.2.7:5432 postgres", ["default/cart -> 192.0.2.7:5432 tcp"]),
        ("allow cart -> 192.0.2.7:80 http", ["default/cart -> 192.0.2.7:80 http"]),
        ("allow cart -> 192.0.2.7:80 http2", ["default/cart -> 192.0.2.7:80 tcp"]),
        ("allow cart -> 192.0.2.7/32:80", ["default/cart -> 192.0.2.7:80 http"]),
        ("allow cart -> 192.0.2.0/24:80", ["default/cart -> 192.0.2.0/24:80 tcp"]),
        ("allow cart -> [2001:db8::/33]:443", ["default/cart -> 2001:db8::/33:443 tcp"]),
        ("allow cart -> 192.0.2.0/24:443 except {192.0.2.0/25, 192.0.2.192/26}", ["default/cart -> 192.0.2.128/26:443 tcp"]),
        ("allow cart -> {192.0.2.0/24, 198.51.100.0/24}:443 except {192.0.2.0/25, 198.51.100.128/25}",
         ["default/cart -> 192.0.2.128/25:443 tcp", "default/cart -> 198.51.100.0/25:443 tcp"]),
        ("allow cart -> db:5432 postgres address={192.0.2.0/25, 192.0.2.200}",
         ["default/cart -> 192.0.2.0/25+192.0.2.200(db):5432 tcp"]),
        ("allow cart -> db.example.com:5432 postgres address={192.0.2.1, 2001:db8::1}",
         ["default/cart -> 192.0.2.1(db.example.com):5432 tcp", "default/cart -> 2001:db8::1(db.example.com):5432 tcp"]),
        ("allow cart -> * reason=why", ["default/cart -> *:0"]),
        ("allow allow -> allow.example.com:443", ["default/allow -> allow.example.com:443 tls"]),
        ("allow cart->a.example.com:443", ["default/cart -> a.example.com:443 tls"]),
        ("allow {cart,cart}   ->   {a.example.com ,a.example.com,} : 443 tls", ["default/cart -> a.example.com:443 tls"] * 2),
        ("", []),
    ],
)  # fmt: skip
def test_grants(policy: str, expected: list[str]) -> None:
    assert grants(policy, "ipFamilies: [IPv4, IPv6]") == sorted(expected)


@pytest.mark.parametrize(
    ("spec", "warned"),
    [("", ["[2001:db8::1]", "2001:db8::2"]), ("ipFamilies: [IPv6]", ["192.0.2.1", "192.0.2.2"]), ("ipFamilies: [IPv4, IPv6]", [])],
)  # fmt: skip
def test_an_address_of_a_family_that_the_cluster_does_not_speak_is_told(spec: str, warned: list[str]) -> None:
    policy = """\
        allow cart -> {[2001:db8::1], 192.0.2.1}:{443 tcp, 444 tcp}
        allow cart -> db.example.com:5432 postgres address={192.0.2.2, 2001:db8::2}
        deny cart -> [2001:db8::3]:443
    """
    assert told(policy, spec) == [f"EGR509 warning {each}" for each in warned]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("allow cart -> [${v6}]:443", "2001:db8::1:443 tcp"),
        ("allow cart -> [2001:db8::/${len}]:443", "2001:db8::/32:443 tcp"),
        ("allow cart -> [2001:db8::/31]:443 tcp except [2001:db8::/${len}]", "2001:db9::/32:443 tcp"),
        ("allow cart -> db.example.com:5432 tcp address=${v6}", "2001:db8::1(db.example.com):5432 tcp"),
    ],
)
def test_variables_hold_addresses_of_ipv6_and_parts_of_them(policy: str, expected: str) -> None:
    spec = 'ipFamilies: [IPv6]\nvariables: {v6: "2001:db8::1", len: "32"}'
    assert grants(policy, spec) == [f"default/cart -> {expected}"]


def test_a_colon_leaves_a_variable_only_where_an_address_is_written() -> None:
    spec = 'ipFamilies: [IPv6]\nvariables: {v6: "2001:db8::1", two: "2001:db8::1]:443, [2001:db8::2"}'
    policy = """\
        allow cart -> ${v6}:443
        allow cart -> [${two}]:443
        allow cart -> a.example.com:443 owner=${v6}
    """
    assert told(policy, spec) == ["EGR006 ${v6}", "EGR006 [${two}]", "EGR006 ${v6}"]


@pytest.mark.parametrize(
    ("destination", "left"),
    [
        ("[::/126]:443 tcp except [::1]", ["::2/127"]),
        ("[::/126]:443 tcp except [::2/127]", ["::/127"]),
        ("[::/1]:443 tcp", ["::/1"]),
        ("0.0.0.0/6:443 tcp except 2.0.0.0/7", ["1.0.0.0/8"]),
    ],
)
def test_the_wildcard_address_is_left_out_where_istiod_would_take_it_for_itself(
    destination: str, left: list[str]
) -> None:
    made = grants(f"allow cart -> {destination}", "ipFamilies: [IPv4, IPv6]")
    assert made == [f"default/cart -> {'+'.join(left)}:443 tcp"]


@pytest.mark.parametrize("destination", ["[::/127]:443 tcp except [::1]", "0.0.0.0/7:443 tcp except 1.0.0.0/8"])
def test_nothing_is_left_of_a_network_but_the_wildcard_address(destination: str) -> None:
    assert told(f"allow cart -> {destination}", "ipFamilies: [IPv4, IPv6]") == [f"EGR004 warning {destination}"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("allow cart -> 52.1.1.0/24:443 tls except {52.1.2.7}", ["EGR004 52.1.2.7"]),
        ("allow cart -> 52.1.1.0/24:443 tls except {52.1.1.7, 52.2.0.0/16}", ["EGR004 52.2.0.0/16"]),
        ("allow cart -> 52.1.1.0/24:443 tls except [2600::1]", ["EGR004 [2600::1]"]),
        ("hosts own = 52.1.2.7, 52.1.3.7\nallow cart -> 52.1.1.0/24:443 tls except own", ["EGR004 warning own"]),
        ("allow cart -> 52.1.1.0/24:443 tls except ${hole}", ["EGR004 warning ${hole}"]),
        ("hosts own = 52.1.2.7, 52.1.1.7\nallow cart -> 52.1.1.0/24:443 tls except own", []),
        ("allow cart -> {52.1.1.0/24, 52.1.2.0/24}:443 tls except {52.1.2.7}", []),
        ("allow cart -> internet:443 tls except {10.0.0.0/8, [2600::1]} reason=x", []),
        ("deny cart -> 52.1.1.0/24 except {52.1.2.7}", []),
    ],
)
def test_a_hole_that_cuts_nothing(policy: str, expected: list[str]) -> None:
    assert told(policy, "ipFamilies: [IPv4, IPv6]\nvariables: {hole: 52.9.9.9}") == expected


@pytest.mark.parametrize("statement", ["allow cart -> h:443 tcp", "deny cart -> h:443"])
def test_a_set_of_the_profile_cannot_hold_the_wildcard_address(statement: str) -> None:
    assert told(statement, 'ipFamilies: [IPv6]\nhosts: {h: ["[::]"]}') == ['EGR004 "[::]"']


def test_a_public_name_that_reads_as_a_service_is_one_that_the_profile_knows() -> None:
    policy, spec = "allow a -> my.shop:443", "namespaces: {shop: , default: {workloads: {a: }}}"
    assert told(policy, spec) == ["EGR106 my.shop"]
    assert grants(policy, f"{spec}\ndestinations: {{my.shop: {{region: eu}}}}") == ["default/a -> my.shop:443 tls"]
    assert grants("allow a -> www.my.shop:443", spec) == ["default/a -> www.my.shop:443 tls"]


@pytest.mark.parametrize("name", ["*.svc", "*.payments.svc", "*.payments", "*.default", "*.card.payments", "*.local"])
def test_a_wildcard_over_names_of_the_mesh(name: str) -> None:
    spec = "namespaces: {payments: , default: {workloads: {a: }}}"
    assert told(f"allow a -> {name}:443", spec) == [f"EGR106 {name}"]
    if name in ("*.payments", "*.card.payments"):
        assert grants(f"allow a -> {name}:443", "")
    if name == "*.card.payments":
        assert grants(f"allow a -> {name}:443", f"{spec}\ndestinations: {{card.payments: {{region: eu}}}}")


@pytest.mark.parametrize("name", ["*.mysvc", "*.svc.example.com", "*.payments.com", "*.www.card.payments"])
def test_a_wildcard_over_other_names(name: str) -> None:
    assert grants(f"allow a -> {name}:443", "namespaces: {payments: , default: {workloads: {a: }}}")


def test_a_namespace_holds_from_its_line_to_the_end_of_the_file() -> None:
    policy = {
        "a.egress": "allow one -> a.example.com:80\nnamespace shop\nallow two -> a.example.com:80\nnamespace data\nallow three -> a.example.com:80",
        "b.egress": "allow four -> a.example.com:80",
    }
    made = [line.partition(" ")[0] for line in grants(policy, "defaultNamespace: home")]
    assert made == ["data/three", "home/four", "home/one", "shop/two"]


def test_the_internet_leaves_the_clusters_own_networks_out() -> None:
    policy, _ = resolved(
        'allow cart -> internet:443 reason="checks"', "networks: {pods: [8.0.0.0/8], nodes: [9.1.0.0/16]}"
    )
    (grant,) = policy.grants
    assert isinstance(grant.destination, Addresses)
    covered = [any(first <= at << 24 <= last for first, last in grant.destination.ranges) for at in (1, 8, 9, 10, 11)]
    assert covered == [True, False, True, False, True]
    assert not any(first <= (9 << 24) + (1 << 16) <= last for first, last in grant.destination.ranges)
    assert str(grant.destination) == "internet"


# Attributes that decide


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [
        ("prod-us", True), ("prod-*", True), ("*-us", True), ("*", True), ("p*-*s", True), ("{dev, prod-us}", True),
        ("prod", False), ("prod-", False), ("PROD-US", False), ("prod-us-*", False), ("{dev, test}", False), ("prod.us", False),
        ("prod-u?", False),
        ("*" * 60 + "x", False),
        ("*p*r*o*d*-*u*s*" * 5, False), ("${name}-us", True),
    ],
)  # fmt: skip
def test_clusters(pattern: str, holds: bool) -> None:
    made, found = resolved(f"allow cart -> a.example.com:443 cluster={pattern}", "variables: {name: prod}")
    assert found == []
    assert bool(made.grants) is holds


def test_rules_of_other_clusters_are_not_resolved() -> None:
    assert told("""
        hosts theirs = x.example.com
        allow nobody -> ${undefined}.example.com:443 cluster=other
        allow cart -> theirs:443 cluster=other
        deny cart -> nothing cluster=other
        mesh cart -> otel/agent cluster=other
    """) == []  # fmt: skip


@pytest.mark.parametrize(("day", "grants"), [("2026-11-22", 0), ("2026-11-23", 1), ("2026-11-24", 1)])
def test_a_rule_expires_at_the_end_of_its_day(day: str, grants: int) -> None:
    policy, found = resolved(f"allow cart -> a.example.com:443 expires={day}")
    assert len(policy.grants) == grants
    assert [each.code.id for each in found] == ["EGR402"] * (1 - grants)


def test_an_expired_rule_is_as_severe_as_the_caller_says() -> None:
    policy = "allow cart -> a.example.com:443 expires=2026-11-22"
    assert told(policy) == [f"EGR402 {policy}"]
    assert told(policy, lapsed=Severity.WARNING) == [f"EGR402 warning {policy}"]


def test_an_expired_rule_still_names_its_workloads_and_is_still_read() -> None:
    policy, found = resolved("allow cart -> nothing:443 expires=2026-11-22", lapsed=Severity.WARNING)
    assert [str(subject) for subject in policy.named] == ["default/cart"]
    assert [each.code.id for each in found] == ["EGR402", "EGR102"]


@pytest.mark.parametrize(
    ("cluster", "region", "granted", "codes"),
    [
        ("us-east1", "us", 1, []),
        ("us-east1", "us-east1", 1, []),
        ("us-east1", "eu", 0, ["EGR406"]),
        ("us", "us-east1", 0, ["EGR406"]),
        ("", "us", 1, ["EGR405"]),
        ("dc-4", "us", 0, ["EGR406"]),
    ],
)
def test_a_rule_takes_the_clusters_of_its_region(cluster: str, region: str, granted: int, codes: list[str]) -> None:
    spec = f"{f'region: {cluster}' if cluster else ''}\ndestinations: {{a.example.com: {{region: {region}}}}}"
    policy, found = resolved(f"allow cart -> a.example.com:443 region={region}", spec)
    assert len(policy.grants) == granted
    assert [each.code.id for each in found] == codes


@pytest.mark.parametrize(
    ("region", "code", "help"),
    [
        ("us-esat1", "EGR006", "write `us-east1`, or declare `us-esat1` under `regions:` of the profile"),
        ("europe-wset3", "EGR006", "write `europe-west3`, or declare `europe-wset3` under `regions:` of the profile"),
        ("us-east-1", "EGR406", "write `region=us-east1`"),
        ("mars", "EGR406", "declare it under `regions:` of the profile, or correct `region=`"),
        ("edge-munch", "EGR406", "declare it under `regions:` of the profile, or write `edge-munich`"),
        ("edge-munich", "EGR406", "compile it for a cluster in the region, or correct `region=`"),
        ("depot", "EGR406", "compile it for a cluster in the region, or correct `region=`"),
    ],
)
def test_a_region_that_nobody_knows(region: str, code: str, help: str) -> None:
    """The regions of clouds are known, and those that the profile names anywhere."""
    spec = """
        region: us-east1
        regions: {edge: [edge-munich]}
        destinations: {b.example.com: {endpoints: [{address: 203.0.113.10, region: depot}]}}
    """
    _, (one,) = resolved(f"allow cart -> a.example.com:443 region={region}", spec)
    assert (one.code.id, one.help) == (code, help)
    assert ("nothing says what region" in one.message) == (region in ("mars", "edge-munch"))


def test_a_region_that_nobody_knows_in_a_cluster_of_no_region() -> None:
    policy, (first, second) = resolved("allow cart -> a.example.com:443 region=mars")
    assert (len(policy.grants), first.code.id, second.code.id) == (1, "EGR405", "EGR405")
    assert first.message == "nothing says what region `mars` is"


@pytest.mark.parametrize(
    ("destination", "codes"),
    [
        ("known.example.com:443", []),
        ("far.example.com:443", ["EGR404"]),
        ("db.us-east1.example.com:443", []),
        ("db.europe-west1.example.com:443", ["EGR404"]),
        ("somewhere.example.com:443", ["EGR405"]),
        ("*.us-east1.example.com:443", []),
        ("*.europe-west1.example.com:443", ["EGR404"]),
        ("*.example.com:443", ["EGR405"]),
        ("198.51.100.0/24:443", []),
        ("192.0.2.0/24:443", ["EGR405"]),
        ("db.europe-west1.example.com:5432 tcp address=192.0.2.1", ["EGR404"]),
        ("db.us-east1.example.com:5432 tcp address=192.0.2.1", []),
    ],
)
def test_where_a_destination_is(destination: str, codes: list[str]) -> None:
    spec = """
        region: us-east1
        destinations:
          known.example.com: {region: us-east1}
          far.example.com: {region: europe-west1}
          198.51.100.0/24: {region: us-west1}
    """
    where, _, attributes = destination.partition(" address")
    policy, found = resolved(f"allow cart -> {where} region=us{f' address{attributes}' if attributes else ''}", spec)
    assert [each.code.id for each in found] == codes
    assert len(policy.grants) == ("EGR404" not in codes)


# Variables


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("${env}.example.com", "prod.example.com"),
        ("*.${env}.example.com", "*.prod.example.com"),
        ("a-${env}-${env}.example.com", "a-prod-prod.example.com"),
        ("${net}", "192.0.2.0/24"),
        ("${host}", "api.example.com"),
        ("${net4}.7", "192.0.2.7"),
    ],
)
def test_variables(word: str, expected: str) -> None:
    spec = "variables: {env: prod, net: 192.0.2.0/24, host: API.example.com, net4: 192.0.2}"
    (grant,) = grants(f"allow cart -> {word}:443 tls", spec)
    assert grant.startswith(f"default/cart -> {expected}:443 ")


@pytest.mark.parametrize(
    "value",
    [
        "stripe",
        "internet",
        "shop/stripe",
        "*",
        "a.com:80",
        "a.com, b.com",
        "a b.com",
        "",
        "${env}",
        "localhost",
        "a.com b",
    ],
)
@pytest.mark.parametrize(
    "statement", ["allow cart -> ${x}:443 tls", "deny cart -> ${x}", "allow cart -> 192.0.2.0/24:443 except ${x}"]
)
def test_a_variable_leaves_one_host_or_address(value: str, statement: str) -> None:
    """Whatever it holds, it becomes neither a set nor a wildcard nor the internet."""
    policy, found = resolved(
        f"hosts stripe = api.stripe.com\nallow cart -> stripe:443\n{statement}", f'variables: {{x: "{value}"}}'
    )
    assert any(each.severity is Severity.ERROR for each in found)
    assert {str(grant.destination) for grant in policy.grants} <= {"api.stripe.com", "192.0.2.0/24"}


def test_what_is_escaped_is_no_variable() -> None:
    policy, found = resolved('allow cart -> a.example.com:443 reason="costs $${x}" owner=$${y}', "variables: {x: prod}")
    assert found == []
    assert (policy.grants[0].rule.reason, policy.grants[0].rule.owner) == ("costs ${x}", "${y}")


# The rest


def test_broad_grants_need_a_reason() -> None:
    assert told("allow cart -> internet:443") == ["EGR305 internet:443"]
    assert told("allow cart -> *") == ["EGR305 *"]
    assert told('allow cart -> internet:443 reason=""') == ["EGR305 internet:443"]
    assert told('allow cart -> internet:443 reason="checks"') == []


def test_everyone_to_everything_names_observe() -> None:
    for attributes in ("", ' reason="all"'):
        for who in ("*", "{cart, *}"):
            _, found = resolved(f"allow {who} -> *{attributes}")
            assert [each.code.id for each in found] == ["EGR305"]
            assert "observe" in found[0].help


def test_mesh_lines_add_up() -> None:
    policy, found = resolved(
        "namespace shop\nmesh {cart, data/*} -> reviews, otel/*\nmesh * -> dns/resolver\nmesh cart -> data/db"
    )
    assert found == []
    assert {str(subject): hosts for subject, hosts in policy.mesh.items()} == {
        "shop/cart": (
            "data/db.data.svc.cluster.local", "otel/*.otel.svc.cluster.local", "shop/reviews.shop.svc.cluster.local",
        ),
        "data/*": ("otel/*.otel.svc.cluster.local", "shop/reviews.shop.svc.cluster.local"),
        "*": ("dns/resolver.dns.svc.cluster.local",),
    }  # fmt: skip
    assert {str(subject) for subject in policy.named} == {"shop/cart"}


def test_denies_and_expectations_are_kept() -> None:
    policy, found = resolved(
        "deny * except {cart} -> {*.example.com, 192.0.2.0/24} ticket=X-1\nexpect cart -> a.example.com:443 blocked"
    )
    assert found == []
    deny, expect = policy.assertions
    assert ([str(s) for s in deny.subjects], [str(s) for s in deny.excepted]) == (["*"], ["default/cart"])
    assert [(str(d), port, protocol) for d, port, protocol in deny.destinations] == [
        ("*.example.com", 0, ""),
        ("192.0.2.0/24", 0, ""),
    ]
    assert (deny.outcome, expect.outcome) == ("", "blocked")
    assert [(str(d), port, protocol) for d, port, protocol in expect.destinations] == [("a.example.com", 443, "")]


def test_one_mistake_breeds_no_others() -> None:
    spec = "namespaces: {shop: {workloads: {cart: {labels: {app: cart}}}}}\ndefaultNamespace: shop"
    assert told("namespace shpo\nallow one -> a.example.com:443\nallow two -> b.example.com:443", spec) == [
        "EGR104 namespace shpo"
    ]
    assert told("hosts s = nope\nallow cart -> s:443\nallow cart -> s:80", spec).count("EGR102 nope") <= 2
    assert told("allow cart -> a.example.com:443 region=${r}", spec) == ["EGR006 ${r}"]


def test_files_are_read_in_the_order_of_their_paths() -> None:
    texts = {"b.egress": "allow b -> a.example.com:443", "a.egress": "allow a -> a.example.com:443"}
    policy, _ = resolved(texts)
    assert policy.files == ("a.egress", "b.egress")
    assert [str(grant.subject) for grant in policy.grants] == ["default/a", "default/b"]
    assert [grant.rule.file for grant in policy.grants] == ["a.egress", "b.egress"]
