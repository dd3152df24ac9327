"""The examples of `docs/import.md` are what the command says and writes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from said import ROOT, Said

PAGE = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")
FILES = re.findall(r"`([\w-]+\.(?:ya?ml|egress))`[^`]*\n\n```(yaml|egress)\n(.*?)```", PAGE, re.DOTALL)
RUNS = re.findall(r"^\$ egressc (.*)\n((?:(?!\$ |```).*\n)*)", PAGE, re.MULTILINE)


def test_the_page_says_what_the_command_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, kind, text in FILES:
        if kind == "yaml":
            Path(name).write_text(text)
    for command, output in RUNS:
        said = (
            Said(*shlex.split(command), "--today", "2026-11-25")
            if "fmt" not in command
            else Said(*shlex.split(command))
        )
        assert (said.status, said.out + said.err) == (0, output), command
    for name, kind, text in FILES:
        if kind == "egress":
            assert Path(name).read_text() == text


def test_the_page_has_examples() -> None:
    assert len(RUNS) >= 3
    assert {kind for _, kind, _ in FILES} == {"yaml", "egress"}
