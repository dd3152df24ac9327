"""Several clusters at once: whatever number of processes they are shared out among, what comes of it is the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from egresslang.cli import main
from egresslang.commands import clusters
from egresslang.commands.clusters import compile_each
from egresslang.compile import read
from egresslang.findings import Severity
from egresslang.profile.load import load
from egresslang.source import Source

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # pytest-xdist has threads, egressc none

POLICY = """\
namespace shop

allow cart -> api.example.com:443 tls owner=shop
allow cart -> api.example.com:443 tls  # egressc: ignore EGR202 -- kept for the audit
allow cart -> *.example.com:80 http cluster=eu
allow {cart, web} -> 203.0.113.0/28:5432 tcp owner=shop
allow web -> API.example.org:443 cluster=us
deny web -> www.example.com
expect cart -> api.example.com:443 tls allowed
"""

PROFILE = """\
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {{name: {name}}}
spec:
  region: {name}-east1
  istio: {{version: "1.31", outboundTrafficPolicy: REGISTRY_ONLY}}
  namespaces: {{shop: {{workloads: {{cart: {{labels: {{app: cart}}}}, web: {{labels: {{app: web, team: {name}}}}}}}}}}}
"""

CLUSTERS = ("us", "eu", "asia", "africa", "oceania")
DAY = date(2026, 11, 1)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a policy and five profiles, the current one."""
    monkeypatch.chdir(tmp_path)
    Path("policy.egress").write_text(POLICY)
    for name in CLUSTERS:
        Path(f"{name}.yaml").write_text(PROFILE.format(name=name))
    return tmp_path


def shared_out(monkeypatch: pytest.MonkeyPatch, processes: int) -> None:
    monkeypatch.setattr(clusters, "WORTH", 0)
    monkeypatch.setattr(clusters, "processors", lambda: processes)


def inputs() -> tuple[Any, Any]:
    files, found = read([Source("policy.egress", POLICY)])
    profiles = [load(Source(f"{name}.yaml", PROFILE.format(name=name)), lambda path: "")[0] for name in CLUSTERS]
    assert not found
    return files, profiles


@pytest.mark.parametrize("processes", [2, 3, 9])
@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["check", "--format", "sarif"],
        ["check", "--diff"],
        ["compile", "-o", "out"],
        ["alerts", "--cluster-label", "cluster"],
        ["graph", "--format", "json"],
    ],
    ids=" ".join,
)
def test_the_output_is_that_of_one_process(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], command: list[str], processes: int
) -> None:
    def ran() -> tuple[Any, ...]:
        status = main([*command, "policy.egress", *(f"-p{name}.yaml" for name in CLUSTERS), "--today", str(DAY)])
        written = {path: path.read_bytes() for path in sorted(here.rglob("*")) if path.is_file()}
        return status, capfd.readouterr(), written

    shared_out(monkeypatch, 1)
    alone = ran()
    shared_out(monkeypatch, processes)
    assert ran() == alone
    assert "api.example" in str(alone)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_what_both_sides_have_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    files, profiles = inputs()
    shared_out(monkeypatch, 3)
    forked: list[int] = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: forked.append(1) or fork())
    made = compile_each(files, profiles, DAY, Severity.WARNING)
    assert len(forked) == 2
    for each in made:
        assert each.policy is not None
        lines = {id(line.rule) for line in each.policy.allows}
        assert {id(grant.rule) for grant in each.policy.grants} <= lines
        assert all(grant.rule.span.source is files[0].source for grant in each.policy.grants)
        assert all(found.span.source is files[0].source for found in each.findings)
    assert len({each.text for each in made}) > 1


def test_small_work_is_done_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fork", None)
    files, profiles = inputs()
    assert len(compile_each(files, profiles, DAY, Severity.WARNING)) == 5


@pytest.mark.parametrize("ends", ["raises", "is killed", "interrupted"])
def test_what_a_process_leaves_undone_is_done_here(monkeypatch: pytest.MonkeyPatch, ends: str) -> None:
    files, profiles = inputs()
    expected = [each.text for each in compile_each(files, profiles, DAY, Severity.WARNING)]
    here, compile = os.getpid(), clusters.compile

    def compiled(*arguments: Any) -> Any:
        if os.getpid() != here:
            if ends == "is killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyboardInterrupt if ends == "interrupted" else MemoryError
        return compile(*arguments)

    monkeypatch.setattr(clusters, "compile", compiled)
    shared_out(monkeypatch, 3)
    assert [each.text for each in compile_each(files, profiles, DAY, Severity.WARNING)] == expected


def test_where_no_process_can_be_had_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    files, profiles = inputs()

    def refused() -> int:
        raise BlockingIOError

    shared_out(monkeypatch, 3)
    monkeypatch.setattr(os, "fork", refused)
    assert len(compile_each(files, profiles, DAY, Severity.WARNING)) == 5


def test_an_interruption_ends_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    files, profiles = inputs()
    here = os.getpid()

    def compiled(*_: Any) -> Any:
        if os.getpid() == here:
            raise KeyboardInterrupt
        signal.pause()

    monkeypatch.setattr(clusters, "compile", compiled)
    shared_out(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        compile_each(files, profiles, DAY, Severity.WARNING)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


KILLED = """
import os, signal, sys, time
from egresslang.commands import clusters
from egresslang.cli import main

here, compile = os.getpid(), clusters.compile
def compiled(*arguments):
    if os.getpid() == here:
        os.kill(here, signal.SIGKILL)
    time.sleep(0.2)
    return compile(*arguments)

clusters.compile, clusters.WORTH, clusters.processors = compiled, 0, lambda: 2
main(sys.argv[1:])
"""


def test_who_is_killed_leaves_nobody_at_work(here: Path) -> None:
    command = [sys.executable, "-c", KILLED, "check", "policy.egress", *(f"-p{name}.yaml" for name in CLUSTERS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as killed:
        assert killed.communicate(timeout=30) == (b"", b"")
    assert killed.returncode == -signal.SIGKILL
    for _ in range(300):
        try:
            os.killpg(killed.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a process is still there")
