"""Paths as other tools know them."""

from __future__ import annotations

import pytest
from sample import CLEAN

from egresslang.record import replace
from egresslang.report.place import paths


@pytest.mark.parametrize(
    ("name", "root", "folder", "path"),
    [
        ("a.egress", "/src", "/src", "a.egress"),
        ("./p/../a.egress", "/src", "/src", "a.egress"),
        ("a.egress", "/src", "/src/team", "team/a.egress"),
        ("../a.egress", "/src", "/src/team", "a.egress"),
        ("/src/team/a.egress", "/src", "/", "team/a.egress"),
        ("../a.egress", "/src", "/src", "../a.egress"),
        ("/a.egress", "/src", "/src", "/a.egress"),
        ("/src-2/a.egress", "/src", "/src", "/src-2/a.egress"),
        ("a.egress", "/", "/", "a.egress"),
        ("p/./a.egress", "", "", "p/a.egress"),
        ("-", "/src", "/src/team", "-"),
        ("<manifests>", "/src", "/src/team", "<manifests>"),
        ("", "/src", "/src/team", "."),
    ],
)
def test_paths_are_below_the_root(name: str, root: str, folder: str, path: str) -> None:
    assert paths(replace(CLEAN, root=root, folder=folder))(name) == path
