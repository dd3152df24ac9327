"""The schema's own interpreter agrees with `jsonschema`, says in words what is wrong, and underlines it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egresslang import codes
from egresslang.documents import read
from egresslang.findings import Finding
from egresslang.profile import facts
from egresslang.profile.installation_profiles import PROFILES
from egresslang.profile.validate import KEYWORDS, validate
from egresslang.resources import text
from egresslang.source import Source

SCHEMA = json.loads(text("schemas", "profile.schema.json"))
JUDGE = jsonschema.Draft202012Validator(SCHEMA)


def complaints(written: str) -> list[Finding]:
    (document,), findings = read(Source("p.yaml", written))
    assert findings == []
    return validate(document, SCHEMA)


def profile(spec: str) -> str:
    return f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: x}}\nspec: {{{spec}}}\n"


# The schema


def schemas(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and every schema in it."""
    yield schema
    for key in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(key), dict):
            yield from schemas(schema[key])
    for inner in (*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())):
        yield from schemas(inner)


def test_the_schema_is_one() -> None:
    JUDGE.check_schema(SCHEMA)


def test_the_interpreter_knows_every_keyword_of_the_schema() -> None:
    assert {key for schema in schemas(SCHEMA) for key in schema} <= KEYWORDS


def test_every_key_is_described_and_no_other_is_allowed() -> None:
    for schema in schemas(SCHEMA["properties"]["spec"]):
        for key, inner in schema.get("properties", {}).items():
            assert "description" in inner, key
        if "properties" in schema:
            assert schema["additionalProperties"] is False


def test_what_is_checked_word_by_word_has_a_name_and_a_description() -> None:
    for schema in schemas(SCHEMA):
        if "pattern" in schema:
            assert schema["description"]
            assert re.match(r"(the|a) ", schema["title"])


def test_the_words_of_the_schema_are_those_of_the_compiler() -> None:
    istio = SCHEMA["properties"]["spec"]["properties"]["istio"]["properties"]
    assert tuple(istio["profile"]["enum"]) == tuple(PROFILES)
    assert tuple(istio["outboundTrafficPolicy"]["enum"]) == facts.MODES


# Agreement with jsonschema


FULL = {
    "apiVersion": "egresslang.dev/v1",
    "kind": "ClusterProfile",
    "metadata": {"name": "recipes-us", "labels": {"a": "b"}, "annotations": {"c": "d"}},
    "spec": {
        "region": "us-east1",
        "defaultNamespace": "default",
        "istio": {"version": "1.31", "profile": "default", "installation": "istio.yaml", "outboundTrafficPolicy": "ALLOW_ANY",
                  "rootNamespace": "istio-system", "dnsCapture": False},
        "enforcement": {"namespaces": ["recipes"]},
        "observed": ["recipes/legacy", "x"],
        "variables": {"env": "prod"},
        "hosts": {"kube-api": ["203.0.113.1"]},
        "clusterDomain": "cluster.local",
        "inMesh": ["*/*.svc.cluster.local"],
        "ipFamilies": ["IPv4"],
        "networks": {"pods": ["10.4.0.0/14"], "services": [], "nodes": None},
        "regions": {"us": ["us-east1"]},
        "namespaces": {"recipes": {"workloads": {"idgen": {"labels": {"app.kubernetes.io/name": "idgen"}, "selector": {"app": ""}}}}, "payments": None},
        "destinations": {"httpbin.org": {"region": "us", "endpoints": [{"address": "203.0.113.10", "region": "us"}]}},
        "lint": {"require": ["owner"], "max-network": {"ipv4": 24, "ipv6": 56}, "expires-soon": "14d"},
        "resources": ["a.yaml", {"kind": "Service"}],
    },
}  # fmt: skip


def containers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from containers(inner)


def words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
    for inner in containers(value) if isinstance(value, dict) else ():
        for each in inner.values() if isinstance(inner, dict) else inner:
            yield from words(each)


KNOWN = sorted(
    {
        *words(FULL),
        *words(SCHEMA["properties"]),
        "mesh",
        "Foo",
        "a_b",
        "-a",
        "a" * 64,
        "a" * 254,
        "14",
        "",
        ".",
        "a..b",
        "a/b/c",
    }
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-300, 300) | st.sampled_from([0.5, 3.0, 1e300]) | st.sampled_from(KNOWN)
)
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.sampled_from(KNOWN), SCALARS, max_size=2)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """The full profile with a few keys removed, renamed, or given another value."""
    tree = copy.deepcopy(FULL)
    for _ in range(draw(st.integers(0, 3))):
        target = draw(st.sampled_from(list(containers(tree))))
        keys = list(target) if isinstance(target, dict) else list(range(len(target)))
        change = draw(st.sampled_from(["remove", "replace", "add"]))
        if change == "add" and isinstance(target, dict):
            target[draw(st.sampled_from(KNOWN))] = draw(VALUES)
        elif change == "add":
            target.append(draw(VALUES))
        elif keys:
            key = draw(st.sampled_from(keys))
            if change == "remove":
                del target[key]
            else:
                target[key] = draw(VALUES)
    return tree


@settings(max_examples=400)
@given(mutated())
def test_what_is_valid_is_valid_to_jsonschema(tree: Any) -> None:
    assert (complaints(json.dumps(tree)) == []) == JUDGE.is_valid(tree)


def test_the_full_profile_is_valid() -> None:
    assert complaints(json.dumps(FULL)) == []


def test_a_line_feed_at_the_end_of_a_name_is_refused() -> None:
    """As JSON Schema has it; jsonschema takes Python's `$`, which matches before it."""
    assert [f.message for f in complaints(profile('region: "us\\n"'))] == ["`us\n` is not a region"]


# Words


