"""Real connections through a real Envoy that real istiod code configures: what the client sees, what the log says.

The simulation that `asking` asks must agree, and so must what was seen when `seen.jsonl` was written.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from asking import Call, Judge, Verdict
from asking import Case as Asked
from envoy import needs, seen, traces
from envoy.calls import Line, Mesh, Pod, Request, Sight
from envoy.cases import Case, cases, settings
from envoy.notation import told
from envoy.running import RunError, Running
from envoy.world import NAMES
from meshes import manifest, said

pytestmark = pytest.mark.conformance

HERE = Path(__file__).parent
_LETTERS = "the simulation compares names as they are written, Envoy without their case"
_NO_HTTP_1_0 = "Envoy does not take HTTP/1.0 for http, and the simulation knows no versions"
_NO_CONNECT = "no route takes a CONNECT, and the simulation knows no methods"
_NO_HOST = "Envoy answers a request without Host itself; to the simulation it has an unknown one"
_SILENCE = "Envoy waits for the client's first bytes; the simulation has them at once"
_RBAC = "the simulation does not run the filter of an AuthorizationPolicy"
_WAITING = "servers that speak first on a port with a TLS entry: team-a/idgen"
_LIMITED = "servers that speak first on a port with a TLS entry and a time limit: team-a/idgen"
DIFFERENCES: Mapping[str, tuple[str, str]] = {
    "the recipe allowed: recipes/idgen: http httpbin.org:80 HTTP/1.0": ("allowed httpbin.org", _NO_HTTP_1_0),
    "the recipe allowed: recipes/idgen: http httpbin.org:80 CONNECT": ("allowed httpbin.org", _NO_CONNECT),
    "the recipe allowed: recipes/idgen: http -:80": ("502", _NO_HOST),
    "the recipe allowed: recipes/idgen: http HTTPBIN.org:80": ("502", _LETTERS),
    "a shop: shop/web: tls A.example:443": ("dropped", _LETTERS),
    "a host in upper case: team-a/idgen: http A.example:80": ("502", _LETTERS),
    "a wildcard by TLS under an inbound AuthorizationPolicy: team-a/idgen: tls api.x.example:443": (
        "allowed *.x.example",
        _RBAC,
    ),
    f"{_WAITING}: tcp 203.0.113.7:3306 waits": ("allowed net.invalid", _SILENCE),
    f"{_WAITING}: tcp 93.184.216.34:3306 waits": ("dropped", _SILENCE),
    f"{_LIMITED}: tcp 203.0.113.7:3306 waits": ("allowed net.invalid", _SILENCE),
}
"""Where the simulation's verdict is not Envoy's: what it says instead, and why."""


def _each(*chosen: Case) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in chosen])


EACH_CASE = _each(*cases())
EACH_AGREED = _each(*(case for case in cases() if case.id not in DIFFERENCES))
EACH_DIFFERENT = _each(*(case for case in cases() if case.id in DIFFERENCES))

Shape = tuple[int, str, str, str, str]
LOG: Mapping[tuple[str, str], set[Shape]] = {
    ("502", "502"): {(502, "", "direct_response", "", "block_all")},
    ("dropped", "dropped"): {(0, "UH", "", "BlackHoleCluster", "")},
    ("502", "200"): {(200, "", "direct_response", "", "block_all")},
    ("lost", "503"): {(503, "NC", "cluster_not_found", "", "default")},
    ("lost", "dropped"): {(0, "NC", "", "", "")},
    ("allowed", "answer"): {
        (200, "", "via_upstream", "outbound", "default"),
        (0, "", "", "outbound", ""),
    },
    ("allowed", "502 of"): {(502, "", "via_upstream", "outbound", "default")},
    ("allowed", "503 of"): {(503, "", "via_upstream", "outbound", "default")},
    ("allowed", "503"): {
        (503, "UH", "no_healthy_upstream", "outbound", "default"),
        (503, "DF", "dns_resolution_failure", "outbound", "default"),
        (503, "URX,UF", "upstream_reset_before_response_started", "outbound", "default"),
    },
    ("allowed", "dropped"): {(0, "UH", "", "outbound", "")},
    ("passed-through", "answer"): {
        (200, "", "via_upstream", "PassthroughCluster", "allow_any"),
        (0, "", "", "PassthroughCluster", ""),
    },
    ("passed-through", "503 of"): {(503, "", "via_upstream", "PassthroughCluster", "allow_any")},
    ("passed-through", "dropped"): {(0, "UF,URX", "", "PassthroughCluster", "")},
    ("refused", "404"): {(404, "NR", "route_not_found", "", "")},
    ("refused", "400"): {(400, "", "missing_host_header", "", "")},
    ("refused", "dropped"): {(0, "", "", "outbound", "")},
}
"""The forms that a line of the access log has (code, flags, details, cluster, route), by verdict and sight.

