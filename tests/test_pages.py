"""Pages of codes: every example on them is run. A rejected one gives its code, and nothing else, at the marked places; an
accepted one gives nothing.

`python tests/test_pages.py EGR204` shows what the examples of a page give.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from egresslang import codes
from egresslang.cli import main
from egresslang.findings import Code
from egresslang.pages import ACCEPTED, FOLDER, PROFILE, REJECTED, SECTIONS, SUPPRESS, page, summary

TODAY = "2026-11-23"
NAMES = {"egress": "policy.egress", "yaml": PROFILE, "toml": "egressc.toml"}
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)

MESH = "mesh.yaml"
"""Manifests that are analysed: an example by themselves."""

Place = tuple[str, int, int, int]
"""File, line, first column and the column after the last."""


def sections(text: str) -> dict[str, str]:
    """The sections of a page by their headings."""
    parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def examples(section: str) -> Iterator[dict[str, str]]:
    """The files of each example: a policy starts one, what else it needs stands below it."""
    held: dict[str, str] = {}
    for language, name, text in BLOCK.findall(section):
        if held and (language == "egress" or name == MESH):
            yield held
            held = {}
        held[name or NAMES[language]] = text
    if held:
        yield held


def marked(name: str, text: str) -> tuple[str, list[Place]]:
    """The text of a file without its lines of marks, and the places that they mark."""
    lines: list[str] = []
    places: list[Place] = []
    for line in text.split("\n"):
        if re.fullmatch(r" *\^[\^ ]*", line):
            places += [(name, len(lines), mark.start() + 1, mark.end() + 1) for mark in re.finditer(r"\^+", line)]
        else:
            lines.append(line)
    return "\n".join(lines), places


def run(files: dict[str, str], folder: Path) -> tuple[list[dict[str, Any]], list[Place]]:
    """The findings of an example and the places it marks."""
    places: list[Place] = []
    patches = {
        name: text for name, text in files.items() if re.search(r"^ *[+-]", text, re.MULTILINE) and "manifests" in name
    }
    for name, text in ({PROFILE: (Path(FOLDER) / PROFILE).read_text()} | files).items():
        if name not in patches:
            plain, here = marked(name, text)
            places += here
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(plain, encoding="utf-8")
    arguments = ["policy.egress", "-p", PROFILE, "--today", TODAY, "--format", "json"]
    with contextlib.chdir(folder):
        if MESH in files:
            return said("analyze", MESH, "--format", "json"), places
        if "build.yaml" in files:
            return verified(Path("build.yaml").read_text()), places
        logs = [f"--access-log={name.removesuffix('.log')}={name}" for name in files if name.endswith(".log")]
        if logs:
            return said("audit", *arguments, *logs), places
        if not patches:
            return said("check", *arguments), places
        assert said("compile", *arguments, "-o", "manifests") == []
        for name, text in patches.items():
            patch(folder / name, text)
        return said("compile", *arguments, "-o", "manifests", "--check"), places


def verified(build: str) -> list[dict[str, Any]]:
    """The findings of a build of kustomize."""
    held, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(build.encode()))
    try:
        found = said("kustomize", "verify", "egress.yaml", "--today", TODAY, "--format", "json")
    finally:
        sys.stdin = held
    return [each | {"file": "build.yaml" if each["file"] == "-" else each["file"]} for each in found]


def patch(path: Path, change: str) -> None:
    """Change a file as the lines of a diff say."""
    lines = change.splitlines()
    old, new = ("".join(f"{line[1:]}\n" for line in lines if line[:1] in (" ", sign)) for sign in "-+")
    text = path.read_text()
    assert text.count(old) == 1, f"{old}\nis not in\n{text}"
    path.write_text(text.replace(old, new))


def said(*arguments: str) -> list[dict[str, Any]]:
    """The findings of a command."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        main(arguments)
    report = out.getvalue() if arguments[0] in ("check", "analyze", "audit") else err.getvalue()
    found: list[dict[str, Any]] = json.loads(report)["findings"]
    return found


def place(each: dict[str, Any]) -> Place:
    assert each["line"] == each["endLine"], "a mark is on one line"
    return each["file"], each["line"], each["column"], each["endColumn"]


@pytest.mark.parametrize("code", codes.ALL, ids=lambda code: code.id)
def test_a_rejected_example_gives_its_code_at_the_marks(code: Code, tmp_path: Path) -> None:
    found_any = False
    for number, files in enumerate(examples(sections(page(code))[REJECTED])):
        found, places = run(files, tmp_path / str(number))
        assert {each["code"] for each in found} == {code.id}
        assert sorted(map(place, found)) == sorted(places)
        found_any = True
    assert found_any


@pytest.mark.parametrize("code", codes.ALL, ids=lambda code: code.id)
def test_an_accepted_example_gives_nothing(code: Code, tmp_path: Path) -> None:
    found_any = False
    for number, files in enumerate(examples(sections(page(code))[ACCEPTED])):
        found, places = run(files, tmp_path / str(number))
        assert (found, places) == ([], [])
        found_any = True
    assert found_any


@pytest.mark.parametrize("code", codes.ALL, ids=lambda code: code.id)
def test_a_page_has_its_sections_in_order(code: Code) -> None:
    text = page(code)
    assert tuple(sections(text)) == SECTIONS
    assert text.startswith(f"# {code.id} {code.name}\n\n")
    assert all(body.strip() for body in sections(text).values())
    assert summary(code).endswith((".", ":"))
    assert len(summary(code)) < 240
    written = (Path(FOLDER) / f"{code.id}.md").read_text()
    assert (f"## {SUPPRESS}\n" in written) == code.is_silenceable
    assert max(map(len, written.splitlines())) <= 120
    assert written.endswith("\n")
    assert "—" not in written


@pytest.mark.parametrize("asked", ["EGR204", "egr204", "protocol-conflict", "Protocol-Conflict"])
def test_explain_prints_the_page(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", asked]) == 0
    assert capsys.readouterr().out == page(codes.PROTOCOL_CONFLICT)


def test_explain_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "EGR204", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "code": "EGR204", "name": "protocol-conflict", "severity": "error", "page": page(codes.PROTOCOL_CONFLICT),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("EGR999", "did you mean `EGR"),
        ("protocol-conflct", "did you mean `protocol-conflict`?"),
        ("idgen", "a flow has an arrow"),
    ],
)
def test_explain_suggests(asked: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", asked]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert f"`{asked}` is not a flow, nor a code" in said.err
    assert hint in said.err


def show(code: str) -> None:
    """Print what each example of a page gives."""
    import tempfile

    text = page(next(each for each in codes.ALL if each.id == code))
    for kind in (REJECTED, ACCEPTED):
        for files in examples(sections(text)[kind]):
            with tempfile.TemporaryDirectory() as folder:
                found, places = run(files, Path(folder))
            got = sorted((*place(each), each["code"]) for each in found)
            good = got == sorted((*at, code) for at in places)
            print("ok  " if good else "BAD ", code, kind, "" if good else f"{places}\n     {got}")
            if not good:
                for each in found:
                    print("      ", each["severity"], each["message"])


if __name__ == "__main__":
    for each in sys.argv[1:] or [code.id for code in codes.ALL if os.path.exists(f"{FOLDER}/{code.id}.md")]:
        show(each)
