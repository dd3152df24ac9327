"""`egressc diff`: what it compares, how it tells it, and how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from said import ROOT, Said

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / "difference.schema.json").read_text()))
BEFORE = "namespace shop\nallow cart -> api.example.com:443 tls owner=web\nallow pay -> bank.example.com:443 tls\n"
AFTER = BEFORE.replace("owner=web", "owner=shop") + "allow cart -> evil.example.net:443 tls\n"
NO_PROFILE = "egressc: no profile: workloads are those the policy names, by their label app, in a stock Istio\n"


def profile(name: str, more: str = "") -> str:
    return f"""apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {{name: {name}}}
spec:
  enforcement: mesh
{more}  namespaces:
    shop: {{workloads: {{cart: {{labels: {{app: cart}}}}, pay: {{labels: {{app: pay}}}}, ops: {{labels: {{app: ops}}}}}}}}
"""


def git(*arguments: object) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for who in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{who}_NAME": "x", f"GIT_{who}_EMAIL": "x@example.com"}
    done = subprocess.run(["git", *map(str, arguments)], check=True, capture_output=True, text=True, env=env)
    return done.stdout.strip()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a policy that changed since its first commit, as the current folder."""
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git("init", "-q", "-b", "main", ".")
    Path("a.egress").write_text(BEFORE)
    git("add", ".")
    git("commit", "-qm", "first")
    Path("a.egress").write_text(AFTER)
    return folder


def document(*arguments: object, status: int = 0) -> dict[str, Any]:
    """The changes as valid JSON."""
    said = Said("diff", *arguments, "--format", "json", "-q")
    assert (said.status, said.err) == (status, "")
    found: dict[str, Any] = json.loads(said.out)
    SCHEMA.validate(found)
    return found


def summary(*arguments: object) -> list[str]:
    """Each change in a few words."""
    return [f"{e['change']} {e['source']} -> {e['destination']} {','.join(e['clusters'])}".strip() for e in document(*arguments)["changes"]]  # fmt: skip


# What is compared


def test_a_revision_is_compared_with_the_work_tree(here: Path) -> None:
    said = Said("diff", "--base", "main")
    assert (said.status, said.err) == (0, NO_PROFILE)
    assert said.out.splitlines() == [
        "+ shop/cart -> evil.example.net:443 tls",
        "    is `allow cart -> evil.example.net:443 tls` (a.egress:4)",
        "~ shop/cart -> api.example.com:443 tls",
        "    owner: web -> shop",
        "    was `allow cart -> api.example.com:443 tls owner=web` (a.egress:2)",
        "    is `allow cart -> api.example.com:443 tls owner=shop` (a.egress:2)",
        "1 gained, 1 changed",
    ]


def test_nothing_is_touched(here: Path) -> None:
    (here / "a.egress").unlink()
    (here / "b.egress").write_text(AFTER)
    before = {path: path.stat().st_mtime_ns for path in here.rglob("*")}
    assert summary("--base", "HEAD")[0] == "gained shop/cart -> evil.example.net"
    assert {path: path.stat().st_mtime_ns for path in here.rglob("*")} == before
    assert git("status", "--porcelain") == "D a.egress\n?? b.egress"


def test_configuration_profiles_and_what_they_name_are_those_of_the_revision(here: Path) -> None:
    (here / "policies").mkdir()
    git("mv", "-f", "a.egress", "policies/a.egress")
    Path("policies/a.egress").write_text(BEFORE + "allow cart -> ${bank}:443 tls\n")
    Path("egressc.toml").write_text('policies = ["policies"]\nprofiles = ["clusters/one.yaml"]\n')
    Path("clusters").mkdir()
    Path("clusters/one.yaml").write_text(
        profile("one", "  istio: {installation: ../istio.yaml}\n  variables: {bank: old.example.com}\n")
    )
    Path("istio.yaml").write_text("apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: i}\nspec: {}\n")  # fmt: skip
    git("add", ".")
    git("commit", "-qm", "second")
    Path("policies").rename("rules")
    Path("egressc.toml").write_text('policies = ["rules"]\nprofiles = ["one.yaml"]\n')
    Path("clusters/one.yaml").unlink()
    Path("istio.yaml").unlink()
    Path("one.yaml").write_text(profile("one", "  variables: {bank: new.example.com}\n"))
    assert summary("--base", "HEAD") == [
        "gained shop/cart -> new.example.com one",
        "lost shop/cart -> old.example.com one",
    ]
    Path("deeper").mkdir()
    os.chdir("deeper")
    assert len(summary("--base", "HEAD")) == 2


