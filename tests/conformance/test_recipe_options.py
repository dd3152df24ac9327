"""The recipe's three options: everything passes through, everything to the black hole, one workload allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from asking import Answer, Call, Case, Judge, Proxy
from compiling import Compiled, compile_text
from meshes import said
from policies import Service, kubernetes

pytestmark = pytest.mark.conformance

RECIPES = Path(__file__).parents[2] / "examples" / "recipes"
IDGEN = Proxy("recipes", {"app": "idgen"})
OTHERS = (
    Proxy("recipes", {"app": "frontend"}),
    Proxy("recipes", {"app": "stranger"}),
    Proxy("payments", {"app": "idgen"}),
    Proxy("elsewhere", {"app": "idgen"}),
    Proxy("istio-system", {"app": "idgen"}),
)
WEB = Service("recipes", "recipe-api", "10.8.0.31", (("http", 80),))
CALLS = (
    ("93.184.216.34", 80, "http", "httpbin.org"),
    ("93.184.216.34", 443, "tls", "httpbin.org"),
    ("93.184.216.34", 80, "tcp", ""),
    ("93.184.216.34", 8080, "http", "httpbin.org"),
    ("93.184.216.34", 80, "http", "www.httpbin.org"),
    ("93.184.216.34", 80, "http", "example.com"),
    ("10.8.0.31", 80, "http", "recipe-api.recipes.svc.cluster.local"),
)
IN_MESH = "allowed recipe-api.recipes.svc.cluster.local"


def compiled(option: str, **changes: str) -> Compiled:
    """The manifests of an option, as it stands or with changes of its policy's text; nothing to complain of."""
    policy = (RECIPES / option / "recipes.egress").read_text(encoding="utf-8")
    for was, becomes in changes.items():
        assert was in policy
        policy = policy.replace(was, becomes)
    result = compile_text(policy, (RECIPES / option / "profile.yaml").read_text(encoding="utf-8"))
    assert result.status == 0, result.stderr
    assert result.errors == ()
    return result


def ask(judge: Judge, result: Compiled) -> Answer:
    """What becomes of every call of every proxy, idgen first."""
    proxies = (IDGEN, *OTHERS)
    calls = tuple(Call(index, *call) for index in range(len(proxies)) for call in CALLS)
    answer = judge.ask(Case("recipe", result.mesh_config, result.istio, kubernetes([WEB]), proxies, calls))
    assert answer.error == ""
    assert not any(answer.rejected)
    return answer


def verdicts(answer: Answer) -> list[list[str]]:
    """The verdicts of each proxy, as they are written in `meshes`."""
    written = [said(verdict) for verdict in answer.verdicts]
    return [written[start : start + len(CALLS)] for start in range(0, len(written), len(CALLS))]


def test_an_empty_policy_that_observes_lets_everything_pass(judge: Judge) -> None:
    result = compiled("passes-through")
    assert result.of_kind("Sidecar") == ()
    for answers in verdicts(ask(judge, result)):
        assert answers == ["passed-through"] * 6 + [IN_MESH]


def test_an_empty_policy_over_the_mesh_sends_everything_to_the_black_hole(judge: Judge) -> None:
    result = compiled("black-hole")
    assert result.of_kind("ServiceEntry") == ()
    for answers in verdicts(ask(judge, result)):
        assert answers == ["502", "dropped", "dropped", "dropped", "502", "502", IN_MESH]


@pytest.mark.parametrize("changes", [{}, {" region=us": ""}], ids=["in region us", "anywhere"])
def test_the_recipe_is_allowed_for_idgen_and_for_nobody_else(changes: dict[str, str], judge: Judge) -> None:
    result = compiled("allowed", **changes)
    idgen, *others = verdicts(ask(judge, result))
    blocked = ["502", "dropped", "dropped", "dropped", "502", "502", IN_MESH]
    assert idgen == ["allowed httpbin.org", *blocked[1:]]
    assert others == [blocked] * len(OTHERS)


def test_the_allowed_call_reaches_the_name_and_not_what_was_dialled(judge: Judge) -> None:
    answer = ask(judge, compiled("allowed"))
    assert answer.verdicts[0].dials == ("httpbin.org:80",)
