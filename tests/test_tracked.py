"""`compile --check --tracked`: manifests that git will not commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from egresslang.cli import main


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a policy and what it compiles to, not yet added."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    subprocess.run(["git", "init", "--quiet"], check=True)
    (tmp_path / "a.egress").write_text("allow shop/cart -> api.example.com:443 tls\n")
    assert main(["compile", "-q", "-o", "out [1]*"]) == 0
    return tmp_path


def check(*more: str) -> int:
    return main(["compile", "-q", "-o", "out [1]*", "--check", *more])


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)


def test_what_is_not_added_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check() == 0
    assert check("--tracked") == 1
    assert capsys.readouterr().out == (
        "untracked: out [1]*/installation/istio-operator.yaml\nuntracked: out [1]*/shop.yaml\nuntracked: out [1]*/.egressc\n"
    )
    git("add", "out [1]*")
    assert check("--tracked") == 0
    (here / "out [1]*/note.txt").write_text("not ours")
    assert check("--tracked") == 0


def test_what_is_ignored_is_not_committed_either(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / ".gitignore").write_text("shop.yaml\n")
    git("add", ".")
    assert check("--tracked") == 1
    assert capsys.readouterr().out == "untracked: out [1]*/shop.yaml\n"


def test_from_a_folder_below_and_for_several_clusters(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("us", "eu"):
        (here / f"{name}.yaml").write_text(
            f"apiVersion: egresslang.dev/v1\nkind: ClusterProfile\nmetadata: {{name: {name}}}\n"
        )
    (here / "work").mkdir()
    monkeypatch.chdir(here / "work")
    several = ["compile", "..", "-q", "-p", "../us.yaml", "-p", "../eu.yaml", "-o", "../both"]
    assert main(several) == 0
    git("add", "../both/us")
    assert main([*several, "--check", "--tracked"]) == 1
    said = capsys.readouterr().out
    assert "untracked: ../both/eu/shop.yaml\n" in said
    assert "../both/us/" not in said


def test_it_is_never_taken_for_granted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "a.egress").write_text("allow shop/cart -> api.example.com:443 tls\n")
    assert main(["compile", "-q", "-o", "out [1]*"]) == 0
    assert check("--tracked") == 2
    assert "git cannot tell what it tracks in `out [1]*`: not a git repository" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "/nonexistent")
    assert check("--tracked") == 2
    assert "cannot run git" in capsys.readouterr().err
    assert main(["compile", "--tracked"]) == 2
    assert capsys.readouterr().err == "egressc: --tracked is for --check\n"


def test_a_folder_that_is_not_there_is_a_drift(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", "-q", "-o", "none", "--check", "--tracked"]) == 1
    assert "missing: none/shop.yaml" in capsys.readouterr().out
    assert main(["compile", "--check"]) == 2
    assert 'write `output = "DIR"` in egressc.toml' in capsys.readouterr().err
