"""Wildcards beside narrower names, and what a list excludes."""

from __future__ import annotations

from meshes import IN_MESH, entry, sidecar

from facts.fact import Fact
from facts.parts import A_TLS, A_YES, B_TLS, WEB_CALL

X_WILD = entry("*.x.example", [(443, "TLS"), (8443, "TLS")], "DYNAMIC_DNS")
X_API = entry("api.x.example", [(443, "TLS"), (9443, "TLS")])
X_NARROW = entry("*.b.x.example", [(10443, "TLS")], "DYNAMIC_DNS")
X_NARROW_EXACT = entry("e.b.x.example", [(11443, "TLS")])

EXCLUDED = entry("a.example", [(443, "TLS")], namespace="team-b", exportTo=["*"])


def excluding(title: str, *excluded: str, yes: str) -> Fact:
    """Of a.example here and b.example in another namespace those that a list of everything has left."""
    return Fact(
        title,
        [A_TLS, entry("b.example", [(443, "TLS")], namespace="team-b", exportTo=["*"]), sidecar(["*/*", *excluded])],
        {f"tls {host}.example:443": f"allowed {host}.example" if host in yes else "dropped" for host in "ab"},
    )


WILDCARDS = [
    Fact(
        "an excluded name falls back to the wildcard above it",
        [X_WILD, X_API, sidecar([IN_MESH, "./*.x.example", "~./api.x.example"])],
        {
            "tls api.x.example:443": "allowed *.x.example",
            "tls api.x.example:8443": "allowed *.x.example",
            "tls api.x.example:9443": "dropped",
        },
    ),
    Fact(
        "an excluded wildcard takes along what lies below it",
        [X_WILD, X_NARROW, X_NARROW_EXACT, sidecar([IN_MESH, "./*.x.example", "~./*.b.x.example"])],
        {
            "tls q.b.x.example:443": "allowed *.x.example",
            "tls q.b.x.example:10443": "dropped",
            "tls e.b.x.example:11443": "dropped",
            "tls e.b.x.example:443": "allowed *.x.example",
        },
    ),
    Fact(
        "what is both listed and excluded is excluded",
        [X_WILD, X_API, sidecar([IN_MESH, "./*.x.example", "./api.x.example", "~./api.x.example"])],
        {"tls api.x.example:9443": "dropped", "tls api.x.example:443": "allowed *.x.example"},
    ),
    Fact(
        "a wanted port trims a wildcard and what lies below it",
        [X_WILD, X_API, sidecar(((443, "TLS"), [IN_MESH, "./*.x.example"]), [IN_MESH])],
        {
            "tls q.x.example:443": "allowed *.x.example",
            "tls q.x.example:8443": "dropped",
            "tls api.x.example:443": "allowed api.x.example",
            "tls api.x.example:9443": "dropped",
        },
    ),
    Fact(
        "a wildcard of another namespace does not import this one's narrower names",
        [
            entry("*.x.example", [(443, "TLS")], "DYNAMIC_DNS", namespace="istio-system", exportTo=["team-a"]),
            X_WILD,
            X_API,
            sidecar([IN_MESH, "istio-system/*.x.example"]),
        ],
        {
            "tls api.x.example:443": "allowed *.x.example",
            "tls api.x.example:9443": "dropped",
            "tls q.x.example:8443": "dropped",
        },
    ),
    Fact(
        "a wildcard of DYNAMIC_DNS serves http, h2c and tls on their ports",
        [
            entry("*.x.example", [(80, "HTTP"), (50051, "GRPC"), (443, "TLS")], "DYNAMIC_DNS"),
            sidecar([IN_MESH, "./*.x.example"]),
        ],
        {
            "http q.x.example:80": "allowed *.x.example",
            "http2 q.x.example:50051": "allowed *.x.example",
            "tls q.x.example:443": "allowed *.x.example",
            "http q.x.example:443": "dropped",
            "tls q.x.example:80": "dropped",
            "http x.example:80": "502",
        },
    ),
    excluding("`~./` excludes of the own namespace alone", "~./*.example", yes="b"),
    excluding("`~namespace/` excludes of that namespace alone", "~team-b/*.example", yes="a"),
    excluding("`~/` excludes of every namespace", "~/*.example", yes=""),
    excluding("`~*/` excludes of every namespace", "~*/b.example", yes="a"),
    excluding("an exact exclusion leaves other names", "~/c.example", yes="ab"),
    excluding("`~/*` excludes everything", "~/*", yes=""),
    excluding("an upper-case exclusion excludes nothing", "~/B.example", yes="ab"),
    Fact(
        "a list of exclusions alone imports nothing",
        [A_TLS, B_TLS, sidecar(["~./b.example"])],
        {"tls a.example:443": "dropped", WEB_CALL: "dropped"},
    ),
    Fact(
        "an exact exclusion does not exclude the wildcard above it, nor a wildcard's names the wildcard",
        [X_WILD, sidecar(["./*.x.example", "~./api.x.example", "~./*.api.x.example"])],
        {"tls api.x.example:443": "allowed *.x.example", "tls q.api.x.example:443": "allowed *.x.example"},
    ),
    Fact(
        "an exclusion holds for its own listener",
        [A_TLS, B_TLS, sidecar(((8443, "TLS"), ["./*", "~./b.example"]), ["./*"])],
        {"tls b.example:443": "allowed b.example", "tls b.example:8443": "allowed b.example"},
    ),
    Fact(
        "an exclusion excludes Services too",
        [sidecar([IN_MESH, "~/web.shared.svc.cluster.local"])],
        {WEB_CALL: "dropped", "tcp 10.8.0.12:5432": "allowed db.shared.svc.cluster.local"},
    ),
    Fact(
        "an excluded exact name stays out of a list of exact names",
        [A_TLS, B_TLS, sidecar(["./a.example", "./b.example", "~./b.example"])],
        A_YES,
    ),
    Fact(
        "a wildcard that is no whole label is one for http, and no server name that a real Envoy takes",
        [entry("*-api.x.example", [(80, "HTTP"), (443, "TLS")], "DYNAMIC_DNS"), sidecar(["./*"])],
        {
            "http q-api.x.example:80": "allowed *-api.x.example",
            "http api.x.example:80": "502",
            "tls q-api.x.example:443": "refused",
        },
    ),
]
