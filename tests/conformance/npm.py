"""Packages of npm, those of `npm-packages/package-lock.json` by hash, kept in the environment that runs the tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PINNED = Path(__file__).parent / "npm-packages"
KEPT = Path(sys.prefix) / "npm"
FILES = ("package.json", "package-lock.json")


def from_npm(package: str) -> Path:
    """The folder of an npm package with what it depends on; fails with the reason when it cannot be had."""
    if not _is_kept():
        _install()
    return KEPT / "node_modules" / package


def _is_kept() -> bool:
    """Whether what is kept is what is pinned."""
    return all((KEPT / name).exists() and (KEPT / name).read_bytes() == (PINNED / name).read_bytes() for name in FILES)


def _install() -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.fail("npm is not on PATH: install Node.js (Debian package npm)")
    shutil.rmtree(KEPT, ignore_errors=True)
    shutil.copytree(PINNED, KEPT)
    command = [npm, "ci", "--prefix", str(KEPT), "--no-audit", "--no-fund", "--ignore-scripts"]
    installed = subprocess.run(command, capture_output=True, text=True, check=False)
    if installed.returncode:
        shutil.rmtree(KEPT)
        pytest.fail(f"npm cannot install what is pinned: {installed.stderr.strip()}")
