"""Questions put to the command as a script puts them: policy or manifests in files, questions on standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from said import PROFILE, Said


@pytest.fixture
def egressc() -> Callable[..., Said]:
    """The command."""
    return Said


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Answers of a policy; `spec` goes on with that of the profile, whose default namespace is team-a."""

    def asked(policy: str, *questions: str, spec: str = "") -> list[dict[str, Any]]:
        (tmp_path / "a.egress").write_text(policy)
        (tmp_path / "profile.yaml").write_text(PROFILE + spec)
        options = (tmp_path / "a.egress", "-p", tmp_path / "profile.yaml", "--format", "json")
        return Said("explain", "-", *options, stdin="\n".join(questions).encode()).answers

    return asked


@pytest.fixture
def ask_manifests(tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Answers of manifests."""

    def asked(manifests: str, *questions: str) -> list[dict[str, Any]]:
        (tmp_path / "m.yaml").write_text(manifests)
        options = ("--manifests", tmp_path, "--format", "json")
        return Said("explain", "-", *options, stdin="\n".join(questions).encode()).answers

    return asked


@pytest.fixture
def explain(tmp_path: Path) -> Callable[..., str]:
    """The text of one answer of a policy or, with `manifests`, of those."""

    def explained(policy: str, question: str, spec: str = "", manifests: str = "") -> str:
        (tmp_path / "a.egress").write_text(policy)
        (tmp_path / "profile.yaml").write_text(PROFILE + spec)
        options: tuple[object, ...] = (tmp_path / "a.egress", "-p", tmp_path / "profile.yaml")
        if manifests:
            (tmp_path / "m.yaml").write_text(manifests)
            options = ("--manifests", tmp_path / "m.yaml")
        said = Said("explain", question, *options)
        assert (said.status, said.err) == (0, "")
        return said.out

    return explained
