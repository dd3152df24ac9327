"""The model on what real Envoys were seen to do, with real connections.

It is asked what the simulation cannot know: letter case, HTTP/1.0, servers that speak first, a wildcard of TLS under an
AuthorizationPolicy.
"""

from __future__ import annotations

import pytest
from asking import Case as Asked
from envoy import seen
from envoy.cases import Case, cases
from modelled import mesh_of, pod_of

from egresslang.mesh.addresses import parse_address
from egresslang.mesh.outbound import ALLOWED, BLOCKED, LOST, PASSED, Request, Verdict

SEEN = seen.read()
LOGGED = {"allowed": ALLOWED, "502": BLOCKED, "dropped": BLOCKED, "passed-through": PASSED, "lost": LOST}

OUT_OF_REACH = {
    "CONNECT": "the model knows GET alone",
    "http -:": "the model takes a request without Host for one to no host",
}
"""Words of calls that are no question for the model, and why."""


def asked(case: Case) -> Verdict:
    mesh = case.setting.mesh
    modelled = mesh_of(Asked(case.id, mesh.mesh_config, mesh.istio, mesh.kubernetes, (), ()))
    request = case.request
    address = parse_address(request.address)
    assert address is not None
    protocol = "http1.0" if request.protocol == "http" and request.version == "1.0" else request.protocol
    return modelled.proxy(pod_of(case.client.proxy)).ask(
        Request(protocol, request.name, address, request.port, server_first=request.waits)
    )


def questions() -> list[Case]:
    return [case for case in cases() if not case.request.then and not any(word in case.call for word in OUT_OF_REACH)]


@pytest.mark.parametrize("case", [pytest.param(each, id=each.id) for each in questions()])
def test_the_model_says_what_envoy_does(case: Case) -> None:
    sight, verdict = SEEN[case.id], asked(case)
    client = sight.sees[0].split()[0]
    if client == "hangs":
        assert verdict.sees == "hangs"
        return
    logged = sight.verdicts[0].split()
    if logged[0] != "refused":
        assert verdict.verdict == LOGGED[logged[0]]
    if logged[0] == "allowed":
        assert verdict.host == logged[1]
    if verdict.verdict in (BLOCKED, LOST):
        assert verdict.sees == ("502" if client == "200" else client)  # what gRPC is told, it is told with 200
    elif client == "answer":
        assert verdict.sees == "answer"
        if _upstream(case) != case.request.address:
            assert verdict.dials == "registry"


def _upstream(case: Case) -> str:
    return SEEN[case.id].log[0].upstream.rpartition(":")[0].strip("[]")
