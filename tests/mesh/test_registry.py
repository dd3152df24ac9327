"""What a Sidecar lists is found by host and namespace; here every service is looked at instead."""

from __future__ import annotations

from itertools import product

import pytest
from asking import Case
from meshes import entry
from modelled import mesh_of

from egresslang.mesh.registry import Registry, is_subset

NAMESPACES = "team-a", "team-b", "team-c"
HOSTS = "api.example.com", "www.example.com", "*.example.com", "*.a.example.com", "example.com"
PATTERNS = *HOSTS, "*", "*.com", "*mple.com", "api.example.org"
EXPORTS = ["."], ["*"], ["~"], ["team-b"], ["team-a", "team-c"]


@pytest.fixture(scope="module")
def registry() -> Registry:
    """Every host in every namespace, exported in every way."""
    entries = [
        entry(host, [(443, "TLS")], namespace=namespace, exportTo=to, metadata={"name": f"e-{at}"})
        for at, (host, namespace, to) in enumerate(product(HOSTS, NAMESPACES, EXPORTS))
    ]
    return mesh_of(Case("", "{}", "".join(entries), "", (), ())).registry()


@pytest.mark.parametrize("namespace", [*NAMESPACES, "elsewhere"])
def test_a_view_finds_the_services_that_are_seen_of_a_namespace_by_a_pattern(
    namespace: str, registry: Registry
) -> None:
    view = registry.view(namespace)
    seen = [each for each in registry.services if view.sees(each)]
    ordered = sorted(seen, key=lambda each: "*" in each.export_to)
    for where, pattern in product((*NAMESPACES, "elsewhere", "*"), PATTERNS):
        found = [each for _, each in sorted(view.matching(where, pattern), key=lambda each: each[0])]
        assert found == [
            each for each in ordered if where in ("*", each.namespace) and is_subset(each.host, pattern)
        ], (where, pattern)


def test_equals_are_of_one_host_and_one_namespace() -> None:
    entries = [
        entry("api.example.com", [(443, "TLS")], namespace=namespace, metadata={"name": f"e-{at}"})
        for at, namespace in enumerate(("team-a", "team-b", "team-b", "team-c"))
    ]
    registry = mesh_of(Case("", "{}", "".join(entries), "", (), ())).registry()
    assert registry.several == {("api.example.com", "team-b")}
    assert [len(registry.peers(each)) for each in registry.services] == [1, 2, 2, 1]
    assert not registry.is_settled


def test_one_host_of_each_namespace_is_not_left_to_chance() -> None:
    entries = [entry("api.example.com", [(443, "TLS")], namespace=each) for each in NAMESPACES]
    assert mesh_of(Case("", "{}", "".join(entries), "", (), ())).registry().is_settled
