"""`egressc graph --prometheus`: what was seen on each edge, what went no edge's way, and rules that nothing used."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from faked import TODAY, Fake, Result, holding, labelled

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "graph.schema.json").read_text())
HTTP, TCP = "istio_requests_total", "istio_tcp_connections_closed_total"
PASSED, BLACK = "PassthroughCluster", "BlackHoleCluster"
POLICY = "allow idgen -> httpbin.org:80 http region=us\nallow etl -> far.example.com:443 tls\n"
WEEK = 7
"""What grows by 1 in each page of a window is as much."""


class Draws:
    """Draws a policy in the project's folder with what a server has."""

    def __init__(self, project: Path, fake: Fake) -> None:
        self.project, self.fake = project, fake

    def __call__(self, policy: str, *series: Any, arguments: tuple[str, ...] = (), warnings: Any = ()) -> Result:
        (self.project / "a.egress").write_text(policy)
        self.fake.reply = holding(*series, warnings=warnings)
        given = ("a.egress", "-p", "profile.yaml", "--prometheus", self.fake.url, "--today", TODAY)
        return Result("graph", *given, *arguments)

    def json(self, policy: str, *series: Any, **more: Any) -> Any:
        document = self(policy, *series, arguments=("--format", "json"), **more).json
        jsonschema.validate(document, SCHEMA)
        (cluster,) = document["clusters"]
        return cluster


@pytest.fixture
def drawn(project: Path, fake: Fake) -> Draws:
    return Draws(project, fake)


def strays(cluster: Any) -> list[tuple[str, str, str, int]]:
    """Who, the end, where to, and how much of each."""
    return [
        (cluster["workloads"][each["workload"]]["name"], each["verdict"], each["label"],
         each["seen"]["requests"] + each["seen"]["connections"])
        for each in cluster["traffic"]["strays"]
    ]  # fmt: skip


def test_an_edge_carries_what_went_its_way(drawn: Draws) -> None:
    answered = labelled("idgen", "httpbin.org", "httpbin.org")
    cluster = drawn.json(
        POLICY,
        (HTTP, answered, 4.0),
        (HTTP, {**answered, "failed": "yes"}, 2.0),
        (HTTP, labelled("idgen", "httpbin.org", "httpbin.org", "UF"), 1.0),
    )
    used, unused = cluster["edges"]
    assert used["seen"] == {
        "requests": 7 * WEEK,
        "connections": 0,
        "failed": 3 * WEEK,
        "lastSeen": "2026-11-25T23:00:00Z",
        "lastSeenAfter": "2026-11-25T22:00:00Z",
    }
    assert "seen" not in unused
    assert cluster["rules"][0]["use"] == {"state": "used", "length": "7d", "why": "", "seen": used["seen"]}
    assert cluster["traffic"]["length"] == "7d"
    assert strays(cluster) == []


def test_what_nothing_used_stands_out(drawn: Draws) -> None:
    told = (HTTP, labelled("idgen", "httpbin.org", "httpbin.org"), 1.0)
    cluster = drawn.json(POLICY, told)
    assert [each.get("marks", []) for each in cluster["rules"]] == [[], ["unused"]]
    assert cluster["rules"][1]["use"] == {"state": "unused", "length": "7d", "why": ""}
    (number,) = cluster["rules"][1]["findings"][-1:]
    assert cluster["findings"][number]["code"] == "EGR701"
    excused = POLICY.replace("allow etl", "# egressc: ignore EGR701 -- once a year\nallow etl")
    assert [each.get("marks", []) for each in drawn.json(excused, told)["rules"]] == [[], []]


@pytest.mark.parametrize(
    ("metric", "service", "name", "flags", "verdict", "label", "rules"),
    [
        (HTTP, "a.example.com:8080", BLACK, "-", "blocked", "a.example.com:8080", []),
        (HTTP, "a.example.com", PASSED, "-", "passed-through", "a.example.com", []),
        (HTTP, "b.example.com", "b.example.com", "NR", "lost", "b.example.com", []),
        (HTTP, "c.example.com", "c.example.com", "-", "outside", "c.example.com", []),
        (TCP, "unknown", BLACK, "UH", "blocked", "unknown", []),
        (HTTP, "httpbin.org", BLACK, "-", "blocked", "httpbin.org", [0]),
    ],
)
def test_what_went_no_edges_way(
    drawn: Draws, metric: str, service: str, name: str, flags: str, verdict: str, label: str, rules: list[int]
) -> None:
    cluster = drawn.json(POLICY, (metric, labelled("idgen", service, name, flags), 1.0))
    assert strays(cluster) == [("idgen", verdict, label, WEEK)]
    (stray,) = cluster["traffic"]["strays"]
    assert stray["rules"] == rules
    assert stray["isSaid"] == (verdict != "outside" and label != "unknown")
    assert all("seen" not in each for each in cluster["edges"])


def test_a_workload_that_nobody_knows_is_drawn(drawn: Draws) -> None:
    cluster = drawn.json(POLICY, (HTTP, labelled("stranger", "a.example.com", BLACK, namespace="far"), 1.0))
    assert strays(cluster) == [("stranger", "blocked", "a.example.com", WEEK)]
    (node,) = [each for each in cluster["workloads"] if each["name"] == "stranger"]
    assert (node["namespace"], node["rest"]) == ("far", "blocked")


