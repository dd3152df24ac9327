"""Packages of npm, pinned, kept in the environment that runs the tests."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

KEPT = Path(sys.prefix) / "npm"


def from_npm(package: str) -> Path:
    """The folder of an npm package with what it depends on; fails with the reason when it cannot be had."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.fail("npm is not on PATH: install Node.js (Debian package npm)")
    name, _, version = package.rpartition("@")
    folder = KEPT / "node_modules" / name
    manifest = folder / "package.json"
    if not manifest.exists() or json.loads(manifest.read_text(encoding="utf-8"))["version"] != version:
        command = [npm, "install", "--prefix", str(KEPT), "--no-audit", "--no-fund", "--ignore-scripts", package]
        installed = subprocess.run(command, capture_output=True, text=True, check=False)
        if installed.returncode:
            pytest.fail(f"npm cannot install {package}: {installed.stderr.strip()}")
    return folder
