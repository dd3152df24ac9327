"""Rules that look at grants together: where each speaks, what it shows, and where it is silent."""

from __future__ import annotations

import textwrap
from datetime import date

import pytest

from egresslang.answers.compiled import ask_policy
from egresslang.compile import compile, read
from egresslang.findings import Finding, Severity
from egresslang.mesh.outbound import Request
from egresslang.policy.policy import Addresses
from egresslang.policy.resolve import resolve
from egresslang.profile.load import load
from egresslang.rules import RULES
from egresslang.source import Source
from egresslang.targets.istio import lower

PROFILE = """\
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: prod}
spec: {enforcement: mesh, ipFamilies: [IPv4, IPv6], networks: {pods: [10.4.0.0/14], services: [10.8.0.0/20, "fd00:8::/64"]}}
"""


BESIDE = {"EGR202", "EGR303", "EGR304", "EGR305", "EGR306", "EGR307", "EGR308"}
"""What other rules have to say of the policies here: about breadth."""


def found(policy: str | dict[str, str]) -> list[Finding]:
    texts = {"p.egress": policy} if isinstance(policy, str) else policy
    profile, problems = load(Source("profile.yaml", PROFILE), lambda path: path)
    assert profile is not None
    assert problems == []
    files, problems = read(Source(name, textwrap.dedent(text)) for name, text in texts.items())
    assert problems == []
    findings = compile(files, profile, date(2026, 11, 23), Severity.WARNING).findings
    return [each for each in findings if each.code.id not in BESIDE]


def told(policy: str) -> list[str]:
    """Code, line and underlined text of each finding, with the line of the other place."""
    return [
        f"{each.code.id} {each.span.place[1]} {each.span.text}"
        + "".join(f" < {label.span.place[1]}" for label in each.related)
        for each in found(policy)
    ]


def test_every_rule_says_what_it_finds() -> None:
    for rule in RULES:
        assert rule.__doc__
        assert rule.__doc__.startswith(f"{rule.CODE.id} {rule.CODE.name}: ")
        assert rule.check.__doc__
    assert len({rule.CODE.id for rule in RULES}) == len(RULES)


# EGR204


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (
            "allow s/a -> h.example.com:443 tls\nallow s/b -> h.example.com:443 http",
            ["EGR204 2 h.example.com:443 http < 1"],
        ),
        (
            "allow s/a -> h.example.com:80 http\nallow s/a -> h.example.com:80 http2",
            ["EGR204 2 h.example.com:80 http2 < 1"],
        ),
        (
            "allow s/a -> h.example.com:80 http\nallow * -> h.example.com:80 grpc",
            ["EGR204 2 h.example.com:80 grpc < 1"],
        ),
        (
            "allow * -> h.example.com:80 http\nallow s/* -> h.example.com:80 grpc",
            ["EGR204 2 h.example.com:80 grpc < 1"],
        ),
        (
            "allow s/a -> *.example.com:80 http\nallow s/b -> *.example.com:80 tls",
            ["EGR204 2 *.example.com:80 tls < 1"],
        ),
        (
            "allow s/a -> H.example.com.:80 http\nallow s/b -> h.example.com:80 tls",
            ["EGR204 2 h.example.com:80 tls < 1"],
        ),
        ("allow s/a -> h.example.com:443 tls\nallow t/a -> h.example.com:443 http", []),
        ("allow s/a -> h.example.com:443 tls\nallow s/b -> h.example.com:8443 http", []),
        ("allow s/a -> h.example.com:443 tls\nallow s/b -> h.example.com:443 https", []),
        ("allow s/a -> *.example.com:443 tls\nallow s/b -> h.example.com:443 http", []),
        ("allow s/a -> 192.0.2.0/24:443 tls\nallow s/b -> 192.0.2.0/24:443 http", []),
        (
            "allow s/a -> h.example.com:5432 postgres address=192.0.2.1\nallow s/b -> h.example.com:5432 mysql address=192.0.2.1",
            [],
        ),
    ],
)
def test_protocol_conflict(policy: str, expected: list[str]) -> None:
    assert told(policy) == expected


def test_a_conflict_says_where_in_the_authors_words() -> None:
    (finding,) = found({"b.egress": "allow s/a -> h.example.com:443 https", "a.egress": "allow s/b -> h.example.com:443"
                        .replace(":443", ":443 http")})  # fmt: skip
    assert finding.message == "`h.example.com:443` is both http and https in namespace `s`"
    assert finding.span.place[0] == "b.egress"
    assert [(label.span.place[0], label.text) for label in finding.related] == [("a.egress", "http here")]


