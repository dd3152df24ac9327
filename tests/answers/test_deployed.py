"""Answers about the mesh that given manifests make."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from said import Said

Ask = Callable[..., list[dict[str, Any]]]
IN_MESH = "*/*.svc.cluster.local"
FLOW = "team-a/idgen -> api.example.com:443 tls"


def manifest(kind: str, name: str, spec: object, namespace: str = "team-a", **more: object) -> str:
    metadata = {"name": name, "namespace": namespace, **more.pop("metadata", {})}  # type: ignore[dict-item]
    version = more.pop("version", "networking.istio.io/v1")
    return f"---\n{json.dumps({'apiVersion': version, 'kind': kind, 'metadata': metadata, 'spec': spec, **more}, indent=1)}\n"


def entry(name: str, host: str, ports: Sequence[tuple[int, str]], resolution: str = "DNS", **more: Any) -> str:
    metadata = more.pop("metadata", {})
    written = [{"number": number, "name": f"p-{number}", "protocol": protocol} for number, protocol in ports]
    spec = {"hosts": [host], "exportTo": ["."], "resolution": resolution, "ports": written, **more}
    return manifest("ServiceEntry", name, spec, metadata=metadata)


def sidecar(*hosts: str, mode: str = "REGISTRY_ONLY") -> str:
    return manifest("Sidecar", "default", {"outboundTrafficPolicy": {"mode": mode}, "egress": [{"hosts": list(hosts)}]})


def deployment(name: str, labels: dict[str, str] | None = None, **pod: object) -> str:
    annotations = pod.pop("annotations", {})
    template = {"metadata": {"labels": {"app": name, **(labels or {})}, "annotations": annotations}, "spec": pod}
    return manifest("Deployment", name, {"template": template}, version="apps/v1")


def verdict(answer: dict[str, Any]) -> str:
    if "error" in answer:
        return f"error: {answer['error']}"
    words = [
        answer["verdict"],
        answer["sees"],
        answer["host"] and f"{answer['host']}:{answer['port']}",
        answer["dials"],
    ]
    return " ".join(filter(None, words))


API = entry("api", "api.example.com", [(443, "TLS")])
WEB = manifest(
    "Service", "web", {"clusterIP": "10.8.0.11", "ports": [{"name": "http", "port": 80}]}, "shared", version="v1"
)
TAKEN = "allowed answer api.example.com:443 registry"

CASES: dict[str, tuple[str, str, str]] = {
    "listed": (API + sidecar(IN_MESH, "./api.example.com"), FLOW, TAKEN),
    "not listed": (API + sidecar(IN_MESH), FLOW, "blocked dropped"),
    "no Sidecar, ALLOW_ANY by default": (API, "team-a/idgen -> other.example.com:443", "passed-through answer client"),
    "listed under ALLOW_ANY": (API + sidecar("./api.example.com", mode="ALLOW_ANY"), FLOW, TAKEN),
    "a network": (entry("n", "n.example", [(9000, "TCP")], "NONE", addresses=["198.51.100.0/24"]) + sidecar(IN_MESH, "./*"), "team-a/idgen -> 198.51.100.7:9000 tcp", "allowed answer n.example:9000 client"),
    "a spoofed address": (API + sidecar(IN_MESH, "./*"), FLOW + " address=192.0.2.66", TAKEN),
    "a Service by its short name": (WEB + sidecar(IN_MESH), "team-a/idgen -> web.shared:80", "allowed answer web.shared.svc.cluster.local:80 registry"),
    "a lost port": (entry("api", "api.example.com", [(443, "TLS")], metadata={"creationTimestamp": "2026-01-01T00:00:00Z"}) + entry("more", "api.example.com", [(8443, "TLS")], metadata={"labels": {"team": "b"}}) + sidecar(IN_MESH, "./*"), "team-a/idgen -> api.example.com:8443 tls", "lost dropped api.example.com:8443"),
    "a lost route": (entry("api", "api.example.com", [(80, "HTTP")]) + manifest("VirtualService", "v", {"hosts": ["api.example.com"], "http": [{"route": [{"destination": {"host": "gone.example.com"}}]}]}), "team-a/idgen -> api.example.com:80", "lost 503 gone.example.com:80"),
    "a subset of no fixed endpoint": (entry("api", "api.example.com", [(80, "HTTP")], "STATIC", endpoints=[{"address": "192.0.2.1"}]) + manifest("VirtualService", "v", {"hosts": ["api.example.com"], "http": [{"route": [{"destination": {"host": "api.example.com", "subset": "v2"}}]}]}) + manifest("DestinationRule", "d", {"host": "api.example.com", "subsets": [{"name": "v2", "labels": {"version": "v2"}}]}), "team-a/idgen -> api.example.com:80", "allowed 503 api.example.com:80 registry"),
    "an answer of the sidecar": (entry("api", "api.example.com", [(80, "HTTP")]) + manifest("VirtualService", "v", {"hosts": ["api.example.com"], "http": [{"directResponse": {"status": 451}}]}), "team-a/idgen -> api.example.com:80", "blocked answer"),
    "without a sidecar": (API + sidecar() + deployment("idgen", {"sidecar.istio.io/inject": "false"}), FLOW, "passed-through answer client"),
    "on the network of its node": (API + sidecar() + deployment("idgen", hostNetwork=True), FLOW, "passed-through answer client"),
    "as the sidecar's user": (API + sidecar() + deployment("idgen", securityContext={"runAsUser": 1337}), FLOW, "passed-through answer client"),
    "an excluded port": (API + sidecar(IN_MESH) + deployment("idgen", annotations={"traffic.sidecar.istio.io/excludeOutboundPorts": "80, 443"}), FLOW, "passed-through answer client"),
    "another port than the excluded": (API + sidecar(IN_MESH) + deployment("idgen", annotations={"traffic.sidecar.istio.io/excludeOutboundPorts": "80"}), FLOW, "blocked dropped"),
    "an excluded network": (sidecar(IN_MESH) + deployment("idgen", annotations={"traffic.sidecar.istio.io/excludeOutboundIPRanges": "198.51.100.0/24"}), "team-a/idgen -> 198.51.100.7:443 tls", "passed-through answer client"),
    "what is not included": (sidecar(IN_MESH) + deployment("idgen", annotations={"traffic.sidecar.istio.io/includeOutboundIPRanges": "10.0.0.0/8"}), "team-a/idgen -> 198.51.100.7:443 tls", "passed-through answer client"),
    "what is included": (sidecar(IN_MESH) + deployment("idgen", annotations={"traffic.sidecar.istio.io/includeOutboundIPRanges": "10.0.0.0/8"}), "team-a/idgen -> 10.1.2.3:443 tls", "blocked dropped"),
    "a namespace without sidecars": (API + sidecar() + deployment("idgen") + manifest("Namespace", "team-a", {}, version="v1", metadata={"labels": {"istio-injection": "disabled"}}), FLOW, "passed-through answer client"),
    "a pod with one in it": (API + sidecar(IN_MESH) + deployment("idgen", {"sidecar.istio.io/inject": "true"}) + manifest("Namespace", "team-a", {}, version="v1", metadata={"labels": {"istio-injection": "disabled"}}), FLOW, "blocked dropped"),
    "a pod that intercepts nothing": (API + sidecar(IN_MESH) + deployment("idgen", annotations={"sidecar.istio.io/interceptionMode": "NONE"}), FLOW, "passed-through answer client"),
    "a container as the sidecar's user": (API + sidecar(IN_MESH) + deployment("idgen", containers=[{"name": "a", "securityContext": {"runAsUser": 1337}}]), FLOW, "passed-through answer client"),
    "an unknown workload": (API + deployment("idgen"), "team-a/idgne -> a.com:443", "error: `idgne` is no workload of namespace `team-a`; write `team-a/idgen`"),
    "the only one of its name": (API + deployment("idgen"), "idgen -> api.example.com:443", TAKEN),
    "a list": (f"---\n{json.dumps({'apiVersion': 'v1', 'kind': 'List', 'items': [json.loads(one) for one in (API + sidecar(IN_MESH)).split('---') if one.strip()]})}\n", FLOW, "blocked dropped"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_cases(ask_manifests: Ask, name: str) -> None:
    manifests, question, expected = CASES[name]
    (answer,) = ask_manifests(manifests, question)
    assert verdict(answer) == expected
    assert answer.get("rules", []) == []


def test_the_cluster_of_a_subset_is_called_by_it(tmp_path: Path) -> None:
    route = {
        "hosts": ["api.example.com"],
        "http": [{"route": [{"destination": {"host": "api.example.com", "subset": "v2"}}]}],
    }
    rule = {"host": "api.example.com", "subsets": [{"name": "v2", "labels": {"version": "v2"}}]}
    manifests = entry("api", "api.example.com", [(80, "HTTP")], endpoints=[{"address": "one.example.net"}])
    manifests += manifest("VirtualService", "v", route) + manifest("DestinationRule", "d", rule)
    path = tmp_path / "mesh.yaml"
    path.write_text(manifests, encoding="utf-8")
    question = "team-a/idgen -> api.example.com:80"
    assert "outbound|80|v2|api.example.com, which does not exist" in Said("explain", question, "--manifests", path).out
    path.write_text(manifests.replace('"one.example.net"', '"one.example.net", "labels": {"version": "v2"}'))
    assert "outbound|80|v2|api.example.com\n" in Said("explain", question, "--manifests", path).out


PAST = "passed-through answer client"
LEFT_OUT = {
    "a port": ({"excludeOutboundPorts": "443"}, {}, PAST),
    "another port": ({"excludeOutboundPorts": "80"}, {}, "blocked dropped"),
    "a network": ({"excludeIPRanges": "198.51.100.0/24"}, {}, PAST),
    "all but a network": ({"includeIPRanges": "10.0.0.0/8"}, {}, PAST),
    "all but a network and a port": ({"includeIPRanges": "10.0.0.0/8", "includeOutboundPorts": "443"}, {}, "blocked dropped"),
    "what a pod takes back": ({"excludeOutboundPorts": "443"}, {"excludeOutboundPorts": "80"}, "blocked dropped"),
    "what a pod leaves out besides": ({"excludeOutboundPorts": "80"}, {"excludeOutboundIPRanges": "198.51.100.7/32"}, PAST),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_the_installation_leaves_out_of_capture(ask_manifests: Ask, name: str) -> None:
    values, annotations, expected = LEFT_OUT[name]
    chart = f"---\n{json.dumps({'global': {'proxy': values}})}\n"
    pod = deployment(
        "idgen", annotations={f"traffic.sidecar.istio.io/{key}": value for key, value in annotations.items()}
    )
    (answer,) = ask_manifests(sidecar(IN_MESH) + pod + chart, "team-a/idgen -> 198.51.100.7:443 tls")
    assert verdict(answer) == expected


CLOSED = {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
MESH = "outboundTrafficPolicy:\n  mode: REGISTRY_ONLY\n"
INSTALLATIONS = {
    "an IstioOperator": manifest("IstioOperator", "i", {"meshConfig": CLOSED}, version="install.istio.io/v1alpha1"),
    "its chart values": manifest("IstioOperator", "i", {"values": {"meshConfig": CLOSED}}, version="install.istio.io/v1alpha1"),
    "Helm values": f"---\n{json.dumps({'meshConfig': CLOSED})}\n",
    "a Sail Istio": manifest("Istio", "i", {"values": {"meshConfig": CLOSED}}, version="sailoperator.io/v1"),
    "a ConfigMap": manifest("ConfigMap", "istio", {}, "istio-system", version="v1", data={"mesh": MESH}),
    "a ConfigMap in JSON": manifest("ConfigMap", "istio", {}, "istio-system", version="v1", data={"mesh": json.dumps(CLOSED)}),
    "a ConfigMap beside an open installation": manifest("ConfigMap", "istio", {}, "istio-system", version="v1", data={"mesh": MESH})
    + manifest("IstioOperator", "i", {"meshConfig": {"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}}, version="install.istio.io/v1alpha1"),
}  # fmt: skip


@pytest.mark.parametrize("name", INSTALLATIONS)
def test_an_installation_among_the_manifests_holds(ask_manifests: Ask, name: str) -> None:
    (answer,) = ask_manifests(API + INSTALLATIONS[name], "team-a/idgen -> other.example.com:443")
    assert verdict(answer) == "blocked dropped"


def test_what_is_exported_by_default(ask_manifests: Ask) -> None:
    open_entry = API.replace('"exportTo": [\n   "."\n  ],', "")
    assert open_entry != API
    operator = manifest(
        "IstioOperator",
        "i",
        {"meshConfig": {**CLOSED, "defaultServiceExportTo": ["."]}},
        version="install.istio.io/v1alpha1",
    )
    flows = ("team-a/x -> api.example.com:443", "team-b/x -> api.example.com:443")
    assert [each["verdict"] for each in ask_manifests(open_entry + operator, *flows)] == ["allowed", "blocked"]


def test_names_under_dns_capture(ask_manifests: Ask) -> None:
    capture = {"proxyMetadata": {"ISTIO_META_DNS_CAPTURE": "true"}}
    operator = manifest(
        "IstioOperator", "i", {"meshConfig": {**CLOSED, "defaultConfig": capture}}, version="install.istio.io/v1alpha1"
    )
    database = entry("db", "db.example.com", [(5432, "TCP")])
    flow = "team-a/idgen -> db.example.com:5432 tcp"
    by_name, by_address = ask_manifests(database + operator, flow, f"{flow} address=203.0.113.9")
    assert verdict(by_name) == "allowed answer db.example.com:5432 registry"
    assert verdict(by_address) == "blocked dropped"


def test_what_chance_decides_is_listed(ask_manifests: Ask) -> None:
    two = entry("db", "db.example.com", [(5432, "TCP")], "NONE", addresses=["203.0.113.1", "203.0.113.2"])
    (answer,) = ask_manifests(two + sidecar("./db.example.com"), "team-a/idgen -> 203.0.113.1:5432 tcp")
    assert (answer["verdict"], answer["sees"], answer["host"], answer["dials"]) == ("unstable", None, None, None)
    assert [verdict(each) for each in answer["possible"]] == [
        "allowed answer db.example.com:5432 client",
        "blocked dropped",
    ]


def test_the_text_says_why_no_sidecar_sees_it(explain: Callable[..., str]) -> None:
    text = explain("", FLOW, manifests=API + deployment("idgen", hostNetwork=True))
    assert "because   it has no sidecar: it uses the network of its node (" in text
    assert "log       no line: the sidecar does not see it" in text


@pytest.mark.parametrize(
    ("manifests", "flow", "said"),
    [
        (API + sidecar(IN_MESH), FLOW, "registers `api.example.com`, which Sidecar team-a/default does not import"),
        (
            API + sidecar(IN_MESH, "./*"),
            "team-a/x -> api.example.com:80",
            "registers `api.example.com` on other ports: 443 TLS",
        ),
        (API, "team-b/x -> api.example.com:443", "registers `api.example.com`, which is not exported to `team-b`"),
    ],
)
def test_what_is_registered_and_not_reached_is_told(
    explain: Callable[..., str], manifests: str, flow: str, said: str
) -> None:
    text = explain("", flow, manifests=manifests)
    assert "nearest   ServiceEntry team-a/api (" in text
    assert said in text


def test_compiled_output_answers_as_its_policy_does(tmp_path: Path, egressc: type[Said]) -> None:
    (tmp_path / "a.egress").write_text(
        "allow idgen -> api.example.com:443 tls\nallow etl -> 198.51.100.0/24:9000 tcp\n"
    )
    (tmp_path / "p.yaml").write_text(
        "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: x}\n"
        "spec: {enforcement: mesh, namespaces: {default: {workloads: {idgen: {}, etl: {}, other: {}}}}}\n"
    )
    hosts = ("api.example.com:443", "other.example.com:443", "198.51.100.7:9000 tcp", "198.51.101.7:9000 tcp")
    questions = "\n".join(f"{who} -> {host}" for who in ("idgen", "etl", "other") for host in hosts).encode()
    options = ("-p", tmp_path / "p.yaml", "--format", "json")
    assert egressc("compile", tmp_path, "-p", tmp_path / "p.yaml", "-o", tmp_path / "out").status == 0
    asked = egressc("explain", "-", tmp_path / "a.egress", *options, stdin=questions).answers
    given = egressc("explain", "-", "--manifests", tmp_path / "out", *options, stdin=questions).answers
    assert [verdict(each) for each in given] == [verdict(each) for each in asked]
    assert {each["verdict"] for each in given} == {"allowed", "blocked"}


def test_manifests_that_cannot_be_read(egressc: type[Said], tmp_path: Path) -> None:
    def asked(text: str) -> Said:
        (tmp_path / "m.yaml").write_text(text)
        return egressc("explain", FLOW, "--manifests", tmp_path)

    for text in (
        "a: [",
        "apiVersion: networking.istio.io/v1\nkind: Sidecar\nkind: Sidecar\n",
        manifest("ServiceEntry", "x", {"hosts": "a.com"}),
        f"---\n{json.dumps({'meshConfig': {'outboundTrafficPolicy': {'mode': 'REGISTER_ONLY'}}})}\n",
    ):
        said = asked(text)
        assert (said.status, said.out) == (1, "")
        assert "error[EGR5" in said.err
    proxied = {"outboundTrafficPolicy": {"mode": "ALLOW_ANY", "egressProxy": {"host": 5}}}
    for odd in (
        f"---\n{json.dumps({'meshConfig': proxied})}\n",
        "apiVersion: [v1]\nkind: Service\n",
        "kind: {a: 1}\n",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: 5}\n",
    ):
        assert (asked(odd).status, asked(odd).out) == (1, "")
    two = INSTALLATIONS["an IstioOperator"] + INSTALLATIONS["Helm values"]
    assert (asked(two).status, "leave one of them out" in asked(two).err) == (2, True)
    (tmp_path / "m.yaml").unlink()
    assert "no manifest found" in egressc("explain", FLOW, "--manifests", tmp_path).err


def test_manifests_on_standard_input(egressc: type[Said]) -> None:
    said = egressc("explain", FLOW, "--manifests", "-", "--format", "json", stdin=(API + sidecar(IN_MESH)).encode())
    assert [verdict(each) for each in said.answers] == ["blocked dropped"]


def test_two_manifests_of_one_identity_are_refused(egressc: type[Said]) -> None:
    asked = ("explain", FLOW, "--manifests", "-")
    twice = egressc(*asked, stdin=(API + API.replace("networking.istio.io/v1", "networking.istio.io/v1beta1")).encode())
    assert (twice.status, twice.out) == (1, "")
    assert "error[EGR510]: ServiceEntry `api` is given twice" in twice.err
    assert egressc(*asked, stdin=(API + API.replace("team-a", "team-b")).encode()).status == 0


def test_what_is_not_looked_at_is_told(egressc: type[Said]) -> None:
    manifests = (API + manifest("EnvoyFilter", "x", {}) + manifest("Namespace", "team-a", {}, version="v1")).encode()
    assert egressc("explain", FLOW, "--manifests", "-", stdin=manifests).err.startswith(
        "egressc: not looked at: 1 EnvoyFilter (-:"
    )
    assert egressc("explain", FLOW, "--manifests", "-", "-q", stdin=manifests).err == ""


@pytest.mark.parametrize(
    ("mode", "sees"), [("SIMPLE", "tls-in-tls"), ("ISTIO_MUTUAL", "tls-in-tls"), ("DISABLE", "answer")]
)
def test_a_destination_rule_that_wraps_tls_in_tls(ask_manifests: Ask, mode: str, sees: str) -> None:
    manifests = sidecar(IN_MESH, "./api.example.com") + entry("api", "api.example.com", [(443, "TLS"), (80, "HTTP")])
    manifests += deployment("idgen")
    manifests += manifest("DestinationRule", "x", {"host": "api.example.com", "trafficPolicy": {"tls": {"mode": mode}}})
    flows = FLOW, FLOW.replace("443 tls", "80 http")
    answers = ask_manifests(manifests, *flows)
    assert [verdict(each) for each in answers] == [
        f"allowed {sees} api.example.com:443 registry",
        "allowed answer api.example.com:80 registry",
    ]
    named = [any(each["kind"] == "DestinationRule" for each in answer["because"]) for answer in answers]
    assert named == [sees == "tls-in-tls", False]
