"""Files that are read: what has no end, or is too large to be ours, is refused before it fills the memory."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from egresslang import files
from egresslang.files import LARGEST, Unreadable, read_bytes, read_text

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="devices and pipes of POSIX")


def test_a_device_is_not_read() -> None:
    with pytest.raises(Unreadable, match="cannot read `/dev/zero`: not a regular file"):
        read_bytes("/dev/zero")
    with pytest.raises(OSError, match="not a regular file"):
        read_text("/dev/zero")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(tmp_path / "x", "wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(Unreadable, match="larger than 128 MiB"):
        read_bytes(str(tmp_path / "x"))
    monkeypatch.setattr(files, "LARGEST", 3)
    (tmp_path / "x").write_bytes(b"abc")
    assert read_bytes(str(tmp_path / "x")) == b"abc"


def test_a_pipe_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"allow",))
    writer.start()
    assert read_bytes(str(tmp_path / "pipe")) == b"allow"
    writer.join()
