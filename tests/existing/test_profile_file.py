"""`egressc profile`: manifests become a profile, and bring one up to date."""

from __future__ import annotations

import copy
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from egresslang.cli import main
from egresslang.commands.progress import Progress
from egresslang.existing.cluster import read_cluster
from egresslang.existing.described import Asked
from egresslang.existing.profile_file import make
from egresslang.source import Source

CART = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart, version: v1}}
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec: {selector: {app: cart}, ports: [{port: 80}]}\n"
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled, team: a}}\n"
OPERATOR = "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: x}\nspec: {meshConfig: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}}\n"
ISTIOD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system}
spec:
  template:
    metadata: {labels: {app: istiod}}
    spec: {containers: [{name: discovery, image: "istio/pilot:1.30.4"}]}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Run:
    """What a call of the command said."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        status = main(["profile", *arguments])
        self.out, self.err = self._capsys.readouterr()
        return status


@pytest.fixture
def run(here: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


def spec(text: str) -> dict[str, object]:
    """The spec of a profile."""
    return dict(yaml.safe_load(text)["spec"])


def test_files_become_a_profile_that_names_them(here: Path, run: Run) -> None:
    (here / "k8s").mkdir()
    (here / "k8s" / "shop.yaml").write_text(f"{NAMESPACE}---\n{CART}---\n{SERVICE}")
    (here / "k8s" / "istio.yaml").write_text(OPERATOR)
    (here / "clusters").mkdir()
    assert run("k8s", "-o", "clusters/us-1.yaml") == 0
    assert run.out == ""
    assert run.err == "egressc: made `clusters/us-1.yaml`: 1 workload in 1 namespace\n"
    made = yaml.safe_load((here / "clusters" / "us-1.yaml").read_text())
    assert made["metadata"] == {"name": "us-1"}
    assert made["spec"] == {
        "istio": {"installation": "../k8s/istio.yaml"},
        "namespaces": {
            "shop": {
                "labels": {"istio-injection": "enabled"},
                "workloads": {"cart": {"labels": {"app": "cart", "version": "v1"}, "selector": {"app": "cart"}}},
            }
        },
        "resources": ["../k8s/shop.yaml"],
    }
    assert main(["profile", "--check", "clusters/us-1.yaml", "--fail-on", "note"]) == 0


def test_streams_lists_and_json_say_the_same(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [*yaml.safe_load_all(f"{NAMESPACE}---\n{CART}---\n{SERVICE}")]
    listed = {"apiVersion": "v1", "kind": "List", "items": documents}
    texts = {
        "documents.yaml": f"# Source: chart/templates/a.yaml\n{NAMESPACE}---\n{CART}---\n---\n{SERVICE}",
        "list.yaml": yaml.safe_dump(listed),
        "list.json": json.dumps(listed, indent=4),
        "stream.json": "\n".join(json.dumps(each) for each in documents),
    }
    profiles = set()
    for name, text in texts.items():
        (here / name).write_text(text)
        assert run(name, "-q") == 0, name
        assert run.err == ""
        profiles.add(run.out.replace(name, "FILE"))
    assert len(profiles) == 1
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(texts["stream.json"].encode())))
    assert run("-") == 0
    assert "resources" not in spec(run.out)
    assert "from standard input came 1 of what a mesh is made of" in run.err


def test_what_cannot_be_read_is_a_warning_and_the_rest_is_written(here: Path, run: Run) -> None:
    (here / "a.yaml").write_text(f"{CART}---\n{{{{- if .Values.x }}}}\nkind: X\n---\n{SERVICE}")
    (here / "b.yaml").write_text("kind: Deployment\nmetadata: {name: !x y}\n")
    assert run(".", "--format", "concise") == 0
    assert "shop" in run.out
    assert "resources" not in spec(run.out)
    assert "a.yaml:9:" in run.err
    assert "`a.yaml` is a template, not a manifest" in run.err
    assert "b.yaml:2:" in run.err
    assert run(".", "--fail-on", "warning", "-o", "c.yaml") == 1
    assert not (here / "c.yaml").exists()


def test_nothing_to_describe_is_one_line(here: Path, run: Run) -> None:
    (here / "a.yaml").write_text("kind: {{ .Values.kind }}\n")
    assert run("a.yaml", "-o", "c.yaml") == 2
    assert "egressc: nothing in `a.yaml` says anything of a cluster; `--check` judges profiles\n" in run.err
    assert "is a template" in run.err
    assert not (here / "c.yaml").exists()
    assert run() == 2
    assert run("none.yaml") == 2
    assert run("--check", "a.yaml", "--prune") == 2
    assert run("--only-profiles", "a.yaml") == 2
    assert run("a.yaml", "-n", "Shop") == 2
    assert run.err == "egressc: `--namespace Shop` is not the name of a namespace\n"
    assert run("a.yaml", "--name", "") == 2


def test_a_resource_that_would_be_wrong_is_left_and_told(here: Path, run: Run) -> None:
    (here / "a.yaml").write_text(SERVICE)
    (here / "b.yaml").write_text(f"{SERVICE}---\n{CART}")
    assert run(".", "-o", "c.yaml") == 0
    assert spec((here / "c.yaml").read_text())["resources"] == ["a.yaml"]
    assert "egressc: not named in the profile: `b.yaml`, as Service `cart` is given twice (line 3)\n" in run.err
    assert main(["profile", "--check", "c.yaml", "--fail-on", "note"]) == 0


def test_a_file_with_an_object_that_istio_refuses_is_not_named(here: Path, run: Run) -> None:
    entry = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: x, namespace: shop}\nspec: {hosts: []}\n"
    (here / "all.yaml").write_text(f"{CART}---\n{SERVICE}---\n{entry}")
    assert run("all.yaml") == 0
    assert "resources" not in spec(run.out)
    assert "this ServiceEntry is none that Istio accepts" in run.err


HAND = """\
# Ours, by hand.
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: us}
spec:
  region: us-east1  # where it stands
  istio: {version: "1.30", outboundTrafficPolicy: ALLOW_ANY}
  namespaces:
    # the shop
    shop:
      workloads:
        cart: {labels: {app: cart, version: v0}, selector: {version: v0}, hostNetwork: true}
        legacy: {labels: {app: legacy}}  # on a virtual machine
  lint: {require: [owner]}