# EGR205

ONE = "allow s/a -> one.example.com:5432 postgres address={192.0.2.0/25, 198.51.100.7}\n"


@pytest.mark.parametrize(
    ("rule", "overlaps"),
    [
        ("allow s/b -> two.example.com:5432 postgres address=192.0.2.127", True),
        ("allow s/b -> two.example.com:5432 postgres address=192.0.2.0/24", True),
        ("allow t/b -> two.example.com:5432 mysql address=198.51.100.7", True),
        ("allow * -> two.example.com:5432 tcp address=198.51.100.0/24", True),
        ("allow s/b -> two.example.com:5432 postgres address=192.0.2.128", False),
        ("allow s/b -> two.example.com:5433 postgres address=192.0.2.1", False),
        ("allow s/b -> one.example.com:5432 postgres address=192.0.2.1", False),
        ("allow s/b -> 192.0.2.0/24:5432 tcp", False),
        ("allow s/b -> two.example.com:5432 tls", False),
    ],
)
def test_address_overlap(rule: str, overlaps: bool) -> None:
    assert [each.code.id for each in found(ONE + rule)] == ["EGR205"] * overlaps
    assert [each.code.id for each in found(rule + "\n" + ONE)] == ["EGR205"] * overlaps


def test_an_overlap_says_who_reaches_what() -> None:
    (finding,) = found(ONE + "allow t/b -> two.example.com:5432 postgres address=192.0.2.1")
    assert finding.severity is Severity.WARNING
    assert finding.notes == (
        "a sidecar tells them apart by address alone: `t/b` reaches `one.example.com` there, `s/a` reaches `two.example.com`",
    )


def test_every_pair_of_names_is_told_once() -> None:
    rules = [
        f"allow s/{name} -> {name}.example.com:5432 tcp address=192.0.2.{n}/30\n"
        for n, name in ((0, "a"), (4, "b"), (0, "c"), (4, "d"))
    ]
    rules.append("allow s/e -> e.example.com:5432 tcp address=192.0.2.0/24\n")
    pairs = {
        tuple(sorted(part.split("`")[1] for part in (each.message.split(" and ")))) for each in found("".join(rules))
    }
    short = {tuple(name.split(".")[0] for name in pair) for pair in pairs}
    assert {("a", "c"), ("b", "d")} < short
    assert {name for pair in short for name in pair} == {"a", "b", "c", "d", "e"}


# EGR206

SNIFFED = "allow s/a -> web.example.com:3306 tls\n"


@pytest.mark.parametrize(
    ("rule", "hangs"),
    [
        ("allow s/a -> 192.0.2.0/24:3306 mysql", True),
        ("allow s/a -> db.example.com:3306 mysql address=192.0.2.0/24", True),
        ("allow s/* -> 192.0.2.0/24:3306 mysql", True),
        ("allow * -> 192.0.2.0/24:3306 mysql", True),
        ("allow s/a -> 192.0.2.7:3306 mysql", False),
        ("allow s/a -> db.example.com:3306 mysql address=192.0.2.7", False),
        ("allow s/a -> 192.0.2.0/24:3307 mysql", False),
        ("allow s/b -> 192.0.2.0/24:3306 mysql", False),
        ("allow t/* -> 192.0.2.0/24:3306 mysql", False),
        ("allow s/a -> 192.0.2.0/24:3306 postgres", False),
    ],
)
def test_server_first_port(rule: str, hangs: bool) -> None:
    for policy in (SNIFFED + rule, rule + "\n" + SNIFFED):
        findings = found(policy)
        assert [each.code.id for each in findings] == ["EGR206"] * hangs
        assert all("mysql" in each.span.text for each in findings)


SERVER = "allow s/a -> 192.0.2.1:3306 mysql"