Blocked is the route `block_all` or the cluster BlackHoleCluster, whatever the code: gRPC is told of it with 200.
"""


@pytest.fixture(scope="module")
def sights() -> dict[str, Sight]:
    """What is seen of every case, by its id; where nothing can be seen, the tests fail and say why."""
    return _see()


def _see(way: tuple[str, ...] = ()) -> dict[str, Sight]:
    try:
        with Running(way) as running:
            return seen.see(running)
    except (needs.NeedsError, RunError) as error:
        pytest.fail(str(error))


@pytest.fixture(scope="module")
def verdicts(judge: Judge) -> dict[str, tuple[Verdict, ...]]:
    """What the simulation says of each request of every case, by the case's id."""
    found: dict[str, tuple[Verdict, ...]] = {}
    for setting in settings():
        proxies = tuple(client.proxy for client in setting.clients)
        mine = [case for case in cases() if case.setting is setting]
        asked = [(case, call) for case in mine for call in _calls(case, setting.clients.index(case.client))]
        mesh = setting.mesh
        answer = judge.ask(
            Asked(
                setting.title, mesh.mesh_config, mesh.istio, mesh.kubernetes, proxies, tuple(call for _, call in asked)
            )
        )
        assert answer.error == ""
        assert not any(answer.rejected)
        for (case, _), verdict in zip(asked, answer.verdicts, strict=True):
            found[case.id] = (*found.get(case.id, ()), verdict)
    return found


def _calls(case: Case, proxy: int) -> list[Call]:
    """The requests of a case as the simulation can be asked them."""
    request = case.request
    return [
        Call(proxy, request.address, request.port, request.protocol, name) for name in (request.name, *request.then)
    ]


@EACH_CASE
def test_the_client_and_the_log_say_what_is_expected(case: Case, sights: dict[str, Sight]) -> None:
    assert told(sights[case.id]) == case.expected


@EACH_AGREED
def test_the_simulation_agrees(case: Case, sights: dict[str, Sight], verdicts: dict[str, tuple[Verdict, ...]]) -> None:
    assert sights[case.id].verdicts == tuple(map(said, verdicts[case.id]))


@EACH_DIFFERENT
def test_the_simulation_differs(case: Case, sights: dict[str, Sight], verdicts: dict[str, tuple[Verdict, ...]]) -> None:
    says, reason = DIFFERENCES[case.id]
    assert tuple(map(said, verdicts[case.id])) == (says,), reason
    assert sights[case.id].verdicts != (says,), f"no difference any more: {reason}"


@EACH_AGREED
def test_envoy_dials_what_the_simulation_says(
    case: Case, sights: dict[str, Sight], verdicts: dict[str, tuple[Verdict, ...]]
) -> None:
    request = case.request
    names = (request.name, *request.then)
    for name, line, verdict in zip(names, sights[case.id].log, verdicts[case.id], strict=True):
        assert line.upstream == _dialled(request, name, verdict)


def _dialled(request: Request, name: str, verdict: Verdict) -> str:
    """The address that a verdict leads to; empty where it leads to none."""
    if verdict.verdict not in ("allowed", "passed-through"):
        return ""
    if verdict.type == "DYNAMIC_FORWARD_PROXY":
        host, _, port = name.partition(":")
        target = f"{host}:{port or request.port}"
    else:
        target = verdict.dials[0] if verdict.dials else f"{request.address}:{request.port}"
    host, _, port = target.rpartition(":")
    if host.replace(".", "").isdigit():
        return target
    return f"{NAMES[host]}:{port}" if host in NAMES else ""


def test_the_differences_are_of_cases() -> None:
    assert set(DIFFERENCES) <= {case.id for case in cases()}


def test_every_verdict_has_its_forms_in_the_log(sights: dict[str, Sight]) -> None:
    found: dict[tuple[str, str], set[Shape]] = {}
    for sight in sights.values():
        for line, sees in zip(sight.log, sight.sees, strict=bool(sight.log)):
            said, _, where = sees.rpartition(" ")
            kind = (line.verdict.split()[0], said or where)
            found.setdefault(kind, set()).add(_shape(line))
    assert found == LOG


def _shape(line: Line) -> Shape:
    return (line.code, line.flags, line.details.partition("{")[0], line.cluster.partition("|")[0], line.route)


def test_a_call_that_hangs_is_not_in_the_log(sights: dict[str, Sight]) -> None:
    hanging = [sight for sight in sights.values() if sight.sees == ("hangs",)]
    assert hanging
    assert all(sight.log == () for sight in hanging)


