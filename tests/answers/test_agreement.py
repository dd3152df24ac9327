"""What the grants say of a flow and what the compiled mesh does with it are one thing: `expect` and `explain` agree."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from said import PROFILE, Said

WORKLOADS = ("team-a/idgen", "team-a/etl", "team-b/web", "team-b/other")
INVENTORY = (
    PROFILE + "  namespaces: {team-a: {workloads: {idgen: {}, etl: {}}}, team-b: {workloads: {web: {}, other: {}}}}\n"
)
PLACES = (
    "a.x.com:443 tls",
    "b.x.com:443 tls",
    "*.x.com:443 tls",
    "*.deep.x.com:443 tls",
    "a.x.com:80 http",
    "*.y.com:80 http",
    "z.y.com:8443 tls",
    "db.example.com:5432 postgres address=10.20.0.0/24",
    "other.example.com:5432 postgres address=10.30.0.1",
    "198.51.100.0/24:443 tcp",
    "198.51.100.0/24:9000 tcp except 198.51.100.9",
    "198.51.100.7:80 http",
    "198.51.100.7:3306 mysql",
    "internet:8443 tls reason=x",
)
SUBJECTS = (*WORKLOADS, "team-a/*", "team-b/*", "*", "{team-a/idgen, team-b/web}")
ASKED = (
    *(f"{host}:{port}" for host in ("a.x.com", "b.x.com", "q.deep.x.com", "x.com", "z.y.com", "y.com") for port in ("443 tls", "80 http", "8443 tls")),
    *(f"{host}:443 tls address={address}" for host in ("a.x.com", "evil.example") for address in ("198.51.100.7", "8.8.8.8")),
    "evil.example:80 http address=198.51.100.7",
    "db.example.com:5432 postgres",
    *(f"db.example.com:5432 postgres address={address}" for address in ("10.20.0.9", "10.30.0.1", "10.40.0.1")),
    *(f"{address}:{port}" for address in ("198.51.100.7", "198.51.100.9", "8.8.8.8") for port in ("443 tls", "9000 tcp", "80 http", "80 tcp", "8443 tls", "3306 tcp")),
)  # fmt: skip


def policy(random: Random) -> str:
    rules = {f"allow {random.choice(SUBJECTS)} -> {random.choice(PLACES)}" for _ in range(random.randint(1, 8))}
    return "".join(f"{rule}\n" for rule in sorted(rules))


@pytest.mark.parametrize("seed", range(25))
def test_they_agree(ask: Callable[..., list[dict[str, Any]]], egressc: type[Said], tmp_path: Any, seed: int) -> None:
    random = Random(seed)
    allows = policy(random)
    flows = [f"{who} -> {where}" for who in WORKLOADS for where in ASKED]
    (tmp_path / "a.egress").write_text(allows)
    (tmp_path / "p.yaml").write_text(INVENTORY)
    options = ("-p", tmp_path / "p.yaml", "--format", "json", "-q")
    said = egressc("explain", "-", tmp_path / "a.egress", *options, stdin="\n".join(flows).encode())
    answers = {each["question"]: each for each in said.answers}
    expected = {flow: egress_outcome(answers[flow]) for flow in flows}
    (tmp_path / "a.egress").write_text(
        allows + "".join(f"expect {flow} {outcome}\n" for flow, outcome in expected.items())
    )
    tested = egressc("test", tmp_path / "a.egress", "-p", tmp_path / "p.yaml", "-q")
    assert (tested.status, tested.out) == (0, ""), allows + tested.out
    granted = {flow: bool(answers[flow]["rules"]) for flow in flows}
    assert granted == {flow: outcome == "allowed" for flow, outcome in expected.items()}


def egress_outcome(answer: dict[str, Any]) -> str:
    assert answer["verdict"] in ("allowed", "blocked"), answer
    return str(answer["verdict"])