def test_links_are_followed_as_they_were(here: Path) -> None:
    Path("real").mkdir()
    git("mv", "-f", "a.egress", "real/a.egress")
    Path("real/a.egress").write_text(BEFORE)
    Path("linked").symlink_to("real")
    Path("one.egress").symlink_to("linked/a.egress")
    git("add", ".")
    git("commit", "-qm", "second")
    Path("one.egress").unlink()
    Path("one.egress").write_text(AFTER)
    assert summary("--base", "HEAD", "one.egress")[0] == "gained shop/cart -> evil.example.net"


def test_a_link_that_leads_out_of_the_repository_is_not_followed(here: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.egress").write_text(BEFORE)
    Path("b.egress").symlink_to("../secret.egress")
    git("add", ".")
    git("commit", "-qm", "second")
    said = Said("diff", "--base", "HEAD", "-q")
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("egressc: `b.egress` is a link that leads out of the project: ")
    Path("b.egress").unlink()
    said = Said("diff", "--base", "HEAD", "-q")
    assert (said.status, said.out, said.err) == (2, "", "egressc: cannot read `b.egress` of `HEAD`: not in HEAD\n")


def test_a_base_may_come_from_standard_input(here: Path) -> None:
    said = Said("diff", "--base", "-", "a.egress", "-q", "--fail-if", "widened", stdin=BEFORE.encode())
    assert (said.status, said.out.splitlines()[0]) == (1, "+ shop/cart -> evil.example.net:443 tls")


def test_what_was_assumed_is_said(here: Path) -> None:
    Path("p.yaml").write_text(profile("one"))
    assert "one: " in Said("diff", "--base", "main", "-p", "p.yaml", "-v").err


def test_a_profile_that_the_revision_lacks_is_taken_as_it_is(here: Path) -> None:
    Path("p.yaml").write_text(profile("one"))
    said = Said("diff", "--base", "main", "-p", "p.yaml")
    assert (said.status, said.err) == (0, "egressc: `p.yaml` is not in `main`: it is taken as it is now\n")
    assert Said("diff", "--base", "main", "-p", "p.yaml", "-q").err == ""


def test_a_revision_without_a_policy_grants_nothing(here: Path) -> None:
    git("rm", "-qf", "a.egress")
    git("commit", "-qm", "none")
    Path("a.egress").write_text(AFTER)
    said = Said("diff", "--base", "HEAD")
    assert "egressc: no policy in `HEAD`: everything is gained\n" in said.err
    assert said.out.endswith("\n3 gained\n")


def test_a_path_that_the_revision_lacks_is_told(here: Path) -> None:
    git("mv", "-f", "a.egress", "b.egress")
    said = Said("diff", "--base", "main", "b.egress")
    assert said.err.endswith(
        "egressc: `b.egress` is not in `main`\negressc: no policy in `main`: everything is gained\n"
    )
    assert said.out.endswith("\n3 gained\n")
    assert "is not in" not in Said("diff", "--base", "main", "b.egress", "-q").err


@pytest.mark.parametrize("paths", [[], ["a.egress"], ["policies"], ["b.egress", "a.egress"]])
def test_a_policy_that_is_gone_is_lost(here: Path, paths: list[str]) -> None:
    Path("policies").mkdir()
    Path("policies/c.egress").write_text(BEFORE)
    Path("a.egress").write_text(BEFORE)
    git("add", ".")
    git("commit", "-qm", "second")
    git("rm", "-qr", ".")
    Path("b.egress").write_text("") if "b.egress" in paths else None
    said = Said("diff", "--base", "HEAD", *paths, "-q")
    assert (said.status, said.err, said.out.splitlines()[-1]) == (0, "", "2 lost")
    assert Said("diff", "--base", "HEAD", "never.egress", "-q").status == 2
    assert Said("diff", "--base", "HEAD", "gone/never.egress", "-q").status == 2


def test_a_configuration_that_moved_is_found_where_it_was(here: Path) -> None:
    Path("old").mkdir()
    git("mv", "-f", "a.egress", "old/a.egress")
    Path("old/a.egress").write_text(BEFORE)
    Path("stray.egress").write_text("allow shop/ops -> stray.example.com:443 tls\n")
    Path("old/egressc.toml").write_text('policies = ["a.egress"]\n')
    git("add", ".")
    git("commit", "-qm", "second")
    git("rm", "-q", "--cached", "old/egressc.toml")
    Path("old/egressc.toml").unlink()
    Path("egressc.toml").write_text('policies = ["old"]\n')
    assert summary("--base", "HEAD") == []


@pytest.fixture
def submodule(here: Path, tmp_path: Path) -> Path:
    """A submodule with a policy, that changed since the commit that the repository has of it."""
    git("rm", "-qf", "a.egress")
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.egress").write_text(BEFORE)
    git("-C", other, "init", "-q", "-b", "main", ".")
    git("-C", other, "add", ".")
    git("-C", other, "commit", "-qm", "first")
    git("-c", "protocol.file.allow=always", "submodule", "add", "-q", other, "rules")
    git("commit", "-qm", "second")
    Path("rules/a.egress").write_text(AFTER)
    return here / "rules"


def test_a_submodule_is_read_at_its_commit(submodule: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(submodule.parent / ".git"))
    for paths in ([], ["rules"], ["rules/a.egress"]):
        assert [each.split()[0] for each in summary("--base", "HEAD", *paths)] == ["gained", "changed"]


def test_a_submodule_without_its_commit_is_refused(submodule: Path) -> None:
    git("update-index", "--cacheinfo", f"160000,{'1' * 40},rules")
    git("commit", "-qm", "third")
    for paths in ([], ["rules"], ["rules/a.egress"]):
        said = Said("diff", "--base", "HEAD", *paths, "-q")
        assert (said.status, said.out) == (2, "")
        assert said.err.startswith(
            "egressc: `rules` is a submodule, and its commit 111111111111 of `HEAD` is not here; "
        )


def test_three_dots_are_the_revision_where_a_branch_began(here: Path) -> None:
    git("switch", "-qc", "branch")
    git("commit", "-qam", "ours")
    git("switch", "-q", "main")
    Path("b.egress").write_text("allow shop/ops -> theirs.example.com:443 tls\n")
    git("add", ".")
    git("commit", "-qm", "theirs")
    git("switch", "-q", "branch")
    assert [each.split()[0] for each in summary("--base", "main")] == ["gained", "lost", "changed"]
    for base in ("main...", "main...HEAD", "main...branch"):
        assert [each.split()[0] for each in summary("--base", base)] == ["gained", "changed"]


def test_a_path_goes_before_a_revision_of_its_name(here: Path) -> None:
    git("branch", "old")
    Path("old").mkdir()
    Path("old/a.egress").write_text("allow shop/ops -> gone.example.com:443 tls\n")
    assert "lost shop/ops -> gone.example.com" in summary("--base", "old", "a.egress")
    assert "lost shop/ops -> gone.example.com" not in summary("--base", "refs/heads/old", "a.egress")


def test_a_folder_with_a_configuration_is_a_project_of_its_own(tmp_path: Path, here: Path) -> None:
    other = tmp_path / "other"
    (other / "rules").mkdir(parents=True)
    (other / "rules" / "a.egress").write_text(BEFORE)
    (other / "rules.egress").write_text("not a policy\n")
    (other / "egressc.toml").write_text('policies = ["rules"]\nprofiles = ["p.yaml"]\n')
    (other / "p.yaml").write_text(profile("one"))
    Path("p.yaml").write_text(profile("one"))
    assert summary("--base", other, "a.egress") == ["gained shop/cart -> evil.example.net one", "changed shop/cart -> api.example.com one"]  # fmt: skip


def test_a_policy_is_compared_in_two_clusters(here: Path) -> None:
    Path("us.yaml").write_text(profile("us", "  region: us-east1\n"))
    Path("eu.yaml").write_text(profile("eu", "  region: europe-west1\n"))
    Path("a.egress").write_text(BEFORE + "allow cart -> r.example.com:443 tls region=us\n")
    assert summary("a.egress", "--base-profile", "eu.yaml", "-p", "us.yaml") == ["gained shop/cart -> r.example.com eu -> us"]  # fmt: skip
    said = Said("diff", "a.egress", "--base-profile", "eu.yaml", "-p", "eu.yaml")
    assert said.out == "no access changed from a.egress in eu to a.egress in eu\n"


def test_what_holds_in_all_clusters_is_told_once(here: Path) -> None:
    for name, region in (("us", "us-east1"), ("eu", "europe-west1"), ("asia", "asia-east1")):
        Path(f"{name}.yaml").write_text(profile(name, f"  region: {region}\n"))
    Path("a.egress").write_text(AFTER + "allow pay -> r.example.com:443 tls region=us\n")
    git("add", ".")
    git("commit", "-qm", "x")
    options = ("-p", "us.yaml", "-p", "eu.yaml")
    assert summary("--base", "HEAD^", *options, "-q") == [
        "gained shop/cart -> evil.example.net us,eu",
        "gained shop/pay -> r.example.com us",
        "changed shop/cart -> api.example.com us,eu",
    ]
    lines = Said("diff", "--base", "HEAD^", *options).out.splitlines()
    assert lines[0] == "+ shop/cart -> evil.example.net:443 tls"
    assert lines[2] == "+ shop/pay -> r.example.com:443 tls [us]"
    Path("egressc.toml").write_text('profiles = ["us.yaml"]\n')
    git("add", ".")
    git("commit", "-qm", "y")
    Path("egressc.toml").write_text('profiles = ["us.yaml", "asia.yaml"]\n')
    assert summary("--base", "HEAD") == [f"gained shop/{each} asia" for each in ("cart -> api.example.com", "cart -> evil.example.net", "pay -> bank.example.com")]  # fmt: skip


def test_what_a_profile_leaves_open_is_told(here: Path) -> None:
    Path("one.yaml").write_text(profile("one"))
    Path("two.yaml").write_text(
        profile("one").replace("enforcement: mesh", "enforcement: mesh\n  observed: [shop/ops]")
    )
    both = ("a.egress", "--base-profile", "one.yaml", "-p", "two.yaml")
    assert Said("diff", *both, "--fail-if", "widened").status == 1
    assert Said("diff", *both).out == "+ shop/ops is left open by the profile\n1 opened\n"
    assert document(*both)["openings"] == [
        {"change": "opened", "clusters": ["one"], "workloads": [{"pattern": "shop/ops"}]}
    ]
    back = ("a.egress", "--base-profile", "two.yaml", "-p", "one.yaml")
    assert Said("diff", *back, "--fail-if", "widened").status == 0
    assert Said("diff", *back).out == "- shop/ops is left open no more by the profile\n1 closed\n"
    Path("two.yaml").write_text(profile("one").replace("enforcement: mesh", "enforcement: observe"))
    assert Said("diff", *both).out == "+ * is left open by the profile\n1 opened\n"


def test_taking_the_last_rule_of_a_workload_opens_it_where_only_named_ones_are_enforced(here: Path) -> None:
    Path("one.yaml").write_text(profile("one").replace("enforcement: mesh", "enforcement: workloads"))
    Path("a.egress").write_text(BEFORE.replace("allow pay", "# allow pay"))
    said = Said("diff", "--base", "main", "-p", "one.yaml", "-q", "--fail-if", "widened")
    assert (said.status, said.out.splitlines()[0]) == (1, "+ shop/pay is left open by the profile")
    assert Said("diff", "--base", "main", "-q", "--fail-if", "widened").status == 0


def test_a_rule_that_has_expired_grants_nothing(here: Path) -> None:
    Path("a.egress").write_text(BEFORE + "allow cart -> x.example.com:443 tls expires=2026-11-23\n")
    assert len(summary("--base", "main", "--today", "2026-11-23")) == 1
    assert summary("--base", "main", "--today", "2026-11-24") == []


# Manifests

MANIFESTS = """apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: shop}
spec:
  hosts: [api.example.com]
  ports: [{number: 443, name: tls, protocol: TLS}]
  resolution: DNS
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: net, namespace: shop}
spec:
  hosts: [net.example.com]
  addresses: [203.0.113.0/28, 203.0.113.64]
  ports: [{number: 9000, name: tcp, protocol: TCP}]
  resolution: NONE
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  egress: [{hosts: ["./*"]}]
  outboundTrafficPolicy: {mode: REGISTRY_ONLY}
"""


def test_manifests_are_compared_by_what_they_mean(here: Path) -> None:
    Path("p.yaml").write_text(profile("one"))
    Path("old").mkdir()
    Path("old/m.yaml").write_text(MANIFESTS)
    Path("a.egress").write_text(
        "namespace shop\nallow {cart, pay, ops} -> api.example.com:443 tls owner=web\n"
        "allow {cart, pay, ops} -> net.example.com:9000 tcp address={203.0.113.0/28, 203.0.113.64}\n"
    )
    assert summary("--base", "old", "a.egress", "-p", "p.yaml") == []
    assert summary("--base", "a.egress", "--manifests", "old", "-p", "p.yaml") == []
    Path("old/m.yaml").write_text(MANIFESTS.replace("203.0.113.64", "203.0.113.65").replace("api.ex", "old.ex"))
    lines = Said("diff", "--base", "old", "a.egress", "-p", "p.yaml").out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [
        "+ {shop/cart, shop/ops, shop/pay} -> api.example.com:443 tls",
        "+ {shop/cart, shop/ops, shop/pay} -> 203.0.113.64:9000 tcp",
        "- {shop/cart, shop/ops, shop/pay} -> 203.0.113.65:9000 tcp",
        "- {shop/cart, shop/ops, shop/pay} -> old.example.com:443 tls",
        "6 gained, 6 lost",
    ]
    assert "    was `ServiceEntry shop/net` (old/m.yaml:11)" in lines
    Path("old/m.yaml").write_text(MANIFESTS.replace("mode: REGISTRY_ONLY", "mode: ALLOW_ANY"))
    lines = Said("diff", "--base", "old", "a.egress", "-p", "p.yaml").out.splitlines()
    assert lines[0] == "- {shop/cart, shop/ops, shop/pay} -> *"


def test_a_compiled_policy_is_the_policy(here: Path) -> None:
    fixture = ROOT / "tests" / "fixtures" / "language"
    options = (fixture / "recipes.egress", "-p", fixture / "profile.yaml", "--today", "2026-11-23")
    assert Said("compile", *options, "-o", "out", "-q").status == 0
    said = Said("diff", "--base", "out", *options)
    assert (said.status, said.out) == (0, f"no access changed from out to {fixture / 'recipes.egress'}\n")
    entries = Path("out/recipes.yaml").read_text()
    Path("out/recipes.yaml").write_text(entries.replace("httpbin.org", "httpbin.com"))
    assert summary("--base", "out", *options) == [
        "gained recipes/idgen -> httpbin.org recipes-us",
        "lost recipes/idgen -> httpbin.com recipes-us",
    ]


# How it ends


@pytest.mark.parametrize(
    ("after", "widened", "changed"),
    [
        (BEFORE, 0, 0),
        (BEFORE.replace("owner=web", "owner=shop"), 0, 1),
        (BEFORE.splitlines()[0] + "\n" + BEFORE.splitlines()[1] + "\n", 0, 1),
        (AFTER, 1, 1),
    ],
)
def test_fail_if(here: Path, after: str, widened: int, changed: int) -> None:
    Path("a.egress").write_text(after)
    assert Said("diff", "--base", "main").status == 0
    assert Said("diff", "--base", "main", "--fail-if", "widened").status == widened
    assert Said("diff", "--base", "main", "--fail-if", "changed", "--format", "json").status == changed


def test_no_change_is_said_unless_quiet(here: Path) -> None:
    Path("a.egress").write_text(BEFORE)
    assert Said("diff", "--base", "main").out == "no access changed from main to the work tree\n"
    assert (Said("diff", "--base", "main", "-q").out, Said("diff", "--base", "main", "-q").err) == ("", "")
    assert "no access changed" in Said("diff", "--base", "main", "--format", "markdown").out
    assert json.loads(Said("diff", "--base", "main", "--format", "sarif").out)["runs"][0]["results"] == []


def test_a_base_that_is_wrong_is_told_with_its_findings(here: Path) -> None:
    Path("a.egress").write_text("allow cart -> api.example.com:99999 tls\n")
    git("commit", "-qam", "wrong")
    Path("a.egress").write_text(AFTER)
    said = Said("diff", "--base", "HEAD", "-q")
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith("egressc: the base, `HEAD`, cannot be compared:\nerror[EGR005]")
    said = Said("diff", "--base", "HEAD", "--format", "json", "-q")
    assert (said.status, json.loads(said.err)["findings"][0]["code"]) == (1, "EGR005")
    said = Said("diff", "--base", "main^", "-q", "-p", "nowhere.yaml")
    assert (said.status, said.out) == (2, "")
    Path("a.egress").write_text("allow cart ->\n")
    said = Said("diff", "--base", "main^", "-q")
    assert (said.status, said.out, said.err[:6]) == (1, "", "error[")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "with what? --base takes a git revision, a policy or manifests, --base-profile another cluster"),
        (["--base", ""], "--base names nothing"),
        (["--base", "nope"], "`nope` is no file or folder, and no revision of this repository; fetch it, or correct the name"),
        (["--base", "nope..."], "`nope` is no file or folder, and no revision of this repository; fetch it, or correct the name"),
        (["--base=--output=x"], "`--output=x` is no file or folder, and no revision of this repository; fetch it, or correct the name"),
        (["--base", "main", "-"], "a policy of standard input is in no revision: give --base a file or folder"),
        (["--base", "-", "-"], "standard input holds one side: give the other as files"),
        (["--base", "main", "--manifests", "m", "a.egress"], "--manifests compares manifests instead of a policy: leave the policy files out"),
        (["--base", "empty"], "`empty` is a folder with neither .egress files nor manifests; a revision of that name is meant by `refs/heads/empty`"),
    ],
)  # fmt: skip
def test_misuse_is_one_line(here: Path, arguments: list[str], message: str) -> None:
    Path("empty").mkdir()
    said = Said("diff", *arguments)
    assert (said.status, said.out, said.err.replace(NO_PROFILE, "")) == (2, "", f"egressc: {message}\n")


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    Path("a.egress").write_text(AFTER)
    said = Said("diff", "--base", "main", "-q")
    assert (said.status, said.err) == (2, "egressc: `main` is no file or folder, and `.` is in no git repository\n")


