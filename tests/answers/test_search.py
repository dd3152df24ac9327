"""Questions about many flows: what matches, as a table, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from said import ROOT, Said

from egresslang.answers.search import is_search

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / "flows.schema.json").read_text()))
POLICY = """namespace shop
workloads web = cart, front
allow web -> api.stripe.com:443 tls owner=web ticket=T-1 expires=2027-01-31 region=us
allow pay -> *.stripe.com:443 tls
allow ops -> internet:443 tls reason="scans"
allow ops -> 198.51.100.0/24:9000 tcp
allow shop/* -> status.example.com:80 http
allow * -> clock.example.com:443 tls
allow admin/console -> * reason="break glass"
allow pay -> bank.example.com:7000 tcp address=198.51.100.7
"""
SPEC = """apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: NAME}
spec:
  region: us-east1
  enforcement: mesh
  observed: [admin/legacy]
  defaultNamespace: shop
  namespaces:
    shop: {workloads: {cart: {labels: {app: cart}}, front: {labels: {app: front}}, pay: {labels: {app: pay}}, ops: {labels: {app: ops}}}}
    admin: {workloads: {console: {labels: {app: console}}, legacy: {labels: {app: legacy}}}}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a policy and its profile, as the current one."""
    monkeypatch.chdir(tmp_path)
    Path("a.egress").write_text(POLICY)
    Path("p.yaml").write_text(SPEC.replace("NAME", "one"))
    return tmp_path


def flows(question: str, *options: object) -> list[dict[str, Any]]:
    said = Said("explain", question, *(options or ("-p", "p.yaml")), "--today", "2026-11-23", "--format", "json")
    assert (said.status, said.err) == (0, "")
    document = json.loads(said.out)
    SCHEMA.validate(document)
    assert document["question"] == question
    found: list[dict[str, Any]] = document["flows"]
    return found


def matching(question: str) -> list[str]:
    """What matches, in a few words."""
    return [f"{e['source'].removeprefix('shop/')} {e['destination']}{':' + str(e['port']) if e['port'] else ''}" + "~" * e["by_address"] for e in flows(question)]  # fmt: skip


EVERYBODY = ["* clock.example.com:443", "admin/console *", "admin/legacy *"]
STRIPE = ["admin/console *", "cart api.stripe.com:443", "front api.stripe.com:443", "ops internet:443~", "pay *.stripe.com:443", "admin/legacy *"]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("cart -> *", ["* clock.example.com:443", "* status.example.com:80", "cart api.stripe.com:443"]),
        ("console -> *", ["* clock.example.com:443", "admin/console *"]),
        ("admin/* -> *", EVERYBODY),
        ("* -> api.stripe.com", STRIPE),
        ("* -> api.stripe.com:443 tls", STRIPE),
        ("* -> api.stripe.com:80", ["admin/console *", "admin/legacy *"]),
        ("* -> files.stripe.com", ["admin/console *", "ops internet:443~", "pay *.stripe.com:443", "admin/legacy *"]),
        ("shop/* -> *.stripe.com:443", STRIPE[1:5]),
        ("shop/* -> *.com:80", ["* status.example.com:80"]),
        ("cart -> api.stripe.com", ["cart api.stripe.com:443"]),
        ("cart -> other.example", []),
        ("shop/* -> bank.example.com", ["ops internet:443~", "ops 198.51.100.0/24:9000~", "pay bank.example.com:7000"]),
        ("shop/* -> 198.51.100.0/25", ["ops 198.51.100.0/24:9000", "pay bank.example.com:7000"]),
        ("shop/* -> 198.51.100.9:9000", ["ops 198.51.100.0/24:9000"]),
        ("shop/* -> [2001:db8::/32]:443", []),
        ("shop/* -> internet", ["ops internet:443"]),
        ("* -> *:80 http", ["* status.example.com:80", "admin/console *", "admin/legacy *"]),
    ],
)
def test_what_matches(here: Path, question: str, found: list[str]) -> None:
    assert is_search(question)
    assert sorted(matching(question)) == sorted(found)


def test_an_exact_question_keeps_its_answer(here: Path) -> None:
    for question in ("cart -> api.stripe.com:443 tls", "cart -> 198.51.100.7:9000 tcp", "cart -> [2001:db8::1]:443"):
        assert not is_search(question)
    assert Said("explain", "cart -> api.stripe.com:443 tls", "-p", "p.yaml").out.startswith("allowed: shop/cart")


def test_all_that_is_known_of_a_flow(here: Path) -> None:
    first = flows("cart -> *.stripe.com")[0]
    assert first == {
        "cluster": "one", "source": "shop/cart", "destination": "api.stripe.com", "port": 443, "protocol": "tls", "owner": "web",
        "ticket": "T-1", "expires": "2027-01-31", "region": "us", "by_address": False, "file": "a.egress", "line": 3,
        "rule": "allow web -> api.stripe.com:443 tls owner=web ticket=T-1 expires=2027-01-31 region=us",
    }  # fmt: skip


def test_the_table_has_the_columns_that_say_something(here: Path) -> None:
    said = Said("explain", "cart -> *", "-p", "p.yaml", "--today", "2026-11-23")
    assert said.out.splitlines() == [
        "who        where                       owner  until       region  rule",
        "*          clock.example.com:443 tls                              allow * -> clock.example.com:443 tls (a.egress:8)",
        "shop/*     status.example.com:80 http                             allow shop/* -> status.example.com:80 http (a.egress:7)",
        "shop/cart  api.stripe.com:443 tls      web    2027-01-31  us      allow web -> api.stripe.com:443 tls owner=web ticket=T-1 expires=2027-01-31 region=us (a.egress:3)",
        "3 matches",
    ]  # fmt: skip
    assert Said("explain", "ops -> bank.example.net:5", "-p", "p.yaml").status == 2
    lines = Said("explain", "ops -> *:9000", "-p", "p.yaml").out.splitlines()
    assert lines == [
        "who       where                     rule",
        "shop/ops  198.51.100.0/24:9000 tcp  allow ops -> 198.51.100.0/24:9000 tcp (a.egress:6)",
        "1 match",
    ]
    assert Said("explain", "cart -> *:9000", "-p", "p.yaml").out == "0 matches\n"


def test_every_cluster_is_asked(here: Path) -> None:
    Path("q.yaml").write_text(SPEC.replace("NAME", "two").replace("us-east1", "europe-west1"))
    found = flows("* -> api.stripe.com", "-p", "p.yaml", "-p", "q.yaml")
    assert {(e["cluster"], e["source"]) for e in found if "web" in e["rule"]} == {("one", "shop/cart"), ("one", "shop/front")}  # fmt: skip
    assert {e["cluster"] for e in found} == {"one", "two"}
    said = Said("explain", "* -> api.stripe.com", "-p", "p.yaml", "-p", "q.yaml")
    assert said.out.splitlines()[0].split()[-1] == "cluster"


def test_csv_is_a_table_without_formulas(here: Path) -> None:
    Path("a.egress").write_text(
        'allow shop/cart -> a.example.com:443 tls owner="=HYPERLINK(1)" ticket="+1"\n'
        'allow shop/pay -> a.example.com:443 tls owner="@x" ticket="-2" reason="a \\"b\\", c"\n'
    )
    said = Said("explain", "* -> a.example.com", "-p", "p.yaml", "--format", "csv")
    header, cart, pay, legacy = csv.reader(io.StringIO(said.out))
    assert header == [
        "cluster",
        "source",
        "destination",
        "port",
        "protocol",
        "owner",
        "ticket",
        "expires",
        "region",
        "by_address",
        "rule",
        "file",
        "line",
    ]
    assert cart[:7] == ["one", "shop/cart", "a.example.com", "443", "tls", "'=HYPERLINK(1)", "'+1"]
    assert pay[5:7] == ["'@x", "'-2"]
    assert pay[10].endswith('reason="a \\"b\\", c"')
    assert legacy == ["one", "admin/legacy", "*", "", "", "", "", "", "", "", "left open by the profile", "", ""]
    assert not any(cell[:1] in ("=", "+", "-", "@") for row in (cart, pay, legacy) for cell in row if cell)


def test_manifests_are_asked_what_they_mean(here: Path) -> None:
    assert Said("compile", "a.egress", "-p", "p.yaml", "-o", "out", "-q", "--today", "2026-11-23").status == 0
    found = flows("* -> api.stripe.com", "--manifests", "out", "-p", "p.yaml")
    assert {(e["source"], e["destination"]) for e in found} == {
        ("shop/cart", "api.stripe.com"), ("shop/front", "api.stripe.com"), ("shop/pay", "*.stripe.com"), ("shop/pay", "api.stripe.com"), ("admin/console", "*"), ("admin/legacy", "*"),
    }  # fmt: skip
    assert {e["rule"] for e in found if e["source"] == "shop/cart"} == {"ServiceEntry shop/api-stripe-com"}
    said = Said("explain", "* -> api.stripe.com", "--manifests", "out")
    assert (said.status, said.out) == (2, "")
    assert (
        said.err == "egressc: no workload is known to ask about: add the manifests of workloads, or a profile with -p\n"
    )


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("nobody -> *", "`nobody` is no workload of namespace `shop`"),
        ("cert -> *", "`cert` is no workload of namespace `shop`; write `cart`"),
        ("admin/cart -> *", "`cart` is no workload of namespace `admin`; write `shop/cart`"),
        ("adnim/* -> *", "namespace `adnim` is not known; write `admin`"),
        ("{cart, pay} -> *", None),
        ("cart -> *:99999", None),
        ("cart -> * ftp", "`ftp` is no protocol"),
        ("cart -> *.a.example.com:443 tls tls", "`tls tls` is no protocol"),
        ("cart -> ${x}.example.com", "`${x}.example.com` is no host, address or network"),
        ("cart -> 10.0.0.1/8", None),
        ("cart -> 2001:db8::1:443/3", None),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_one_line(here: Path, question: str, message: str | None) -> None:
    said = Said("explain", question, "-p", "p.yaml")
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)
    if message:
        assert said.err == f"egressc: {message}\n"


def test_csv_is_for_many_flows(here: Path) -> None:
    said = Said("explain", "cart -> api.stripe.com:443 tls", "-p", "p.yaml", "--format", "csv")
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("egressc: csv is a table of all flows that match")


def test_the_internet_is_asked_about_by_its_addresses(here: Path) -> None:
    rules = "allow shop/cart -> 8.8.8.8:443 tcp\nallow shop/pay -> 10.0.0.1:443 tcp\nallow shop/front -> *  reason=x\n"
    Path("a.egress").write_text(rules)
    assert matching("shop/* -> internet") == ["cart 8.8.8.8:443", "front *"]
    assert matching("shop/* -> internet:80") == ["front *"]


def test_the_internet_is_asked_about_in_an_open_mesh(here: Path) -> None:
    Path("m.yaml").write_text(SIDECAR.replace("REGISTRY_ONLY", "ALLOW_ANY"))
    rows = flows("cart -> internet", "--manifests", "m.yaml", "-p", "p.yaml")
    assert [(e["source"], e["destination"], e["rule"]) for e in rows] == [("shop/cart", "*", "Sidecar shop/default")]
    Path("m.yaml").write_text(DEPLOYMENT.replace("ANNOTATIONS", "{}"))
    rows = flows("x -> internet", "--manifests", "m.yaml")
    assert [(e["rule"], e["file"], e["line"]) for e in rows] == [("Istio's default: ALLOW_ANY", None, None)]
    Path("i.yaml").write_text(ISTIO)
    rows = flows("x -> internet", "--manifests", "m.yaml", "--manifests", "i.yaml")
    assert [(e["rule"], e["file"], e["line"]) for e in rows] == [("outbound traffic policy: ALLOW_ANY", "i.yaml", 6)]


ISTIO = """apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
metadata: {name: i}
spec:
  meshConfig:
    outboundTrafficPolicy: {mode: ALLOW_ANY}
"""


SIDECAR = """apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  egress: [{hosts: ["./*"]}]
  outboundTrafficPolicy: {mode: REGISTRY_ONLY}
"""
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: x, namespace: shop}
spec:
  selector: {matchLabels: {app: x}}
  template:
    metadata: {labels: {app: x}, annotations: ANNOTATIONS}
    spec: {containers: [{name: c, image: c}]}
"""


@pytest.mark.parametrize(
    ("annotations", "asked", "found"),
    [
        ("{traffic.sidecar.istio.io/excludeOutboundPorts: '443'}", "x.example", [("*", 443)]),
        ("{traffic.sidecar.istio.io/excludeOutboundPorts: '443'}", "*:80", []),
        ("{traffic.sidecar.istio.io/excludeOutboundIPRanges: 8.8.0.0/16}", "8.8.8.8", [("8.8.0.0/16", None)]),
        ("{traffic.sidecar.istio.io/excludeOutboundIPRanges: 8.8.0.0/16}", "9.9.9.0/24", []),
        ("{traffic.sidecar.istio.io/includeOutboundIPRanges: 8.8.0.0/16}", "9.9.9.0/24", [("every address but 8.8.0.0/16", None)]),
        ("{traffic.sidecar.istio.io/includeOutboundIPRanges: 8.8.0.0/16}", "x.example", [("every address but 8.8.0.0/16", None)]),
        ("{traffic.sidecar.istio.io/includeOutboundIPRanges: 8.8.0.0/16}", "8.8.8.0/24", []),
        ("{traffic.sidecar.istio.io/includeOutboundIPRanges: ''}", "*", [("*", None)]),
        ("{sidecar.istio.io/inject: 'false'}", "*", [("*", None)]),
        ("{}", "*", []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_policy", [False, True])
def test_what_goes_around_a_sidecar_is_told(
    here: Path, annotations: str, asked: str, found: list[tuple[str, int | None]], is_policy: bool
) -> None:
    Path("m.yaml").write_text(f"{SIDECAR}---\n{DEPLOYMENT.replace('ANNOTATIONS', annotations)}")
    Path("a.egress").write_text("allow shop/cart -> a.example:443 tls\n")
    Path("p.yaml").write_text(SPEC.replace("NAME", "one") + "  resources: [m.yaml]\n")
    question = f"x -> {asked}" if ":" in asked or "/" in asked or "*" in asked else f"x -> {asked}:*"
    rows = flows(question, *(("-p", "p.yaml") if is_policy else ("--manifests", "m.yaml")))
    assert [(e["destination"], e["port"]) for e in rows if e["source"] != "*"] == found
    assert all(e["rule"].startswith("Deployment shop/x: ") for e in rows)


def test_without_a_profile_a_set_is_its_members(here: Path) -> None:
    told = [(e["source"], e["destination"]) for e in flows("web -> api.stripe.com", "a.egress", "-q")]
    assert told == [(f"shop/{who}", "api.stripe.com") for who in ("cart", "front")]
    assert {e["source"] for e in flows("web -> *.stripe.com", "-p", "p.yaml")} == {"shop/cart", "shop/front"}
    assert {e["source"] for e in flows("shop/web -> *.stripe.com", "-p", "p.yaml")} == {"shop/cart", "shop/front"}


def test_without_a_profile_who_is_not_known_is_told(here: Path) -> None:
    said = Said("explain", "nobody -> *", "a.egress")
    assert "egressc: nothing names `default/nobody`: it has what everybody has\n" in said.err
    said = Said("explain", "cert -> *", "a.egress", "-q")
    assert (said.status, said.err) == (2, "egressc: `cert` is no workload of namespace `default`; write `shop/cart`\n")


def test_without_a_profile_who_is_not_named_is_left_open(here: Path) -> None:
    Path("a.egress").write_text("allow shop/cart -> a.example:443 tls\n")
    assert Said("explain", "* -> b.example", "a.egress", "-q").out.splitlines() == [
        "who                 where  rule",
        "* except shop/cart  *      left open: no rule names it",
        "1 match",
    ]
