"""`egressc audit`: what was seen beside the policy, in every format; a server that fails leaves one line and no file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from faked import END, PROFILE, TODAY, Fake, Result, holding, labelled, vector

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "audit.schema.json").read_text())
HTTP, TCP = "istio_requests_total", "istio_tcp_connections_closed_total"
NONE = {"unused": 0, "blocked": 0, "passed-through": 0, "lost": 0, "outside": 0, "out-of-region": 0, "nameless": 0, "incomplete": 0}  # fmt: skip
PASSED, BLACK = "PassthroughCluster", "BlackHoleCluster"


class Audits:
    """Runs audits of a policy in the project's folder, of a server that has some counters."""

    def __init__(self, project: Path, fake: Fake) -> None:
        self.project, self.fake = project, fake

    def __call__(self, policy: str, *series: Any, arguments: tuple[str, ...] = (), warnings: Any = ()) -> Result:
        (self.project / "a.egress").write_text(policy)
        self.fake.reply = holding(*series, warnings=warnings)
        return Result(
            "audit", "a.egress", "-p", "profile.yaml", "--prometheus", self.fake.url, "--today", TODAY, *arguments
        )

    def json(self, policy: str, *series: Any, arguments: tuple[str, ...] = (), warnings: Any = ()) -> Any:
        told = self(policy, *series, arguments=("--format", "json", *arguments), warnings=warnings).json
        jsonschema.validate(told, SCHEMA)
        return told


@pytest.fixture
def audited(project: Path, fake: Fake) -> Audits:
    return Audits(project, fake)


POLICY = "allow idgen -> httpbin.org:80 http\n"
ROWS = [
    (HTTP, "httpbin.org", "httpbin.org", "-", "allowed", "httpbin.org", [1], []),
    (HTTP, "httpbin.org", PASSED, "-", "passed-through", "httpbin.org", [1], ["passed-through"]),
    (HTTP, "HTTPBIN.org.:80", PASSED, "-", "passed-through", "httpbin.org", [1], ["passed-through"]),
    (HTTP, "httpbin.org:8080", PASSED, "-", "passed-through", "httpbin.org", [], ["passed-through"]),
    (HTTP, "a.example.com", BLACK, "-", "blocked", "a.example.com", [], ["blocked"]),
    (TCP, "b.example.com", "b.example.com", "-", "allowed", "b.example.com", [], ["outside"]),
    (TCP, "unknown", PASSED, "UH", "passed-through", None, [], ["passed-through", "nameless"]),
    (TCP, "unknown", BLACK, "UH", "blocked", None, [], ["blocked", "nameless"]),
    (HTTP, "httpbin.org", "httpbin.org", "NC", "lost", "httpbin.org", [1], ["lost"]),
    (HTTP, "httpbin.org", "httpbin.org", "DC,NR", "lost", "httpbin.org", [1], ["lost"]),
    (HTTP, BLACK, BLACK, "NR", "lost", "blackholecluster", [], ["lost"]),
    (HTTP, PASSED, PASSED, "NC", "lost", "passthroughcluster", [], ["lost"]),
    (TCP, "unknown", "unknown", "NC", "lost", None, [], ["lost", "nameless"]),
    (HTTP, "far.example.com", BLACK, "-", "blocked", "far.example.com", [], ["blocked"]),
    (HTTP, "far.example.com", "far.example.com", "-", "allowed", "far.example.com", [], ["outside", "out-of-region"]),
]
"""Metric, destination_service, destination_service_name, response_flags; verdict, host, lines of rules, kinds."""


