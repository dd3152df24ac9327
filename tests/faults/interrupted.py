"""Runs that a signal ends at a random moment, and what they must leave: all as it was, or all as it was to become.

A run is a fork of this process, which has everything loaded: what is ended is the work and not the start of Python.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from egresslang.cli import main

NAMESPACES = [f"team-{letter}" for letter in "abcdefghijkl"]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
PLACED, UNTOUCHED = "files were written, each of them whole", "nothing was written"


@dataclass
class Ended:
    """How a run ended: its status, less than 0 where it was killed, and what it said."""

    status: int
    err: str


@dataclass
class Job:
    """A command, the texts of its files before and after it, and how to put them back."""

    arguments: list[str]
    folder: Path
    before: dict[str, str]
    after: dict[str, str] = field(default_factory=dict)

    def reset(self) -> None:
        """Have the files as they are before the run, and no others."""
        for path, text in standing(self.folder).items():
            if self.before.get(path) != text:
                (self.folder / path).unlink()
        for path, text in self.before.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text, encoding="utf-8")


def standing(folder: Path) -> dict[str, str]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def jobs(folder: Path) -> list[Job]:
    """A compilation into a folder of another policy's files, the formatting of some files, and their fixes."""
    return [_compilation(folder / "compile"), _formatting(folder / "fmt"), _fixes(folder / "fix")]


def _compilation(folder: Path) -> Job:
    made = folder / "out"
    made.mkdir(parents=True)
    policies = {}
    for name, host in (("old", "old.example.com"), ("new", "new.example.com")):
        policies[name] = folder / f"{name}.egress"
        left_out = NAMESPACES[0] if name == "new" else NAMESPACES[-1]
        lines = [f"allow {ns}/app -> {host}:443 tls\n" for ns in NAMESPACES if ns != left_out]
        policies[name].write_text("".join(lines), encoding="utf-8")
    assert main(["compile", "-q", str(policies["old"]), "-o", str(made)]) == 0
    job = Job(["compile", "-q", str(policies["new"]), "-o", str(made)], made, standing(made))
    return _known(job)


def _formatting(folder: Path) -> Job:
    folder.mkdir()
    texts = {f"{ns}.egress": f"allow   {ns}/app->a.example.com:443 tls\n" * 3 for ns in NAMESPACES}
    return _known(Job(["fmt", "-q", str(folder)], folder, texts))


def _fixes(folder: Path) -> Job:
    folder.mkdir()
    rule = "allow {0}/app -> a.example.com:443 tls\n"
    texts = {f"{ns}.egress": rule.format(ns) * 2 for ns in NAMESPACES}
    return _known(Job(["check", "-q", "--fix", str(folder)], folder, texts))


def _known(job: Job) -> Job:
    job.reset()
    assert main(job.arguments) == 0  # in this process, which then has everything loaded
    job.after = standing(job.folder)
    assert job.after != job.before
    return job


def run(job: Job, end: Callable[[int, int], None] | None = None) -> Ended:
    """Run a command to its end, or let `end` do something with its process.

    `end` is given the process and a descriptor that says by a byte that the command begins and by another that it
    begins to write.
    """
    told, tells = os.pipe()
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        _be_the_command(job, writes, tells)
    os.close(writes)
    os.close(tells)
    try:
        if end is not None:
            os.read(told, 1)
            end(child, told)
        with open(reads, "rb") as stderr:
            err = stderr.read().decode()
        return Ended(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), err)
    finally:
        os.close(told)


