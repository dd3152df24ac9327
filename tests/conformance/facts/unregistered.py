"""What becomes of what nobody registered: the policy for outbound traffic."""

from __future__ import annotations

from meshes import IN_MESH, PUBLIC, ROOT, entry, sidecar

from facts.fact import Fact
from facts.parts import A_TLS, B_TLS, NET_443, WEB_CALL, WEB_HOST

UNREGISTERED = [
    Fact(
        "what nobody registered is blocked, http with 502 where some imported http service has the port",
        [ROOT],
        {
            WEB_CALL: WEB_HOST,
            "http other.example:80": "502",
            "http other.example:8080": "dropped",
            "tls other.example:443": "dropped",
            f"tcp {PUBLIC}:443": "dropped",
            "http 93.184.216.34:80": "502",
        },
    ),
    Fact(
        "what nobody registered passes under ALLOW_ANY",
        [],
        dict.fromkeys(("http o.example:80", "tls o.example:443", f"tcp {PUBLIC}:9000"), "passed-through"),
        mode="ALLOW_ANY",
    ),
    Fact(
        "an empty outboundTrafficPolicy means REGISTRY_ONLY in a mesh that allows any",
        [sidecar([IN_MESH], mode="")],
        {"tls o.example:443": "dropped", "http o.example:80": "502"},
        mode="ALLOW_ANY",
    ),
    Fact(
        "a Sidecar without outboundTrafficPolicy has the mesh's mode",
        [sidecar([IN_MESH], mode=None)],
        {"tls o.example:443": "passed-through"},
        mode="ALLOW_ANY",
    ),
    Fact(
        "one workload is open in a locked mesh, and what it lists keeps its own cluster",
        [A_TLS, sidecar([IN_MESH, "./a.example"], mode="ALLOW_ANY"), ROOT],
        {"tls o.example:443": "passed-through", "tls a.example:443": "allowed a.example", WEB_CALL: WEB_HOST},
    ),
    Fact(
        "a list of hosts enforces nothing under ALLOW_ANY",
        [A_TLS, B_TLS, sidecar([IN_MESH, "./a.example"], mode="ALLOW_ANY")],
        {"tls b.example:443": "passed-through"},
    ),
    Fact(
        "a mesh that says nothing allows any",
        [],
        {
            "tls o.example:443": "passed-through",
            "http o.example:80": "passed-through",
            "tcp 9.9.9.9:25": "passed-through",
        },
        mode=None,
    ),
    Fact(
        "an empty outboundTrafficPolicy of the mesh means REGISTRY_ONLY as well",
        [],
        {"tls o.example:443": "dropped", "http o.example:80": "502"},
        mode=None,
        mesh={"outboundTrafficPolicy": {}},
    ),
    Fact(
        "under ALLOW_ANY what is unknown passes on ports in use as well",
        [A_TLS, entry("h.example", [(80, "HTTP")]), NET_443, sidecar(["./*"], mode="ALLOW_ANY")],
        {
            "http o.example:80": "passed-through",
            f"tcp {PUBLIC}:80": "passed-through",
            "tls o.example:443": "passed-through",
            "tls :443": "passed-through",
            "tcp 203.0.114.1:443": "passed-through",
        },
    ),
    Fact(
        "ALLOW_ANY_DYNAMIC_DNS dials unknown http by its name, and the rest by its address",
        [A_TLS, sidecar([IN_MESH, "./a.example"], mode=None)],
        {
            "http o.example:80": "passed-through name",
            "http o.example:9999": "passed-through name",
            "http2 o.example:9999": "passed-through name",
            "http o.example:443": "passed-through",
            "tls o.example:443": "passed-through",
            "tcp 9.9.9.9:25": "passed-through",
            "tls a.example:443": "allowed a.example",
        },
        mode="ALLOW_ANY_DYNAMIC_DNS",
    ),
    Fact(
        "an empty outboundTrafficPolicy means REGISTRY_ONLY under ALLOW_ANY_DYNAMIC_DNS too",
        [sidecar([IN_MESH], mode="")],
        {"http o.example:80": "502", "http o.example:9999": "dropped", "tls o.example:443": "dropped"},
        mode="ALLOW_ANY_DYNAMIC_DNS",
    ),
    Fact(
        "a Sidecar that allows any lets pass by address what its mesh would dial by name",
        [sidecar([IN_MESH], mode="ALLOW_ANY")],
        {"http o.example:80": "passed-through", "http o.example:9999": "passed-through"},
        mode="ALLOW_ANY_DYNAMIC_DNS",
    ),
    Fact(
        "an egressProxy takes all that is unknown",
        [
            entry("proxy.example", [(3128, "TCP")], addresses=["192.0.2.8"]),
            sidecar(
                [IN_MESH, "./proxy.example"],
                mode=None,
                outboundTrafficPolicy={
                    "mode": "ALLOW_ANY",
                    "egressProxy": {"host": "proxy.example", "port": {"number": 3128}},
                },
            ),
        ],
        {
            "http o.example:80": "allowed proxy.example:3128",
            "tls o.example:443": "allowed proxy.example:3128",
            "tcp 9.9.9.9:25": "allowed proxy.example:3128",
            WEB_CALL: WEB_HOST,
        },
    ),
    Fact(
        "an egressProxy that is not imported loses all that is unknown",
        [
            sidecar(
                [IN_MESH],
                mode=None,
                outboundTrafficPolicy={
                    "mode": "ALLOW_ANY",
                    "egressProxy": {"host": "proxy.example", "port": {"number": 3128}},
                },
            ),
        ],
        {"http o.example:80": "lost proxy.example:3128", "tcp 9.9.9.9:25": "lost proxy.example:3128"},
    ),
    Fact(
        "no http is served on 15001 and 15006, nor on the proxy's own ports",
        [
            entry("h.example", [(port, "HTTP") for port in (15001, 15006, 15020, 15021, 15090)]),
            sidecar(["./h.example"]),
        ],
        {
            "http h.example:15001": "dropped",
            "http h.example:15006": "dropped",
            "http h.example:15020": "allowed h.example",
            "http h.example:15021": "dropped",
            "http h.example:15090": "dropped",
        },
    ),
    Fact(
        "a single address has those ports like any other",
        [
            entry("a.example", [(port, "TCP") for port in (15001, 15006, 15021)], "NONE", addresses=["203.0.113.9"]),
            sidecar(["./a.example"]),
        ],
        {
            "tcp 203.0.113.9:15001": "allowed a.example",
            "tcp 203.0.113.9:15006": "allowed a.example",
            "tcp 203.0.113.9:15021": "allowed a.example",
            f"tcp {PUBLIC}:15021": "dropped",
        },
    ),
    Fact(
        "tcp without address on 15001 takes the place of the catch-all, which a real Envoy refuses",
        [entry("a.example", [(15001, "TCP")]), entry("b.example", [(443, "TLS")]), sidecar(["./*"])],
        {f"tcp {PUBLIC}:15001": "refused", f"tcp {PUBLIC}:9999": "refused", "tls b.example:443": "allowed b.example"},
    ),
    Fact(
        "tcp without address on the proxy's own ports makes a listener",
        [entry("a.example", [(15021, "TCP"), (15090, "TCP")]), sidecar(["./*"])],
        {f"tcp {PUBLIC}:15021": "allowed a.example", f"tcp {PUBLIC}:15090": "allowed a.example"},
    ),
    Fact(
        "port 15001 is closed even where anything is allowed",
        [],
        {"tcp 9.9.9.9:15001": "dropped", "tcp 9.9.9.9:15006": "dropped", "tcp 9.9.9.9:15021": "passed-through"},
        mode="ALLOW_ANY",
    ),
]
