"""Every example compiles to exactly what stands beside it, and its README says what is true.

An example is a folder with a policy, its profiles and `expected/`; a story is one or several examples and a README.
`EGRESSC_UPDATE=1` writes `expected/` anew: read what changed before you keep it.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from egresslang.cli import main

ROOT = Path(__file__).parents[1] / "examples"
PROFILES = [
    path for path in sorted(ROOT.glob("**/*.yaml")) if "kind: ClusterProfile" in path.read_text(encoding="utf-8")
]
EXAMPLES = sorted({str(path.parent.relative_to(ROOT)) for path in PROFILES})
STORIES = sorted(path.name for path in ROOT.iterdir() if path.is_dir())
TODAY = "2026-11-23"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the examples in a project whose root is known by a `.git`, as in a clone."""
    (tmp_path / ".git").mkdir()
    shutil.copytree(ROOT, tmp_path / "examples")
    return tmp_path / "examples"


def egressc(folder: Path, *arguments: str) -> tuple[int, str]:
    """The status of a command in a folder, and what a terminal would show: what is told, then the result."""
    today = () if "--today" in arguments else ("--today", TODAY)
    told, result = io.StringIO(), io.StringIO()
    with chdir(folder), redirect_stderr(told), redirect_stdout(result):
        status = main([*arguments, *today])
    return status, told.getvalue() + result.getvalue()


def profiles(name: str) -> list[str]:
    """The options that name every profile of an example."""
    return [word for path in PROFILES if path.parent == ROOT / name for word in ("-p", path.name)]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_compiles_to_exactly_what_is_expected(name: str, project: Path) -> None:
    example = project / name
    status, shown = egressc(example, "compile", *profiles(name), "-o", "fresh")
    assert status == 0, shown
    if os.environ.get("EGRESSC_UPDATE"):
        shutil.rmtree(ROOT / name / "expected", ignore_errors=True)
        shutil.copytree(example / "fresh", ROOT / name / "expected")
    assert tree(example / "fresh") == tree(ROOT / name / "expected")


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_expected_has_not_drifted(name: str, project: Path) -> None:
    example = project / name
    status, shown = egressc(example, "compile", *profiles(name), "-o", "expected", "--check")
    assert status == 0, shown


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_no_errors(name: str, project: Path) -> None:
    example = project / name
    status, shown = egressc(example, "check", *profiles(name), "--format", "json")
    assert (status, json.loads(shown)["summary"]["errors"]) == (0, 0)


# The READMEs


def blocks(readme: Path, language: str) -> list[str]:
    """The fenced blocks of a language, each ending in a line feed."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", readme.read_text(encoding="utf-8"))


def commands(readme: Path) -> list[tuple[str, str]]:
    """Each `$ egressc …` of a README, up to a pipe, and the lines below it; empty where none are shown."""
    found = []
    for block in blocks(readme, "console"):
        for command in re.split(r"(?m)^\$ ", block)[1:]:
            line, _, output = command.partition("\n")
            if line.startswith("egressc "):
                found.append((line.partition(" | ")[0], output))
    return found


@pytest.mark.parametrize("story", STORIES)
def test_the_commands_of_a_readme_do_what_it_shows(story: str, project: Path) -> None:
    shown_commands = commands(ROOT / story / "README.md")
    assert any(command.startswith("egressc compile ") for command, _ in shown_commands)
    for command, output in shown_commands:
        status, shown = egressc(project / story, *shlex.split(command)[1:])
        assert status == 0, f"{command}\n{shown}"
        if output:
            assert shown == output, command
    assert tree(project / story) == tree(ROOT / story), "a command writes something else than what is expected"


@pytest.mark.parametrize("story", STORIES)
def test_a_readme_quotes_what_stands_in_the_files(story: str) -> None:
    for language in ("egress", "yaml"):
        files = [path.read_text(encoding="utf-8") for path in (ROOT / story).rglob(f"*.{language}")]
        for quoted in blocks(ROOT / story / "README.md", language):
            assert any(f"\n{quoted}" in f"\n{file}" for file in files), quoted


def test_the_index_lists_every_story() -> None:
    assert sorted(re.findall(r"\]\(([\w-]+)/README\.md\)", (ROOT / "README.md").read_text(encoding="utf-8"))) == STORIES
