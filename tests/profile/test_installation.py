"""What IstioOperator files, Helm values and Sail resources tell."""

from __future__ import annotations

from typing import Any

import pytest

from egresslang.documents import read
from egresslang.findings import Finding, Severity
from egresslang.profile.facts import Installation, settle
from egresslang.profile.installation import form_of, read_installation
from egresslang.source import Source

MESH = "{outboundTrafficPolicy: {mode: REGISTRY_ONLY}, rootNamespace: root, defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: 'true'}}}"
VALUES = f"meshConfig: {MESH}, pilot: {{env: {{PILOT_ENABLE_IP_AUTOALLOCATE: false}}}}, global: {{proxy: {{clusterDomain: corp.internal}}, tag: 1.27.1}}"
OPERATOR = "{apiVersion: install.istio.io/v1alpha1, kind: IstioOperator, metadata: {name: mine, namespace: system}, spec: {%s}}"
SAIL = "{apiVersion: sailoperator.io/v1, kind: Istio, metadata: {name: default}, spec: {%s}}"
HELM = "{%s}"


def installation(text: str) -> tuple[Installation, list[Finding]]:
    (document,), findings = read(Source("i.yaml", text))
    assert findings == []
    return read_installation(document)


def facts(text: str) -> dict[str, Any]:
    """What holds in a cluster so installed."""
    found, findings = installation(text)
    assert findings == []
    return settle({}, found)[0]


# Forms


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (OPERATOR % "", "istio"),
        (SAIL % "", "sail"),
        ("{apiVersion: sailoperator.io/v1alpha1, kind: Istio}", "sail"),
        ("{meshConfig: {}}", "helm"),
        ("{global: {}, mine: 1}", "helm"),
        ("{apiVersion: sailoperator.io/v1, kind: ZTunnel}", ""),
        ("{apiVersion: v1, kind: IstioOperator}", ""),
        ("{kind: ConfigMap, meshConfig: {}}", ""),
        ("{mine: 1}", ""),
        ("[meshConfig]", ""),
        ("meshConfig", ""),
    ],
)
def test_the_form_of_a_document(text: str, form: str) -> None:
    (document,), _ = read(Source("i.yaml", text))
    assert form_of(document) == form


@pytest.mark.parametrize("text", [OPERATOR % f"values: {{{VALUES}}}", SAIL % f"values: {{{VALUES}}}", HELM % VALUES])
def test_every_form_tells_the_same(text: str) -> None:
    assert facts(text) == {
        "outboundTrafficPolicy": "REGISTRY_ONLY",
        "rootNamespace": "root",
        "dnsCapture": True,
        "clusterDomain": "corp.internal",
        "ambient": False,
        "version": (1, 27),
        "autoAllocate": False,
    }


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        (OPERATOR % "", ("istio", "mine", "system")),
        (SAIL % "namespace: mesh", ("sail", "default", "mesh")),
        (HELM % "global: {istioNamespace: mesh}", ("helm", "", "mesh")),
        ("{apiVersion: install.istio.io/v1alpha1, kind: IstioOperator}", ("istio", "", "")),
    ],
)
def test_who_an_installation_is(text: str, identity: tuple[str, str, str]) -> None:
    found, _ = installation(text)
    assert (found.form, found.name, found.namespace) == identity


def test_an_operators_own_mesh_config_goes_before_its_values() -> None:
    text = OPERATOR % "meshConfig: {outboundTrafficPolicy: {mode: ALLOW_ANY}}, tag: 1.28.0, values: {%s}" % VALUES
    assert [facts(text)[key] for key in ("outboundTrafficPolicy", "version", "rootNamespace")] == [
        "ALLOW_ANY",
        (1, 28),
        "root",
    ]


# Wrong types


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (OPERATOR % "meshConfig: [1], values: 5, components: x", ["meshConfig", "values", "components"]),
        (OPERATOR % "components: {pilot: {k8s: {env: x}}, ztunnel: {enabled: 'true'}}", ["env", "enabled"]),
        (OPERATOR % "components: {pilot: {k8s: {env: [x]}}}", ["x"]),
        ("{apiVersion: install.istio.io/v1alpha1, kind: IstioOperator, metadata: 5, spec: x}", ["metadata", "spec"]),
        ("{apiVersion: install.istio.io/v1alpha1, kind: IstioOperator, metadata: {name: 5}}", ["name"]),
        (HELM % "meshConfig: 'outboundTrafficPolicy: {mode: REGISTRY_ONLY}'", ["meshConfig"]),
        (HELM % "pilot: x, global: [], meshConfig: {defaultConfig: {proxyMetadata: []}}", ["pilot", "global", "proxyMetadata"]),
        (HELM % "pilot: {env: [], tag: {}}, compatibilityVersion: []", ["env", "tag", "compatibilityVersion"]),
        (HELM % "pilot: {env: {PILOT_ENABLE_AMBIENT: []}}", ["PILOT_ENABLE_AMBIENT"]),
        (SAIL % "version: [v1.30.0], values: []", ["version", "values"]),
    ],
)  # fmt: skip
def test_what_is_no_mapping_list_or_word_is_told(text: str, told: list[str]) -> None:
    _, findings = installation(text)
    assert [each.code.id for each in findings] == ["EGR510"] * len(told)
    assert [each.message.split("`")[1] for each in findings] == told


# Facts


