"""Broken policies: each is told at the right place, stops the command, and leaves no trace.

`broken/x.egress` stands beside `x.out`, one line a finding: its code, its severity unless an error, the place, the
underlined text, the message; indented below it the related places. `x.yaml` is its profile, else `profile.yaml`.
After a change of words: `python tests/test_broken.py` writes the `.out` files; read what changed.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from egresslang.cli import main

HERE = Path(__file__).parent / "broken"
NAMES = sorted(path.stem for path in HERE.glob("*.egress"))
TODAY = "2026-11-23"


class Streams:
    """What a command said, and its status."""

    def __init__(self, *arguments: str) -> None:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.status = main(arguments)
        self.out, self.err = out.getvalue(), err.getvalue()


def run(command: str, name: str, *options: str) -> Streams:
    """A command on a fixture, with its profile, from the folder of the fixtures."""
    profile = f"{name}.yaml" if (HERE / f"{name}.yaml").exists() else "profile.yaml"
    with contextlib.chdir(HERE):
        return Streams(command, f"{name}.egress", "-p", profile, "--today", TODAY, *options)


def lines(report: dict[str, Any]) -> Iterator[str]:
    """The findings of a JSON report as an `.out` file has them."""
    for each in report["findings"]:
        severity = "" if each["severity"] == "error" else f" {each['severity']}"
        yield f"{each['code']}{severity} {place(each)} {each['message']}"
        yield from (f"    {place(other)} {other['message']}" for other in each["related"])


def place(where: dict[str, Any]) -> str:
    """Line, column and underlined text; the file where it is not the policy."""
    text = (HERE / where["file"]).read_bytes().decode(errors="replace")
    numbered = re.findall(r"[^\n]*\n|[^\n]+\Z|\Z", text)
    start = sum(map(len, numbered[: where["line"] - 1])) + where["column"] - 1
    end = sum(map(len, numbered[: where["endLine"] - 1])) + where["endColumn"] - 1
    file = f"{where['file']}:" if where["file"].endswith(".yaml") else ""
    return f"{file}{where['line']}:{where['column']} {json.dumps(text[start:end])}"


def told(name: str) -> str:
    """What `check` says of a fixture."""
    return "".join(f"{line}\n" for line in lines(json.loads(run("check", name, "--format", "json").out)))


def expected(name: str) -> str:
    return (HERE / f"{name}.out").read_text(encoding="utf-8")


def is_fatal(name: str) -> bool:
    """Whether an error is expected: a code without a severity after it."""
    return re.search(r"(?m)^EGR\d{3} \d", expected(name)) is not None


def test_there_are_enough() -> None:
    assert len(NAMES) >= 40
    assert {path.stem for path in HERE.glob("*.out")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_findings(name: str) -> None:
    assert told(name) == expected(name)
    assert expected(name)


@pytest.mark.parametrize("name", NAMES)
def test_statuses_and_streams(name: str, tmp_path: Path) -> None:
    fatal = is_fatal(name)
    checked = run("check", name)
    assert checked.status == (1 if fatal else 0)
    assert checked.err == ""
    assert re.search(r"\n\d+ (error|warning|note)s?(, \d+ \w+)* in \d files?\n\Z", checked.out)
    assert run("check", name, "--fail-on", "note").status == 1
    assert run("check", name, "--format", "concise", "-q").status == checked.status
    compiled = run("compile", name, "--fail-on", "note")
    assert (compiled.status, compiled.out) == (1, "")
    assert "Traceback" not in compiled.err
    assert "error" in compiled.err or not fatal or name == "expired"


@pytest.fixture(scope="module")
def sentinel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished output folder."""
    folder = tmp_path_factory.mktemp("sentinel")
    (folder / "ok.egress").write_text("allow a -> a.example.com:443 tls\nallow n/b -> b.example.com:443 tls\n")
    made = Streams("compile", str(folder / "ok.egress"), "-q", "-o", str(folder / "out"))
    assert (made.status, made.out, made.err) == (0, "", "")
    return folder / "out"


def standing(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and folder with its time of change and its content."""
    found = {".": (os.lstat(folder).st_mtime_ns, b"")}
    for path in folder.rglob("*"):
        found[str(path.relative_to(folder))] = (
            os.lstat(path).st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
    return found


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_written(name: str, sentinel: Path) -> None:
    before = standing(sentinel)
    assert len(before) == 6
    for options in ((), ("--check",), ("--namespace", "default"), ("--installation", "helm"), ("--format", "json")):
        made = run("compile", name, "-o", str(sentinel), "--fail-on", "note", *options)
        assert (made.status, made.out) == (1, "")
        assert standing(sentinel) == before
    made = run("compile", name, "-o", str(sentinel / "fresh"), "--fail-on", "note")
    assert made.status == 1
    assert standing(sentinel) == before


@pytest.mark.parametrize("name", NAMES)
def test_text_underlines_what_the_report_says(name: str) -> None:
    """The text form has a heading and an arrow with the place for every finding, and no character that is not seen."""
    text = run("check", name).out
    for line in expected(name).splitlines():
        if match := re.match(r"(EGR\d{3})(?: (\w+))? (\d+:\d+) ", line):
            assert f"{match[2] or 'error'}[{match[1]}]: " in text
            assert f" {name}.egress:{match[3]}\n" in text
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", text)


if __name__ == "__main__":
    for each in NAMES:
        (HERE / f"{each}.out").write_text(told(each), encoding="utf-8")