@pytest.mark.parametrize(
    ("spec", "code", "underlined", "message", "help"),
    [
        ("regoin: us", codes.BAD_PROFILE, "regoin", "unknown key `regoin`", "write `region`"),
        ("region: no", codes.BAD_PROFILE, "no", "`region` is not a string", 'quote it: `"no"`'),
        ("region: ", codes.BAD_PROFILE, "region", "`region` is not a string",
         "write letters, digits, `-`, `_` and `.`, starting and ending with a letter or digit"),
        ("observed: a/b", codes.BAD_PROFILE, "a/b", "`observed` is not a list of strings", "write `[a/b]`"),
        ("observed: {a: b}", codes.BAD_PROFILE, "observed", "`observed` is not a list of strings", "write a list of strings"),
        ("observed: [1]", codes.BAD_PROFILE, "1", "an entry of `observed` is not a string", 'quote it: `"1"`'),
        ("istio: [1]", codes.BAD_PROFILE, "istio", "`istio` is not a mapping", "write a mapping"),
        ("istio: {dnsCapture: 'true'}", codes.BAD_PROFILE, "'true'", "`dnsCapture` is not `true` or `false`", "write `true` or `false`"),
        ("istio: {version: [1]}", codes.BAD_PROFILE, "version", "`version` is not a string or a number", "write a string or a number"),
        ("istio: {outboundTrafficPolicy: REGISTER_ONLY}", codes.PROFILE_MISMATCH, "REGISTER_ONLY",
         "unknown `outboundTrafficPolicy` `REGISTER_ONLY`", "write `REGISTRY_ONLY`"),
        ("istio: {outboundTrafficPolicy: registry_only}", codes.PROFILE_MISMATCH, "registry_only",
         "unknown `outboundTrafficPolicy` `registry_only`", "write `REGISTRY_ONLY`"),
        ("istio: {profile: ambeint}", codes.PROFILE_MISMATCH, "ambeint", "unknown `profile` `ambeint`", "write `ambient`"),
        ("enforcement: everyone", codes.PROFILE_MISMATCH, "everyone", "unknown `enforcement` `everyone`", "write `observe`, `workloads` or `mesh`"),
        ("enforcement: 3", codes.BAD_PROFILE, "3", "`enforcement` is not `observe`, `workloads` or `mesh` or a mapping",
         "write `observe`, `workloads` or `mesh` or a mapping"),
        ("enforcement: {}", codes.BAD_PROFILE, "enforcement", "`namespaces` is missing", "add `namespaces:`"),
        ("ipFamilies: []", codes.BAD_PROFILE, "ipFamilies", "`ipFamilies` is empty", "write an entry, or remove `ipFamilies`"),
        ("ipFamilies: [ipv4]", codes.PROFILE_MISMATCH, "ipv4", "unknown entry `ipv4`", "write `IPv4`"),
        ("namespaces: {Web_Tier: {}}", codes.BAD_PROFILE, "Web_Tier", "`Web_Tier` is not the name of a namespace", "write `web-tier`"),
        ("namespaces: {a: {workloads: {b: {labels: {app: 1}}}}}", codes.BAD_PROFILE, "1", "`app` is not a string", 'quote it: `"1"`'),
        ("namespaces: {a: {workloads: {b: {labels: {a/b/c: x}}}}}", codes.BAD_PROFILE, "a/b/c", "`a/b/c` is not the key of a label",
         "write letters, digits, `-`, `_` and `.`, at most 63, after an optional `prefix/`"),
        (f"namespaces: {{{'a' * 64}: }}", codes.BAD_PROFILE, "a" * 64, f"`{'a' * 64}` is not the name of a namespace", "shorten it"),
        ("lint: {expires-soon: 14}", codes.BAD_PROFILE, "14", "`expires-soon` is not a string", "write digits and `d`, such as `14d`"),
        ("lint: {expires-soon: 2w}", codes.BAD_PROFILE, "2w", "`2w` is not a number of days", "write digits and `d`, such as `14d`"),
        ("lint: {max-network: {ipv4: 33}}", codes.BAD_PROFILE, "33", "`ipv4` is 33", "write a number from 0 to 32"),
        ("lint: {max-network: {ipv4: 1.5}}", codes.BAD_PROFILE, "1.5", "`ipv4` is not a whole number", "write a whole number"),
        ("resources: [1]", codes.BAD_PROFILE, "1", "an entry of `resources` is not a string or a mapping", 'quote it: `"1"`'),
        ("destinations: {a.b: {endpoints: [{adress: 1.2.3.4}]}}", codes.BAD_PROFILE, "adress", "unknown key `adress`", "write `address`"),
    ],
)  # fmt: skip
def test_a_complaint_says_what_and_where(spec: str, code: object, underlined: str, message: str, help: str) -> None:
    found = complaints(profile(spec))[0]
    assert (found.code, found.span.text, found.message, found.help) == (code, underlined, message, help)


def test_the_label_says_what_was_expected_and_found() -> None:
    assert [f.label for f in complaints(profile("observed: 3, hosts: {a: x}"))] == [
        "expected a list of strings, found a number",
        "expected a list of strings, found a string",
    ]


def test_every_complaint_is_told() -> None:
    found = complaints("apiVersion: egresslang.dev/v2\nkind: ClusterProfil\nmetadata: {nam: x}\nspec: {a: 1, b: 2}\n")
    assert [f.span.text for f in found] == ["egresslang.dev/v2", "ClusterProfil", "nam", "metadata", "a", "b"]


@pytest.mark.parametrize("document", ["- a", "just text", "3"])
def test_a_document_that_is_no_mapping(document: str) -> None:
    (found,) = complaints(document)
    assert (found.message, found.span.text) == ("the document is no ClusterProfile", document)