def test_a_shallow_clone_says_how_to_fetch(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("commit", "-qam", "second")
    git("clone", "-q", "--depth", "1", here.as_uri(), tmp_path / "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    said = Said("diff", "--base", "HEAD^", "-q")
    assert (said.status, said.out) == (2, "")
    assert said.err.endswith("the clone is shallow: fetch the history, in GitHub Actions with `fetch-depth: 0`\n")
    git("fetch", "-q", "--depth", "1", "origin", git("-C", here, "commit-tree", "-m", "apart", "HEAD^{tree}"))
    said = Said("diff", "--base", "FETCH_HEAD...", "-q")
    assert (said.status, said.out) == (2, "")
    assert said.err == (
        "egressc: no revision is known that both `FETCH_HEAD` and `HEAD` come from; "
        "the clone is shallow: fetch the history, in GitHub Actions with `fetch-depth: 0`\n"
    )


def test_git_must_be_there(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(here))
    said = Said("diff", "--base", "main", "-q")
    assert (said.status, said.err) == (2, "egressc: `main` is no file or folder, and a revision needs git, which is not on PATH\n")  # fmt: skip


# Forms


def test_markdown_is_bounded_in_a_stable_order(here: Path) -> None:
    names = [f"name-{number}.{'x' * 50}.example.com" for number in range(900)]
    Path("a.egress").write_text(
        "namespace shop\n" + "".join(f"allow w{at} -> {name}:443 tls\n" for at, name in enumerate(names))
    )
    first = Said("diff", "--base", "main", "--format", "markdown").out
    lines = Path("a.egress").read_text().splitlines()[1:]
    assert 60_000 < len(first) <= 65_536
    assert first.startswith("<!-- egressc diff -->\n### Egress: 900 gained, 2 lost\n")
    more = re.search(r"\n… and (\d+) more; `egressc diff --format json` has all of them\.\n$", first)
    assert more is not None
    rows = re.findall(r"^\| `", first, re.MULTILINE)
    assert len(rows) + int(more[1]) == 902
    Path("a.egress").write_text("namespace shop\n" + "\n".join(reversed(lines)) + "\n")
    again = Said("diff", "--base", "main", "--format", "markdown").out
    assert re.sub(r"a\.egress:\d+", "", again) == re.sub(r"a\.egress:\d+", "", first)
    assert len(document("--base", "main")["changes"]) == 902


def test_nothing_that_a_policy_says_is_markup(here: Path) -> None:
    evil = r'"`|<img src=x onerror=alert(1)> @admins [x](http://evil.example) \\| ![y](z) <!-- </details> #1"'
    Path("a.egress").write_text(BEFORE.replace("owner=web", f"owner={evil}") + f"allow cart -> evil.example:443 tls owner={evil}\n")  # fmt: skip
    said = Said("diff", "--base", "main", "--format", "markdown").out
    for line in (each for each in said.splitlines() if each.startswith("| ") and not each.startswith("| who")):
        assert line.count("|") == 5
        outside = re.sub(r"`[^`]*`|<code>[^<>`|]*</code>", "", line)
        assert re.sub(r"</?(?:details|summary)>|<br>|\d rules?|was|is|[| ]", "", outside) == ""
    assert "&#64;admins" in said


def test_sarif_stands_at_the_rules_of_the_head(here: Path) -> None:
    Path("a.egress").write_text(AFTER + "allow * -> *.example.org:443 tls\n")
    run = json.loads(Said("diff", "--base", "main", "--format", "sarif").out)["runs"][0]
    told = [(e["ruleId"], e["level"], e["locations"][0]["physicalLocation"]["region"]["startLine"]) for e in run["results"]]  # fmt: skip
    assert told == [("EGRD001", "warning", 5), ("EGRD001", "note", 4), ("EGRD002", "note", 2)]
    assert run["results"][1]["message"]["text"] == "gained: shop/cart -> evil.example.net:443 tls"
    assert len({each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]}) == 3
    for each in run["results"]:
        assert run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"]


def test_json_has_rules_and_terms_of_both_sides(here: Path) -> None:
    changed = document("--base", "main")["changes"][1]
    assert changed["before"] == {
        "rules": [{"file": "a.egress", "line": 2, "text": "allow cart -> api.example.com:443 tls owner=web"}],
        "terms": {"owners": ["web"], "expires": None, "regions": [], "endpoints": []},
    }
    assert changed["after"]["terms"]["owners"] == ["shop"]


# What is compiled means the policy, whatever it grants

KINDS_OF_RULES = """allow a/x -> g.example.com:80 grpc
allow a/x -> h2.example.com:8080 http2
allow a/x -> 198.51.100.7:80 http
allow a/z -> n.example.com:80 http address=198.51.100.8
allow b/* -> t.example.com:5432 postgres address={198.51.100.9, 2001:db8::/64}
allow * -> *.w.example.com:443 tls
allow a/x -> v.w.example.com:443 tls
allow a/w -> * reason="x"
allow a/x -> [2001:db8:1::]:443 tcp
allow a/z -> internet:8443 tls except 198.51.100.0/24 reason="x"
allow a/x -> e.example.com:443 tls region=us
"""


@pytest.mark.parametrize("enforcement", ["mesh", "workloads", "{namespaces: [a]}", "observe"])
@pytest.mark.parametrize("istio", ['version: "1.27"', 'version: "1.31"', "dnsCapture: true"])
def test_every_kind_of_rule_is_found_again_in_manifests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enforcement: str, istio: str
) -> None:
    monkeypatch.chdir(tmp_path)
    by_dns = "allow a/x -> db.example.com:5432 postgres\n" if "dnsCapture" in istio else ""
    Path("a.egress").write_text(KINDS_OF_RULES + by_dns)
    Path("p.yaml").write_text(f"""apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {{name: one}}
spec:
  region: us-east1
  ipFamilies: [IPv4, IPv6]
  istio: {{{istio}}}
  enforcement: {enforcement}
  observed: [c/r]
  destinations:
    e.example.com: {{endpoints: [{{address: 192.0.2.1, region: us-east1}}, {{address: 192.0.2.2, region: europe-west1}}]}}
  namespaces:
    a: {{workloads: {{w: {{labels: {{app: w}}}}, x: {{labels: {{app: x}}}}, z: {{labels: {{app: z}}}}}}}}
    b: {{workloads: {{q: {{labels: {{app: q}}}}}}}}
    c: {{workloads: {{r: {{labels: {{app: r}}}}, s: {{labels: {{app: s}}}}}}}}
""")
    compiled = Said("compile", "a.egress", "-p", "p.yaml", "-o", "out", "-q")
    assert compiled.status == 0, compiled.err
    said = Said("diff", "--base", "out", "a.egress", "-p", "p.yaml", "--fail-if", "changed")
    assert (said.status, said.out) == (0, "no access changed from out to a.egress\n")


