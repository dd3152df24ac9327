"""In which order listeners, networks, names and protocols decide."""

from __future__ import annotations

from meshes import IN_MESH, PUBLIC, entry, sidecar

from facts.fact import Fact
from facts.parts import A_HTTP, A_TLS, NET_443, ONE_443

DECISIONS = [
    Fact(
        "a single address has a listener of its own, which goes before that of its port",
        [
            A_TLS,
            ONE_443,
            entry("t.example", [(443, "TCP")]),
            sidecar([IN_MESH, "./a.example", "./one.invalid", "./t.example"]),
        ],
        {
            "tls a.example:443 @198.51.100.7": "allowed one.invalid:443 client",
            "tls a.example:443": "allowed a.example:443 registry",
            "tls o.example:443": "allowed t.example",
            f"tcp {PUBLIC}:443": "allowed t.example",
            "http a.example:443": "allowed t.example",
        },
    ),
    Fact(
        "a narrower network goes before a wider one, whatever the name",
        [
            entry("wide.invalid", [(443, "TCP")], "NONE", addresses=["203.0.0.0/16"]),
            NET_443,
            A_TLS,
            sidecar([IN_MESH, "./wide.invalid", "./net.invalid", "./a.example"]),
        ],
        {
            "tls a.example:443 @203.0.113.1": "allowed net.invalid",
            "tls a.example:443 @203.0.112.1": "allowed wide.invalid",
            "tls a.example:443 @203.1.112.1": "allowed a.example",
        },
    ),
    Fact(
        "http is told from the rest by its first bytes, and by nothing else",
        [
            entry("h.example", [(80, "HTTP"), (8080, "HTTP2"), (9090, "GRPC"), (9091, "GRPC-Web")]),
            sidecar([IN_MESH, "./h.example"]),
        ],
        {
            "http h.example:80": "allowed h.example:80 registry",
            "http2 h.example:80": "allowed h.example:80",
            "http h.example:8080": "allowed h.example:8080",
            "http h.example:9090": "allowed h.example:9090",
            "http2 h.example:9091": "allowed h.example:9091",
            "tls h.example:80": "dropped",
            "tls h.example:80 +h2": "dropped",
            "tls h.example:80 +http/1.1": "dropped",
            f"tcp {PUBLIC}:80": "dropped",
        },
    ),
    Fact(
        "what a tls client offers by ALPN changes nothing",
        [A_TLS, entry("h.example", [(443, "HTTP")]), sidecar([IN_MESH, "./a.example", "./h.example"])],
        {
            "tls a.example:443 +h2": "allowed a.example",
            "tls a.example:443 +istio": "allowed a.example",
            "tls h.example:443 +http/1.1": "dropped",
            "tls h.example:443 +h2": "dropped",
        },
    ),
    Fact(
        "http on a port that has tls entries alone is not looked at: it is dropped with what is not tls",
        [A_TLS, sidecar([IN_MESH, "./a.example"])],
        {"http a.example:443": "dropped", "http2 a.example:443": "dropped", "tls :443": "dropped"},
    ),
    Fact(
        "the port in a Host header and a dot behind it change nothing",
        [A_HTTP, sidecar([IN_MESH, "./a.example"])],
        {
            "http a.example:9999:80": "allowed a.example",
            "http a.example.:80": "allowed a.example",
            "http a.example.:9999:80": "allowed a.example",
            "http a:80": "502",
        },
    ),
    Fact(
        "an http host is taken wherever it was dialled, and dials what is registered",
        [A_HTTP, sidecar([IN_MESH, "./a.example"])],
        {
            "http a.example:80 @10.8.0.12": "allowed a.example:80 registry",
            "http a.example:80 @2001:db8::1": "dropped",
        },
    ),
]
