"""Answers about the mesh that a policy makes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from said import PROFILE, ROOT, SCHEMA, Said

Ask = Callable[..., list[dict[str, Any]]]
IDGEN = "allow idgen -> api.example.com:443 tls\nallow etl -> etl.example.com:443 tls\n"


def verdict(answer: dict[str, Any]) -> str:
    """The verdict, what the client sees, the host that took it and who chose the address, in short."""
    if "error" in answer:
        return f"error: {answer['error']}"
    words = [
        answer["verdict"],
        answer["sees"],
        answer["host"] and f"{answer['host']}:{answer['port']}",
        answer["dials"],
    ]
    return " ".join(filter(None, words))


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("passes-through", "passed-through answer client"),
        ("black-hole", "blocked dropped"),
        ("allowed", "allowed answer httpbin.org:80 registry"),
    ],
)
def test_the_three_options_of_the_recipe(option: str, expected: str) -> None:
    folder = ROOT / "examples" / "recipes" / option
    said = Said("explain", "idgen -> httpbin.org:80 http", folder, "-p", folder / "profile.yaml", "--format", "json")
    (answer,) = said.answers
    assert verdict(answer) == expected
    assert [rule["text"] for rule in answer["rules"]] == (
        ["allow idgen -> httpbin.org:80 http region=us"] if option == "allowed" else []
    )


def test_an_answer_says_through_what_and_by_which_rule(ask: Ask) -> None:
    (answer,) = ask("\n" + IDGEN, "team-a/idgen -> api.example.com:443 tls")
    file = answer["rules"][0].pop("file")
    assert file.endswith("a.egress")
    assert answer == {
        "question": "team-a/idgen -> api.example.com:443 tls",
        "verdict": "allowed",
        "sees": "answer",
        "host": "api.example.com",
        "port": 443,
        "dials": "registry",
        "because": [
            {"kind": "Sidecar", "namespace": "team-a", "name": "idgen", "file": "team-a.yaml", "line": answer["because"][0]["line"]},
            {"kind": "ServiceEntry", "namespace": "team-a", "name": "api-example-com", "file": "team-a.yaml", "line": 1},
        ],
        "rules": [{"line": 2, "text": "allow idgen -> api.example.com:443 tls"}],
    }  # fmt: skip


CASES: dict[str, tuple[str, str, str, str]] = {
    "another workload": (IDGEN, "etl -> api.example.com:443", "", "blocked dropped"),
    "another port": (IDGEN, "idgen -> api.example.com:8443 tls", "", "blocked dropped"),
    "another protocol on the port": (IDGEN, "idgen -> api.example.com:443 http", "", "blocked dropped"),
    "http beside http": ("allow idgen -> a.example.com:80 http\n", "idgen -> b.example.com:80 http", "", "blocked 502"),
    "http2 where http is granted": ("allow idgen -> a.example.com:80 http\n", "idgen -> a.example.com:80 grpc", "", "allowed answer a.example.com:80 registry"),
    "below a wildcard": ("allow idgen -> *.one.example:443 tls\n", "idgen -> a.b.one.example:443", "", "allowed answer *.one.example:443 registry"),
    "the wildcard's own suffix": ("allow idgen -> *.one.example:443 tls\n", "idgen -> one.example:443", "", "blocked dropped"),
    "an address of a network": ("allow idgen -> 198.51.100.0/24:9000 tcp\n", "idgen -> 198.51.100.9:9000 tcp", "", "allowed answer 198-51-100-0-24.tcp-9000.egressc.invalid:9000 client"),
    "an address beside it": ("allow idgen -> 198.51.100.0/24:9000 tcp\n", "idgen -> 198.51.101.9:9000 tcp", "", "blocked dropped"),
    "an address in a hole of it": ("allow idgen -> 198.51.100.0/24:9000 tcp except 198.51.100.9\n", "idgen -> 198.51.100.9:9000 tcp", "", "blocked dropped"),
    "a lie about the name": ("allow idgen -> 203.0.113.0/24:443 tcp\n", "idgen -> evil.example:443 tls address=203.0.113.7", "", "allowed answer 203-0-113-0-24.tcp-443.egressc.invalid:443 client"),
    "a lie about the address": (IDGEN, "idgen -> api.example.com:443 tls address=203.0.113.66", "", "allowed answer api.example.com:443 registry"),
    "an address without a name": (IDGEN, "idgen -> 203.0.113.7:443 tls", "", "blocked dropped"),
    "the address of a name, unsaid": ("allow idgen -> db.example.com:5432 postgres address=10.20.0.0/24\n", "idgen -> db.example.com:5432 postgres", "", "allowed answer db.example.com:5432 client"),
    "another address of the name": ("allow idgen -> db.example.com:5432 postgres address=10.20.0.0/24\n", "idgen -> db.example.com:5432 postgres address=10.21.0.1", "", "blocked dropped"),
    "http to one address": ("allow idgen -> 198.51.100.7:80 http\n", "idgen -> 198.51.100.7:80 http", "", "allowed answer 198-51-100-7.http-80.egressc.invalid:80 registry"),
    "server-first on a port that is sniffed": ("allow idgen -> api.example.com:3306 tls\nallow idgen -> 203.0.113.0/24:3306 tcp\n", "idgen -> 203.0.113.7:3306 mysql", "", "allowed hangs 203-0-113-0-24.tcp-3306.egressc.invalid:3306 client"),
    "server-first at an address of its own": ("allow idgen -> 203.0.113.7:3306 mysql\n", "idgen -> 203.0.113.7:3306 mysql", "", "allowed answer 203-0-113-7.tcp-3306.egressc.invalid:3306 client"),
    "udp": (IDGEN, "idgen -> dns.example.com:53 udp", "", "passed-through answer client"),
    "an open workload": ('allow idgen -> * reason="moves"\n', "idgen -> any.example:8443 tls", "", "passed-through answer client"),
    "a name that only internet could mean": ("allow idgen -> internet:443 reason=x\n", "idgen -> any.example:443", "", "blocked dropped"),
    "an address of the internet": ("allow idgen -> internet:443 reason=x\n", "idgen -> any.example:443 address=8.8.8.8", "", "allowed answer internet.tcp-443.egressc.invalid:443 client"),
    "a workload nobody names": (IDGEN, "orders -> api.example.com:443", "", "blocked dropped"),
    "a name with a virtual address": ("allow idgen -> db.example.com:5432 tcp\n", "idgen -> db.example.com:5432 tcp", "  istio: {dnsCapture: true}\n", "allowed answer db.example.com:5432 registry"),
    "its hard-coded address": ("allow idgen -> db.example.com:5432 tcp\n", "idgen -> db.example.com:5432 tcp address=203.0.113.7", "  istio: {dnsCapture: true}\n", "blocked dropped"),
    "a Service of the mesh": (IDGEN, "idgen -> web.shared:80 http", "  resources: [services.yaml]\n", "allowed answer web.shared.svc.cluster.local:80 registry"),
    "a short name of its own namespace": (IDGEN, "idgen -> near:80 http", "  resources: [services.yaml]\n", "allowed answer near.team-a.svc.cluster.local:80 registry"),
    "an existing entry that nobody lists": (IDGEN, "idgen -> old.example.com:443", "  resources: [services.yaml]\n", "blocked dropped"),
    "a workload without a sidecar": (IDGEN, "bare -> any.example:443", "  resources: [services.yaml]\n", "passed-through answer client"),
}  # fmt: skip

SERVICES = """---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shared}
spec: {clusterIP: 10.8.0.11, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: near, namespace: team-a}
spec: {clusterIP: 10.8.0.12, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: old, namespace: team-b}
spec: {hosts: [old.example.com], resolution: DNS, ports: [{number: 443, name: tls, protocol: TLS}]}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: idgen, namespace: team-a, labels: {app.kubernetes.io/managed-by: egressc}}
spec: {workloadSelector: {labels: {app: idgen}}, egress: [{hosts: ["*/*"]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: bare, namespace: team-a}
spec:
  template:
    metadata: {labels: {app: bare, sidecar.istio.io/inject: "false"}}
    spec: {containers: []}
"""


@pytest.mark.parametrize("name", CASES)
def test_cases(ask: Ask, tmp_path: Path, name: str) -> None:
    policy, question, spec, expected = CASES[name]
    (tmp_path / "services.yaml").write_text(SERVICES)
    (answer,) = ask(policy, question, spec=spec)
    assert verdict(answer) == expected


def test_a_flow_that_is_granted_has_its_rules_and_no_other(ask: Ask) -> None:
    policy = (
        IDGEN
        + "allow * -> api.example.com:443 tls\nallow team-a/* -> *.example.com:443 tls\nallow idgen -> * reason=x\n"
    )
    answers = ask(policy, "idgen -> api.example.com:443", "etl -> etl.example.com:443", "etl -> api.example.org:443")
    assert [[rule["line"] for rule in each["rules"]] for each in answers] == [[1, 3, 4, 5], [2, 4], []]


# Whom a question means

INVENTORY = """  namespaces:
    team-a: {workloads: {idgen: {}, orders: {}, both: {}}}
    team-b: {workloads: {etl: {}, both: {}}}
    team-c: {workloads: {both: {}}}
"""


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("idgen -> api.example.com:443", "allowed answer api.example.com:443 registry"),
        ("etl -> api.example.com:443", "blocked dropped"),
        ("idgn -> api.example.com:443", "error: `idgn` is no workload of namespace `team-a`; write `team-a/idgen`"),
        ("team-b/idgen -> a.com:443", "error: `idgen` is no workload of namespace `team-b`; write `team-a/idgen`"),
        ("team-bb/x -> a.com:443", "error: namespace `team-bb` is not known; write `team-b`"),
        ("xyz -> a.com:443", "error: `xyz` is no workload of namespace `team-a`; name one that the profile or the manifests have"),
        ("team-d/both -> a.com:443", "error: `both` is no workload of namespace `team-d`; write `team-a/both` or `team-b/both` or `team-c/both`"),
    ],
)  # fmt: skip
def test_workloads_of_an_inventory(ask: Ask, question: str, expected: str) -> None:
    (answer,) = ask("allow idgen -> api.example.com:443 tls\n", question, spec=INVENTORY)
    assert verdict(answer) == expected


def test_a_name_that_nothing_has(ask: Ask) -> None:
    (answer,) = ask("hosts s = a.example.com\nallow idgen -> s:443 tls\n", "idgen -> s:443")
    assert answer["error"] == "`s` is neither a Service of the mesh nor a name with a dot; sets cannot be asked about"


# The text


def lines(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in text.splitlines()[1:]:
        found.setdefault(line[2:11].strip(), []).append(line[12:])
    return found


def test_the_text_of_what_is_allowed(explain: Callable[..., str]) -> None:
    text = explain(IDGEN, "idgen -> api.example.com:443")
    assert text.startswith("allowed: team-a/idgen -> api.example.com:443 tls\n")
    said = lines(text)
    assert said["sees"] == ["the destination's answer"]
    assert said["client"] == ["dials 93.184.216.34, an address that nothing mentions"]
    assert said["address"] == ["chosen by the sidecar: it dials what it resolved itself, or what is registered"]
    assert said["listener"] == ["0.0.0.0_443"]
    assert said["cluster"] == ["outbound|443||api.example.com"]
    assert [line.partition(" (")[0] for line in said["because"]] == [
        "Sidecar team-a/idgen",
        "ServiceEntry team-a/api-example-com",
    ]
    assert said["rule"][0].startswith("`allow idgen -> api.example.com:443 tls` (")
    assert said["rule"][0].endswith("a.egress:1)")
    assert said["log"] == ["code 0, flags -, details -, cluster outbound|443||api.example.com, route -"]
    metric = (
        'istio_tcp_connections_closed_total{reporter="source", source_workload="idgen", source_workload_namespace="team-a", '
        'destination_service="api.example.com", destination_service_name="api.example.com"}'
    )
    assert said["metric"] == [metric]
    assert "note" not in said


ROUTED = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: team-a}
spec: {hosts: [api.example.com], location: MESH_EXTERNAL, resolution: DNS, ports: [{number: PORT, name: http, protocol: HTTP}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: team-a}
spec: {hosts: [api.example.com], http: [HOW]}
"""


@pytest.mark.parametrize(
    ("how", "port", "log", "host", "said"),
    [
        ("{match: [{uri: {exact: /only}}], route: [{destination: {host: api.example.com}}]}", 80, "code 404, flags NR, details route_not_found, cluster -, route -", "api.example.com", ', response_code="404", response_flags="NR"'),
        ("{match: [{uri: {exact: /only}}], route: [{destination: {host: api.example.com}}]}", 8080, "code 404, flags NR, details route_not_found, cluster -, route -", "api.example.com:8080", ', response_code="404", response_flags="NR"'),
        ("{route: [{destination: {host: gone.example.com}}]}", 80, "code 503, flags NC, details cluster_not_found, cluster -, route default", "api.example.com", ', response_code="503", response_flags="NC"'),
        ("{directResponse: {status: 418}}", 80, "code the VirtualService's, flags -, details direct_response, cluster -, route -", "api.example.com", ""),
    ],
)  # fmt: skip
def test_the_signs_of_what_has_no_cluster_name_what_the_client_said(
    explain: Callable[..., str], how: str, port: int, log: str, host: str, said: str
) -> None:
    """As istio_stats.cc has it: neither route name nor cluster leaves the Host header for both labels."""
    manifests = ROUTED.replace("HOW", how).replace("PORT", str(port))
    told = lines(explain("", f"team-a/idgen -> api.example.com:{port} http", manifests=manifests))
    assert told["log"] == [log]
    (metric,) = told["metric"]
    assert metric.startswith("istio_requests_total{")
    assert metric.endswith(f'destination_service="{host}", destination_service_name="{host}"{said}}}')


@pytest.mark.parametrize(
    ("question", "nearest"),
    [
        ("etl -> api.example.com:443", "`allow idgen -> api.example.com:443 tls` (F:1) grants it to `team-a/idgen`"),
        ("idgen -> api.example.com:80", "`allow idgen -> api.example.com:443 tls` (F:1) grants port 443 tls of it"),
        ("etl -> api.example.com:80", "`allow idgen -> api.example.com:443 tls` (F:1) grants port 443 tls of it to `team-a/idgen`"),
        ("idgen -> api.exmple.com:443", "`team-a/idgen` is granted `api.example.com`, which is spelled much like it"),
        ("etl -> db.example.com:5432 tcp address=10.0.0.1", "`allow etl -> db.example.com:5432 tcp address=192.0.2.1` (F:3) grants other addresses of it"),
        ("web -> any.example.org:443", '`allow web -> internet:443 tls reason="checks sites"` (F:4) grants addresses on the port: ask with `address=`'),
    ],
)  # fmt: skip
def test_what_is_blocked_names_the_nearest_rule(
    explain: Callable[..., str], tmp_path: Path, question: str, nearest: str
) -> None:
    policy = (
        IDGEN
        + 'allow etl -> db.example.com:5432 tcp address=192.0.2.1\nallow web -> internet:443 tls\n    reason="checks sites"\n'
    )
    said = lines(explain(policy, question))
    assert said["rule"] == ["none grants it"]
    assert [line.replace(str(tmp_path / "a.egress"), "F") for line in said["nearest"]] == [nearest]
    assert said["note"][-1].startswith("a sidecar is no firewall")


def test_a_workload_that_nothing_names_is_told(explain: Callable[..., str]) -> None:
    said = lines(explain("", "idgen -> api.example.com:443"))
    assert said["note"][0] == "nothing names `team-a/idgen`: it is taken to carry the label app=idgen and no other"


def test_text_shows_no_control_character(egressc: type[Said], tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text(IDGEN)
    said = egressc(
        "explain", "-", tmp_path, "-q", stdin=b"a\x1b[31m -> b\x07.com:80\n\xff\xfe\na -> \xe2\x80\xae.com:80\n"
    )
    assert said.status == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(said.out)
    assert said.out.count("no answer: ") == 3


# Misuse, statuses, many questions


def test_a_question_that_is_none_is_misuse(egressc: type[Said], tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text(IDGEN)
    for question, why in (
        ("idgen", "not a flow"),
        ("idgn -> a.com:80", "write `team-a/idgen`"),
        ("idgen -> a.com:0", "port"),
    ):
        said = egressc("explain", question, tmp_path, "-q", "-p", profile(tmp_path))
        assert (said.status, said.out) == (2, "")
        assert why in said.err
        assert said.err.startswith("egressc: ")


def profile(folder: Path, name: str = "p") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(
        f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: {name}}}\nspec: {{defaultNamespace: team-a}}\n"
    )
    return path


def test_misuses(egressc: type[Said], tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text(IDGEN)
    one, two = profile(tmp_path, "one"), profile(tmp_path, "two")
    flow = "idgen -> a.com:80"
    for arguments, why in (
        ((flow, tmp_path, "-p", one, "-p", two), "several profiles are several meshes"),
        ((flow, tmp_path, "--manifests", tmp_path), "leave the policy files out"),
        (("-", "-"), "standard input holds one thing"),
        (("-", "--manifests", "-"), "standard input holds one thing"),
        ((flow, "--manifests", tmp_path / "none"), "No such file"),
        ((), "the following arguments are required: FLOW"),
    ):
        said = egressc("explain", *arguments)
        assert (said.status, said.out) == (2, ""), arguments
        assert why in said.err


def test_options_may_stand_between_a_flow_and_its_policy(egressc: type[Said], tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text(IDGEN)
    one = profile(tmp_path)
    flow = "idgen -> api.example.com:443"
    assert egressc("explain", flow, "-p", one, tmp_path).out == egressc("explain", flow, tmp_path, "-p", one).out


def test_a_policy_with_errors_has_no_answers(egressc: type[Said], tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text("allow idgen -> a.com:99999 tls\n")
    said = egressc("explain", "idgen -> a.com:80", tmp_path, "-q")
    assert (said.status, said.out) == (1, "")
    assert "EGR005" in said.err


def test_a_failed_expectation_keeps_nobody_from_asking_why(ask: Ask) -> None:
    (answer,) = ask(IDGEN + "expect etl -> api.example.com:443 allowed\n", "etl -> api.example.com:443")
    assert verdict(answer) == "blocked dropped"


def test_two_thousand_questions_at_once(egressc: type[Said], tmp_path: Path) -> None:
    policy = "namespace team-a\n" + "".join(f"allow w{n} -> h{n}.example.com:443 tls\n" for n in range(100))
    (tmp_path / "a.egress").write_text(policy)
    (tmp_path / "p.yaml").write_text(
        "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: x}\nspec: {enforcement: mesh}\n"
    )
    asked = [f"team-a/w{n % 100} -> h{n % 130}.example.com:443 tls" for n in range(2000)]
    asked[7], asked[1000] = "what?", ""
    begin = time.perf_counter()
    said = egressc(
        "explain", "-", tmp_path, "-p", tmp_path / "p.yaml", "--format", "json", stdin="\n".join(asked).encode()
    )
    assert time.perf_counter() - begin < 10
    assert said.err == ""
    assert [each["question"] for each in said.answers] == asked
    for n, each in enumerate(said.answers):
        assert ("error" in each) == (n in (7, 1000))
        if n not in (7, 1000):
            assert (each["verdict"] == "allowed") == (n % 100 == n % 130)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(st.characters(codec="utf-8")).filter(lambda text: "\n" not in text and not text.endswith("\r")),
        min_size=1,
    )
)
def test_any_lines_are_answered_in_order(
    egressc: type[Said], tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder / "a.egress").write_text(IDGEN)
    for form in ("json", "text"):
        said = egressc("explain", "-", folder, "-q", "--format", form, stdin=("\n".join(texts) + "\n").encode())
        assert (said.status, said.err) == (0, "")
        if form == "json":
            answers = [json.loads(line) for line in said.out.splitlines()]
            assert [each["question"] for each in answers] == texts
            for each in answers:
                SCHEMA.validate(each)


def test_the_answer_that_the_readme_shows(egressc: type[Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "recipes.egress").write_text("namespace recipes\n\nallow idgen -> httpbin.org:80 http\n")
    (tmp_path / "cluster.yaml").write_text(
        PROFILE.replace("team-a", "recipes") + "  namespaces: {recipes: {workloads: {idgen: {}, etl: {}}}}\n"
    )
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = page.partition("$ egressc explain 'etl -> httpbin.org:80 http' policies -p cluster.yaml\n")[2].partition(
        "```"
    )[0]
    assert shown
    assert egressc("explain", "etl -> httpbin.org:80 http", "policies", "-p", "cluster.yaml").out == shown


def test_questions_about_many_flows_are_not_for_standard_input(ask: Callable[..., list[dict[str, Any]]]) -> None:
    (answer,) = ask("allow idgen -> x.example.com:443 tls\n", "* -> x.example.com")
    assert answer["error"].startswith("a question about many flows is asked by itself, as in `egressc explain ")


def test_what_the_profile_itself_says_of_pods(ask: Callable[..., list[dict[str, Any]]]) -> None:
    spec = (
        "  namespaces:\n"
        "    team-a:\n"
        "      workloads:\n"
        '        a: {annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: "5432"}}\n'
        "        b: {hostNetwork: true}\n"
        "        c: {}\n"
        "    team-b: {labels: {istio-injection: disabled}, workloads: {d: {}}}\n"
    )
    questions = ["a -> db.example.com:5432 tls", "a -> db.example.com:443 tls", "b -> db.example.com:443 tls",
                 "c -> db.example.com:5432 tls", "team-b/d -> db.example.com:443 tls"]  # fmt: skip
    answers = ask("allow a -> x.example.com:443 tls\n", *questions, spec=spec)
    verdicts = ["passed-through", "blocked", "passed-through", "blocked", "passed-through"]
    assert [each["verdict"] for each in answers] == verdicts