@pytest.mark.parametrize(("metric", "service", "name", "flags", "verdict", "host", "rules", "kinds"), ROWS)
def test_each_row_of_the_labels(
    audited: Audits, metric: str, service: str, name: str, flags: str, verdict: str, host: str | None, rules: list[int], kinds: list[str]
) -> None:  # fmt: skip
    told = audited.json(POLICY, (metric, labelled("idgen", service, name, flags), 2.0))
    (flow,) = told["flows"]
    assert (flow["verdict"], flow["host"], flow["is"]) == (verdict, host, kinds)
    assert [each["line"] for each in flow["rules"]] == rules
    assert flow["count"] == 14
    assert (flow["lastSeenAfter"], flow["lastSeen"]) == ("2026-11-25T22:00:00Z", "2026-11-25T23:00:00Z")
    assert flow["isRegistered"] == (verdict == "allowed")
    assert told["summary"] == {**NONE, **dict.fromkeys(kinds, 1), "unused": told["summary"]["unused"]}


@pytest.mark.parametrize(("host", "line"), [("httpbin.org", 1), ("httpbin.org:80", 1), ("httpbin.org:8080", 2)])
def test_a_host_header_tells_its_port(audited: Audits, host: str, line: int) -> None:
    policy = POLICY + "allow idgen -> httpbin.org:8080 http\n"
    (flow,) = audited.json(policy, (HTTP, labelled("idgen", host, PASSED), 1.0))["flows"]
    assert [each["line"] for each in flow["rules"]] == [line]


def test_a_host_header_is_not_believed_where_a_sidecar_looks_at_the_address(audited: Audits) -> None:
    policy = "allow idgen -> db.example.com:5432 tcp address=203.0.113.7\nallow idgen -> 203.0.113.9:80 http\n"
    hosts = ("db.example.com:5432", "203.0.113.9")
    told = audited.json(policy, *((HTTP, labelled("idgen", host, PASSED), 1.0) for host in hosts))
    assert {each["host"]: len(each["rules"]) for each in told["flows"]} == {"db.example.com": 0, "203.0.113.9": 1}
    (flow,) = audited.json(policy, (TCP, labelled("idgen", "db.example.com", "db.example.com"), 1.0))["flows"]
    assert len(flow["rules"]) == 1


def test_used_and_unused(audited: Audits) -> None:
    policy = POLICY + "allow etl -> old.example.com:443 tls\nallow * -> *.example.org:443 tls\n"
    seen = (
        (HTTP, labelled("idgen", "httpbin.org", "httpbin.org"), 1.0),
        (TCP, labelled("etl", "*.example.org", "*.example.org"), 3.0),
    )
    told = audited.json(policy, *seen, arguments=("--fail-on", "unused"))
    assert [(each["line"], each["state"], each["requests"], each["connections"]) for each in told["rules"]] == [
        (1, "used", 7, 0),
        (2, "unused", 0, 0),
        (3, "used", 0, 21),
    ]
    assert told["rules"][1]["knownSince"] == "2026-11-19T00:00:00Z"
    assert [(each["code"], each["line"], each["column"], each["endColumn"]) for each in told["findings"]] == [
        ("EGR701", 2, 1, 37)
    ]


def test_a_rule_that_is_not_live_is_not_unused(audited: Audits) -> None:
    told = audited.json("allow idgen -> a.example.com:443 tls expires=2026-11-01\nallow idgen -> b.example.com:443 tls cluster=other\n")  # fmt: skip
    assert told["rules"] == []


def test_what_cannot_be_known_of_a_rule(audited: Audits) -> None:
    policy = "allow idgen -> 203.0.113.7:5432 tcp\nallow etl -> a.example.com:53 udp\nallow etl -> *.b.com:443 tls\n"
    told = audited.json(policy, (TCP, labelled("idgen", "unknown", PASSED), 1.0))
    assert [(each["state"], each["why"]) for each in told["rules"]] == [
        ("unknown", "traffic without a name may be its"),
        ("unknown", "no sidecar sees its traffic"),
        ("unused", ""),
    ]
    assert [each["why"] for each in audited.json(POLICY)["rules"]] == ["nothing of its workloads was observed"]


