"""Pods that are alike: what is asked for one of them holds for all."""

from __future__ import annotations

import json
import warnings
from datetime import date

import pytest
from asking import Case
from facts.routes import route, routed, to
from meshes import entry
from modelled import mesh_of
from random_meshes import generate

from egresslang.answers.asked_mesh import AskedMesh, Client
from egresslang.existing.importing.importing import Imported, import_policy
from egresslang.files import Unreadable
from egresslang.mesh.listeners import Pod
from egresslang.mesh.mesh import Mesh
from egresslang.source import Source


def mesh(*istio: str) -> Mesh:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return mesh_of(Case("", "{}", "".join(istio), "", (), ()))


def are_alike(asked: Mesh, one: str, other: str) -> bool:
    return asked.alike(Pod(one, {"app": "a"})) == asked.alike(Pod(other, {"app": "b"}))


def test_namespaces_without_a_sidecar_are_alike_under_entries_for_everyone() -> None:
    asked = mesh(entry("a.example", [(443, "TLS")], exportTo=["*"]))
    assert are_alike(asked, "team-a", "elsewhere")


@pytest.mark.parametrize(
    "istio",
    [
        [entry("a.example", [(443, "TLS")])],
        [entry("a.example", [(443, "TLS")], exportTo=["*"]), entry("a.example", [(443, "TLS")], namespace="b", exportTo=["*"])],
        [entry("a.team-a.svc.cluster.local", [(80, "HTTP")], namespace="b", exportTo=["*"])],
    ],
    ids=["for its own", "of several", "short names"],
)  # fmt: skip
def test_what_tells_a_namespace_apart(istio: list[str]) -> None:
    assert not are_alike(mesh(*istio), "team-a", "elsewhere")


def test_a_route_for_one_namespace_tells_it_apart() -> None:
    virtual = routed(hosts=("a.example",), http=[route(to("b.example", 80), match=[{"sourceNamespace": "named"}])])
    asked = mesh(virtual)
    assert asked.alike(Pod("named", {})) != asked.alike(Pod("elsewhere", {}))


@pytest.mark.parametrize("seed", range(6))
def test_what_is_imported_is_the_same_as_if_everybody_were_asked(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    case = generate(seed)
    said = {"metadata": {"name": "istio", "namespace": "istio-system"}, "data": {"mesh": case.meshConfig}}
    texts = [case.istio, case.kubernetes, f"---\n{json.dumps({'apiVersion': 'v1', 'kind': 'ConfigMap', **said})}\n"]
    for at, proxy in enumerate(case.proxies):
        labels = dict(proxy.labels) or {"app": "x"}
        texts += [deployment(proxy.namespace, f"w{at}-{twin}", labels) for twin in range(2)]
        texts.append(deployment(f"lone-{at % 2}", f"w{at}", labels))
    together = imported("".join(texts))
    monkeypatch.setattr(AskedMesh, "alike", alone)
    assert together == imported("".join(texts))


def alone(_: AskedMesh, client: Client) -> object:
    return client.namespace, client.name


def deployment(namespace: str, name: str, labels: dict[str, str]) -> str:
    template = {"metadata": {"labels": labels}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    meta = {"name": name, "namespace": namespace}
    return f"---\n{json.dumps({'apiVersion': 'apps/v1', 'kind': 'Deployment', 'metadata': meta, 'spec': spec})}\n"


def imported(text: str) -> object:
    try:
        made: Imported = import_policy([Source("mesh.yaml", text)], None, date(2026, 11, 25))
    except Unreadable as error:
        return str(error)
    return made.text, made.profile, made.level, list(map(str, made.unkept)), [each.message for each in made.findings]