@pytest.mark.parametrize(
    ("rule", "server", "hangs"),
    [
        ("allow s/a -> 192.0.2.0/28:3306 tcp", SERVER, True),
        ("allow s/a -> 192.0.2.0/30:3306 tcp except 192.0.2.0", SERVER, False),
        ("allow s/a -> 192.0.2.0/28:3306 tcp except 192.0.2.1", SERVER, False),
        ("allow {s/a, s/b} -> 192.0.2.0/28:3306 tcp", "allow {s/b, s/a} -> 192.0.2.1:3306 mysql", True),
        ("allow {s/a, s/b} -> 192.0.2.0/28:3306 tcp", SERVER, False),
        ("allow s/* -> 192.0.2.0/28:3306 tcp", SERVER, False),
        ("allow s/b -> 192.0.2.0/28:3306 tcp", SERVER, False),
        ("allow s/a -> 192.0.2.0/28:3307 tcp", SERVER, False),
        ("allow s/a -> 192.0.2.0:3306 tcp", SERVER, False),
        ("allow s/a -> 192.0.2.1:3306 tcp", SERVER, False),
        ("allow s/a -> 192.0.2.0/28:3306 tcp", f"{SERVER} address=192.0.2.1".replace("192.0.2.1:", "db.example.com:"), False),
        ("allow s/a -> [2001:db8::/64]:3306 tcp", "allow s/a -> [2001:db8::1]:3306 mysql", True),
    ],
)  # fmt: skip
def test_a_network_around_the_single_address_of_a_server(rule: str, server: str, hangs: bool) -> None:
    """It takes the address into its listener, which waits for the client: as the mesh model says."""
    for policy in (f"{SNIFFED}{rule}\n{server}", f"{server}\n{rule}\n{SNIFFED}"):
        findings = [each for each in found(policy) if each.code.id != "EGR205"]
        assert [each.code.id for each in findings] == ["EGR206"] * hangs
        for each in findings:
            assert "mysql" in each.span.text
            assert [label.span.text for label in each.related][1:] == [rule.partition("-> ")[2]]
        assert _hangs(policy) is hangs


def _hangs(policy: str) -> bool:
    """Whether a server-first client of the workload waits for ever, as the mesh model has it."""
    profile, _ = load(Source("profile.yaml", PROFILE), lambda path: path)
    assert profile is not None
    files, _ = read([Source("p.egress", policy)])
    made, _ = resolve(files, profile, date(2026, 11, 23), Severity.WARNING)
    manifests, problems = lower(made, profile)
    assert not problems
    asked, _ = ask_policy(made, manifests, profile)
    client = next(each.pod for each in asked.clients.values() if each.name == "a")
    server = next(each for each in made.grants if each.spelled == "mysql").destination
    assert isinstance(server, Addresses)
    request = Request("tcp", "", (server.version, server.ranges[0][0]), 3306, server_first=True)
    return asked.mesh.proxy(client).ask(request).sees == "hangs"


@pytest.mark.parametrize(
    ("rule", "compiles"),
    [
        ("allow s/a -> {192.0.2.2, 192.0.2.3}:3306 mysql", True),
        ("allow s/a -> db.example.com:3306 mysql address={192.0.2.1, 192.0.2.2}", True),
        ("allow s/a -> 192.0.2.2/31:3306 mysql", False),
    ],
)
def test_single_addresses_stay_single(rule: str, compiles: bool) -> None:
    """Each address has a listener of its own; a network beside a TLS host would hang."""
    profile, _ = load(Source("profile.yaml", PROFILE), lambda path: path)
    assert profile is not None
    files, _ = read([Source("p.egress", SNIFFED + rule)])
    made = compile(files, profile, date(2026, 11, 23), Severity.WARNING)
    assert (made.manifests is not None) is compiles
    for entry in made.manifests.service_entries if made.manifests else ():
        assert not any("/" in address for address in entry.addresses)


# EGR310


@pytest.mark.parametrize(
    ("destination", "kind"),
    [
        ("10.0.0.0/8:443 tcp", "pods"),
        ("10.7.255.255:443 tcp", "pods"),
        ("10.8.15.255:53 tcp", "services"),
        ("[fd00:8::/32]:443 tcp", "services"),
        ("db.example.com:5432 postgres address={192.0.2.1, 10.8.0.1}", "services"),
        ("10.4.0.1:80 http", "pods"),
        ("10.3.255.255:443 tcp", ""),
        ("10.8.16.0/20:443 tcp", ""),
        ("[fd00:9::/64]:443 tcp", ""),
        ("10.0.0.0/8:443 tcp except {10.4.0.0/14, 10.8.0.0/20}", ""),
        ('internet:443 tls reason="checks"', ""),
    ],
)
def test_covers_cluster(destination: str, kind: str) -> None:
    findings = found(f"allow s/a -> {destination}")
    assert [each.code.id for each in findings] == ["EGR310"] * bool(kind)
    assert all(each.message.endswith(f"overlaps the cluster's own {kind}") for each in findings)
