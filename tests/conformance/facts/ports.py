"""Sidecar listeners for one port."""

from __future__ import annotations

from asking import Proxy
from meshes import DB, IN_MESH, PUBLIC, WEB, entry, sidecar

from facts.fact import Fact
from facts.parts import (
    A_HTTP,
    A_TLS,
    B_HTTP,
    B_TLS,
    NET_80,
    NET_443,
    NEW,
    OLD,
    ONE_443,
    PLAIN_443,
    RING_443,
    SECURE,
    WEB_CALL,
    WEB_HOST,
)

PORTS = [
    Fact(
        "a wanted tls port locks out the port-less listener's hosts, and no Service",
        [A_TLS, B_TLS, sidecar(((443, "TLS"), [IN_MESH, "./a.example"]), [IN_MESH, "./b.example"])],
        {
            "tls a.example:443": "allowed a.example",
            "tls b.example:443": "dropped",
            "tls b.example:8443": "allowed b.example",
            "tls any.example:443 @10.8.0.14": "allowed secure.shared.svc.cluster.local",
        },
        services=(WEB, DB, SECURE),
    ),
    Fact(
        "under DNS capture a wanted tls port locks nothing, for each host has an address of its own",
        [
            entry("a.example", [(443, "TLS")], status={"addresses": [{"value": "240.240.0.5", "host": "a.example"}]}),
            entry(
                "b.example",
                [(443, "TLS"), (8443, "TLS")],
                status={"addresses": [{"value": "240.240.0.6", "host": "b.example"}]},
            ),
            sidecar(((443, "TLS"), [IN_MESH, "./a.example"]), [IN_MESH, "./b.example"]),
        ],
        {"tls b.example:443 @240.240.0.6": "allowed b.example", "tls b.example:443": "dropped"},
        proxy=Proxy("team-a", {"app": "idgen"}, dnsCapture=True),
    ),
    Fact(
        "a tls port that lists Services alone locks nothing",
        [B_TLS, sidecar(((443, "TLS"), [IN_MESH]), [IN_MESH, "./b.example"])],
        {"tls b.example:443": "allowed b.example", "tls b.example:8443": "allowed b.example"},
    ),
    Fact(
        "an http port that lists Services alone is locked",
        [B_HTTP, sidecar(((80, "HTTP"), [IN_MESH]), [IN_MESH, "./b.example"])],
        {"http b.example:80": "502", "http b.example:8080": "allowed b.example", WEB_CALL: WEB_HOST},
    ),
    Fact(
        "a wanted http port takes the port's networks away",
        [A_HTTP, NET_80, sidecar(((80, "HTTP"), [IN_MESH, "./a.example"]), [IN_MESH, "./net.invalid"])],
        {"tcp 203.0.113.9:80": "dropped", "http a.example:80": "allowed a.example"},
    ),
    Fact(
        "a wanted tls port takes the port's networks away, listed or not, and leaves single addresses",
        [
            A_TLS,
            NET_443,
            ONE_443,
            sidecar(((443, "TLS"), [IN_MESH, "./a.example"]), [IN_MESH, "./net.invalid", "./one.invalid"]),
        ],
        {"tcp 203.0.113.9:443": "dropped", "tcp 198.51.100.7:443": "allowed one.invalid"},
    ),
    Fact(
        "a wanted tcp port opens it to any name",
        [A_TLS, sidecar(((443, "TCP"), [IN_MESH, "./a.example"]), [IN_MESH])],
        {"tls evil.example:443": "allowed a.example", f"tcp {PUBLIC}:443": "allowed a.example"},
    ),
    Fact(
        "a udp port narrows the http route of its number and touches nothing else on it",
        [
            entry("a.example", [(443, "HTTP")]),
            entry("b.example", [(443, "HTTP"), (8080, "HTTP")]),
            entry("t.example", [(443, "TLS")]),
            NET_443,
            sidecar(
                ((443, "UDP"), [IN_MESH, "./a.example"]),
                [IN_MESH, "./a.example", "./b.example", "./t.example", "./net.invalid"],
            ),
        ],
        {
            "http a.example:443": "allowed a.example",
            "http b.example:443": "502",
            "http b.example:8080": "allowed b.example",
            "http plain.shared.svc.cluster.local:443": "allowed plain.shared.svc.cluster.local",
            "tls t.example:443": "allowed t.example",
            "tcp 203.0.113.9:443": "allowed net.invalid",
            "tcp 10.4.77.83:443": "dropped",
        },
        services=(WEB, DB, PLAIN_443),
    ),
    Fact(
        "a tcp port that lists Services alone opens everything where one of them is headless",
        [A_TLS, sidecar(((443, "TCP"), [IN_MESH]), [IN_MESH, "./a.example"])],
        {"tls evil.example:443": "allowed ring.shared.svc.cluster.local"},
        services=(WEB, DB, RING_443),
    ),
    Fact(
        "without a port-less listener no other port is open",
        [B_TLS, sidecar(((443, "TLS"), [IN_MESH, "./b.example"]))],
        {"tls b.example:443": "allowed b.example", "tls b.example:8443": "dropped", WEB_CALL: "dropped"},
    ),
    Fact(
        "a listener for a port its hosts do not have opens nothing",
        [A_TLS, sidecar(((9999, "TLS"), ["./a.example"]), [IN_MESH])],
        {"tls a.example:9999": "dropped", "tls a.example:443": "dropped"},
    ),
    Fact(
        "a listener bound to an address is reached there alone, and its port stays open elsewhere",
        [
            A_TLS,
            B_TLS,
            sidecar(
                egress=[
                    {
                        "port": {"number": 443, "name": "tls", "protocol": "TLS"},
                        "bind": "203.0.113.9",
                        "hosts": ["./a.example"],
                    },
                    {"hosts": ["./b.example"]},
                ]
            ),
        ],
        {
            "tls a.example:443 @203.0.113.9": "allowed a.example",
            "tls o.example:443 @203.0.113.9": "allowed a.example",
            "tls a.example:443": "dropped",
            "tls b.example:443": "allowed b.example",
        },
    ),
    Fact(
        "a wanted http port drops the tls entries of its number, listed there or not",
        [
            entry("a.example", [(443, "TLS")]),
            entry("h.example", [(443, "HTTP")]),
            sidecar(((443, "HTTP"), ["./h.example", "./a.example"]), ["./a.example"]),
        ],
        {"http h.example:443": "allowed h.example", "tls a.example:443": "dropped"},
    ),
    Fact(
        "a wanted tcp port leads everything to the first of its hosts",
        [
            entry("a.example", [(443, "TLS")], metadata=NEW),
            entry("b.example", [(443, "TLS")], metadata=OLD),
            sidecar(((443, "TCP"), ["./a.example", "./b.example"])),
        ],
        {"tls a.example:443": "allowed b.example", f"tcp {PUBLIC}:443": "allowed b.example"},
    ),
    Fact(
        "a listener without protocol takes http by its host and the rest to its first host",
        [
            entry("a.example", [(443, "HTTP")]),
            entry("b.example", [(443, "TLS")]),
            sidecar(egress=[{"port": {"number": 443, "name": "any"}, "hosts": ["./a.example", "./b.example"]}]),
        ],
        {
            "http a.example:443": "allowed a.example",
            "http b.example:443": "502",
            "http o.example:443": "502",
            "tls b.example:443": "allowed a.example",
            f"tcp {PUBLIC}:443": "allowed a.example",
        },
    ),
    Fact(
        "a wanted https, redis or mongo port is as tls or tcp",
        [
            entry("a.example", [(443, "TLS"), (6379, "TCP"), (27017, "TCP")]),
            sidecar(
                ((443, "HTTPS"), ["./a.example"]),
                ((6379, "REDIS"), ["./a.example"]),
                ((27017, "MONGO"), ["./a.example"]),
            ),
        ],
        {
            "tls a.example:443": "allowed a.example",
            "tls o.example:443": "dropped",
            f"tcp {PUBLIC}:6379": "allowed a.example",
            f"tcp {PUBLIC}:27017": "allowed a.example",
        },
    ),
    Fact(
        "a wanted port of an HTTP_PROXY takes what any port of its hosts has",
        [
            entry("a.example", [(80, "HTTP"), (8080, "HTTP")]),
            sidecar(
                egress=[{"port": {"number": 3128, "name": "http", "protocol": "HTTP_PROXY"}, "hosts": ["./a.example"]}]
            ),
        ],
        {
            "http a.example:3128": "allowed a.example:80",
            "http a.example:8080:3128": "allowed a.example:80",
            "http o.example:3128": "502",
        },
    ),
    Fact(
        "a wanted port whose listener an address takes does not lock the port itself",
        [
            ONE_443,
            B_TLS,
            sidecar(((443, "TCP"), ["./one.invalid"]), ["./b.example"]),
        ],
        {"tcp 198.51.100.7:443": "allowed one.invalid", "tls b.example:443": "allowed b.example"},
    ),
]