def test_the_invented_host_of_an_address_is_its_rules(audited: Audits) -> None:
    host = "203-0-113-7.tcp-5432.egressc.invalid"
    told = audited.json("allow idgen -> 203.0.113.7:5432 tcp\n", (TCP, labelled("idgen", host, host), 1.0))
    assert told["rules"][0]["state"] == "used"
    told = audited.json("allow idgen -> 203.0.113.7:5432 tcp\n", (TCP, labelled("etl", host, host), 1.0))
    assert (told["rules"][0]["state"], told["flows"][0]["is"]) == ("unused", ["outside"])


def test_a_workload_by_its_canonical_service(audited: Audits) -> None:
    labels = labelled("idgen-v1", "httpbin.org", "httpbin.org") | {"source_canonical_service": "idgen"}
    assert audited.json(POLICY, (HTTP, labels, 1.0))["flows"][0]["workload"] == "idgen"


def test_the_server_adds_up_and_leaves_out_the_mesh(audited: Audits) -> None:
    audited.json(POLICY, (HTTP, labelled("idgen", "httpbin.org", "httpbin.org"), 1.0))
    grown = [query for query in audited.fake.queries if "increase" in query]
    assert grown
    assert all("sum by (source_workload_namespace, source_workload," in query for query in grown)
    assert all("topk(10000" in query for query in grown)
    registered = [query for query in grown if "destination_service_name!~" in query]
    assert all(r'destination_service!~".+\\.svc\\.cluster\\.local"' in query or r'destination_service!' in query for query in registered)  # fmt: skip


def test_days_are_asked_one_by_one(audited: Audits) -> None:
    audited.json(POLICY, (HTTP, labelled("idgen", "httpbin.org", "httpbin.org"), 1.0), arguments=("--since", "2d6h"))
    lengths = [found[1] for query in audited.fake.queries if (found := re.search(r"increase\(\S+\[(\d+)s\]\)", query))]
    assert lengths == ["86400"] * 2 * 8 + ["21600"] * 8


def test_tables(audited: Audits) -> None:
    policy = POLICY + "allow etl -> old.example.com:443 tls\n"
    series = [(metric, labelled("idgen", service, name, flags), 1.0) for metric, service, name, flags, *_ in ROWS]
    told = audited(policy, *series)
    assert (told.status, told.err) == (0, "")
    titles = [line.partition(":")[0] for line in told.out.splitlines() if line and not line.startswith(" ")]
    assert titles == [
        *("recipes-us", "used", "unused", "attempted and blocked", "passed through", "led nowhere"),
        *("allowed outside of the policy", "out of region", "cannot be known"),
    ]
    assert "far.example.com in europe-west1" in told.out
    assert "metrics do not say where to, its access log does" in told.out


def test_quiet_says_nothing_when_all_is_used(audited: Audits) -> None:
    seen = (HTTP, labelled("idgen", "httpbin.org", "httpbin.org"), 1.0)
    assert audited(POLICY, seen, arguments=("-q",)).out == ""
    assert audited(POLICY, seen, arguments=("-q",), warnings=("a store is down",)).out != ""


def test_hostile_hosts_stay_text(audited: Audits) -> None:
    host = "a\x1b[31m\n\u202e.example.com" + "x" * 5000
    series = (HTTP, labelled("idgen", host, PASSED), 1.0)
    told = audited(POLICY, series)
    assert told.out.replace("\n", "").isprintable()
    assert max(map(len, told.out.splitlines())) < 400
    assert audited.json(POLICY, series)["flows"][0]["host"].startswith("a\x1b")


