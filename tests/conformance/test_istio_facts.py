"""What istiod does, where the lowering leans on it: small meshes written by hand, and what the judge says of them.

Each fact is one mesh. The sections are those of an outbound request: the policy for what nobody registered,
which Sidecar applies and what it imports, ports, and ServiceEntries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from asking import Judge, Proxy
from meshes import DB, IN_MESH, PUBLIC, ROOT, WEB, ask, entry, manifest, said, sidecar
from policies import Service

pytestmark = pytest.mark.conformance

WEB_CALL = "http web.shared.svc.cluster.local:80 @10.8.0.11"
WEB_HOST = "allowed web.shared.svc.cluster.local"
SECURE = Service("shared", "secure", "10.8.0.14", (("https", 443),))
PLAIN_443 = Service("shared", "plain", "10.8.0.16", (("http", 443),))
RING_443 = Service("shared", "ring", "", (("tcp", 443),))


@dataclass(frozen=True)
class Fact:
    """A mesh and what becomes of some calls in it."""

    title: str
    manifests: Sequence[str]
    verdicts: Mapping[str, str]
    mode: str = "REGISTRY_ONLY"
    proxy: Proxy | None = None
    services: Sequence[Service] = (WEB, DB)


A_TLS = entry("a.example", [(443, "TLS")])
B_TLS = entry("b.example", [(443, "TLS"), (8443, "TLS")])
A_HTTP = entry("a.example", [(80, "HTTP")])
B_HTTP = entry("b.example", [(80, "HTTP"), (8080, "HTTP")])
NET_443 = entry("net.invalid", [(443, "TCP")], "NONE", addresses=["203.0.113.0/24"])
NET_80 = entry("net.invalid", [(80, "TCP")], "NONE", addresses=["203.0.113.0/24"])
ONE_443 = entry("one.invalid", [(443, "TCP")], "NONE", addresses=["198.51.100.7"])

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
]

WHICH_SIDECAR = [
    Fact(
        "an empty selector matches every pod",
        [A_TLS, sidecar([IN_MESH, "./a.example"], app=""), ROOT],
        {"tls a.example:443": "allowed a.example", "tls o.example:443": "dropped"},
    ),
    Fact(
        "a selector goes before the namespace's own, and nothing of that is inherited",
        [
            A_TLS,
            B_TLS,
            sidecar([IN_MESH, "./a.example"]),
            sidecar([IN_MESH, "./b.example"], app=None),
        ],
        {"tls a.example:443": "allowed a.example", "tls b.example:443": "dropped"},
    ),
    Fact(
        "a Sidecar without egress imports everything",
        [A_TLS, sidecar(), ROOT],
        {"tls a.example:443": "allowed a.example"},
    ),
    Fact(
        "an exact name does not import the wildcard above it",
        [entry("*.x.example", [(443, "TLS")], "DYNAMIC_DNS"), sidecar([IN_MESH, "./api.x.example"])],
        {"tls api.x.example:443": "dropped", "tls q.x.example:443": "dropped"},
    ),
    Fact(
        "a wildcard imports what lies below it, with all its ports",
        [
            entry("*.x.example", [(443, "TLS")], "DYNAMIC_DNS"),
            entry("api.x.example", [(9443, "TLS")]),
            sidecar([IN_MESH, "./*.x.example"]),
        ],
        {
            "tls q.x.example:443": "allowed *.x.example",
            "tls r.q.x.example:443": "allowed *.x.example",
            "tls x.example:443": "dropped",
            "tls notx.example:443": "dropped",
            "tls api.x.example:443": "allowed *.x.example",
            "tls api.x.example:9443": "allowed api.x.example",
        },
    ),
    Fact(
        "the in-mesh wildcard imports Services and no entry",
        [A_TLS, entry("b.example", [(443, "TLS")], namespace="shared", exportTo=["*"]), sidecar([IN_MESH])],
        {WEB_CALL: WEB_HOST, "tcp 10.8.0.12:5432": "allowed db.shared.svc.cluster.local"}
        | {f"tls {host}.example:443": "dropped" for host in "ab"},
    ),
    Fact(
        "an entry whose host ends in the cluster's domain is imported by the in-mesh wildcard",
        [
            entry("out.team-b.svc.cluster.local", [(443, "TLS")], namespace="team-b", exportTo=["*"]),
            sidecar([IN_MESH]),
        ],
        {"tls out.team-b.svc.cluster.local:443": "allowed out.team-b.svc.cluster.local"},
    ),
    Fact(
        "`./*` imports every entry of the namespace",
        [A_TLS, sidecar(["./*"])],
        {"tls a.example:443": "allowed a.example"},
    ),
    Fact(
        "an upper-case letter in a list matches nothing",
        [A_TLS, sidecar([IN_MESH, "./A.example"])],
        {"tls a.example:443": "dropped"},
    ),
    Fact(
        "an http entry with an upper-case host leads to a cluster that does not exist",
        [entry("A.example", [(80, "HTTP")]), sidecar([IN_MESH, "./*"])],
        {"http a.example:80": "lost"},
    ),
    Fact(
        "a wildcard that matches nothing keeps a list of exact names from losing addresses",
        [
            entry("m.invalid", [(443, "TCP")], "NONE", addresses=["203.0.113.1", "203.0.113.2"]),
            sidecar(["shared/web.shared.svc.cluster.local", "./m.invalid", "./*.none.invalid"]),
        ],
        {
            "tcp 203.0.113.1:443": "allowed m.invalid",
            "tcp 203.0.113.2:443": "allowed m.invalid",
            WEB_CALL: WEB_HOST,
            "tcp 10.8.0.12:5432": "dropped",
        },
    ),
]

RECIPE = [
    Fact(
        "the recipe grants its workload",
        [A_HTTP, sidecar([IN_MESH, "./a.example"]), ROOT],
        {"http a.example:80": "allowed a.example", "http o.example:80": "502", WEB_CALL: WEB_HOST},
    ),
    Fact(
        "the recipe grants nobody else of the namespace",
        [A_HTTP, sidecar([IN_MESH, "./a.example"]), ROOT],
        {"http a.example:80": "502", WEB_CALL: WEB_HOST},
        proxy=Proxy("team-a", {"app": "etl"}),
    ),
    Fact(
        "an entry exported to its own namespace is nobody else's to list",
        [A_HTTP, sidecar([IN_MESH, "team-a/a.example"], namespace="team-b"), ROOT],
        {"http a.example:80": "502"},
        proxy=Proxy("team-b", {"app": "idgen"}),
    ),
    Fact(
        "the own namespace's entry goes before a foreign one for the same host",
        [
            entry("a.example", [(443, "TLS")]),
            entry("a.example", [(8443, "TLS")], namespace="team-b", exportTo=["*"]),
            sidecar([IN_MESH, "*/a.example"]),
        ],
        {"tls a.example:443": "allowed a.example", "tls a.example:8443": "dropped"},
    ),
    Fact(
        "a narrower variant in another namespace is used as listed",
        [
            B_TLS,
            entry("b.example", [(443, "TLS")], namespace="istio-system", exportTo=["team-a"]),
            sidecar([IN_MESH, "istio-system/b.example"]),
        ],
        {"tls b.example:443": "allowed b.example", "tls b.example:8443": "dropped"},
    ),
    Fact(
        "of both variants listed the own namespace's counts",
        [
            B_TLS,
            entry("b.example", [(9443, "TLS")], namespace="istio-system", exportTo=["team-a"]),
            sidecar([IN_MESH, "istio-system/b.example", "./b.example"]),
        ],
        {"tls b.example:8443": "allowed b.example", "tls b.example:9443": "dropped"},
    ),
    Fact(
        "a variant is seen by the namespaces it is exported to alone",
        [
            entry("b.example", [(443, "TLS")], namespace="istio-system", exportTo=["team-a", "team-c"]),
            sidecar([IN_MESH, "istio-system/b.example"], namespace="team-b"),
        ],
        {"tls b.example:443": "dropped"},
        proxy=Proxy("team-b", {"app": "idgen"}),
    ),
    Fact(
        "`.` in the root namespace's Sidecar is the workload's own namespace",
        [
            entry("a.example", [(443, "TLS")], namespace="istio-system", exportTo=["*"]),
            sidecar([IN_MESH, "./a.example"], app=None, namespace="istio-system"),
        ],
        {"tls a.example:443": "dropped"},
    ),
]

X_WILD = entry("*.x.example", [(443, "TLS"), (8443, "TLS")], "DYNAMIC_DNS")
X_API = entry("api.x.example", [(443, "TLS"), (9443, "TLS")])
X_NARROW = entry("*.b.x.example", [(10443, "TLS")], "DYNAMIC_DNS")
X_NARROW_EXACT = entry("e.b.x.example", [(11443, "TLS")])

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
]

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
]

ENTRIES = [
    Fact(
        "two entries of one host merge where all about them is equal",
        [
            entry("a.example", [(443, "TLS")]),
            entry("a.example", [(8443, "TLS")], metadata={"name": "second"}),
            sidecar([IN_MESH, "./a.example"]),
        ],
        {"tls a.example:443": "allowed a.example", "tls a.example:8443": "allowed a.example"},
    ),
    Fact(
        "http and tls of different hosts share a port",
        [entry("h.example", [(443, "HTTP")]), A_TLS, sidecar([IN_MESH, "./h.example", "./a.example"])],
        {
            "http h.example:443": "allowed h.example",
            "tls a.example:443": "allowed a.example",
            "http a.example:443": "502",
            "tls h.example:443": "dropped",
            f"tcp {PUBLIC}:443": "dropped",
        },
    ),
    Fact(
        "a network takes its addresses whatever is said, and leaves the rest of the port alone",
        [NET_443, A_TLS, sidecar([IN_MESH, "./net.invalid", "./a.example"])],
        {
            "tcp 203.0.113.9:443": "allowed net.invalid",
            "tls a.example:443 @203.0.113.9": "allowed net.invalid",
            "http o.example:443 @203.0.113.9": "allowed net.invalid",
            "tls a.example:443": "allowed a.example",
            "tls o.example:443": "dropped",
            "tcp 203.0.114.1:443": "dropped",
        },
    ),
    Fact(
        "networks that overlap, and one network twice, are all granted",
        [
            NET_443,
            entry("two.invalid", [(443, "TCP")], "NONE", addresses=["203.0.112.0/23", "203.0.113.9"]),
            entry("three.invalid", [(443, "TCP")], "NONE", addresses=["203.0.113.0/24"]),
            sidecar([IN_MESH, "./net.invalid", "./two.invalid", "./three.invalid"]),
        ],
        {
            "tcp 203.0.113.9:443": "allowed two.invalid",
            "tcp 203.0.113.10:443": "allowed net.invalid",
            "tcp 203.0.112.1:443": "allowed two.invalid",
            "tcp 203.0.114.1:443": "dropped",
        },
    ),
    Fact(
        "http to one address is judged by Host and reaches that address alone",
        [
            entry(
                "one.invalid",
                [(80, "HTTP")],
                "STATIC",
                addresses=["198.51.100.7"],
                endpoints=[{"address": "198.51.100.7"}],
            ),
            sidecar([IN_MESH, "./one.invalid"]),
        ],
        {
            "http 198.51.100.7:80 @198.51.100.7": "allowed one.invalid",
            "http 198.51.100.7:80": "allowed one.invalid",
            "http o.example:80 @198.51.100.7": "502",
            "tcp 198.51.100.7:80": "dropped",
        },
    ),
    Fact(
        "an address-less tcp entry captures its port, whatever the address",
        [entry("a.example", [(9000, "TCP")]), sidecar([IN_MESH, "./a.example"])],
        {f"tcp {PUBLIC}:9000": "allowed a.example", "tls evil.example:9000": "allowed a.example"},
    ),
    Fact(
        "an entry without protocol captures like tcp",
        [entry("a.example", [(9000, "")]), sidecar([IN_MESH, "./a.example"])],
        {f"tcp {PUBLIC}:9000": "allowed a.example"},
    ),
    Fact(
        "with an address-less tcp entry on the port every unknown server name goes to it",
        [A_TLS, entry("t.example", [(443, "TCP")]), sidecar([IN_MESH, "./a.example", "./t.example"])],
        {"tls a.example:443": "allowed a.example", "tls evil.example:443": "allowed t.example"},
    ),
    Fact(
        "mysql on a port that has a tls entry is lost in silence",
        [
            A_TLS,
            entry("db.invalid", [(443, "MYSQL")], "NONE", addresses=["203.0.113.0/24"]),
            sidecar([IN_MESH, "./a.example", "./db.invalid"]),
        ],
        {"tcp 203.0.113.9:443": "dropped", "tls a.example:443": "allowed a.example"},
    ),
    Fact(
        "a network that starts at 0.0.0.0 matches nothing where http has the port",
        [
            entry("zero.invalid", [(80, "TCP")], "NONE", addresses=["0.0.0.0/1"]),
            entry("rest.invalid", [(80, "TCP")], "NONE", addresses=["64.0.0.0/3", "128.0.0.0/1"]),
            sidecar([IN_MESH, "./zero.invalid", "./rest.invalid"]),
        ],
        {
            "tcp 9.9.9.9:80": "dropped",
            "tcp 93.184.216.34:80": "allowed rest.invalid",
            "tcp 185.1.1.1:80": "allowed rest.invalid",
        },
    ),
    Fact(
        "a network over the cluster's own ranges captures in-mesh http",
        [entry("wide.invalid", [(80, "TCP")], "NONE", addresses=["10.0.0.0/8"]), sidecar([IN_MESH, "./wide.invalid"])],
        {WEB_CALL: "allowed wide.invalid"},
    ),
    Fact(
        "an entry for a Service's host in the own namespace shadows the Service",
        [
            entry("web.shared.svc.cluster.local", [(80, "HTTP")]),
            sidecar([IN_MESH, "./web.shared.svc.cluster.local"]),
        ],
        {"http web.shared.svc.cluster.local:80": "allowed web.shared.svc.cluster.local"},
    ),
    Fact(
        "a VirtualService reaches a host that no list has",
        [
            entry("a.example", [(80, "HTTP")], namespace="shared", exportTo=["*"]),
            manifest(
                "VirtualService",
                "detour",
                "shared",
                {
                    "hosts": ["web.shared.svc.cluster.local"],
                    "http": [{"route": [{"destination": {"host": "a.example", "port": {"number": 80}}}]}],
                },
            ),
            sidecar([IN_MESH]),
        ],
        {WEB_CALL: "allowed a.example"},
    ),
    Fact(
        "a tcp name with a virtual address is exact under DNS capture",
        [
            entry(
                "db.example", [(5432, "TCP")], status={"addresses": [{"value": "240.240.0.9", "host": "db.example"}]}
            ),
            sidecar([IN_MESH, "./db.example"]),
        ],
        {
            "tcp 240.240.0.9:5432": "allowed db.example",
            f"tcp {PUBLIC}:5432": "dropped",
            "tcp 10.8.0.12:5432": "allowed db.shared.svc.cluster.local",
        },
        proxy=Proxy("team-a", {"app": "idgen"}, dnsCapture=True),
    ),
    Fact(
        "addresses of both families, networks and single ones, stand in one entry",
        [
            entry("n.invalid", [(443, "TCP")], "NONE", addresses=["2001:db8::/32", "2001:db9::7", "203.0.113.0/24"]),
            sidecar([IN_MESH, "./n.invalid"]),
        ],
        {
            "tcp [2001:db8::1]:443": "allowed n.invalid",
            "tcp [2001:db9::7]:443": "allowed n.invalid",
            "tcp [2001:db9::8]:443": "dropped",
            "tcp 203.0.113.1:443": "allowed n.invalid",
        },
        proxy=Proxy("team-a", {"app": "idgen"}, ips=("10.4.0.1", "fd00::7")),
    ),
]

FACTS = [*UNREGISTERED, *WHICH_SIDECAR, *RECIPE, *WILDCARDS, *PORTS, *ENTRIES]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.title)
def test_istiod_does(fact: Fact, judge: Judge) -> None:
    answer = ask(judge, fact.manifests, list(fact.verdicts), mode=fact.mode, proxy=fact.proxy, services=fact.services)
    assert answer.error == ""
    assert dict(zip(fact.verdicts, map(said, answer.verdicts), strict=True)) == dict(fact.verdicts)


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


def test_two_address_less_tcp_entries_share_a_port_badly(judge: Judge) -> None:
    """One takes everything, the other vanishes."""
    manifests = [
        entry("a.example", [(9000, "TCP")]),
        entry("b.example", [(9000, "TCP")]),
        sidecar([IN_MESH, "./a.example", "./b.example"]),
    ]
    answer = ask(judge, manifests, [f"tcp {PUBLIC}:9000"])
    assert said(answer.verdicts[0]) in ("allowed a.example", "allowed b.example")


def test_one_port_cannot_be_wanted_twice(judge: Judge) -> None:
    listeners = (((443, "TLS"), [IN_MESH]), ((443, "UDP"), [IN_MESH]), [IN_MESH])
    answer = ask(judge, [sidecar(*listeners)], [])
    assert "ports on IP bound listeners must be unique" in answer.error