# What is wrong with a side


def test_errors_of_the_head_are_told_beside_the_changes(here: Path) -> None:
    Path("a.egress").write_text(AFTER + "deny * -> evil.example.net\n")
    said = Said("diff", "--base", "main", "-q")
    assert said.status == 1
    assert said.out.endswith("\n1 gained, 1 changed\n")
    assert said.err.startswith("error[EGR201]")
    Path("a.egress").write_text(BEFORE + "expect cart -> nobody.example.com:443 allowed\n")
    said = Said("diff", "--base", "main", "--format", "json", "-q")
    assert (said.status, [e["code"] for e in json.loads(said.err)["findings"]]) == (1, ["EGR207"])
    assert json.loads(said.out)["changes"] == []


def test_a_head_that_mends_a_broken_base_is_compared(here: Path) -> None:
    Path("a.egress").write_text(AFTER + "deny * -> evil.example.net\n")
    git("commit", "-qam", "broken")
    Path("a.egress").write_text(AFTER)
    said = Said("diff", "--base", "HEAD")
    assert (said.status, said.out) == (0, "no access changed from HEAD to the work tree\n")
    assert said.err.endswith("egressc: the base, `HEAD`, does not compile: EGR201 at a.egress:4\n")


def test_what_cannot_be_compared_is_a_comment_too(here: Path) -> None:
    Path("a.egress").write_text("allow cart ->\n")
    said = Said("diff", "--base", "main", "--format", "markdown", "-q")
    assert said.status == 1
    assert said.out.splitlines()[:2] == ["<!-- egressc diff -->", "### Egress: not compared"]


