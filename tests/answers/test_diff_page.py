"""The examples of `docs/diff.md` are what the command says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from said import ROOT, Said

PAGE = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
POLICIES = re.findall(r"`(\w+/\w+\.egress)`[^`]*\n\n```egress\n(.*?)```", PAGE, re.DOTALL)
RUNS = [
    run
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for run in re.findall(r"^\$ egressc (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
]


@pytest.mark.parametrize(("command", "output"), RUNS)
def test_the_page_says_what_the_command_says(
    command: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in POLICIES:
        Path(name).parent.mkdir()
        Path(name).write_text(text)
    said = Said(*shlex.split(command), "--today", "2026-11-23")
    assert (said.status, said.out.replace("\r\n", "\n")) == (0, output)


def test_the_page_has_examples() -> None:
    assert (len(POLICIES), len(RUNS)) == (2, 5)
