"""`egressc audit` and `learn` against Debian's Prometheus, with blocks that promtool made of Istio's label sets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jsonschema
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import default_log
import tutorial
from envoy import needs
from envoy.running import RunError
from metrics import CONNECTIONS, END, REQUESTS, SCRAPE, Counter, prometheus, sampled, serving
from recipe_traffic import BLACK, DAY, OPTIONS, PASSED, TODAY, series

from egresslang.policy.inventory import Inventory
from egresslang.traffic.observed import observe
from egresslang.traffic.prometheus import Access, Server
from egresslang.traffic.window import HOUR, Window

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "examples" / "recipes"
SCHEMA = json.loads((ROOT / "schemas" / "audit.schema.json").read_text())

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The address of a Prometheus for each option."""
    with ExitStack() as running:
        yield {
            option: running.enter_context(prometheus(tmp_path_factory.mktemp(option), list(counters)))
            for option, counters in OPTIONS.items()
        }


def egressc(*arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "egresslang", *map(str, arguments)],
        check=False, capture_output=True, text=True, cwd=ROOT, env=env, timeout=120,
    )  # fmt: skip


def audited(url: str, folder: Path, *more: object) -> Any:
    done = egressc("audit", folder, "-p", folder / "profile.yaml", "--prometheus", url, "--today", TODAY, "--format", "json", *more)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    jsonschema.validate(told, SCHEMA)
    return told


def seen(told: Any) -> list[tuple[Any, ...]]:
    return [(each["workload"], each["host"], each["verdict"], each["count"]) for each in told["flows"]]


def test_option_one_passes_through(served: dict[str, str]) -> None:
    told = audited(served["passes-through"], RECIPES / "passes-through", "--ready")
    assert seen(told) == [("idgen", None, "passed-through", 4), ("idgen", "httpbin.org", "passed-through", 40)]
    assert told["flows"][1]["lastSeenAfter"] == "2026-11-23T23:00:00Z"
    assert told["flows"][1]["lastSeen"] == "2026-11-24T00:00:00Z", "the first sample that has it"
    (ready,) = told["ready"]
    assert (ready["state"], len(ready["against"])) == ("not-ready", 2)


def test_option_two_is_the_black_hole(served: dict[str, str]) -> None:
    told = audited(served["black-hole"], RECIPES / "black-hole", "--ready")
    assert seen(told) == [("idgen", None, "blocked", 4), ("idgen", "httpbin.org", "blocked", 40)]
    assert [each["state"] for each in told["ready"]] == ["enforced"]


def test_option_three_is_allowed_for_one(served: dict[str, str]) -> None:
    told = audited(served["allowed"], RECIPES / "allowed")
    assert seen(told) == [("etl", None, "blocked", 4), ("idgen", "httpbin.org", "allowed", 40)]
    (rule,) = told["rules"]
    assert (rule["state"], rule["requests"], rule["workloads"]) == ("used", 40, ["recipes/idgen"])
    assert told["flows"][1]["region"] == "us"


def test_each_row_of_the_labels(tmp_path: Path) -> None:
    """Metric, destination_service, destination_service_name, code, flags, and what the audit makes of it."""
    rows = [
        (REQUESTS, "httpbin.org", "httpbin.org", "200", "-", "allowed", "httpbin.org", 1, []),
        (REQUESTS, "a.example.com", PASSED, "200", "-", "passed-through", "a.example.com", 0, ["passed-through"]),
        (REQUESTS, "b.example.com", BLACK, "502", "-", "blocked", "b.example.com", 0, ["blocked"]),
        (CONNECTIONS, "c.example.com", "c.example.com", "0", "-", "allowed", "c.example.com", 0, ["outside"]),
        (CONNECTIONS, "unknown", PASSED, "0", "UH", "passed-through", None, 0, ["passed-through", "nameless"]),
        (CONNECTIONS, "unknown", BLACK, "0", "UH", "blocked", None, 0, ["blocked", "nameless"]),
        (REQUESTS, "d.example.com", "d.example.com", "503", "NC", "lost", "d.example.com", 0, ["lost"]),
        (REQUESTS, "e.example.com:80", "e.example.com:80", "404", "NR", "lost", "e.example.com", 0, ["lost"]),
        (REQUESTS, BLACK, BLACK, "404", "NR", "lost", "blackholecluster", 0, ["lost"]),
        (CONNECTIONS, "unknown", "unknown", "0", "NC", "lost", None, 0, ["lost", "nameless"]),
    ]
    counters = [
        series(metric, "idgen", service, name, code, flags, {2 * DAY: float(at + 1)}, start=END - 3 * DAY)
        for at, (metric, service, name, code, flags, *_) in enumerate(rows)
    ]
    with prometheus(tmp_path, counters) as url:
        told = audited(url, RECIPES / "allowed")
    found = {each["count"]: each for each in told["flows"]}
    for at, (*_, verdict, host, rules, kinds) in enumerate(rows):
        flow = found[at + 1]
        assert (flow["verdict"], flow["host"], len(flow["rules"]), flow["is"]) == (verdict, host, rules, kinds)
    assert len(found) == len(rows)


