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

from egresslang import codes
from egresslang.compile import compile
from egresslang.findings import Severity, errors, finding
from egresslang.policy.inventory import Inventory
from egresslang.policy.policy import Policy
from egresslang.profile.load import load
from egresslang.profile.stock import stock
from egresslang.source import Source, Span
from egresslang.syntax.format import show_file
from egresslang.syntax.parse import parse
from egresslang.traffic.audit import audit
from egresslang.traffic.flow import PASSED as PASSED_THROUGH
from egresslang.traffic.flow import REQUESTS, Flow, Observed, Seen
from egresslang.traffic.judge import Judge
from egresslang.traffic.learn import Asked, learn
from egresslang.traffic.trial import Rule, stand
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
        made = compile([file], PROFILED, EMPTY.today, Severity.WARNING)
        return [*problems, *made.findings], () if made.policy is None else made.policy.grants

    made = learn(audit(observed, Judge(EMPTY, PROFILED)), PROFILED, {}, Asked(), check)
    assert errors(check(Source("proposed.egress", made.text))[0]) == []
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


def test_what_cannot_be_written_takes_nobody_else_with_it(learned: Learns) -> None:
    hosts = ("a.com:15001", "b.example.com", "z.example.com")
    series = [(HTTP, labelled("idgen", each, PASSED), 1.0) for each in hosts]
    series.append((HTTP, labelled("etl", "c.example.com", PASSED), 1.0))
    assert learned.rules(*series) == [
        "allow etl -> c.example.com:80 http",
        "allow idgen -> b.example.com:80 http",
        "allow idgen -> z.example.com:80 http",
    ]
    apart = learned(*series).out.partition("# Kept apart: ")[2]
    assert apart.startswith("EGR005 port `15001` belongs to the sidecar\n#   recipes/idgen -> a.com:15001: ")
    assert apart.count("#   ") == 1


def test_an_address_on_a_port_of_the_sidecar(project: Path) -> None:
    (project / "idgen.log").write_text(LOG + LOG.splitlines()[1].replace("5432", "15006") + "\n")
    told = Result("learn", "-p", "profile.yaml", "--access-log", "idgen=idgen.log")
    assert (told.status, told.err) == (0, "egressc: 4 rules proposed, 1 flows kept apart\n")
    assert (
        "# Kept apart: EGR005 port `15006` belongs to the sidecar\n#   recipes/idgen -> 203.0.113.9:15006" in told.out
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (["owner=q", "owner=r"], "`owner=` is given twice"),
        (["region=eu"], "the rules would grant nothing: the cluster is in `us-east1`, not in `eu`"),
        (["region=mars"], "the rules would grant nothing: nothing says what region `mars` is"),
        (["region=us-est1"], "`us-est1` is not a region"),
        (["reason=for ${nobody}"], "variable `nobody` is not defined"),
    ],
)
def test_attributes_that_no_rule_can_have_are_misuse(learned: Learns, said: list[str], why: str) -> None:
    arguments = [word for each in said for word in ("--attribute", each)]
    told = learned((HTTP, labelled("idgen", "a.example.com", PASSED), 1.0), arguments=tuple(arguments))
    assert (told.status, told.out, told.err) == (2, "", f"egressc: --attribute: {why}\n")


def test_a_region_that_holds_the_cluster_is_claimed(learned: Learns) -> None:
    series = [(HTTP, labelled("idgen", host, PASSED), 1.0) for host in ("httpbin.org", "far.example.com")]
    assert learned.rules(*series, arguments=("--attribute", "region=us")) == [
        "allow idgen -> httpbin.org:80 http region=us"
    ]
    assert (
        "`far.example.com` is in `europe-west1`, not in `us`\n"
        in learned(*series, arguments=("--attribute", "region=us")).out
    )


SIDECAR = """  resources:
  - apiVersion: networking.istio.io/v1
    kind: Sidecar
    metadata: {name: by-hand, namespace: recipes, creationTimestamp: "2024-01-01T00:00:00Z"}
    spec:
      workloadSelector: {labels: {app: idgen}}
      egress: [{hosts: ["*/*.svc.cluster.local"]}]
"""


def test_what_is_wrong_without_a_proposal_is_told_as_that(learned: Learns, project: Path) -> None:
    (project / "profile.yaml").write_text(PROFILE + SIDECAR)
    series = [(HTTP, labelled(who, "a.example.com", PASSED), 1.0) for who in ("idgen", "etl")]
    assert learned(*series).out.count("\nallow etl -> a.example.com:80 http\n") == 1
    assert "# Kept apart: EGR504 " in learned(*series).out
    told = learned(*series, policy="allow idgen -> b.example.com:443 tls\n")
    assert (told.status, told.out) == (1, "")
    assert "error[EGR504]: Sidecar recipes/by-hand holds for `recipes/idgen` already\n" in told.err


