"""EGR201: an allow that overlaps a deny."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from judged import cluster, found, resolved, told

from egresslang.policy import denials
from egresslang.rules import denied

KNOWN = "destinations: {api.example.com: {endpoints: [{address: 20.1.1.1}]}, x.corp.example: {endpoints: [{address: 20.2.2.2}]}}"


@pytest.mark.parametrize(
    ("allow", "deny", "spec"),
    [
        ("s/a -> www.dropbox.com:443 tls", "* -> *.dropbox.com", ""),
        ("s/a -> www.dropbox.com:443 tls", "s/* -> www.dropbox.com:443", ""),
        ("s/a -> *.dropbox.com:443 tls", "s/a -> www.dropbox.com", ""),
        ("s/a -> *.b.dropbox.com:443 tls", "s/a -> *.dropbox.com", ""),
        ("s/* -> a.example.com:443 tls", "* except {s/b} -> a.example.com", ""),
        ("* -> a.example.com:443 tls", "s/a -> a.example.com:443 https", ""),
        ("s/a -> 20.0.0.0/8:5432 tcp", "s/a -> 20.1.0.0/16 except 20.1.2.0/24", ""),
        ("s/a -> 20.0.0.0/8:443 tcp", "s/a -> api.example.com", KNOWN),
        ("s/a -> 20.0.0.0/8:443 tcp", "s/a -> *.corp.example:443 tls", KNOWN),
        ("s/a -> api.example.com:443 tls", "s/a -> 20.1.0.0/16", KNOWN),
        ("s/a -> *.example.com:443 tls", "s/a -> 20.1.0.0/16", KNOWN),
        ("s/a -> db.example.com:5432 tcp address=20.0.0.7", "s/a -> 20.0.0.0/24", ""),
        ("s/a -> db.example.com:5432 tcp address=20.0.0.7", "* -> db.example.com:5432", ""),
        ("s/a -> internet:443 tls reason=x", "* -> *.dropbox.com", ""),
        ("s/a -> internet:443 tls reason=x", "* -> 20.0.0.0/24:443", ""),
        ("s/a -> * reason=x", "* -> *.dropbox.com:22", ""),
        ("s/a -> a.example.com:443 tls", "s/a -> *", ""),
        ("s/a -> a.example.com:443 tls", "s/a -> internet", ""),
        ("s/a -> 20.0.0.7:80 http", "s/a -> 20.0.0.0/24:80 http", ""),
    ],
)
def test_denied(allow: str, deny: str, spec: str) -> None:
    where = allow.partition(" -> ")[2].partition(" reason")[0].partition(" address")[0]
    assert told(denied, f"deny {deny}\nallow {allow}", spec) == [f"2 {where} < 1"]
    assert told(denied, f"allow {allow}\ndeny {deny}", spec) == [f"1 {where} < 2"]


@pytest.mark.parametrize(
    ("allow", "deny", "spec"),
    [
        ("s/a -> www.dropbox.com:443 tls", "* except {s/a} -> *.dropbox.com", ""),
        ("s/a -> www.dropbox.com:443 tls", "* except {s/*} -> *.dropbox.com", ""),
        ("s/a -> dropbox.com:443 tls", "* -> *.dropbox.com", ""),
        ("s/a -> www.dropbox.com:443 tls", "t/* -> *.dropbox.com", ""),
        ("s/a -> www.dropbox.com:443 tls", "* -> *.dropbox.com:22", ""),
        ("s/a -> www.dropbox.com:443 tls", "* -> *.dropbox.com:443 http", ""),
        ("s/a -> 20.0.0.0/24:443 tcp except 20.0.0.7", "* -> 20.0.0.7", ""),
        ("s/a -> 20.0.0.7:443 tcp", "* -> 20.0.0.0/24 except 20.0.0.7", ""),
        ("s/a -> 20.1.1.0/24:443 tcp except 20.1.1.1", "* -> api.example.com", KNOWN),
        ("s/a -> api.example.com:80 http", "* -> 20.1.1.1:443", KNOWN),
        ("s/a -> other.example.com:443 tls", "* -> 20.1.1.1", KNOWN),
        ("s/a -> internet:443 tls reason=x", "* -> *.dropbox.com:22", ""),
        ("s/a -> internet:443 tls reason=x", "* -> 10.0.0.0/8", ""),
        ("s/a -> internet:443 tls reason=x except {20.0.0.0/24}".replace(" reason=x except {20.0.0.0/24}", " except {20.0.0.0/24} reason=x"), "* -> 20.0.0.7", ""),
        ("s/a -> db.example.com:5432 tcp address=10.0.0.7", "* -> internet", ""),
        ("s/a -> 20.0.0.7:80 http", "* -> 20.0.0.0/24:80 tls", ""),
        ("s/a -> 20.0.0.7:80 tcp", "* -> 20.0.0.0/24:80 udp", ""),
        ("s/a -> www.dropbox.com:443 tls", "* -> *.dropbox.com cluster=dev-*", ""),
    ],
)  # fmt: skip
def test_not_denied(allow: str, deny: str, spec: str) -> None:
    assert told(denied, f"deny {deny}\nallow {allow}", spec) == []


def test_a_concrete_flow_is_shown() -> None:
    (each,) = found(denied, "allow s/a -> *.dropbox.com:443 tls\ndeny * -> *.b.dropbox.com")
    assert each.message == "`s/a -> anything.b.dropbox.com:443 tls` is denied"
    (each,) = found(denied, "allow s/* -> 20.0.0.0/8:443 tcp\ndeny * except {s/x} -> api.example.com", KNOWN)
    assert each.message == "`s/anything -> 20.1.1.1:443 tcp` is denied"
    assert each.notes == ("`api.example.com` has the address `20.1.1.1`, the profile says",)


def test_a_known_workload_is_shown_where_there_is_one() -> None:
    spec = "namespaces: {s: {workloads: {x: {}, z: {}}}}"
    (each,) = found(denied, "allow s/* -> a.example.com:443 tls\ndeny * except {s/x} -> a.example.com", spec)
    assert each.message == "`s/z -> a.example.com:443 tls` is denied"


def test_a_few_of_many_denials_are_shown() -> None:
    policy = "allow s/a -> a.example.com:443 tls\n" + "deny s/* -> *.example.com\n" * 5
    (each,) = found(denied, policy)
    assert len(each.related) == 3


def test_every_destination_is_told_once() -> None:
    policy = "allow {s/a, s/b, t/*} -> {a.x.com, b.y.com, c.x.com}:{443 tls, 80 http}\ndeny * -> *.x.com"
    assert [each.span.text for each in found(denied, policy)] == ["a.x.com", "c.x.com"]


WHO = ("s/a", "s/b", "s/*", "t/a", "*")
HOSTS = ("a.x", "b.x", "c.b.x", "*.x", "*.b.x", "y.z")
NETWORKS = ("20.0.0.0/30", "20.0.0.0/31", "20.0.0.2", "20.0.0.3")
PORTS = ("443 tls", "80 http")


def _flows(who: str, where: str, port: str, excepted: str = "") -> set[tuple[str, str, str]]:
    """The flows of a small universe, by what the words mean."""
    workloads = {w for w in ("s/a", "s/b", "s/c", "t/a", "u/v") if _is(w, who) and not (excepted and _is(w, excepted))}
    if where[0].isdigit():
        base, _, prefix = where.partition("/")
        first = int(base.rpartition(".")[2])
        places = {f"20.0.0.{n}" for n in range(first, first + (1 << (32 - int(prefix or 32))))}
    else:
        names = ("a.x", "b.x", "c.b.x", "d.c.b.x", "e.x", "y.z", "x", "q.r")
        places = {n for n in names if n == where or (where[0] == "*" and n.endswith(where[1:]))}
    ports = {port} if port else {*PORTS}
    return {(w, p, q) for w, p, q in product(workloads, places, ports)}


def _is(workload: str, who: str) -> bool:
    return who in ("*", workload) or (who.endswith("/*") and workload.startswith(who[:-1]))


@pytest.mark.parametrize("seed", range(150))
def test_it_agrees_with_brute_force(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(denials, "_MOST_IN_VAIN", seed % 2 * 64)
    random = Random(seed)
    lines, forbidden = [], []
    for _ in range(random.randint(1, 4)):
        where, port = random.choice(HOSTS + NETWORKS), random.choice(("", *PORTS))
        # whatever the bytes: what is denied of an address is told by port alone
        who, excepted = random.choice(WHO), random.choice(("", "", *WHO))
        lines.append(
            f"deny {who} {f'except {{{excepted}}}' if excepted else ''} -> {where}{f':{port}' if port else ''}"
        )
        forbidden.append(_flows(who, where, port, excepted))
    expected = []
    for _ in range(random.randint(1, 6)):
        who, where, port = random.choice(WHO), random.choice(HOSTS + NETWORKS), random.choice(PORTS)
        lines.append(
            f"allow {who} -> {where}:{port}" if where != "20.0.0.2" else f"allow {who} -> {where}:{port.split()[0]} tcp"
        )
        if any(_flows(who, where, port) & each for each in forbidden):
            expected.append(len(lines))
    assert [each.span.place[1] for each in found(denied, "\n".join(lines))] == expected, "\n".join(lines)


def test_nothing_is_calculated_without_denials() -> None:
    profile = cluster()
    assert list(denied.check(resolved("allow s/a -> *.x.com:443 tls", profile), profile)) == []
