"""The data files are found in the checkout and in an installed package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from egresslang import resources


def test_a_checkout_has_them_beside_the_package() -> None:
    assert resources.text("schemas", "profile.schema.json").startswith("{")


def test_an_installed_package_has_them_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, beside = tmp_path / "egresslang" / "schemas", tmp_path / "schemas"
    for folder, said in ((inside, "installed"), (beside, "in a checkout")):
        folder.mkdir(parents=True)
        (folder / "profile.schema.json").write_text(said)
    monkeypatch.setattr(resources, "_PACKAGE", str(inside.parent))
    assert resources.text("schemas", "profile.schema.json") == "installed"
    (inside / "profile.schema.json").unlink()
    assert resources.text("schemas", "profile.schema.json") == "in a checkout"


def test_a_missing_one_is_an_error() -> None:
    with pytest.raises(OSError, match="nowhere"):
        resources.text("schemas", "nowhere.json")


def test_schemas_are_read_by_validators_that_cannot_look_ahead() -> None:
    """Those written in Go, such as kubeconform, know the patterns of RE2 and take a schema with any other for none."""
    for path in (Path(__file__).parents[1] / "schemas").glob("*.json"):
        assert not re.search(r"\(\?[=!<]", path.read_text(encoding="utf-8")), path.name
