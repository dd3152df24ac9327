"""The rules of `egressc alerts` before Prometheus's own promtool: they are taken, fire when they should and are silent else."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from npm import from_npm
from prometheus import Series, checked, runs, tried, written

from egresslang.cli import main

pytestmark = pytest.mark.conformance

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
HTTP, TCP = "istio_requests_total", "istio_tcp_connections_closed_total"
POLICY = """namespace shop
allow cart -> api.example.com:443 tls
allow cart -> *.cdn.example.com:80 http
allow orders -> db.example.com:5432 postgres address=10.20.0.0/28
allow orders -> 203.0.113.0/24:9000 tcp
allow crawler -> * reason="looks at everything"
allow old -> api.example.com:80 http expires=1970-01-10
allow fresh -> new.example.com:443 tls expires=1970-03-01
allow pay/* -> bank.example.com:443 tls
allow * -> time.example.com:443 tls reason="clocks"
"""
KNOWN = ", ".join(f"{name}: {{labels: {{app: {name}}}}}" for name in ("cart", "orders", "crawler", "old", "fresh", "legacy", "web"))  # fmt: skip
SPEC = f"{{enforcement: mesh, observed: [shop/legacy], namespaces: {{shop: {{workloads: {{{KNOWN}}}}}, pay: {{}}}}}}"
TODAY = "1970-01-02"

Rules = Callable[..., Path]


def said(*arguments: object) -> str:
    """What the command writes to standard output."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(each) for each in arguments])
    assert status == 0, err.getvalue()
    return out.getvalue()


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    """The rules file of a policy; promtool's clock starts in 1970."""

    def made(policy: str = POLICY, spec: str = SPEC, file: str = "shop.egress", *options: str) -> Path:
        (tmp_path / file).write_text(policy)
        (tmp_path / "profile.yaml").write_text(
            f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: here}}\nspec: {spec}\n"
        )
        out = tmp_path / "rules.yaml"
        said("alerts", tmp_path / file, "-p", tmp_path / "profile.yaml", "--today", TODAY, "-o", out, *options)
        checked(out)
        return out

    return made


def http(
    workload: str, name: str, values: str = "0x5 1x5", code: str = "200", flags: str = "-", host: str = ""
) -> Series:
    namespace, _, workload = workload.rpartition("/")
    labels = {
        "reporter": "source", "source_workload": workload, "source_workload_namespace": namespace or "shop",
        "destination_service": host or name, "destination_service_name": name, "response_code": code,
        "response_flags": flags,
    }  # fmt: skip
    return HTTP, labels, values


def tcp(workload: str, name: str, values: str = "0x5 1x5", flags: str = "-", host: str = "") -> Series:
    _, labels, _ = http(workload, name, flags=flags, host=host or ("unknown" if name.endswith("Cluster") else ""))
    return TCP, {key: value for key, value in labels.items() if key != "response_code"}, values


def fires(alert: str, severity: str, workload: str, where: str, traffic: str = "http") -> dict[str, str]:
    namespace, _, workload = workload.rpartition("/")
    return {
        "alertname": alert, "severity": severity, "source_workload_namespace": namespace or "shop",
        "source_workload": workload, "destination_service_name": where, "traffic": traffic,
    }  # fmt: skip


BLACK, PASS = "BlackHoleCluster", "PassthroughCluster"
QUIET = http("web", "ratings", host="ratings.shop.svc.cluster.local")
FIRING = {
    "the first knock, which starts a series": ([http("web", BLACK, "_x8 1", "502", host="evil.example"), QUIET], 8, [fires("EgressBlocked", "warning", "web", BLACK)]),
    "a knock of a known workload": ([http("cart", BLACK, code="502", host="evil.example")], 8, [fires("EgressBlocked", "warning", "cart", BLACK)]),
    "a knock over TCP": ([tcp("pay/teller", BLACK, flags="UH")], 8, [fires("EgressBlocked", "warning", "pay/teller", BLACK, "tcp")]),
    "knocks under many names are one alert": ([http("web", BLACK, "_x6 1x3", "502", host=f"{n}.evil.example") for n in range(20)], 8, [fires("EgressBlocked", "warning", "web", BLACK)]),
    "a knock of one whose counter started again": ([http("web", BLACK, "7x5 1x5", "502")], 8, [fires("EgressBlocked", "warning", "web", BLACK)]),
    "a knock after a scrape that failed": ([http("web", BLACK, "7x9 stale 7x4 8x20", "502")], 17, [fires("EgressBlocked", "warning", "web", BLACK)]),
    "a knock before anybody had looked for long": ([http("web", BLACK, "7x5 stale _x20 7x20", "502")], 29, [fires("EgressBlocked", "warning", "web", BLACK)]),
    "passthrough of a closed workload": ([tcp("cart", PASS)], 8, [fires("EgressPassthrough", "critical", "cart", PASS, "tcp")]),
    "passthrough of an unknown namespace": ([http("new/thing", PASS)], 8, [fires("EgressPassthrough", "critical", "new/thing", PASS)]),
    "passthrough of an open workload": ([http("legacy", PASS)], 8, [fires("EgressPassthrough", "info", "legacy", PASS)]),
    "another workload's destination": ([http("web", "api.example.com")], 8, [fires("EgressNotGranted", "critical", "web", "api.example.com")]),
    "another workload's network": ([tcp("cart", "203-0-113-0-24.tcp-9000.egressc.invalid")], 8, [fires("EgressNotGranted", "critical", "cart", "203-0-113-0-24.tcp-9000.egressc.invalid", "tcp")]),
    "another workload's wildcard": ([http("orders", "*.cdn.example.com")], 8, [fires("EgressNotGranted", "critical", "orders", "*.cdn.example.com")]),
    "what nobody knows, by an open workload": ([http("legacy", "strange.example.org")], 8, [fires("EgressNotGranted", "warning", "legacy", "other")]),
    "a destination that is not there": ([http("cart", "api.example.com", "0+1x20", "503", "UH")], 15, [fires("EgressFailing", "warning", "cart", "api.example.com")]),
    "a destination that answers with errors": ([http("cart", "*.cdn.example.com", "0+1x20", "500"), http("cart", "*.cdn.example.com", "0+5x20")], 15, [fires("EgressFailing", "warning", "cart", "*.cdn.example.com")]),
    "a database that takes no connection": ([tcp("orders", "db.example.com", "0+1x20", "UF,URX")], 15, [fires("EgressFailing", "warning", "orders", "db.example.com", "tcp")]),
    "a rule that is used and ends soon": ([http("old", "api.example.com")], 8, [fires("EgressRuleExpiring", "warning", "old", "api.example.com")]),
    "a rule that was used this day": ([http("old", "api.example.com", "0 1x30")], 30, [fires("EgressRuleExpiring", "warning", "old", "api.example.com")]),
    "a missing cluster, over http": ([http("cart", "any.thing.example", code="503", flags="NC")], 8, [fires("EgressClusterMissing", "critical", "cart", "none")]),
    "a missing cluster, over TCP": ([tcp("web", "unknown", flags="NC")], 8, [fires("EgressClusterMissing", "critical", "web", "none", "tcp")]),
    "no metrics at all": ([], 20, [{"alertname": "EgressTelemetryMissing", "severity": "warning"}]),
}  # fmt: skip
SILENT = {
    "what is granted": ([http("cart", "api.example.com"), tcp("orders", "db.example.com"), tcp("orders", "203-0-113-0-24.tcp-9000.egressc.invalid"), http("pay/teller", "bank.example.com")], 8),
    "what is granted to everybody": ([tcp(each, "time.example.com") for each in ("cart", "web", "new/thing", "pay/teller")], 8),
    "a name below a granted wildcard": ([http("cart", "*.cdn.example.com"), http("cart", "a.b.cdn.example.com")], 8),
    "inside the mesh": ([QUIET, http("web", "ratings.shop.svc.cluster.local"), tcp("web", "db")], 8),
    "an old knock, and a scrape that failed": ([http("web", BLACK, "7x9 stale 7x20", "502")], 15),
    "a scrape that failed just now": ([http("web", BLACK, "7x9 stale 7x20", "502"), QUIET], 11),
    "an old passthrough, and nine minutes without a scrape": ([tcp("cart", PASS, "7x9 stale _x8 7x20")], 24),
    "an old knock": ([http("web", BLACK, "0 5x20", "502")], 15),
    "an upstream's own 502": ([http("cart", "api.example.com", "0 1x5", "502"), http("cart", "api.example.com", "0+5x9")], 8),
    "a workload that a rule leaves open": ([http("crawler", PASS), tcp("crawler", PASS), http("crawler", "strange.example.org")], 8),
    "a failure among many answers": ([http("cart", "api.example.com", "0+1x20", "503", "UF"), http("cart", "api.example.com", "0+20x20")], 15),
    "a short failure": ([http("cart", "api.example.com", "0x3 1x20", "503", "UF"), http("cart", "api.example.com", "0x9 1+1x20")], 15),
    "a Host header that names somebody else's destination and leads nowhere": ([http("web", "api.example.com", code="404", flags="NR")], 8),
    "a name below somebody else's wildcard that leads nowhere": ([http("web", "x.cdn.example.com", code="404", flags="NR")], 8),
    "a name that nobody registered and that leads nowhere": ([http("web", "x.strange.example", code="404", flags="NR")], 8),
    "a Host header that says the black hole and leads nowhere": ([http("web", BLACK, code="404", flags="NR")], 8),
    "what the server counted": ([(metric, labels | {"reporter": "destination"}, values) for metric, labels, values in [http("web", BLACK, code="502")]] + [QUIET], 8),
    "a rule that ends later": ([http("fresh", "new.example.com")], 8),
    "a rule that ends soon and is not used": ([http("old", "api.example.com", "3x1500")], 1500),
    "metrics of one kind": ([tcp("web", "db", "0x30")], 25),
}  # fmt: skip


@pytest.mark.parametrize("case", FIRING)
def test_an_alert_fires(case: str, rules: Rules) -> None:
    series, minute, expected = FIRING[case]
    tried(rules(), series, expected, minute)


@pytest.mark.parametrize("case", SILENT)
def test_no_alert_fires(case: str, rules: Rules) -> None:
    series, minute = SILENT[case]
    tried(rules(), series, [], minute)


def test_every_alert_has_a_case_that_fires() -> None:
    from egresslang.traffic.alert_kinds import KINDS

    assert {each["alertname"] for _, _, expected in FIRING.values() for each in expected} == {
        each.name for each in KINDS
    }


def test_invented_host_headers_make_no_recorded_series(rules: Rules) -> None:
    """Whatever a client sends, the recorded series are those of the cluster's workloads and the policy's destinations."""
    series = [QUIET]
    for number in range(100):
        host = f"{number}.evil.example"
        series.append(http("web", BLACK, "0+1x10", "502", host=host))
        series.append(http("legacy", PASS, "0+1x10", host=host))
        series.append(http("cart", host, "0+1x10", "503", "NC"))
        series.append(http("cart", host, "0+1x10", "404", "NR"))
        series.append(http("cart", f"{number}.cdn.example.com", "0+1x10"))
        series.append(http("legacy", f"{number}.strange.example", "0+1x10"))
    names = 'label_replace({__name__=~"egress:.+",traffic="http"}, "is", "$1", "__name__", "egress:(.+):increase5m")'
    counts = {
        ("flows", "web", BLACK): 500, ("flows", "legacy", PASS): 500, ("lost", "cart", "none"): 500,
        ("flows", "cart", "*.cdn.example.com"): 500, ("flows", "legacy", "other"): 500,
    }  # fmt: skip
    labels = '{{is="{}",source_workload="{}",destination_service_name="{}"}}'
    expected = [{"labels": labels.format(*each), "value": count} for each, count in counts.items()]
    asked = {
        "expr": f"sum by (is, source_workload, destination_service_name) ({names})",
        "eval_time": "9m",
        "exp_samples": expected,
    }
    test = {"interval": "1m", "input_series": [written(each) for each in series], "promql_expr_test": [asked]}
    runs(rules(), test)


QUESTIONS = {
    "cart -> api.example.com:443 tls": "",
    "cart -> a.cdn.example.com:80 http": "",
    "orders -> db.example.com:5432 postgres address=10.20.0.3": "",
    "orders -> 203.0.113.7:9000 tcp": "",
    "web -> time.example.com:443 tls": "",
    "web -> evil.example:80 http": "EgressBlocked",
    "web -> evil.example:443 tls": "EgressBlocked",
    "web -> 198.51.100.7:25 tcp": "EgressBlocked",
    "cart -> time.example.com:80 http": "EgressBlocked",
    "orders -> 203.0.113.7:9001 tcp": "EgressBlocked",
    "legacy -> evil.example:80 http": "EgressPassthrough",
    "legacy -> 198.51.100.7:25 tcp": "EgressPassthrough",
    "legacy -> api.example.com:443 tls": "EgressPassthrough",
    "crawler -> evil.example:443 tls": "",
}
"""Flows, and what fires when the metric that `explain` foretells of one is counted."""


def foretold(question: str, folder: Path) -> Series:
    """The series that the mesh model says a flow is counted in."""
    given = (folder / "shop.egress", "-p", folder / "profile.yaml", "--today", TODAY)
    metric, told = re.search(r"metric +(\w+){(.*)}", said("explain", f"shop/{question}", *given)).groups()  # type: ignore[union-attr]
    return metric, {key: json.loads(value) for key, value in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', told)}, "0x5 1x5"


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_the_model_foretells_fires_what_it_should(question: str, rules: Rules, tmp_path: Path) -> None:
    made = rules()
    metric, labels, values = foretold(question, tmp_path)
    where = labels["destination_service_name"]
    tcp_or_http = "http" if metric == HTTP else "tcp"
    severity = {"EgressBlocked": "warning", "EgressPassthrough": "info", "EgressNotGranted": "warning"}
    alert = QUESTIONS[question]
    expected = [fires(alert, severity[alert], labels["source_workload"], where, tcp_or_http)] if alert else []
    tried(made, [(metric, labels, values)], expected, 8)


HOSTILE = "{{ .Labels }} \"q\" 'a' \\ $x %s.egress"


def test_texts_are_no_templates_of_the_policy(rules: Rules, tmp_path: Path) -> None:
    """Whatever a policy file is called and an owner is, the text that a person reads has it as it is."""
    owner = '{{ define "x" }} $labels \\n'
    policy = f"namespace shop\nallow old -> api.example.com:443 tls expires=1970-01-10 owner={json.dumps(owner)}\n"
    made = rules(policy, "{enforcement: mesh}", HOSTILE)
    (expiring,) = [
        rule for group in yaml.safe_load(made.read_text())["groups"] for rule in group["rules"]
        if rule.get("alert") == "EgressRuleExpiring"
    ]  # fmt: skip
    name = expiring["labels"]["rule"].replace('{{ "{{" }}', "{{")
    assert name.endswith(f"/{HOSTILE}:2")
    assert name != expiring["labels"]["rule"]
    labels = {
        "severity": "warning", "rule": name, "source_workload": "old", "source_workload_namespace": "shop",
        "destination_service_name": "api.example.com", "traffic": "http",
    }  # fmt: skip
    texts = {
        "summary": f"shop/old still uses api.example.com, which the rule at {name} grants until 1970-01-10",
        "description": f"At the end of 1970-01-10 UTC the rule at {name} grants nothing any more: the next compilation blocks it. Its owner is {owner}.",
        "runbook": f"Move expires= of the rule in `{name.removesuffix(':2')}`, or see to it that nobody needs it any more.",
    }
    expected = {"eval_time": "8m", "alertname": "EgressRuleExpiring", "exp_alerts": [{"exp_labels": labels, "exp_annotations": texts}]}  # fmt: skip
    series = [written(http("old", "api.example.com"))]
    runs(made, {"interval": "1m", "input_series": series, "alert_rule_test": [expected]})


def test_clusters_of_one_prometheus_are_told_apart(tmp_path: Path) -> None:
    """The same series fires in the cluster it is of, and under that cluster's rules."""
    (tmp_path / "a.egress").write_text("allow shop/cart -> a.example.com:443 tls cluster=us\nallow shop/cart -> b.example.com:443 tls cluster=eu\n")  # fmt: skip
    for name in ("us", "eu"):
        (tmp_path / f"{name}.yaml").write_text(f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: {name}}}\nspec: {{enforcement: mesh}}\n")  # fmt: skip
    out = tmp_path / "rules.yaml"
    said("alerts", tmp_path / "a.egress", "-p", tmp_path / "us.yaml", "-p", tmp_path / "eu.yaml", "-o", out)
    checked(out)
    series = []
    for cluster in ("us", "eu"):
        metric, labels, values = tcp("cart", "a.example.com")
        series.append((metric, {**labels, "cluster": cluster}, values))
    tried(out, series, [fires("EgressNotGranted", "critical", "cart", "other", "tcp")], 8)


PROJECTS: Sequence[tuple[str, str]] = [
    ("recipes/passes-through", "profile.yaml"), ("recipes/black-hole", "profile.yaml"), ("recipes/allowed", "profile.yaml"),
    ("networks", "profile.yaml"), ("wildcards", "recent.yaml"), ("wildcards", "old.yaml"),
    ("shared-hosts", "profile.yaml"), ("database-by-region", "us.yaml"), ("dev-and-prod", "prod.yaml"),
]  # fmt: skip


GIVEN = {project: (EXAMPLES / project, "-p", EXAMPLES / project / profile, "--today", "2026-11-23") for project, profile in PROJECTS}  # fmt: skip


@pytest.mark.parametrize("project", GIVEN)
def test_the_rules_of_every_example_are_taken(project: str, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    said("alerts", *GIVEN[project], "-o", rules)
    checked(rules)
    resources = list(yaml.safe_load_all(said("alerts", *GIVEN[project], "--format", "prometheusrule")))
    again = [group for each in resources for group in each["spec"]["groups"]]
    assert again == yaml.safe_load(rules.read_text())["groups"]


def test_a_prometheus_rule_is_one_to_the_operator(tmp_path: Path) -> None:
    """The schema of the operator's own CRD takes each resource, and not one that lacks its expression."""
    package = from_npm("@kubernetes-models/prometheus-operator")
    resources = list(yaml.safe_load_all(said("alerts", *GIVEN["networks"], "--format", "prometheusrule")))
    broken = json.loads(json.dumps(resources[-1]))
    del broken["spec"]["groups"][0]["rules"][0]["expr"]
    script = tmp_path / "validate.mjs"
    script.write_text(
        f"""import {{ createRequire }} from "module";
const {{ PrometheusRule }} = createRequire({json.dumps(str(package / "package.json"))})(
  "./monitoring.coreos.com/v1/PrometheusRule.js");
for (const each of {json.dumps([*resources, broken])}) {{
  try {{ new PrometheusRule(each).validate(); console.log("valid"); }} catch (error) {{ console.log(error.message); }}
}}
"""
    )
    node = shutil.which("node")
    assert node is not None, "node is not on PATH (Debian package nodejs)"
    done = subprocess.run([node, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    assert lines == ["valid"] * len(resources)
    assert "expr" in last


@pytest.mark.parametrize("project", GIVEN)
def test_a_dashboard_is_one_to_grafana(project: str, tmp_path: Path) -> None:
    """Grafana's own models read it and lose nothing of it, and Prometheus reads each of its queries."""
    made = json.loads(said("alerts", *GIVEN[project], "--format", "dashboard"))
    read = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(made)))
    assert_kept(made, read, "")
    queries = [target["expr"] for panel in made["panels"] for target in panel["targets"]]
    rules = tmp_path / "rules.yaml"
    filled = [query.replace("$__rate_interval", "5m") for query in queries]
    rules.write_text(yaml.safe_dump({"groups": [{"name": "a", "rules": [{"record": f"q{n}", "expr": query} for n, query in enumerate(filled)]}]}))  # fmt: skip
    checked(rules)


def assert_kept(ours: Any, theirs: Any, path: str) -> None:
    """Assert that all of a value stands in another, which may say more."""
    if isinstance(ours, dict):
        for key, value in ours.items():
            assert key in theirs, f"{path}/{key} is nothing to Grafana"
            assert_kept(value, theirs[key], f"{path}/{key}")
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), path
        for at, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            assert_kept(one, other, f"{path}/{at}")
    else:
        assert ours == theirs, path
