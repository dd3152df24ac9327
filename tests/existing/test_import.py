"""Importing: a mesh becomes a policy with the same flows, and what is not the same is in the list."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
import yaml
from policies import RandomPolicy, kubernetes, printed
from policies import profile as written
from random_policies import SHAPES, generate
from said import Said

from egresslang.answers.deployed import ask_manifests
from egresslang.answers.difference.comparison import Granting
from egresslang.answers.difference.difference import CHANGED, changes
from egresslang.answers.difference.known_workloads import of_manifests, of_policy, workloads_of
from egresslang.answers.left_open import left_open
from egresslang.compile import Compilation, compile, read
from egresslang.documents import read as read_documents
from egresslang.existing.analyze import analyze
from egresslang.existing.cluster import read_cluster
from egresslang.existing.importing import proof
from egresslang.existing.importing.importing import Imported, import_policy
from egresslang.existing.importing.population import populate, population
from egresslang.files import Unreadable
from egresslang.findings import Severity
from egresslang.policy.policy import Policy
from egresslang.policy.resolve import resolve
from egresslang.profile.load import load
from egresslang.profile.profile import ClusterProfile
from egresslang.source import Source

TODAY = date(2026, 11, 25)
CLOSED = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data: {mesh: "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"}
"""


def manifest(
    kind: str, name: str, spec: object, namespace: str = "shop", version: str = "networking.istio.io/v1"
) -> str:
    meta = {"name": name, "namespace": namespace}
    return "---\n" + json.dumps({"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec}) + "\n"


def entry(host: str, port: int = 443, protocol: str = "TLS", namespace: str = "shop", **more: object) -> str:
    ports = [{"number": port, "name": f"{protocol.lower()}-{port}", "protocol": protocol}]
    name = host.replace(".", "-").replace("*", "any")
    return manifest("ServiceEntry", name, {"hosts": [host], "ports": ports, "resolution": "DNS", **more}, namespace)


def sidecar(name: str, *hosts: str, mode: str = "", namespace: str = "shop", selects: bool = True) -> str:
    spec: dict[str, object] = {"egress": [{"hosts": list(hosts)}]}
    if selects:
        spec["workloadSelector"] = {"labels": {"app": name}}
    if mode:
        spec["outboundTrafficPolicy"] = {"mode": mode}
    return manifest("Sidecar", name, spec, namespace)


def deployment(name: str, namespace: str = "shop", **labels: str) -> str:
    template = {"metadata": {"labels": {"app": name, **labels}}}
    return manifest(
        "Deployment", name, {"selector": {"matchLabels": {"app": name}}, "template": template}, namespace, "apps/v1"
    )


def imported(text: str, profile: ClusterProfile | None = None) -> Imported:
    return import_policy([Source("mesh.yaml", text)], profile, TODAY)


def rules(text: str) -> list[str]:
    """The statements of the policy that some manifests become."""
    lines = imported(text).text.splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def lost(text: str) -> list[str]:
    return [str(each) for each in imported(text).unkept if each.is_flow]


IN_MESH = "*/*.svc.cluster.local"


# By hand


def test_what_all_have_is_granted_to_all() -> None:
    text = CLOSED + entry("api.example.com") + entry("db.example.com", exportTo=["."]) + deployment("cart")
    assert rules(text) == [
        "allow * -> api.example.com:443 tls",
        "namespace shop",
        "allow shop/* -> db.example.com:443 tls",
    ]


def test_a_sidecar_says_what_one_reaches() -> None:
    text = CLOSED + entry("a.example.com", exportTo=["."]) + entry("b.example.com", exportTo=["."])
    text += deployment("cart") + deployment("front") + sidecar("cart", IN_MESH, "./a.example.com")
    text += sidecar("default", IN_MESH, selects=False)
    assert rules(text) == ["namespace shop", "allow cart -> a.example.com:443 tls"]
    assert lost(text) == []


def test_pods_that_nobody_knows_are_called_as_their_sidecar() -> None:
    text = CLOSED + entry("a.example.com", exportTo=["."]) + sidecar("cart", IN_MESH, "./a.example.com")
    made = imported(text + sidecar("default", IN_MESH, selects=False))
    assert "allow cart -> a.example.com:443 tls" in made.text
    assert "cart:\n          labels:\n            app: cart\n" in made.profile


def test_nobody_gains_what_only_others_have() -> None:
    """Strangers import everything here, and `cart` not: a grant to the namespace would be one to `cart`."""
    text = CLOSED + entry("a.example.com", exportTo=["."]) + deployment("cart") + deployment("front")
    text += sidecar("cart", IN_MESH)
    assert rules(text) == ["namespace shop", "allow front -> a.example.com:443 tls"]
    (told,) = lost(text)
    assert told.startswith(
        "lost: any other workload of shop -> a.example.com:443 tls: some known workloads have it not"
    )


def test_what_is_listed_in_the_mesh_becomes_mesh_lines() -> None:
    text = (
        CLOSED
        + entry("a.example.com", exportTo=["."])
        + deployment("cart")
        + sidecar("cart", "./*", "otel/agent.otel.svc.cluster.local")
    )
    assert "mesh cart -> otel/agent, shop/*" in rules(text)
    text = CLOSED + deployment("cart") + sidecar("cart", "~/*")
    assert 'mesh cart -> shop/none reason="it keeps nothing of the mesh"' in rules(text)


def test_lists_that_repeat_are_sets() -> None:
    text = (
        CLOSED
        + "".join(entry(f"{each}.stripe.com", exportTo=["."]) for each in "ab")
        + "".join(entry(f"{each}.example.com", 443, exportTo=["."]) for each in "cd")
    )
    text += manifest(
        "ServiceEntry",
        "a-80",
        {
            "hosts": ["a.stripe.com", "b.stripe.com"],
            "exportTo": ["."],
            "resolution": "DNS",
            "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
        },
        "pay",
    )
    text += deployment("cart") + sidecar("cart", IN_MESH, "./a.stripe.com", "./b.stripe.com") + deployment("web", "pay")
    text += sidecar("default", IN_MESH, selects=False)
    assert rules(text) == [
        "hosts stripe = a.stripe.com, b.stripe.com",
        "namespace pay",
        "allow pay/* -> stripe:80 http",
        "namespace shop",
        "allow cart -> stripe:443 tls",
    ]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (CLOSED + entry("a.example.com"), "mesh"),
        (entry("a.example.com"), "observe"),
        (entry("a.example.com") + deployment("cart") + sidecar("cart", "./*", mode="REGISTRY_ONLY"), "workloads"),
        (
            entry("a.example.com") + sidecar("default", "./*", mode="REGISTRY_ONLY", selects=False),
            "{namespaces: [shop]}",
        ),
    ],
)
def test_who_is_held_stays_held_and_nobody_else_is(text: str, level: str) -> None:
    made = imported(text)
    assert made.level == level
    assert [str(each) for each in made.unkept if each.is_flow] == []
    assert "a.example.com:443 tls" in made.text


