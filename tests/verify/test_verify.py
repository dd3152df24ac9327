"""What the verification tells: one concrete request, the resource and the rule; and that sight and asking agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from policies import printed
from policies import profile as written
from random_policies import SHAPES, generate

from egresslang.compile import compile, read
from egresslang.documents import read as read_documents
from egresslang.findings import Finding, Severity
from egresslang.mesh.configuration import configured
from egresslang.mesh.gateways import Gateways
from egresslang.mesh.mesh import Mesh
from egresslang.mesh.read import read as read_resources
from egresslang.mesh.resources import MeshConfig, OutboundPolicy
from egresslang.policy.policy import Policy
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile
from egresslang.profile.stock import stock
from egresslang.source import Source
from egresslang.verify.compare import Comparison, known_places
from egresslang.verify.pods import classes
from egresslang.verify.probes import ports, probes
from egresslang.verify.tell import EMITTED
from egresslang.verify.verify import verify

POLICY = """\
namespace shop
allow cart -> api.example.com:443 tls
allow pay -> db.example.com:5432 postgres address=203.0.113.7
"""
PROFILE = """\
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: c}
spec:
  istio: {version: "1.31", outboundTrafficPolicy: REGISTRY_ONLY}
  namespaces: {shop: {workloads: {cart: {labels: {app: cart}}, pay: {labels: {app: pay}}}}}
