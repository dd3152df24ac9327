"""`egressc learn`: what is proposed was seen, compiles, is in canonical form, and allows what was seen; the rest is apart."""

from __future__ import annotations

import contextlib
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from faked import PROFILE, TODAY, Fake, Result, holding, labelled
from hypothesis import given
from hypothesis import strategies as st

from egresslang.compile import compile
from egresslang.findings import Severity, errors
from egresslang.policy.inventory import Inventory
from egresslang.policy.policy import Policy
from egresslang.profile.load import load
from egresslang.source import Source
from egresslang.syntax.format import show_file
from egresslang.syntax.parse import parse
from egresslang.traffic.audit import audit
from egresslang.traffic.flow import PASSED as PASSED_THROUGH
from egresslang.traffic.flow import REQUESTS, Flow, Observed, Seen
from egresslang.traffic.judge import Judge
from egresslang.traffic.learn import Asked, learn
from egresslang.traffic.window import Moment

HTTP, TCP = "istio_requests_total", "istio_tcp_connections_closed_total"
PASSED, BLACK = "PassthroughCluster", "BlackHoleCluster"


class Learns:
    """Runs `learn` of a server that has some counters; `policy` is what stands already."""

    def __init__(self, project: Path, fake: Fake) -> None:
        self.project, self.fake = project, fake

    def __call__(self, *series: Any, arguments: tuple[str, ...] = (), policy: str = "") -> Result:
        self.fake.reply = holding(*series)
        paths = []
        if policy:
            (self.project / "a.egress").write_text(policy)
            paths = ["a.egress"]
        return Result(
            "learn", *paths, "-p", "profile.yaml", "--prometheus", self.fake.url, "--today", TODAY, *arguments
        )

    def rules(self, *series: Any, **more: Any) -> list[str]:
        """The rules of a proposal, once it was shown to be canonical and to compile beside what stands."""
        told = self(*series, **more)
        assert told.status == 0, told.err
        canonical, problems = parse(Source("proposed.egress", told.out))
        assert problems == []
        assert show_file(canonical) == told.out
        (self.project / "proposed.egress").write_text(told.out)
        checked = Result("check", self.project, "-p", "profile.yaml", "--today", TODAY)
        assert checked.status == 0, checked.out + checked.err
        assert "EGR40" not in checked.out, "a comment that acts"
        return [line for line in told.out.splitlines() if line.startswith("allow")]


@pytest.fixture
def learned(project: Path, fake: Fake) -> Learns:
    return Learns(project, fake)


def test_nothing_was_seen(learned: Learns) -> None:
    told = learned()
    assert (told.status, told.err) == (0, "egressc: 0 rules proposed, 0 flows kept apart\n")
    assert "# Nothing was observed.\n" in told.out


def test_evidence_stands_above_a_rule(learned: Learns) -> None:
    told = learned(
        (HTTP, labelled("idgen", "httpbin.org", PASSED), 3.0),
        (HTTP, labelled("etl", "api.example.com:8080", PASSED), 0.1),
    )
    assert told.out.partition("\n\n")[2] == (
        "namespace recipes\n\n"
        "# 1 request, last seen 2026-11-25 22:00 to 23:00, passed-through\nallow etl -> api.example.com:8080 http\n\n"
        "# 21 requests, last seen 2026-11-25 22:00 to 23:00, passed-through\nallow idgen -> httpbin.org:80 http\n"
    )


APART = [
    ("203.0.113.7", "the client says an address, not a name"),
    ("[2001:db8::1]:80", "the client says an address, not a name"),
    ("api.recipes.svc.cluster.local", "a name of the mesh or of a private network"),
    ("api.recipes", "a name of the mesh or of a private network"),
    ("web-0.api.recipes", "a pod of namespace `recipes`, or a name outside: nothing says which"),
    ("api.shop.svc", "a name of the mesh or of a private network"),
    ("web-0.api.recipes.svc", "a name of the mesh or of a private network"),
    ("web-0.api.recipes.svc.cluster.local:8080", "a name of the mesh or of a private network"),
    ("printer.local", "a name of the mesh or of a private network"),
    ("metadata.google.internal", "a name of the mesh or of a private network"),
    ("localhost", "not a DNS name"),
    ("api", "not a DNS name"),
    ("co.uk", "a name that nobody can have registered"),
    ("secret.exfiltrated.zzzz", "a name that nobody can have registered"),
    ("*.example.com", "not a DNS name"),
    ("a_b.example.com", "not a DNS name"),
    ("a b.example.com", "not a DNS name"),
    ("bücher.de", "not a DNS name"),
    ("x.egressc.invalid", "not a DNS name"),
    ("-x.example.com", "not a DNS name"),
    ("a\nallow * -> *\nreason", "not a DNS name"),
    ("x.example.com\n# egressc: ignore EGR301 -- why", "not a DNS name"),
    ("x # egressc: ignore EGR301 -- why", "not a DNS name"),
]