def test_who_is_open_in_a_closed_mesh_stays_open() -> None:
    text = CLOSED + deployment("cart") + sidecar("cart", "*/*", mode="ALLOW_ANY")
    assert 'allow cart -> * reason="the manifests leave it open"' in rules(text)
    assert lost(text) == []


def test_who_reaches_nothing_under_an_open_mesh_is_named() -> None:
    text = entry("a.example.com", namespace="pay") + deployment("cart") + sidecar("cart", IN_MESH, mode="REGISTRY_ONLY")
    made = imported(text)
    assert made.level == "workloads"
    assert "mesh cart -> pay/*, shop/*" in made.text
    assert any("keeps Services of namespaces" in str(each) for each in made.unkept)


def test_why_is_kept() -> None:
    text = CLOSED + "---\n# card payments\n" + entry("a.example.com").removeprefix("---\n")
    assert rules(text) == ['allow * -> a.example.com:443 tls reason="card payments"']
    yaml = """---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: a, namespace: shop, annotations: {example.com/description: 'says "${so}"'}}
spec:
  hosts:
  - a.example.com  # the first
  - b.example.com
  ports: [{number: 443, name: tls, protocol: TLS}]
  resolution: DNS
"""
    assert rules(CLOSED + yaml) == [
        'allow * -> a.example.com:443 tls reason="says \\"$${so}\\" the first"',
        'allow * -> b.example.com:443 tls reason="says \\"$${so}\\""',
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (entry("a.example.com", 5432, "TCP"), "-> *:5432 tcp: it takes every connection on its port"),
        (entry("*.co.uk", resolution="NONE"), "EGR301"),
        (entry("a.example.com", addresses=["0.0.0.0/0"], resolution="NONE", port=9000, protocol="TCP"), "EGR305"),
        (entry("pay.shop.svc.cluster.local"), "EGR106"),
        (entry("a.example.com", resolution="STATIC", endpoints=[{"address": "192.0.2.3"}]), "-> a.example.com:443 tls: leads to: 192.0.2.3 -> what the name resolves to"),
        (entry("a.example.com", resolution="NONE"), "-> a.example.com:443 tls: leads to: "),
        (entry("vm.example.com", location="MESH_INTERNAL"), "is not imported"),
        (entry("a.example.com", exportTo=["~"]), "names what nobody reaches (a.example.com:443)"),
        (entry("a.example.com") + manifest("DestinationRule", "a", {"host": "a.example.com"}), "DestinationRule shop/a says how"),
        (entry("a.example.com") + manifest("VirtualService", "a", {"hosts": ["a.example.com"], "tls": [{"match": [{"sniHosts": ["a.example.com"], "port": 443}], "route": [{"destination": {"host": "a.example.com"}}]}]}), "VirtualService shop/a routes"),
        (entry("a.example.com") + sidecar("x", "./*", mode="NEVER"), "not read: this Sidecar"),
        (manifest("IstioOperator", "default", {"values": {"global": {"proxy": {"excludeIPRanges": "10.0.0.0/8"}}}}, version="install.istio.io/v1alpha1"), "leaves traffic out of the mesh (`global.proxy.excludeIPRanges`: 10.0.0.0/8)"),
        (entry("a.example.com") + "---\n{{ template }}: [\n", "not read:"),
        (entry("a.example.com") + manifest("NetworkPolicy", "n", {}, version="networking.k8s.io/v1"), "NetworkPolicy shop/n is not imported"),
    ],
)  # fmt: skip
def test_what_is_not_kept_is_listed(text: str, told: str) -> None:
    made = imported(CLOSED + text)
    assert made.findings == ()
    assert any(told in str(each) for each in made.unkept), [str(each) for each in made.unkept]
    assert all(f"# not kept: {each}" in made.text for each in made.unkept)