"""


def loaded(text: str) -> ClusterProfile:
    profile, found = load(Source("cluster.yaml", text), lambda path: Path(path).read_text())
    assert profile is not None, found
    return profile


def compiled(policy: str, profile: ClusterProfile) -> tuple[Policy, str, tuple[Finding, ...]]:
    files, found = read([Source("shop.egress", policy)])
    assert found == []
    made = compile(files, profile, date(2026, 11, 25), Severity.WARNING)
    assert made.policy is not None
    return made.policy, made.text, made.findings


def found(change: tuple[str, str], policy: str = POLICY, profile: str = PROFILE) -> list[Finding]:
    """What is found when a piece of the compiled text is replaced."""
    cluster = loaded(profile)
    resolved, text, _ = compiled(policy, cluster)
    assert change[0] in text
    return verify(resolved, cluster, [Source("out/shop.yaml", text.replace(*change))])


def test_an_over_grant_names_the_flow_the_resource_and_the_rule() -> None:
    (one,) = found(("./api.example.com", "./*.example.com"))
    assert (one.code.id, one.severity) == ("EGR901", Severity.ERROR)
    assert one.message == "`shop/cart` could reach `203.0.113.7:5432`, which no rule grants it"
    assert one.span.text == "db.example.com:5432 postgres"
    assert one.label == "granted to others"
    (resource,) = one.related
    assert resource.span.text == "db-example-com"
    assert one.notes == (
        "asked: `203.0.113.7:5432 tcp`, by `shop/cart`, and 2 more such requests",
        "answered: allowed to `db.example.com:5432`, the client sees answer",
        f"through: Sidecar shop/cart (out/shop.yaml:{_line(one, 0)}), ServiceEntry shop/db-example-com (out/shop.yaml:{_line(one, 1)})",
    )
    assert one.help == "compile the policy again, or write into it what was changed by hand"


def _line(finding: Finding, number: int) -> str:
    return finding.notes[-1].split("out/shop.yaml:")[number + 1].split(")")[0]


def test_an_outage_names_the_rule() -> None:
    both = {each.code.id: each for each in found(("203.0.113.7", "203.0.113.9"))}
    assert both["EGR902"].message == "`shop/pay` could not reach `db.example.com:5432`, which a rule grants it"
    assert both["EGR902"].span.text == "db.example.com:5432 postgres"
    assert both["EGR902"].label == "granted here"
    assert both["EGR901"].message == "`shop/pay` could reach `203.0.113.9:5432`, which no rule grants it"


def test_manifests_that_nobody_can_read_are_told_alone() -> None:
    one = found(("hosts:", "hosts: 7\n  more:"))[0]
    assert one.message == "this ServiceEntry is none that Istio accepts"
    assert one.label == "`hosts` is not a list"


RESOURCE = PROFILE + "  resources:\n    - "
SERVICE = "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {clusterIP: 10.8.0.11, ports: [{name: http, port: 80}]}}"


def checked(profile: str, policy: str = POLICY) -> list[Finding]:
    return [each for each in compiled(policy, loaded(profile))[2] if each.severity is Severity.ERROR]


def test_resources_of_the_cluster_that_nobody_can_read_are_told() -> None:
    entry = "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: odd, namespace: shop}, spec: {hosts: 7}}"
    (one,) = checked(RESOURCE + entry)
    assert (one.code.id, one.span.source.name, one.label) == ("EGR510", "cluster.yaml", "`hosts` is not a list")


def test_services_keep_working() -> None:
    assert checked(RESOURCE + SERVICE) == []


def test_an_entry_under_the_clusters_domain_collides() -> None:
    hole = "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: hole, namespace: other}, spec: {hosts: [x.other.svc.cluster.local], resolution: DNS, endpoints: [{address: out.example}], ports: [{number: 443, name: tls, protocol: TLS}]}}"
    (one,) = checked(RESOURCE + hole)
    assert one.code.id == "EGR504"
    assert one.span.text == "hole"
    assert "`shop/cart` could reach `x.other.svc.cluster.local:443`" in one.message
    assert one.help == "remove or change ServiceEntry other/hole, which stands in the cluster already"


GATEWAY = """{apiVersion: v1, kind: Service, metadata: {name: egress, namespace: istio-system}, spec: {clusterIP: 10.8.0.9, selector: {istio: egressgateway}, ports: [{name: http2, port: 80}]}}
    - {apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: wild, namespace: istio-system}, spec: {hosts: ["*.example.com"], exportTo: [TO], resolution: DYNAMIC_DNS, ports: [{number: 80, name: http, protocol: HTTP}]}}
    - """


def led_out(export_to: str, gateway: str = "istio-system/egress") -> list[Finding]:
    """What is found where a standing VirtualService leads all names below a wildcard to a gateway, which leads them on."""
    virtual = f"""{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: via, namespace: shop}}, spec: {{hosts: ["*.example.com"], gateways: [mesh, {gateway}], http: [
  {{match: [{{gateways: [mesh]}}], route: [{{destination: {{host: egress.istio-system.svc.cluster.local, port: {{number: 80}}}}}}]}},
  {{match: [{{gateways: [{gateway}]}}], route: [{{destination: {{host: "*.example.com", port: {{number: 80}}}}}}]}}]}}}}"""
    return checked(RESOURCE + GATEWAY.replace("TO", export_to) + virtual)


def test_a_route_through_a_gateway_reaches_what_no_rule_grants() -> None:
    (one,) = led_out(".")
    assert one.code.id == "EGR504"
    through = "`egress.istio-system.svc.cluster.local:80`"
    assert (
        one.message
        == f"`shop/cart` could reach `any-other-name.example.com:80` through {through}, which no rule grants it"
    )
    assert one.span.text == "via"
    assert one.help == "remove or change VirtualService shop/via, which stands in the cluster already"


def test_a_gateway_that_knows_no_such_place_leads_nowhere() -> None:
    assert led_out("shop") == []


def test_a_former_output_is_no_collision() -> None:
    former = "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: hole, namespace: other, labels: {app.kubernetes.io/managed-by: egressc}}, spec: {hosts: [x.other.svc.cluster.local], resolution: DNS, endpoints: [{address: out.example}], ports: [{number: 443, name: tls, protocol: TLS}]}}"
    assert checked(RESOURCE + former) == []


def test_an_older_sidecar_takes_the_pods_of_a_rule() -> None:
    older = '{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: old, namespace: shop, creationTimestamp: "2020-01-01T00:00:00Z"}, spec: {workloadSelector: {labels: {app: cart}}, egress: [{hosts: ["*/*.svc.cluster.local"]}]}}'
    resolved, text, _ = compiled(POLICY, loaded(PROFILE))  # of the whole pipeline a rule would tell it first
    (one,) = verify(resolved, loaded(RESOURCE + older), [Source(EMITTED, text)])
    assert one.code.id == "EGR504"
    assert one.message == "`shop/cart` could not reach `api.example.com:443`, which a rule grants it"
    assert one.help == "remove or change Sidecar shop/old, which stands in the cluster already"


def test_an_internal_entry_outside_the_list_is_cut_off() -> None:
    legacy = "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: legacy, namespace: shop}, spec: {hosts: [legacy.corp], location: MESH_INTERNAL, resolution: STATIC, endpoints: [{address: 10.9.0.1}], ports: [{number: 8080, name: http, protocol: HTTP}]}}"
    (one,) = checked(RESOURCE + legacy)
    assert one.code.id == "EGR507"
    assert one.message == "`shop/cart` would be cut off from `legacy.corp:8080`, which works today"
    assert one.span.text == "legacy"
    listed = RESOURCE.replace("  resources:", '  inMesh: ["*/*.svc.cluster.local", shop/legacy.corp]\n  resources:')
    assert checked(listed + legacy) == []


@pytest.mark.parametrize("shape", SHAPES)
def test_random_policies_are_proved_and_what_is_seen_to_agree_agrees_when_asked(shape: str) -> None:
    for seed in range(7_000, 7_012):
        made = generate(seed, shape)
        profile = loaded(written(made))
        policy, text, findings = compiled(printed(made).text, profile)
        assert [each for each in findings if each.code.id.startswith(("EGR9", "EGR504", "EGR507"))] == []
        if text:
            assert list(asked(policy, profile, text)) == []


def asked(policy: Policy, profile: ClusterProfile, text: str):
    """Every deviation that shows when nothing is taken by sight."""
    documents, _ = read_documents(Source("manifests", text))
    resources, _ = read_resources(documents, profile.cluster_domain)
    mode = OutboundPolicy(profile.outbound_traffic_policy)
    config = MeshConfig(mode, profile.root_namespace, version=profile.version)
    mesh = Mesh(resources, configured(documents, config))
    if profile.dns_capture:
        return
    for pods in classes(policy, profile, mesh):
        compared = Comparison(
            pods.intent,
            pods.proxy.outbound,
            Gateways(mesh.registry()),
            known_places(policy.grants),
            profile.version >= (1, 30),
        )
        for port in ports(pods.intent, pods.proxy.outbound):
            for probe in probes(compared, port, 4, by_sight=False):
                yield from compared.deviations(probe.request, pods.proxy.ask(probe.request), probe.dialled)


def test_what_we_wrote_has_no_limit(lowered: Callable[[str, int], None]) -> None:
    """A large policy is proved whatever its manifests come to; a large file that somebody else may have written is not read."""
    lowered("file-size", 10)
    files, _ = read([Source("p.egress", "allow idgen -> api.example.com:443 tls")])
    made = compile(files, stock(), date(2026, 11, 23), Severity.ERROR)
    assert [each for each in made.findings if each.severity is Severity.ERROR] == []
    assert made.policy is not None
    told = verify(made.policy, stock(), [Source("m.yaml", made.text)])
    assert [each.message for each in told] == ["`m.yaml` is too large"]
