"""What kubectl itself prints becomes a profile: single manifests, streams, lists, JSON, and builds of kustomize."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.conformance

EGRESSC = str(Path(sys.executable).parent / "egressc")

CREATED = {
    "namespace": "create namespace shop",
    "deployment": "create deployment cart --image=example.com/cart:1 --port=8080",
    "job": "create job migrate --image=example.com/migrate:1",
    "cronjob": "create cronjob report --image=example.com/report:1 --schedule=0/5",
    "service": "create service clusterip cart --tcp=80:8080",
}
"""What kubectl makes by itself, without a cluster; jobs have no labels of their own."""

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: debug, namespace: shop}\nspec: {containers: [{name: a, image: b}]}\n"

ISTIOCTL = Path(__file__).parent / "judge" / "bin" / "istioctl"

OPERATOR = """\
apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
metadata: {name: control}
spec:
  tag: 1.30.2
  meshConfig:
    outboundTrafficPolicy: {mode: REGISTRY_ONLY}
    rootNamespace: istio-config
    defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: "true"}}
  values: {global: {proxy: {clusterDomain: corp.local}}}
"""

KUSTOMIZATION = """\
namespace: shop
resources: [all.yaml]
labels:
- pairs: {team: a}
  includeTemplates: true
patches:
- target: {kind: Deployment}
  patch: |
    - {op: add, path: /spec/template/spec/hostNetwork, value: true}
"""


def kubectl(*arguments: str, stdin: str = "") -> str:
    """What kubectl prints."""
    if shutil.which("kubectl") is None:
        pytest.fail("kubectl is not on PATH")
    return subprocess.run(["kubectl", *arguments], input=stdin, check=True, capture_output=True, text=True).stdout


def egressc(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([EGRESSC, *arguments], input=stdin, cwd=cwd, capture_output=True, text=True, check=False)


def created(form: str) -> dict[str, str]:
    """Each manifest in a form, `yaml` or `json`; all but the Namespace in namespace `shop`."""
    made = {"pod": kubectl("label", "--local", "-f", "-", "-o", form, "run=debug", stdin=POD)}
    for name, words in CREATED.items():
        where = [] if name == "namespace" else ["-n", "shop"]
        made[name] = kubectl(*words.split(), *where, "--dry-run=client", "-o", form)
    return made


def described(*arguments: str, cwd: Path, stdin: str = "") -> dict[str, Any]:
    """The spec of the profile that manifests become, once it is checked, and so is a policy that names each workload."""
    made = egressc("profile", *arguments, "-o", "us.yaml", cwd=cwd, stdin=stdin)
    assert made.returncode == 0, made.stderr
    before = (cwd / "us.yaml").read_bytes()
    again = egressc("profile", *arguments, "-o", "us.yaml", cwd=cwd, stdin=stdin)
    assert again.returncode == 0
    assert (cwd / "us.yaml").read_bytes() == before
    spec: dict[str, Any] = yaml.safe_load(before)["spec"]
    names = [f"{space}/{name}" for space, each in spec["namespaces"].items() for name in each.get("workloads", {})]
    (cwd / "p.egress").write_text("".join(f"allow {each} -> api.example.com:443 tls\n" for each in names))
    for checked in (
        egressc("profile", "--check", "us.yaml", cwd=cwd),
        egressc("check", "p.egress", "-p", "us.yaml", cwd=cwd),
    ):
        assert checked.returncode == 0, checked.stdout + checked.stderr
    (cwd / "us.yaml").unlink()
    return spec


WORKLOADS = {
    "cart": {"labels": {"app": "cart"}},
    "debug": {"labels": {"run": "debug"}},
}


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_what_kubectl_makes(tmp_path: Path, form: str) -> None:
    for name, text in created(form).items():
        (tmp_path / f"{name}.{form}").write_text(text)
    spec = described(".", cwd=tmp_path)
    assert spec == {"namespaces": {"shop": {"workloads": WORKLOADS}}, "resources": [f"service.{form}"]}


def test_streams_and_lists(tmp_path: Path) -> None:
    yamls, jsons = created("yaml"), created("json")
    stream = "---\n".join(yamls.values())
    values = [json.loads(text) for text in jsons.values()]
    listed = {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": values}
    annotated = kubectl("annotate", "--local", "-f", "-", "-o", "json", "x=y", stdin=stream)
    for text in (stream, "".join(jsons.values()), json.dumps(listed, indent=4), yaml.safe_dump(listed), annotated):
        assert described("-", cwd=tmp_path, stdin=text) == {"namespaces": {"shop": {"workloads": WORKLOADS}}}


def test_what_kustomize_builds(tmp_path: Path) -> None:
    source = tmp_path / "build"
    source.mkdir()
    manifests = {name: text for name, text in created("yaml").items() if name != "namespace"}
    (source / "all.yaml").write_text("---\n".join(manifests.values()))
    (source / "kustomization.yaml").write_text(KUSTOMIZATION)
    (tmp_path / "built.yaml").write_text(kubectl("kustomize", str(source)))
    spec = described("built.yaml", cwd=tmp_path)
    workloads = spec["namespaces"]["shop"]["workloads"]
    assert workloads["cart"] == {
        "labels": {"app": "cart", "team": "a"},
        "selector": {"app": "cart"},
        "hostNetwork": True,
    }
    assert set(workloads) >= {"cart", "migrate", "report"}
    assert spec["resources"] == ["built.yaml"]


def test_an_installation_as_istioctl_renders_it(tmp_path: Path) -> None:
    place = os.environ.get("ISTIOCTL") or str(ISTIOCTL)
    if not os.access(place, os.X_OK):
        pytest.fail(f"no istioctl at {place}: set ISTIOCTL, or build it with `make judge`")
    (tmp_path / "operator.yaml").write_text(OPERATOR)
    command = [place, "manifest", "generate", "-f", str(tmp_path / "operator.yaml")]
    environment = os.environ | {"KUBECONFIG": os.devnull}
    rendered = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    stated = described("-", cwd=tmp_path, stdin=rendered)
    assert stated["istio"] == {
        "version": "1.30", "outboundTrafficPolicy": "REGISTRY_ONLY", "rootNamespace": "istio-config", "dnsCapture": True,
    }  # fmt: skip
    assert stated["clusterDomain"] == "corp.local"
    assert set(stated["namespaces"]["istio-system"]["workloads"]) == {"istio-ingressgateway", "istiod"}
    (tmp_path / "rendered.yaml").write_text(rendered)
    assert described("rendered.yaml", "operator.yaml", cwd=tmp_path)["istio"] == {"installation": "operator.yaml"}
