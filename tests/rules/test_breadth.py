"""EGR301 to EGR309: what is granted too broadly. They are about `allow`, never about `deny` or `expect`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from judged import found, told

from egresslang import resources
from egresslang.findings import Severity
from egresslang.rules import (
    any_address,
    cleartext,
    everyone,
    exfiltration_prone,
    private_destination,
    public_wildcard,
    spoofable,
    tenant_wildcard,
    wide_network,
)
from egresslang.targets import declare

BREADTH = (
    public_wildcard, tenant_wildcard, everyone, wide_network, any_address, private_destination, spoofable, cleartext,
    exfiltration_prone,
)  # fmt: skip


def test_denials_and_expectations_are_not_grants() -> None:
    policy = """\
        deny * -> *.com
        deny * -> {*.github.io, pastebin.com, 169.254.169.254}
        deny * -> 0.0.0.0/0
        deny s/a -> *
        expect s/* -> *.github.io:80 http blocked
        expect s/* -> 10.0.0.0/8:80 blocked
    """
    for rule in BREADTH:
        assert found(rule, policy) == []


# EGR301, EGR302


@pytest.mark.parametrize(
    "suffix", ["com", "co.uk", "example.ck", "kawasaki.jp", "xn--p1ai", "xn--55qx5d.cn", "compute.example.bd"]
)
def test_public_wildcard(suffix: str) -> None:
    expected = [] if suffix.startswith("compute") else [f"1 *.{suffix}:443 tls"]
    assert told(public_wildcard, f"allow s/a -> *.{suffix}:443 tls") == expected
    assert told(tenant_wildcard, f"allow s/a -> *.{suffix}:443 tls") == []


@pytest.mark.parametrize(
    "suffix",
    [
        "github.io", "s3.amazonaws.com", "s3.us-east-2.amazonaws.com", "blob.core.windows.net", "amazonaws.com",
        "windows.net", "herokuapp.com",
    ],
)  # fmt: skip
def test_tenant_wildcard(suffix: str) -> None:
    assert told(tenant_wildcard, f"allow s/a -> {{*.{suffix}, a.org}}:443 tls") == [f"1 *.{suffix}"]
    assert told(public_wildcard, f"allow s/a -> *.{suffix}:443 tls") == []


@pytest.mark.parametrize(
    "suffix",
    [
        "example.com", "mine.github.io", "bucket.s3.amazonaws.com", "corp.local", "internal", "nav.no",
        "city.kawasaki.jp", "stripe.com",
    ],
)  # fmt: skip
def test_wildcards_over_names_of_ones_own(suffix: str) -> None:
    for rule in (public_wildcard, tenant_wildcard):
        assert told(rule, f"allow s/a -> *.{suffix}:443 tls") == []
        assert told(rule, "allow s/a -> github.io:443 tls") == []


def test_what_lies_below_is_named() -> None:
    (each,) = found(tenant_wildcard, "allow s/a -> *.amazonaws.com:443 tls")
    assert re.fullmatch(r"`[a-z0-9.-]+\.amazonaws\.com` lies below it", each.label)


def test_a_wildcard_is_told_once_for_all_of_its_ports_and_workloads() -> None:
    policy = "hosts h = *.github.io, *.com\nallow {s/a, s/b} -> h:{443 tls, 80 http}"
    assert told(tenant_wildcard, policy) == ["2 h:{443 tls, 80 http}"]
    assert told(public_wildcard, policy) == ["2 h:{443 tls, 80 http}"]


# EGR303


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("allow * -> x.com:443 tls", ["1 *"]),
        ("allow s/* -> x.com:{443 tls, 80 http}", ["1 s/*"]),
        ("allow {s/a, t/*, *} -> x.com:443 tls", ["1 t/*", "1 *"]),
        ("workloads w = s/*, t/b\nallow w -> x.com:443 tls", ["2 w"]),
        ("allow s/a -> x.com:443 tls", []),
        ("mesh s/* -> otel/agent\nallow {s/a, s/b} -> x.com:443 tls", []),
        ("allow s/* -> x.com:443 tls cluster=dev", []),
        ("allow s/* -> x.com:443 tls region=eu", []),
    ],
)
def test_everyone(policy: str, expected: list[str]) -> None:
    assert told(everyone, policy, "region: us-east1") == expected


def test_labels_choose_workloads_one_by_one() -> None:
    spec = "namespaces: {s: {workloads: {a: {labels: {tier: web}}}}}"
    assert told(everyone, "allow *[tier=web] -> x.com:443 tls", spec) == []


# EGR304


@pytest.mark.parametrize(
    ("where", "underlined"),
    [
        ("20.0.0.0/23:443 tcp", "20.0.0.0/23:443 tcp"),
        ("20.0.0.0/8:443 tcp except 20.0.0.0/9", "20.0.0.0/8:443 tcp except 20.0.0.0/9"),
        ("[2a00::/55]:443 tcp", "[2a00::/55]:443 tcp"),
        ("db.com:5432 tcp address={20.0.0.0/16, 20.1.0.1}", "address={20.0.0.0/16, 20.1.0.1}"),
        ("20.0.0.0/24:443 tcp", ""),
        ("20.0.0.0/23:443 tcp except 20.0.1.0/24", ""),
        ("[2a00::/56]:443 tcp", ""),
        ("db.com:5432 tcp address={20.0.0.0/24, 20.1.0.0/24, 20.2.0.0/24}", ""),
        ("{20.0.0.0/24, 20.0.1.0/24}:443 tcp", ""),
        ("internet:443 tls reason=x", ""),
    ],
)
def test_wide_network(where: str, underlined: str) -> None:
    expected = [f"1 {underlined}"] if underlined else []
    assert told(wide_network, f"allow s/a -> {where}", "ipFamilies: [IPv4, IPv6]") == expected


def test_how_wide_is_the_profiles_to_say() -> None:
    spec = "lint: {max-network: {ipv4: 16, ipv6: 48}}"
    assert told(wide_network, "allow s/a -> 20.0.0.0/16:443 tcp", spec) == []
    (each,) = found(wide_network, "allow s/a -> 20.0.0.0/15:443 tcp", spec)
    assert (each.message, each.label) == ("`20.0.0.0/15` is wider than /16", "131,072 addresses")


# EGR305


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("allow s/a -> internet:443 tls reason=x", ["1 internet:443 tls"]),
        ("allow s/a -> * reason=x", ["1 *"]),
        ("allow s/a -> 20.0.0.0/8:443 tcp\nallow s/a -> x.com:443 tls", []),
        ("allow s/a -> 0.0.0.0/1:443 tcp\nallow s/a -> 128.0.0.0/1:443 tcp", ["2 128.0.0.0/1:443 tcp < 1"]),
        ("allow s/a -> {0.0.0.0/1, 128.0.0.0/1}:443 tcp", ["1 128.0.0.0/1 < 1"]),
        (
            "allow * -> 0.0.0.0/1:443 tcp\nallow s/* -> 128.0.0.0/2:443 tcp\nallow s/a -> 192.0.0.0/2:443 tcp except 224.0.0.0/3",
            ["3 192.0.0.0/2:443 tcp except 224.0.0.0/3 < 1 < 2"],
        ),
        (
            "allow s/a -> 0.0.0.0/1:443 tcp except {10.0.0.0/8, 127.0.0.0/8}\nallow s/a -> 128.0.0.0/1:443 tcp",
            ["2 128.0.0.0/1:443 tcp < 1"],
        ),
        ("allow s/a -> 0.0.0.0/1:443 tcp\nallow s/b -> 128.0.0.0/1:443 tcp", []),
        ("allow s/a -> 0.0.0.0/1:443 tcp\nallow s/a -> 128.0.0.0/1:80 tcp", []),
        ("allow s/a -> 0.0.0.0/1:443 tcp except 20.0.0.0/24\nallow s/a -> 128.0.0.0/1:443 tcp", []),
        ("allow s/a -> {[::/1], [8000::/1]}:443 tcp", ["1 [::/1]"]),
    ],
)
def test_any_address(policy: str, expected: list[str]) -> None:
    assert told(any_address, policy, "ipFamilies: [IPv4, IPv6]") == expected


def test_saying_it_is_a_warning_and_hiding_it_an_error() -> None:
    (each,) = found(any_address, "allow s/a -> internet:443 tls reason=x")
    assert each.severity is Severity.WARNING
    (each,) = found(any_address, "allow s/a -> {0.0.0.0/1, 128.0.0.0/1}:443 tcp")
    assert each.severity is Severity.ERROR
    assert "internet:443" in each.help


# EGR306


@pytest.mark.parametrize(
    ("where", "message", "severity"),
    [
        ("10.1.2.3:443 tcp", "`10.1.2.3` is a private address", Severity.WARNING),
        ("192.168.0.0/24:443 tcp", "`192.168.0.0/24` is a private network", Severity.WARNING),
        ("[fd12::/64]:443 tcp", "`fd12::/64` is a private network", Severity.WARNING),
        ("100.64.0.1:443 tcp", "`100.64.0.1` is a shared address", Severity.WARNING),
        ("203.0.113.0/24:443 tcp", "`203.0.113.0/24` is a documentation network", Severity.WARNING),
        ("db.com:5432 tcp address=10.0.0.1", "`db.com` leads to private addresses", Severity.WARNING),
        ("127.0.0.1:443 tcp", "`127.0.0.1` is a loopback address", Severity.ERROR),
        ("[::1]:443 tcp", "`::1` is a loopback address", Severity.ERROR),
        ("[fe80::/64]:443 tcp", "`fe80::/64` is a link-local network", Severity.ERROR),
        ("169.254.0.0/16:80 tcp", "`169.254.0.0/16` is a link-local network", Severity.ERROR),
        ("169.254.169.254:80 http", "`169.254.169.254` leads to the cloud's metadata service", Severity.ERROR),
        ("[fd00:ec2::254]:80 http", "`fd00:ec2::254` leads to the cloud's metadata service", Severity.ERROR),
        ("metadata.google.internal:80 http", "`metadata.google.internal` leads to the cloud's metadata service", Severity.ERROR),
        ("*.internal:80 http", "`*.internal` leads to the cloud's metadata service", Severity.ERROR),
        ("a.localhost:80 http", "`a.localhost` is a loopback name", Severity.ERROR),
        ("128.0.0.0/2:443 tcp", "`128.0.0.0/2` holds link-local addresses", Severity.ERROR),
        ("224.0.0.1:443 tcp", "`224.0.0.1` is a multicast address", Severity.ERROR),
        ("[ff02::1]:443 tcp", "`ff02::1` is a multicast address", Severity.ERROR),
        ("192.0.0.0/3:443 tcp", "`192.0.0.0/3` holds private addresses", Severity.WARNING),
        ("192.0.0.0/2:443 tcp", "`192.0.0.0/2` holds multicast addresses", Severity.ERROR),
        ("255.255.255.255:443 tcp", "`255.255.255.255` is a broadcast address", Severity.ERROR),
        ("240.0.0.1:443 tcp", "`240.0.0.1` is a reserved address", Severity.WARNING),
        ("192.0.0.1:443 tcp", "`192.0.0.1` is a reserved address", Severity.WARNING),
        ("[100::1]:443 tcp", "`100::1` is a reserved address", Severity.WARNING),
        ("198.18.0.1:443 tcp", "`198.18.0.1` is a benchmark address", Severity.WARNING),
        ("168.63.129.16:80 http", "`168.63.129.16` leads to the cloud's metadata service", Severity.ERROR),
        ("[64:ff9b::a9fe:a9fe]:80 tcp", "`64:ff9b::a9fe:a9fe` leads to the cloud's metadata service", Severity.ERROR),
        ("[64:ff9b::a00:0/120]:80 tcp", "`64:ff9b::a00:0/120` is a private network", Severity.WARNING),
        ("[64:ff9b::808:808]:443 tcp", "", Severity.ERROR),
        ("localhost.localdomain:80 http", "`localhost.localdomain` is a loopback name", Severity.ERROR),
        ("*.localdomain:80 http", "`*.localdomain` is a loopback name", Severity.ERROR),
        ("localhost.example.com:443 tls", "", Severity.ERROR),
        ("168.63.129.17:443 tcp", "", Severity.ERROR),
        ("20.0.0.1:443 tcp", "", Severity.ERROR),
        ("100.0.0.0/10:443 tcp", "", Severity.ERROR),
        ("172.32.0.0/12:443 tcp", "", Severity.ERROR),
        ("internet:443 tls reason=x", "", Severity.ERROR),
        ("*.example.internal:443 tls", "", Severity.ERROR),
    ],
)  # fmt: skip
def test_private_destination(where: str, message: str, severity: Severity) -> None:
    findings = found(private_destination, f"allow s/a -> {where}", "ipFamilies: [IPv4, IPv6]")
    assert [each.message for each in findings] == [message] * bool(message)
    assert all(each.severity is severity for each in findings)
    assert all(each.span.text in (where, where.partition(" ")[2].partition(" ")[2]) for each in findings)


def test_what_the_profile_knows_is_not_told() -> None:
    spec = "destinations: {db.com: {region: us}, 10.0.0.0/24: {region: us}, 10.0.1.7: {region: us}}"
    for where in ("db.com:5432 tcp address=10.9.0.1", "10.0.0.0/24:443 tcp", "10.0.1.7:443 tcp"):
        assert found(private_destination, f"allow s/a -> {where}", spec) == []
    assert found(private_destination, "allow s/a -> 10.0.1.8:443 tcp", spec)
    assert found(private_destination, "allow s/a -> 127.0.0.1:443 tcp", "destinations: {127.0.0.1: {region: us}}")


def test_one_network_is_told_once() -> None:
    policy = "".join(f"allow s/a -> 192.168.1.0/24:{port} tcp\n" for port in (23, 8080, 9090))
    assert told(private_destination, policy) == ["1 192.168.1.0/24:23 tcp"]


def test_the_clusters_own_networks_are_another_matter() -> None:
    assert found(private_destination, "allow s/a -> 10.8.0.7:443 tcp", "networks: {services: [10.8.0.0/20]}") == []


def test_what_help_says_works() -> None:
    (each,) = found(private_destination, "allow s/a -> 128.0.0.0/2:443 tcp")
    assert "`169.254.0.0/16`" in each.help
    assert [
        e.severity for e in found(private_destination, "allow s/a -> 128.0.0.0/2:443 tcp except 169.254.0.0/16")
    ] == [Severity.WARNING]


# EGR307


@pytest.mark.parametrize(
    ("version", "where", "is_told"),
    [
        ("1.29", "*.x.com:443 tls", True),
        ("1.29", "*.x.com:80 http", True),
        ("1.30", "*.x.com:80 http", True),
        ("1.31", "*.x.com:8080 grpc", True),
        ("1.30", "*.x.com:443 tls", False),
        ("1.29", "a.x.com:443 tls", False),
        ("1.31", "a.x.com:80 http", False),
    ],
)
def test_spoofable(version: str, where: str, is_told: bool) -> None:
    policy = f"allow s/a -> {where}"
    assert told(spoofable, policy, f'istio: {{version: "{version}"}}') == [f"1 {where}"] * is_told
    assert told(spoofable, policy, f'istio: {{version: "{version}"}}\nenforcement: observe') == []
    assert told(spoofable, policy, f'istio: {{version: "{version}"}}\nenforcement: {{namespaces: [t]}}') == []


def test_the_version_that_resolves_is_the_compilers() -> None:
    assert spoofable.RESOLVED == declare.DYNAMIC_DNS


# EGR308


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("allow s/a -> x.com:80 http", ["1 x.com:80 http"]),
        ("allow s/a -> x.com:80", ["1 x.com:80"]),
        ("allow s/a -> 20.0.0.7:8080 http", ["1 20.0.0.7:8080 http"]),
        ("allow s/a -> *.x.com:50051 grpc", ["1 *.x.com:50051 grpc"]),
        ("allow s/a -> x.com:80 http\nallow s/b -> x.com:80 http", ["1 x.com:80 http"]),
        ("allow s/a -> x.com:443 tls", []),
        ("allow s/a -> 20.0.0.7:5432 postgres", []),
    ],
)
def test_cleartext(policy: str, expected: list[str]) -> None:
    assert told(cleartext, policy) == expected
    assert all(each.severity is Severity.NOTE for each in found(cleartext, policy))


# EGR309


@pytest.mark.parametrize(
    ("where", "underlined"),
    [
        ("pastebin.com:443 tls", "pastebin.com:443 tls"),
        ("abc.webhook.site:443 tls", "abc.webhook.site:443 tls"),
        ("*.ngrok.io:443 tls", "*.ngrok.io:443 tls"),
        ("*.github.com:443 tls", "*.github.com:443 tls"),
        ("{transfer.sh, x.com}:443 tls", "transfer.sh"),
        ("github.com:443 tls", ""),
        ("notpastebin.com:443 tls", ""),
        ("hooks.slack.com:443 tls", ""),
    ],
)
def test_exfiltration_prone(where: str, underlined: str) -> None:
    expected = [f"1 {underlined}"] if underlined else []
    assert told(exfiltration_prone, f"allow s/a -> {where}") == expected


def test_the_list_is_dated_sorted_and_says_what_each_place_is() -> None:
    text = resources.text("data", "exfiltration.txt")
    parts = re.split(r"(?m)^# (?:guarddog \S+|by hand)\b.*\d{4}-\d\d-\d\d$", text)
    assert len(parts) == 3
    hosts = [[line.split()[0] for line in part.splitlines() if line and line[0] != "#"] for part in parts[1:]]
    assert not set(hosts[0]) & set(hosts[1])
    assert hosts[0] == sorted(hosts[0])
    assert len(set(hosts[1])) == len(hosts[1])
    for line in text.splitlines():
        assert not line or line[0] == "#" or found(exfiltration_prone, f"allow s/a -> {line.split()[0]}:443 tls")


def test_the_list_can_be_refreshed() -> None:
    script = Path(__file__).parents[2] / "tools" / "refresh_exfiltration.py"
    names: dict[str, object] = {"__name__": "refresh", "__file__": str(script)}
    exec(compile(script.read_text(encoding="utf-8"), str(script), "exec"), names)
    rule = (
        '$webhook1 = "hook.example" nocase\n$paste4 = "transfer.example.sh"\n$comm1 = "api.telegram.org"\n$tld1 = /x/'
    )
    places = names["places"]([rule])  # type: ignore[operator]
    assert places == {"hook.example": "requests", "transfer.example.sh": "files"}
    text = resources.text("data", "exfiltration.txt")
    made = names["refreshed"](text, "9.9", places, "2030-01-01")  # type: ignore[operator]
    assert "# guarddog 9.9 (Apache-2.0)" in made
    assert "\nhook.example requests\n" in made
    assert made.partition("# by hand")[2] == text.partition("# by hand")[2]
    assert "pastebin.com" not in made