def test_it_is_what_was_seen_before(sights: dict[str, Sight]) -> None:
    """`python -m envoy.seen`, in this folder, writes down what is seen now."""
    assert seen.lines(sights).splitlines() == seen.FILE.read_text(encoding="utf-8").splitlines()
    assert seen.read() == sights


def test_a_second_run_sees_the_same(sights: dict[str, Sight]) -> None:
    assert _see() == sights


def test_root_and_a_user_namespace_see_the_same(sights: dict[str, Sight]) -> None:
    for way in needs.ways()[1:]:
        assert _see(way) == sights, way


def test_nothing_stays_behind() -> None:
    mounted = traces.network_namespaces()
    with Running() as running:
        _run_one(running)
        commands = "\n".join(traces.processes(running.token))
        for program in ("envoy.inside", "envoy.client", "envoy.upstreams", "bin/ads"):
            assert program in commands
    assert traces.processes(running.token) == []
    assert traces.network_namespaces() == mounted


@pytest.mark.parametrize("victim", ["unshare", "python"])
def test_nothing_stays_behind_a_run_that_is_killed(victim: str) -> None:
    mounted = traces.network_namespaces()
    script = (
        "from envoy import running, seen; r = running.Running(); print(r.token, r.process.pid, flush=True); seen.see(r)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as python:
        assert python.stdout is not None
        token, unshare = python.stdout.readline().split()
        _wait_for("_bin/envoy", token)
        subprocess.run(["kill", "-KILL", unshare if victim == "unshare" else str(python.pid)], check=True)
    assert python.returncode == (1 if victim == "unshare" else -signal.SIGKILL)
    deadline = time.monotonic() + 20
    while (left := traces.processes(token)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    assert traces.network_namespaces() == mounted


def _wait_for(program: str, token: str) -> None:
    deadline = time.monotonic() + 20
    while not any(program in command for command in traces.processes(token)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _run_one(running: Running) -> None:
    case = cases()[0]
    ((sight,),) = running.run(case.setting.mesh, [Pod(case.client.proxy, (case.request,))])
    assert told(sight) == case.expected


def test_a_mesh_that_istiod_does_not_take_says_why_and_the_next_one_runs() -> None:
    bad = Mesh(
        "{}", "---\n{apiVersion: networking.istio.io/v1, kind: Sidecar, spec: {egress: [{hosts: [nobody]}]}}", ""
    )
    with Running() as running:
        with pytest.raises(RunError, match="host must be of form namespace/dnsName"):
            running.run(bad, [])
        _run_one(running)


def test_a_configuration_that_envoy_refuses_is_no_result() -> None:
    bad = {"name": "bad", "connect_timeout": "-1s", "type": "STATIC"}
    patch = {"applyTo": "CLUSTER", "patch": {"operation": "ADD", "value": bad}}
    mesh = cases()[0].setting.mesh
    broken = Mesh(mesh.mesh_config, manifest("EnvoyFilter", "bad", "istio-system", {"configPatches": [patch]}), "")
    broken = Mesh(mesh.mesh_config, broken.istio.replace("istio.io/v1", "istio.io/v1alpha3"), "")
    with Running() as running:
        with pytest.raises(RunError, match="Envoy refused a configuration"):
            running.run(broken, [Pod(cases()[0].client.proxy, ())])
        _run_one(running)


def test_what_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(needs, "ADMINISTRATION", "")
    monkeypatch.setattr("envoy.istiod.BUILT", tmp_path / "ads")
    with pytest.raises(needs.NeedsError) as missing, Running():
        pass
    for word in ("ip (Debian package iproute2)", "iptables (Debian", "openssl (", "unshare (", "make conformance"):
        assert word in str(missing.value)


def test_no_root_and_no_user_namespaces_is_said_in_plain_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n", encoding="ascii")
    refusing.chmod(0o755)
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", f"{tmp_path}:{path}")
    with pytest.raises(needs.NeedsError) as refused, Running():
        pass
    for word in ("networks of its own", "root with CAP_SYS_ADMIN", "user namespaces", "Operation not permitted"):
        assert word in str(refused.value)


def test_a_failing_command_of_the_network_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    failing = tmp_path / "iptables"
    failing.write_text("#!/bin/sh\necho 'no table nat' >&2\nexit 3\n", encoding="ascii")
    failing.chmod(0o755)
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", f"{tmp_path}:{path}")
    with pytest.raises(RunError, match=r"`iptables .*` failed: no table nat"), Running():
        pass


def test_there_are_enough_cases() -> None:
    assert len({case.id for case in cases()}) == len(cases()) >= 40
