"""`egressc fmt` from outside: files, links, standard input, statuses; and what is shown as good is formatted."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import sys
from pathlib import Path
from typing import cast

import pytest

from egresslang.cli import main
from egresslang.pages import ACCEPTED, FOLDER
from egresslang.source import Source
from egresslang.syntax.format import show_file
from egresslang.syntax.parse import parse

ROOT = Path(__file__).parents[1]
RAGGED = "namespace  n\n\n\n\nallow a->API.example.com:443   # why \n"
CLEAN = "namespace n\n\nallow a -> api.example.com:443 tls  # why\n"
WRONG = "allow a ->\n"
DIFF = (
    "--- a.egress\n+++ a.egress\n@@ -1,5 +1,3 @@\n-namespace  n\n+namespace n\n \n-\n-\n"
    "-allow a->API.example.com:443   # why \n+allow a -> api.example.com:443 tls  # why\n"
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file to format and one that is formatted, as the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.egress").write_text(RAGGED)
    (tmp_path / "b.egress").write_text(CLEAN)
    return tmp_path


def fmt(*arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
    out, err, before = io.StringIO(), io.StringIO(), sys.stdin
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin))
        try:
            status = main(["fmt", *map(str, arguments)])
        except SystemExit as ended:
            status = cast("int", ended.code)
        finally:
            sys.stdin = before
    return status, out.getvalue(), err.getvalue()


def standing(folder: Path) -> dict[str, tuple[int, ...]]:
    """What a write of any file would change."""
    return {
        each.name: ((state := os.lstat(each)).st_ino, state.st_mtime_ns, state.st_mode) for each in folder.iterdir()
    }


# Files


def test_files_are_formatted_in_place_and_whole(here: Path) -> None:
    os.chmod(here / "a.egress", 0o640)
    before = standing(here)
    assert fmt() == (0, "", "egressc: 1 file formatted, 1 already so\n")
    assert (here / "a.egress").read_text() == CLEAN
    after = standing(here)
    assert after["b.egress"] == before["b.egress"]
    assert stat.S_IMODE(after["a.egress"][2]) == 0o640
    assert sorted(after) == ["a.egress", "b.egress"]
    assert fmt() == (0, "", "egressc: 2 files already formatted\n")
    assert standing(here) == after


def test_quiet_says_nothing(here: Path) -> None:
    assert fmt("-q", "a.egress") == (0, "", "")
    assert (here / "a.egress").read_text() == CLEAN


def test_line_ends_and_a_byte_order_mark_go(here: Path) -> None:
    (here / "a.egress").write_bytes(b"\xef\xbb\xbf" + RAGGED.replace("\n", "\r\n").encode())
    assert fmt("a.egress")[0] == 0
    assert (here / "a.egress").read_bytes() == CLEAN.encode()


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", " \r\n\t"])
def test_an_empty_policy_is_an_empty_file(here: Path, text: str) -> None:
    (here / "a.egress").write_text(text, newline="")
    assert fmt("-q")[0] == 0
    assert (here / "a.egress").read_bytes() == b""


def test_a_check_names_what_would_change_and_writes_nothing(here: Path) -> None:
    before = standing(here)
    assert fmt("--check") == (1, "a.egress\n", "egressc: 1 file would be formatted, 1 already so\n")
    assert fmt("--check", "b.egress") == (0, "", "egressc: 1 file already formatted\n")
    assert standing(here) == before


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_names_of_files_never_reach_the_terminal_raw(here: Path) -> None:
    (here / "a\n\x1b[31m.egress").write_text(RAGGED)
    for way in ("--check", "--diff"):
        _, out, _ = fmt(way)
        assert "a\\u000a\\u001b[31m.egress" in out
        assert "\x1b" not in out


def test_a_diff_shows_what_would_change_and_writes_nothing(here: Path) -> None:
    before = standing(here)
    for options in (("--diff",), ("--diff", "--check")):
        assert fmt(*options) == (1, DIFF, "egressc: 1 file would be formatted, 1 already so\n")
    assert fmt("--diff", "b.egress", "-q") == (0, "", "")
    assert standing(here) == before


@pytest.mark.parametrize("options", [(), ("--check",), ("--diff",)])
@pytest.mark.parametrize("content", [WRONG.encode(), b"allow a -> b.example.com:443\xff\n", "allow a\u202e".encode()])
def test_a_file_that_does_not_parse_is_left_alone_and_told(
    here: Path, content: bytes, options: tuple[str, ...]
) -> None:
    (here / "c.egress").write_bytes(content)
    status, _, err = fmt(*options)
    assert status == 1
    assert "c.egress:1:" in err
    assert err.endswith("1 already so, 1 left as it is\n")
    assert (here / "c.egress").read_bytes() == content
    assert (here / "a.egress").read_text() == (RAGGED if options else CLEAN)


def test_nothing_is_written_through_a_link_that_was_only_found(here: Path) -> None:
    (here / "real").write_text(RAGGED)
    (here / "link.egress").symlink_to("real")
    status, out, err = fmt()
    assert (status, out) == (2, "")
    assert err.startswith("egressc: `link.egress` is a link")
    assert (here / "a.egress").read_text() == (here / "real").read_text() == RAGGED


def test_a_link_that_is_named_is_followed(here: Path) -> None:
    (here / "real").write_text(RAGGED)
    (here / "link.egress").symlink_to("real")
    assert fmt("./link.egress")[0] == 0
    assert (here / "link.egress").is_symlink()
    assert (here / "real").read_text() == CLEAN


def test_a_link_to_what_is_formatted_disturbs_nobody(here: Path) -> None:
    (here / "real").write_text(CLEAN)
    (here / "link.egress").symlink_to("real")
    assert fmt("-q") == (0, "", "")


def test_a_pipe_is_not_written_to(here: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, RAGGED.encode())
    os.close(writing)
    status, _, err = fmt(f"/dev/fd/{reading}")
    os.close(reading)
    assert status == 2
    assert "is not a regular file" in err


def test_what_cannot_be_written_is_misuse(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    assert fmt() == (2, "", "egressc: cannot write `a.egress`: No space left on device\n")
    assert (here / "a.egress").read_text() == RAGGED
    assert sorted(standing(here)) == ["a.egress", "b.egress"]


def test_a_result_that_says_something_else_is_never_written(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("egresslang.syntax.format.show_file", lambda file: "allow a -> evil.example.com:443 tls\n")
    status, out, err = fmt()
    assert (status, out) == (2, "")
    assert "formatting `a.egress` would change what it says; nothing was written" in err
    assert (here / "a.egress").read_text() == RAGGED


def test_misuse(here: Path) -> None:
    (here / "empty").mkdir()
    assert fmt("missing.egress")[0] == 2
    assert fmt("empty")[0] == 2
    assert fmt("--profile", "p.yaml")[0] == 2


# Standard input


def test_standard_input_is_written_to_standard_output(here: Path) -> None:
    assert fmt("-", stdin=RAGGED.encode()) == (0, CLEAN, "")
    assert fmt("-", stdin=CLEAN.encode()) == (0, CLEAN, "")
    assert fmt("-", "--check", stdin=RAGGED.encode()) == (1, "-\n", "")
    assert fmt("-", "--check", stdin=CLEAN.encode()) == (0, "", "")
    assert fmt("-", "--diff", stdin=RAGGED.encode()) == (1, DIFF.replace("a.egress", "-"), "")
    assert (here / "a.egress").read_text() == RAGGED


def test_standard_input_that_does_not_parse_is_not_written(here: Path) -> None:
    status, out, err = fmt("-", stdin=WRONG.encode())
    assert (status, out) == (1, "")
    assert "EGR001" in err


# The configuration


def test_the_configuration_says_which_files(here: Path) -> None:
    (here / "policies").mkdir()
    (here / "policies" / "c.egress").write_text(RAGGED)
    (here / "egressc.toml").write_text('policies = ["policies"]\nprofiles = ["nowhere.yaml"]\n')
    assert fmt() == (0, "", "egressc: 1 file formatted\n")
    assert (here / "policies" / "c.egress").read_text() == CLEAN
    assert (here / "a.egress").read_text() == RAGGED


def test_a_wrong_configuration_is_told_where_it_is_asked(here: Path) -> None:
    (here / "egressc.toml").write_text('policy = ["policies"]\n')
    status, out, err = fmt()
    assert (status, out) == (1, "")
    assert "EGR511" in err
    assert (here / "a.egress").read_text() == RAGGED
    assert fmt("a.egress")[0] == 0


# What is shown as good


def test_the_examples_are_formatted() -> None:
    assert fmt("--check", ROOT / "examples", "-q") == (0, "", "")
    assert fmt("--check", ROOT / "tests" / "fixtures" / "language", "-q") == (0, "", "")


DELIBERATE = {"EGR105.md": "shows a port whose protocol is implied"}
"""Pages that show as good what the formatter would write otherwise, and why."""


def shown() -> list[tuple[str, str]]:
    """The policies that pages show as good, and where."""
    found = []
    for path in sorted((ROOT / "docs").glob("*.md")):
        if path.name != "findings.md":  # made from the pages below
            found += [(path.name, block) for block in re.findall(r"(?ms)^```egress\n(.*?)^```$", path.read_text())]
    for path in sorted(set(Path(FOLDER).glob("EGR*.md")) - {Path(FOLDER) / name for name in DELIBERATE}):
        _, _, accepted = path.read_text().partition(f"\n## {ACCEPTED}\n")
        accepted = accepted.partition("\n## ")[0]
        found += [(path.name, block) for block in re.findall(r"(?ms)^```egress[^\n]*\n(.*?)^```$", accepted)]
    return found


@pytest.mark.parametrize(("page", "text"), shown())
def test_what_a_page_shows_as_good_is_formatted(page: str, text: str) -> None:
    file, problems = parse(Source(page, text))
    assert problems == []
    assert show_file(file) == text