def test_expectations_are_met_by_a_proposal_and_not_broken_by_it(learned: Learns) -> None:
    series = [(HTTP, labelled("idgen", host, PASSED), 1.0) for host in ("a.example.com", "b.example.com")]
    policy = "expect idgen -> a.example.com:80 http allowed\nexpect idgen -> b.example.com:80 http blocked\n"
    assert learned.rules(*series, policy=policy) == ["allow idgen -> a.example.com:80 http"]
    assert "# Kept apart: EGR207 `recipes/idgen -> b.example.com:80 http` is granted" in learned(*series, policy=policy).out  # fmt: skip


def test_where_nothing_says_which_rule_is_wrong_it_is_found() -> None:
    rules = [Rule("recipes", "idgen", f"h{at}.example.com", 80, "http", ()) for at in range(20)]
    bad = {"h3.example.com", "h4.example.com", "h17.example.com"}

    def check(source: Source) -> Any:
        file, _ = parse(source)
        made = compile([file], stock(), date(2026, 11, 25), Severity.WARNING)
        nowhere = Span(Source("elsewhere", ""), 0, 0)
        wrong = [finding(codes.COLLISION, nowhere, "something") for each in bad if each in source.text]
        assert made.policy is not None
        return wrong, made.policy.grants

    kept, refused = stand(rules, lambda some: "\n".join(["namespace recipes", *(each.text for each in some)]), check)
    assert [each.where for each in kept] == [each.where for each in rules if each.where not in bad]
    assert {each.where: why for each, why in refused} == dict.fromkeys(bad, "EGR504 something")


@pytest.mark.parametrize("name", ["*", "{etl, idgen}", "[app=idgen]", "*[app=idgen]", "everyone", "a b", "etl -> x.com:80 http\nallow idgen"])  # fmt: skip
def test_a_label_is_a_workload_and_no_pattern(learned: Learns, project: Path, name: str) -> None:
    """The profile knows no workloads: then any name may be one, or a set of the policy."""
    (project / "profile.yaml").write_text(
        "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: here}\nspec: {defaultNamespace: recipes}\n"
    )
    series = [(HTTP, labelled(who, "evil.com", PASSED), 1.0) for who in (name, "web")]
    told = learned(*series, policy="workloads everyone = etl, idgen\nallow everyone -> a.com:443 tls\n")
    assert told.status == 0, told.err
    assert [line for line in told.out.splitlines() if line.startswith("allow")] == ["allow web -> evil.com:80 http"]


def log_line(said: str, port: int, *, tls: bool) -> str:
    """A line of an access log of what passed through."""
    tcp, http = LOG.splitlines()[0], LOG.splitlines()[2]
    line = tcp.replace(" api.example.com ", f" {said} ") if tls else http.replace('"b.example.com:8080"', f'"{said}"')
    return re.sub(r"(203\.0\.113\.\d):\d+", rf"\1:{port}", line) + "\n"


def test_neither_of_two_protocols_is_proposed_for_one_port(project: Path) -> None:
    """An invented claim may come first in any order, and be counted more often."""
    good = [("api.example.com", 443, True), ("www.example.com", 80, False)]
    (project / "idgen.log").write_text("".join(log_line(said, port, tls=tls) for said, port, tls in good))
    fake = [("api.example.com", 443, False), ("www.example.com", 80, True), ("www.example.com", 443, True)]
    (project / "etl.log").write_text("".join(log_line(said, port, tls=tls) for said, port, tls in fake))
    logs = ("--access-log", "idgen=idgen.log", "--access-log", "etl=etl.log")
    told = Result("learn", "-p", "profile.yaml", *logs)
    assert [line for line in told.out.splitlines() if line.startswith("allow")] == [
        "allow etl -> www.example.com:443 tls"
    ]
    apart = told.out[told.out.index("# Kept apart: http and tls on one port of one name: nothing says which it is\n") :]
    assert re.findall("^#   (recipes/.*), last seen", apart, re.M) == [
        "recipes/etl -> api.example.com:443: 1 request",
        "recipes/idgen -> api.example.com:443: 1 connection",
        "recipes/etl -> www.example.com:80: 1 connection",
        "recipes/idgen -> www.example.com:80: 1 request",
    ]


@pytest.mark.parametrize(
    ("output", "what"),
    [
        ("a.egress", "a.egress"),
        ("./folder/../a.egress", "a.egress"),
        ("link.egress", "a.egress"),
        ("hard.egress", "a.egress"),
        ("profile.yaml", "profile.yaml"),
        ("idgen.log", "idgen.log"),
        ("entry.yaml", "entry.yaml"),
    ],
)
def test_nothing_that_is_read_is_written_over(project: Path, output: str, what: str) -> None:
    policy = "allow etl -> a.example.com:443 tls\n"
    (project / "folder").mkdir()
    (project / "a.egress").write_text(policy)
    (project / "link.egress").symlink_to("a.egress")
    (project / "hard.egress").hardlink_to(project / "a.egress")
    (project / "idgen.log").write_text(LOG)
    (project / "entry.yaml").write_text(SIDECAR.partition("\n")[2].replace("  - ", "    ", 1).replace("idgen", "other"))
    (project / "profile.yaml").write_text(PROFILE + "  resources: [entry.yaml]\n")
    before = {each.name: each.read_bytes() for each in project.iterdir() if each.is_file()}
    told = Result("learn", "a.egress", "-p", "profile.yaml", "--access-log", "idgen=idgen.log", "-o", output)
    assert (told.status, told.out) == (2, "")
    assert told.err == f"egressc: -o {output} would write over {what}, which is read: name another file\n"
    assert {each.name: each.read_bytes() for each in project.iterdir() if each.is_file()} == before


