"""Access logs: lines of a real Envoy in Istio's default format, as text and as JSON; what is none is counted."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from faked import TODAY, Fake, Result, holding, labelled

from egresslang.files import bounded_lines
from egresslang.traffic.access_log import Told, observed, read_log
from egresslang.traffic.flow import Flow

HERE = Path(__file__).parent
RECORDS = [json.loads(line) for line in (HERE / "envoy_lines.jsonl").read_text().splitlines()]
"""What `python tests/conformance/default_log.py` saw a real Envoy write: a call, its verdict, the line."""

FIELDS = (
    "start_time", "method", "path", "protocol", "response_code", "response_flags", "response_code_details",
    "connection_termination_details", "upstream_transport_failure_reason", "bytes_received", "bytes_sent", "duration",
    "upstream_service_time", "x_forwarded_for", "user_agent", "request_id", "authority", "upstream_host",
    "upstream_cluster", "upstream_local_address", "downstream_local_address", "downstream_remote_address",
    "requested_server_name", "route_name",
)  # fmt: skip


def read(*lines: str) -> Told:
    return read_log([line.encode() for line in lines], "recipes", "idgen", "cluster.local")


def flow(line: str) -> Flow | None:
    told = read(line)
    assert told.unread == 0, line
    return told.flows[0][0] if told.flows else None


def line(**fields: object) -> str:
    """A line of text with some fields."""
    said = {**dict.fromkeys(FIELDS, "-"), "start_time": "2026-11-25T10:00:00.123Z", "response_code": "0", **fields}
    return (
        '[{start_time}] "{method} {path} {protocol}" {response_code} {response_flags} {response_code_details} '
        '{connection_termination_details} "{upstream_transport_failure_reason}" {bytes_received} {bytes_sent} {duration} '
        '{upstream_service_time} "{x_forwarded_for}" "{user_agent}" "{request_id}" "{authority}" "{upstream_host}" '
        "{upstream_cluster} {upstream_local_address} {downstream_local_address} {downstream_remote_address} "
        "{requested_server_name} {route_name}\n"
    ).format(**said)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["case"])
def test_the_lines_of_a_real_envoy(record: dict[str, str]) -> None:
    found = flow(record["line"])
    verdict, _, host = record["verdict"].partition(" ")
    if host.endswith(".svc.cluster.local"):
        assert found is None
        return
    if verdict == "refused":
        assert (found is not None and found.verdict == "lost") == (" NR route_not_found " in record["line"])
        return
    assert found is not None
    assert found.verdict == {"502": "blocked", "dropped": "blocked"}.get(verdict, verdict)
    if host:
        assert found.host == host
    request = record["request"]
    assert isinstance(request, dict)
    assert found.port == request["port"]
    if request["protocol"] == "tls" and not found.is_registered:
        assert found.is_tls == bool(found.host)


def test_there_are_lines_of_each_verdict() -> None:
    assert {record["verdict"].partition(" ")[0] for record in RECORDS} >= {"allowed", "502", "dropped", "passed-through", "lost"}  # fmt: skip


def test_json_says_the_same() -> None:
    for record in RECORDS:
        text = record["line"]
        told = read(text)
        fields = json.loads(record["json"])
        assert read(json.dumps(fields)).flows == told.flows


def test_a_client_cannot_forge_fields() -> None:
    forged = 'x" "id" "good.example" "1.2.3.4:80" outbound|80||good.example - - - - default'
    found = flow(line(user_agent=forged, authority="evil.example", upstream_cluster="PassthroughCluster", response_code="200", route_name="allow_any", downstream_local_address="203.0.113.7:80"))  # fmt: skip
    assert found is not None
    assert (found.host, found.verdict) == ("evil.example", "passed-through")


def test_addresses_and_names() -> None:
    found = flow(line(upstream_cluster="BlackHoleCluster", response_flags="UH", downstream_local_address="[2001:db8::1]:8443", requested_server_name="a.example"))  # fmt: skip
    assert found == Flow(
        "recipes", "idgen", "a.example", "blocked", "connections", 8443, (6, 0x20010DB8 << 96 | 1), True
    )


def test_what_stays_inside_or_comes_in_is_left_out() -> None:
    assert flow(line(upstream_cluster="outbound|80||api.recipes.svc.cluster.local")) is None
    assert flow(line(upstream_cluster="inbound|8080||")) is None


def test_lines_are_added_up_and_the_rest_is_counted() -> None:
    one, two = (
        line(start_time=f"2026-11-25T1{hour}:00:00Z", upstream_cluster="outbound|443||a.example") for hour in (0, 1)
    )
    told = read(
        two, "kubectl says hello", "", one, '{"level": "info"}', line(start_time="yesterday"), "x" * 70_000, "{"
    )
    ((_, seen),) = told.flows
    assert (seen.count, seen.last, told.unread, told.lines) == (2, 1795604400, 5, 7)
    assert observed(told, "`a`", "recipes").remarks == (
        "`a`: 5 of 7 lines are not of Istio's default access log, and were left out",
    )
    assert (
        observed(read("x"), "`a`", "recipes").remarks[1]
        == "`a`: no line of an access log in the time that is asked about"
    )


def test_lines_of_any_length_are_read_in_bounded_parts() -> None:
    short, long = line(upstream_cluster="outbound|443||a.example").encode(), b"x" * 300_000 + b"\n"
    parts = list(bounded_lines(io.BytesIO(long + short + long)))
    assert max(map(len, parts)) == 65_537
    told = read_log(parts, "recipes", "idgen", "cluster.local")
    assert (told.lines, told.unread, len(told.flows)) == (3, 2, 1)


@pytest.mark.parametrize("text", ["9999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1960-01-01T00:00:00Z"])
def test_impossible_moments(text: str) -> None:
    assert read(line(start_time=text, upstream_cluster="outbound|443||a.example")).unread == 1


def test_different_flows_are_bounded(lowered: Callable[[str, int], None]) -> None:
    lowered("logged-flows", 2)
    told = read(*(line(upstream_cluster=f"outbound|443||a{at}.example") for at in (1, 2, 3, 1)))
    assert (len(told.flows), told.dropped) == (2, 1)
    assert "1 lines are left out" in observed(told, "`a`", "recipes").remarks[0]


def test_a_log_is_read_within_the_window_and_accounts_for_connections_without_a_name(project: Path, fake: Fake) -> None:
    fake.reply = holding(
        ("istio_tcp_connections_closed_total", labelled("idgen", "unknown", "PassthroughCluster"), 1.0)
    )
    (project / "a.egress").write_text("allow idgen -> 203.0.113.0/24:9000 tcp\n")
    options = (
        "audit",
        "a.egress",
        "-p",
        "profile.yaml",
        "--prometheus",
        fake.url,
        "--today",
        TODAY,
        "--format",
        "json",
    )
    passing = {"upstream_cluster": "PassthroughCluster", "downstream_local_address": "203.0.113.7:9000"}
    for lines, left in ((3, 4), (7, None)):
        text = "".join(line(start_time=f"2026-11-2{day}T10:00:00Z", **passing) for day in (1, 1, 2, 2, 3, 3, 4)[:lines])
        (project / "idgen.log").write_text(line(start_time="2026-10-01T10:00:00Z", **passing) + text)
        told = Result(*options, "--access-log", "idgen=idgen.log").json
        counts = {each["address"]: each["count"] for each in told["flows"]}
        assert counts == {"203.0.113.7": lines, **({None: left} if left else {})}
        assert told["summary"]["nameless"] == bool(left)


def test_an_audit_of_a_log(project: Path) -> None:
    (project / "a.egress").write_text(
        "allow idgen -> a.example:443 tls\nallow idgen -> b.example:443 tls\nallow idgen -> 203.0.113.0/24:9000 tcp\n"
    )
    (project / "idgen.log").write_text(
        line(upstream_cluster="outbound|443||a.example")
        + line(upstream_cluster="PassthroughCluster", downstream_local_address="203.0.113.7:9000")
        + line(upstream_cluster="PassthroughCluster", downstream_local_address="203.0.113.7:9001")
        + line(upstream_cluster="BlackHoleCluster", downstream_local_address="203.0.113.8:443", requested_server_name="b.example")
    )  # fmt: skip
    told = Result("audit", "a.egress", "-p", "profile.yaml", "--access-log", "idgen=idgen.log", "--format", "json").json
    assert [each["state"] for each in told["rules"]] == ["used", "used", "used"]
    flows = [(each["verdict"], each["address"], each["port"], len(each["rules"])) for each in told["flows"]]
    assert sorted(flows, key=str) == [
        ("allowed", None, 443, 1),
        ("blocked", "203.0.113.8", 443, 1),
        ("passed-through", "203.0.113.7", 9000, 1),
        ("passed-through", "203.0.113.7", 9001, 0),
    ]
    assert told["summary"]["nameless"] == 0


@pytest.mark.parametrize(
    ("code", "flags", "cluster", "failed"),
    [
        ("200", "-", "outbound|80||a.example.com", 0),
        ("503", "-", "outbound|80||a.example.com", 1),
        ("0", "UF,URX", "outbound|80||a.example.com", 1),
        ("503", "UF", "PassthroughCluster", 0),
    ],
)
def test_what_failed_of_the_allowed_is_counted(code: str, flags: str, cluster: str, failed: int) -> None:
    said = line(response_code=code, response_flags=flags, upstream_cluster=cluster, authority="a.example.com")
    ((_, seen),) = read(said, said).flows
    assert (seen.count, seen.failed) == (2, 2 * failed)


@pytest.mark.parametrize("said", ["-", ""])
def test_a_request_without_a_host_is_judged_by_its_address(said: str, project: Path) -> None:
    (project / "a.egress").write_text("allow idgen -> httpbin.org:80 http\nallow idgen -> 203.0.113.0/24:80 http\n")
    fields = {"authority": said, "upstream_cluster": "PassthroughCluster", "response_code": "200", "route_name": "allow_any"}  # fmt: skip
    addresses = ("8.8.8.8:80", "203.0.113.7:80")
    (project / "idgen.log").write_text("".join(line(**fields, downstream_local_address=each) for each in addresses))
    options = ("-p", "profile.yaml", "--access-log", "idgen=idgen.log")
    told = Result("audit", "a.egress", *options, "--format", "json").json
    assert [each["state"] for each in told["rules"]] == ["unused", "used"]
    assert {each["address"]: [rule["line"] for rule in each["rules"]] for each in told["flows"]} == {
        "8.8.8.8": [],
        "203.0.113.7": [2],
    }
    learned = Result("learn", "a.egress", *options).out
    assert [each for each in learned.splitlines() if each.startswith("allow")] == ["allow idgen -> 8.8.8.8:80 http"]


@pytest.mark.parametrize(
    ("owner", "said"),
    [
        ("recipes/*", "`recipes/*` is not one workload"),
        ("*", "`*` is not one workload"),
        ("a b", "`a b` is not one workload"),
        ("recipes/idgn", "the profile knows no workload `recipes/idgn`; did you mean `recipes/idgen`?"),
        ("other/idgen", "the profile knows no workload `other/idgen`"),
    ],
)
def test_a_log_of_nobody(owner: str, said: str, project: Path) -> None:
    (project / "a.egress").write_text("allow idgen -> a.example:443 tls\n")
    (project / "idgen.log").write_text(line(upstream_cluster="outbound|443||a.example"))
    for command in ("audit", "learn"):
        told = Result(command, "a.egress", "-p", "profile.yaml", "--access-log", f"{owner}=idgen.log")
        assert (told.status, told.out, told.err.count("\n")) == (2, "", 1)
        assert said in told.err


@pytest.mark.parametrize("hostile", ['" 1 a ' * 10_000, '" ' + "1" * 60_000, '" 1 ' * 15_000, '"-" ' * 15_000])
def test_a_hostile_line_takes_no_square(hostile: str) -> None:
    """What a client sends stands in the line: five hundred such lines are read at once, where the square took hours."""
    assert read(*[f'[2026-11-23T10:00:00Z] "GET {hostile[:60_000]}x'] * 500).unread == 500