def test_sarif_is_at_the_rule(audited: Audits) -> None:
    policy = "# why\n" + POLICY
    told = audited(policy, (HTTP, labelled("etl", "x.example", PASSED), 1.0), arguments=("--format", "sarif"))
    (run,) = told.json["runs"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("EGR701", "warning")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("a.egress")
    assert place["region"] == {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 35}


def test_a_suppression_of_an_unused_rule(audited: Audits) -> None:
    policy = POLICY.rstrip() + "  # egressc: ignore EGR701 -- yearly\n"
    series = (HTTP, labelled("etl", "x.example", PASSED), 1.0)
    assert audited.json(policy, series)["findings"] == []
    assert audited(policy, series, arguments=("--fail-on", "unused")).status == 0
    assert "EGR408" not in Result("check", "a.egress", "-p", "profile.yaml").out, "check cannot judge it"


@pytest.mark.parametrize(
    ("fatal", "status"),
    [("unused", 1), ("blocked", 0), ("passed-through", 1), ("outside,passed-through", 1), ("nameless", 0), ("lost", 0)],
)
def test_fail_on(audited: Audits, fatal: str, status: int) -> None:
    series = (HTTP, labelled("etl", "x.example", PASSED), 1.0)
    assert audited(POLICY, series).status == 0
    assert audited(POLICY, series, arguments=("--fail-on", fatal)).status == status


def test_warnings_of_the_server_are_told(audited: Audits) -> None:
    told = audited(POLICY, warnings=("store b is down",), arguments=("--fail-on", "incomplete"))
    assert told.status == 1
    assert "incomplete: the server warns: store b is down\n" in told.out
    assert audited.json(POLICY, warnings=("store b is down",))["incomplete"] == ["the server warns: store b is down"]


def test_hours_without_data_are_told(audited: Audits) -> None:
    whole = holding((HTTP, labelled("idgen", "httpbin.org", "httpbin.org"), 1.0))
    audited(POLICY)
    audited.fake.reply = lambda query: vector(({}, 150.0)) if query.startswith("count_over") else whole(query)
    told = Result("audit", "a.egress", "-p", "profile.yaml", "--prometheus", audited.fake.url, "--today", TODAY)
    assert "nothing was recorded in about 17h of the time" in told.out


def test_a_flood_of_hosts_is_told(audited: Audits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egresslang.traffic.observed.MOST", 3)
    series = [(HTTP, labelled("idgen", f"h{at}.example", PASSED), 1.0) for at in range(3)]
    reply = holding(*series)
    audited(POLICY)
    audited.fake.reply = lambda query: vector(({}, 7.0)) if query.startswith("count(") else reply(query)
    told = Result("audit", "a.egress", "-p", "profile.yaml", "--prometheus", audited.fake.url, "--today", TODAY)
    assert "7 different flows in the 1d before 2026-11-26 00:00: the 3 with the most traffic are shown" in told.out


@pytest.mark.parametrize(
    ("ahead", "said"), [(3600, "is 3600 s ahead of this machine's"), (-7200, "is 7200 s behind"), (5, "")]
)
def test_clock_skew(ahead: int, said: str, project: Path, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "a.egress").write_text(POLICY)
    monkeypatch.setattr("time.time", lambda: float(END))
    reply = holding()
    fake.reply = lambda query: vector(({}, END + ahead)) if query == "vector(time())" else reply(query)
    told = Result("audit", "a.egress", "-p", "profile.yaml", "--prometheus", fake.url)
    assert said in told.out
    assert ("incomplete" in told.out) == bool(said)


def test_absurd_moments_stay_in_the_window(audited: Audits) -> None:
    audited(POLICY)
    whole = holding((HTTP, labelled("idgen", "httpbin.org", "httpbin.org"), 1.0))
    absurd = vector((labelled("idgen", "httpbin.org", "httpbin.org"), 1e300))
    early = vector(({"source_workload_namespace": "recipes"}, -1e300))

    def reply(query: str) -> Any:
        return early if "group by" in query else absurd if "timestamp" in query else whole(query)

    audited.fake.reply = reply
    told = Result("audit", "a.egress", "-p", "profile.yaml", "--prometheus", audited.fake.url, "--today", TODAY)
    assert "known since 2026-11-19 00:00" in told.out
    assert "2026-11-25 23:00 to 24:00  recipes/idgen" in told.out


def test_a_day_that_the_server_does_not_know_yet(project: Path, fake: Fake) -> None:
    (project / "a.egress").write_text(POLICY)
    fake.reply = holding()
    told = Result("audit", "a.egress", "-p", "profile.yaml", "--prometheus", fake.url, "--today", "2026-12-01")
    assert "the server's clock is 5 days before the end of --today" in told.out
    assert "to 2026-11-27 00:00 UTC" in told.out


FAULTS: dict[str, Any] = {
    "401": lambda _: (401, {}, b""),
    "503": lambda _: (503, {}, b""),
    "html": lambda _: (200, {"Content-Type": "text/html"}, b"<html>"),
    "half": lambda _: (200, {"Content-Length": "999"}, b'{"status"'),
    "shape": lambda _: (200, {}, b"[]"),
    "late": lambda query: vector(({}, END)) if "time()" in query else (500, {}, b""),
}


@pytest.mark.parametrize("command", ["audit", "learn"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_status_two_and_no_file(command: str, fault: str, project: Path, fake: Fake) -> None:
    (project / "a.egress").write_text(POLICY)
    (project / "out").write_text("as it was")
    fake.reply = FAULTS[fault]
    output = "--output-file" if command == "audit" else "-o"
    told = Result(command, "a.egress", "-p", "profile.yaml", "--prometheus", fake.url, "--retries", "0", output, "out")
    assert (told.status, told.out) == (2, "")
    assert told.err.startswith(f"egressc: `{fake.url}` ")
    assert told.err.count("\n") == 1
    assert (project / "out").read_text() == "as it was"
    assert sorted(path.name for path in project.iterdir()) == ["a.egress", "out", "profile.yaml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing says where traffic was seen: give --prometheus URL"),
        (("--prometheus", "https://u:hunter2@host"), "takes no user or password"),
        (("--since", "soon", "--prometheus", "http://x"), "`soon` is not a duration"),
        (("--since", "999d", "--prometheus", "http://x"), "not between a minute and 400 days"),
        (("--fail-on", "unusd", "--prometheus", "http://x"), "did you mean `unused`?"),
        (("--fail-on", "not-ready", "--prometheus", "http://x"), "belongs to --ready"),
        (("--access-log", "idgen.log"), "does not say whose log it is"),
        (("--access-log", "idgen=nowhere.log"), "cannot read `nowhere.log`"),
        (("--timeout", "0", "--prometheus", "http://x"), "not a number of seconds"),
        (("--retries", "many", "--prometheus", "http://x"), "not a number from 0 to 99"),
        (("--prometheus", ""), "--prometheus names no server"),
        (("--prometheus", "http://x", "--prometheus", "http://y"), "--prometheus stands twice"),
        (("--prometheus", "http://x", "--cluster-label", "a-b"), "`a-b` is not a label of Prometheus"),
        (("--prometheus", "http://x", "--cluster-label", "cluster="), "names no cluster"),
        (("--prometheus", "http://x", "--ready", "--format", "sarif"), "nothing of --ready"),
        (("--access-log", "idgen=-", "--access-log", "etl=-"), "is named twice"),
        (("-", "--access-log", "idgen=-"), "is named twice"),
        (("--prometheus", "http://x", "--tenant", ""), "--tenant has no value"),
    ],
)
def test_misuse(arguments: tuple[str, ...], said: str, project: Path) -> None:
    (project / "a.egress").write_text(POLICY)
    told = Result("audit", "a.egress", "-p", "profile.yaml", *arguments)
    assert (told.status, told.out) == (2, "")
    assert said in told.err
    assert "hunter2" not in told.err


OF_SERVER = (
    "--since 1d", "--cluster-label c", "--bearer-token-file t", "--basic-auth-file b", "--client-certificate c", "--client-key k",
    "--ca-file a", "--tenant team-a", "--timeout 5", "--retries 1",
)  # fmt: skip


@pytest.mark.parametrize("source", ["", "--access-log idgen=idgen.log"])
@pytest.mark.parametrize("option", OF_SERVER)
@pytest.mark.parametrize("command", ["audit", "learn", "graph"])
def test_an_option_of_a_server_is_refused_where_none_is_asked(
    command: str, option: str, source: str, project: Path
) -> None:
    (project / "a.egress").write_text(POLICY)
    told = Result(command, "a.egress", "-p", "profile.yaml", *option.split(), *source.split())
    assert (told.status, told.out) == (2, "")
    assert told.err == f"egressc: {option.split(maxsplit=1)[0]} belongs to --prometheus URL, and there is none\n"


def test_several_options_of_a_server_are_one_line(project: Path) -> None:
    (project / "a.egress").write_text(POLICY)
    told = Result("audit", "a.egress", "-p", "profile.yaml", "--tenant", "a", "--ca-file", "b")
    assert told.err == "egressc: --ca-file, --tenant belong to --prometheus URL, and there is none\n"


ENTRY = "{kind: ServiceEntry, apiVersion: networking.istio.io/v1, metadata: {name: db, namespace: recipes}, spec: {hosts: [db.example.com], location: MESH_INTERNAL, resolution: DNS, ports: [{number: 80, name: http, protocol: HTTP}]}}"


@pytest.mark.parametrize(
    ("host", "more", "flows"),
    [
        ("db.example.com", "", 1),
        ("db.example.com", f"  resources: [{ENTRY}]\n", 0),
        ("db.example.com", f"  resources: [{ENTRY.replace('INTERNAL', 'EXTERNAL')}]\n", 1),
        ("db.corp.example", '  inMesh: ["*/*.svc.cluster.local", "*/*.corp.example"]\n', 0),
        ("corp.example", '  inMesh: ["*/*.svc.cluster.local", "*/*.corp.example"]\n', 1),
    ],
)
def test_registered_hosts_of_the_mesh_itself_are_no_egress(
    host: str, more: str, flows: int, audited: Audits, project: Path
) -> None:
    (project / "profile.yaml").write_text(PROFILE + more)
    told = audited.json(POLICY, (HTTP, labelled("idgen", host, host), 1.0), arguments=("--ready",))
    assert len(told["flows"]) == flows
    assert told["ready"][0]["state"] == ("not-ready" if flows else "enforced")
    told = audited.json(POLICY, (HTTP, labelled("idgen", host, PASSED), 1.0))
    assert len(told["flows"]) == 1, "a client may say any name"


def test_a_wrong_policy_is_told_before_anybody_is_asked(project: Path, fake: Fake) -> None:
    (project / "a.egress").write_text("allow idgen -> httpbin.org:99999 http\n")
    told = Result("audit", "a.egress", "-p", "profile.yaml", "--prometheus", fake.url)
    assert (told.status, told.out, fake.asked) == (1, "", [])
    assert "EGR005" in told.err


@pytest.mark.parametrize("command", ["audit", "learn"])
@pytest.mark.parametrize("today", ["9999-12-31", "0001-01-01", "1970-01-03"])
def test_days_that_nobody_has_traffic_of(command: str, today: str, project: Path, fake: Fake) -> None:
    (project / "a.egress").write_text(POLICY)
    told = Result(command, "a.egress", "-p", "profile.yaml", "--prometheus", fake.url, "--today", today)
    assert (told.status, told.out, fake.asked) == (2, "", [])
    assert told.err == f"egressc: no server has traffic of the 7d before the end of {today}: give another --today\n"


def test_what_grew_between_two_days_is_asked_for(audited: Audits) -> None:
    audited.json(POLICY, (HTTP, labelled("idgen", "httpbin.org", PASSED), 1.0))
    counted = [query for query in audited.fake.queries if "increase" in query]
    assert len(counted) == 7 * 8
    began = r"\(min_over_time\(\S+\[86400s\]\) or label_replace\(0 - \(last_over_time\(\S+\[86400s\] offset 86400s\) or last_over_time\(\S+\[2419200s:21600s\] offset 172800s\)\)"  # fmt: skip
    assert all(re.search(began, query) for query in counted)


LINE = '[{at}] "GET / HTTP/1.1" 200 - via_upstream - "-" 0 0 1 1 "-" "curl" "x" "{host}" "203.0.113.7:{port}" PassthroughCluster 10.0.0.1:1 203.0.113.7:{port} 10.0.0.1:2 - allow_any\n'


def test_what_a_log_tells_beside_metrics_is_told_once(audited: Audits) -> None:
    line = LINE.format(at="2026-11-25T12:00:00.000Z", host="httpbin.org", port=80)
    for name in ("a.log", "b.log"):
        (audited.project / name).write_text(line * 2)
    metrics = [(HTTP, labelled("idgen", host, PASSED), 1.0) for host in ("httpbin.org:80", "other.example.com")]
    logs = ("--access-log", "idgen=a.log", "--access-log", "idgen=b.log")
    told = audited.json(POLICY, *metrics, arguments=logs)
    assert [(each["host"], each["port"], each["by"], each["count"]) for each in told["flows"]] == [
        ("httpbin.org", None, "metrics", 3),
        ("httpbin.org", 80, "log", 4),
        ("other.example.com", None, "metrics", 7),
    ]
    assert told["rules"][0]["requests"] == 7


def test_left_out_flows_make_no_rule_unused(audited: Audits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egresslang.traffic.observed.MOST", 3)
    flood = [(HTTP, labelled("etl", f"h{at}.example", f"h{at}.example", "NR"), 9.0) for at in range(3)]
    told = audited.json(POLICY, *flood)
    assert [(each["state"], each["why"]) for each in told["rules"]] == [
        ("unknown", "some of what was seen is left out, and may be its")
    ]
    assert told["findings"] == []
    queries = [query for query in audited.fake.queries if "topk" in query]
    assert all(("response_flags=~" in query) != ("response_flags!~" in query) for query in queries), "asked apart"


def test_traffic_without_any_label_of_where_to_is_never_ready(audited: Audits) -> None:
    told = audited.json(POLICY, (HTTP, labelled("idgen", "", ""), 1.0), arguments=("--ready",))
    assert [(each["verdict"], each["is"]) for each in told["flows"]] == [("allowed", ["outside", "nameless"])]
    assert [each["state"] for each in told["rules"] + told["ready"]] == ["unknown", "not-ready"]


def test_a_cluster_of_which_nothing_is_known_is_never_ready(audited: Audits, project: Path) -> None:
    (project / "profile.yaml").write_text(re.sub("  namespaces:\n.*\n", "", PROFILE))
    assert audited("", arguments=("--ready", "--fail-on", "not-ready")).status == 1


def test_the_label_of_a_cluster_is_asked_for(audited: Audits) -> None:
    flow = (HTTP, labelled("idgen", "httpbin.org", "httpbin.org"), 1.0)
    audited.json(POLICY, flow, arguments=("--cluster-label", "source_cluster"))
    asked = [query for query in audited.fake.queries if query != "vector(time())"]
    assert asked
    for query in asked:
        assert query.count('source_cluster="recipes-us"') == query.count("reporter=") or "count_over" in query


def test_an_empty_log_is_of_no_time(project: Path) -> None:
    (project / "a.egress").write_text(POLICY)
    (project / "empty.log").write_text("")
    told = Result("audit", "a.egress", "-p", "profile.yaml", "--access-log", "idgen=empty.log")
    assert told.out.startswith("recipes-us: nothing was observed\n")


def test_what_an_expired_rule_granted_is_told_with_it(audited: Audits) -> None:
    policy = "allow idgen -> httpbin.org:80 http expires=2026-11-01\nallow etl -> a.example.com:443 tls\n"
    flow = (HTTP, labelled("idgen", "httpbin.org", "httpbin.org"), 1.0)
    (seen,) = audited.json(policy, flow)["flows"]
    assert (seen["rules"], [each["line"] for each in seen["expired"]], seen["is"]) == ([], [1], ["outside"])
    assert "granted by a.egress:1, which expired on 2026-11-01\n" in audited(policy, flow).out
