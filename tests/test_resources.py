"""The data files are found in the checkout and in an installed package."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from egresslang import resources


def test_a_checkout_has_them_beside_the_package() -> None:
    assert resources.text("schemas", "profile.schema.json").startswith("{")


def test_an_installed_package_has_them_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "profile.schema.json").write_text("installed")
    monkeypatch.setattr(resources, "_PACKAGE", str(tmp_path))
    assert resources.text("schemas", "profile.schema.json") == "installed"
    assert resources.path("grammar", "x") == os.path.join(str(tmp_path.parent), "grammar", "x")