def test_the_same_traffic_against_another_option(served: dict[str, str]) -> None:
    told = audited(served["black-hole"], RECIPES / "allowed")
    assert [each["rules"] != [] for each in told["flows"]] == [False, True], "granted, and yet blocked: not applied"
    told = audited(served["allowed"], RECIPES / "black-hole")
    assert told["summary"]["outside"] == 1


def test_what_is_learned_of_option_one_is_option_three(served: dict[str, str], tmp_path: Path) -> None:
    profile, proposed = RECIPES / "allowed" / "profile.yaml", tmp_path / "proposed.egress"
    url = served["passes-through"]
    done = egressc("learn", "-p", profile, "--prometheus", url, "--today", TODAY, "-o", proposed)
    assert (done.returncode, done.stderr) == (0, "egressc: 1 rules proposed, 1 flows kept apart\n")
    assert "\nallow idgen -> httpbin.org:80 http\n" in proposed.read_text()
    assert egressc("fmt", "--check", proposed).returncode == 0
    asked = egressc("explain", "recipes/idgen -> httpbin.org:80 http", proposed, "-p", profile, "--format", "json")
    assert json.loads(asked.stdout)["verdict"] == "allowed"


def test_a_counter_is_counted_from_its_birth_and_over_its_resets(tmp_path: Path) -> None:
    born = series(REQUESTS, "idgen", "one.example.com", PASSED, "200", "-", {DAY: 1.0}, start=END - DAY)
    old = series(REQUESTS, "idgen", "two.example.com", PASSED, "200", "-", {20 * DAY: 500.0}, start=END - 21 * DAY)
    first = series(REQUESTS, "idgen", "three.example.com", PASSED, "200", "-", {6 * DAY: 10.0})
    metric, labels, samples = first
    restarted = (metric, labels, [(at, value if at < END - 3 * DAY else 2.0) for at, value in samples])
    with prometheus(tmp_path, [born, old, restarted]) as url:
        told = audited(url, RECIPES / "black-hole")
    assert seen(told) == [
        ("idgen", "one.example.com", "passed-through", 1),
        ("idgen", "three.example.com", "passed-through", 12),
    ]
    assert [each["lastSeen"] for each in told["flows"]] == ["2026-11-25T00:00:00Z", "2026-11-23T00:00:00Z"]


def cut(counter: Counter, *without: tuple[int, int]) -> Counter:
    """A counter without its samples between some moments, in seconds before the end."""
    metric, labels, samples = counter
    return metric, labels, [
        each for each in samples if not any(END - first < each[0] < END - last for first, last in without)
    ]  # fmt: skip


def passed(host: str, events: dict[int, float], start: int = 21 * DAY) -> Counter:
    return series(REQUESTS, "idgen", host, PASSED, "200", "-", events, start=END - start)


AWAY = (
    cut(passed("back.example.com", {20 * DAY: 500.0, 6 * DAY: 2.0, 60 * HOUR: 3.0}), (4 * DAY, 50 * HOUR)),
    cut(passed("same.example.com", {20 * DAY: 500.0, 6 * DAY: 2.0}), (90 * HOUR, 50 * HOUR)),
    cut(passed("before.example.com", {20 * DAY: 500.0}), (12 * DAY, 50 * HOUR)),
    cut(passed("again.example.com", {20 * DAY: 500.0}), (5 * DAY, 4 * DAY), (70 * HOUR, 30 * HOUR)),
    cut(passed("grown.example.com", {20 * DAY: 500.0, 8 * DAY: 40.0}), (9 * DAY, 50 * HOUR)),
    passed("born.example.com", {60 * HOUR: 7.0}, start=60 * HOUR),
)
"""Counters that were away for more than a day, and one that was not there."""


