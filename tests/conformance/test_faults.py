"""Faults of the machine: runs that are ended, full disks, folders that nobody may write to, two runs at once.

Whatever happens, each file is old or new, and one line says what was wrong.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from interrupted import NAMESPACES, jobs, standing, trials

pytestmark = [pytest.mark.conformance, pytest.mark.skipif(sys.platform != "linux", reason="namespaces of Linux")]

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")
"""Files in memory: most trials are there, where nothing waits for a disk."""

EGRESSC = [sys.executable, "-m", "egresslang"]


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A folder in memory."""
    folder = MEMORY / f"egressc-{os.getpid()}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def test_400_runs_that_are_ended_in_memory(in_memory: Path) -> None:
    assert list(trials(jobs(in_memory), 400, seed=1)) == []


def test_100_runs_that_are_ended_on_a_disk(tmp_path: Path) -> None:
    assert list(trials(jobs(tmp_path), 100, seed=2)) == []


def test_whole_processes_that_are_ended(tmp_path: Path) -> None:
    """From the start of Python on, which ends by itself in its own words; none leaves anything but old or new."""
    job = jobs(tmp_path)[0]
    drawn = Random(3)
    job.reset()
    began = time.monotonic()
    assert process(*job.arguments).returncode == 0
    whole = time.monotonic() - began
    for _ in range(30):
        job.reset()
        sent = drawn.choice([signal.SIGINT, signal.SIGTERM])
        running = subprocess.Popen([*EGRESSC, *job.arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
        time.sleep(drawn.random() * whole)
        running.send_signal(sent)
        running.communicate(timeout=60)
        left = standing(job.folder)
        assert left in (job.before, job.after)
        assert running.returncode or left == job.after


def process(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """A run of the command."""
    command = [*EGRESSC, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **{"cwd": ROOT, **options})  # type: ignore[call-overload,no-any-return]


FULL = """
mount -t tmpfs -o size=400k none "$1" && cp -a "$2/." "$1/" || exit 90
while printf '%04096d' 0 >> "$1/filling" 2> /dev/null; do :; done
disk=$1 copy=$3
truncate -s "-$4K" "$disk/filling"
shift 4
"$@"
status=$?
rm "$disk/filling" && cp -a "$disk/." "$copy" || exit 91
exit $status
"""
"""Copies a folder to a disk, fills that, leaves some KiB of it, runs a command, and copies what is there then."""


def on_a_full_disk(folder: Path, room: int, *arguments: object) -> tuple[int, str, dict[str, str]]:
    """Run a command on a copy of a folder whose disk is full: its status, what it says, and the files then."""
    disk, copy = folder.with_name("disk"), folder.with_name("after")
    disk.mkdir(exist_ok=True)
    shutil.rmtree(copy, ignore_errors=True)
    places = map(str, (disk, folder, copy))
    command = ["unshare", "--mount", "sh", "-c", FULL, "sh", *places, str(room), *EGRESSC, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    return done.returncode, done.stderr, standing(copy)


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    folder, disk = tmp_path / "files", tmp_path / "disk"
    policy = "".join(f"allow   {ns}/app->{n}.example.com:443 tls\n" for ns in NAMESPACES for n in range(20))
    manifest = ROOT / "examples/recipes/allowed/profile.yaml"
    (folder / "out").mkdir(parents=True)
    (folder / "a.egress").write_text(policy)
    (tmp_path / "small.egress").write_text("allow team-a/app -> a.example.com:443 tls\n")
    assert process("compile", "-q", tmp_path / "small.egress", "-o", folder / "out").returncode == 0
    shutil.copy(manifest, folder / "profile.yaml")
    before = standing(folder)
    for arguments in (
        ["compile", "-q", disk / "a.egress", "-o", disk / "out"],
        ["compile", "-q", disk / "a.egress", "-o", disk / "made"],
        ["fmt", "-q", disk / "a.egress"],
        ["check", "-q", disk / "a.egress", "--format", "sarif", "--output-file", disk / "report.sarif"],
        ["graph", "-q", disk / "a.egress", "-o", disk / "graph.html"],
        ["alerts", "-q", disk / "a.egress", "-o", disk / "rules.yaml"],
        ["init", disk / "project"],
        ["import", "-q", disk / "out", "-o", disk / "imported.egress"],
        ["profile", "-q", ROOT / "examples", "-o", disk / "made.yaml"],
    ):
        for room in (0, 12, 24) if arguments[0] == "compile" else (0,):
            status, said, after = on_a_full_disk(folder, room, *arguments)
            assert (status, said.count("\n")) == (2, 1), (arguments, said)
            assert said.startswith("egressc: cannot write `"), said
            assert said.endswith(": No space left on device\n"), said
            assert after == before, arguments


WITHOUT_ROOTS_RIGHTS = ["setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override"]
"""What root may do to any file is taken away: modes count for it, too."""


def test_a_folder_that_nobody_may_write_to(tmp_path: Path) -> None:
    """Everything that writes says so in one line, and leaves nothing."""
    closed = tmp_path / "closed"
    (closed / "out").mkdir(parents=True)
    (closed / "a.egress").write_text("allow   team-a/app->a.example.com:443 tls\n" * 2)
    assert process("compile", "-q", closed, "-o", closed / "out").returncode == 0
    (closed / "a.egress").write_text("allow   team-b/app->b.example.com:443 tls\n" * 2)
    before = standing(closed)
    for folder in (closed / "out" / "installation", closed / "out", closed):
        folder.chmod(0o555)
    for arguments in (
        ["compile", "-q", closed, "-o", closed / "out"],
        ["compile", "-q", closed, "-o", closed / "made"],
        ["fmt", "-q", closed],
        ["check", "-q", "--fix", closed],
        ["check", "-q", closed, "--output-file", closed / "report"],
        ["graph", "-q", closed, "-o", closed / "graph.html"],
        ["alerts", "-q", closed, "-o", closed / "rules.yaml"],
        ["init", closed],
        ["init", closed / "deep" / "er"],
        ["import", "-q", closed / "out", "-o", closed / "imported.egress"],
        ["profile", "-q", ROOT / "examples", "-o", closed / "made.yaml"],
        ["kustomize", "install", "--plugin-home", closed / "plugins"],
    ):
        command = [*WITHOUT_ROOTS_RIGHTS, *EGRESSC, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
        last = done.stderr.splitlines()[-1]
        assert (done.returncode, last.startswith("egressc: cannot write `")) == (2, True), (arguments, done.stderr)
        assert last.endswith(": Permission denied"), done.stderr
        assert standing(closed) == before, arguments


def test_two_runs_at_once(tmp_path: Path) -> None:
    """Both end right, or one says why; what stands is what one of them writes."""
    job = jobs(tmp_path)[0]
    back = [*job.arguments[:2], job.arguments[2].replace("new.egress", "old.egress"), *job.arguments[3:]]
    ended = set()
    for _ in range(10):
        running = [
            subprocess.Popen([*EGRESSC, *arguments], stderr=subprocess.PIPE, cwd=ROOT, text=True)
            for arguments in (job.arguments, back)
        ]
        said = [each.communicate(timeout=60)[1] for each in running]
        for each, err in zip(running, said, strict=True):
            assert each.returncode == 0 or (each.returncode == 2 and "another run" in err), err
        ended.add(tuple(each.returncode for each in running))
        assert standing(job.folder) in (job.before, job.after)
    assert (2, 2) not in ended
