"""Each manifest becomes exactly its document, and the strict schemas of what we emit take it and nothing looser."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from egresslang.record import replace
from egresslang.targets.documents import installation, service_entry, sidecar
from egresslang.targets.manifests import EgressListener, Endpoint, Installation, Port, ServiceEntry, Sidecar

SCHEMAS = Path(__file__).parents[2] / "schemas"
TLS = Port(443, "TLS", "tls-443")
IN_MESH = "*/*.svc.cluster.local"
LABELS = {"app.kubernetes.io/managed-by": "egressc"}

NAMED = ServiceEntry(
    "team-a", "api-example-com", ("api.example.com",), (TLS,), "DNS", sources=("a.egress", "more/b.egress")
)
IDGEN = Sidecar(
    "team-a",
    "idgen",
    (("app", "idgen"), ("tier", "no")),
    "REGISTRY_ONLY",
    (EgressListener((IN_MESH, "./api.example.com"), TLS), EgressListener((IN_MESH, "~./b.example.com"))),
    ("a.egress",),
)
MESH = Installation("REGISTRY_ONLY", "istio", "recipes", "istio-system", "istio-system", ("a.egress",))

ENTRIES = {
    "name": NAMED,
    "network": replace(
        NAMED,
        hosts=("net-198-51-100-0-24.egress.invalid",),
        resolution="NONE",
        addresses=("198.51.100.0/24", "2001:db8::/32", "203.0.113.7", "2001:db8::1"),
        ports=(Port(9000, "TCP", "tcp-9000"),),
    ),
    "one address": replace(
        NAMED, resolution="STATIC", addresses=("203.0.113.9",), endpoints=(Endpoint("203.0.113.9"),)
    ),
    "in region": replace(NAMED, resolution="STATIC", endpoints=(Endpoint("203.0.113.9", "us-east1"),)),
    "wildcard": replace(NAMED, hosts=("*.example.com",), resolution="DYNAMIC_DNS"),
    "old wildcard": replace(NAMED, hosts=("*.xn--bcher-kva.example",), resolution="NONE"),
    "everyone's": replace(NAMED, export_to=("*",)),
    "for another namespace": replace(NAMED, export_to=("team-b",)),
    "no source": replace(NAMED, sources=()),
}
SIDECARS = {
    "workload": IDGEN,
    "default": replace(IDGEN, selector=None, egress=(EgressListener((IN_MESH,)),)),
    "open": replace(IDGEN, mode="ALLOW_ANY"),
    "exact names": replace(IDGEN, egress=(EgressListener(("otel/agent.otel.svc.cluster.local", "./*.invalid")),)),
}


def schema_of(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


def errors(schema: str, document: Any) -> list[str]:
    validator = Draft202012Validator(schema_of(schema))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize("schema", ["serviceentry", "sidecar", "istiooperator", "helm-values", "sail-istio"])
def test_the_schemas_are_schemas(schema: str) -> None:
    Draft202012Validator.check_schema(schema_of(schema))


def test_a_service_entry_is_that_of_the_recipe() -> None:
    made = service_entry(NAMED)
    assert made == {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {
            "name": "api-example-com",
            "namespace": "team-a",
            "labels": LABELS,
            "annotations": {"egresslang.dev/source": "a.egress, more/b.egress"},
        },
        "spec": {
            "hosts": ["api.example.com"],
            "exportTo": ["."],
            "location": "MESH_EXTERNAL",
            "resolution": "DNS",
            "ports": [{"number": 443, "name": "tls-443", "protocol": "TLS"}],
        },
    }
    assert list(made) == ["apiVersion", "kind", "metadata", "spec"]


def test_addresses_and_endpoints_stand_where_there_are_any() -> None:
    made = service_entry(replace(ENTRIES["one address"], endpoints=(Endpoint("203.0.113.9", "us"), Endpoint("::1"))))
    spec: Any = made["spec"]
    assert spec["addresses"] == ["203.0.113.9"]
    assert spec["endpoints"] == [{"address": "203.0.113.9", "locality": "us"}, {"address": "::1"}]
    assert list(spec) == ["hosts", "addresses", "exportTo", "location", "resolution", "ports", "endpoints"]


def test_all_service_entries_have_the_same_labels() -> None:
    made: list[Any] = [service_entry(entry) for entry in ENTRIES.values()]
    assert [document["metadata"]["labels"] for document in made] == [LABELS] * len(ENTRIES)


def test_a_sidecar_says_whom_it_selects_its_mode_and_what_it_lists() -> None:
    made = sidecar(IDGEN)
    assert made["metadata"] == {
        "name": "idgen",
        "namespace": "team-a",
        "labels": LABELS,
        "annotations": {"egresslang.dev/source": "a.egress"},
    }
    assert made["spec"] == {
        "workloadSelector": {"labels": {"app": "idgen", "tier": "no"}},
        "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
        "egress": [
            {"port": {"number": 443, "name": "tls-443", "protocol": "TLS"}, "hosts": [IN_MESH, "./api.example.com"]},
            {"hosts": [IN_MESH, "~./b.example.com"]},
        ],
    }


def test_a_default_sidecar_has_no_selector_at_all() -> None:
    assert sidecar(SIDECARS["default"])["spec"] == {
        "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
        "egress": [{"hosts": [IN_MESH]}],
    }


def test_without_sources_there_is_no_annotation() -> None:
    made: Any = service_entry(ENTRIES["no source"])
    assert "annotations" not in made["metadata"]


def test_a_file_name_that_is_no_utf_8_is_told_in_escapes() -> None:
    made: Any = service_entry(replace(NAMED, sources=("caf\udce9.egress", "café.egress")))
    assert made["metadata"]["annotations"] == {"egresslang.dev/source": r"caf\udce9.egress, café.egress"}


def test_the_installation_in_its_three_forms() -> None:
    mesh_config = {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
    annotations = {"egresslang.dev/source": "a.egress"}
    metadata = {"name": "recipes", "labels": LABELS, "annotations": annotations}
    assert installation(MESH) == {
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "metadata": {"namespace": "istio-system", **metadata},
        "spec": {"meshConfig": mesh_config},
    }
    assert installation(replace(MESH, form="helm")) == {"meshConfig": mesh_config}
    assert installation(replace(MESH, form="sail")) == {
        "apiVersion": "sailoperator.io/v1",
        "kind": "Istio",
        "metadata": metadata,
        "spec": {"namespace": "istio-system", "values": {"meshConfig": mesh_config}},
    }


def test_an_installation_that_nobody_named_has_the_usual_names() -> None:
    unnamed = replace(MESH, name="", namespace="")
    assert installation(unnamed) == installation(replace(MESH, name="default"))
    sail = replace(unnamed, form="sail")
    assert installation(sail) == installation(replace(MESH, form="sail", name="default"))
    assert installation(replace(unnamed, form="helm")) == installation(replace(MESH, form="helm"))


@pytest.mark.parametrize("namespace", ["istio-system", "mesh"])
@pytest.mark.parametrize("root", ["istio-system", "mesh"])
def test_the_root_namespace_is_left_out_only_where_it_is_surely_the_default(namespace: str, root: str) -> None:
    made = installation(replace(MESH, form="helm", namespace=namespace, root_namespace=root))
    mesh_config = {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}
    default = namespace == root == "istio-system"
    assert made["meshConfig"] == (mesh_config if default else {**mesh_config, "rootNamespace": root})


def test_dns_capture_is_written_where_it_is_needed() -> None:
    made = installation(replace(MESH, form="helm", dns_capture=True))
    metadata = {"proxyMetadata": {"ISTIO_META_DNS_CAPTURE": "true"}}
    assert made["meshConfig"] == {"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}, "defaultConfig": metadata}


@pytest.mark.parametrize("case", ENTRIES)
def test_the_schema_takes_every_service_entry(case: str) -> None:
    assert errors("serviceentry", service_entry(ENTRIES[case])) == []


@pytest.mark.parametrize("case", SIDECARS)
def test_the_schema_takes_every_sidecar(case: str) -> None:
    assert errors("sidecar", sidecar(SIDECARS[case])) == []


@pytest.mark.parametrize(
    ("form", "schema"), [("istio", "istiooperator"), ("helm", "helm-values"), ("sail", "sail-istio")]
)
def test_the_schema_takes_every_installation(form: str, schema: str) -> None:
    assert errors(schema, installation(replace(MESH, form=form))) == []
    assert errors(schema, installation(replace(MESH, form=form, mode="ALLOW_ANY", root_namespace="mesh"))) == []
    assert errors(schema, installation(replace(MESH, form=form, dns_capture=True))) == []
    assert errors(schema, installation(replace(MESH, form=form, mode="REGISTER_ONLY"))) != []
    assert errors(schema, installation(replace(MESH, form=form, root_namespace="Mesh"))) != []


LOOSE_ENTRIES: list[dict[str, Any]] = [
    {"hosts": ()},
    {"hosts": ("API.example.com",)},
    {"hosts": ("api.example.com.",)},
    {"hosts": ("api_x.example.com",)},
    {"hosts": ("*",)},
    {"hosts": ("api.*.com",)},
    {"hosts": ("203.0.113.7",)},
    {"hosts": ("*.example.com",)},  # with DNS nothing resolves it
    {"hosts": (f"{'a' * 64}.com",)},
    {"name": "a" * 64},
    {"name": "Api"},
    {"namespace": "team_a"},
    {"ports": ()},
    {"ports": (Port(0, "TLS", "tls-0"),)},
    {"ports": (Port(65536, "TLS", "tls-65536"),)},
    {"ports": (Port(15001, "TLS", "tls-15001"),)},
    {"ports": (Port(443, "HTTPS", "https-443"),)},
    {"ports": (Port(3306, "MYSQL", "mysql-3306"),)},
    {"ports": (Port(443, "tls", "tls-443"),)},
    {"ports": (Port(443, "TLS", "x" * 64),)},
    {"resolution": "DNS_ROUND_ROBIN"},
    {"resolution": "STATIC"},  # and no endpoints
    {"resolution": "NONE", "endpoints": (Endpoint("203.0.113.9"),)},
    {"resolution": "DYNAMIC_DNS"},  # of an exact name
    {"resolution": "NONE", "addresses": ("198.51.100.0/33",)},
    {"resolution": "NONE", "addresses": ("example.com",)},
    {"resolution": "NONE", "addresses": ("198.51.100.7", "198.51.100.7")},
    {"addresses": ("198.51.100.0/24",)},  # with DNS
    {"export_to": ()},
    {"export_to": ("Team",)},
    {"location": "MESH_INTERNAL"},
]


@pytest.mark.parametrize("changes", LOOSE_ENTRIES, ids=str)
def test_the_schema_refuses_a_looser_service_entry(changes: dict[str, Any]) -> None:
    assert errors("serviceentry", service_entry(replace(NAMED, **changes))) != []


LOOSE_SIDECARS: list[dict[str, Any]] = [
    {"selector": ()},
    {"selector": (("app", "*"),)},
    {"selector": (("app", "x" * 64),)},
    {"selector": (("-app", "x"),)},
    {"mode": ""},
    {"mode": "ALLOW_ANY_DYNAMIC_DNS"},
    {"egress": ()},
    {"egress": (EgressListener(()),)},
    {"egress": (EgressListener(("./*",)),)},
    {"egress": (EgressListener(("*/*",)),)},
    {"egress": (EgressListener(("api.example.com",)),)},
    {"egress": (EgressListener(("./API.example.com",)),)},
    {"egress": (EgressListener((IN_MESH,), Port(443, "MONGO", "mongo-443")),)},
]


@pytest.mark.parametrize("changes", LOOSE_SIDECARS, ids=str)
def test_the_schema_refuses_a_looser_sidecar(changes: dict[str, Any]) -> None:
    assert errors("sidecar", sidecar(replace(IDGEN, **changes))) != []


@pytest.mark.parametrize("path", [(), ("metadata",), ("spec",), ("metadata", "labels"), ("metadata", "annotations")])
@pytest.mark.parametrize(
    ("schema", "document"),
    [
        ("serviceentry", service_entry(NAMED)),
        ("sidecar", sidecar(IDGEN)),
        ("istiooperator", installation(MESH)),
        ("sail-istio", installation(replace(MESH, form="sail"))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_schemas_know_every_key(schema: str, document: Any, path: tuple[str, ...]) -> None:
    made = copy.deepcopy(document)
    inner = made
    for key in path:
        inner = inner[key]
    inner["more"] = "x"
    assert errors(schema, made) != []