def test_a_counter_that_was_away_is_not_counted_anew(tmp_path: Path) -> None:
    with prometheus(tmp_path, list(AWAY)) as url:
        told = audited(url, RECIPES / "passes-through")
    assert {each["host"]: each["count"] for each in told["flows"]} == {
        "back.example.com": 2 + 3,
        "same.example.com": 2,
        "grown.example.com": 40,
        "born.example.com": 7,
    }


MOMENTS = {
    "soon.example.com": (passed("soon.example.com", {20 * 60: 1.0}), 20 * 60),
    "hour.example.com": (passed("hour.example.com", {5 * DAY: 9.0, 2 * HOUR: 1.0}), 2 * HOUR),
    "midnight.example.com": (passed("midnight.example.com", {3 * DAY: 1.0}), 3 * DAY),
    "after.example.com": (passed("after.example.com", {3 * DAY - SCRAPE: 1.0}), 3 * DAY - SCRAPE),
    "often.example.com": (passed("often.example.com", {at * SCRAPE: 1.0 for at in range(90, 5000)}), 90 * SCRAPE),
    "job.example.com": (cut(passed("job.example.com", {40 * HOUR: 3.0}, 40 * HOUR), (39 * HOUR, -1)), 40 * HOUR),
    "run.example.com": (cut(passed("run.example.com", {DAY: 3.0}, DAY), (DAY - 300, -1)), DAY),
}
"""Counters by their hosts, and how many seconds before the end each grew last."""


def test_a_restarted_counter_that_comes_to_the_same_value_was_seen_when_it_did(tmp_path: Path) -> None:
    metric, labels, samples = passed("x.example.com", {30 * HOUR: 3.0, 20 * HOUR: 1.0, 5 * HOUR: 2.0})
    restarted = [(at, value if at < END - 20 * HOUR else value - 3) for at, value in samples]
    with prometheus(tmp_path, [(metric, labels, restarted)]) as url:
        assert_moments(url, END, {"x.example.com": 5 * HOUR})


def test_a_counter_that_restarts_between_two_looks_was_seen_when_it_did(tmp_path: Path) -> None:
    metric, labels, samples = passed("x.example.com", {30 * HOUR: 3.0})
    restart = END - 5 * HOUR - 1800
    restarted = [(at, 0.0 if restart <= at < restart + 600 else value) for at, value in samples]
    with prometheus(tmp_path, [(metric, labels, restarted)]) as url:
        assert_moments(url, END, {"x.example.com": 5 * HOUR + 1200})


@pytest.mark.parametrize("earlier", [0, 754, 1799])
def test_the_last_time_lies_where_it_is_told(moments: str, earlier: int) -> None:
    """Whatever the minute at which somebody asks."""
    left = {host: at for host, (_, at) in MOMENTS.items() if at > earlier}
    assert_moments(moments, END - earlier, left)


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus(tmp_path_factory.mktemp("moments"), [counter for counter, _ in MOMENTS.values()]) as url:
        yield url


def assert_moments(url: str, end: int, last: dict[str, int]) -> None:
    """Assert when hosts are said to have been seen last, in seconds before END, to an hour."""
    observed = observe(Server(Access(url)), Window(end - 7 * DAY, end), "cluster.local", Inventory({}))
    told = {flow.host: seen.last for flow, seen in observed.flows}
    assert told.keys() == last.keys()
    for host, before in last.items():
        assert told[host].after < END - before <= told[host].by, host
        assert told[host].by - told[host].after == HOUR
        assert told[host].by <= end or host == "job.example.com"


SERVED = {
    "reporter": "destination",
    "source_workload": "unknown",
    "source_workload_namespace": "unknown",
    "destination_workload": "etl",
    "destination_workload_namespace": "recipes",
    "destination_canonical_service": "etl",
    "destination_service": "etl.recipes.svc.cluster.local",
    "destination_service_name": "etl",
    "response_code": "200",
    "response_flags": "-",
}
"""What the sidecar of a workload counts that others ask."""