def grpc(workload: str, host: str, name: str = PASSED, protocol: str = "grpc") -> tuple[str, dict[str, str], float]:
    """A counter of requests that says what they are."""
    return HTTP, {**labelled(workload, host, name), "request_protocol": protocol}, 1.0


def test_grpc_is_not_proposed_as_http(learned: Learns) -> None:
    series = [grpc("idgen", "grpc.example.com:8443"), grpc("idgen", "a.example.com", protocol="http")]
    assert learned.rules(*series) == [
        "allow idgen -> a.example.com:80 http",
        "allow idgen -> grpc.example.com:8443 grpc",
    ]
    both = [*series, grpc("etl", "grpc.example.com:8443", protocol="http")]
    assert learned.rules(*both) == ["allow idgen -> a.example.com:80 http"]
    apart = learned(*both).out.partition("# Kept apart: grpc and http on one port of one name: nothing says which it is\n")  # fmt: skip
    assert apart[2].count("#   recipes/") == 2


def test_grpc_goes_to_the_port_of_a_registered_host_that_is_for_it(learned: Learns, project: Path) -> None:
    entry = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: db, namespace: recipes}\nspec: {hosts: [db.example.com], ports: [{number: 80, name: http, protocol: HTTP}, {number: 9443, name: grpc, protocol: GRPC}], resolution: DNS}\n"  # fmt: skip
    (project / "entry.yaml").write_text(entry)
    (project / "profile.yaml").write_text(PROFILE + "  resources: [entry.yaml]\n")
    told = learned(grpc("idgen", "db.example.com", "db.example.com"))
    assert told.out.splitlines()[-1] == "allow idgen -> db.example.com:9443 grpc"
    told = learned(grpc("idgen", "db.example.com", "db.example.com", "http"))
    assert "# Kept apart: registered on several ports: its access log says which\n" in told.out


def test_http2_in_an_access_log(project: Path) -> None:
    """An access log does not tell gRPC from other HTTP/2: its metrics do."""
    two = log_line("b.example.com", 8080, tls=False).replace("HTTP/1.1", "HTTP/2")
    allowed = two.replace("PassthroughCluster", "outbound|8080||c.example.com")
    as_json = json.dumps(
        {
            "start_time": "2026-11-25T10:00:02.000Z",
            "protocol": "HTTP/2",
            "response_code": 200,
            "route_name": "allow_any",
            "authority": "j.example.com",
            "upstream_cluster": PASSED,
            "downstream_local_address": "203.0.113.8:8080",
        }
    )
    (project / "idgen.log").write_text(f"{two}{allowed}{as_json}\n{log_line('a.example.com', 80, tls=False)}")
    told = Result("learn", "-p", "profile.yaml", "--access-log", "idgen=idgen.log")
    assert [line for line in told.out.splitlines() if line.startswith("allow")] == [
        "allow idgen -> a.example.com:80 http",
        "allow idgen -> b.example.com:8080 http2",
        "allow idgen -> j.example.com:8080 http2",
    ]
    assert "# Kept apart: registered; whether its port is http or http2 is not known: put its Serv" in told.out
    (project / "proposed.egress").write_text(told.out)
    assert Result("check", "proposed.egress", "-p", "profile.yaml").status == 0
    audited = Result("audit", "proposed.egress", "-p", "profile.yaml", "--access-log", "idgen=idgen.log", "--format", "json")  # fmt: skip
    assert {each["host"]: each["protocol"] for each in audited.json["flows"]} == {
        "a.example.com": None,
        "b.example.com": "http2",
        "c.example.com": "http2",
        "j.example.com": "http2",
    }
    assert {each["state"] for each in audited.json["rules"]} == {"used"}


@pytest.mark.parametrize(
    ("metrics", "logged", "rules"),
    [
        ("http", "HTTP/2", ["http2"]),
        ("grpc", "HTTP/2", ["grpc"]),
        ("http", "HTTP/1.1", ["http"]),
        ("grpc", "HTTP/1.1", []),
    ],
)
def test_metrics_and_an_access_log_tell_of_the_same(
    learned: Learns, project: Path, metrics: str, logged: str, rules: list[str]
) -> None:
    (project / "idgen.log").write_text(log_line("b.example.com:8080", 8080, tls=False).replace("HTTP/1.1", logged))
    arguments = ("--access-log", "idgen=idgen.log")
    assert learned.rules(grpc("idgen", "b.example.com:8080", protocol=metrics), arguments=arguments) == [
        f"allow idgen -> b.example.com:8080 {protocol}" for protocol in rules
    ]
