"""Which resources stand in which file, in which order on a stream, and what `--kinds` and `--namespace` leave."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from egresslang.output import KINDS, render, stream
from egresslang.record import replace
from egresslang.targets.manifests import EgressListener, Installation, Manifests, Port, ServiceEntry, Sidecar

LISTENER = (EgressListener(("*/*.svc.cluster.local",)),)


def entry(namespace: str, name: str) -> ServiceEntry:
    return ServiceEntry(namespace, name, (f"{name}.example.com",), (Port(443, "TLS", "tls-443"),), "DNS")


def workload(namespace: str, name: str) -> Sidecar:
    return Sidecar(namespace, name, (("app", name),), "REGISTRY_ONLY", LISTENER)


def default(namespace: str) -> Sidecar:
    return Sidecar(namespace, "default", None, "REGISTRY_ONLY", LISTENER)


MANIFESTS = Manifests(
    (entry("a", "x"), entry("a", "y"), entry("mesh", "z"), entry("z", "x")),
    (default("a"), workload("a", "w"), default("mesh"), workload("mesh", "m"), default("z"), workload("z", "w")),
    Installation("REGISTRY_ONLY", "istio", "cluster", "mesh", "mesh"),
)


def told(text: str) -> list[str]:
    """The resources of a text as `Kind namespace/name`."""
    documents: list[Any] = list(yaml.safe_load_all(text))
    return [f"{d['kind']} {d['metadata'].get('namespace', '')}/{d['metadata']['name']}" for d in documents]


def test_each_namespace_has_a_file_and_the_installation_one_of_its_own() -> None:
    files = render(MANIFESTS)
    assert {path: told(text) for path, text in files.items()} == {
        "a.yaml": ["ServiceEntry a/x", "ServiceEntry a/y", "Sidecar a/w", "Sidecar a/default"],
        "installation/istio-operator.yaml": ["IstioOperator mesh/cluster"],
        "mesh.yaml": ["ServiceEntry mesh/z", "Sidecar mesh/m", "Sidecar mesh/default"],
        "z.yaml": ["ServiceEntry z/x", "Sidecar z/w", "Sidecar z/default"],
    }
    assert list(files) == sorted(files)


def test_a_stream_locks_nothing_before_what_it_may_reach_is_known() -> None:
    assert told(stream(MANIFESTS)) == [
        "ServiceEntry a/x",
        "ServiceEntry a/y",
        "ServiceEntry mesh/z",
        "ServiceEntry z/x",
        "Sidecar a/w",
        "Sidecar mesh/m",
        "Sidecar z/w",
        "Sidecar a/default",
        "Sidecar z/default",
        "Sidecar mesh/default",
        "IstioOperator mesh/cluster",
    ]


@pytest.mark.parametrize(
    ("form", "path", "kind"),
    [
        ("istio", "installation/istio-operator.yaml", "IstioOperator"),
        ("helm", "installation/values.yaml", "values"),
        ("sail", "installation/istio.yaml", "Istio"),
    ],
)
def test_the_installation_goes_by_its_form(form: str, path: str, kind: str) -> None:
    manifests = replace(MANIFESTS, installation=replace(MANIFESTS.installation, form=form))
    assert [name for name in render(manifests) if "/" in name] == [path]
    only = render(manifests, kinds=[kind])
    assert list(only) == [path]
    assert stream(manifests, kinds=[kind]) == only[path]
    assert stream(manifests, kinds=["ServiceEntry", "Sidecar"]) + "---\n" + only[path] == stream(manifests)


def test_a_kind_of_another_form_is_not_there() -> None:
    assert render(MANIFESTS, kinds=["values", "Istio"]) == {}


def test_a_file_without_any_of_the_kinds_is_not_written() -> None:
    manifests = replace(MANIFESTS, sidecars=(default("mesh"),))
    assert {path: told(text) for path, text in render(manifests, kinds=["Sidecar"]).items()} == {
        "mesh.yaml": ["Sidecar mesh/default"]
    }


def test_a_namespace_is_a_part_without_the_installation() -> None:
    assert render(MANIFESTS, namespace="mesh") == {"mesh.yaml": render(MANIFESTS)["mesh.yaml"]}
    assert stream(MANIFESTS, namespace="mesh") == render(MANIFESTS)["mesh.yaml"]
    assert stream(MANIFESTS, namespace="nowhere") == ""
    assert render(MANIFESTS, namespace="nowhere") == {}


@given(st.sets(st.sampled_from(KINDS)), st.sampled_from([None, "a", "mesh", "z"]))
def test_files_and_stream_hold_the_same_resources(kinds: set[str], namespace: str | None) -> None:
    files = render(MANIFESTS, kinds, namespace)
    assert sorted(r for text in files.values() for r in told(text)) == sorted(told(stream(MANIFESTS, kinds, namespace)))