def test_who_is_not_observed_is_told_and_never_ready(tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text(
        "allow idgen -> httpbin.org:80 http\nallow etl -> old.example.com:443 tls\nallow shop/cart -> x.example.com:443 tls\n"
    )
    known = "idgen: {labels: {app: idgen}}"
    profile = (RECIPES / "allowed" / "profile.yaml").read_text()
    more = f"{known}, etl: {{labels: {{app: etl}}}}}}}}\n    shop: {{workloads: {{cart: {{labels: {{app: cart}}}}"
    (tmp_path / "profile.yaml").write_text(profile.replace(known, more))
    used = series(REQUESTS, "idgen", "httpbin.org", "httpbin.org", "200", "-", {2 * DAY: 40.0})
    asked = sampled(REQUESTS, SERVED, END - 8 * DAY, {END - 5 * DAY: 3.0})
    for counters, states, missing, ready in (
        ([used], ["used", "unknown", "unknown"], ["recipes/etl", "shop/*"], ["not-known", "not-known"]),
        ([used, asked], ["used", "unused", "unknown"], ["shop/*"], ["enforced", "not-known"]),
        ([cut(used, (2 * DAY - HOUR, -1)), asked], ["used", "unused", "unknown"], ["shop/*"], ["not-known", "not-known"]),
        ([cut(used, (DAY * 2 - HOUR, -1)), cut(asked, (DAY * 2 - HOUR, -1))], ["used", "unused", "unknown"], ["shop/*"], ["not-known", "not-known"]),
    ):  # fmt: skip
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        with prometheus(folder, counters) as url:
            told = audited(url, tmp_path, "--ready")
        assert [each["state"] for each in told["rules"]] == states
        assert told["window"]["unobserved"] == missing
        assert [(each["namespace"], each["state"]) for each in told["ready"]] == [*zip(("recipes", "shop"), ready, strict=True)]  # fmt: skip


def test_many_pods_are_one_flow_and_a_hole_in_the_data_is_told(tmp_path: Path) -> None:
    pods = [
        series(REQUESTS, "idgen", "httpbin.org", "httpbin.org", "200", "-", {2 * DAY: 3.0}, pod=str(pod))
        for pod in range(9)
    ]
    holed = [(metric, labels, [each for each in some if not END - 5 * DAY < each[0] < END - 4 * DAY]) for metric, labels, some in pods]  # fmt: skip
    with prometheus(tmp_path, holed) as url:
        told = audited(url, RECIPES / "allowed")
    assert seen(told) == [("idgen", "httpbin.org", "allowed", 27)]
    (remark,) = told["incomplete"]
    assert remark.startswith("nothing was recorded in about 2")


def without(counter: Counter, *names: str) -> Counter:
    metric, told, samples = counter
    return metric, {key: value for key, value in told.items() if key not in names}, samples


def labelled(counter: Counter, **more: str) -> Counter:
    metric, told, samples = counter
    return metric, {**told, **more}, samples


def test_a_mesh_without_the_host_among_its_labels(tmp_path: Path) -> None:
    """As the Telemetry of docs/alerts.md leaves it: the name stands for a registered host, the rest is nameless."""
    counters = [
        without(series(REQUESTS, "idgen", host, name, "200", "-", {2 * DAY: number}), "destination_service")
        for host, name, number in (
            ("httpbin.org", "httpbin.org", 40.0),
            ("other.example.com", "other.example.com", 5.0),
            ("api.recipes.svc.cluster.local", "api", 100.0),
            ("x.example.com", PASSED, 7.0),
        )
    ]
    with prometheus(tmp_path, counters) as url:
        told = audited(url, RECIPES / "allowed", "--ready")
    assert seen(told) == [
        ("idgen", None, "passed-through", 7),
        ("idgen", "httpbin.org", "allowed", 40),
        ("idgen", "other.example.com", "allowed", 5),
    ]
    assert [each["state"] for each in told["rules"]] == ["used"]
    assert [each["state"] for each in told["ready"]] == ["not-ready"]


def test_a_namespace_or_a_workload_that_is_not_known_all_the_time_is_never_ready(tmp_path: Path) -> None:
    known = "idgen: {labels: {app: idgen}}"
    profile = (RECIPES / "allowed" / "profile.yaml").read_text()
    more = f"{known}, late: {{labels: {{app: late}}}}}}}}\n    bank: {{workloads: {{cart: {{labels: {{app: cart}}}}"
    (tmp_path / "profile.yaml").write_text(profile.replace(known, more))
    (tmp_path / "a.egress").write_text("allow idgen -> httpbin.org:80 http\n")
    inside = ("api.recipes.svc.cluster.local", "api", "200", "-", {3 * DAY: 100.0})
    idgen, late = series(REQUESTS, "idgen", *inside), series(REQUESTS, "late", *inside, start=END - 2 * DAY)
    cart = labelled(series(REQUESTS, "cart", *inside), source_workload_namespace="bank")
    with prometheus(tmp_path, [idgen, late, cut(cart, (6 * DAY, 10 * HOUR))]) as url:
        told = audited(url, tmp_path, "--ready")
    assert [(each["namespace"], each["state"], each["why"], each["readyOn"]) for each in told["ready"]] == [
        ("bank", "not-known", "nothing of it was recorded for 134h in between", None),
        ("recipes", "not-known", "what is known of its workload `late` does not go back far enough", "2026-12-01T00:00:00Z"),
    ]  # fmt: skip


def test_several_clusters_in_one_server_are_told_apart_or_told(tmp_path: Path) -> None:
    folder = RECIPES / "allowed"
    ours, theirs = (
        labelled(series(REQUESTS, "idgen", host, host, "200", "-", {2 * DAY: 40.0}), cluster=cluster)
        for host, cluster in (("httpbin.org", "recipes-us"), ("other.example.com", "recipes-eu"))
    )
    with prometheus(tmp_path, [ours, theirs]) as url:
        mixed = audited(url, folder)
        own = audited(url, folder, "--cluster-label", "cluster", "--ready")
        other = audited(url, folder, "--cluster-label", "cluster=recipes-eu")
        gone = audited(url, folder, "--cluster-label", "cluster=gone", "--ready")
    assert mixed["incomplete"] == [
        "series of 2 clusters are taken for one (`cluster`: recipes-eu, recipes-us): --cluster-label cluster=NAME tells which is meant"
    ]
    assert (seen(own), own["incomplete"]) == ([("idgen", "httpbin.org", "allowed", 40)], [])
    assert seen(other) == [("idgen", "other.example.com", "allowed", 40)]
    assert [each["state"] for each in own["ready"] + gone["ready"]] == ["enforced", "not-known"]
    assert [each["state"] for each in gone["rules"]] == ["unknown"]


def test_a_series_that_is_no_number_hides_nothing(tmp_path: Path) -> None:
    flow = passed("exfil.example.com", {2 * DAY: 9.0})
    for bad in ("nan", "inf"):
        folder = tmp_path / bad
        folder.mkdir()
        metric, told, samples = labelled(flow, pod="forged")
        with prometheus(folder, [flow, (metric, told, [(at, float(bad)) for at, _ in samples])]) as url:
            found = audited(url, RECIPES / "passes-through", "--ready")
        assert seen(found) == [("idgen", "exfil.example.com", "passed-through", 9)]
        assert [each["state"] for each in found["ready"]] == ["not-ready"]
        (remark,) = found["incomplete"]
        assert remark.startswith("values of the server are no numbers (NaN, +Inf)")


def test_hosts_that_clients_invent_do_not_crowd_out_registered_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("egresslang.traffic.observed.MOST", 3)
    counters = [series(REQUESTS, "idgen", "httpbin.org", "httpbin.org", "200", "-", {2 * DAY: 1.0})]
    counters += [
        series(REQUESTS, "x", f"h{at}.example", f"h{at}.example", "404", "NR", {2 * DAY: 50.0}) for at in range(5)
    ]
    counters += [
        series(REQUESTS, "x", "typo.shop.svc.cluster.local", "typo.shop.svc.cluster.local", "503", "NC", {3 * DAY: 2.0})
    ]
    with prometheus(tmp_path, counters) as url:
        found = observe(Server(Access(url)), Window(END - 7 * DAY, END), "cluster.local", Inventory({}))
    flows = {flow.host: flow.verdict for flow, _ in found.flows}
    assert flows.pop("httpbin.org") == "allowed"
    assert flows.pop("typo.shop.svc.cluster.local") == "lost"
    assert set(flows.values()) == {"lost"}
    assert found.left_out


def test_data_that_starts_late_is_told(tmp_path: Path) -> None:
    late = series(CONNECTIONS, "idgen", "a.example.com", "a.example.com", "0", "-", {DAY: 1.0}, start=END - 3 * DAY)
    with prometheus(tmp_path, [late]) as url:
        told = audited(url, RECIPES / "allowed", "--ready")
    assert told["window"]["knownSince"] == "2026-11-23T00:00:00Z"
    assert [(each["state"], each["knownSince"]) for each in told["rules"]] == [("unused", "2026-11-23T00:00:00Z")]
    (finding,) = told["findings"]
    assert finding["notes"] == ["nothing is known before 2026-11-23 00:00 UTC: 3d of data"]


def test_limits_of_the_server_are_told(served: dict[str, str], tmp_path: Path) -> None:
    with prometheus(tmp_path, list(OPTIONS["allowed"]), "--query.max-samples=50") as url:
        done = egressc("audit", RECIPES / "allowed", "-p", RECIPES / "allowed" / "profile.yaml", "--prometheus", url, "--today", TODAY)  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "answers 422 Unprocessable Entity: query processing would load too many samples" in done.stderr
    assert done.stderr.count("\n") == 1


CONFIG = """tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_auth_type: {client_auth}
  client_ca_file: ca.pem
basic_auth_users:
  me: {hash}
"""
PASSWORD_HASH = "$2b$04$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm"
"""bcrypt of `hunter2`."""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, and a server and a client whom it vouches for."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(*new, "-x509", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem", "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    for name in ("server", "client"):
        openssl(*new, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem", "-extfile", "extensions")  # fmt: skip
    return folder


def test_certificates_and_passwords(certificates: Path, tmp_path: Path) -> None:
    with prometheus(tmp_path, list(OPTIONS["allowed"])):
        pass
    (certificates / "web.yaml").write_text(CONFIG.format(client_auth="RequireAndVerifyClientCert", hash=PASSWORD_HASH))
    (tmp_path / "basic").write_text("me:hunter2\n")
    (tmp_path / "wrong").write_text("me:secret-of-mine\n")
    folder = RECIPES / "allowed"
    trust = ("--ca-file", certificates / "ca.pem")
    client = ("--client-certificate", certificates / "client.pem", "--client-key", certificates / "client.key")
    certified = serving(
        tmp_path / "data", f"--web.config.file={certificates / 'web.yaml'}", ca=certificates / "ca.pem",
        client=(certificates / "client.pem", certificates / "client.key"),
    )  # fmt: skip
    with certified as url:
        told = audited(url, folder, *trust, *client, "--basic-auth-file", tmp_path / "basic")
        assert told["rules"][0]["state"] == "used"
        for options, said in (
            ((*trust, *client), "asks for credentials (401)"),
            ((*trust, *client, "--basic-auth-file", tmp_path / "wrong"), "refuses the credentials (401)"),
            ((*client, "--basic-auth-file", tmp_path / "basic"), "shows a certificate that is not trusted: "),
            ((*trust, "--basic-auth-file", tmp_path / "basic"), ""),
        ):
            done = egressc(
                "audit", folder, "-p", folder / "profile.yaml", "--prometheus", url, "--retries", "0", *options
            )
            assert (done.returncode, done.stdout) == (2, "")
            assert done.stderr.startswith(f"egressc: `{url}` {said}")
            assert done.stderr.count("\n") == 1
            assert "secret-of-mine" not in done.stderr
            assert "hunter2" not in done.stderr


def test_a_real_envoy_writes_the_lines_that_are_read() -> None:
    """`python tests/conformance/default_log.py` writes down what it writes now."""
    try:
        now = list(map(default_log.shape, default_log.written()))
    except (needs.NeedsError, RunError) as error:
        pytest.fail(str(error))
    assert now == [default_log.shape(json.loads(line)) for line in default_log.FILE.read_text().splitlines()]


def test_the_tutorial_says_what_its_commands_say() -> None:
    """`python tests/conformance/tutorial.py` writes what they say now."""
    assert tutorial.now() == tutorial.PAGE.read_text(encoding="utf-8")


def test_the_server_adds_up() -> None:
    command = [sys.executable, str(ROOT / "bench" / "traffic.py"), "--series", "1000", "4000"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines() if line[:1] == "|"
    ]
    assert [row[:2] for row in rows[2:]] == [["1,000", "1,000"], ["4,000", "1,000"]]
    one, four = (int(row[3]) for row in rows[2:])
    assert four < one * 1.1, "what travels is that of the flows"
