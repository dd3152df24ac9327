"""Files that are read: what has no end, or is too large to be ours, is refused before it fills the memory."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from egresslang import limits
from egresslang.files import OverLimit, Unreadable, read_bytes, read_source, read_text

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="devices and pipes of POSIX")


def test_a_device_is_not_read() -> None:
    with pytest.raises(Unreadable, match="cannot read `/dev/zero`: not a regular file"):
        read_bytes("/dev/zero")
    with pytest.raises(OSError, match="not a regular file"):
        read_text("/dev/zero")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, lowered: Callable[[str, int], None]) -> None:
    with open(tmp_path / "x", "wb") as file:
        file.truncate(limits.FILE_SIZE.default + 1)
    with pytest.raises(OverLimit, match="more than 128 MiB, the limit `file-size`"):
        read_bytes(str(tmp_path / "x"))
    lowered("file-size", 3)
    (tmp_path / "x").write_bytes(b"abc")
    assert read_bytes(str(tmp_path / "x")) == b"abc"
    (tmp_path / "x").write_bytes(b"abcd")
    source, (told,) = read_source(str(tmp_path / "x"))
    assert (source.text, told.code.id, told.span.source) == ("", "EGR008", source)


def test_a_pipe_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"allow",))
    writer.start()
    assert read_bytes(str(tmp_path / "pipe")) == b"allow"
    writer.join()


def test_a_pipe_is_read_up_to_the_limit(tmp_path: Path, lowered: Callable[[str, int], None]) -> None:
    lowered("file-size", 4)
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"allow",))
    writer.start()
    with pytest.raises(OverLimit):
        read_bytes(str(tmp_path / "pipe"))
    writer.join()


def test_a_pipe_that_a_profile_names_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        read_text(str(tmp_path / "pipe"))
