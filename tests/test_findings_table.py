"""The table of findings: codes, names, rules, pages, fixtures and docs say the same, and nothing is left over."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from egresslang import codes, rules
from egresslang.findings import Code, Severity
from egresslang.pages import FOLDER, PROFILE

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "egresslang"
IDS = {code.id for code in codes.ALL}
BLOCKS = {"0": "syntax", "1": "names", "2": "conflicts", "3": "too broad", "4": "governance", "5": "cluster", "6": "analyze", "7": "traffic", "9": "witness"}  # fmt: skip

PARTS = {"profile_mismatch"}
"""Rules that tell one of several things their code is about."""

code_of_each = pytest.mark.parametrize("code", codes.ALL, ids=lambda code: code.id)


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


MODULES = dict(modules())
NAMED = {node.targets[0].id: node.lineno for node in MODULES[PACKAGE / "codes.py"].body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}  # fmt: skip
"""The constants of `codes.py`."""


def test_identities() -> None:
    assert max(Counter(code.id for code in codes.ALL).values()) == 1
    assert max(Counter(code.name for code in codes.ALL).values()) == 1
    for code in codes.ALL:
        assert re.fullmatch(r"EGR\d{3}", code.id)
        assert code.id[3] in BLOCKS
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", code.name)
        assert code.milder is None or code.milder < code.severity is Severity.ERROR


def test_constants_are_called_like_their_codes() -> None:
    assert {name: getattr(codes, name).name for name in NAMED} == {
        name: name.lower().replace("_", "-") for name in NAMED
    }
    assert len(NAMED) == len(codes.ALL)


def test_pages() -> None:
    assert {path.stem for path in Path(FOLDER).glob("*.md")} == IDS
    assert {path.name for path in Path(FOLDER).iterdir() if path.suffix not in (".md", ".pyc")} <= {
        "__init__.py", "__pycache__", PROFILE,
    }  # fmt: skip


def test_docs() -> None:
    text = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert titles == [f"{code.id} {code.name}" for code in sorted(codes.ALL, key=lambda code: code.id)]
    rows = re.findall(r"^\| \[(EGR\d{3})\]\(#(\S+)\) \| (\S+) \|", text, re.MULTILINE)
    assert rows == [(code.id, f"{code.id.lower()}-{code.name}", code.name) for code in sorted(codes.ALL, key=lambda code: code.id)]  # fmt: skip


@pytest.mark.parametrize(
    "path", [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md", *PACKAGE.rglob("*.py"), *(ROOT / "schemas").glob("*.json")],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)  # fmt: skip
def test_every_code_that_is_mentioned_exists(path: Path) -> None:
    assert set(re.findall(r"\bEGR\d{3}\b", path.read_text(encoding="utf-8"))) <= IDS


def test_rules_are_called_like_their_codes() -> None:
    made = {path.stem: tree for path, tree in MODULES.items() if path.parent == PACKAGE / "rules"}
    with_code = {
        name for name, tree in made.items()
        if any(isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "CODE" for node in tree.body)
    }  # fmt: skip
    listed = [rule.__name__.rpartition(".")[2] for rule in rules.RULES]
    assert sorted(listed) == sorted(with_code)
    assert [rule.CODE.id for rule in rules.RULES] == sorted(rule.CODE.id for rule in rules.RULES)
    for rule in rules.RULES:
        name = rule.__name__.rpartition(".")[2]
        assert name == rule.CODE.name.replace("-", "_") or name in PARTS
        assert (rule.__doc__ or "").startswith(f"{rule.CODE.id} {rule.CODE.name}: ")


@code_of_each
def test_a_code_is_told_somewhere(code: Code) -> None:
    constant = next(name for name in NAMED if getattr(codes, name) is code)
    users = [
        path for path, tree in MODULES.items()
        if path.name != "codes.py" and any(
            (isinstance(node, ast.Attribute) and node.attr == constant) or (isinstance(node, ast.Name) and node.id == constant)
            for node in ast.walk(tree)
        )
    ]  # fmt: skip
    assert users


TESTS = "\n".join(
    path.read_text(encoding="utf-8")
    for pattern in ("*.py", "*.out", "case.yaml")
    for path in (ROOT / "tests").rglob(pattern)
    if path.name not in ("test_pages.py", "test_findings_table.py") and "conformance" not in path.parts
)


@code_of_each
def test_a_code_has_tests_beside_its_page(code: Code) -> None:
    constant = next(name for name in NAMED if getattr(codes, name) is code)
    said = len(re.findall(rf"\b{code.id}\b|\b{constant}\b|\b{code.name}\b", TESTS))
    assert said >= 2
