"""A stranger with a repository of Kubernetes manifests: from nothing to a green hook and a failing bad commit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from repository import ROOT, Home, Repository, need

pytestmark = pytest.mark.conformance

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}, version: v1}}}}
"""


def test_from_nothing_to_a_green_hook_and_a_failing_bad_commit(tmp_path: Path) -> None:
    """The commands are those that `egressc init` says come next."""
    need("pre-commit", "the extra conformance (PyPI pre-commit)")
    home = Home(tmp_path / "home")
    mine = Repository(home, tmp_path / "mine")
    done, said = mine.commit({f"deploy/{name}.yaml": DEPLOYMENT.format(name=name) for name in ("cart", "web")})
    assert done, said
    told = home.run(mine.folder, "egressc", "init")
    assert "found 2 workloads in 1 namespace" in told
    commands = re.findall(r"^  (\S.*)$", told.partition("Next:\n")[2], re.MULTILINE)
    assert [each.split()[0] for each in commands] == ["egressc", "egressc", "git"]
    for each in commands:
        said = home.run(mine.folder, "sh", "-c", each)
    assert said.count("Passed") == 4
    assert "Failed" not in said
    done, said = mine.commit()
    assert done, said
    policy = (mine.folder / "policies" / "first.egress").read_text(encoding="utf-8")
    for bad, code in {
        policy + "allow cart -> *.com:443 tls\n": "EGR301",
        policy + "allow basket -> api.example.com:443 tls\n": "EGR103",
        policy.replace("api.example.com:443 tls", "example.org:443 tls"): "EGR207",
    }.items():
        done, said = mine.commit({"policies/first.egress": bad})
        assert not done
        assert f"error[{code}]" in said
    done, said = mine.commit({"policies/first.egress": policy + "allow web -> api.example.com:443 tls\n"})
    assert not done
    assert "egressc compile --check" in said
    home.run(mine.folder, "egressc", "compile")
    done, said = mine.commit()
    assert done, said


@pytest.mark.parametrize("workload", ["cart", "my-workload"])
def test_the_start_of_the_readme(workload: str, tmp_path: Path) -> None:
    """In a repository with a Deployment `cart`, and in an empty folder after `git init`."""
    need("pre-commit", "the extra conformance (PyPI pre-commit)")
    home = Home(tmp_path / "home")
    mine = Repository(home, tmp_path / "mine")
    if workload == "cart":
        done, said = mine.commit({"deploy/cart.yaml": DEPLOYMENT.format(name="cart")})
        assert done, said
    start = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Start")[2].partition("## Use")[0]
    commands = [each.replace("cart", workload) for each in re.findall(r"^\$ (.*?)(?:\s+# .*)?$", start, re.MULTILINE)]
    install, *others, last = commands
    assert "pipx install egresslang" in install
    for each in others:
        said = home.run(mine.folder, "sh", "-c", each)
        if each == "egressc check":
            assert said == "no findings: 3 rules in 1 file\n"
    status, said = home.ask(mine.folder, "sh", "-c", last)
    assert status == 1
    assert "error[EGR301]" in said
    assert "policies/first.egress:" in said
    assert mine.git("log", "--format=%s").splitlines()[0] == "Say who may leave the mesh"
