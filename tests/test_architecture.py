"""The shape of the code: imports point one way, public names say what they are, a start loads only what it needs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ORDER = (
    ("libyaml", "record", "scalars", "resources", "ranges", "interruption", "json_text", "secrecy"),
    ("replacement", "processes"),
    ("source",),
    ("findings",),
    ("codes", "pages"),
    ("suggest", "broken_yaml", "report", "directory"),
    ("limits",),
    ("documents", "files"),
    ("layouts",),
    ("revision",),
    ("syntax", "profile", "mesh"),
    ("policy", "config", "suppression"),
    ("rules", "targets", "verify", "fixes"),
    ("output",),
    ("compile",),
    ("answers", "kustomize"),
    ("existing",),
    ("starting", "traffic"),
    ("commands",),
    ("cli",),
    ("__main__",),
)
"""Rooms and modules of the top level, from the ground up; each imports only from lines above its own."""

KNOWS_ONLY = {
    "egresslang.record": set(),
    "egresslang.source": {"record", "secrecy"},
    "egresslang.findings": {"record", "source"},
    "egresslang.codes": {"findings"},
    "egresslang.report": {"record", "source", "findings", "pages", "json_text", ""},
    "egresslang.directory": {"record", "interruption", "replacement"},
    "egresslang.output": {"targets"},
    "egresslang.mesh": {"record", "source", "findings", "codes", "documents"},
    "egresslang.policy.intent": {"policy", "profile", "ranges"},
    "egresslang.targets.manifests": {"record"},
    "egresslang.targets.documents": {"targets"},
    "egresslang.targets.yaml": set(),
    "egresslang.targets.naming": set(),
    "egresslang.policy.flows": {"policy", "ranges", "record", "source"},
}
"""What a module, or every module of a room, may import at most: those that others are built on, or judge others."""


def modules() -> dict[str, ast.Module]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted((ROOT / "egresslang").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


MODULES = modules()


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules of this package that a piece of code imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "egresslang":
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "egresslang")


def room(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def test_every_room_has_its_place() -> None:
    placed = [each for line in ORDER for each in line]
    assert sorted(placed) == sorted({room(name) for name in MODULES} - {""})


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_one_way(name: str) -> None:
    rank = {each: number for number, line in enumerate(ORDER) for each in line}
    for other in imported(MODULES[name]):
        if room(other) not in ("", room(name)):
            assert rank[room(other)] < rank[room(name)], f"{name} imports {other}"


@pytest.mark.parametrize("name", KNOWS_ONLY)
def test_some_know_little(name: str) -> None:
    found = [each for each in MODULES if each == name or each.startswith(f"{name}.")]
    assert found
    for each in found:
        rooms = {room(other) for other in imported(MODULES[each])}
        assert rooms - {room(name)} <= KNOWS_ONLY[name], each
        if "." in name.removeprefix("egresslang."):
            assert room(name) not in rooms or room(name) in KNOWS_ONLY[name], each


def test_no_module_leads_back_to_itself() -> None:
    """Imports at the top of modules; those inside functions are lazy and may."""
    graph = {}
    for name, tree in MODULES.items():
        top = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
        graph[name] = {other for other in imported(top) if other != name}
    TopologicalSorter(graph).prepare()


def public(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """The public functions and classes of a module, and the public methods of its public classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_says_what_it_is(name: str) -> None:
    tree = MODULES[name]
    if tree.body:
        assert ast.get_docstring(tree), f"{name} has no docstring"
    silent = [each for each, node in public(tree) if not ast.get_docstring(node)]  # type: ignore[arg-type]
    assert silent == []


@pytest.mark.parametrize("name", MODULES)
def test_names_say_something(name: str) -> None:
    assert not {"utils", "util", "helpers", "common", "base", "manager", "core", "misc"} & set(name.split("."))


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter has after running code."""
    script = f"{code}\nimport sys; sys.stderr.write(' '.join(sys.modules))"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, env=env, timeout=60
    )
    return set(done.stderr.split())


SLOW = {
    "jsonschema", "publicsuffixlist", "importlib.metadata", "importlib.resources", "tempfile", "tomllib", "ruamel",
    "dataclasses", "idna", "pathlib", "subprocess", "asyncio", "http", "ssl", "socket", "urllib.request", "hypothesis",
    "ipaddress", "difflib", "textwrap",
}  # fmt: skip
"""What a start cannot afford, or a check of a clean policy has no use for."""


ALGEBRA = (
    "egresslang.policy.flow", "egresslang.policy.redundancy", "egresslang.policy.denials", "egresslang.policy.public_suffixes",
)  # fmt: skip
"""What is loaded where there is something to compare, or a wildcard that may be a public suffix."""


def test_a_check_loads_only_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text(
        "namespace shop\nhosts s = a.example.com, *.b.example.com\nworkloads w = cart, pay\n"
        "allow w -> s:443 tls owner=team expires=2999-01-01\nallow cart -> 192.0.2.0/24:9000 tcp\n"
    )
    check = f"from egresslang.cli import main; assert main(['check', {str(tmp_path)!r}]) == 0"
    more = loaded(check) - loaded("import lark, argparse, datetime")
    assert "egresslang.policy.resolve" in more
    assert "egresslang.report.text" in more
    assert {name for name in more if name in SLOW or name.split(".")[0] in SLOW} <= {"ipaddress"}
    assert not {
        name
        for name in more
        if name.startswith(("egresslang.directory", "egresslang.report.json", "egresslang.answers", *ALGEBRA))
    }


def test_flows_are_calculated_only_where_there_is_something_to_compare(tmp_path: Path) -> None:
    file = tmp_path / "a.egress"
    check = f"from egresslang.cli import main; main(['check', {str(file)!r}, '-q'])"
    allow = "allow shop/cart -> a.example.com:443 tls\n"
    for more, module in (
        ("deny shop/pay -> a.example.com\n", "egresslang.policy.denials"),
        ("allow shop/* -> a.example.com:443 tls\n", "egresslang.policy.redundancy"),
        ("allow shop/cart -> *.a.nav.no:443 tls\n", "publicsuffixlist"),
    ):
        file.write_text(allow)
        assert module not in loaded(check)
        file.write_text(allow + more)
        assert module in loaded(check)


def test_formatting_loads_the_syntax_alone(tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text("allow a->a.example.com:443\n")
    more = loaded(f"from egresslang.cli import main; assert main(['fmt', {str(tmp_path)!r}]) == 0")
    assert "egresslang.syntax.format" in more
    assert not {f"egresslang.{name}" for name in ("policy", "rules", "mesh", "targets", "compile")} & more


def test_help_loads_no_language() -> None:
    more = loaded("from egresslang.cli import main\ntry: main(['--version'])\nexcept SystemExit: pass")
    assert "lark" not in more
