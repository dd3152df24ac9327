"""What istiod does, where the lowering and the model lean on it: the judge on the meshes of `facts`."""

from __future__ import annotations

import json

import pytest
from asking import Case, Judge, Proxy
from facts import FACTS, Fact, worded
from judging import judge_often
from meshes import DB, IN_MESH, WEB, ask, call, entry, kubernetes, said, sidecar

pytestmark = pytest.mark.conformance


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.title)
def test_istiod_does(fact: Fact, judge: Judge) -> None:
    chance = any(isinstance(verdict, frozenset) for verdict in fact.verdicts.values())
    judged = judge_often(judge, fact.case(), starts=1, rolls=60 if chance else 1)
    seen = {
        call: frozenset(worded(token, verdict) for token in tokens)
        for (call, verdict), tokens in zip(fact.verdicts.items(), judged, strict=True)
    }
    said = {
        call: verdict if isinstance(verdict, frozenset) else frozenset({verdict})
        for call, verdict in fact.verdicts.items()
    }
    assert seen == said


def test_facts_are_told_apart_by_their_titles() -> None:
    titles = [fact.title for fact in FACTS]
    assert sorted(set(titles)) == sorted(titles)


def test_a_list_of_exact_names_loses_one_of_two_addresses(judge: Judge) -> None:
    """Which one differs from one start of istiod to the next."""
    manifests = [
        entry("m.invalid", [(443, "TCP")], "NONE", addresses=["203.0.113.1", "203.0.113.2"]),
        sidecar(["shared/web.shared.svc.cluster.local", "./m.invalid"]),
    ]
    answer = ask(judge, manifests, ["tcp 203.0.113.1:443", "tcp 203.0.113.2:443"])
    assert sorted(map(said, answer.verdicts)) == ["allowed m.invalid", "dropped"]


def test_two_entries_of_one_host_lose_ports_where_their_labels_differ(judge: Judge) -> None:
    """The cluster of the second one's ports does not exist."""
    manifests = [
        entry("a.example", [(443, "TLS")], metadata={"labels": {"rule": "1"}}),
        entry("a.example", [(8443, "TLS")], metadata={"name": "second", "labels": {"rule": "2"}}),
        sidecar([IN_MESH, "./a.example"]),
    ]
    answer = ask(judge, manifests, ["tls a.example:443", "tls a.example:8443"])
    assert sorted(map(said, answer.verdicts)) == ["allowed a.example", "lost"]


def test_one_port_cannot_be_wanted_twice(judge: Judge) -> None:
    listeners = (((443, "TLS"), [IN_MESH]), ((443, "UDP"), [IN_MESH]), [IN_MESH])
    answer = ask(judge, [sidecar(*listeners)], [])
    assert "ports on IP bound listeners must be unique" in answer.error


@pytest.mark.parametrize(
    ("key", "verdict"),
    [
        ("outboundTrafficPolicy", "dropped"),
        ("outbound_traffic_policy", "dropped"),
        ("outBoundTrafficPolicy", "passed-through"),
        ("outbound-traffic-policy", "passed-through"),
    ],
)
def test_a_key_of_the_mesh_is_read_in_two_spellings(key: str, verdict: str, judge: Judge) -> None:
    """Any other is passed over: nobody says that the mesh stays open."""
    case = Case("hand-written", json.dumps({key: {"mode": "REGISTRY_ONLY"}}), "", kubernetes((WEB, DB)), (Proxy("team-a", {"app": "idgen"}),), (call("tls evil.example:443"),))  # fmt: skip
    assert list(map(said, judge.ask(case).verdicts)) == [verdict]
