"""`egressc init`: what it makes passes, and what stands is left."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from egresslang import __version__
from egresslang.cli import main
from egresslang.source import Source
from egresslang.starting import texts
from egresslang.syntax.parse import parse
from egresslang.syntax.print import show_statement

MADE = {
    "policies/first.egress",
    "cluster.yaml",
    "egressc.toml",
    ".pre-commit-config.yaml",
    ".github/workflows/egress.yml",
}
CART = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart, tier: "yes"}}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, as the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Result:
    """What a command said, and its status."""

    def __init__(self, *arguments: str) -> None:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.status = main(arguments)
        self.out, self.err = out.getvalue(), err.getvalue()


def tree(folder: Path) -> set[str]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def standing(folder: Path) -> dict[Path, tuple[int, ...]]:
    """What a change of any file would change."""
    found = ((path, os.lstat(path)) for path in folder.rglob("*") if path.is_file())
    return {path: (stat.st_ino, stat.st_mode, stat.st_size, stat.st_mtime_ns) for path, stat in found}


def passes() -> None:
    """The project in the current folder is right without a word, compiles, and its output is then what it compiles to."""
    checked = Result("check")
    assert (checked.status, checked.out) == (0, "no findings: 3 rules in 1 file\n")
    assert checked.err == ""
    assert Result("compile", "--check").status == 1
    assert Result("compile").status == 0
    assert Result("compile", "--check").status == 0


def test_an_empty_folder(here: Path) -> None:
    made = Result("init")
    assert (made.status, made.err) == (0, "")
    assert tree(here) == MADE
    assert made.out.splitlines()[:5] == [
        "made  policies/first.egress",
        "made  cluster.yaml",
        "made  egressc.toml",
        "made  .pre-commit-config.yaml",
        "made  .github/workflows/egress.yml",
    ]
    assert made.out.endswith("\n  egressc explain 'default/my-workload -> example.org:443 tls'\n")
    passes()
    assert Result("explain", "default/my-workload -> example.org:443 tls").status == 0


def test_a_folder_that_does_not_exist(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Result("init", "a/b")
    assert made.status == 0
    assert tree(here / "a" / "b") == MADE
    assert "Next in `a/b`:" in made.out
    monkeypatch.chdir(here / "a" / "b")
    passes()


def test_a_repository_with_manifests(here: Path) -> None:
    (here / "deploy").mkdir()
    (here / "deploy" / "cart.yaml").write_text(CART)
    (here / "deploy" / "chart.yaml").write_text("kind: {{ .Values.kind }}\n")
    (here / ".git").mkdir()
    made = Result("init")
    assert "found 1 workload in 1 namespace; " in made.out
    assert "broken): deploy/chart.yaml\n" in made.out
    assert "pre-commit install" in made.out
    spec = yaml.safe_load((here / "cluster.yaml").read_text())["spec"]
    cart = {"labels": {"app": "cart", "tier": "yes"}, "selector": {"app": "cart"}}
    assert spec["namespaces"] == {"shop": {"workloads": {"cart": cart}}}
    assert "\nnamespace shop\n" in (here / "policies" / "first.egress").read_text()
    passes()
    assert "app: cart" in (here / "manifests" / "shop.yaml").read_text()


def test_who_has_no_sidecar_or_no_plain_name_is_no_example(here: Path) -> None:
    bare = CART.replace("name: cart", "name: agent").replace("app: cart", "app: agent")
    (here / "a.yaml").write_text(f"{bare}    spec: {{hostNetwork: true}}\n---\n{CART}")
    dotted = CART.replace("name: cart", "name: a.b").replace("app: cart", "app: a.b")
    (here / "b.yaml").write_text(dotted)
    Result("init")
    assert "\nallow cart -> " in (here / "policies" / "first.egress").read_text()
    passes()


def test_an_example_that_the_language_cannot_say_is_a_comment(here: Path) -> None:
    (here / "a.yaml").write_text(CART.replace("name: cart", "name: a.b"))
    Result("init")
    checked = Result("check")
    assert (checked.status, checked.out) == (0, "no findings: 0 rules in 1 file\n")


@pytest.mark.parametrize("mode", ["REGISTRY_ONLY", "ALLOW_ANY"])
def test_an_installation_is_named(here: Path, mode: str) -> None:
    (here / "istio").mkdir()
    (here / "istio" / "install.yaml").write_text(
        "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: control}\n"
        f"spec: {{meshConfig: {{outboundTrafficPolicy: {{mode: {mode}}}}}}}\n"
    )
    Result("init")
    assert yaml.safe_load((here / "cluster.yaml").read_text())["spec"]["istio"] == {
        "installation": "istio/install.yaml"
    }
    passes()


@pytest.mark.parametrize(
    "spec", ["{meshConfig: {outboundTrafficPolicy: {mode: NEVER}}}", "{tag: 1.99.0}"], ids=["an error", "a warning"]
)
def test_an_installation_that_would_be_complained_of_is_not(here: Path, spec: str) -> None:
    (here / "install.yaml").write_text(f"apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec: {spec}\n")
    assert "not named in the profile, as `egressc check` would complain of it: install.yaml\n" in Result("init").out
    passes()


def test_two_installations_are_told(here: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (here / name).write_text("apiVersion: sailoperator.io/v1\nkind: Istio\nmetadata: {name: default}\n")
    assert "found several installations, so that the profile names none: a.yaml, b.yaml\n" in Result("init").out
    passes()


def test_nothing_is_overwritten(here: Path) -> None:
    for name in MADE:
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text("# mine\n")
    before = standing(here)
    made = Result("init")
    assert made.status == 0
    assert {path: state for path, state in standing(here).items() if path in before} == before
    assert [line for line in made.out.splitlines() if line.startswith("left ")] == [
        "left  policies: holds policy files",
        "left  egressc.toml: stands already",
        "left  .pre-commit-config.yaml: stands already",
        "left  .github/workflows/egress.yml: stands already",
    ]
    assert '        - repo: "https://github.com/egresslang/egresslang"\n' in made.out


def test_a_second_run_changes_nothing_and_repeats_nothing(here: Path) -> None:
    (here / "cart.yaml").write_text(CART)
    Result("init")
    Result("compile")
    before = standing(here)
    again = Result("init")
    assert again.status == 0
    assert standing(here) == before
    assert again.out.count("left ") == len(MADE)
    assert "made" not in again.out
    assert "add to it" not in again.out


def test_what_a_compilation_wrote_is_no_source(here: Path) -> None:
    Result("init")
    Result("compile")
    (here / "cluster.yaml").unlink()
    Result("init")
    assert "installation/istio-operator.yaml" not in (here / "cluster.yaml").read_text()


def test_a_folder_called_manifests_keeps_its_files(here: Path) -> None:
    (here / "manifests").mkdir()
    (here / "manifests" / "cart.yaml").write_text(CART)
    Result("init")
    assert tomllib.loads((here / "egressc.toml").read_text())["output"] == "manifests/egress"
    passes()
    assert (here / "manifests" / "cart.yaml").read_text() == CART


def test_another_file_called_cluster_is_left(here: Path) -> None:
    (here / "cluster.yaml").write_text("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n")
    made = Result("init")
    assert "left  cluster.yaml: is no ClusterProfile\nmade  egress-cluster.yaml\n" in made.out
    passes()


def test_pyproject_may_hold_the_configuration(here: Path) -> None:
    (here / "pyproject.toml").write_text('[tool.egressc]\npolicies = ["policies"]\nprofiles = ["cluster.yaml"]\n')
    assert "left  pyproject.toml: configures egressc\n" in Result("init").out
    assert not (here / "egressc.toml").exists()
    assert (here / "cluster.yaml").exists()
    assert (here / "policies/first.egress").exists()
    assert Result("check").status == 0


# What a policy, a profile or a configuration that stands asks for


def put(here: Path, **files: str) -> None:
    """Write files; `__` in a name is a `/`, `_` the dot before its ending."""
    for name, text in files.items():
        path = here / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


RULE = "namespace shop\nallow cart -> a.example.com:443 tls\n"


@pytest.mark.parametrize(
    ("files", "policies"),
    [
        ({"x_egress": RULE}, ["."]),
        ({"team__x_egress": RULE}, ["team"]),
        ({"team__a__x_egress": RULE, "other__y_egress": ""}, ["other", "team"]),
        ({"x_egress": RULE, "team__y_egress": ""}, ["."]),
        ({"x_egress": RULE, "sub__y_egress": "allow", "sub__egressc_toml": ""}, ["x.egress"]),
        (
            {
                "t__a__x_egress": RULE, "t__b__y_egress": "", "t__c__z_egress": "allow", "t__c__egressc_toml": "",
                "t__w_egress": "", "t__v_egress": "",
            },
            ["t/v.egress", "t/w.egress", "t/a", "t/b"],
        ),
        ({"policies__x_egress": RULE}, ["policies"]),
    ],
)  # fmt: skip
def test_policies_that_stand_are_taken_in(here: Path, files: dict[str, str], policies: list[str]) -> None:
    put(here, cart_yaml=CART, **files)
    before = standing(here)
    made = Result("init")
    assert (made.status, made.err) == (0, "")
    assert {path: state for path, state in standing(here).items() if path in before} == before
    assert tomllib.loads((here / "egressc.toml").read_text())["policies"] == policies
    assert not (here / "policies/first.egress").exists()
    for each in policies:
        kept = "stands already" if each.endswith(".egress") else "holds policy files"
        assert f"left  {each}: {kept}\n" in made.out
    assert "complain " not in made.out
    assert "Next:\n  egressc fmt\n  egressc check\n  egressc compile\n" in made.out
    mine = sum("sub__" not in each and "__c__" not in each and each.endswith("_egress") for each in files)
    checked = Result("check")
    assert (checked.status, checked.out) == (0, f"no findings: 1 rule in {mine} file{'s' * (mine > 1)}\n")


def test_a_project_below_has_policies_of_its_own(here: Path) -> None:
    put(here, sub__y_egress="allow", sub__egressc_toml="")
    Result("init")
    passes()


BARE = CART.replace("namespace: shop", "namespace: b")


@pytest.mark.parametrize(
    ("policy", "added"),
    [
        ("allow shop/a -> a.example.com:443 tls\n", {"shop": ["a"]}),
        ("namespace shop\nexpect a -> a.example.com:443 blocked\n", {"shop": ["a"]}),
        ("allow {b/cart, b/other} -> a.example.com:443 tls\n", {"b": ["cart", "other"]}),
        ("namespace shop\nallow b/cart -> a.example.com:443 tls\n", {"shop": []}),
        ("workloads w = shop/a\nallow w -> a.example.com:443 tls\n", {"shop": ["a"]}),
        ("mesh shop/a -> b/*\nallow shop/a -> a.example.com:443 tls\n", {"shop": ["a"]}),
        ("deny shop/* except shop/a -> a.example.com:443 tls\n", {"shop": ["a"]}),
    ],
)
def test_whom_policies_name_is_in_the_profile(here: Path, policy: str, added: dict[str, list[str]]) -> None:
    put(here, cart_yaml=BARE, x_egress=policy)
    assert Result("check").status == 0
    made = Result("init")
    assert "complain " not in made.out
    listed = yaml.safe_load((here / "cluster.yaml").read_text())["spec"]["namespaces"]
    expected = {"b": ["cart"]} | added
    assert {namespace: sorted(each.get("workloads", {})) for namespace, each in listed.items()} == expected
    assert listed["b"]["workloads"]["cart"]["labels"] == {"app": "cart", "tier": "yes"}
    names = [f"{namespace}/{each}" for namespace, some in added.items() for each in some if each != "cart"]
    told = "named by policies alone, and in the profile with the label `app` of their name: "
    assert f"{told}{', '.join(names or added)}\n" in made.out
    checked = Result("check")
    assert (checked.status, checked.err) == (0, "")


def test_what_is_now_told_of_a_policy_is_told(here: Path) -> None:
    put(here, cart_yaml=CART, x_egress="namespace shop\nallow [app=web] -> a.example.com:443 tls\n")
    made = Result("init")
    assert (
        "`egressc check` will complain of what stood before:\n      error[EGR103] x.egress:2: no workload" in made.out
    )
    put(here, y_egress=RULE)
    for name in ("egressc.toml", "cluster.yaml", "x.egress"):
        (here / name).unlink()
    assert "complain " not in Result("init").out


PROFILE = "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: a}}\nspec: {}\n"


@pytest.mark.parametrize(
    ("spec", "rules"),
    [
        ("{lint: {require: [owner]}}", 0),
        ("{namespaces: {back: {workloads: {db: {}, etl: {}}}}}", 3),
        ("{namespaces: {back: {}}}", 0),
        ("{lint: {require: [owner]}, namespaces: {back: {workloads: {db: {}}}}}", 0),
        ("{defaultNamespace: back}", 3),
    ],
)
@pytest.mark.parametrize("manifests", ["", CART])
def test_the_example_agrees_with_a_profile_that_stands(here: Path, spec: str, rules: int, manifests: str) -> None:
    put(here, cluster_yaml=PROFILE.format(spec), **({"cart_yaml": manifests} if manifests else {}))
    made = Result("init")
    assert "left  cluster.yaml: stands already\n" in made.out
    assert "complain " not in made.out
    checked = Result("check")
    assert (checked.status, checked.out) == (0, f"no findings: {rules} rules in 1 file\n")


def test_a_profile_that_is_wrong_is_told(here: Path) -> None:
    put(here, cluster_yaml=PROFILE.format("{enforcment: mesh}"))
    assert "error[EGR510] cluster.yaml:4: unknown key `enforcment`" in Result("init").out


@pytest.mark.parametrize("name", ["egressc.toml", "pyproject.toml"])
def test_a_configuration_without_output_gets_checks_that_can_pass(here: Path, name: str) -> None:
    head = "[tool.egressc]\n" if name == "pyproject.toml" else ""
    (here / name).write_text(f'{head}policies = ["team"]\n')
    put(here, team__x_egress=RULE, cart_yaml=CART)
    made = Result("init")
    assert tree(here) == {name, "team/x.egress", "cart.yaml", ".pre-commit-config.yaml", ".github/workflows/egress.yml"}
    (repo,) = yaml.safe_load((here / ".pre-commit-config.yaml").read_text())["repos"]
    assert [each["id"] for each in repo["hooks"]] == ["egressc-fmt", "egressc-check", "egressc-profile"]
    workflow = yaml.safe_load((here / ".github/workflows/egress.yml").read_text())
    runs = [each["run"] for each in workflow["jobs"]["egress"]["steps"] if "run" in each]
    assert [each for each in runs if "compile" in each] == []
    added = made.out.partition("      add to it:\n")[2].partition("made ")[0]
    lines = "\n".join(line.strip() for line in added.splitlines())
    assert tomllib.loads(lines) == {"profiles": ["cluster.yaml"], "output": "manifests"}
    assert "egressc compile" not in made.out.partition("Next:")[2]
    (here / ".pre-commit-config.yaml").unlink()
    with (here / name).open("a") as file:
        file.write(lines)
    made = Result("init")
    assert "made  cluster.yaml\n" in made.out
    assert "- id: egressc-compile" in (here / ".pre-commit-config.yaml").read_text()
    assert Result("compile").status == Result("compile", "--check").status == 0


def test_a_gitlab_file_without_output_compares_nothing(here: Path) -> None:
    put(here, x_egress=RULE, egressc_toml="")
    Result("init", "--ci", "gitlab")
    assert "compile" not in str(yaml.safe_load((here / ".gitlab-ci.yml").read_text())["egress"]["script"])


def test_a_configuration_that_names_other_places(here: Path) -> None:
    put(here, egressc_toml='policies = ["team"]\n')
    made = Result("init")
    assert "left  policies/first.egress: egressc.toml names other places of policies\n" in made.out
    assert not (here / "policies").exists()


def test_a_configuration_that_is_wrong(here: Path) -> None:
    put(here, egressc_toml="bogus = 1\n")
    made = Result("init")
    assert (made.status, made.out) == (2, "")
    assert made.err == "egressc: `egressc.toml` is wrong: `egressc check` says where; nothing was written\n"
    assert tree(here) == {"egressc.toml"}


def test_a_file_called_manifests(here: Path) -> None:
    (here / "manifests").write_text("")
    Result("init")
    assert tomllib.loads((here / "egressc.toml").read_text())["output"] == "egress-manifests"
    passes()


# Hooks and CI


def test_merges_run_the_hooks_too(here: Path) -> None:
    Result("init")
    made = yaml.safe_load((here / ".pre-commit-config.yaml").read_text())
    assert made["default_install_hook_types"] == ["pre-commit", "pre-merge-commit"]
    (here / ".pre-commit-config.yaml").write_text("repos: []\n")
    told = Result("init").out.partition("      add to it:\n")[2].partition("left ")[0]
    assert yaml.safe_load(told) == made


def test_the_line_for_the_root_is_one_of_the_root(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / ".git").mkdir()
    (here / "team a").mkdir()
    monkeypatch.chdir(here / "team a")
    assert "`egressc check 'team a'` is their line" in Result("init").out


@pytest.mark.parametrize(
    ("files", "remote", "options", "made"),
    [
        ({}, "", (), ".github/workflows/egress.yml"),
        ({}, "https://gitlab.example.com/team/shop.git", (), ".gitlab-ci.yml"),
        ({}, "git@github.com:team/gitlab-tools.git", ("--ci", "github"), ".github/workflows/egress.yml"),
        (
            {".github/dependabot.yml": ""},
            "https://gitlab.example.com/team/shop.git",
            (),
            ".github/workflows/egress.yml",
        ),
        ({}, "", ("--ci", "gitlab"), ".gitlab-ci.yml"),
        ({}, "", ("--ci", "none"), ""),
    ],
)
def test_the_ci_of_the_repository(
    here: Path, files: dict[str, str], remote: str, options: tuple[str, ...], made: str
) -> None:
    for name, text in files.items():
        (here / name).parent.mkdir(parents=True)
        (here / name).write_text(text)
    if remote:
        subprocess.run(["git", "init", "--quiet", "."], check=True, timeout=60)
        subprocess.run(["git", "remote", "add", "origin", remote], check=True, timeout=60)
    Result("init", *options)
    found = {name for name in (".github/workflows/egress.yml", ".gitlab-ci.yml") if (here / name).exists()}
    assert found == {made} - {""}
    for name in found:
        assert f"egresslang=={__version__}" in str(yaml.safe_load((here / name).read_text()))


def test_the_ci_that_stands_is_told_what_to_add(here: Path) -> None:
    (here / ".gitlab-ci.yml").write_text("test: {script: [make test]}\n")
    made = Result("init")
    assert "left  .gitlab-ci.yml: stands already\n      add to it:\n        # The policy is right" in made.out
    assert not (here / ".github").exists()


def test_hook_and_ci_belong_to_the_root(here: Path) -> None:
    (here / ".git").mkdir()
    made = Result("init", "clusters/eu")
    assert "hook and CI belong to the root of the repository" in made.out
    assert tree(here) == {f"clusters/eu/{name}" for name in ("policies/first.egress", "cluster.yaml", "egressc.toml")}


def test_where_the_hooks_come_from(here: Path) -> None:
    Result("init", "--hooks-repo", "../my: hooks", "--hooks-rev", "1.0")
    (repo,) = yaml.safe_load((here / ".pre-commit-config.yaml").read_text())["repos"]
    assert (repo["repo"], repo["rev"]) == ("../my: hooks", "1.0")
    assert {each["id"] for each in repo["hooks"]} == set(texts.HOOKS)


def test_a_link_is_not_written_through(here: Path) -> None:
    (here / "elsewhere").mkdir()
    (here / "project").mkdir()
    (here / "project" / "policies").symlink_to(here / "elsewhere")
    done = Result("init", "project")
    assert (done.status, done.out) == (2, "")
    assert "is a link" in done.err
    assert not list((here / "elsewhere").iterdir())
    assert [path.name for path in (here / "project").iterdir()] == ["policies"]


@pytest.mark.parametrize("name", ["policies", ".github"])
def test_a_file_in_the_place_of_a_folder(here: Path, name: str) -> None:
    (here / name).write_text("")
    done = Result("init")
    assert (done.status, done.out) == (2, "")
    assert "is no folder; nothing was written" in done.err
    assert tree(here) == {name}


def test_a_file_is_no_place_to_start(here: Path) -> None:
    (here / "x").write_text("")
    assert Result("init", "x").err == "egressc: `x` is no folder\n"


def test_a_dangling_link_stands(here: Path) -> None:
    (here / "egressc.toml").symlink_to(here / "nowhere")
    assert "left  egressc.toml: stands already" in Result("init").out
    assert not os.path.exists(here / "nowhere")


def test_the_policy_is_in_its_canonical_form() -> None:
    text = texts.policy("shop", "cart")
    file, found = parse(Source("first.egress", text))
    assert not found
    written = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert written == [show_statement(each) for each in file.statements]