def _be_the_command(job: Job, stderr: int, tells: int) -> None:
    status = 70
    try:
        os.dup2(stderr, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        for number in SIGNALS[:-1]:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        import sys

        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        _tell_of_writing(tells)
        from egresslang.__main__ import _started

        os.write(tells, b"b")
        status = _started(job.arguments)
        sys.stderr.flush()
    except BaseException as problem:  # before the command has its signals in hand
        status = 130 if type(problem) is KeyboardInterrupt else 71
        if status != 130:
            os.write(2, repr(problem).encode())
    finally:
        os._exit(status)


def _tell_of_writing(tells: int) -> None:
    """Have the modules that write say when they begin."""
    from egresslang import directory, replacement

    for module, name in ((directory, "write"), (replacement, "replace_files")):
        wrapped = getattr(module, name)

        def told(*arguments: object, wrapped: Callable[..., object] = wrapped) -> object:
            os.write(tells, b"w")
            return wrapped(*arguments)

        setattr(module, name, told)
    from egresslang.commands import rewrite

    rewrite.replace_files = replacement.replace_files


def lengths(job: Job) -> tuple[float, float]:
    """The seconds of a whole run, and of its writing."""
    times: list[float] = []

    def watch(_: int, told: int) -> None:
        times.append(time.monotonic())
        os.read(told, 1)
        times.append(time.monotonic())
        select.select([told], [], [])
        times.append(time.monotonic())

    whole, writing = [], []
    for _ in range(3):
        times.clear()
        job.reset()
        assert run(job, watch).status == 0
        whole.append(times[2] - times[0])
        writing.append(times[2] - times[1])
    return max(whole), max(writing)


def trials(work: list[Job], number: int, seed: int) -> Iterator[str]:
    """End runs at random moments of the whole and of their writing; what was wrong with any, a line each."""
    drawn = random.Random(seed)
    known = [(job, *lengths(job)) for job in work]
    for trial in range(number):
        job, whole, writing = known[trial % len(known)]
        sent, is_writing = drawn.choice(SIGNALS), drawn.random() < 0.6
        moment = drawn.random() * (writing if is_writing else whole) * 1.1
        for problem in _trial(job, sent, is_writing, moment):
            yield f"trial {trial}, {sent.name} {moment * 1000:.1f} ms after {'writing' if is_writing else 'it'} began, {job.arguments[0]}: {problem}"


def _trial(job: Job, sent: signal.Signals, is_writing: bool, moment: float) -> Iterator[str]:
    job.reset()

    def end(child: int, told: int) -> None:
        if is_writing:
            os.read(told, 1)
        time.sleep(moment)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, sent)

    ended = run(job, end)
    left = standing(job.folder)
    if sent == signal.SIGKILL:
        yield from _after_a_kill(job, ended, left)
        return
    expected = {0: job.after, 128 + sent: job.after if PLACED in ended.err else job.before}
    if not is_writing:  # before the command has its signals in hand they end it as they end any process
        expected[-sent] = job.before
    if ended.status not in expected:
        yield f"status {ended.status}: {ended.err}"
    elif left != expected[ended.status]:
        yield f"status {ended.status}, {ended.err!r}, and what stands is {sorted(left)}"
    says = [f"egressc: ended by {sent.name}; {what}\n" for what in (PLACED, UNTOUCHED)]
    if ended.err not in ("", *says) or (not ended.err and ended.status > 0 and sent != signal.SIGINT):
        yield f"it said {ended.err!r}"


def _after_a_kill(job: Job, ended: Ended, left: dict[str, str]) -> Iterator[str]:
    """Files are whole, and the next run leaves what a run that nobody ended does, and nothing else."""
    if ended.status not in (0, -signal.SIGKILL):
        yield f"status {ended.status}: {ended.err}"
    for path in {*job.before, *job.after} - {".egressc"}:
        if left.get(path) not in (job.before.get(path), job.after.get(path)):
            yield f"`{path}` is neither old nor new"
    again = run(job)
    if again.status or again.err:
        yield f"the next run ended in {again.status} and said {again.err!r}"
    now = standing(job.folder)
    aside = {path for path in now if path.endswith(".tmp")} if now != job.after else set()
    if {path: text for path, text in now.items() if path not in aside} != job.after or (aside and left != now):
        yield f"after the next run there is {sorted(now)}"