@pytest.mark.parametrize(("host", "why"), APART)
def test_invented_hosts_are_kept_apart(learned: Learns, host: str, why: str) -> None:
    series = (HTTP, labelled("idgen", host, PASSED), 1.0)
    assert learned.rules(series) == []
    assert f"# Kept apart: {why}\n#   recipes/idgen -> " in learned(series).out


def test_a_name_below_a_namespace_that_is_a_top_level_domain(learned: Learns) -> None:
    """`web-0.nginx.shop` is a pod of a headless Service (Kubernetes, DNS for Services and Pods), `www.example.shop` is not."""
    series = (HTTP, labelled("idgen", "www.example.shop", PASSED), 1.0)
    assert learned.rules(series) == ["allow idgen -> www.example.shop:80 http"]
    other = (HTTP, labelled("cart", "api.example.com", PASSED, namespace="shop"), 1.0)
    assert learned.rules(series, other) == []
    assert (
        "# Kept apart: a pod of namespace `shop`, or a name outside: nothing says which\n" in learned(series, other).out
    )
    longer = (HTTP, labelled("idgen", "a.www.example.shop", PASSED), 1.0)
    assert learned.rules(longer, other) == ["allow idgen -> a.www.example.shop:80 http"]


def test_a_namespace_that_the_profile_does_not_know_takes_nobody_else_with_it(learned: Learns) -> None:
    series = [
        (HTTP, labelled(who, "api.example.com", PASSED, namespace=where), 1.0)
        for who, where in (("idgen", "recipes"), ("cart", "shop"), ("web", "shop"), ("cart", "zoo"))
    ]
    assert learned.rules(*series) == ["allow idgen -> api.example.com:80 http"]
    assert re.findall("# Kept apart: (.*)", learned(*series).out) == [
        "EGR104 namespace `shop` is not in the profile",
        "EGR104 namespace `zoo` is not in the profile",
    ]


def test_what_is_not_known_is_kept_apart(learned: Learns) -> None:
    series = [
        (TCP, labelled("idgen", "unknown", PASSED), 1.0),
        (HTTP, labelled("idgen", "b.example.com", BLACK), 1.0),
        (HTTP, labelled("idgen", "c.example.com", "c.example.com", "NC"), 1.0),
        (HTTP, labelled("idgen", "d.example.com", "d.example.com"), 1.0),
        (HTTP, labelled("idgen", "*.e.example.com", "*.e.example.com"), 1.0),
        (HTTP, labelled("unknown", "f.example.com", PASSED, namespace="unknown"), 1.0),
        (HTTP, labelled("stranger", "g.example.com", PASSED), 1.0),
    ]
    assert learned.rules(*series) == []
    assert sorted(re.findall("# Kept apart: (.*)", learned(*series).out)) == [
        "EGR103 `stranger` is no workload of namespace `recipes`",
        "attempted and blocked: --attempted proposes it",
        "led nowhere: no cluster has it",
        "no workload that a rule can name",
        "nothing says where to: read the workload's access log",
        "registered as a wildcard: --wildcard '*.e.example.com' proposes it",
        "registered, and nothing says the port: put its ServiceEntry under `resources:` of the profile",
    ]


def test_attempts_when_asked(learned: Learns) -> None:
    series = (HTTP, labelled("idgen", "b.example.com", BLACK), 1.0)
    assert learned.rules(series, arguments=("--attempted",)) == ["allow idgen -> b.example.com:80 http"]


