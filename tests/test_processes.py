"""Shares: what comes of them is the same whoever does them, and no process is left over."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from egresslang.processes import in_shares, processors

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="forks of POSIX"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),  # pytest-xdist has threads, egressc none
]


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    """No child is there after a test."""
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_each_share_is_done_once_and_the_first_of_them_here() -> None:
    done = in_shares(4, lambda at: (at, os.getpid()))
    assert [at for at, _ in done] == [0, 1, 2, 3]
    assert done[0][1] == os.getpid()
    assert len({process for _, process in done}) == 4


def test_what_returns_is_written_and_read() -> None:
    assert in_shares(3, lambda at: at, lambda made: b"made" * made, len) == [0, 4, 8]


@pytest.mark.parametrize("ends", ["raises", "is interrupted", "is killed", "says nothing"])
def test_a_share_that_is_left_undone_is_done_here(ends: str) -> None:
    here = os.getpid()

    def work(at: int) -> int:
        if os.getpid() != here and at == 1:
            if ends == "is killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if ends == "says nothing":
                os._exit(0)
            raise KeyboardInterrupt if ends == "is interrupted" else MemoryError
        return os.getpid()

    first, undone, other = in_shares(3, work)
    assert first == undone == here != other


@pytest.mark.parametrize("possible", [0, 1])
def test_where_no_process_can_be_had_all_is_done_here(monkeypatch: pytest.MonkeyPatch, possible: int) -> None:
    fork = os.fork
    left = [fork] * possible

    def refused() -> int:
        if not left:
            raise BlockingIOError
        return left.pop()()

    monkeypatch.setattr(os, "fork", refused)
    before = descriptors()
    done = in_shares(4, lambda at: (at, os.getpid()))
    assert [at for at, _ in done] == [0, 1, 2, 3]
    assert len({process for _, process in done}) == 1 + possible
    assert descriptors() == before


def descriptors() -> int:
    """How many files are open, where the system tells."""
    open_files = Path("/dev/fd")
    return len(list(open_files.iterdir())) if open_files.is_dir() else 0


def test_work_that_is_shared_out_is_not_shared_out_again() -> None:
    assert in_shares(3, lambda at: processors()) == [1, 1, 1]
    with pytest.raises(ZeroDivisionError):
        in_shares(2, lambda at: 1 // at)
    assert in_shares(1, lambda at: os.getpid()) == [os.getpid()]


def test_beside_another_thread_nothing_is_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(8), raising=False)
    monkeypatch.setattr("sys._current_frames", lambda: {1: None})
    assert processors() == 8
    monkeypatch.undo()
    ends = threading.Event()
    other = threading.Thread(target=ends.wait)
    other.start()
    try:
        assert processors() == 1
    finally:
        ends.set()
        other.join()


def test_an_interruption_ends_the_others() -> None:
    here = os.getpid()

    def work(at: int) -> None:
        if os.getpid() == here:
            raise KeyboardInterrupt
        time.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        in_shares(3, work)