"""


def test_an_update_keeps_what_people_wrote(here: Path, run: Run) -> None:
    (here / "us.yaml").write_text(HAND)
    zoo = CART.replace("cart", "zoo").replace("shop", "zoo").replace("version: v1", 'version: "no"')
    (here / "all.yaml").write_text(f"{CART}---\n{zoo}---\n{ISTIOD}---\n{SERVICE}")
    assert run("all.yaml", "-o", "us.yaml") == 0
    after = (here / "us.yaml").read_text()
    assert after == HAND.replace(
        "{labels: {app: cart, version: v0}, selector: {version: v0}, hostNetwork: true}",
        "{labels: {app: cart, version: v1}, selector: {app: cart}}",
    ).replace(
        "    # the shop\n",
        "    istio-system:\n      workloads:\n        istiod:\n          labels:\n            app: istiod\n"
        "    # the shop\n",
    ).replace(
        "  lint:",
        "    zoo:\n      workloads:\n        zoo:\n          labels:\n            app: zoo\n            version: \"no\"\n"
        "          selector:\n            app: zoo\n  lint:",
    ) + "  resources:\n  - all.yaml\n"  # fmt: skip
    assert run.err.splitlines() == [
        "egressc: updated `us.yaml`: 3 workloads in 3 namespaces",
        "egressc: added: `istio-system/istiod`, `zoo/zoo`",
        "egressc: changed: `shop/cart`",
        "egressc: no manifest shows them (`--prune` takes them out): `shop/legacy`",
    ]
    assert run("all.yaml", "-o", "us.yaml") == 0
    assert (here / "us.yaml").read_text() == after
    assert run.err.startswith("egressc: `us.yaml` is up to date\n")


def test_a_fact_of_istio_that_changed_is_told(here: Path, run: Run) -> None:
    (here / "us.yaml").write_text(HAND)
    mesh = "{outboundTrafficPolicy: {mode: REGISTRY_ONLY}}"
    (here / "all.yaml").write_text(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio}}\ndata: {{mesh: '{mesh}'}}\n---\n{ISTIOD}"
    )
    assert run("all.yaml", "-o", "us.yaml") == 0
    after = (here / "us.yaml").read_text()
    assert '  istio: {version: "1.30", outboundTrafficPolicy: REGISTRY_ONLY}\n' in after
    told = "`outboundTrafficPolicy` was ALLOW_ANY in the profile, and is REGISTRY_ONLY in the cluster: changed\n"
    assert told in run.err
    assert "`version` was" not in run.err
    assert run("all.yaml", "-o", "us.yaml") == 0
    assert (here / "us.yaml").read_text() == after
    assert "changed" not in run.err


def test_prune_takes_out_what_no_manifest_shows(here: Path, run: Run) -> None:
    (here / "us.yaml").write_text(HAND.replace("  lint:", "    gone:\n      workloads: {x: {}}\n    kept:\n  lint:"))
    (here / "all.yaml").write_text(CART)
    assert run("all.yaml", "-o", "us.yaml", "--prune") == 0
    after = (here / "us.yaml").read_text()
    assert set(spec(after)["namespaces"]) == {"shop"}  # type: ignore[call-overload]
    assert "legacy" not in after
    assert "# the shop\n" in after
    assert "taken out, as no manifest shows them: `shop/legacy`, `gone/x`" in run.err


def test_manifests_without_workloads_say_nothing_of_who_is_gone(here: Path, run: Run) -> None:
    (here / "us.yaml").write_text(HAND)
    (here / "all.yaml").write_text(NAMESPACE)
    assert run("all.yaml", "-o", "us.yaml", "--prune") == 0
    assert (here / "us.yaml").read_text() == HAND.replace(
        "    shop:\n", "    shop:\n      labels:\n        istio-injection: enabled\n"
    )
    assert run.err == "egressc: updated `us.yaml`: 0 workloads in 0 namespaces\n"


def test_a_selector_stays_while_it_takes_its_workload_alone(here: Path, run: Run) -> None:
    (here / "us.yaml").write_text(HAND.replace("selector: {version: v0}", "selector: {version: v1}"))
    (here / "all.yaml").write_text(CART)
    assert run("all.yaml", "-o", "us.yaml") == 0
    assert "selector: {version: v1}" in (here / "us.yaml").read_text()
    (here / "all.yaml").write_text(f"{CART}---\n{CART.replace('cart', 'pay')}")
    assert run("all.yaml", "-o", "us.yaml") == 0
    assert "cart: {labels: {app: cart, version: v1}, selector: {app: cart}}" in (here / "us.yaml").read_text()


def test_versions_of_a_workload_stay_one(here: Path, run: Run) -> None:
    head = HAND.partition("    # the shop")[0]
    text = f"{head}    shop: {{workloads: {{cart: {{labels: {{app: cart}}}}}}}}\n"
    (here / "us.yaml").write_text(text)
    versions = [CART.replace("name: cart", f"name: cart-{each}").replace("v1}", f"{each}}}") for each in ("v1", "v2")]
    (here / "all.yaml").write_text("---\n".join(versions))
    assert run("all.yaml", "-o", "us.yaml") == 0
    assert (here / "us.yaml").read_text() == text
    (here / "all.yaml").write_text("---\n".join([*versions, CART.replace("cart", "cart-other")]))
    assert run("all.yaml", "-o", "us.yaml") == 0
    assert "added: `shop/cart-other`" in run.err


def test_an_installation_that_contradicts_the_profile_is_not_named(here: Path, run: Run) -> None:
    (here / "us.yaml").write_text(HAND)
    (here / "istio.yaml").write_text(OPERATOR)
    (here / "all.yaml").write_text(CART)
    assert run("istio.yaml", "all.yaml", "-o", "us.yaml") == 0
    assert "installation" not in spec((here / "us.yaml").read_text())["istio"]  # type: ignore[operator]
    assert "not named in the profile: `istio.yaml`, as it does not say what the profile states\n" in run.err


def test_the_version_that_runs_stands_beside_an_installation_without_one(here: Path, run: Run) -> None:
    (here / "istio.yaml").write_text(OPERATOR)
    (here / "all.yaml").write_text(ISTIOD)
    assert run(".", "-q") == 0
    assert spec(run.out)["istio"] == {"installation": "istio.yaml", "version": "1.30"}
    (here / "istio.yaml").write_text(OPERATOR.replace("spec: {", "spec: {tag: 1.29.0, "))
    assert run(".") == 0
    assert spec(run.out)["istio"] == {"installation": "istio.yaml"}
    assert "`version` is 1.29 in the profile, and 1.30 in the cluster" in run.err


def test_what_names_no_namespace_is_for_the_one_that_is_said(here: Path, run: Run) -> None:
    (here / "all.yaml").write_text(f"{CART}---\n{SERVICE}".replace(", namespace: shop", ""))
    assert run("all.yaml", "-n", "shop", "-o", "us.yaml") == 0
    made = spec((here / "us.yaml").read_text())
    assert (made["defaultNamespace"], list(made["namespaces"])) == ("shop", ["shop"])  # type: ignore[call-overload]
    before = (here / "us.yaml").read_text()
    assert run("all.yaml", "-o", "us.yaml") == 0
    assert (here / "us.yaml").read_text() == before
    (here / "all.yaml").write_text(f"{CART}---\n{SERVICE}")
    assert run("all.yaml", "--name", "eu", "-o", "us.yaml") == 0
    assert (here / "us.yaml").read_text() == before.replace("name: us", "name: eu")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kind: Deployment\napiVersion: apps/v1\n", "is not a ClusterProfile"),
        (HAND + "---\n" + HAND, "is not a ClusterProfile"),
        (HAND.replace("region:", "regoin:"), "`regoin`"),
        (HAND + "  - x\n", ""),
        (HAND.replace("[owner]", "[owner"), "is not closed"),
    ],
)
def test_what_is_no_profile_is_not_touched(here: Path, run: Run, text: str, why: str) -> None:
    (here / "us.yaml").write_text(text)
    (here / "all.yaml").write_text(CART)
    assert run("all.yaml", "-o", "us.yaml") == 1
    assert why in run.err
    assert (here / "us.yaml").read_text() == text


def test_what_a_former_compilation_wrote_is_no_manifest(here: Path, run: Run) -> None:
    (here / "all.yaml").write_text(CART)
    assert run("all.yaml", "-o", "us.yaml") == 0
    (here / "p.egress").write_text("allow shop/cart -> a.example.com:443 tls\n")
    assert main(["compile", "p.egress", "-p", "us.yaml", "-o", "out", "-q"]) == 0
    before = (here / "us.yaml").read_text()
    assert run(".", "-o", "us.yaml") == 0
    assert (here / "us.yaml").read_text() == before
    assert run("all.yaml", "out/shop.yaml", "-o", "us.yaml") == 0
    assert (here / "us.yaml").read_text() == before


class Terminal(io.StringIO):
    """A stream that is one."""

    def isatty(self) -> bool:
        return True


def test_progress_is_for_terminals_and_long_work(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere, shown = io.StringIO(), Terminal()
    with Progress(elsewhere) as progress:
        progress.say("reading")
    with Progress(shown) as progress:  # too short to be told
        progress.say("reading")
    assert elsewhere.getvalue() == shown.getvalue() == ""
    monkeypatch.setattr("egresslang.commands.progress.AFTER", 0)
    with Progress(shown) as progress:
        for said in ("reading 1 of 2: a.yaml", "reading 2 of 2: b.yaml"):
            progress.say(said)
            while not shown.getvalue().endswith(said):
                time.sleep(0.01)
    assert shown.getvalue() == "\r\x1b[Kreading 1 of 2: a.yaml\r\x1b[Kreading 2 of 2: b.yaml\r\x1b[K"


def test_what_the_installation_leaves_out_of_capture_is_told_where_no_file_says_it(here: Path, run: Run) -> None:
    values = json.dumps({"global": {"proxy": {"excludeOutboundPorts": "5432"}}})
    injector = (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio-sidecar-injector}}\ndata: {{values: '{values}'}}\n"
    )
    (here / "all.yaml").write_text(f"{CART}---\n{injector}")
    assert run("all.yaml") == 0
    assert (
        "`global.proxy.excludeOutboundPorts` of the installation leaves traffic of every pod out of capture" in run.err
    )
    (here / "istio.yaml").write_text(OPERATOR)
    assert run(".") == 0
    assert "out of capture" not in run.err


JUNK = (None, 7, True, 1.5, "x", "", "{{ x }}", [], {}, ["a"], [None], {"a": "b"}, {"kind": "List", "items": []})
REPLICAS = """\
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: pay-5d8f
  namespace: shop
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: pay, controller: true}]
spec:
  selector: {matchLabels: {app: pay, pod-template-hash: 5d8f}}
  template:
    metadata: {labels: {app: pay, pod-template-hash: 5d8f}, annotations: {sidecar.istio.io/inject: "true"}}
    spec: {serviceAccountName: pay, containers: [{name: a, securityContext: {runAsUser: 1337}}]}
"""
MANIFESTS = [*yaml.safe_load_all("---\n".join((CART, SERVICE, NAMESPACE, OPERATOR, ISTIOD, REPLICAS)))]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container in a value, and each key or index of it."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])


@given(st.data())
def test_whatever_manifests_hold_makes_a_profile_that_is_right_and_stays(data: st.DataObject) -> None:
    manifests = copy.deepcopy(MANIFESTS)
    for _ in range(data.draw(st.integers(0, 3))):
        container, key = data.draw(st.sampled_from([*places(manifests)]))
        container[key] = copy.deepcopy(data.draw(st.sampled_from(JUNK)))
    text = yaml.safe_dump_all(manifests)
    cluster = read_cluster([Source("all.yaml", text)])
    for standing in (None, Source("us.yaml", HAND)):
        made = make("us.yaml", "", standing, cluster, lambda _: text, Asked())
        assert made.findings == ()
        again = make("us.yaml", "", Source("us.yaml", made.text), cluster, lambda _: text, Asked())
        assert again.text == made.text