def test_wildcards_only_when_asked(learned: Learns) -> None:
    series = [(HTTP, labelled("idgen", f"h{at}.example.com", PASSED), 1.0) for at in range(3)]
    assert len(learned.rules(*series)) == 3
    wild = learned.rules(*series, arguments=("--wildcard", "*.example.com"))
    assert wild == ["allow idgen -> *.example.com:80 http"]
    told = learned(*series, arguments=("--wildcard", "*.example.com")).out
    assert "# 21 requests of 3 names, such as h0.example.com, last seen" in told


def test_a_wildcard_over_strangers_is_not_proposed_even_then(learned: Learns) -> None:
    series = (HTTP, labelled("idgen", "shop.co.uk", PASSED), 1.0)
    assert learned.rules(series, arguments=("--wildcard", "*.co.uk")) == []
    assert "# Kept apart: EGR301 " in learned(series, arguments=("--wildcard", "*.co.uk")).out


def test_what_stands_is_not_proposed_again(learned: Learns) -> None:
    series = [(HTTP, labelled("idgen", host, PASSED), 1.0) for host in ("a.example.com", "b.example.com")]
    policy = "allow idgen -> a.example.com:80 http\n"
    assert learned.rules(*series, policy=policy) == ["allow idgen -> b.example.com:80 http"]


def test_a_denied_flow_is_not_proposed(learned: Learns) -> None:
    series = (HTTP, labelled("idgen", "a.dropbox.com", PASSED), 1.0)
    assert learned.rules(series, policy="deny * -> *.dropbox.com\n") == []
    assert "# Kept apart: EGR201 " in learned(series, policy="deny * -> *.dropbox.com\n").out


def test_ports_of_registered_hosts_come_from_their_entry(learned: Learns, project: Path) -> None:
    entry = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: db, namespace: recipes}\nspec: {hosts: [db.example.com], ports: [{number: 8443, name: tls, protocol: TLS}], resolution: DNS}\n"  # fmt: skip
    (project / "entry.yaml").write_text(entry)
    (project / "profile.yaml").write_text(PROFILE + "  resources: [entry.yaml]\n")
    series = (TCP, labelled("idgen", "db.example.com", "db.example.com"), 1.0)
    assert learned(series).out.splitlines()[-1] == "allow idgen -> db.example.com:8443 tls"


def test_attributes(learned: Learns, project: Path) -> None:
    (project / "profile.yaml").write_text(PROFILE + "  lint: {require: [owner]}\n")
    series = (HTTP, labelled("idgen", "a.example.com", PASSED), 1.0)
    told = learned(series)
    assert (told.status, told.out) == (2, "")
    assert "the profile requires `owner` of each rule: give --attribute owner=…" in told.err
    arguments = ("--attribute", "owner=team-web", "--attribute", 'reason=seen "so"')
    assert learned.rules(series, arguments=arguments) == [
        'allow idgen -> a.example.com:80 http owner=team-web reason="seen \\"so\\""'
    ]


LOG = """[2026-11-25T10:00:00.000Z] "- - -" 0 - - - "-" 1 1 1 - "-" "-" "-" "-" "203.0.113.7:443" PassthroughCluster 10.0.0.1:1 203.0.113.7:443 10.0.0.1:1 api.example.com -
[2026-11-25T10:00:01.000Z] "- - -" 0 - - - "-" 1 1 1 - "-" "-" "-" "-" "203.0.113.9:5432" PassthroughCluster 10.0.0.1:1 203.0.113.9:5432 10.0.0.1:1 - -
[2026-11-25T10:00:02.000Z] "GET / HTTP/1.1" 200 - via_upstream - "-" 1 1 1 1 "-" "curl" "-" "b.example.com:8080" "203.0.113.8:8080" PassthroughCluster 10.0.0.1:1 203.0.113.8:8080 10.0.0.1:1 - allow_any
[2026-11-25T10:00:03.000Z] "- - -" 0 - - - "-" 1 1 1 - "-" "-" "-" "-" "203.0.113.7:8443" outbound|8443||c.example.com 10.0.0.1:1 203.0.113.7:8443 10.0.0.1:1 c.example.com -
"""  # fmt: skip