def test_invented_hosts_are_few_short_and_escaped(drawn: Draws) -> None:
    invented = [(HTTP, labelled("idgen", f"{number:03}.example.com", BLACK), float(number)) for number in range(1, 41)]
    hostile = "</script><img src=x>\u202e\n" + "a" * 9000
    cluster = drawn.json(POLICY, *invented, (HTTP, labelled("idgen", hostile, BLACK), 100.0))
    found = strays(cluster)
    assert len(found) == 6
    first, *others, rest = found
    assert first[2].startswith("</script><img src=x>\\u202e\\u000a" + "a" * 20)
    assert len(first[2]) == 121
    assert [each[2] for each in others] == [f"{number:03}.example.com" for number in range(40, 36, -1)]
    assert rest[2:] == ("36 other destinations", sum(range(1, 37)) * WEEK)
    assert cluster["traffic"]["strays"][-1]["others"] == 36
    page = drawn(POLICY, (HTTP, labelled("idgen", hostile, BLACK), 1.0)).out
    assert "<img" not in page
    assert page.count("</script>") == 2


@pytest.mark.parametrize(
    ("form", "edge", "blocked", "passed"),
    [
        ("dot", r'w\d -> d\d \[label="80 http\\n7 requests"',
         r'w\d -> "blocked" \[label="b.example.com \(as the client says\)\\n14 requests blocked", style=bold, arrowhead=tee, color=firebrick',
         r'w\d -> "passed-through" \[label="unknown\\n21 connections passed through", style=bold, color=darkorange3'),
        ("mermaid", r'w\d -->\|"80 http, 7 requests"\| d\d',
         r'w\d --x\|"b.example.com \(as the client says\): 14 requests blocked"\| blocked\n  linkStyle (\d+) stroke:#b01c3d',
         r'w\d -->\|"unknown: 21 connections passed through"\| passed-through\n  linkStyle (\d+) stroke:#a84a05'),
    ],
)  # fmt: skip
def test_the_other_forms_say_it(drawn: Draws, form: str, edge: str, blocked: str, passed: str) -> None:
    text = drawn(
        POLICY,
        (HTTP, labelled("idgen", "httpbin.org", "httpbin.org"), 1.0),
        (HTTP, labelled("idgen", "b.example.com", BLACK), 2.0),
        (TCP, labelled("idgen", "unknown", PASSED), 3.0),
        arguments=("--format", form),
    ).out
    for pattern in (edge, blocked, passed):
        assert re.search(pattern, text), text
    assert "unused" in text
    links = [line for line in text.splitlines() if re.match(r"  w\d+ \S*[-=.]{2}", line)]
    for number, line in re.findall(r"(?m)^(  w.*)\n  linkStyle (\d+)", text):
        assert links[int(line)] == number, "the style is that of the line before it"


@pytest.mark.parametrize("status", [401, 500])
def test_a_server_that_fails_is_one_line_and_no_file(drawn: Draws, fake: Fake, project: Path, status: int) -> None:
    drawn(POLICY)
    fake.reply = lambda query: (status, {}, b"no")
    said = Result(
        "graph", "a.egress", "-p", "profile.yaml", "--prometheus", fake.url, "--retries", "0", "-o", "page.html"
    )
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    assert not (project / "page.html").exists()


def test_what_is_missing_is_told(drawn: Draws) -> None:
    cluster = drawn.json(POLICY, warnings=("one store is away",))
    assert cluster["traffic"]["incomplete"] == ["the server warns: one store is away"]
    assert [each["use"]["state"] for each in cluster["rules"]] == ["unknown", "unknown"]


def test_an_access_log_is_drawn_as_well(drawn: Draws, project: Path) -> None:
    line = {
        "start_time": "2026-11-25T12:00:00.000Z", "response_code": "502", "response_flags": "-", "route_name": "block_all",
        "authority": "a.example.com", "upstream_cluster": "-", "downstream_local_address": "192.0.2.7:80",
    }  # fmt: skip
    (project / "idgen.log").write_text(json.dumps(line) + "\n")
    (project / "a.egress").write_text(POLICY)
    log = ("--access-log", "recipes/idgen=idgen.log", "--format", "json")
    (cluster,) = Result("graph", "a.egress", "-p", "profile.yaml", *log).json["clusters"]
    assert strays(cluster) == [("idgen", "blocked", "a.example.com:80", 1)]


def test_traffic_is_of_one_cluster(project: Path) -> None:
    (project / "a.egress").write_text(POLICY)
    (project / "other.yaml").write_text((project / "profile.yaml").read_text().replace("recipes-us", "other"))
    said = Result("graph", "a.egress", "-p", "profile.yaml", "-p", "other.yaml", "--prometheus", "http://127.0.0.1:9")
    assert said.status == 2
    assert "draw the traffic of one at a time" in said.err


def test_without_traffic_nothing_of_it_is_told(project: Path) -> None:
    (project / "a.egress").write_text(POLICY)
    (cluster,) = Result("graph", "a.egress", "-p", "profile.yaml", "--format", "json").json["clusters"]
    assert "traffic" not in cluster
    assert not any({"seen", "use"} & set(each) for each in [*cluster["edges"], *cluster["rules"]])
