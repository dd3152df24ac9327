"""Mistakes in existing manifests: each is found in the mesh that has it, and nothing is found in its twin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from egresslang import codes
from egresslang.cli import main
from egresslang.existing import analyze as analyze_module
from egresslang.existing.analyze import Analysis, analyze
from egresslang.existing.flow import flow
from egresslang.existing.mistakes import MISTAKES, unused_entry
from egresslang.findings import Finding
from egresslang.mesh.addresses import parse_address
from egresslang.mesh.outbound import ALLOWED, BLOCKED, UNSTABLE
from egresslang.source import Source

sys.path.insert(0, str(Path(__file__).parent))

import cases
import refusals
from refusals import ENTRY, SIDECAR

MODULES: tuple[Any, ...] = (*MISTAKES, unused_entry)
case_by_case = pytest.mark.parametrize("case", cases.CASES, ids=lambda each: each.name)
PUBLIC = "93.184.216.34"
EXAMPLES = Path(__file__).parents[2] / "examples"


def analysed(*texts: str) -> Analysis:
    return analyze(Source(f"{number}.yaml", text) for number, text in enumerate(texts))


def told(*texts: str) -> list[str]:
    """Code and underlined text of each finding."""
    return [f"{each.code.id} {each.span.text}" for each in analysed(*texts).findings]


@case_by_case
def test_the_mistake_is_found_at_its_place(case: cases.Case) -> None:
    assert told(case.text(cases.BAD)) == [f"{case.code} {case.underlined}"]


@case_by_case
def test_nothing_is_found_in_the_twin(case: cases.Case) -> None:
    assert told(case.text(cases.GOOD)) == []


def verdict(analysis: Analysis, case: cases.Case, which: str, asked: cases.Asked) -> str:
    """What the model answers, in the words of the case."""
    protocol, target, *words = asked.call.split()
    name, _, port = target.rpartition(":")
    said = next((word[1:] for word in words if word.startswith("@")), name if protocol == "tcp" else PUBLIC)
    namespace = asked.pod.partition("/")[0]
    found = flow(
        analysis.inspected, namespace, case.labels(which, asked.pod), protocol, name, int(port), parse_address(said)
    ).verdict
    if found.verdict == UNSTABLE:
        return "chance"
    return (
        f"allowed {found.host}"
        if found.verdict == ALLOWED
        else found.sees
        if found.verdict == BLOCKED
        else found.verdict
    )


@pytest.mark.parametrize("which", [cases.BAD, cases.GOOD])
@case_by_case
def test_the_model_sees_what_the_judge_sees(case: cases.Case, which: str) -> None:
    """`tests/conformance/test_analyze.py` asks the judge the same."""
    analysis = analysed(case.text(which))
    assert [verdict(analysis, case, which, each) for each in case.flows] == [each.verdict(which) for each in case.flows]


@case_by_case
def test_a_finding_shows_a_flow_and_how_to_repair_it(case: cases.Case) -> None:
    (found,) = analysed(case.text(cases.BAD)).findings
    assert found.help
    if case.flows and case.name != "declared-twice":
        assert any(note.startswith("asked: ") or "goes straight out" in note for note in found.notes), found.notes


def test_there_are_enough_and_every_mistake_has_one() -> None:
    assert len(cases.CASES) >= 30
    assert {each.code for each in cases.CASES} >= {each.CODE.id for each in MODULES}


def test_every_module_is_asked_in_the_order_of_the_codes() -> None:
    files = {path.stem for path in (Path(analyze_module.__file__).parent / "mistakes").glob("*.py")} - {"__init__"}
    assert {each.__name__.rpartition(".")[2] for each in MODULES} == files
    assert [each.CODE.id for each in MISTAKES] == sorted(each.CODE.id for each in MISTAKES)


@pytest.mark.parametrize("module", MODULES, ids=lambda each: each.__name__.rpartition(".")[2])
def test_a_mistake_is_called_like_its_code(module: Any) -> None:
    name, code = module.__name__.rpartition(".")[2], module.CODE
    assert name == code.name.replace("-", "_")
    assert (module.__doc__ or "").startswith(f"{code.id} {code.name}")


# What follows from something else, and what cannot be read


def test_files_are_one_mesh() -> None:
    assert told(ENTRY, SIDECAR) == []
    assert told(SIDECAR) == ['EGR603 "./api.example.com"']


def test_a_template_is_one_warning() -> None:
    template = "kind: ServiceEntry\nmetadata:\n  name: {{ .Values.name }}\n{{- if .Values.x }}\nspec: {}\n{{- end }}\n"
    (found,) = analysed(template).findings
    assert (found.code, str(found.severity), found.span.text) == (
        codes.UNREAD_MANIFEST,
        "warning",
        "{{ .Values.name }}",
    )
    assert "helm template" in found.help


def test_broken_yaml_is_told_and_the_rest_is_read() -> None:
    broken = f"{ENTRY}---\nkind: Sidecar\nspec: [\n---\n{SIDECAR}".replace("./api", "./apj")
    assert [each.split()[0] for each in told(broken)] == ["EGR602"]


def test_yaml_that_is_no_manifest_is_passed_over() -> None:
    assert told("a: *b\n", ENTRY, SIDECAR) == []


def test_values_of_another_chart_are_no_installation() -> None:
    assert told("global: {image: x}\n", "global: {image: y}\n", ENTRY, SIDECAR) == []


def test_a_manifest_that_is_given_twice_is_told_and_not_read() -> None:
    (found,) = analysed(ENTRY, SIDECAR, ENTRY.replace("TLS", "HTTP")).findings
    assert (found.code, str(found.severity), found.span.place) == (codes.UNREAD_MANIFEST, "warning", ("2.yaml", 3, 18))
    assert [label.span.place for label in found.related] == [("0.yaml", 3, 18)]
    other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    assert told(other, other) == []


def test_a_second_installation_is_told_and_not_read() -> None:
    installation = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: %s}\nspec: {}\n"
    (found,) = analysed(installation % "one", installation % "two").findings
    assert (found.code, str(found.severity), found.span.source.name) == (codes.UNREAD_MANIFEST, "warning", "1.yaml")


REVISION = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio-%s, namespace: istio-system}\ndata: {mesh: '%s'}\n"


def test_the_configuration_of_a_revision_is_read() -> None:
    analysis = analysed(REVISION % ("1-26", "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"))
    assert analysis.inspected.config.policy.mode == "REGISTRY_ONLY"


def test_two_revisions_may_say_the_same() -> None:
    one = REVISION % ("1-26", "outboundTrafficPolicy: {mode: REGISTRY_ONLY}")
    assert analysed(one, one.replace("1-26", "1-27")).findings == ()
    (found,) = analysed(one, (REVISION % ("1-27", "{}"))).findings
    assert (found.code, str(found.severity), found.span.source.name) == (codes.UNREAD_MANIFEST, "warning", "1.yaml")


def test_a_key_that_was_to_close_the_mesh_is_told() -> None:
    assert told(REVISION % ("1", "outBoundTrafficPolicy: {mode: REGISTRY_ONLY}")) == ["EGR508 outBoundTrafficPolicy"]


@pytest.mark.parametrize("version", ["networking.istio.io/v1alpha1", "istio.io/v1", "networking.istio.io/v2", "v1"])
def test_a_version_that_istio_does_not_have_is_told(version: str) -> None:
    (found,) = analysed(ENTRY.replace("networking.istio.io/v1", version)).findings
    assert (found.code, str(found.severity), found.span.text) == (codes.UNREAD_MANIFEST, "warning", version)


def test_a_kind_of_istio_without_a_version_is_told() -> None:
    (found,) = analysed(ENTRY.replace("apiVersion: networking.istio.io/v1\n", "")).findings
    assert (found.code, found.span.text) == (codes.UNREAD_MANIFEST, "ServiceEntry")
    assert analysed(ENTRY.replace("networking.istio.io/v1", "[1]")).findings


@pytest.mark.parametrize("kind", ["VirtualService", "Gateway"])
def test_a_kind_of_that_name_in_another_group_is_not_told(kind: str) -> None:
    for group in ("appmesh.k8s.aws/v1beta2", "gateway.networking.k8s.io/v1"):
        assert told(f"apiVersion: {group}\nkind: {kind}\nmetadata: {{name: a}}\n") == []


def test_items_of_a_typed_list_have_its_kind() -> None:
    """As `kubectl get --raw` prints them."""
    listed = "apiVersion: networking.istio.io/v1\nkind: %sList\nitems:\n- metadata: {name: %s, namespace: shop}\n  spec: %s\n"
    bad = "{hosts: [api.example.com], location: MESH_EXTERNAL, resolution: DNS, ports: [{number: 443, name: tls, protocol: TLSS}]}"
    assert told(listed % ("ServiceEntry", "api", bad)) == ["EGR601 TLSS"]
    analysis = analysed(listed % ("ServiceEntry", "api", bad.replace("TLSS", "TLS")))
    (entry,) = analysis.inspected.resources.service_entries
    assert (entry.origin.name, entry.origin.kind) == ("api", "ServiceEntry")
    assert [each.heading.place for each in analysis.documents] == [("0.yaml", 4, 3)]


ON_DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: shop, %s}\nspec: {template: {metadata: {%s}, spec: {containers: []}}}\n"


@pytest.mark.parametrize(
    ("own", "template", "key"),
    [
        ('labels: {sidecar.istio.io/inject: "true"}', "", "sidecar.istio.io/inject"),
        ('annotations: {sidecar.istio.io/inject: "false"}', "labels: {app: a}", "sidecar.istio.io/inject"),
        ("annotations: {proxy.istio.io/config: a}", "annotations: {b: c}", "proxy.istio.io/config"),
        ('annotations: {traffic.sidecar.istio.io/includeOutboundPorts: "1"}', 'annotations: {traffic.sidecar.istio.io/includeOutboundPorts: "*"}', ""),
        ('labels: {sidecar.istio.io/inject: "true"}', 'annotations: {sidecar.istio.io/inject: "true"}', ""),
        ("annotations: {kubernetes.io/x: a}", "", ""),
    ],
)  # fmt: skip
def test_what_only_pods_can_say_is_told_on_a_deployment(own: str, template: str, key: str) -> None:
    assert told(ON_DEPLOYMENT % (own, template)) == ([f"EGR640 {key}"] if key else [])


def test_the_services_of_a_cluster_may_not_be_given() -> None:
    listed = SIDECAR.replace("./api.example.com", "./web.shop.svc.cluster.local")
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: pay, namespace: shop}\nspec: {ports: [{port: 80}]}\n"
    assert told(listed) == []
    assert told(listed, service) == ['EGR603 "./web.shop.svc.cluster.local"']


# What is no mistake


TEAM = "apiVersion: networking.istio.io/v1\nkind: %s\nmetadata: {name: %s, namespace: shop}\nspec: %s\n"
HTTP_ENTRY = ENTRY.replace("443, name: tls, protocol: TLS", "80, name: http, protocol: HTTP")
ADDRESSED = ENTRY.replace("resolution: DNS", "addresses: [203.0.113.9]\n  resolution: DNS")
PROXY = "apiVersion: v1\nkind: Service\nmetadata: {name: egress, namespace: shop}\nspec: {ports: [{port: 443, name: tls}]}\n"
ROOT = (
    SIDECAR.replace("cart, namespace: shop", "default, namespace: istio-system")
    .replace(', "./api.example.com"', "")
    .replace("  workloadSelector: {labels: {app: cart}}\n", "")
)
TWO = SIDECAR.replace('"./api.example.com"', '"./api.example.com", "./two.example.com"')


def second(entry: str) -> str:
    """The same entry of another host."""
    return entry.replace("name: api", "name: two").replace("api.example.com", "two.example.com")


def rule(host: str, policy: str) -> str:
    """A DestinationRule."""
    return TEAM % ("DestinationRule", "rule", f'{{host: "{host}", trafficPolicy: {policy}}}')


def route(host: str, more: str, leads: str = "{host: api.example.com}") -> str:
    """A VirtualService of one HTTP route."""
    return TEAM % (
        "VirtualService",
        "route",
        f"{{hosts: [{host}], http: [{{route: [{{destination: {leads}}}]{more}}}]}}",
    )


SIMPLE = "{tls: {mode: SIMPLE}}"


def test_what_is_not_modelled_is_a_warning_and_nothing_is_told_of_its_hosts() -> None:
    match = ', match: [{uri: {regex: "(a*)*b"}}]'
    led = route("api.example.com", match, "{host: apj.example.com}")
    (found,) = analysed(HTTP_ENTRY, SIDECAR, led).findings
    assert (found.code, str(found.severity), found.span.text) == (codes.UNREAD_MANIFEST, "warning", '"(a*)*b"')
    assert told(HTTP_ENTRY.replace("HTTP}", "HTTP, targetPort: 443}"), SIDECAR, led) == ['EGR602 "(a*)*b"']


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param([ENTRY, SIDECAR, PROXY, rule("egress.shop.svc.cluster.local", "{tls: {mode: ISTIO_MUTUAL}}")], id="TLS to a gateway in mutual TLS"),
        pytest.param([ENTRY.replace("resolution", "location: MESH_INTERNAL\n  resolution"), SIDECAR, rule("api.example.com", "{tls: {mode: ISTIO_MUTUAL}}")], id="TLS inside the mesh"),
        pytest.param([ENTRY, SIDECAR, rule("api.example.com", "{tls: {mode: DISABLE}}")], id="TLS that is not wrapped"),
        pytest.param([ENTRY.replace("{number: 443", "{number: 80, name: http, protocol: HTTP}, {number: 443"), SIDECAR, route("api.example.com", "", "{host: api.example.com, port: {number: 443}}"), rule("api.example.com", "{portLevelSettings: [{port: {number: 443}, tls: {mode: SIMPLE}}]}")], id="a port that only routes lead to"),
        pytest.param([HTTP_ENTRY.replace("number: 80", "number: 443"), SIDECAR, rule("*.example.com", SIMPLE)], id="TLS by a wildcard"),
        pytest.param([HTTP_ENTRY.replace("HTTP}", "HTTP, targetPort: 443}"), SIDECAR, rule("*.com", SIMPLE)], id="TLS of a target port by a wildcard"),
        pytest.param([HTTP_ENTRY.replace("HTTP}", "HTTP, targetPort: 8080}"), SIDECAR], id="another target port"),
        pytest.param([HTTP_ENTRY.replace("resolution", "location: MESH_INTERNAL\n  resolution").replace("HTTP}", "HTTP, targetPort: 443}"), SIDECAR], id="a target port inside the mesh"),
        pytest.param([ENTRY, SIDECAR, TEAM % ("VirtualService", "route", "{hosts: [api.example.com], gateways: [mesh, istio-system/egress], http: [{match: [{gateways: [istio-system/egress]}], route: [{destination: {host: api.example.com}}]}]}")], id="a route of a gateway"),
        pytest.param([ADDRESSED.replace("DNS", "NONE"), second(ADDRESSED.replace("DNS", "NONE")), TWO], id="one address that is passed on"),
        pytest.param([ADDRESSED.replace("TLS", "HTTP").replace("443", "80"), second(ADDRESSED.replace("TLS", "HTTP").replace("443", "80")), TWO], id="HTTP on one address"),
        pytest.param([ADDRESSED, second(ADDRESSED.replace("443", "8443")), TWO], id="other ports of one address"),
        pytest.param([ADDRESSED, second(ADDRESSED), SIDECAR, SIDECAR.replace("cart", "pay").replace("api.", "two."), ROOT], id="one address, nobody who knows both"),
        pytest.param([HTTP_ENTRY, SIDECAR, route("api.example.com", "", "{host: api.example.com, subset: v1}"), TEAM % ("DestinationRule", "rule", '{host: "*.example.com", subsets: [{name: v1}]}')], id="a subset by a wildcard"),
        pytest.param([HTTP_ENTRY, SIDECAR, TEAM % ("VirtualService", "route", "{hosts: [api.example.com], gateways: [egress], http: [{route: [{destination: {host: api.example.com}}]}]}")], id="gateways that are not given"),
        pytest.param([SIDECAR.replace("name: cart, namespace: shop", "name: default, namespace: istio-sytem").replace("  workloadSelector: {labels: {app: cart}}\n", "").replace(', "./api.example.com"', ""), "apiVersion: v1\nkind: Namespace\nmetadata: {name: istio-sytem}\n"], id="a namespace of its own"),
        pytest.param([HTTP_ENTRY, SIDECAR, rule("api.example.com", "{portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]}")], id="a port that is there"),
    ],
)  # fmt: skip
def test_what_is_no_mistake(texts: list[str]) -> None:
    assert told(*texts) == []


def test_what_follows_from_what_is_refused_is_not_told() -> None:
    refused_rule = rule("api.example.com", "{tls: {mode: MUTUAL}}")
    assert told(HTTP_ENTRY.replace("HTTP}", "HTTP, targetPort: 443}"), SIDECAR, refused_rule) == ["EGR601 MUTUAL"]
    assert told(HTTP_ENTRY.replace("number: 80", "number: 443"), SIDECAR, refused_rule) == ["EGR601 MUTUAL"]
    entry = HTTP_ENTRY.replace("HTTP", "HTPT")
    assert told(entry, SIDECAR, route("api.example.com", "")) == ["EGR601 HTPT"]


def test_a_subset_of_fixed_endpoints_is_empty_too() -> None:
    fixed = HTTP_ENTRY.replace("resolution: DNS", "resolution: STATIC\n  endpoints: [{address: 192.0.2.1}]")
    subset = TEAM % ("DestinationRule", "rule", "{host: api.example.com, subsets: [{name: v1, labels: {a: b}}]}")
    led = route("api.example.com", "", "{host: api.example.com, subset: v1}")
    assert told(fixed, SIDECAR, subset, led) == ["EGR608 v1"]
    assert told(fixed.replace("192.0.2.1", "192.0.2.1, labels: {a: b}"), SIDECAR, subset, led) == []


def test_a_lost_subset_is_named() -> None:
    (found,) = analysed(
        HTTP_ENTRY, SIDECAR, route("api.example.com", "", "{host: api.example.com, subset: v1}")
    ).findings
    assert "answered: lost: `api.example.com:80` has no cluster of subset `v1`" in found.notes


def test_a_host_with_a_dot_is_told_where_it_is_declared() -> None:
    dotted = ENTRY.replace("[api.example.com]", "[api.example.com.]")
    assert told(dotted, SIDECAR) == ["EGR635 api.example.com."]
    assert told(dotted, SIDECAR.replace('api.example.com"', 'api.example.com."')) == ["EGR635 api.example.com."]
    assert told(ENTRY, SIDECAR, TEAM % ("VirtualService", "v", "{hosts: [b.example.com.], gateways: [g], http: [{route: [{destination: {host: api.example.com}}]}]}")) == []  # fmt: skip


def sidecar(name: str, labels: str) -> str:
    return SIDECAR.replace("name: cart", f"name: {name}").replace("app: cart", labels)


def workload(name: str, labels: str) -> str:
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, labels: {{{labels}}}}}\n"


def test_each_sidecar_that_loses_is_told_once_and_of_the_one_that_holds() -> None:
    """For a known workload where there is one, else for pods that have the labels of both; the first by name holds."""
    labels = {"a": "app: a", "b": "app: a, v: x", "c": "app: a", "d": "app: a, v: x", "e": "app: b", "f": "v: x"}
    texts = [sidecar(name, each) for name, each in labels.items()]
    found = analysed(ENTRY, *texts, workload("one", "app: a, q: z"), workload("two", "app: b, q: z")).findings
    assert [(each.code.id, each.message, each.label) for each in found if each.code.id != "EGR621"] == [
        ("EGR620", f"Sidecar shop/{loses} does not hold for {who}", f"Sidecar shop/{holds} selects it too")
        for loses, holds, who in [
            ("b", "a", "pods with `app: a`, `v: x`"),
            ("c", "a", "`shop/one`"),
            ("d", "b", "pods with `app: a`, `v: x`"),
            ("f", "b", "pods with `app: a`, `v: x`"),
        ]
    ]


@pytest.mark.parametrize("shape", ["one workload", "many workloads", "labels of their own", "a long list"])
def test_twice_as_many_sidecars_take_twice_the_calls(shape: str) -> None:
    def texts(size: int) -> list[str]:
        numbers = range(size)
        if shape == "one workload":
            return [*(sidecar(f"s{n}", "app: cart") for n in numbers), workload("w", "app: cart")]
        if shape == "a long list":
            listed = "".join(f', "./h{n}.example.com"' for n in numbers)
            long = sidecar("a", "app: cart").replace(', "./api.example.com"', listed)
            return [long, *(sidecar(f"s{n}", "app: cart") for n in numbers), workload("w", "app: cart")]
        both = [f"app: shop, name: w{n}" for n in numbers]
        clients = [workload(f"w{n}", each) for n, each in enumerate(both)]
        selectors = both if shape == "labels of their own" else ["app: shop"] * size
        return [*(sidecar(f"s{n}", each) for n, each in enumerate(selectors)), *clients]

    def calls(size: int) -> int:
        manifests = "---\n".join(texts(size))
        count = 0

        def counted(frame: object, event: str, argument: object) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        sys.setprofile(counted)
        try:
            analysed(manifests)
        finally:
            sys.setprofile(None)
        return count

    calls(20)  # what is loaded once
    assert calls(300) / calls(150) < 2.3


def test_a_root_namespace_that_is_not_the_usual_one() -> None:
    config = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec: {meshConfig: {rootNamespace: istio-config}}\n"
    default = SIDECAR.replace("name: cart, namespace: shop", "name: default, namespace: istio-system")
    default = default.replace("  workloadSelector: {labels: {app: cart}}\n", "").replace(', "./api.example.com"', "")
    assert told(config, default) == ["EGR636 istio-system"]
    assert told(config, default, default.replace("istio-system", "istio-config")) == []


def test_places_are_lines_and_columns() -> None:
    (found,) = analysed(ENTRY, SIDECAR.replace("./api", "./apj")).findings
    assert found.span.place == ("1.yaml", 7, 46)
    assert [label.span.place for label in found.related] == [("0.yaml", 5, 3)]


def finding_of(text: str) -> Finding:
    (found,) = analysed(text).findings
    return found


@pytest.mark.parametrize(("old", "new", "message"), [*refusals.OF_ENTRIES, *refusals.OF_KUBERNETES])
def test_what_is_refused_of_a_service_entry(old: str, new: str, message: str) -> None:
    assert old in ENTRY
    (found,) = analysed(ENTRY.replace(old, new)).findings
    assert (found.code, found.message) == (codes.REFUSED_MANIFEST, message)
    assert found.help


@pytest.mark.parametrize(("old", "new", "message"), refusals.OF_SIDECARS)
def test_what_is_refused_of_a_sidecar(old: str, new: str, message: str) -> None:
    assert old in SIDECAR
    (found,) = analysed(SIDECAR.replace(old, new), ENTRY).findings
    assert (found.code, found.message) == (codes.REFUSED_MANIFEST, message)
    assert found.help


@pytest.mark.parametrize(("old", "new", "message"), refusals.OF_ROUTES)
def test_what_is_refused_of_a_virtual_service(old: str, new: str, message: str) -> None:
    assert refusals.ROUTE.count(old) == 1
    found = refused(refusals.ROUTE.replace(old, new))
    assert found[0].message == message
    assert all(each.help for each in found)


@pytest.mark.parametrize(("old", "new", "message"), [*refusals.OF_RULES, *refusals.OF_KUBERNETES_RULES])
def test_what_is_refused_of_a_destination_rule(old: str, new: str, message: str) -> None:
    assert refusals.RULE.count(old) == 1
    found = refused(refusals.RULE.replace(old, new))
    assert found[0].message == message
    assert all(each.help for each in found)


def refused(text: str) -> list[Finding]:
    """What is said of a manifest that Istio would not take."""
    return [each for each in analysed(text).findings if each.code is codes.REFUSED_MANIFEST]


@pytest.mark.parametrize(
    "text",
    [
        refusals.ROUTE,
        refusals.RULE,
        refusals.ROUTE.replace("prefix: /a", 'regex: "[a-z]+"').replace("5xx,503", "+503"),
        refusals.ROUTE.replace(
            "gateways: [mesh, istio-system/egress]", "gateways: [egress.istio-system.svc.cluster.local]"
        ),
        refusals.RULE.replace("/a, privateKey: /b", "/a, privateKey: /b, sni: a").replace("30ms", "1h2m3.5s"),
        refusals.RULE.replace("clientCertificate: /a, privateKey: /b", "credentialName: a"),
        ENTRY.replace("[api.example.com]", "[api.example.com.]"),
        ENTRY.replace("protocol: TLS", "protocol: tls"),
        ENTRY.replace("resolution: DNS", "resolution: NONE\n  addresses: [192.0.2.1, 2001:db8::]"),
        ENTRY.replace("resolution: DNS", "resolution: DNS\n  workloadSelector: {labels: {app: a}}"),
        ENTRY.replace("spec:", "spec: # nothing is refused of comments, nor of these\n  subjectAltNames: [a]"),
    ],
)
def test_what_istio_takes_is_not_refused(text: str) -> None:
    assert not {each.code for each in analysed(text).findings} & {codes.REFUSED_MANIFEST, codes.UNREAD_MANIFEST}


def test_cases_say_the_names_of_their_codes() -> None:
    names = {f"{each.id} {each.name}" for each in codes.ALL}
    assert {f"{each.code} {each.code_name}" for each in cases.CASES} <= names


def test_a_large_valid_mesh_has_nothing() -> None:
    """As large as `bench/analyze.py` measures; nothing here is timed."""
    entries = [
        ENTRY.replace("name: api,", f"name: api-{at},")
        .replace("api.", f"api-{at}.")
        .replace("shop", f"shop-{at // 10 % 100}")
        for at in range(10_000)
    ]
    sidecars = []
    for at in range(1_000):
        hosts = ", ".join(f'"./api-{at * 10 + each}.example.com"' for each in range(10))
        text = SIDECAR.replace("cart", f"cart-{at}").replace("shop", f"shop-{at % 100}")
        sidecars.append(text.replace('"./api.example.com"', hosts))
    analysis = analysed("---\n".join([*entries, *sidecars]))
    assert (analysis.findings, len(analysis.inspected.resources.service_entries)) == ((), 10_000)


def test_a_file_that_is_named_is_meant_to_hold_manifests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a folder stand other files, too."""
    path = tmp_path / "settings.yaml"
    path.write_text("a: [b", encoding="utf-8")
    assert main(["analyze", str(path), "--format", "concise"]) == 1
    assert "EGR602" in capsys.readouterr().out
    assert main(["analyze", str(tmp_path), "--format", "concise"]) == 0


