"""The kustomize plugin, called as kustomize calls it, and the comparison of a build with a policy.

`conformance/test_kustomize.py` has the real tools call it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from egresslang import codes
from egresslang.__main__ import krm
from egresslang.cli import main
from egresslang.documents import read
from egresslang.findings import finding
from egresslang.kustomize import install
from egresslang.kustomize.inline import inline, relocated
from egresslang.source import Source, Span

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "schemas" / "egresspolicy.schema.json").read_text())
POLICY = "namespace recipes\nallow idgen -> httpbin.org:443 tls\nallow etl -> api.example.com:443 tls\n"
CONFIG = """apiVersion: egresslang.dev/v1
kind: EgressPolicy
metadata: {name: recipes}
spec:
  policies: [policies]
"""
WARNS = "allow recipes/idgen -> dns.example.com:53 udp\n"
PROFILE = "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: us}\nspec: {istio: {outboundTrafficPolicy: REGISTRY_ONLY}}\n"
OTHER = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}

Called = tuple[int, str, str]
"""Status, standard output, standard error."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a kustomization, as the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/a.egress").write_text(POLICY)
    (tmp_path / "egress.yaml").write_text(CONFIG)
    (tmp_path / "kustomization.yaml").write_text("generators: [egress.yaml]\nvalidators: [egress.yaml]\n")
    return tmp_path


def run(*arguments: str, stdin: str = "", program: Callable[[], int] | None = None) -> Called:
    out, err = io.StringIO(), io.StringIO()
    held, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin.encode()))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = program() if program else main(arguments)
    finally:
        sys.stdin = held
    return status, out.getvalue(), err.getvalue()


def settings(text: str) -> Any:
    return yaml.safe_load(text)


def legacy(config: str, build: str = "") -> Called:
    """As kustomize calls a legacy exec plugin: with a file of its own making."""
    file = Path(os.getcwd()).parent / "kust-plugin-config-1"
    file.write_text(yaml.safe_dump(settings(config)))
    return run("kustomize", str(file), stdin=build)


