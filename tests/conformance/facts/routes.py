"""Where VirtualServices lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meshes import IN_MESH, PUBLIC, WEB, entry, manifest, sidecar

from facts.fact import Fact
from facts.parts import NEW, OLD, WEB_CALL


def routed(
    name: str = "route",
    hosts: Sequence[str] = ("a.example",),
    namespace: str = "team-a",
    metadata: Mapping[str, str] | None = None,
    **spec: object,
) -> str:
    """A VirtualService."""
    return manifest("VirtualService", name, namespace, {"hosts": list(hosts), **spec}, **(metadata or {}))


def to(host: str, port: int | None = None, weight: int | None = None) -> dict[str, object]:
    """A destination of a route."""
    port_of: dict[str, object] = {} if port is None else {"port": {"number": port}}
    weighted: dict[str, object] = {} if weight is None else {"weight": weight}
    return {"destination": {"host": host, **port_of}, **weighted}


def route(*destinations: Mapping[str, object], **more: object) -> dict[str, object]:
    """A route of any kind, to these destinations."""
    return {"route": list(destinations), **more}


R_A = entry("a.example", [(80, "HTTP"), (443, "TLS"), (9000, "TCP")], addresses=["203.0.113.9"])
R_B = entry("b.example", [(80, "HTTP"), (443, "TLS"), (9000, "TCP")], addresses=["203.0.113.10"])
R_ONE = entry("one.example", [(8080, "HTTP")])
R_ALL = [R_A, R_B, R_ONE]

ROUTES = [
    Fact(
        "an http route leads to another host, whose own name stays",
        [*R_ALL, routed(http=[route(to("b.example", 80))]), sidecar(["./*"])],
        {
            "http a.example:80": "allowed b.example:80",
            "http b.example:80": "allowed b.example:80",
            "tls a.example:443 @203.0.113.9": "allowed a.example",
        },
    ),
    Fact(
        "a wildcard leads only what is registered below it, where anything is on that port",
        [*R_ALL, routed(hosts=["*.example"], http=[route(to(WEB.host, 80))]), sidecar(["./a.example", IN_MESH])],
        {
            "http b.example:80": "502",
            "http any.other.example:80": "502",
            "http a.example:80": f"allowed {WEB.host}:80",
        },
    ),
    Fact(
        "a wildcard leads every name below it, where nothing is registered below it on that port",
        [
            entry("a.example", [(443, "TLS")]),
            routed(hosts=["*.example"], http=[route(to(WEB.host, 80))]),
            sidecar(["./a.example", IN_MESH]),
        ],
        {
            "http b.example:80": f"allowed {WEB.host}:80",
            "http any.other.example:80": f"allowed {WEB.host}:80",
            "http other.test:80": "502",
        },
    ),
    Fact(
        "a destination without port has the port that was dialled, even where its host has another one alone",
        [
            *R_ALL,
            entry("c.example", [(80, "HTTP"), (8080, "HTTP")]),
            routed(http=[route(to("one.example"))]),
            routed("other", ["c.example"], http=[route(to("a.example"))]),
            sidecar(["./*"]),
        ],
        {
            "http a.example:80": "lost one.example:80",
            "http c.example:80": "allowed a.example:80",
            "http c.example:8080": "lost a.example:8080",
        },
    ),
    Fact(
        "a route to what is not registered loses the call",
        [*R_ALL, routed(http=[route(to("missing.example", 80))]), sidecar(["./*"])],
        {"http a.example:80": "lost missing.example:80"},
    ),
    Fact(
        "a route to a port that its host does not have loses the call",
        [*R_ALL, routed(http=[route(to("b.example", 8080))]), sidecar(["./*"])],
        {"http a.example:80": "lost b.example:8080"},
    ),
    Fact(
        "routes are tried in order, by path and port",
        [
            *R_ALL,
            routed(
                http=[
                    route(to("missing.example"), match=[{"port": 81}]),
                    route(to("missing.example"), match=[{"uri": {"exact": "/only"}}]),
                    route(to("missing.example"), match=[{"uri": {"prefix": "/api"}}]),
                    route(to("b.example", 80), match=[{"uri": {"exact": "/"}, "port": 80}]),
                    route(to("missing.example")),
                ]
            ),
            sidecar(["./*"]),
        ],
        {"http a.example:80": "allowed b.example"},
    ),
    Fact(
        "a host whose routes all ask for another path is not found",
        [*R_ALL, routed(http=[route(to("b.example", 80), match=[{"uri": {"exact": "/only"}}])]), sidecar(["./*"])],
        {"http a.example:80": "404"},
    ),
    Fact(
        "routes that are all for another port, or for other sources, leave a host as it is",
        [
            *R_ALL,
            entry("c.example", [(80, "HTTP")]),
            routed(http=[route(to("b.example", 80), match=[{"port": 81}])]),
            routed(
                "other",
                ["c.example"],
                http=[
                    route(
                        to("b.example", 80),
                        match=[{"sourceLabels": {"app": "etl"}}, {"sourceNamespace": "team-b"}, {"gateways": ["edge"]}],
                    )
                ],
            ),
            sidecar(["./*"]),
        ],
        {"http a.example:80": "allowed a.example", "http c.example:80": "allowed c.example"},
    ),
    Fact(
        "a route may ask for labels and the namespace of the caller",
        [
            *R_ALL,
            routed(
                http=[
                    route(to("b.example", 80), match=[{"sourceLabels": {"app": "idgen"}, "sourceNamespace": "team-a"}])
                ]
            ),
            sidecar(["./*"]),
        ],
        {"http a.example:80": "allowed b.example"},
    ),
    Fact(
        "the proxy itself answers a redirect and a response of its own",
        [
            *R_ALL,
            routed(http=[{"redirect": {"authority": "b.example"}}]),
            routed("other", ["b.example"], http=[{"directResponse": {"status": 418}}]),
            sidecar(["./*"]),
        ],
        {"http a.example:80": "answered", "http b.example:80": "answered"},
    ),
    Fact(
        "calls are dealt by weight, and nothing goes to a weight of zero",
        [
            *R_ALL,
            routed(http=[route(to("a.example", 80, 30), to("b.example", 80, 70))]),
            routed("other", ["b.example"], http=[route(to("a.example", 80, 100), to("missing.example", 80, 0))]),
            sidecar(["./*"]),
        ],
        {
            "http a.example:80": "allowed a.example:80 & allowed b.example:80",
            "http b.example:80": "allowed a.example:80",
        },
    ),
    Fact(
        "a mirror gets a copy",
        [
            *R_ALL,
            routed(http=[route(to("a.example", 80), mirror=to("b.example", 80)["destination"])]),
            sidecar(["./*"]),
        ],
        {"http a.example:80": "allowed a.example & copied b.example"},
    ),
    Fact(
        "a VirtualService for another gateway means nothing to a sidecar, one for the mesh as well does",
        [
            *R_ALL,
            routed(gateways=["edge"], http=[route(to("b.example", 80))]),
            routed("other", ["b.example"], gateways=["edge", "mesh"], http=[route(to("a.example", 80))]),
            sidecar(["./*"]),
        ],
        {"http a.example:80": "allowed a.example", "http b.example:80": "allowed a.example"},
    ),
    Fact(
        "on port 80 a VirtualService makes hosts that nobody registered",
        [*R_ALL, routed(hosts=["free.example"], http=[route(to("b.example", 80))]), sidecar(["./*", "*/free.example"])],
        {"http free.example:80": "allowed b.example", "http free.example:8080": "502"},
    ),
    Fact(
        "a VirtualService must be imported: by its own namespace and its hosts",
        [
            *R_ALL,
            routed(hosts=["free.example"], http=[route(to("b.example", 80))]),
            sidecar(["./a.example", "team-b/*"]),
        ],
        {"http free.example:80": "502"},
    ),
    Fact(
        "a VirtualService of another namespace counts only where it is exported to",
        [
            *R_ALL,
            routed(namespace="team-b", exportTo=["."], http=[route(to("b.example", 80))]),
            routed("other", ["b.example"], namespace="team-b", exportTo=["team-a"], http=[route(to("a.example", 80))]),
            sidecar(["*/*"]),
        ],
        {"http a.example:80": "allowed a.example", "http b.example:80": "allowed a.example"},
    ),
    Fact(
        "the mesh's default for VirtualServices goes where one says nothing",
        [*R_ALL, routed(namespace="team-b", http=[route(to("b.example", 80))]), sidecar(["*/*"])],
        {"http a.example:80": "allowed a.example"},
        mesh={"defaultVirtualServiceExportTo": ["."]},
    ),
    Fact(
        "of two VirtualServices for one host the older counts",
        [
            *R_ALL,
            routed("a", http=[route(to("missing.example", 80))], metadata=NEW),
            routed("b", http=[route(to("b.example", 80))], metadata=OLD),
            sidecar(["./*"]),
        ],
        {"http a.example:80": "allowed b.example"},
    ),
    Fact(
        "of a VirtualService for a name and one for a wildcard above it the name's counts",
        [
            entry("q.x.example", [(80, "HTTP")]),
            entry("r.x.example", [(80, "HTTP")]),
            *R_ALL,
            routed("a", ["*.x.example"], http=[route(to("a.example", 80))], metadata=OLD),
            routed("b", ["q.x.example"], http=[route(to("b.example", 80))], metadata=NEW),
            sidecar(["./*"]),
        ],
        {"http q.x.example:80": "allowed b.example", "http r.x.example:80": "allowed a.example"},
    ),
    Fact(
        "a short host of a VirtualService is a Service of its namespace",
        [
            R_B,
            routed(hosts=["web"], namespace="shared", http=[route(to("b.example", 80))]),
            sidecar(["*/*"]),
        ],
        {WEB_CALL: "allowed b.example"},
    ),
    Fact(
        "a tcp route takes the port of its host, whatever the address it leads to",
        [*R_ALL, routed(tcp=[route(to("b.example", 9000))]), sidecar(["./*"])],
        {"tcp 203.0.113.9:9000": "allowed b.example:9000", "tls a.example:443 @203.0.113.9": "allowed a.example"},
    ),
    Fact(
        "a tcp route may ask for a port, a caller or a network",
        [
            *R_ALL,
            routed(
                tcp=[
                    route(to("missing.example", 9000), match=[{"port": 9001}]),
                    route(to("missing.example", 9000), match=[{"sourceLabels": {"app": "etl"}}]),
                    route(to("b.example", 9000), match=[{"destinationSubnets": ["203.0.113.0/24"]}]),
                ]
            ),
            sidecar(["./*"]),
        ],
        {"tcp 203.0.113.9:9000": "allowed b.example:9000"},
    ),
    Fact(
        "a tcp route to what is not registered loses the call",
        [*R_ALL, routed(tcp=[route(to("missing.example", 9000))]), sidecar(["./*"])],
        {"tcp 203.0.113.9:9000": "lost missing.example:9000"},
    ),
    Fact(
        "a tls route adds server names to the port of its host",
        [
            entry("*.x.example", [(443, "TLS")], "DYNAMIC_DNS"),
            R_B,
            routed(
                hosts=["*.x.example"],
                tls=[route(to("b.example", 443), match=[{"sniHosts": ["q.x.example"], "port": 443}])],
            ),
            sidecar(["./*"]),
        ],
        {
            "tls q.x.example:443": "allowed b.example:443",
            "tls r.x.example:443": "dropped",
        },
    ),
    Fact(
        "a tls route for another port leaves its host as it is",
        [
            entry("c.example", [(443, "TLS")]),
            R_B,
            routed(
                hosts=["c.example"],
                tls=[route(to("b.example", 443), match=[{"sniHosts": ["c.example"], "port": 8443}])],
            ),
            sidecar(["./*"]),
        ],
        {"tls c.example:443": "allowed c.example"},
    ),
    Fact(
        "a VirtualService reaches what no list has by tls and by tcp as well",
        [
            entry("b.example", [(443, "TLS"), (9000, "TCP")], namespace="shared", exportTo=["*"]),
            entry("a.example", [(443, "TLS"), (9000, "TCP")]),
            routed(
                tls=[route(to("b.example", 443), match=[{"sniHosts": ["a.example"]}])],
                tcp=[route(to("b.example", 9000))],
            ),
            sidecar([IN_MESH, "./a.example"]),
        ],
        {"tls a.example:443": "allowed b.example:443", f"tcp {PUBLIC}:9000": "allowed b.example:9000"},
    ),
    Fact(
        "a VirtualService does not reach what is not exported to the caller",
        [
            entry("b.example", [(80, "HTTP")], namespace="shared"),
            R_A,
            routed(http=[route(to("b.example", 80))]),
            sidecar(["./*"]),
        ],
        {"http a.example:80": "lost b.example:80"},
    ),
    Fact(
        "what a VirtualService leads to is reached through it alone",
        [
            entry("b.example", [(80, "HTTP"), (443, "TLS")], namespace="shared", exportTo=["*"]),
            R_A,
            routed(http=[route(to("b.example", 80))]),
            sidecar(["./*"]),
        ],
        {"http a.example:80": "allowed b.example:80", "http b.example:80": "502", "tls b.example:443": "dropped"},
    ),
]
