"""What `egressc alerts` writes: everybody is watched once, texts name files, nothing comes of a policy with errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from egresslang.cli import main
from egresslang.traffic.alert_kinds import KINDS

POLICY = """namespace shop
allow cart -> api.example.com:443 tls expires=2026-12-01 owner=team-cart
allow {cart, orders} -> *.cdn.example.com:80 http
allow orders -> db.example.com:5432 postgres address=10.20.0.0/28 region=us-east1
allow crawler -> * reason="looks at everything"
allow pay/* -> bank.example.com:443 tls region=eu
"""
SPEC = """
  region: us-east1
  enforcement: mesh
  observed: [shop/legacy]
  namespaces:
    shop: {workloads: {cart: {labels: {app: cart}}, orders: {labels: {app: orders}}, crawler: {labels: {app: crawler}}, legacy: {labels: {app: legacy}}, web: {labels: {app: web}}}}
    pay: {}
"""

Alerts = Callable[..., "Said"]


class Said:
    """What the command said, and its status."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def rules(self) -> list[dict[str, Any]]:
        """All rules of a rules file."""
        return [rule for group in yaml.safe_load(self.out)["groups"] for rule in group["rules"]]

    def alerts(self, name: str) -> list[dict[str, Any]]:
        """The alerting rules of a name."""
        return [rule for rule in self.rules if rule.get("alert") == name]


@pytest.fixture
def alerts(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Alerts:
    """The command, given a policy and the spec of a profile, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def said(policy: str = POLICY, spec: str = SPEC, *options: str) -> Said:
        Path("shop.egress").write_text(policy)
        Path("here.yaml").write_text(
            f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: here}}\nspec: {spec}"
        )
        given = ["alerts", "shop.egress", "-p", "here.yaml", "--today", "2026-11-23", *options]
        try:
            status = main(given)
        except SystemExit as ended:
            status = int(str(ended.code))
        out, err = capsys.readouterr()
        return Said(status, out, err)

    return said


def accepts(expr: str, labels: dict[str, str]) -> bool:
    """Whether the first selector of an expression takes a series."""
    for label, operator, operand in re.findall(r'(\w+)(=~|!~|!=|=)("(?:[^"\\]|\\.)*")', expr[: expr.index("}")]):
        wanted, value = json.loads(operand), labels[label]
        is_equal = re.fullmatch(wanted, value) is not None if "~" in operator else wanted == value
        if is_equal is operator.startswith("!"):
            return False
    return True


def firing(said: Said, name: str, namespace: str, workload: str, where: str) -> list[str]:
    """The severities of the alerts of a name whose selector takes a recorded series."""
    labels = {"source_workload_namespace": namespace, "source_workload": workload, "destination_service_name": where}
    return [rule["labels"]["severity"] for rule in said.alerts(name) if accepts(rule["expr"], labels)]


WORKLOADS = [
    ("shop", "cart"), ("shop", "orders"), ("shop", "crawler"), ("shop", "legacy"), ("shop", "web"), ("shop", "unheard"),
    ("pay", "teller"), ("elsewhere", "thing"), ("shop", "cart-2"),
]  # fmt: skip


@pytest.mark.parametrize(("namespace", "workload"), WORKLOADS)
def test_everybody_is_watched_once(namespace: str, workload: str, alerts: Alerts) -> None:
    said = alerts()
    assert len(firing(said, "EgressBlocked", namespace, workload, "BlackHoleCluster")) == 1
    assert len(firing(said, "EgressClusterMissing", namespace, workload, "none")) == 1


@pytest.mark.parametrize(
    ("workload", "severities"),
    [("cart", ["critical"]), ("unheard", ["critical"]), ("legacy", ["info"]), ("crawler", [])],
)
def test_passthrough_weighs_what_the_policy_makes_of_a_workload(
    workload: str, severities: list[str], alerts: Alerts
) -> None:
    assert firing(alerts(), "EgressPassthrough", "shop", workload, "PassthroughCluster") == severities


@pytest.mark.parametrize(
    ("namespace", "workload", "where", "severities"),
    [
        ("shop", "cart", "api.example.com", []),
        ("shop", "cart", "*.cdn.example.com", []),
        ("shop", "cart", "a.cdn.example.com", []),
        ("shop", "cart", "db.example.com", ["critical"]),
        ("shop", "orders", "api.example.com", ["critical"]),
        ("shop", "orders", "apixexample.com", ["critical"]),
        ("shop", "legacy", "api.example.com", ["warning"]),
        ("shop", "crawler", "other", []),
        ("pay", "teller", "bank.example.com", ["critical"]),  # out of the cluster's region: it grants nothing here
        ("elsewhere", "thing", "other", ["critical"]),
    ],
)
def test_what_is_not_granted(namespace: str, workload: str, where: str, severities: list[str], alerts: Alerts) -> None:
    assert firing(alerts(), "EgressNotGranted", namespace, workload, where) == severities


def test_nothing_is_enforced_where_all_is_observed(alerts: Alerts) -> None:
    said = alerts(POLICY, "{enforcement: observe}")
    assert firing(said, "EgressPassthrough", "shop", "cart", "PassthroughCluster") == ["info"]
    assert firing(said, "EgressNotGranted", "shop", "cart", "db.example.com") == ["warning"]


def test_a_version_of_a_workload_is_the_workload(alerts: Alerts) -> None:
    pods = "spec: {template: {metadata: {labels: {app: cart}}, spec: {containers: []}}}"
    manifest = f"{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: cart-v2, namespace: shop}}, {pods}}}"
    said = alerts(POLICY, f"{SPEC}  resources: [{manifest}]\n")
    assert firing(said, "EgressNotGranted", "shop", "cart-v2", "api.example.com") == []
    assert firing(said, "EgressNotGranted", "shop", "cart-v3", "api.example.com") == ["critical"]


def test_texts_name_the_file_and_the_rule(alerts: Alerts) -> None:
    said = alerts()
    (expiring,) = said.alerts("EgressRuleExpiring")
    assert expiring["labels"]["rule"] == "shop.egress:2"
    assert "`shop.egress`" in expiring["annotations"]["runbook"]
    assert "team-cart" in expiring["annotations"]["description"]
    for rule in said.rules:
        if "alert" in rule:
            assert set(rule["annotations"]) == {"summary", "description", "runbook"}
            if rule["alert"] != "EgressTelemetryMissing":
                assert "shop.egress" in rule["annotations"]["runbook"], rule["alert"]


def test_a_rule_that_another_outlasts_does_not_expire(alerts: Alerts) -> None:
    longer = "allow shop/* -> api.example.com:443 tls expires=2027-06-30\n"
    said = alerts(POLICY + longer)
    assert [rule["labels"]["rule"] for rule in said.alerts("EgressRuleExpiring")] == ["shop.egress:7"]


def test_an_expiry_is_the_end_of_the_day(alerts: Alerts) -> None:
    (expiring,) = alerts().alerts("EgressRuleExpiring")
    assert expiring["expr"].endswith("vector(time()) >= 1794960000")  # 2026-11-18, fourteen days before 2026-12-02


@pytest.mark.parametrize(
    ("today", "expires", "soon", "moment"),
    [("2026-11-25", "9999-12-31", 0, 253_402_300_800), ("0001-01-01", "0001-01-03", 14, -62_136_547_200)],
)
def test_an_expiry_at_either_end_of_the_calendar(
    alerts: Alerts, today: str, expires: str, soon: int, moment: int
) -> None:
    spec = f"{SPEC}  lint: {{expires-soon: {soon}d}}\n"
    said = alerts(POLICY.replace("2026-12-01", expires), spec, "--today", today)
    (expiring,) = said.alerts("EgressRuleExpiring")
    assert expiring["expr"].endswith(f"vector(time()) >= {moment}")


def test_every_kind_is_written_and_no_other(alerts: Alerts) -> None:
    assert {rule["alert"] for rule in alerts().rules if "alert" in rule} == {kind.name for kind in KINDS}


def test_no_rule_reads_what_a_client_invents(alerts: Alerts) -> None:
    """`destination_service` is the Host header: it may be dropped where it is scraped."""
    assert not [rule for rule in alerts().rules if re.search(r"destination_service\b", rule["expr"])]


def test_what_is_no_number_is_left_out_of_what_is_recorded(alerts: Alerts) -> None:
    recorded = [rule["expr"] for rule in alerts().rules if "record" in rule]
    assert recorded
    assert all(expr.count("< +Inf") == expr.count("offset 5m") for expr in recorded)


def test_no_two_rules_are_alike(alerts: Alerts) -> None:
    said = [
        json.dumps([rule.get("alert", rule.get("record")), rule["labels"]], sort_keys=True) for rule in alerts().rules
    ]
    assert len(said) == len(set(said))


def test_known_hosts_of_the_cluster_are_named(alerts: Alerts) -> None:
    def entry(host: str, location: str) -> str:
        ports = "ports: [{number: 443, name: tls, protocol: TLS}]"
        spec = f"{{hosts: [{host}], location: {location}, {ports}, resolution: DNS, exportTo: ['.']}}"
        meta = f"{{name: {location.lower().replace('_', '-')}, namespace: other}}"
        return f"{{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {meta}, spec: {spec}}}"

    entries = f"{entry('theirs.example.org', 'MESH_EXTERNAL')}, {entry('vm.corp.example', 'MESH_INTERNAL')}"
    said = alerts(POLICY, f'{SPEC}  inMesh: ["*/*.svc.cluster.local", "*/*.corp.internal"]\n  resources: [{entries}]\n')
    named = said.rules[0]["expr"]
    assert r"theirs\\.example\\.org" in named
    assert "corp" not in named
    other = next(rule for rule in said.rules if rule["labels"].get("destination_service_name") == "other")
    assert r".+\\.corp\\.internal" in other["expr"]
    assert r"vm\\.corp\\.example" in other["expr"]


def test_the_order_of_files_changes_nothing(alerts: Alerts) -> None:
    Path("b.egress").write_text("allow shop/web -> b.example.com:443 tls\n")
    one, two = alerts(POLICY, SPEC, "b.egress"), alerts(POLICY, SPEC, "./b.egress")
    assert one.out == two.out
    assert (
        main(["alerts", "b.egress", "shop.egress", "-p", "here.yaml", "--today", "2026-11-23", "-o", "out.yaml"]) == 0
    )
    assert Path("out.yaml").read_text() == one.out


def test_size_grows_with_the_policy(alerts: Alerts) -> None:
    def size(count: int) -> int:
        policy = "".join(f"allow n{n % 10}/w{n:04} -> h{n:04}.example.com:443 tls\n" for n in range(count))
        return len(alerts(policy, "{enforcement: mesh}").out)

    assert size(200) < 2.1 * size(100)


def test_nothing_is_written_of_a_policy_with_errors(alerts: Alerts) -> None:
    said = alerts(POLICY + "allow cart -> nowhere\n", SPEC, "-o", "out.yaml")
    assert said.status == 1
    assert "error[" in said.err
    assert said.out == ""
    assert not Path("out.yaml").exists()


def test_warnings_fail_where_they_are_to(alerts: Alerts) -> None:
    said = alerts(POLICY, SPEC, "--fail-on", "warning")
    assert (said.status, said.out) == (1, "")
    Path("egressc.toml").write_text('fail-on = "warning"\n')
    assert alerts().status == 1
    assert alerts(POLICY, SPEC, "--fail-on", "error").status == 0


def test_warnings_are_told_and_the_rules_written(alerts: Alerts) -> None:
    said = alerts()
    assert said.status == 0
    assert "EGR403" in said.err
    assert said.out.startswith("groups:\n")


def test_clusters_are_told_apart_by_a_label(alerts: Alerts) -> None:
    Path("eu.yaml").write_text(
        "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: eu}\nspec: {region: europe-west1}\n"
    )
    said = alerts(POLICY, SPEC, "-p", "eu.yaml")
    assert {rule["labels"]["cluster"] for rule in said.rules} == {"here", "eu"}
    assert all('cluster="here"' in rule["expr"] or 'cluster="eu"' in rule["expr"] for rule in said.rules)
    groups = [group["name"] for group in yaml.safe_load(said.out)["groups"]]
    assert len(groups) == len(set(groups))
    alone = alerts(POLICY, SPEC, "--cluster-label", "source_cluster")
    assert all('source_cluster="here"' in rule["expr"] for rule in alone.rules)
    assert "cluster=" not in alerts().out


@pytest.mark.parametrize("label", ["a-b", "__name__", "traffic", "", "é"])
def test_a_label_that_is_none_is_refused(label: str, alerts: Alerts) -> None:
    said = alerts(POLICY, SPEC, "--cluster-label", label)
    assert said.status == 2
    assert said.out == ""


def test_a_prometheus_rule_is_one_for_each_namespace(alerts: Alerts) -> None:
    resources = list(yaml.safe_load_all(alerts(POLICY, SPEC, "--format", "prometheusrule").out))
    assert [each["metadata"]["name"] for each in resources] == [
        "egressc-here", "egressc-here-namespace-shop", "egressc-here-others"
    ]  # fmt: skip
    assert {each["metadata"]["labels"]["app.kubernetes.io/managed-by"] for each in resources} == {"egressc"}
    assert {each["metadata"]["annotations"]["egresslang.dev/source"] for each in resources} == {"shop.egress"}


def dashboard(alerts: Alerts, spec: str = SPEC) -> Iterator[tuple[str, list[str]]]:
    """The panels of a dashboard: their titles, and their queries with their legends."""
    for panel in json.loads(alerts(POLICY, spec, "--format", "dashboard").out)["panels"]:
        yield panel["title"], [f"{each['legendFormat']}: {each['expr']}" for each in panel["targets"]]


def test_a_dashboard_answers_the_questions(alerts: Alerts) -> None:
    panels = dict(dashboard(alerts))
    assert list(panels)[:4] == [
        "Which services call external APIs?",
        "Which database instance is written to?",
        "Does traffic stay in its region?",
        "What knocks at the black hole?",
    ]
    (database,) = panels["Which database instance is written to?"]
    assert 'destination_service_name="db.example.com"' in database
    regions = [query.partition(":")[0] for query in panels["Does traffic stay in its region?"]]
    assert regions == ["region unknown", "us-east1 (the cluster's region)"]


def test_a_dashboard_of_an_empty_policy_asks_of_everything(alerts: Alerts) -> None:
    said = alerts("", "{enforcement: mesh}", "--format", "dashboard")
    assert said.status == 0
    for panel in json.loads(said.out)["panels"]:
        assert panel["targets"], panel["title"]
