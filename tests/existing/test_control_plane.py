"""What objects of a running cluster state of its Istio and its networks."""

from __future__ import annotations

import json

import pytest

from egresslang.existing.cluster import Cluster, read_cluster
from egresslang.source import Source

MESH = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |-
    defaultConfig:
      proxyMetadata: {ISTIO_META_DNS_CAPTURE: "true"}
    outboundTrafficPolicy:
      mode: REGISTRY_ONLY
    rootNamespace: istio-config
"""
VALUES = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-system}
data:
  config: "policy: enabled"
  values: '{"global": {"istioNamespace": "istio-system", "proxy": {"clusterDomain": "corp.local", "includeIPRanges": "*"}, "tag": "1.29.1"}, "revision": ""}'
"""
ISTIOD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system}
spec:
  template:
    metadata: {labels: {app: istiod}}
    spec: {containers: [{name: discovery, image: "docker.io/istio/pilot:1.29.1-distroless@sha256:00"}]}
"""


def cluster(*texts: str) -> Cluster:
    return read_cluster(Source(f"{number}.yaml", text) for number, text in enumerate(texts))


def test_istio_states_itself() -> None:
    assert cluster(MESH, VALUES, ISTIOD).stated.facts == {
        "outboundTrafficPolicy": "REGISTRY_ONLY", "rootNamespace": "istio-config", "dnsCapture": True,
        "clusterDomain": "corp.local", "version": "1.29",
    }  # fmt: skip


def test_a_mesh_config_that_says_no_mode_has_istios_own() -> None:
    empty = MESH[: MESH.index("  mesh:")] + '  mesh: "{}"\n'
    assert cluster(empty).stated.facts == {"outboundTrafficPolicy": "ALLOW_ANY"}
    assert cluster(MESH.replace("name: istio,", "name: istio-1-29,")).stated.facts["rootNamespace"] == "istio-config"
    assert cluster(MESH.replace("name: istio,", "name: other,")).stated.facts == {}


def test_revisions_that_do_not_agree_are_told() -> None:
    other = MESH.replace("name: istio,", "name: istio-canary,").replace("REGISTRY_ONLY", "ALLOW_ANY")
    stated = cluster(MESH, other).stated
    assert "outboundTrafficPolicy" not in stated.facts
    (remark,) = stated.remarks
    assert remark == (
        "`outboundTrafficPolicy` is not stated, as the manifests do not agree: "
        "REGISTRY_ONLY by ConfigMap `istio`, ALLOW_ANY by ConfigMap `istio-canary`"
    )


@pytest.mark.parametrize(
    ("mesh", "message"),
    [
        ("outboundTrafficPolicy: {mode: [REG", "a list is not closed"),
        ("outboundTrafficPolicy: {mode: REGISTRY_ONLI}", "unknown mode `REGISTRY_ONLI`"),
        ("outBoundTrafficPolicy: {mode: REGISTRY_ONLY}", "unknown key `outBoundTrafficPolicy`"),
        ("{{ .Values.mesh }}", "a key is not text"),
        ("outboundTrafficPolicy: REGISTRY_ONLY", "`outboundTrafficPolicy` is not a mapping"),
    ],
)
def test_what_a_mesh_config_says_wrong_is_told_and_nothing_is_stated(mesh: str, message: str) -> None:
    """Nothing said is `ALLOW_ANY`, something said wrong is not known."""
    service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n"
    text = f'apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio}}\ndata: {{mesh: "{mesh}"}}\n{service}'
    found = cluster(text)
    assert found.stated.facts == {}
    assert [(str(each.severity), each.message, each.span.source.name) for each in found.findings] == [
        ("warning", message, "0.yaml (data.mesh)")
    ]
    assert found.resources == ("0.yaml",)


def test_what_an_installation_in_a_stream_says_wrong_is_told() -> None:
    operator = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec: {meshConfig: {outboundTrafficPolicy: {mode: REG}}}\n"
    found = cluster(f"{operator}---\nkind: Namespace\n")
    assert "outboundTrafficPolicy" not in found.stated.facts
    assert [each.message for each in found.findings] == ["unknown mode `REG`"]
    injector = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio-sidecar-injector}\ndata: {values: '{\"global\": [}'}\n"
    )
    assert [each.span.source.name for each in cluster(injector).findings] == ["0.yaml (data.values)"]


def test_a_disagreement_says_something_of_a_cluster() -> None:
    mesh = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio-%s}\ndata: {mesh: 'outboundTrafficPolicy: {mode: %s}'}\n"
    assert not cluster(mesh % ("1", "ALLOW_ANY"), mesh % ("2", "REGISTRY_ONLY")).is_empty


def test_ranges_are_those_that_somebody_states() -> None:
    service = "apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: kubernetes}\nspec: {cidrs: [10.96.0.0/12, 'fd00::/108']}\n"
    assert cluster(service).stated.facts == {"services": ("10.96.0.0/12", "fd00::/108")}
    kubeadm = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kubeadm-config, namespace: kube-system}\ndata:\n"
        "  ClusterConfiguration: |\n    networking: {dnsDomain: corp, podSubnet: '10.244.0.0/16,fd01::/64', serviceSubnet: 10.96.0.0/12}\n"
    )
    assert cluster(kubeadm).stated.facts == {
        "pods": ("10.244.0.0/16", "fd01::/64"), "services": ("10.96.0.0/12",), "clusterDomain": "corp",
    }  # fmt: skip
    server = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "kube-apiserver-n", "labels": {"component": "kube-apiserver"}},
        "spec": {"containers": [{"command": ["kube-apiserver", "--service-cluster-ip-range=10.96.0.1/12,nonsense"]}]},
    }  # fmt: skip
    assert cluster(json.dumps(server)).stated.facts == {"services": ("10.96.0.0/12",)}
    clusterip = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: 10.96.0.1, ipFamilies: [IPv6, IPv4]}\n"
    )
    assert cluster(clusterip).stated.facts == {"families": ("IPv4", "IPv6")}


def test_an_installation_in_a_list_states_what_it_says() -> None:
    operator = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: x}\nspec: {profile: demo, tag: 1.30.2}\n"
    alone = cluster(operator)
    assert [each.file for each in alone.installations] == ["0.yaml"]
    assert alone.installations[0].tells == {"version"}
    listed = cluster(operator + "---\n" + ISTIOD)
    assert listed.installations == ()
    assert listed.stated.facts["profile"] == "demo"
    assert "version" not in listed.stated.facts  # 1.30 here, 1.29 by what runs


def test_odd_objects_state_nothing() -> None:
    for text in (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio}\ndata: {mesh: 7}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: [istio]\ndata: [mesh]\n",
        "apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: x}\nspec: {cidrs: 10.0.0.0/8}\n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ipFamilies: [IPv5]}\n",
    ):
        assert cluster(text).stated.facts == {}, text
