"""The packages before the programs that install and read them: pip, pipx, uv, hadolint, man, and the schemas of CI files.

pip, pipx and uv install what egressc needs from the package index that they are configured for.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.conformance

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "examples" / "recipes" / "allowed"
BIN = Path(sys.executable).parent


def tool(name: str, package: str = "") -> str:
    """The path of a program; a missing one fails and says what has it."""
    found = shutil.which(name, path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        has = f"Debian package {package}" if package else "`make .venv/conformance` installs it"
        pytest.fail(f"{name} is not on PATH: {has}")
    return found


def run(*command: object, folder: Path | str = "/", **env: str) -> str:
    """What a command that succeeds says on standard output."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(each) for each in command], capture_output=True, check=False, text=True, cwd=folder, env={**clean, **env}, timeout=600
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist, built as `pip` and `build` do, apart from this environment."""
    folder = tmp_path_factory.mktemp("built")
    run(tool("uv"), "build", "--quiet", "--python", sys.executable, "--out-dir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def expected() -> str:
    """What the recipe compiles to from the checkout."""
    return run(sys.executable, "-m", "egresslang", *ARGUMENTS, folder=ROOT)


ARGUMENTS = ("compile", RECIPE, "-p", RECIPE / "profile.yaml")


@pytest.mark.parametrize("form", ["wheel", "sdist", "editable"])
def test_pip_installs_it(form: str, built: Path, expected: str, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    bin = tmp_path / "env" / "bin"
    (what,) = [ROOT] if form == "editable" else built.glob("*.whl" if form == "wheel" else "*.tar.gz")
    editable = ["--editable"] if form == "editable" else []
    run(bin / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *editable, what)
    assert run(bin / "egressc", *ARGUMENTS) == expected
    assert "protocol-conflict" in run(bin / "egressc", "explain", "EGR204")
    if form != "editable":
        share = tmp_path / "env" / "share"
        kept = {path.relative_to(share).as_posix() for path in share.rglob("*") if path.is_file()}
        assert kept == {
            "man/man1/egressc.1",
            "bash-completion/completions/egressc",
            "fish/vendor_completions.d/egressc.fish",
            "zsh/site-functions/_egressc",
        }


def test_pipx_runs_it(wheel: Path, expected: str, tmp_path: Path) -> None:
    places = {
        "PIPX_HOME": str(tmp_path / "home"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_MAN_DIR": str(tmp_path / "man"),
    }
    for name in ("egressc", "egresslang"):
        assert run(tool("pipx"), "run", "--spec", wheel, name, *ARGUMENTS, **places) == expected
    run(tool("pipx"), "install", wheel, **places)
    assert run(tmp_path / "bin" / "egressc", *ARGUMENTS) == expected
    assert (tmp_path / "man" / "man1" / "egressc.1").exists()


def test_uvx_runs_it(wheel: Path, expected: str, tmp_path: Path) -> None:
    cache = {"UV_CACHE_DIR": str(tmp_path)}
    assert run(tool("uvx"), "--python", sys.executable, "--from", wheel, "egressc", *ARGUMENTS, **cache) == expected


def test_the_zipapp_of_the_lock(expected: str, tmp_path: Path) -> None:
    """`make zipapp` twice, with what the lock names: one and the same file, which needs nothing but a Python."""
    made = []
    for _ in range(2):
        run("make", "zipapp", folder=ROOT)
        made.append((ROOT / "dist" / "egressc.pyz").read_bytes())
    assert made[0] == made[1]
    venv.create(tmp_path / "env", with_pip=False)
    (tmp_path / "egressc.pyz").write_bytes(made[0])
    assert run(tmp_path / "env" / "bin" / "python", tmp_path / "egressc.pyz", *ARGUMENTS) == expected


def test_the_containerfile_is_clean() -> None:
    assert run(tool("hadolint"), "--failure-threshold", "style", "--no-color", ROOT / "Containerfile") == ""


def test_the_steps_of_the_containerfile(expected: str, tmp_path: Path) -> None:
    """Where nothing can pull an image: its build stage, run in folders of their own; what comes out writes nothing
    where it lies."""
    source, opt = tmp_path / "source", tmp_path / "opt"
    source.mkdir()
    text = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", "")
    (stage,) = re.findall(r"^FROM \S+ AS build$(.*?)^FROM", text, re.MULTILINE | re.DOTALL)
    for step, said in re.findall(r"^(COPY|RUN) (.*)$", stage, re.MULTILINE):
        if step == "RUN":
            run(
                "sh",
                "-c",
                said.replace("/opt/egressc", str(opt)).replace("python -m venv", f"{sys.executable} -m venv"),
                folder=source,
            )
            continue
        *names, to = said.split()
        for name in names:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, source / to, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (source / to).mkdir(exist_ok=True)
                shutil.copy(ROOT / name, source / to)
    shutil.rmtree(source)
    before = {path: path.lstat().st_mtime_ns for path in opt.rglob("*")}
    assert run(opt / "bin" / "egressc", *ARGUMENTS) == expected
    assert {path: path.lstat().st_mtime_ns for path in opt.rglob("*")} == before
    assert not (opt / "bin" / "pip").exists()


def test_the_man_page_is_clean() -> None:
    page = ROOT / "docs" / "egressc.1"
    assert run(tool("mandoc", "mandoc"), "-T", "lint", page) == ""
    read = subprocess.run(
        [tool("man", "man-db"), "--warnings", "--local-file", page], capture_output=True, text=True, check=True, timeout=60,
        env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert read.stderr == ""
    assert "egressc init" in read.stdout


@pytest.mark.parametrize(
    ("ci", "name", "schema"),
    [
        ("github", ".github/workflows/egress.yml", "vendor.github-workflows"),
        ("gitlab", ".gitlab-ci.yml", "vendor.gitlab-ci"),
    ],
)
def test_the_ci_file_is_one(ci: str, name: str, schema: str, tmp_path: Path) -> None:
    run(sys.executable, "-m", "egresslang", "init", tmp_path, "--ci", ci, folder=ROOT)
    run(tool("check-jsonschema"), "--builtin-schema", schema, tmp_path / name)
    if ci == "github":
        actionlint = ROOT / "tests/conformance/judge/bin/actionlint"
        assert actionlint.exists(), f"{actionlint} is missing: make judge"
        assert run(actionlint, "-shellcheck=", "-pyflakes=", tmp_path / name, folder=tmp_path) == ""
