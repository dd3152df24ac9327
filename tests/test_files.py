"""Files that are read: what has no end, or is too large to be ours, is refused before it fills the memory."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from egresslang import limits
from egresslang.files import OverLimit, Unreadable, read_bytes, read_manifests, read_policies, read_source, read_text

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


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A policy in a folder of a project, and a secret beside the project."""
    (tmp_path / "project" / ".git").mkdir(parents=True)
    (tmp_path / "project" / "team").mkdir()
    (tmp_path / "project" / "shared").mkdir()
    (tmp_path / "project" / "team" / "a.egress").write_text("")
    (tmp_path / "project" / "shared" / "b.egress").write_text("")
    (tmp_path / "secret").write_text("token: hunter2\n")
    return tmp_path / "project" / "team"


def test_a_link_that_leads_out_of_the_project_is_not_read(project: Path) -> None:
    for finds, name in ((read_policies, "x.egress"), (read_manifests, "x.yaml")):
        (project / name).symlink_to("../../secret")
        with pytest.raises(Unreadable, match=rf"`.*{name}` is a link that leads out of the project"):
            finds([str(project)], None)
        (project / name).unlink()


def test_what_is_named_is_read_wherever_it_leads(project: Path) -> None:
    (project / "x.egress").symlink_to("../../secret")
    (source,), _ = read_policies([str(project / "x.egress")], None)
    assert source.text == "token: hunter2\n"


def test_a_link_within_the_project_is_read(project: Path) -> None:
    (project / "b.egress").symlink_to("../shared/b.egress")
    assert [os.path.basename(each.name) for each in read_policies([str(project)], None)[0]] == ["a.egress", "b.egress"]


def test_folders_that_are_links_are_not_searched(project: Path) -> None:
    (project / "up").symlink_to("..")
    (project / "itself").symlink_to(".")
    (project / "system").symlink_to("/etc")
    (project / "round.egress").mkdir()
    (project / "round.egress" / "round.egress").symlink_to(".")
    assert [os.path.basename(each.name) for each in read_policies([str(project)], None)[0]] == ["a.egress"]


def test_a_loop_of_links_is_told(project: Path) -> None:
    (project / "x.egress").symlink_to("y.egress")
    (project / "y.egress").symlink_to("x.egress")
    with pytest.raises(Unreadable, match=r"x\.egress"):
        read_policies([str(project)], None)
