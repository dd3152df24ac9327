"""The plugin called by the tools themselves: every row of the table of contracts, and what each of them hides.

`kubectl kustomize`, and the standalone kustomize that `make judge` builds; containers through a `docker` of our own that
runs the executable and keeps what it was asked for.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.conformance

KUSTOMIZE = Path(__file__).parent / "judge" / "bin" / "kustomize"
PROGRAMS = Path(sys.executable).parent
EXAMPLE = Path(__file__).parents[2] / "examples" / "kustomize"

POLICY = "namespace recipes\nallow idgen -> httpbin.org:443 tls\nallow etl -> api.example.com:443 tls\n"
WARNS = f"{POLICY}allow idgen -> dns.example.com:53 udp\n"
WRONG = f"{POLICY}allow idgen -> httpbin.org:99999 http\n"
PLACE = "policies/recipes.egress:4:28"
RESOURCES = ["ConfigMap recipes/other"]
GENERATED = ["ServiceEntry recipes/api-example-com", "ServiceEntry recipes/httpbin-org", "Sidecar recipes/etl", "Sidecar recipes/idgen"]  # fmt: skip

EXEC = "exec: {path: egressc-krm}"
CONTAINER = "container: {image: 'example.com/egressc-krm:1', mounts: [{type: bind, src: ., dst: /work}]}"

DOCKER = """#!/bin/sh
printf '%s\\n' "$*" >> "$DOCKER_LOG"
work=$(mktemp -d)
for word; do
    case $word in type=bind,source=*,target=/work,readonly)
        source=${word#*source=}
        cp -r "${source%%,*}/." "$work"
    esac
done
cd "$work" && exec egressc-krm
"""
"""A container that holds its mounts and nothing else of the folder."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Where our programs, and the stand-in for docker, are first on PATH; the legacy plugin is installed."""
    for name in ("kubectl", "docker"):
        if name == "kubectl" and shutil.which(name) is None:
            pytest.fail("kubectl is not on PATH")
    if not KUSTOMIZE.exists():
        pytest.fail(f"{KUSTOMIZE} is missing: build it with `make judge`")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    (tmp_path / "bin/kustomize").symlink_to(KUSTOMIZE)
    made = os.environ | {
        "PATH": f"{tmp_path / 'bin'}:{PROGRAMS}:{os.environ['PATH']}",
        "KUSTOMIZE_PLUGIN_HOME": str(tmp_path / "plugins"),
        "DOCKER_LOG": str(tmp_path / "docker.log"),
    }
    subprocess.run(["egressc", "kustomize", "install"], check=True, capture_output=True, env=made)
    return made


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run a tool in the folder above that of the kustomization `app`."""

    def run(*command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=tmp_path, input=stdin, timeout=120)  # fmt: skip

    return run


def config(function: str = "", spec: str = "policies: [policies]", name: str = "recipes") -> str:
    value: dict[str, Any] = {"apiVersion": "egresslang.dev/v1", "kind": "EgressPolicy", "metadata": {"name": name}, "spec": yaml.safe_load(spec)}  # fmt: skip
    if function:
        value["metadata"]["annotations"] = {"config.kubernetes.io/function": function}
    return yaml.safe_dump(value, sort_keys=False)


def app(folder: Path, egress: str, policy: str = POLICY, validates: bool = True, more: str = "") -> Path:
    """A kustomization with one resource of its own, and an EgressPolicy that generates and, if it is to, validates."""
    made = folder / "app"
    (made / "policies").mkdir(parents=True, exist_ok=True)
    (made / "policies/recipes.egress").write_text(policy)
    (made / "egress.yaml").write_text(egress)
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other", "namespace": "recipes"}}
    (made / "other.yaml").write_text(yaml.safe_dump(other))
    validators = "validators: [egress.yaml]\n" if validates else ""
    (made / "kustomization.yaml").write_text(f"resources: [other.yaml]\ngenerators: [egress.yaml]\n{validators}{more}")
    return made


def built(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The resources of a build that succeeded, in order of their names."""
    assert done.returncode == 0, done.stderr
    return sorted(f"{each['kind']} {each['metadata'].get('namespace')}/{each['metadata']['name']}" for each in yaml.safe_load_all(done.stdout))  # fmt: skip


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """A build that failed, with nothing built and the words on the terminal."""
    assert (done.returncode != 0, done.stdout) == (True, "")
    for each in words:
        assert each in done.stderr


LEGACY = "", ("--enable-alpha-plugins",)
FORMS = {
    "kubectl, legacy exec": (("kubectl", "kustomize"), *LEGACY),
    "kustomize, legacy exec": (("kustomize", "build"), *LEGACY),
    "kustomize, exec KRM": (("kustomize", "build"), EXEC, ("--enable-alpha-plugins", "--enable-exec")),
    "kubectl, container KRM": (("kubectl", "kustomize"), CONTAINER, ("--enable-alpha-plugins",)),
    "kustomize, container KRM": (("kustomize", "build"), CONTAINER, ("--enable-alpha-plugins",)),
}
"""What works: the tool, the annotation `config.kubernetes.io/function`, the options."""

Form = tuple[tuple[str, ...], str, tuple[str, ...]]

form_of_each = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
tool_of_each = pytest.mark.parametrize("tool", [("kubectl", "kustomize"), ("kustomize", "build")], ids=["kubectl", "kustomize"])  # fmt: skip


def build(run: Run, form: Form) -> subprocess.CompletedProcess[str]:
    tool, _, options = form
    return run(*tool, *options, "app")


# What works


@form_of_each
def test_a_form_that_works(form: Form, run: Run, tmp_path: Path) -> None:
    app(tmp_path, config(form[1]))
    done = build(run, form)
    assert built(done) == sorted(RESOURCES + GENERATED)
    assert run("egressc", "kustomize", "verify", "app/egress.yaml", stdin=done.stdout).returncode == 0
    compiled = run("egressc", "compile", "app/policies", "--kinds", "ServiceEntry,Sidecar", "-q")
    meant = {each["metadata"]["name"]: each["spec"] for each in yaml.safe_load_all(compiled.stdout)}
    specs = {each["metadata"]["name"]: each["spec"] for each in yaml.safe_load_all(done.stdout) if "spec" in each}
    assert specs == meant


@form_of_each
def test_what_is_wrong_reaches_the_terminal(form: Form, run: Run, tmp_path: Path) -> None:
    app(tmp_path, config(form[1]), WRONG)
    refused(build(run, form), "error[EGR005]: port `99999` does not exist", f"--> {PLACE}", "99999 http")
    app(tmp_path, config(form[1], "{policies: [policies], stric: true}"))
    refused(build(run, form), "error[EGR511]: unknown key `stric`", "--> egress.yaml:", "write `strict`")
    app(tmp_path, config(form[1], "{policies: [../policies]}"))
    refused(build(run, form), "error[EGR511]: `../policies` is not in or below the kustomization")


@form_of_each
def test_inline_policy_is_told_at_its_place_in_the_file(form: Form, run: Run, tmp_path: Path) -> None:
    written = f"# a comment\n{config(form[1]).replace('  policies:', '  # and another')}".replace("  - policies\n", "")
    app(tmp_path, f"{written}  policy: |\n    namespace recipes\n    allow idgen -> httpbin.org:99999 http\n")
    line = written.count("\n") + 3
    refused(build(run, form), f"--> egress.yaml:{line}:32", f"{line} |     allow idgen -> httpbin.org:99999 http")


@form_of_each
def test_warnings_fail_when_strict(form: Form, run: Run, tmp_path: Path) -> None:
    app(tmp_path, config(form[1], "{policies: [policies], strict: true}"), WARNS)
    refused(build(run, form), "warning[EGR509]", "dns.example.com")
    app(tmp_path, config(form[1]), WARNS)
    done = build(run, form)
    assert built(done) == sorted(RESOURCES + GENERATED)
    is_legacy = form[1] == ""
    assert done.stderr.count("warning[EGR509]") == (0 if is_legacy else 1), "kustomize shows nothing of a legacy plugin that succeeds"  # fmt: skip


def test_the_container_is_asked_for_without_network_or_rights(run: Run, tmp_path: Path) -> None:
    made = app(tmp_path, config(CONTAINER))
    built(run("kubectl", "kustomize", "--enable-alpha-plugins", "app"))
    calls = (tmp_path / "docker.log").read_text().splitlines()
    assert len(calls) == 2, "a generator and a validator"
    for call in calls:
        assert call.startswith("run --rm -i ")
        assert call.endswith(" example.com/egressc-krm:1"), "no arguments: the image's entry point is the plugin"
        assert "--network none" in call
        assert "--user nobody" in call
        assert f"source={made},target=/work,readonly" in call


def test_environment_and_working_folder_of_an_exec_function(run: Run, tmp_path: Path) -> None:
    app(tmp_path, config("exec: {path: egressc-krm, envs: [A=1]}"))
    assert built(run("kustomize", "build", "--enable-alpha-plugins", "--enable-exec", "app")) == sorted(RESOURCES + GENERATED)  # fmt: skip


def test_arguments_are_refused(run: Run, tmp_path: Path) -> None:
    app(tmp_path, config() + "argsOneLiner: --strict\n")
    refused(run("kubectl", "kustomize", "--enable-alpha-plugins", "app"), "unrecognized arguments: --strict")


def test_apply_needs_a_pipe(run: Run, tmp_path: Path) -> None:
    app(tmp_path, config())
    refused(run("kubectl", "apply", "-k", "app", "--dry-run=client"), "external plugins disabled")
    done = run("kubectl", "kustomize", "--enable-alpha-plugins", "app")
    read = run("kubectl", "label", "--local", "-f", "-", "-o", "name", "a=b", stdin=done.stdout)
    assert read.returncode == 0, read.stderr
    assert len(read.stdout.splitlines()) == len(RESOURCES + GENERATED)


# What is silent in kustomize, and loud with us


@tool_of_each
def test_a_skipped_exec_function(tool: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    app(tmp_path, config(EXEC), validates=False)
    silent = run(*tool, "--enable-alpha-plugins", "app")
    assert (built(silent), silent.stderr) == (RESOURCES, ""), "the policy is missing, and nobody says so"
    refused_by_verify(run, silent.stdout, "the build holds nothing of this policy")
    app(tmp_path, config(EXEC))
    refused(run(*tool, "--enable-alpha-plugins", "app"), "validator shouldn't modify the resource map")


def refused_by_verify(run: Run, text: str, *words: str) -> None:
    verified = run("egressc", "kustomize", "verify", "app/egress.yaml", stdin=text)
    assert verified.returncode == 1
    refused(verified, "error[EGR512]: ", *words)


def test_an_exec_function_in_kubectl(run: Run, tmp_path: Path) -> None:
    app(tmp_path, config(EXEC))
    refused(
        run("kubectl", "kustomize", "--enable-alpha-plugins", "--enable-exec", "app"), "unknown flag: --enable-exec"
    )


@tool_of_each
def test_without_plugins(tool: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    app(tmp_path, config())
    refused(run(*tool, "app"), "external plugins disabled")


def test_an_empty_build(run: Run, tmp_path: Path) -> None:
    app(tmp_path, config())
    refused_by_verify(run, "", "the build holds nothing of this policy", "--enable-alpha-plugins")


@form_of_each
def test_a_validator_alone_over_an_empty_build(form: Form, run: Run, tmp_path: Path) -> None:
    made = app(tmp_path, config(form[1]))
    (made / "kustomization.yaml").write_text("validators: [egress.yaml]\n")
    assert built(build(run, form)) == [], "kustomize calls it as a generator, and drops what it makes"
    app(tmp_path, config(form[1], "{policies: [policies], validate: true}"))
    (made / "kustomization.yaml").write_text("validators: [egress.yaml]\n")
    refused(build(run, form), "error[EGR512]: the build holds nothing of this policy")


TWO = ("kubectl, legacy exec", "kustomize, exec KRM")
"""One form of each protocol."""

CHANGES = {
    "another namespace": ("namespace: prod\n", "Sidecar `idgen` stands in `prod`, not in `recipes`"),
    "another name": ("namePrefix: p-\n", "ServiceEntry `httpbin-org` is called `p-httpbin-org` in the build"),
    "edited": (
        "patches:\n- target: {kind: Sidecar, name: idgen}\n  patch: '[{\"op\": \"replace\", \"path\": \"/spec/egress/0/hosts/1\", \"value\": \"./*\"}]'\n",
        "`spec.egress[0].hosts[1]` of Sidecar `idgen` is not what the policy compiles to",
    ),
    "removed": (
        "patches:\n- patch: |\n    apiVersion: networking.istio.io/v1\n    kind: Sidecar\n    metadata: {name: idgen, namespace: recipes}\n    $patch: delete\n",
        "the build lacks 1 resource of this policy",
    ),
    "without our label": (
        "commonLabels: {app.kubernetes.io/managed-by: kustomize}\n",
        "has lost the label `app.kubernetes.io/managed-by: egressc`",
    ),
}  # fmt: skip
"""What a kustomization may do to what was generated, in silence."""


@pytest.mark.parametrize("form", [FORMS[each] for each in TWO], ids=TWO)
@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES)
def test_a_build_that_changes_what_was_generated(
    form: Form, change: str, message: str, run: Run, tmp_path: Path
) -> None:
    app(tmp_path, config(form[1]), validates=False, more=change)
    silent = build(run, form)
    assert silent.returncode == 0, silent.stderr
    assert silent.stdout
    refused_by_verify(run, silent.stdout, message)
    app(tmp_path, config(form[1]), more=change)
    refused(build(run, form), f"error[EGR512]: {message}" if "label" not in message else message)


LOCAL = "config.kubernetes.io/local-config"
MARKED = {  # by their name, how a kustomization marks resources with a key and a value
    "everything": "commonAnnotations: {%s: '%s'}\n",
    "the Sidecar": (
        "patches:\n- target: {kind: Sidecar, name: idgen}\n"
        '  patch: \'[{"op": "add", "path": "/metadata/annotations/%s", "value": "%s"}]\'\n'
    ),
}


@pytest.mark.parametrize("form", [FORMS[each] for each in TWO], ids=TWO)
@pytest.mark.parametrize(("marks", "value"), [("everything", "true"), ("the Sidecar", "")])
def test_what_kustomize_drops_after_its_validators(
    form: Form, marks: str, value: str, run: Run, tmp_path: Path
) -> None:
    key = LOCAL if marks == "everything" else LOCAL.replace("/", "~1")
    app(tmp_path, config(form[1]), validates=False, more=MARKED[marks] % (key, value))
    silent = build(run, form)
    assert "Sidecar recipes/idgen" not in built(silent), "it is dropped, and nobody says so"
    refused_by_verify(run, silent.stdout, "the build ")
    app(tmp_path, config(form[1]), more=MARKED[marks] % (key, value))
    refused(build(run, form), "error[EGR512]: kustomize leaves Sidecar `idgen` out of what it builds")
    app(tmp_path, config(form[1]), more=MARKED[marks] % (key, "false"))
    assert built(build(run, form)) == sorted(RESOURCES + GENERATED)


def test_the_example_with_resources_for_kustomize_alone(run: Run, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "app")
    with (tmp_path / "app/kustomization.yaml").open("a") as file:
        file.write(MARKED["everything"] % (LOCAL, "true"))
    refused(run("kubectl", "kustomize", "--enable-alpha-plugins", "app"), "error[EGR512]: kustomize leaves Sidecar `idgen` ")  # fmt: skip


@form_of_each
def test_more_labels_and_annotations(form: Form, run: Run, tmp_path: Path) -> None:
    app(tmp_path, config(form[1]), more="commonLabels: {team: web}\ncommonAnnotations: {a: b}\n")
    done = build(run, form)
    assert built(done) == sorted(RESOURCES + GENERATED)
    assert run("egressc", "kustomize", "verify", "app/egress.yaml", stdin=done.stdout).returncode == 0


@form_of_each
def test_what_a_former_policy_left(form: Form, run: Run, tmp_path: Path) -> None:
    made = app(tmp_path, config(form[1]), f"{POLICY}allow idgen -> old.example.com:443 tls\n")
    old = run("egressc", "compile", "app/policies", "--kinds", "ServiceEntry", "-q").stdout
    (made / "other.yaml").write_text(next(each for each in old.split("---\n") if "name: old-example-com" in each))
    (made / "policies/recipes.egress").write_text(POLICY)
    refused(build(run, form), "error[EGR512]: the policy does not compile to ServiceEntry `recipes/old-example-com`")


# Overlays and several generators


def test_an_overlay_that_scopes_a_base_again(run: Run, tmp_path: Path) -> None:
    """A base's validators have run before an overlay changes what they saw: the overlay needs one of its own."""
    app(tmp_path, config())
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text("resources: [../app]\nnamespace: prod\n")
    silent = run("kubectl", "kustomize", "--enable-alpha-plugins", "overlay")
    assert "Sidecar prod/idgen" in built(silent)
    refused_by_verify(run, silent.stdout, "Sidecar `idgen` stands in `prod`, not in `recipes`")
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/egress.yaml").write_text(config(spec=yaml.safe_dump({"policy": POLICY})))
    (tmp_path / "policy/kustomization.yaml").write_text("resources: [egress.yaml]\n")
    (overlay / "kustomization.yaml").write_text("resources: [../app]\nnamespace: prod\nvalidators: [../policy]\n")
    refused(run("kubectl", "kustomize", "--enable-alpha-plugins", "overlay"), "Sidecar `idgen` stands in `prod`, not in `recipes`")  # fmt: skip


@form_of_each
def test_several_generators_of_one_policy(form: Form, run: Run, tmp_path: Path) -> None:
    policy = f"{POLICY}namespace shop\nallow cart -> pay.example.com:443 tls\n"
    made = app(tmp_path, config(form[1], "{policies: [policies], namespaces: [recipes]}"), policy)
    (made / "shop.yaml").write_text(config(form[1], "{policies: [policies], namespaces: [shop]}", "shop"))
    both = "resources: [other.yaml]\ngenerators: [egress.yaml, shop.yaml]\nvalidators: [egress.yaml, shop.yaml]\n"
    (made / "kustomization.yaml").write_text(both)
    assert built(build(run, form)) == sorted([*RESOURCES, *GENERATED, "ServiceEntry shop/pay-example-com", "Sidecar shop/cart"])  # fmt: skip
    (made / "kustomization.yaml").write_text(both.replace("generators: [egress.yaml, shop.yaml]", "generators: [egress.yaml]"))  # fmt: skip
    refused(build(run, form), "error[EGR512]: the build holds nothing of this policy", "ServiceEntry `shop/pay-example-com`")  # fmt: skip


def test_two_generators_of_one_object(run: Run, tmp_path: Path) -> None:
    made = app(tmp_path, config())
    (made / "again.yaml").write_text(config(name="again"))
    (made / "kustomization.yaml").write_text("generators: [egress.yaml, again.yaml]\n")
    refused(run("kubectl", "kustomize", "--enable-alpha-plugins", "app"), "exists; behavior must be merge or replace")  # fmt: skip


# The example


@tool_of_each
def test_the_example(tool: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "app")
    done = run(*tool, "--enable-alpha-plugins", "app")
    expected = list(yaml.safe_load_all((EXAMPLE / "expected/recipes.yaml").read_text()))
    meant = {(each["kind"], each["metadata"]["name"]): each["spec"] for each in expected}
    found = {(each["kind"], each["metadata"]["name"]): each["spec"] for each in yaml.safe_load_all(done.stdout)}
    assert {name: spec for name, spec in found.items() if name in meant} == meant, done.stderr
    assert set(found) - set(meant) == {("Deployment", "idgen"), ("Deployment", "importer")}
    (shown,) = re.findall(r"verify egress\.yaml\n(.*\n)", (EXAMPLE / "README.md").read_text())
    verified = run("egressc", "kustomize", "verify", "app/egress.yaml", stdin=done.stdout)
    assert (verified.returncode, verified.stderr) == (0, shown)
