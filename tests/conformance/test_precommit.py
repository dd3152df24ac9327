"""The hooks under the real pre-commit and the real prek, in repositories that commit for real.

Each tool installs its environment once, from this working tree at its public address, with what docs/hooks.md says.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from repository import ROOT, TAG, URL, Home, Repository, blocks, need

pytestmark = pytest.mark.conformance

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
PAGE = blocks("hooks.md")
CONFIG = ".pre-commit-config.yaml"
GOOD = "namespace recipes\n\nallow idgen -> httpbin.org:443 tls\n"
BAD = GOOD + "allow etl -> *.com:443 tls\n"
PROFILE = PAGE["clusters/recipes-us.yaml"]
TEMPLATE = 'apiVersion: v1\nkind: Service\nmetadata: {name: {{ include "web.name" . }}}\n{{- if .Values.on }}\n'
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: idgen}\n"
WITHOUT_NETWORK = ("unshare", "--net", "--map-root-user")


def configuration(*hooks: str) -> str:
    """A configuration with these hooks, each an id, or an id and its args."""
    return yaml.safe_dump({"repos": [{"repo": URL, "rev": TAG, "hooks": [_hook(*each.split()) for each in hooks]}]})


def _hook(id: str, *args: str) -> dict[str, object]:
    return {"id": id} | ({"name": f"{id} {' '.join(args)}", "args": list(args)} if args else {})


@pytest.fixture(scope="module", params=["pre-commit", "prek"])
def tool(request: pytest.FixtureRequest) -> str:
    need(request.param, f"the extra conformance (PyPI {request.param})")
    return str(request.param)


@pytest.fixture(scope="module")
def home(tool: str, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp(tool))


@pytest.fixture
def repository(home: Home, tool: str, tmp_path: Path) -> Repository:
    """A repository of manifests in which the hooks are installed, with one policy committed before there were any."""
    made = Repository(home, tmp_path / "somebody's rep\u00f6")
    made.write({"policies/recipes.egress": GOOD, "web/deployment.yaml": DEPLOYMENT, "chart/templates/a.yaml": TEMPLATE})
    made.git("add", "--all")
    made.git("commit", "--quiet", "-m", "Before")
    made.write({CONFIG: configuration("egressc-check")})
    home.run(made.folder, tool, "install")
    return made


# The files themselves


def test_the_manifest_is_valid(home: Home, tool: str) -> None:
    home.run(ROOT, tool, "validate-manifest", ".pre-commit-hooks.yaml")


def test_every_hook_runs_a_command_that_exists() -> None:
    from egresslang.commands import COMMANDS

    for hook in HOOKS:
        program, command = hook["entry"].split()[:2]
        assert program == "egressc"
        assert command in COMMANDS
        assert hook["require_serial"] is True


@pytest.mark.parametrize("name", ["clusters/recipes-us.yaml", "policies/recipes.egress", "egressc.toml", CONFIG])
def test_the_page_shows_it(name: str) -> None:
    assert PAGE[name]


# From nothing


def test_the_page_leads_from_nothing_to_a_commit_that_is_refused(home: Home, tool: str, tmp_path: Path) -> None:
    made = Repository(home, tmp_path / "stranger")
    made.write({"web/deployment.yaml": DEPLOYMENT, "chart/templates/a.yaml": TEMPLATE})
    made.write(
        {name: PAGE[name] for name in (CONFIG, "policies/recipes.egress", "clusters/recipes-us.yaml", "egressc.toml")}
    )
    home.run(made.folder, tool, "install")
    is_made, said = made.commit()
    assert is_made, said
    assert said.count("Passed") == len(yaml.safe_load(PAGE[CONFIG])["repos"][0]["hooks"])
    page = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"Add a line that nobody should write, `([^`]+)`", page)
    is_made, said = made.commit({"policies/recipes.egress": PAGE["policies/recipes.egress"] + line + "\n"})
    assert not is_made
    (shown,) = re.findall(r"\$ git commit -a .*\n((?s:.*?))```", page)
    for told in filter(None, shown.splitlines()):
        assert told.strip() in said
    assert "no profile" not in said


# What is committed


def test_a_good_commit_is_made_and_a_bad_one_is_refused_with_its_finding(repository: Repository) -> None:
    is_made, said = repository.commit({"policies/b.egress": "allow recipes/etl -> api.example.com:443 tls\n"})
    assert is_made, said
    is_made, said = repository.commit({"policies/recipes.egress": BAD})
    assert not is_made
    assert "error[EGR301]: `*.com` is every name" in said
    assert "policies/recipes.egress:4:14" in said


def test_a_commit_that_only_deletes_a_policy_is_judged(repository: Repository) -> None:
    is_made, said = repository.commit(
        {
            "policies/sets.egress": "hosts apis = a.example.com, b.example.com\n",
            "policies/recipes.egress": "allow idgen -> apis:443 tls\n",
        }
    )
    assert is_made, said
    (repository.folder / "policies/sets.egress").unlink()
    is_made, said = repository.commit()
    assert not is_made
    assert "EGR102" in said
    repository.git("reset", "--quiet", "--hard")
    (repository.folder / "policies/sets.egress").unlink()
    is_made, said = repository.commit({"policies/recipes.egress": GOOD})
    assert is_made, said


def test_a_commit_that_deletes_the_last_policy_is_refused(repository: Repository) -> None:
    repository.commit()
    (repository.folder / "policies/recipes.egress").unlink()
    is_made, said = repository.commit()
    assert not is_made
    assert "no .egress file found" in said


def test_a_merge_that_makes_the_policy_wrong_is_refused(repository: Repository, tool: str) -> None:
    hooks = "default_install_hook_types: [pre-commit, pre-merge-commit]\n" + configuration("egressc-check")
    is_made, said = repository.commit({CONFIG: hooks})
    assert is_made, said
    repository.home.run(repository.folder, tool, "install")
    repository.git("checkout", "--quiet", "-b", "other")
    for name, rule in (
        ("denied", "deny recipes/etl -> api.example.com\n"),
        ("allowed", "allow recipes/etl -> api.example.com:443 tls\n"),
    ):
        is_made, said = repository.commit({f"policies/{name}.egress": rule})
        assert is_made, said
        repository.git("checkout", "--quiet", "main")
    status, said = repository.home.ask(repository.folder, "git", "merge", "other", "-m", "Both")
    assert status != 0
    assert "EGR201" in said
    assert repository.git("log", "--merges", "--oneline") == ""
    repository.git("reset", "--quiet", "--hard")
    repository.git("rm", "--quiet", "policies/allowed.egress")
    repository.git("commit", "--quiet", "-m", "Take it back")
    repository.git("merge", "other", "-m", "One")


def test_paths_with_spaces_and_other_letters(repository: Repository) -> None:
    is_made, said = repository.commit(
        {"policies/\u00fcber den Zaun/r\u00e4t \u6771\u4eac.egress": "allow recipes/etl -> a.example.com:443 tls\n"}
    )
    assert is_made, said
    is_made, said = repository.commit(
        {'policies/\u00fcber den Zaun/-r\u00e4t \u6771\u4eac\'s "2".egress': BAD.replace(".com", ".org")}
    )
    assert not is_made
    assert 'policies/\u00fcber den Zaun/-r\u00e4t \u6771\u4eac\'s "2".egress:4:14' in said


def test_what_is_not_staged_is_not_judged(repository: Repository) -> None:
    repository.commit()
    repository.write({"policies/b.egress": "allow recipes/etl -> a.example.com:443 tls\n"})
    repository.git("add", "--all")
    repository.write({"policies/recipes.egress": BAD})
    status, said = repository.home.ask(repository.folder, "git", "commit", "-m", "Part")
    assert status == 0, said
    assert (repository.folder / "policies/recipes.egress").read_text() == BAD


def test_it_runs_without_a_network(repository: Repository) -> None:
    need("unshare", "util-linux")
    repository.commit()
    assert repository.home.ask(repository.folder, *WITHOUT_NETWORK, "git", "ls-remote", "https://pypi.org")[0] != 0
    repository.home.environment |= {"PIP_NO_INDEX": "1"}
    try:
        is_made, said = repository.commit(
            {"policies/b.egress": "allow recipes/etl -> a.example.com:443 tls\n"}, before=WITHOUT_NETWORK
        )
        assert is_made, said
        is_made, said = repository.commit({"policies/b.egress": BAD}, before=WITHOUT_NETWORK)
        assert not is_made
        assert "EGR301" in said
    finally:
        del repository.home.environment["PIP_NO_INDEX"]


def test_three_thousand_files_are_one_policy_and_profiles_are_found_among_as_many(repository: Repository) -> None:
    name = "policies/teams/{0}/a-name-that-makes-the-list-of-arguments-longer-than-one-process-takes-{0:04}.egress"
    files = {name.format(n): f"allow recipes/w{n} -> host{n}.example.com:443 tls\n" for n in range(3000)}
    files |= {
        f"deploy/{n}/configuration.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{n}}}\n"
        for n in range(3000)
    }
    assert sum(map(len, files)) > 2 * 128 * 1024
    is_made, said = repository.commit(
        {CONFIG: configuration("egressc-fmt", "egressc-check", "egressc-profile"), **files}
    )
    assert is_made, said
    is_made, said = repository.commit(
        {
            name.format(
                2999
            ): "allow recipes/w2999 -> host2999.example.com:443 tls\nallow recipes/w0 -> host0.example.com:443 http\n",
            name.format(1): "allow recipes/w1->host1.example.com:443 tls\n",
            "deploy/1500/configuration.yaml": PROFILE.replace("istio:", "isto:"),
            **{
                f"deploy/{n}/configuration.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: d{n}}}\n"
                for n in range(1500)
            },
        }
    )
    assert not is_made
    assert "EGR204" in said
    assert (repository.folder / name.format(1)).read_text() == files[name.format(1)]
    assert "unknown key `isto`" in said
    assert "deploy/1500/configuration.yaml" in said


# The other hooks


def test_files_get_their_canonical_form_and_the_next_commit_takes_them(repository: Repository) -> None:
    name = "policies/\u00fcber den Zaun/r\u00e4t \u6771\u4eac's.egress"
    unformatted = "allow   recipes/etl->a.example.com:443   tls # why\n"
    is_made, said = repository.commit({CONFIG: configuration("egressc-fmt"), name: unformatted})
    assert not is_made
    assert "files were modified by this hook" in said
    assert (repository.folder / name).read_text() == "allow recipes/etl -> a.example.com:443 tls  # why\n"
    is_made, said = repository.commit()
    assert is_made, said
    is_made, said = repository.commit({name: "allow\n"})
    assert not is_made
    assert "EGR001" in said
    (repository.folder / name).unlink()
    is_made, said = repository.commit()
    assert is_made, said


def test_manifests_that_are_not_what_the_policy_compiles_to(repository: Repository) -> None:
    hooks = {CONFIG: configuration("egressc-compile"), "clusters/us.yaml": PROFILE}
    is_made, said = repository.commit({**hooks, "egressc.toml": 'profiles = ["clusters/us.yaml"]\n'})
    assert not is_made
    assert 'write `output = "DIR"` in egressc.toml' in said
    repository.write({"egressc.toml": 'profiles = ["clusters/us.yaml"]\noutput = "manif\u00e9sts"\n'})
    is_made, said = repository.commit()
    assert not is_made
    assert "missing: manif\u00e9sts/recipes.yaml" in said
    repository.home.run(repository.folder, "egressc", "compile", "--quiet")
    is_made, said = repository.commit()
    assert is_made, said
    changed = GOOD + "allow etl -> api.example.com:443 tls\n"
    is_made, said = repository.commit({"policies/recipes.egress": changed})
    assert not is_made
    assert "different: manif\u00e9sts/recipes.yaml" in said


def test_manifests_that_were_written_and_not_added(repository: Repository) -> None:
    repository.write({CONFIG: configuration("egressc-compile"), "egressc.toml": 'output = "manifests"\n'})
    repository.home.run(repository.folder, "egressc", "compile", "--quiet")
    repository.git("add", "egressc.toml", CONFIG, "policies")
    status, said = repository.home.ask(repository.folder, "git", "commit", "-m", "Policy alone")
    assert status == 1
    assert "untracked: manifests/recipes.yaml" in said
    repository.git("add", "manifests")
    status, said = repository.home.ask(repository.folder, "git", "commit", "-m", "Both")
    assert status == 0, said


def test_profiles_wherever_they_are(repository: Repository) -> None:
    helm = "chart/templates/profile.yaml"
    other = "apiVersion: config.projectsveltos.io/v1beta1\nkind: ClusterProfile\nmetadata: {name: a}\nspec: {mode: x}\n"
    hooks = {CONFIG: configuration("egressc-profile")}
    is_made, said = repository.commit(
        {**hooks, "clusters/us.yaml": PROFILE, helm: TEMPLATE, "sveltos.yaml": other, "a.json": "{"}
    )
    assert is_made, said
    for wrong, code in (
        (PROFILE.replace("recipes:", "Recipes:"), "EGR510"),
        (PROFILE + "  x: [", "EGR510"),
        (PROFILE + PROFILE.join(["---\n"] * 2), "EGR510"),
        (PROFILE.replace("kind: ClusterProfile", "kind: ClusterProfle"), "EGR5"),
    ):
        is_made, said = repository.commit({"any where/\u00fcs.yml": wrong})
        assert not is_made, wrong
        assert code in said
        assert "any where/\u00fcs.yml:" in said


# Projects in folders


def projects(repository: Repository) -> None:
    """Two teams with settings of their own, of which the one of b fails on warnings, and no settings in the root."""
    (repository.folder / "policies/recipes.egress").unlink()
    for team in ("team a", "team-b"):
        repository.write(
            {f"{team}/policies/x.egress": GOOD, f"{team}/us.yaml": PROFILE, f"{team}/drafts/y.egress": BAD}
        )
        settings = 'policies = ["policies"]\nprofiles = ["us.yaml"]\noutput = "out"\n'
        settings += 'fail-on = "note"\n' if team == "team-b" else ""
        repository.write({f"{team}/egressc.toml": settings})
        repository.home.run(repository.folder, "egressc", "compile", "--quiet", team)


def test_a_project_in_a_folder(repository: Repository) -> None:
    projects(repository)
    config = yaml.safe_dump(
        {
            "repos": [
                {
                    "repo": URL,
                    "rev": TAG,
                    "hooks": [
                        {"id": hook, "args": [team]}
                        for hook in ("egressc-check", "egressc-compile")
                        for team in ("team a", "team-b")
                    ],
                }
            ]
        }
    )
    is_made, said = repository.commit({CONFIG: config})
    assert is_made, said
    assert said.count("Passed") == 4
    cleartext = {"policies/x.egress": GOOD + "allow etl -> httpbin.org:80 http\n"}
    is_made, said = repository.commit({"team-b/policies/x.egress": cleartext["policies/x.egress"]})
    assert not is_made
    assert "team-b/policies/x.egress:4:14" in said
    assert "different: team-b/out/recipes.yaml" not in said, "a note fails in team-b, so nothing is compared"
    repository.git("reset", "--quiet", "--hard")
    is_made, said = repository.commit({"team a/policies/x.egress": cleartext["policies/x.egress"]})
    assert not is_made
    assert said.count("Failed") == 1
    assert "different: team a/out/recipes.yaml" in said


def test_projects_in_folders_are_refused_together(repository: Repository) -> None:
    projects(repository)
    is_made, said = repository.commit()
    assert not is_made
    assert "there is another in `team a`, `team-b`" in said
    is_made, said = repository.commit({"egressc.toml": 'policies = ["team a/policies", "team-b/policies"]\n'})
    assert is_made, said


def test_a_hook_is_tried_from_the_address(home: Home, tmp_path: Path) -> None:
    made = Repository(home, tmp_path / "trying")
    made.commit({"policies/a.egress": BAD})
    status, said = home.ask(
        made.folder,
        need("pre-commit", "PyPI pre-commit"),
        "try-repo",
        str(home.published),
        "egressc-check",
        "--all-files",
        "-v",
    )
    assert status == 1
    assert "EGR301" in said