def test_manifests_without_workloads_are_not_compared(here: Path) -> None:
    for name in ("old", "new"):
        Path(f"{name}.yaml").write_text(MANIFESTS)
    said = Said("diff", "--base", "old.yaml", "--manifests", "new.yaml")
    assert (said.status, said.out) == (2, "")
    assert (
        said.err == "egressc: no workload is known to ask about: add the manifests of workloads, or a profile with -p\n"
    )


@pytest.mark.parametrize("base", ["p.yaml", "clusters"])
def test_a_profile_is_no_manifest(here: Path, base: str) -> None:
    Path("clusters").mkdir()
    for path in ("p.yaml", "clusters/p.yaml"):
        Path(path).write_text(profile("one"))
    said = Said("diff", "--base", base, "-p", "p.yaml")
    assert (said.status, said.out) == (2, "")
    assert said.err == f"egressc: `{base}` holds profiles and no manifests: a profile is given with -p, that of the base with --base-profile\n"  # fmt: skip


# What was reached otherwise


def test_what_a_profile_left_open_is_not_widened(here: Path) -> None:
    Path("one.yaml").write_text(profile("one").replace("enforcement: mesh", "enforcement: workloads"))
    Path("a.egress").write_text(BEFORE + "allow ops -> api.example.com:443 tls\n")
    said = Said("diff", "--base", "main", "-p", "one.yaml", "-q", "--fail-if", "widened")
    assert said.status == 0
    assert said.out.splitlines()[:3] == [
        "- shop/ops is left open no more by the profile",
        "+ shop/ops -> api.example.com:443 tls",
        "    could be reached before: the workload was left open",
    ]
    Path("a.egress").write_text(BEFORE + "allow {ops, cart} -> api.example.com:80 http\n")
    assert Said("diff", "--base", "main", "-p", "one.yaml", "-q", "--fail-if", "widened").status == 1
    Path("a.egress").write_text(BEFORE + "allow shop/* -> api.example.com:80 http\n")
    assert Said("diff", "--base", "main", "-p", "one.yaml", "-q", "--fail-if", "widened").status == 1
    Path("one.yaml").write_text(profile("one").replace("enforcement: mesh", "enforcement: observe"))
    assert Said("diff", "--base", "main", "-p", "one.yaml", "-q", "--fail-if", "widened").status == 0