def test_an_access_log_tells_the_rest_and_what_is_proposed_allows_it(project: Path) -> None:
    (project / "idgen.log").write_text(LOG)
    told = Result("learn", "-p", "profile.yaml", "--access-log", "idgen=idgen.log", "-o", "proposed.egress", "-q")
    assert (told.status, told.out, told.err) == (0, "", "")
    rules = [line for line in (project / "proposed.egress").read_text().splitlines() if line.startswith("allow")]
    assert rules == [
        "allow idgen -> 203.0.113.9:5432 tcp",
        "allow idgen -> api.example.com:443 tls",
        "allow idgen -> b.example.com:8080 http",
        "allow idgen -> c.example.com:8443 tls",
    ]
    for rule in rules:
        asked = Result(
            "explain", rule.removeprefix("allow "), "proposed.egress", "-p", "profile.yaml", "--format", "json"
        )
        assert asked.json["verdict"] == "allowed", asked.out
    audited = Result("audit", "proposed.egress", "-p", "profile.yaml", "--access-log", "idgen=idgen.log", "--format", "json").json  # fmt: skip
    assert {each["state"] for each in audited["rules"]} == {"used"}
    assert all(each["rules"] for each in audited["flows"])


HOSTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from([host for host, _ in APART]),
    st.from_regex(r"[a-z0-9-]{1,8}(\.[a-z0-9-]{1,5}){0,2}\.(com|org|co\.uk|internal)", fullmatch=True),
)
PROFILED = load(Source("profile.yaml", PROFILE), lambda path: "")[0]
EMPTY = Policy((), (), {}, frozenset(), Inventory({}), (), (), date(2026, 11, 25))


@given(st.lists(st.tuples(st.sampled_from(["idgen", "etl", "a/b", "x y"]), HOSTS, st.integers(0, 65535)), max_size=6))
def test_nothing_but_what_was_seen_is_proposed_whatever_clients_say(seen: list[tuple[str, str, int]]) -> None:
    assert PROFILED is not None
    flows = [Flow("recipes", who, host.lower(), PASSED_THROUGH, REQUESTS, port) for who, host, port in seen]
    observed = Observed(0, 86_400, tuple((flow, Seen(1.0, Moment(0, 60))) for flow in dict.fromkeys(flows)), 0)

    def check(source: Source) -> Any:
        file, problems = parse(source)
        assert PROFILED is not None
        return problems or compile([file], PROFILED, EMPTY.today, Severity.WARNING).findings

    made = learn(audit(observed, Judge(EMPTY, PROFILED)), PROFILED, {}, Asked(), check)
    assert errors(check(Source("proposed.egress", made.text))) == []
    possible = {f"allow {flow.workload} -> {flow.host}:{flow.port or 80} http" for flow in flows}
    proposed = {line for line in made.text.splitlines() if not line.startswith("#") and line.startswith("allow")}
    assert proposed <= possible
    assert len(made.rules) == len(proposed)
    with contextlib.suppress(StopIteration):
        json.dumps(made.text)


@pytest.mark.parametrize(
    ("said", "why"),
    [("2026-11-24", "is over"), ("20261124", "is over"), ("soon", "is not a date")],
)
def test_no_rule_is_proposed_that_grants_nothing(said: str, why: str, learned: Learns) -> None:
    series = (HTTP, labelled("idgen", "a.example.com", PASSED), 1.0)
    told = learned(series, arguments=("--attribute", f"expires={said}"))
    assert (told.status, told.out) == (2, "")
    assert why in told.err
    last = learned(series, arguments=("--attribute", f"expires={TODAY}"))
    assert last.out.splitlines()[-1] == f"allow idgen -> a.example.com:80 http expires={TODAY}"


def test_names_of_every_namespace_that_is_known_are_of_the_mesh(learned: Learns, project: Path) -> None:
    """`dev` and `shop` are public suffixes as well: the profile and the traffic say that they are namespaces here."""
    (project / "profile.yaml").write_text(
        "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: here}\nspec: {defaultNamespace: dev}\n"
    )
    hosts = ("etl.dev", "etl.shop", "etl.com")
    series = [(HTTP, labelled("idgen", host, PASSED, namespace="shop"), 1.0) for host in hosts]
    assert learned.rules(*series) == ["allow idgen -> etl.com:80 http"]


def test_a_name_is_proposed_once(learned: Learns) -> None:
    series = [(HTTP, labelled("idgen", host, PASSED), 1.0) for host in ("bücher.de", "xn--bcher-kva.de")]
    (rule,) = learned.rules(*series)
    assert rule.startswith("allow idgen -> ")