@pytest.mark.parametrize(
    ("policy", "mode"),
    [("{mode: ALLOW_ANY}", "ALLOW_ANY"), ("{mode: ALLOW_ANY_DYNAMIC_DNS}", "ALLOW_ANY_DYNAMIC_DNS"), ("{}", "REGISTRY_ONLY"), ("{mode: }", "REGISTRY_ONLY"),
     ("~", "ALLOW_ANY")],
)  # fmt: skip
def test_the_mode(policy: str, mode: str) -> None:
    assert facts(HELM % f"meshConfig: {{outboundTrafficPolicy: {policy}}}")["outboundTrafficPolicy"] == mode


@pytest.mark.parametrize(
    ("text", "root"),
    [
        (HELM % "global: {istioNamespace: mesh}", "mesh"),
        (HELM % "global: {istioNamespace: mesh}, meshConfig: {rootNamespace: root}", "root"),
        (SAIL % "namespace: mesh", "mesh"),
        (SAIL % "namespace: mesh, values: {meshConfig: {rootNamespace: root}}", "root"),
        (OPERATOR % "", "istio-system"),
        (HELM % "pilot: {}", "istio-system"),
    ],
)
def test_the_root_namespace(text: str, root: str) -> None:
    assert facts(text)["rootNamespace"] == root


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (SAIL % "version: v1.28.3", (1, 28)),
        (SAIL % "version: v1.27-latest", (1, 27)),
        (OPERATOR % "tag: 1.26.0-distroless", (1, 26)),
        (OPERATOR % "tag: 1.30", (1, 30)),
        (HELM % "pilot: {tag: 1.25.1}, global: {tag: 1.24.0}", (1, 25)),
        (OPERATOR % "tag: latest, values: {global: {tag: 1.24.0}}", (1, 24)),
        (OPERATOR % "tag: latest", None),
        (OPERATOR % "", None),
    ],
)
def test_the_version(text: str, version: tuple[int, int] | None) -> None:
    assert installation(text)[0].told("version") == version


@pytest.mark.parametrize(
    ("text", "allocates"),
    [
        (HELM % "global: {tag: 1.24.0}", False),
        (HELM % "global: {tag: 1.25.0}", True),
        (HELM % "pilot: {}", True),
        (HELM % "global: {tag: 1.24.0}, pilot: {env: {PILOT_ENABLE_IP_AUTOALLOCATE: 'true'}}", True),
        (HELM % "pilot: {env: {PILOT_ENABLE_IP_AUTOALLOCATE: 'false'}}", False),
        (HELM % "compatibilityVersion: '1.24'", False),
        (HELM % "compatibilityVersion: 1.25", True),
        (OPERATOR % "compatibilityVersion: '1.23'", False),
        (
            OPERATOR
            % "components: {pilot: {k8s: {env: [{name: A}, {name: PILOT_ENABLE_IP_AUTOALLOCATE, value: 'false'}]}}}",
            False,
        ),
        (
            HELM
            % "global: {tag: 1.22.0}, meshConfig: {defaultConfig: {proxyMetadata: {ISTIO_META_DNS_AUTO_ALLOCATE: 'true'}}}",
            True,
        ),
        (
            HELM
            % "compatibilityVersion: '1.24', meshConfig: {defaultConfig: {proxyMetadata: {ISTIO_META_DNS_AUTO_ALLOCATE: 'false'}}}",
            False,
        ),
    ],
)
def test_whether_addresses_are_allocated(text: str, allocates: bool) -> None:
    assert facts(text)["autoAllocate"] is allocates


@pytest.mark.parametrize(
    ("text", "ambient"),
    [
        (OPERATOR % "profile: ambient", True),
        (OPERATOR % "values: {profile: ambient}", True),
        (HELM % "profile: ambient", True),
        (HELM % "global: {profile: ambient}", True),
        (SAIL % "profile: openshift-ambient", True),
        (HELM % "pilot: {env: {PILOT_ENABLE_AMBIENT: true}}", True),
        (OPERATOR % "components: {ztunnel: {enabled: true}}", True),
        (OPERATOR % "components: {ztunnel: {enabled: false}}", False),
        (OPERATOR % "profile: demo", False),
    ],
)
def test_whether_the_mesh_is_ambient(text: str, ambient: bool) -> None:
    assert facts(text)["ambient"] is ambient


@pytest.mark.parametrize(("text", "captures"), [("'true'", True), ("'1'", True), ("'false'", False), ("'yes'", False)])
def test_whether_sidecars_capture_dns(text: str, captures: bool) -> None:
    assert (
        facts(
            HELM
            % f"profile: preview, meshConfig: {{defaultConfig: {{proxyMetadata: {{ISTIO_META_DNS_CAPTURE: {text}}}}}}}"
        )["dnsCapture"]
        is captures
    )


def test_each_fact_has_its_place() -> None:
    found, _ = installation(OPERATOR % f"profile: default, values: {{{VALUES}}}")
    assert found.profile is not None
    assert found.profile.span.text == "default"
    assert {key: fact.span.text for key, fact in found.facts.items()} == {
        "outboundTrafficPolicy": "REGISTRY_ONLY",
        "rootNamespace": "root",
        "dnsCapture": "'true'",
        "clusterDomain": "corp.internal",
        "version": "1.27.1",
        "autoAllocate": "false",
    }


def test_a_profile_of_its_own_is_not_read() -> None:
    found, (finding,) = installation(OPERATOR % "profile: ./mine.yaml")
    assert (finding.severity, finding.span.text, finding.message) == (
        Severity.WARNING,
        "./mine.yaml",
        "`./mine.yaml` is not read",
    )
    assert settle({}, found)[0]["ambient"] is False