def test_what_was_open_in_one_cluster_is_widened_in_another(here: Path) -> None:
    Path("one.yaml").write_text(profile("one").replace("enforcement: mesh", "enforcement: workloads"))
    Path("two.yaml").write_text(profile("two"))
    Path("a.egress").write_text(BEFORE + "allow ops -> api.example.com:443 tls\n")
    options = ("--base", "main", "-p", "one.yaml", "-p", "two.yaml", "-q", "--fail-if", "widened")
    said = Said("diff", *options)
    assert (said.status, said.out.count("+ shop/ops -> api.example.com:443 tls [")) == (1, 2)


def test_a_name_may_have_been_within_the_internet(here: Path) -> None:
    before = 'allow shop/cart -> internet:443 tls reason="x"\n'
    Path("a.egress").write_text(before)
    git("commit", "-qam", "wide")
    Path("a.egress").write_text("allow shop/cart -> x.example.com:443 tls\n")
    lines = Said("diff", "--base", "HEAD", "-q").out.splitlines()
    assert lines[:2] == ["+ shop/cart -> x.example.com:443 tls", "    was within internet, if it is at such an address"]
    Path("a.egress").write_text("allow shop/* -> x.example.com:443 tls\nallow shop/cart -> x.example.com:80 http\n")
    assert "was within" not in Said("diff", "--base", "HEAD", "-q").out
    git("commit", "-qam", "narrow")
    Path("a.egress").write_text(before)
    assert "was within" not in Said("diff", "--base", "HEAD", "-q").out


