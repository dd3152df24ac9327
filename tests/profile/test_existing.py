"""Resources that stand in the cluster: inline, in files, in lists, and of any kind."""

from __future__ import annotations

from egresslang.findings import Finding
from egresslang.profile.load import load
from egresslang.profile.profile import Resource
from egresslang.source import Source

FILE = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: recipes, labels: {app.kubernetes.io/managed-by: egressc, port: 8080}}
spec: {hosts: [api.example.com]}
---
# nothing
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}
- apiVersion: v1
  kind: ServiceList
  items:
  - {apiVersion: v1, kind: Service, metadata: {name: inner, namespace: x}}
---
apiVersion: v1
kind: ServiceList
items: []
"""


def resources(entries: str, files: dict[str, str]) -> tuple[tuple[Resource, ...], list[Finding]]:
    text = f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: x}}\nspec: {{defaultNamespace: mine, resources: [{entries}]}}\n"
    made, findings = load(Source("etc/p.yaml", text), files.__getitem__)
    return made.resources if made else (), findings


def test_resources_of_a_file() -> None:
    found, findings = resources("../all.yaml", {"all.yaml": FILE})
    assert findings == []
    assert [(r.api_version, r.kind, r.namespace, r.name, dict(r.labels), dict(r.spec)) for r in found] == [
        (
            "networking.istio.io/v1",
            "ServiceEntry",
            "recipes",
            "api",
            {"app.kubernetes.io/managed-by": "egressc", "port": "8080"},
            {"hosts": ["api.example.com"]},
        ),
        ("v1", "Service", "mine", "web", {}, {"ports": [{"port": 80}]}),
        ("v1", "Service", "x", "inner", {}, {}),
    ]
    assert [(r.span.place, r.span.text) for r in found] == [
        (("all.yaml", 3, 18), "api"),
        (("all.yaml", 11, 52), "web"),
        (("all.yaml", 15, 54), "inner"),
    ]


def test_resources_inside_the_profile_of_any_kind() -> None:
    found, findings = resources(
        "{apiVersion: x.io/v1, kind: Thing, metadata: {name: t}, spec: }, a.yaml", {"etc/a.yaml": FILE}
    )
    assert findings == []
    assert [(r.kind, r.name) for r in found] == [
        ("Thing", "t"),
        ("ServiceEntry", "api"),
        ("Service", "web"),
        ("Service", "inner"),
    ]
    assert found[0].span.text == "t"


def test_what_is_wrong_in_a_file_is_told_there() -> None:
    _, findings = resources(
        "a.yaml",
        {"etc/a.yaml": "apiVersion: v1\nkind: Service\nkind: Pod\n---\napiVersion: v1\nkind: Pod\nmetadata: {}\n"},
    )
    assert [(f.span.place, f.span.text, f.message) for f in findings] == [
        (("etc/a.yaml", 3, 1), "kind", "the key `kind` is given twice"),
        (("etc/a.yaml", 5, 1), "apiVersion", "`metadata.name` of a manifest is missing"),
    ]


def test_one_resource_given_twice() -> None:
    web = "{apiVersion: v1, kind: Service, metadata: {name: web}}"
    assert resources(f"{web}, {web.replace('web}', 'web, namespace: other}')}", {})[1] == []
    (twice,) = resources(f"{web}, {web.replace('web}', 'web, namespace: mine}')}", {})[1]
    assert (twice.code.id, twice.message, twice.span.text) == ("EGR510", "Service `web` is given twice", "web")
    assert twice.related[0].span.start < twice.span.start
