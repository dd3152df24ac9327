"""A release: what is in it, that it is the same again, and that its bill of materials is one and is true."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

pytestmark = pytest.mark.conformance

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
LOCK = ROOT / "tools" / "requirements.lock"


def made() -> dict[str, bytes]:
    """The files of a release."""
    done = subprocess.run(["make", "release"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in (ROOT / "dist").iterdir()}


@pytest.fixture(scope="module")
def release() -> dict[str, bytes]:
    """A release that was just made."""
    return made()


@pytest.fixture(scope="module")
def bill(release: dict[str, bytes]) -> Any:
    """Its bill of materials."""
    return json.loads(release["egressc.cdx.json"])


def test_a_release_is_the_same_again(release: dict[str, bytes]) -> None:
    assert made() == release


def test_what_a_release_holds(release: dict[str, bytes]) -> None:
    packages = {f"egresslang-{VERSION}-py3-none-any.whl", f"egresslang-{VERSION}.tar.gz", "egressc.pyz"}
    assert set(release) == {*packages, "egressc.cdx.json", "SHA256SUMS"}
    sums = dict(reversed(line.split("  ")) for line in release["SHA256SUMS"].decode().splitlines())
    assert sums == {name: hashlib.sha256(text).hexdigest() for name, text in release.items() if name != "SHA256SUMS"}


def test_the_bill_follows_its_schema(release: dict[str, bytes]) -> None:
    text = release["egressc.cdx.json"].decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text.replace('"library"', '"book"')) is not None


def test_the_bill_is_what_the_zipapp_holds(release: dict[str, bytes], bill: Any) -> None:
    (ROOT / "dist" / "egressc.pyz").write_bytes(release["egressc.pyz"])
    with zipfile.ZipFile(ROOT / "dist" / "egressc.pyz") as archive:
        about = [message_from_bytes(archive.read(each)) for each in archive.namelist() if each.endswith("/METADATA")]
    assert {(each["name"], each["version"]) for each in bill["components"]} == {
        (each["Name"].lower(), each["Version"]) for each in about
    }


def test_the_bill_has_the_hashes_of_the_lock_and_a_licence_for_everything(bill: Any) -> None:
    found = {each["content"] for component in bill["components"] for each in _hashes(component)}
    assert found == set(re.findall(r"sha256:([0-9a-f]{64})", LOCK.read_text(encoding="utf-8")))
    for component in bill["components"]:
        assert component["licenses"][0]["license"]["id"], component["name"]
    needs = {each["ref"]: set(each.get("dependsOn", ())) for each in bill["dependencies"]}
    assert needs[f"pkg:pypi/egresslang@{VERSION}"] == {each["purl"] for each in bill["components"]}


def _hashes(component: Any) -> Iterator[Any]:
    for reference in component["externalReferences"]:
        yield from reference["hashes"]


def test_the_lock_of_ci_has_what_the_lock_of_releases_has() -> None:
    pin = re.compile(r"^(\S+==\S+) ", re.MULTILINE)
    released = set(pin.findall(LOCK.read_text(encoding="utf-8")))
    assert released <= set(pin.findall((ROOT / "tools" / "ci.lock").read_text(encoding="utf-8")))


@pytest.mark.parametrize("lock", ["requirements", "ci"])
def test_a_lock_is_what_pyproject_asks_for_on_every_python(lock: str) -> None:
    """With what the lock pins, nothing is left to resolve: no version of Python and no platform asks for more."""
    extras = [f"--extra={each}" for each in ("test", "lint", "conformance", "release")]  # a fuzzer is for Linux alone
    names = ["pyproject.toml"] if lock == "requirements" else ["pyproject.toml", "-", *extras]
    path = ROOT / "tools" / f"{lock}.lock"
    command = [Path(sys.executable).with_name("uv"), "pip", "compile", *names, "--universal", "--no-header", "--quiet",
               "--no-annotate", "--constraint", path]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, input="editables", capture_output=True, text=True, check=True, timeout=300)
    pins = re.findall(r"^(\S+==\S+(?: ; .*?)?)(?: \\)?$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(done.stdout.splitlines()) == sorted(pins)
