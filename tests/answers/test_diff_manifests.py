"""What manifests mean is compared: where flows lead, what goes around sidecars, ports that take everything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from said import Said
from test_diff import document, profile

from egresslang.answers.difference.difference import CHANGED, GAINED, LOST

BASE = """apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: x, namespace: a}
spec: {hosts: [x.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: z, namespace: a}
spec: {hosts: [z.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: a}
spec: {egress: [{hosts: ["./*"]}], outboundTrafficPolicy: {mode: REGISTRY_ONLY}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: w, namespace: a}
spec: {selector: {matchLabels: {app: w}}, template: {metadata: {labels: {app: w}, annotations: {}}, spec: {containers: [{name: c, image: c}]}}}
"""
ELSEWHERE = """---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v, namespace: a}
spec:
  hosts: [x.com]
  tls: [{match: [{port: 443, sniHosts: [x.com]}], route: [{destination: {host: z.com, port: {number: 443}}}]}]
"""
RESOLVED = "what the name resolves to"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifests that are compared with, in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(BASE)


@pytest.mark.parametrize(
    ("after", "leads"),
    [
        (BASE + ELSEWHERE, "z.com"),
        (BASE.replace("DNS", "STATIC, endpoints: [{address: 6.6.6.6}]", 1), "6.6.6.6"),
        (BASE.replace("DNS", "DNS, endpoints: [{address: y.com}]", 1), "y.com"),
        (BASE.replace("DNS", "NONE", 1), "whatever the client dials"),
    ],
)
def test_where_flows_lead_is_compared(after: str, leads: str) -> None:
    Path("head.yaml").write_text(after)
    said = Said("diff", "--base", "base.yaml", "--manifests", "head.yaml", "--fail-if", "widened")
    assert said.status == 1
    assert said.out.splitlines()[:2] == ["~ a/w -> x.com:443 tls", f"    leads to: {RESOLVED} -> {leads}"]
    assert said.out.endswith("\n1 changed\n")


@pytest.mark.parametrize(
    ("annotation", "where"),
    [("excludeOutboundPorts: '443'", "*:443"), ("excludeOutboundIPRanges: 10.0.0.0/8", "10.0.0.0/8"), ("includeOutboundIPRanges: ''", "*"), ("includeOutboundIPRanges: 10.0.0.0/8", "every address but 10.0.0.0/8")],
)  # fmt: skip
def test_what_goes_around_a_sidecar_is_gained(annotation: str, where: str) -> None:
    Path("head.yaml").write_text(BASE.replace("annotations: {}", f"annotations: {{traffic.sidecar.istio.io/{annotation}}}"))  # fmt: skip
    both = ("--base", "base.yaml", "--manifests", "head.yaml", "--fail-if", "widened")
    said = Said("diff", *both)
    assert (said.status, said.out.splitlines()[0]) == (1, f"+ a/w -> {where}")
    back = Said("diff", "--base", "head.yaml", "--manifests", "base.yaml", "--fail-if", "widened")
    assert (back.status, back.out.splitlines()[0]) == (0, f"- a/w -> {where}")


@pytest.mark.parametrize("annotation", ["traffic.sidecar.istio.io/excludeOutboundPorts: '443'", "sidecar.istio.io/inject: 'false'"])  # fmt: skip
def test_what_goes_around_a_sidecar_of_the_profile_is_gained(annotation: str) -> None:
    Path("a.egress").write_text("allow shop/cart -> x.com:443 tls\n")
    Path("shop.yaml").write_text(
        BASE.rsplit("---\n", maxsplit=1)[-1].replace("annotations: {}", f"annotations: {{{annotation}}}")
    )
    Path("one.yaml").write_text(profile("one"))
    Path("two.yaml").write_text(profile("one", "  resources: [shop.yaml]\n"))
    changes = document("a.egress", "--base-profile", "one.yaml", "-p", "two.yaml")["changes"]
    assert [(e["change"], e["source"], e["destination"]) for e in changes] == [(GAINED, "a/w", "*")]
    assert changes[0]["after"]["rules"][0]["text"].startswith("Deployment a/w: ")
    assert Said("diff", "a.egress", "--base-profile", "two.yaml", "-p", "two.yaml", "--fail-if", "changed").status == 0


def test_what_goes_around_a_sidecar_by_the_profile_itself_is_gained() -> None:
    Path("a.egress").write_text("allow shop/cart -> x.com:443 tls\n")
    Path("one.yaml").write_text(profile("one"))
    annotations = '{labels: {app: ops}, annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: "443"}}'
    Path("two.yaml").write_text(profile("one").replace("{labels: {app: ops}}", annotations))
    said = Said("diff", "a.egress", "--base-profile", "one.yaml", "-p", "two.yaml", "--fail-if", "widened")
    assert (said.status, said.out.splitlines()[0]) == (1, "+ shop/ops -> *:443")


def test_a_port_that_takes_everything_is_told_as_that() -> None:
    Path("head.yaml").write_text(BASE.replace("protocol: TLS", "protocol: TCP", 1).replace("DNS", "NONE", 1))
    changes = document("--base", "base.yaml", "--manifests", "head.yaml")["changes"]
    assert [(e["change"], e["destination"], e["port"]) for e in changes] == [(GAINED, "*", 443)]
    assert changes[0]["flows"][0]["addresses"] == ["*"]
    told = json.loads(Said("explain", "w -> *", "--manifests", "head.yaml", "--format", "json").out)["flows"]
    assert [(e["destination"], e["port"]) for e in told] == [("*", 443), ("z.com", 443)]


def test_a_name_that_leads_to_itself_is_no_change() -> None:
    Path("head.yaml").write_text(BASE.replace("protocol: TLS", "protocol: TCP", 1))
    said = Said("diff", "--base", "base.yaml", "--manifests", "head.yaml")
    assert [line for line in said.out.splitlines() if line[0] in "+-~"] == ["+ a/w -> *:443 tcp"]


def test_fixed_addresses_are_compared_as_those_of_a_policy_are() -> None:
    Path("p.yaml").write_text(profile("one"))
    for name, rule in (("old", "x.com:443 tls address=198.51.100.1"), ("new", "x.com:443 tls")):
        Path(f"{name}.egress").write_text(f"allow shop/cart -> {rule}\n")
        assert Said("compile", f"{name}.egress", "-p", "p.yaml", "-o", name, "-q").status == 0
    for base in ("old", "old.egress"):
        changes = document("--base", base, "--manifests", "new", "-p", "p.yaml")["changes"]
        assert [(e["change"], e["destination"]) for e in changes] == [
            (GAINED, "x.com"),
            (LOST, "x.com at 198.51.100.1"),
        ]
    for name in ("old", "new"):
        rule = Path(f"{name}.egress").read_text().replace("443 tls", "80 http")
        Path(f"{name}.egress").write_text(rule)
        assert Said("compile", f"{name}.egress", "-p", "p.yaml", "-o", name, "-q").status == 0
    changes = document("--base", "old", "--manifests", "new", "-p", "p.yaml")["changes"]
    assert [(e["change"], e["destination"]) for e in changes] == [(LOST, "x.com"), (CHANGED, "x.com")]


@pytest.mark.parametrize(
    ("resources", "leads"), [("", ["~ a/w -> x.com:443 tls"]), ("  resources: [route.yaml]\n", [])]
)
def test_a_policy_leads_where_the_routes_lead_that_stand_in_its_cluster(resources: str, leads: list[str]) -> None:
    Path("base.yaml").write_text(BASE + ELSEWHERE)
    Path("route.yaml").write_text(ELSEWHERE)
    Path("a.egress").write_text("allow a/w -> {x.com, z.com}:443 tls\n")
    Path("p.yaml").write_text(profile("one", resources) + "    a: {workloads: {w: {labels: {app: w}}}}\n")
    told = Said("diff", "--base", "base.yaml", "a.egress", "-p", "p.yaml").out.splitlines()
    assert [line for line in told if line[0] == "~"] == leads
