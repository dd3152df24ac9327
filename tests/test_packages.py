"""What is distributed holds all that it needs: from each of its forms the recipe compiles to the same bytes."""

from __future__ import annotations

import hashlib
import os
import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "examples" / "recipes" / "allowed"
LIBRARIES = sysconfig.get_path("purelib")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PYZ = runpy.run_path(str(ROOT / "tools" / "pyz.py"))
DATA = ("completions", "grammar", "schemas")


def run(*command: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    """A command that succeeds."""
    done = subprocess.run([str(each) for each in command], capture_output=True, check=False, timeout=300, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr.decode()
    return done  # type: ignore[no-any-return]


def build(form: str, source: Path, to: Path, **env: str) -> Path:
    """Build a wheel or sdist of a source tree."""
    run(sys.executable, "-m", "hatchling", "build", "-t", form, "-d", to, cwd=source, env={**os.environ, **env})
    (made,) = to.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the sdist."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (tree,) = folder.iterdir()
    return tree


def zipapp(to: Path, **env: str) -> Path:
    """The zipapp, of the packages that run the tests."""
    run(sys.executable, ROOT / "tools" / "pyz.py", "--packages", LIBRARIES, "-o", to, env={**os.environ, **env})
    return to


@pytest.fixture(scope="module")
def pyz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return zipapp(tmp_path_factory.mktemp("zipapp") / "egressc.pyz")


def compiled(*command: object, **env: str) -> bytes:
    """What the recipe compiles to, seen from the root of the file system."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = run(*command, "compile", RECIPE, "-p", RECIPE / "profile.yaml", cwd="/", env={**clean, **env})
    return done.stdout


def pages(*command: object, **env: str) -> bytes:
    """Something of every kind of data: a page, a schema at work, a public suffix, a completion."""
    policy = b"allow idgen -> *.github.io:443 tls region=us-east1\n"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | env
    said = b""
    for arguments, status in ((["explain", "EGR302"], 0), (["completion", "fish"], 0), (["check", "-q", "-"], 0)):
        done = subprocess.run(
            [*map(str, command), *arguments], input=policy, capture_output=True, check=False, cwd="/", env=clean
        )
        assert done.returncode == status, done.stderr.decode()
        said += done.stdout
    assert b"EGR302" in said
    return said


@pytest.fixture(scope="module")
def expected() -> bytes:
    """What it compiles to from the checkout."""
    text = compiled(sys.executable, "-P", "-m", "egresslang", PYTHONPATH=str(ROOT))
    assert text.startswith(b"apiVersion: networking.istio.io/v1\n")
    return text


def forms(wheel: Path, unpacked: Path, pyz: Path, folder: Path) -> Iterator[tuple[str, list[object], dict[str, str]]]:
    """Each form, how it is called, and its environment."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "wheel")
    module: list[object] = [sys.executable, "-P", "-m", "egresslang"]
    yield "wheel", module, {"PYTHONPATH": str(folder / "wheel")}
    yield "wheel in its zip", module, {"PYTHONPATH": str(wheel)}
    yield "sdist", module, {"PYTHONPATH": str(unpacked)}
    yield "editable", [Path(sys.executable).with_name("egressc")], {}
    yield "zipapp", [sys.executable, "-I", pyz], {}


def test_the_recipe_compiles_to_the_same_bytes(
    wheel: Path, unpacked: Path, pyz: Path, expected: bytes, tmp_path: Path
) -> None:
    told = pages(sys.executable, "-P", "-m", "egresslang", PYTHONPATH=str(ROOT))
    for form, command, env in forms(wheel, unpacked, pyz, tmp_path):
        assert compiled(*command, **env) == expected, form
        assert pages(*command, **env) == told, form


@pytest.fixture(scope="module")
def elsewhere(sdist: Path, unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree in another folder, private to its owner, every file of which was written today."""
    folder = tmp_path_factory.mktemp("else") / "where"
    shutil.copytree(unpacked, folder, copy_function=shutil.copyfile)
    (folder / "PKG-INFO").unlink()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() or os.access(unpacked / path.relative_to(folder), os.X_OK) else 0o600)
    return folder


def test_packages_are_the_same_wherever_they_are_built(
    wheel: Path, sdist: Path, pyz: Path, elsewhere: Path, tmp_path: Path
) -> None:
    """In another folder, with other modes and times, by somebody whose files are private, on a day of their choice."""
    before = os.umask(0o077)
    try:
        assert digest(build("wheel", elsewhere, tmp_path / "wheel", TZ="Asia/Tokyo")) == digest(wheel)
        assert digest(build("sdist", elsewhere, tmp_path / "sdist", LC_ALL="C")) == digest(sdist)
        made = tmp_path / "egressc.pyz"
        run(sys.executable, elsewhere / "tools" / "pyz.py", "--packages", LIBRARIES, "-o", made)
        assert digest(made) == digest(pyz)
    finally:
        os.umask(before)


def test_a_wheel_is_the_same_whoever_builds_it(wheel: Path, unpacked: Path, tmp_path: Path) -> None:
    again = build("wheel", ROOT, tmp_path / "again", TZ="Asia/Tokyo", PYTHONHASHSEED="7")
    from_sdist = build("wheel", unpacked, tmp_path / "sdist")
    assert digest(again) == digest(from_sdist) == digest(wheel)


def test_an_sdist_is_the_same_whenever_it_is_built(sdist: Path, tmp_path: Path) -> None:
    assert digest(build("sdist", ROOT, tmp_path, TZ="Asia/Tokyo", PYTHONHASHSEED="7")) == digest(sdist)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_a_wheel_holds(wheel: Path) -> None:
    version = PYPROJECT["project"]["version"]
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = {f"egresslang/{path.relative_to(ROOT).as_posix()}" for folder in DATA for path in (ROOT / folder).iterdir()}
    assert data <= names
    inside = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "egresslang").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside <= names
    share = f"egresslang-{version}.data/data/share"
    assert names - data - inside == {
        f"{share}/man/man1/egressc.1",
        f"{share}/bash-completion/completions/egressc",
        f"{share}/fish/vendor_completions.d/egressc.fish",
        f"{share}/zsh/site-functions/_egressc",
        *(f"egresslang-{version}.dist-info/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt")),
        f"egresslang-{version}.dist-info/licenses/LICENSE",
    }


@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="no git repository")
def test_an_sdist_holds_what_git_has(sdist: Path) -> None:
    """Tests, examples and benchmarks too: who packages egressc for others runs them."""
    kept = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout.decode()
    tracked = {name for name in kept.split("\0") if name and (ROOT / name).exists()}
    with tarfile.open(sdist) as archive:
        held = {each.name.partition("/")[2] for each in archive.getmembers() if each.isfile()}
    assert held - {"PKG-INFO"} == tracked


# The zipapp


def test_a_zipapp_is_the_same_whenever_and_wherever_it_is_made(pyz: Path, tmp_path: Path) -> None:
    again = zipapp(tmp_path / "deep" / "x.pyz", TZ="Asia/Tokyo", PYTHONHASHSEED="7", LC_ALL="C")
    assert digest(again) == digest(pyz)


def test_a_zipapp_knows_no_path_and_no_time_of_this_machine(pyz: Path) -> None:
    content = pyz.read_bytes()
    assert str(ROOT).encode() not in content
    assert LIBRARIES.encode() not in content
    with zipfile.ZipFile(pyz) as archive:
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.namelist() == sorted(archive.namelist())
    assert os.access(pyz, os.X_OK)


def test_a_zipapp_starts_from_bytecode(pyz: Path, tmp_path: Path) -> None:
    """Sources that do not compile are not looked at, but by another Python, which compiles them."""
    broken = tmp_path / "broken.pyz"
    with zipfile.ZipFile(pyz) as archive, zipfile.ZipFile(broken, "w") as copy:
        for name in archive.namelist():
            copy.writestr(name, b"(" if name.endswith(".py") else archive.read(name))
    assert run(sys.executable, "-I", broken, "--version").stdout == run(sys.executable, "-I", pyz, "--version").stdout
    bare = tmp_path / "bare.pyz"
    with zipfile.ZipFile(pyz) as archive, zipfile.ZipFile(bare, "w") as copy:
        for name in archive.namelist():
            content = archive.read(name)
            copy.writestr(name, b"\0\0\0\0" + content[4:] if name.endswith(".pyc") else content)
    assert run(sys.executable, "-I", bare, "--version").stdout == run(sys.executable, "-I", pyz, "--version").stdout


def test_a_zipapp_holds_what_is_needed_and_its_licences(pyz: Path) -> None:
    needed = {re.split(r"[<>=]", each)[0] for each in PYPROJECT["project"]["dependencies"]}
    assert set(PYZ["RUNTIME"]) == needed
    assert PYZ["DATA"] == DATA
    forced = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert set(forced) == set(DATA)
    with zipfile.ZipFile(pyz) as archive:
        names = archive.namelist()
    assert "LICENSE" in names
    for each in needed:
        assert any(re.match(rf"{each}-[^/]*\.dist-info/(licenses/)?LICENSE", name, re.IGNORECASE) for name in names), (
            each
        )
    assert not [name for name in names if name.endswith((".so", ".pyd")) or "__pycache__" in name or ".." in name]


def test_the_lock_is_of_what_is_needed() -> None:
    text = (ROOT / "tools" / "requirements.lock").read_text(encoding="utf-8")
    assert {name.lower() for name in PYZ["RUNTIME"]} == set(re.findall(r"^([\w-]+)==", text, re.MULTILINE))
    for pinned in re.split(r"^(?=[\w-]+==)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in pinned


# The image


def test_nobody_in_the_image_is_root() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["65532:65532"]
    stages = re.findall(r"^FROM (\S+)(?: AS (\S+))?$", text, re.MULTILINE)
    names = {name for _, name in stages}
    assert {base for base, _ in stages if base not in names} == {"python:3.13-slim-bookworm"}
    entries = re.findall(r'^ENTRYPOINT \["(\S+)"\]$', text, re.MULTILINE)
    assert entries == ["egressc-krm", "egressc"]


def test_the_image_is_built_from_what_is_there() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (?!--)(.*)$", text, re.MULTILINE) for name in line.split()[:-1]]
    assert all((ROOT / name).exists() for name in copied)
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], *wheel["shared-data"], "README.md", "LICENSE"}
    assert not [name for name in needed if not any(name == each or name.startswith(f"{each}/") for each in copied)]
