"""Manifests, read as Kubernetes reads them: what it allows is no error, and what nobody looks at is not told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from egresslang.existing.importing.cilium import KINDS as CILIUM
from egresslang.profile.manifests import KINDS, may_matter, read
from egresslang.source import Source

HEAD = "apiVersion: %s\nkind: %s\nmetadata: {name: a, namespace: shop}\n"
DEPLOYMENT = HEAD % ("apps/v1", "Deployment")
OTHER = HEAD % ("security.istio.io/v1", "PeerAuthentication")


def values(text: str) -> list[Any]:
    documents, findings = read(Source("m.yaml", text))
    assert findings == []
    return [each.value for each in documents]


def told(text: str) -> list[tuple[str, str]]:
    return [(each.message, each.span.text) for each in read(Source("m.yaml", text))[1]]


@pytest.mark.parametrize(
    ("written", "key"),
    [("8080", "8080"), ("0x10", "16"), ("true", "true"), ("on", "true"), ("1.5", "1.5"), ("2.0", "2"), ("-1", "-1")],
)
def test_a_number_as_a_key_is_its_text(written: str, key: str) -> None:
    (found,) = values(f"{DEPLOYMENT}spec: {{x: {{{written}: a}}}}\n")
    assert found["spec"] == {"x": {key: "a"}}


def test_a_number_and_its_text_are_one_key() -> None:
    assert told(f"{DEPLOYMENT}spec: {{8080: a, '8080': b}}\n") == [("the key `8080` is given twice", "'8080'")]


@pytest.mark.parametrize(
    "spec", ["{a: !Ref x}", "{? [a] : b}", "{~: a}", "{<<: {a: b}}", "{a: b, a: c}", "{a: !!binary aGk=}"]
)
def test_what_nobody_looks_at_is_no_finding(spec: str) -> None:
    (found,) = values(f"{OTHER}spec: {spec}\n")
    assert (found["kind"], found["metadata"]) == ("PeerAuthentication", {"name": "a", "namespace": "shop"})
    assert len(told(f"{DEPLOYMENT}spec: {spec}\n")) == 1


@pytest.mark.parametrize("text", ["a: !Ref x\n", "- !Ref x\n", "!Ref x\n"])
def test_what_is_no_manifest_is_no_finding(text: str) -> None:
    assert told(text) == []


def test_values_of_the_chart_are_told() -> None:
    assert len(told("meshConfig: {}\na: !Ref x\n")) == 1


@pytest.mark.parametrize("name", ["istio", "istio-1-26", "kubeadm-config", "istio-sidecar-injector"])
def test_a_config_map_that_is_read_is_told(name: str) -> None:
    text = (HEAD % ("v1", "ConfigMap")).replace("name: a", f"name: {name}") + "data: {mesh: !x y}\n"
    assert len(told(text)) == 1
    assert told(text.replace(name, "other")) == []


def test_an_alias_is_what_it_stands_for() -> None:
    text = f"{DEPLOYMENT}spec:\n  a: &l {{app: cart}}\n  b: &n 443\n  c:\n    d: *l\n  e: *n\n"
    (document,), _ = read(Source("m.yaml", text))
    assert document.value["spec"] == {"a": {"app": "cart"}, "b": 443, "c": {"d": {"app": "cart"}}, "e": 443}
    spec = document["spec"]
    assert [spec["a"].span.text, spec["b"].text, spec["e"].text] == ["{app: cart}", "443", "443"]
    assert [spec["c"]["d"]["app"].text, spec["c"].heading.text] == ["cart", "c"]
    assert spec["c"].span.start <= spec["c"].span.end


def test_anchors_on_lines_of_their_own() -> None:
    (document,), _ = read(Source("m.yaml", f"{DEPLOYMENT}spec:\n  a: &l # why\n    app: cart\n  b: *l\n  c: &e\n"))
    assert document["spec"]["a"].span.text == "app: cart"
    assert document.value["spec"]["c"] is None


ROUND = "an alias stands for what it stands in"
MANY = "a0: &a0 x\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))


@pytest.mark.parametrize(
    ("aliases", "message"),
    [
        (MANY, "more than 100,000 values stand behind aliases"),
        ("a: &a [*a]\n", ROUND),
        ("a: &a {b: [*a]}\n", ROUND),
        ("a: &a [" + "x," * 110_000 + "*a]\n", ROUND),
        (
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 300)),
            "too many values stand in one another, by aliases",
        ),
    ],
    ids=["many", "round", "round-below", "round-and-many", "deep"],
)
def test_aliases_have_bounds(aliases: str, message: str) -> None:
    """Whether or not the document is one that is looked at."""
    assert [message for message, _ in told(DEPLOYMENT + aliases)] == [message]
    assert told(OTHER + aliases) == []


def test_the_bound_of_aliases_is_a_limit(lowered: Callable[[str, int], None]) -> None:
    """It is named with the option that raises it, and counts each list and what is in it as often as it is used again."""
    text = f"{DEPLOYMENT}a: &a [{', '.join('x' * 10)}]\nb: [*a, *a, *a]\n"
    lowered("aliased-values", 32)
    (found,) = read(Source("m.yaml", text))[1]
    assert (found.code.id, found.span.text, found.label) == ("EGR008", "&a", "more than 32, the limit `aliased-values`")
    assert "`--limit aliased-values=64`" in found.help
    lowered("aliased-values", 33)
    assert told(text) == []


def test_the_bound_is_that_of_a_whole_text() -> None:
    thousand = "b: &b [" + "x," * 999 + "x]\n"
    one = f"---\n{DEPLOYMENT}{thousand}c: [{', '.join(['*b'] * 60)}]\n"
    assert told(one) == []
    assert len(told(one * 4)) == 3


def test_what_is_looked_at_matters() -> None:
    """A kind that the model reads and that is missing here would be passed over where it cannot be read."""
    from egresslang.mesh.read import _READERS

    assert {kind for _, kind in _READERS} <= KINDS
    for kind in CILIUM:
        (document,), _ = read(Source("m.yaml", f"apiVersion: cilium.io/v2\nkind: {kind}\n"))
        assert may_matter(document)