def function(config: str, items: list[Any] | None = None) -> Called:
    """As kustomize calls an exec or container function; without items as a generator."""
    value = settings(config)
    value["metadata"]["annotations"] = {"config.kubernetes.io/local-config": "true"}
    own = json.loads(json.dumps(value))
    own["metadata"]["annotations"]["internal.config.kubernetes.io/id"] = "1"
    given = {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList"}
    asked = {**given, "items": [own] if items is None else items, "functionConfig": value}
    return run("kustomize", stdin=yaml.safe_dump(asked, sort_keys=False))


def verify(build: str, *options: str, config: str = "egress.yaml") -> Called:
    return run("kustomize", "verify", config, *options, stdin=build)


def generated(config: str = CONFIG) -> list[dict[str, Any]]:
    """What a generator makes of a configuration."""
    status, out, err = legacy(config)
    assert status == 0, err
    return list(yaml.safe_load_all(out))


def dump(resources: list[dict[str, Any]]) -> str:
    return yaml.safe_dump_all(resources, sort_keys=False)


def told(called: Called) -> list[str]:
    """Code and message of each finding; there is nothing on standard output, and the status says so."""
    status, out, err = called
    assert (status, out) == (1, ""), err
    return [line for line in err.splitlines() if line.startswith(("error[", "warning["))]


# Generating


def test_all_forms_generate_what_compile_emits(here: Path) -> None:
    _, compiled, _ = run("compile", "policies", "--kinds", "ServiceEntry,Sidecar", "-q")
    expected = list(yaml.safe_load_all(compiled))
    for each in expected:
        each["metadata"]["annotations"]["egresslang.dev/generator"] = "recipes"
    assert generated() == expected
    assert len(expected) == 4
    status, out, err = function(CONFIG)
    assert (status, err) == (0, "")
    listed = yaml.safe_load(out)
    assert listed == {"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": expected}


def test_the_executable_is_the_command(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/home/egresslang.dev/v1/egresspolicy/EgressPolicy", "egress.yaml"])
    assert run(program=krm) == run("kustomize", "egress.yaml")


@pytest.mark.parametrize("written", ["  policy: |\n    allow recipes/idgen -> b.example.com:443 tls\n", "  policy: allow recipes/idgen -> b.example.com:443 tls\n"])  # fmt: skip
def test_inline_and_files_are_one_policy(here: Path, written: str) -> None:
    hosts = {host for each in generated(CONFIG + written) for host in each["spec"].get("hosts", ())}
    assert hosts == {"httpbin.org", "api.example.com", "b.example.com"}
    (only,) = (each for each in generated(CONFIG + written) if each["spec"].get("hosts") == ["b.example.com"])
    assert only["metadata"]["annotations"]["egresslang.dev/source"] == "EgressPolicy/recipes"


def test_a_profile_is_a_path_or_inline(here: Path) -> None:
    (here / "us.yaml").write_text(PROFILE)
    inlined = yaml.safe_dump({"profile": yaml.safe_load(PROFILE)}).replace("\n", "\n    ")
    by_path, inline_too = (
        generated(f"{CONFIG}  profile: us.yaml\n"),
        generated(f"{CONFIG}  {inlined}\n".rstrip() + "\n"),
    )
    assert by_path == inline_too
    assert [each["metadata"]["namespace"] for each in by_path].count("istio-system") == 1


def test_a_part_is_generated_and_the_whole_is_checked(here: Path) -> None:
    (here / "policies/b.egress").write_text("allow shop/cart -> pay.example.com:443 tls\n")
    part = generated(f"{CONFIG}  namespaces: [shop]\n  kinds: [ServiceEntry]\n")
    assert [(each["kind"], each["metadata"]["namespace"]) for each in part] == [("ServiceEntry", "shop")]
    (here / "policies/a.egress").write_text("allow recipes/idgen -> httpbin.org:99999 tls\n")
    assert told(legacy(f"{CONFIG}  namespaces: [shop]\n")) == ["error[EGR005]: port `99999` does not exist"]


@pytest.mark.parametrize("kind", ["IstioOperator", "Istio"])
def test_the_installation_is_generated_when_it_is_named(here: Path, kind: str) -> None:
    assert [each["kind"] for each in generated(f"{CONFIG}  kinds: [{kind}]\n")] == [kind]
    assert [each["kind"] for each in generated(f"{CONFIG}  kinds: [{kind}]\n  namespaces: [recipes]\n")] == [kind]


def test_a_policy_that_becomes_nothing(here: Path) -> None:
    empty = f"{CONFIG}  profile:\n    apiVersion: egresslang.dev/v1\n    kind: ClusterProfile\n    metadata: {{name: us}}\n    spec: {{namespaces: {{recipes: {{workloads: {{idgen: , etl: }}}}, empty: }}}}\n  namespaces: [empty]\n"
    assert legacy(empty)[:2] == (0, "")
    assert yaml.safe_load(function(empty)[1])["items"] == []


def test_warnings_fail_when_strict(here: Path) -> None:
    (here / "policies/a.egress").write_text(WARNS)
    status, out, err = legacy(CONFIG)
    assert (status, err.startswith("warning[EGR509]")) == (0, True)
    assert out.count("kind: ") == 1
    assert told(legacy(f"{CONFIG}  strict: true\n"))[0].startswith("warning[EGR509]")
    assert told(function(f"{CONFIG}  strict: true\n"))[0].startswith("warning[EGR509]")
    (here / "policies/a.egress").write_text(f"# egressc: ignore EGR509 -- told elsewhere\n{WARNS}")
    status, out, err = legacy(f"{CONFIG}  strict: true\n")
    assert (status, err) == (0, ""), "what the policy suppresses does not fail"


# What is wrong with a configuration


@pytest.mark.parametrize(
    ("spec", "message", "place"),
    [
        ("  polices: [policies]\n", "unknown key `polices`", "5:3"),
        ("  policies: [policies]\n  stric: true\n", "unknown key `stric`", "6:3"),
        ("  policies: [policies]\n  strict: yes please\n", "`strict` is not `true` or `false`", "6:11"),
        ("  policies: [policies]\n  kinds: [Sidcar]\n", "unknown entry `Sidcar`", "6:11"),
        ("  policies: [policies]\n  kinds: []\n", "`kinds` is empty", "6:3"),
        ("  policies: [policies]\n  kinds: [Istio, IstioOperator]\n", "one cluster has one installation", "6:18"),
        ("  policies: [policies]\n  namespaces: [Recipes]\n", "`Recipes` is not the name of a namespace", "6:16"),
        ("  policies: [policies]\n  namespaces: [recipe]\n", "namespace `recipe` is in neither the policy nor the profile", "6:16"),
        ("  policies: [policy]\n", "`policy` does not exist", "5:14"),
        ("  policies: ['-']\n", "`-` does not exist", "5:14"),
        ("  policies: [empty]\n", "no .egress file found in `empty`", "5:3"),
        ("  policies: [../policies]\n", "`../policies` is not in or below the kustomization", "5:14"),
        ("  policies: [out]\n", "`out` is not in or below the kustomization", "5:14"),
        ("  policies: [linked]\n", "`linked/a.egress` is a link that leads out of the project", "5:3"),
        ("  policies: [policies]\n  profile: us.yaml\n", "`us.yaml` does not exist", "6:12"),
        ("  policies: [policies]\n  profile: ../us.yaml\n", "`../us.yaml` is not in or below the kustomization", "6:12"),
        ("  policies: [policies]\n  profile: policies\n", "cannot read `policies`: Is a directory", "6:12"),
        ("  strict: true\n", "there is no policy", "4:1"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(here: Path, spec: str, message: str, place: str) -> None:
    outside = here.parent / f"{here.name}-outside"
    outside.mkdir()
    (outside / "a.egress").write_text(POLICY)
    (here / "out").symlink_to(outside)
    for name in ("linked", "empty"):
        (here / name).mkdir()
    (here / "linked/a.egress").symlink_to(outside / "a.egress")
    config = CONFIG.replace("  policies: [policies]\n", spec)
    (here / "egress.yaml").write_text(config)
    for called in (legacy(config), function(config), verify("")):
        status, out, err = called
        assert (status, out) == (1, "")
        assert message in err
        assert f"--> egress.yaml:{place}\n" in err


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ("{apiVersion: egresslang.dev/v1, kind: ClusterProfile, metadata: {name: us}, spec: {enforcment: mesh}}", "unknown key `enforcment`"),
        ("{apiVersion: egresslang.dev/v1, kind: ClusterProfile, metadata: {name: us}, spec: {istio: {installation: ../io.yaml}}}", "cannot read `../io.yaml`"),
        ("{kind: Deployment}", "`Deployment` does not describe a cluster"),
    ],
)  # fmt: skip
def test_a_profile_is_judged_as_any_other(here: Path, profile: str, message: str) -> None:
    (here.parent / "io.yaml").write_text("apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\n")
    (here / "egress.yaml").write_text(f"{CONFIG}  profile: {profile}\n")
    _, _, err = called = legacy(f"{CONFIG}  profile: {profile}\n")
    assert message in told(called)[0]
    assert "--> egress.yaml:6:" in err


@pytest.mark.parametrize("missing", ["apiVersion", "kind", "metadata", "spec"])
def test_a_key_that_is_missing(here: Path, missing: str) -> None:
    value = settings(CONFIG)
    del value[missing]
    Path("egress.yaml").write_text(yaml.safe_dump(value))
    status, out, err = run("kustomize", "egress.yaml")
    assert (status, out) == (1, "")
    assert f"error[EGR511]: `{missing}` is missing" in err
    assert f"= help: add `{missing}:`" in err


def test_what_is_not_a_configuration(here: Path) -> None:
    for text, message in {"": "is empty", "a: [": "a value is missing", f"{CONFIG}---\n{CONFIG}": "holds 2 documents", "- a": "no EgressPolicy"}.items():  # fmt: skip
        (here / "egress.yaml").write_text(text)
        status, out, err = run("kustomize", "egress.yaml")
        assert (status, out) == (1, "")
        assert message in err
        assert "error[EGR511]" in err
    (here / "egress.yaml").write_bytes(b"kind: \xff")
    assert "error[EGR007]" in run("kustomize", "egress.yaml")[2]


def test_what_is_not_a_call(here: Path) -> None:
    assert told(run("kustomize", stdin=dump([OTHER]))) == [
        "error[EGR511]: standard input is no ResourceList with a functionConfig"
    ]
    assert run("kustomize") == (2, "", "egressc: standard input is empty: kustomize gives a ResourceList there, or a file as first argument\n")  # fmt: skip
    for arguments, said in {
        ("kustomize", "nowhere"): "cannot read `nowhere`: No such file or directory",
        ("kustomize", "egress.yaml", "more"): "what is `more`?",
        ("kustomize", "verify"): "verify what?",
        ("kustomize", "--plugin-home", "x"): "--plugin-home goes with install",
    }.items():
        status, out, err = run(*arguments)
        assert (status, out) == (2, "")
        assert err.startswith(f"egressc: {said}")


@pytest.mark.parametrize("call", [legacy, function])
def test_a_place_in_inline_policy_is_one_of_the_file(here: Path, call: Callable[[str], Called]) -> None:
    config = CONFIG.replace("  policies: [policies]\n", "  policy: |2\n      # why\n\n    allow recipes/idgen ->\n      httpbin.org:99999 tls\n  strict: true\n")  # fmt: skip
    (here / "egress.yaml").write_text(f"# the policy\n\n{config}")
    _, _, err = called = call(config)
    assert told(called) == ["error[EGR005]: port `99999` does not exist"]
    assert "--> egress.yaml:11:19\n" in err
    assert " 11 |       httpbin.org:99999 tls\n    |                   ^^^^^ outside" in err.replace("\n    |                   ", "\n    |                   ")  # fmt: skip
    (here / "kustomization.yaml").unlink()
    _, _, err = call(config)
    assert "--> EgressPolicy/recipes (spec.policy):4:15\n" in err, "what kustomize passes on nobody wrote"


def test_a_quoted_policy_has_lines_of_its_own(here: Path) -> None:
    config = CONFIG.replace("  policies: [policies]\n", '  policy: "\\nallow recipes/idgen -> httpbin.org:99999 tls"\n')
    (here / "egress.yaml").write_text(config)
    assert "--> egress.yaml (spec.policy):2:36\n" in legacy(config)[2]


WORDS = st.text(st.sampled_from("ab #|:-\n '\"é"), max_size=30)


@given(WORDS, st.integers(1, 4), st.sampled_from(["|", "|-", "|+"]), st.data())
def test_every_place_of_inline_policy_is_found_in_the_file(
    text: str, indent: int, style: str, data: st.DataObject
) -> None:
    lines = [" " * indent + line if line else "" for line in text.split("\n")]
    file = Source("egress.yaml", f"# more\npolicy: {style}{indent}\n" + "\n".join(lines) + "\nmore: 1\n")
    documents, found = read(file)
    assert found == []
    place = documents[0]["policy"]
    made = inline(place, "x")
    assert made.starts or not text.strip(), "every block is found, but what is blank has no places"
    if not made.starts:
        return
    start = data.draw(st.integers(0, len(place.value)))
    end = data.draw(st.integers(start, min(len(place.value), (place.value + "\n").index("\n", start))))
    moved = relocated(finding(codes.SYNTAX, Span(made.source, start, end), "m"), (made,)).span
    assert (moved.source, moved.text) == (file, place.value[start:end])


# Validating


def build(*more: dict[str, Any]) -> list[dict[str, Any]]:
    """A build that holds what is generated, as kustomize passes it on."""
    resources = [OTHER, *generated(), *more]
    for at, each in enumerate(resources):
        each["metadata"] = {**each["metadata"], "annotations": {**each["metadata"].get("annotations", {}), "config.kubernetes.io/index": str(at)}}  # fmt: skip
    return resources


def everywhere(resources: list[dict[str, Any]], config: str = CONFIG) -> Called:
    """What a build is told in every form, which is the same but for places."""
    called = [legacy(config, dump(resources)), function(config, resources), verify(dump(resources))]
    assert len({(status, out, *(line for line in err.splitlines() if "[EGR" in line)) for status, out, err in called}) == 1  # fmt: skip
    return called[2]


def entry(resources: list[dict[str, Any]], kind: str = "ServiceEntry", name: str = "httpbin-org") -> dict[str, Any]:
    (found,) = (each for each in resources if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return found


def test_a_build_that_holds_the_policy(here: Path) -> None:
    resources = build()
    assert legacy(CONFIG, dump(resources)) == function(CONFIG, resources) == (0, "", "")
    assert verify(dump(resources)) == (0, "", "no findings: 2 rules in 1 file\n")
    assert verify(dump(resources), "-q") == (0, "", "")
    for each in resources:
        each["metadata"].setdefault("labels", {})["team"] = "web"
        each["metadata"].setdefault("annotations", {})["a"] = "b"
    assert everywhere(resources[::-1])[0] == 0
    assert everywhere([{"apiVersion": "v1", "kind": "List", "items": resources}])[0] == 0


def test_a_build_without_the_policy(here: Path) -> None:
    called = everywhere([OTHER])
    assert told(called) == ["error[EGR512]: the build holds nothing of this policy"]
    assert "--> egress.yaml:3:18\n" in called[2]
    assert "missing: ServiceEntry `recipes/api-example-com`, ServiceEntry `recipes/httpbin-org`" in called[2]
    assert told(verify("")) == told(called)
    assert told(function(CONFIG, [])) == told(called)


def test_a_build_that_is_empty_looks_like_a_generator(here: Path) -> None:
    assert legacy(CONFIG)[0] == function(CONFIG)[0] == 0
    alone = f"{CONFIG}  validate: true\n"
    assert told(legacy(alone)) == ["error[EGR512]: the build holds nothing of this policy"]
    assert told(function(alone)) == ["error[EGR512]: the build holds nothing of this policy"]


def test_a_resource_that_is_missing(here: Path) -> None:
    resources = build()
    resources.remove(entry(resources))
    called = everywhere(resources)
    assert told(called) == ["error[EGR512]: the build lacks 1 resource of this policy"]
    assert "missing: ServiceEntry `recipes/httpbin-org`\n" in called[2]


def test_a_resource_in_another_namespace(here: Path) -> None:
    resources = build()
    for each in resources:
        each["metadata"]["namespace"] = "prod"
    assert told(everywhere(resources)) == [
        f"error[EGR512]: {each['kind']} `{each['metadata']['name']}` stands in `prod`, not in `recipes`" for each in resources[1:]
    ]  # fmt: skip
    del resources[1]["metadata"]["namespace"]
    assert told(everywhere(resources))[0].endswith("has lost its namespace `recipes`")


def test_a_resource_under_another_name(here: Path) -> None:
    resources = build()
    entry(resources)["metadata"]["name"] = "p-httpbin-org"
    assert told(everywhere(resources)) == [
        "error[EGR512]: ServiceEntry `httpbin-org` is called `p-httpbin-org` in the build"
    ]


Change = Callable[[dict[str, Any]], Any]

CHANGES: list[tuple[Change, str, str]] = [
    (lambda spec: spec["ports"][0].update(number=80), "spec.ports[0].number", "`443`"),
    (lambda spec: spec["ports"][0].update(number=443.5), "spec.ports[0].number", "`443`"),
    (lambda spec: spec["ports"].append({"number": 80}), "spec.ports", '`[{"number": 443, "name": "tls-443", "protocol": "TLS"}]`'),
    (lambda spec: spec.update(exportTo=["*"]), "spec.exportTo[0]", "`.`"),
    (lambda spec: spec.update(addresses=["192.0.2.1"]), "spec.addresses", "nothing there"),
    (lambda spec: spec.pop("resolution"), "spec.resolution", "`DNS`"),
    (lambda spec: spec.update(hosts=None), "spec.hosts", '`["httpbin.org"]`'),
    (lambda spec: spec.clear(), "spec.hosts", '`["httpbin.org"]`'),
]  # fmt: skip


@pytest.mark.parametrize(("change", "path", "expected"), CHANGES)
def test_a_resource_that_was_changed(here: Path, change: Change, path: str, expected: str) -> None:
    resources = build()
    change(entry(resources)["spec"])
    called = everywhere(resources)
    assert told(called) == [f"error[EGR512]: `{path}` of ServiceEntry `httpbin-org` is not what the policy compiles to"]
    assert f"^ the policy compiles to {expected}\n" in called[2]


def test_a_true_is_not_a_one(here: Path) -> None:
    resources = build()
    entry(resources)["spec"]["ports"][0]["number"] = True
    assert told(everywhere(resources))[0].startswith("error[EGR512]: `spec.ports[0].number`")


def test_a_resource_without_a_spec(here: Path) -> None:
    resources = build()
    del entry(resources)["spec"]
    assert told(everywhere(resources)) == [
        "error[EGR512]: `spec` of ServiceEntry `httpbin-org` is not what the policy compiles to"
    ]


@pytest.mark.parametrize("labels", [{}, {"app.kubernetes.io/managed-by": "kustomize"}])
def test_a_resource_that_lost_our_label(here: Path, labels: dict[str, str]) -> None:
    resources = build()
    entry(resources)["metadata"]["labels"] = labels
    assert told(everywhere(resources)) == [
        "error[EGR512]: ServiceEntry `httpbin-org` has lost the label `app.kubernetes.io/managed-by: egressc`"
    ]


@pytest.mark.parametrize("value", ["true", "", "yes", "False", " false"])
def test_a_resource_that_kustomize_will_drop(here: Path, value: str) -> None:
    resources = build()
    annotations = entry(resources, "Sidecar", "idgen")["metadata"]["annotations"]
    annotations["config.kubernetes.io/local-config"] = value
    entry(resources, "ConfigMap", "c")["metadata"]["annotations"]["config.kubernetes.io/local-config"] = value
    assert told(everywhere(resources)) == ["error[EGR512]: kustomize leaves Sidecar `idgen` out of what it builds"]
    annotations["config.kubernetes.io/local-config"] = "false"
    assert everywhere(resources)[0] == 0


def test_a_resource_that_is_left_over(here: Path) -> None:
    stale = {
        **entry(build()),
        "metadata": {"name": "old", "namespace": "recipes", "labels": {"app.kubernetes.io/managed-by": "egressc"}},
    }
    stale["spec"] = {**stale["spec"], "hosts": ["old.example.com"]}
    assert told(everywhere(build(stale))) == [
        "error[EGR512]: the policy does not compile to ServiceEntry `recipes/old`"
    ]
    stale["metadata"]["annotations"] = {"egresslang.dev/generator": "other"}
    assert everywhere(build(stale))[0] == 0, "another EgressPolicy judges its own"
    stale["metadata"].pop("labels")
    assert everywhere(build(stale))[0] == 0, "nobody said that it is ours"


def test_labels_that_split_a_host(here: Path) -> None:
    again = {**entry(build()), "metadata": {"name": "mine", "namespace": "recipes", "labels": {"team": "web"}}}
    called = everywhere(build(again))
    assert told(called) == ["error[EGR512]: other labels split the ServiceEntries of `httpbin.org`"]
    again["metadata"] = {**again["metadata"], "namespace": "shop"}
    assert everywhere(build(again))[0] == 0


def test_generators_of_one_policy(here: Path) -> None:
    (here / "policies/b.egress").write_text("allow shop/cart -> pay.example.com:443 tls\n")
    one = f"{CONFIG}  namespaces: [recipes]\n"
    two = one.replace("name: recipes", "name: shop").replace("[recipes]", "[shop]")
    both = [*generated(one), *generated(two)]
    assert len(both) == 6
    assert legacy(one, dump(both)) == legacy(two, dump(both)) == (0, "", "")
    assert told(legacy(two, dump(generated(one)))) == ["error[EGR512]: the build holds nothing of this policy"]


def test_a_validator_leaves_warnings_to_the_generator(here: Path) -> None:
    (here / "policies/a.egress").write_text(WARNS)
    resources = generated()
    assert legacy(CONFIG, dump(resources)) == (0, "", "")
    assert verify(dump(resources))[2].startswith("warning[EGR509]")
    strict = f"{CONFIG}  strict: true\n"
    assert told(legacy(strict, dump(resources)))[0].startswith("warning[EGR509]")


def test_a_build_that_cannot_be_read(here: Path) -> None:
    for text in ("a: [", "kind: !x Service", "\ufeff- \x07"):
        called = verify(text)
        assert told(called)[0].startswith("error[EGR511]")
        assert "--> -:1:" in called[2]


@pytest.mark.parametrize("odd", [[1], {"metadata": 1}, {"kind": 1, "metadata": {"name": 2}}, {"kind": "ServiceEntry", "metadata": {"name": "a", "labels": [1], "annotations": 1}, "spec": []}, {"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": {"name": "a", "labels": {"app.kubernetes.io/managed-by": "egressc"}}, "spec": {"hosts": [1]}}])  # fmt: skip
def test_odd_resources_beside_ours(here: Path, odd: Any) -> None:
    status, out, err = verify(dump([*generated(), odd]))
    assert out == ""
    assert status == (1 if "egressc" in str(odd) else 0), err


def test_verify_knows_the_folder_of_the_kustomization(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = dump(generated())
    (here / "plugins").mkdir()
    (here / "egress.yaml").rename(here / "plugins/egress.yaml")
    (here / "kustomization.yaml").write_text("generators:\n- plugins/egress.yaml\n")
    assert verify(text, config="plugins/egress.yaml")[0] == 0
    monkeypatch.chdir(here / "policies")
    assert verify(text, config="../plugins/egress.yaml")[0] == 0


def test_verify_in_other_formats(here: Path) -> None:
    report = json.loads(verify("", "--format", "json")[2])
    assert [each["code"] for each in report["findings"]] == ["EGR512"]
    assert verify("", "--format", "github")[2].startswith(
        "::error title=EGR512 build-mismatch,file=egress.yaml,line=3,"
    )


# Installing


def test_install(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = here / "home"
    monkeypatch.setenv("KUSTOMIZE_PLUGIN_HOME", str(home))
    program = here / "bin/egressc-krm"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(here / "bin/python"))
    link = home / "egresslang.dev/v1/egresspolicy/EgressPolicy"
    for _ in range(2):
        assert run("kustomize", "install") == (0, f"{link}\n", "")
        assert link.readlink() == program
    assert list(link.parent.iterdir()) == [link]
    assert run("kustomize", "install", "--plugin-home", "other")[2] == f"egressc: tell kustomize of it: export KUSTOMIZE_PLUGIN_HOME={here / 'other'}\n"  # fmt: skip
    link.unlink()
    link.write_text("mine")
    assert run("kustomize", "install") == (2, "", f"egressc: `{link}` is in the way, and no link\n")
    program.unlink()
    monkeypatch.setenv("PATH", str(here))
    monkeypatch.setattr(sys, "argv", [str(here / "egressc")])
    assert run("kustomize", "install")[2].startswith("egressc: egressc-krm is neither beside this Python nor on PATH")
    (here / "file").write_text("")
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert run("kustomize", "install", "--plugin-home", "file")[0] == 2


def test_where_kustomize_looks() -> None:
    assert install.plugin_home({"KUSTOMIZE_PLUGIN_HOME": "/a", "XDG_CONFIG_HOME": "/b"}) == "/a"
    assert install.plugin_home({"XDG_CONFIG_HOME": "/b"}) == "/b/kustomize/plugin"
    assert install.plugin_home({}) == os.path.expanduser("~/.config/kustomize/plugin")


# The schema


def test_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(settings(CONFIG), SCHEMA)


def test_the_docs_tell_every_key() -> None:
    page = (ROOT / "docs" / "kustomize.md").read_text(encoding="utf-8")
    jsonschema.validate(yaml.safe_load(re.findall(r"(?ms)^```yaml\n(.*?)^```$", page)[0]), SCHEMA)
    assert set(re.findall(r"(?m)^\| `(\w+)` \|", page)) == set(SCHEMA["properties"]["spec"]["properties"])


SPECS = st.fixed_dictionaries(
    {},
    optional={
        "policies": st.lists(st.sampled_from(["policies", "", "a\0", 1])),
        "policy": st.sampled_from(["", "allow", 1, None]),
        "profile": st.sampled_from(["us.yaml", {}, {"kind": "x"}, [], None]),
        "kinds": st.lists(st.sampled_from(["Sidecar", "Istio", "values", None])),
        "namespaces": st.lists(st.sampled_from(["recipes", "Recipes", "a" * 64])),
        "strict": st.sampled_from([True, False, "true", None]),
        "validate": st.sampled_from([True, 1]),
        "more": st.just(1),
    },
)


@given(
    st.fixed_dictionaries(
        {"spec": SPECS},
        optional={
            "apiVersion": st.sampled_from(["egresslang.dev/v1", "egresslang.dev/v2"]),
            "kind": st.sampled_from(["EgressPolicy", "ClusterProfile"]),
            "metadata": st.sampled_from([{"name": "a"}, {"name": "A"}, {}, {"name": "a", "annotations": {"a": "b"}, "namespace": None}]),
        },
    )
)  # fmt: skip
def test_our_validator_says_what_jsonschema_says(document: dict[str, Any]) -> None:
    from egresslang.profile.validate import validate

    (place,), found = read(Source("egress.yaml", json.dumps(document)))
    assert found == []
    assert (validate(place, SCHEMA, codes.BAD_CONFIG) == []) == jsonschema.Draft202012Validator(SCHEMA).is_valid(
        document
    )