def test_an_error_that_no_rule_has_is_laid_to_the_rule_that_makes_it() -> None:
    """A network over the cluster's own takes the place of a Service."""
    service = manifest(
        "Service",
        "web",
        {"clusterIP": "10.8.0.3", "selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}]},
        version="v1",
    )
    text = (
        CLOSED
        + service
        + entry("a.example.com", exportTo=["."])
        + entry("b.example.com", 80, "TCP", addresses=["10.8.0.0/24"], resolution="NONE", exportTo=["."])
    )
    assert rules(text) == ["namespace shop", "allow shop/* -> a.example.com:443 tls"]
    assert "EGR507" in " ".join(lost(text)) or "EGR306" in " ".join(lost(text))


def test_the_proof_sees_what_a_policy_gains_and_loses() -> None:
    """A policy that is not the one imported: both directions are told."""
    text = CLOSED + entry("a.example.com", exportTo=["."])
    made = imported(text)
    profile = loaded(made.profile)
    documents, _ = read_documents(Source("mesh.yaml", text))
    asked, _ = ask_manifests(documents, None)
    everybody = population(asked, (), None)
    populate(asked, everybody)
    other, _ = proof.compiled("allow shop/* -> b.example.com:443 tls\n", "other.egress", profile, TODAY)
    assert other is not None
    told = proof.differences(lambda labels: of_manifests(asked, labels).grants, other, profile, everybody, (), asked)
    assert [str(each) for each in told] == [
        "gained: any other workload of shop -> b.example.com:443 tls: the compiled mesh lets it through",
        "lost: any other workload of shop -> a.example.com:443 tls: some known workloads have it not, and a policy grants to all of a namespace, or by name",
    ]


def test_the_proof_tells_all_who_are_alike_of_what_one_of_them_loses() -> None:
    """One is asked for all; where its flows differ, all are told, each by itself."""
    text = CLOSED + entry("a.example.com", namespace="data") + "".join(map(deployment, ("cart", "front")))
    text += deployment("lone", "away") + deployment("stranger", "away2")
    made = imported(text)
    assert rules(text) == ["allow * -> a.example.com:443 tls"]
    assert made.unkept == ()
    profile = loaded(made.profile)
    asked, _ = ask_manifests(read_documents(Source("mesh.yaml", text))[0], None)
    everybody = population(asked, read_cluster([Source("mesh.yaml", text)]).workloads, None)
    populate(asked, everybody)
    other, _ = proof.compiled("allow shop/cart -> a.example.com:443 tls\n", "other.egress", profile, TODAY)
    assert other is not None
    told = proof.differences(lambda labels: of_manifests(asked, labels).grants, other, profile, everybody, (), asked)
    lost = "".join(str(each) for each in told if each.what.startswith("lost: "))
    assert {who for who in ("shop/cart", "shop/front", "away/lone", "away2/stranger") if who in lost} == {
        "shop/front",
        "away/lone",
        "away2/stranger",
    }


def test_a_profile_that_is_given_says_who_is_there_and_who_is_held() -> None:
    profile = loaded(
        """apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: mine}
spec:
  istio: {outboundTrafficPolicy: REGISTRY_ONLY}
  namespaces: {shop: {workloads: {cart: {labels: {app: cart}}, front: {labels: {app: front}}}}}
"""
    )
    text = entry("a.example.com", exportTo=["."]) + sidecar("cart", IN_MESH)
    made = imported(text, profile)
    assert "allow front -> a.example.com:443 tls" in made.text
    assert (made.level, made.profile) == ("mesh", "")


def test_what_comes_of_an_import_is_nothing_to_complain_of() -> None:
    text = (
        CLOSED
        + entry("a.example.com", exportTo=["."])
        + deployment("cart")
        + sidecar("cart", IN_MESH, "./a.example.com")
    )
    made = imported(text + sidecar("default", IN_MESH, selects=False))
    compiled, found = proof.compiled(made.text, "imported.egress", loaded(made.profile), TODAY)
    assert compiled is not None
    assert found == []
    assert analyze([Source("compiled.yaml", compiled.text + deployment("cart"))]).findings == ()


# The command


def test_the_status_and_the_streams(tmp_path: Path) -> None:
    (tmp_path / "mesh.yaml").write_text(CLOSED + entry("a.example.com"))
    said = Said("import", tmp_path / "mesh.yaml", "--strict")
    assert (said.status, said.err) == (0, "egressc: imported for enforcement mesh: the same flows\n")
    assert "allow * -> a.example.com:443 tls" in said.out
    (tmp_path / "mesh.yaml").write_text(CLOSED + entry("a.example.com", 5432, "TCP"))
    said = Said("import", tmp_path / "mesh.yaml", "--strict", "-o", tmp_path / "p.egress")
    assert (said.status, said.out) == (1, "")
    assert f"{tmp_path}/mesh.yaml:6: not kept: lost: " in said.err
    assert "1 line of flows not kept" in said.err
    assert Said("import", tmp_path / "mesh.yaml", "-q").status == 0


def test_misuse(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(deployment("cart"))
    said = Said("import", tmp_path)
    assert (said.status, said.err.count("\n")) == (2, 1)
    assert said.err.startswith("egressc: nothing to import: ")
    assert Said("import", tmp_path, "-p", "a", "-p", "b").status == 2
    assert Said("import", tmp_path, "-p", "a", "--profile-output", "b").status == 2


def test_standard_input_and_folders_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(CLOSED)
    (tmp_path / "b.yaml").write_text(entry("a.example.com"))
    (tmp_path / "services.yaml").write_text(deployment("cart"))
    said = Said("import", tmp_path, "--profile-output", tmp_path / "c" / ".." / "profile.yaml")
    assert "allow * -> a.example.com:443 tls" in said.out
    assert "resources:\n  - services.yaml\n" in (tmp_path / "profile.yaml").read_text().replace("../", "").replace(
        "c/", ""
    )
    said = Said("import", "-", stdin=(CLOSED + entry("a.example.com")).encode())
    assert "allow * -> a.example.com:443 tls" in said.out


ROUTE = {"hosts": ["a.example.org"], "tls": [{"match": [{"port": 443, "sniHosts": ["a.example.org"]}], "route": [{"destination": {"host": "a.example.org"}}]}]}  # fmt: skip


def mixed(*more: str) -> str:
    """A mesh in one file: what a policy replaces, and what stays."""
    inside = entry("details.example.net", 80, "HTTP", location="MESH_INTERNAL")
    route = manifest("VirtualService", "route", ROUTE)
    return "".join([CLOSED, entry("*.example.com", exportTo=["."]), entry("a.example.org", exportTo=["."]), inside, "---\n# to stay", route[3:], deployment("cart"), *more])  # fmt: skip


def test_what_stays_of_a_mixed_file_has_a_file_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mesh.yaml").write_text(mixed())
    for _ in range(2):
        said = Said("import", "mesh.yaml", "-o", "p.egress", "--profile-output", "cluster.yaml")
        assert said.status == 0
    rest = Path("cluster-resources.yaml").read_text()
    assert rest.startswith("# Stays in the cluster beside an imported policy, from mesh.yaml.\n")
    kinds = [json.loads(each.split("\n", 1)[-1] if "#" in each else each)["kind"] for each in rest.split("---\n")]
    assert sorted(kinds) == ["Deployment", "ServiceEntry", "VirtualService"]
    assert Said("compile", "p.egress", "-p", "cluster.yaml", "-o", "out", "-q").status == 0
    assert Said("analyze", "out", "-p", "cluster.yaml", "-q").out == ""
    assert Said("analyze", "out", "cluster-resources.yaml", "-q").out == ""
    assert "EGR603" in Said("analyze", "out").out
    compared = Said("diff", "--base", "mesh.yaml", "p.egress", "-p", "cluster.yaml")
    assert compared.out == "no access changed from mesh.yaml to p.egress\n"


def test_a_file_that_no_import_wrote_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mesh.yaml").write_text(mixed())
    (tmp_path / "cluster-resources.yaml").write_text("mine\n")
    said = Said("import", tmp_path / "mesh.yaml", "--profile-output", tmp_path / "cluster.yaml")
    assert (said.status, (tmp_path / "cluster-resources.yaml").read_text()) == (2, "mine\n")
    assert "cluster-resources.yaml` stands there" in said.err
    assert not (tmp_path / "cluster.yaml").exists()


def test_a_folder_that_an_import_wrote_into_is_imported_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mesh").mkdir()
    Path("mesh/mesh.yaml").write_text(mixed())
    profiles = []
    for _ in range(2):
        assert Said("import", "mesh", "--profile-output", "mesh/cluster.yaml").status == 0
        profiles.append((Path("mesh/cluster.yaml").read_text(), Path("mesh/cluster-resources.yaml").read_text()))
    assert profiles[0][0] == profiles[1][0]
    assert profiles[1][1].count("VirtualService") == 1


def test_what_a_profile_does_not_name_is_told() -> None:
    profile = """\
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: prod}
spec: {enforcement: mesh, namespaces: {shop: {workloads: {cart: {labels: {app: cart}}}}}}
"""
    made = imported(mixed(), loaded(profile))
    assert "the profile does not name VirtualService shop/route" in "\n".join(map(str, made.unkept))


def test_comments_of_a_sidecar_are_reasons() -> None:
    listed = """---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  egress:
  # card payments
  - hosts:
    - ./a.example.com
    - ./b.example.com # and refunds
  - hosts: ["*/*.svc.cluster.local"]
"""
    text = CLOSED + entry("a.example.com", exportTo=["."]) + entry("b.example.com", exportTo=["."]) + listed
    assert [line for line in imported(text).text.splitlines() if line.startswith("allow")] == [
        'allow shop/* -> a.example.com:443 tls reason="card payments"',
        'allow shop/* -> b.example.com:443 tls reason="card payments and refunds"',
    ]


GATEWAY = "istio-egressgateway.istio-system.svc.cluster.local"


def through_gateway(mode: str) -> str:
    """Istio's documented egress gateway for HTTP, with pods of another namespace that its subset is not for."""
    labels = {"istio": "egressgateway"}
    service = manifest("Service", "istio-egressgateway", {"clusterIP": "10.96.0.99", "selector": labels, "ports": [{"port": 80, "name": "http2"}]}, "istio-system", "v1")  # fmt: skip
    pods = manifest("Deployment", "istio-egressgateway", {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}, "istio-system", "apps/v1")  # fmt: skip
    routes = [
        {
            "match": [{"gateways": ["mesh"], "port": 80}],
            "route": [{"destination": {"host": GATEWAY, "subset": "cnn", "port": {"number": 80}}}],
        },
        {
            "match": [{"gateways": ["istio-egressgateway"], "port": 80}],
            "route": [{"destination": {"host": "edition.cnn.com", "port": {"number": 80}}}],
        },
    ]
    virtual = {"hosts": ["edition.cnn.com"], "gateways": ["istio-egressgateway", "mesh"], "http": routes}
    return "".join(
        [
            CLOSED.replace("REGISTRY_ONLY", mode),
            entry("edition.cnn.com", 80, "HTTP"),
            service,
            pods,
            deployment("cart"),
            deployment("pay", "pay"),
            manifest("DestinationRule", "cnn", {"host": GATEWAY, "subsets": [{"name": "cnn"}]}),
            manifest("VirtualService", "cnn", virtual),
        ]
    )


def test_a_mesh_that_is_open_beside_an_egress_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the gateway itself would lose is told."""
    monkeypatch.chdir(tmp_path)
    Path("mesh.yaml").write_text(through_gateway("ALLOW_ANY"))
    said = Said("import", "mesh.yaml", "-o", "p.egress", "--profile-output", "cluster.yaml")
    assert said.status == 0
    assert "not kept: lost: gateways of istio-system -> edition.cnn.com:80: " in said.err
    assert "enforcement observe: 1 line of flows not kept" in said.err
    assert "allow shop/* -> edition.cnn.com:80 http" in Path("p.egress").read_text()
    compiled = Said("compile", "p.egress", "-p", "cluster.yaml", "-o", "out")
    assert compiled.status == 0
    assert "`pay/pay` could not reach `edition.cnn.com:80 http`" in compiled.err
    assert "the policy changes nothing about it" in compiled.err
    assert "`istio-system/istio-egressgateway` could not" not in compiled.err
    compared = Said("diff", "--base", "mesh.yaml", "p.egress", "-p", "cluster.yaml")
    assert compared.out == "no access changed from mesh.yaml to p.egress\n"


def test_a_mesh_that_is_closed_beside_an_egress_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mesh.yaml").write_text(through_gateway("REGISTRY_ONLY"))
    said = Said("import", "mesh.yaml", "-o", "p.egress", "--profile-output", "cluster.yaml")
    assert said.err.splitlines()[-1] == "egressc: imported for enforcement mesh: the same flows, 1 other thing not kept"
    assert [line for line in Path("p.egress").read_text().splitlines() if line.startswith("allow")] == [
        'allow istio-egressgateway -> edition.cnn.com:80 http reason="a gateway leads there"',
        "allow shop/* -> edition.cnn.com:80 http",
    ]
    compared = Said("diff", "--base", "mesh.yaml", "p.egress", "-p", "cluster.yaml")
    assert compared.out == "no access changed from mesh.yaml to p.egress\n"
    Path("p.egress").write_text("allow shop/* -> edition.cnn.com:80 http\n")
    refused = Said("check", "p.egress", "-p", "cluster.yaml")
    assert refused.status == 1
    assert "`shop/cart` could not reach `edition.cnn.com:80`" in refused.out + refused.err


def test_a_gateway_that_leads_there_for_another_host_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mesh.yaml").write_text(through_gateway("REGISTRY_ONLY"))
    assert Said("import", "mesh.yaml", "-o", "p.egress", "--profile-output", "cluster.yaml").status == 0
    rest = Path("cluster-resources.yaml")
    (virtual,) = [each for each in yaml.safe_load_all(rest.read_text()) if each["kind"] == "VirtualService"]
    others = [each for each in yaml.safe_load_all(rest.read_text()) if each["kind"] != "VirtualService"]
    of_pods, of_gateway = virtual["spec"]["http"]
    split = [
        virtual | {"spec": {"hosts": ["edition.cnn.com"], "gateways": ["mesh"], "http": [of_pods]}},
        virtual
        | {"metadata": {"name": "other", "namespace": "shop"}}
        | {"spec": {"hosts": ["other.example.com"], "gateways": ["istio-egressgateway"], "http": [of_gateway]}},
    ]
    rest.write_text(yaml.safe_dump_all([*others, *split]))
    refused = Said("check", "p.egress", "-p", "cluster.yaml")
    assert refused.status == 1
    assert "`shop/cart` could not reach `edition.cnn.com:80`" in refused.out + refused.err


# Random policies


PREFIX = "traffic.sidecar.istio.io/"
LEFT_OUT: tuple[dict[str, str], ...] = (
    {},
    {"excludeOutboundIPRanges": "203.0.113.0/24,198.51.100.7/32"},
    {"excludeOutboundPorts": "443,5432"},
    {"includeOutboundIPRanges": "10.0.0.0/8", "includeOutboundPorts": "80"},
)
"""What pods leave out of capture, by the ends of their annotations."""


def deployments(policy: RandomPolicy, captured: bool = True) -> str:
    made = []
    for at, each in enumerate(policy.cluster.workloads):
        left_out = {} if captured else LEFT_OUT[at % len(LEFT_OUT)]
        annotations = {f"{PREFIX}{key}": text for key, text in left_out.items()}
        template = {"metadata": {"labels": dict(each.labels), "annotations": annotations}}
        spec = {"selector": {"matchLabels": dict(each.selector or each.labels)}, "template": template}
        made.append(manifest("Deployment", each.name, spec, each.namespace, "apps/v1"))
    return "".join(made)


def loaded(text: str) -> ClusterProfile:
    profile, found = load(Source("cluster.yaml", text), lambda path: Path(path).read_text())
    assert profile is not None, found
    return profile


def granting(policy: Policy, profile: ClusterProfile) -> Granting:
    return Granting(policy.grants, policy, left_open(policy, profile))


def sayable(seed: int, shape: str) -> tuple[RandomPolicy, ClusterProfile, Compilation]:
    """A policy of a shape that Istio can say: few it cannot."""
    for each in range(seed, 1000, 100):
        made = generate(each, shape)
        before = loaded(written(made))
        files, _ = read([Source("before.egress", printed(made).text)])
        compiled = compile(files, before, TODAY, Severity.WARNING)
        if compiled.manifests is not None:
            return made, before, compiled
    raise AssertionError


DUAL = manifest("Service", "dual", {"clusterIP": "10.8.0.99", "clusterIPs": ["10.8.0.99", "fd00:8::99"], "ports": [{"port": 8765}]}, "shared", "v1")  # fmt: skip
"""A Service that tells that the cluster has both IP versions."""


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(4))
def test_a_policy_comes_back_with_the_same_flows(shape: str, seed: int) -> None:
    """Compiled and imported again: by the model of the mesh, and by the algebra of flows, which know nothing of each other.

    In `capture` sidecars answer DNS, and pods leave ports and addresses out: the profile says so again.
    """
    made, before, compiled = sayable(seed, shape)
    assert compiled.policy is not None
    families = DUAL if shape == "v6" else ""
    pods = deployments(made, captured=shape != "capture")
    after = imported(compiled.text + kubernetes(made.services) + pods + families)
    assert sorted(set(re.findall(rf"{PREFIX}\w+", after.profile))) == sorted(set(re.findall(rf"{PREFIX}\w+", pods)))
    assert [str(each) for each in after.unkept if each.is_flow] == []
    again = loaded(after.profile)
    policy, found = resolve(read([Source("after.egress", after.text)])[0], again, TODAY, Severity.WARNING)
    assert not [each for each in found if each.severity is Severity.ERROR]
    known = workloads_of(Granting((), compiled.policy))
    sides = [of_policy(granting(*side), side[1], known) for side in ((compiled.policy, before), (policy, again))]
    assert [(each.kind, str(each.grant.subject), str(each.grant.destination)) for each in changes(sides[0].grants, sides[1].grants, have_terms=False) if each.kind != CHANGED] == []  # fmt: skip


def test_nothing_to_import_says_what_could_not_be_read() -> None:
    with pytest.raises(Unreadable, match=r"nothing to import: .*; mesh\.yaml:1: not read: a list is not closed"):
        import_policy([Source("mesh.yaml", "kind: [Sidecar")], None, TODAY)
