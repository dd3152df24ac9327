"""Files are replaced whole, all of them or none, and what killed runs left aside goes."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from egresslang.cli import main
from egresslang.replacement import NotWritten, make_files, replace_file, replace_files

posix = pytest.mark.skipif(sys.platform == "win32", reason="limits, locks and modes of POSIX")
RAGGED = "allow   {0}->a.example.com:443 tls\n"
LEFT = ".egressc.0123456789abcdef.tmp"


def standing(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Let writes beyond a size fail, as on a full disk."""
    import resource
    import signal

    before, limits = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


@posix
def test_a_file_that_finds_no_room_changes_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.egress").write_text(RAGGED.format("a"))
    (tmp_path / "b.egress").write_text(RAGGED.format("b") * 100)
    before = standing(tmp_path)
    for arguments in (
        ["fmt", "-q", str(tmp_path)],
        ["compile", "-q", str(tmp_path), "-o", str(tmp_path / "deep" / "out")],
    ):
        with no_file_larger_than(512):
            assert main(arguments) == 2
        assert standing(tmp_path) == before
        assert not (tmp_path / "deep").exists()


@posix
def test_a_compilation_that_finds_no_room_leaves_the_folder_finished(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, policy = tmp_path / "out", tmp_path / "a.egress"
    policy.write_text("allow a/x -> a.example.com:443 tls\n")
    assert main(["compile", "-q", str(policy), "-o", str(out)]) == 0
    before = standing(out)
    policy.write_text("".join(f"allow b/x -> {n}.example.com:443 tls\n" for n in range(30)))
    capfd.readouterr()
    with no_file_larger_than(900):
        assert main(["compile", "-q", str(policy), "-o", str(out)]) == 2
    assert capfd.readouterr().err.startswith("egressc: cannot write `")
    assert standing(out) == before
    assert b"finished\n" in before[".egressc"]


def test_files_are_made_with_their_folders_or_not_at_all(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c.txt"
    (tmp_path / "stands.txt").write_bytes(b"mine")
    with pytest.raises(NotWritten, match=r"cannot write `.*stands.txt`: File exists"):
        make_files({str(tmp_path / "stands.txt"): b"ours", str(deep): b"c"})
    assert standing(tmp_path) == {"stands.txt": b"mine"}
    assert not (tmp_path / "a").exists()
    make_files({str(deep): b"c"})
    assert standing(tmp_path) == {"stands.txt": b"mine", str(deep.relative_to(tmp_path)): b"c"}


def test_a_file_that_changes_meanwhile_stays_as_it_is(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"read")
    other.write_bytes(b"edited since")
    with pytest.raises(NotWritten, match=r"`.*other` has changed while it was looked at; nothing was written"):
        replace_files({str(one): b"new", str(other): b"new"}, {str(one): b"read", str(other): b"read"})
    other.unlink()
    with pytest.raises(NotWritten, match="has changed"):
        replace_files({str(one): b"new", str(other): b"new"}, {str(one): b"read", str(other): b"read"})
    assert standing(tmp_path) == {"one": b"read"}


@posix
def test_what_a_killed_run_left_aside_goes_unless_somebody_is_writing_there(tmp_path: Path) -> None:
    import fcntl

    (tmp_path / LEFT).write_bytes(b"half")
    (tmp_path / ".egressc.mine.tmp").write_bytes(b"mine")
    writing = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(writing, fcntl.LOCK_SH)
    replace_file(str(tmp_path / "a"), b"a")
    assert set(standing(tmp_path)) == {"a", LEFT, ".egressc.mine.tmp"}
    os.close(writing)
    replace_file(str(tmp_path / "a"), b"b")
    assert standing(tmp_path) == {"a": b"b", ".egressc.mine.tmp": b"mine"}


@posix
def test_permissions_stay_and_a_file_that_is_read_only_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"old")
    file.chmod(0o640)
    replace_file(str(file), b"new")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", 0o640)
    monkeypatch.setattr(os, "access", lambda *_: False)  # nobody who is root is refused
    with pytest.raises(NotWritten, match="Permission denied"):
        replace_file(str(file), b"newer")
    assert standing(tmp_path) == {"a": b"new"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="owners are given by root")
def test_root_leaves_a_file_to_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"old")
    os.chown(file, 1234, 2345)
    replace_file(str(file), b"new")
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 2345)