def test_sarif_has_who_is_left_open(here: Path) -> None:
    Path("one.yaml").write_text(profile("one"))
    Path("two.yaml").write_text(profile("one").replace("enforcement: mesh", "enforcement: observe"))
    said = Said("diff", "a.egress", "--base-profile", "one.yaml", "-p", "two.yaml", "--format", "sarif")
    (result,) = json.loads(said.out)["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("EGRD003", "warning")
    assert result["message"]["text"] == "opened: * is left open by the profile"
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("two.yaml", 5)


def test_one_more_rule_is_one(here: Path) -> None:
    Path("a.egress").write_text(
        BEFORE + "".join(f"allow ops -> x.example.com:443 tls ticket=T-{n}\n" for n in range(4))
    )
    assert "    is 1 more rule" in Said("diff", "--base", "main", "-q").out.splitlines()


def test_both_sides_of_one_policy_are_called_after_their_clusters(here: Path) -> None:
    for name in ("us", "eu"):
        Path(f"{name}.yaml").write_text(profile(name, f"  variables: {{bank: {name}.example.com}}\n"))
    Path("a.egress").write_text("allow shop/cart -> ${bank}:443 tls\n")
    said = Said("diff", "a.egress", "--base-profile", "eu.yaml", "-p", "us.yaml", "--format", "markdown")
    assert "\nFrom `a.egress in eu` to `a.egress in us`.\n" in said.out