EXPECTED = sorted({path.parents[1] for path in EXAMPLES.glob("**/expected/**/installation/*.yaml")})


@pytest.mark.parametrize("folder", EXPECTED, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_what_egressc_emits_has_nothing_that_its_policy_does_not_say(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a profile; a wildcard of Istio before 1.30 is the client's to point anywhere, as `compile` tells too."""
    ignored = ("--ignore", "EGR307") if folder.name == "builds-old" else ()
    assert main(["analyze", str(folder), "--fail-on", "warning", *ignored]) == 0, capsys.readouterr().out


PROXY = "outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: proxy.example.com, port: {number: 3128}}}"


@pytest.mark.parametrize(
    ("text", "underlined"),
    [
        (f"apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec: {{meshConfig: {{{PROXY}}}}}\n", "egressProxy"),
        (f"kind: ConfigMap\napiVersion: v1\nmetadata: {{name: istio}}\ndata:\n  mesh: |\n    {PROXY}\n", "egressProxy"),
    ],
)  # fmt: skip
def test_a_proxy_of_the_whole_mesh_is_not_believed(text: str, underlined: str) -> None:
    """MeshConfig has no such field (api: mesh/v1alpha1/config.proto), and istiod reads what it does not know over."""
    analysis = analysed(text)
    assert [(each.code.id, each.span.text) for each in analysis.findings] == [("EGR602", underlined)]
    assert analysis.inspected.config.policy.proxy is None


def test_the_pods_of_a_rollout_are_those_that_it_refers_to() -> None:
    """By the Rollout itself, which has no template, the Sidecar would be for no pod."""
    deployment = "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: cart, namespace: shop}\nspec: {template: {metadata: {labels: {app: cart}}}}\n"
    rollout = "kind: Rollout\napiVersion: argoproj.io/v1alpha1\nmetadata: {name: cart, namespace: shop}\nspec: {workloadRef: {kind: Deployment, name: cart}}\n"
    assert told(ENTRY, SIDECAR, deployment, rollout) == told(ENTRY, SIDECAR, rollout, deployment) == []


def test_what_goes_around_its_sidecar_in_an_open_mesh_is_not_told() -> None:
    """Nor is a proxy, nor what stands in a namespace that no mesh is meant to hold."""
    pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: batch, namespace: %s, labels: {app: batch, sidecar.istio.io/inject: "false"}}\nspec: {containers: [{name: %s, image: b}]}\n'
    excluded = 'apiVersion: v1\nkind: Pod\nmetadata: {name: job, namespace: shop, annotations: {traffic.sidecar.istio.io/includeOutboundIPRanges: ""}}\nspec: {}\n'
    assert told(ENTRY, pod % ("shop", "app"), excluded) == []
    closed = "kind: IstioOperator\napiVersion: install.istio.io/v1alpha1\nspec: {meshConfig: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}}\n"
    spaces = "kind: Namespace\napiVersion: v1\nmetadata: {name: tools}\n---\nkind: Namespace\napiVersion: v1\nmetadata: {name: shop, labels: {istio-injection: enabled}}\n"
    assert told(closed, ENTRY, pod % ("shop", "app"), excluded) == ["EGR506 batch", 'EGR509 ""']
    for where, name in (("shop", "istio-proxy"), ("istio-system", "app"), ("kube-system", "app"), ("tools", "app")):
        assert told(closed, spaces, ENTRY, pod % (where, name)) == []


def test_a_server_of_the_cluster_without_a_sidecar_may_be_declared() -> None:
    """As Istio's page on TLS origination does; one that is said to be outside, or leads there, is told."""
    inside = "nginx.tools.svc.cluster.local"
    entry = ENTRY.replace("api.example.com", inside)
    assert told(entry) == []
    assert told(f"{entry}  location: MESH_EXTERNAL\n") == [f"EGR618 {inside}"]
    assert told(f"{entry}  endpoints: [{{address: api.example.com}}]\n") == [f"EGR618 {inside}"]


def test_what_is_said_of_a_generated_name_stands_at_it() -> None:
    job = """\
kind: Job
apiVersion: batch/v1
metadata: {generateName: cart-, namespace: shop}
spec: {template: {metadata: {labels: {app: cart}}, spec: {securityContext: {runAsUser: 1337}}}}
"""
    held = SIDECAR.replace("  workloadSelector: {labels: {app: cart}}\n", "")
    assert told(ENTRY, held, job) == ["EGR506 cart-"]
