"""What a ServiceEntry opens, by protocol, resolution and address."""

from __future__ import annotations

from asking import Proxy
from meshes import IN_MESH, PUBLIC, entry, manifest, sidecar

from facts.fact import Fact, either
from facts.parts import A_HTTP, A_TLS, MID, NET_443, NEW, OLD, WEB_CALL

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
    Fact(
        "the protocol of an entry is written in any case, and the port's name means nothing",
        [
            entry(
                "a.example",
                [
                    {"number": 443, "name": "http-a", "protocol": "tls"},
                    {"number": 80, "name": "tcp-b", "protocol": "Http"},
                    {"number": 9000, "name": "http-c"},
                ],
            ),
            sidecar(["./a.example"]),
        ],
        {
            "tls a.example:443": "allowed a.example",
            "http a.example:443": "dropped",
            "http a.example:80": "allowed a.example",
            f"tcp {PUBLIC}:80": "dropped",
            f"tcp {PUBLIC}:9000": "allowed a.example",
            "http a.example:9000": "allowed a.example",
            "http o.example:9000": "502",
            "tls o.example:9000": "allowed a.example",
        },
    ),
    Fact(
        "https is tls, and every database is tcp",
        [
            entry("a.example", [(443, "HTTPS")]),
            entry(
                "db.invalid", [(3306, "MYSQL"), (6379, "REDIS"), (27017, "MONGO")], "NONE", addresses=["203.0.113.0/24"]
            ),
            sidecar(["./a.example", "./db.invalid"]),
        ],
        {
            "tls a.example:443": "allowed a.example",
            "http a.example:443": "dropped",
            "tcp 203.0.113.9:3306": "allowed db.invalid",
            "tcp 203.0.113.9:6379": "allowed db.invalid",
            "tls o.example:27017 @203.0.113.9": "allowed db.invalid",
        },
    ),
    Fact(
        "a udp port opens nothing",
        [entry("a.example", [(9000, "UDP")], "NONE", addresses=["203.0.113.9"]), sidecar(["./a.example"])],
        {"tcp 203.0.113.9:9000": "dropped"},
    ),
    Fact(
        "what a cluster dials is decided by the resolution",
        [
            entry("none.example", [(443, "TLS")], "NONE"),
            entry("dns.example", [(443, "TLS")], "DNS"),
            entry("robin.example", [(443, "TLS")], "DNS_ROUND_ROBIN"),
            entry("static.example", [(443, "TLS")], "STATIC", endpoints=[{"address": "192.0.2.1"}]),
            entry("empty.example", [(443, "TLS")], "STATIC"),
            entry("*.wild.example", [(443, "TLS")], "DYNAMIC_DNS"),
            sidecar(["./*"]),
        ],
        {
            "tls none.example:443": "allowed none.example:443 client",
            "tls dns.example:443": "allowed dns.example:443 registry",
            "tls robin.example:443": "allowed robin.example:443 registry",
            "tls static.example:443": "allowed static.example:443 registry",
            "tls empty.example:443": "allowed empty.example:443 registry",
            "tls q.wild.example:443": "allowed *.wild.example:443 registry",
        },
    ),
    Fact(
        "a name of resolution NONE is any address, for who says the name",
        [entry("*.x.example", [(443, "TLS"), (80, "HTTP")], "NONE"), sidecar(["./*"])],
        {
            "tls q.x.example:443 @10.8.0.12": "allowed *.x.example:443 client",
            "http q.x.example:80 @10.8.0.12": "allowed *.x.example:80 client",
        },
    ),
    Fact(
        "a targetPort, a location and the age of the API change nothing",
        [
            entry(
                "a.example",
                [{"number": 443, "name": "tls", "protocol": "TLS", "targetPort": 8443}],
                "NONE",
                location="MESH_INTERNAL",
                version="v1beta1",
            ),
            sidecar(["./a.example"], version="v1alpha3"),
        ],
        {"tls a.example:443": "allowed a.example:443 client", "tls a.example:8443": "dropped"},
    ),
    Fact(
        "of two address-less tcp entries on a port the older takes everything",
        [
            entry("a.example", [(9000, "TCP")], metadata=NEW),
            entry("b.example", [(9000, "TCP")], metadata=OLD),
            sidecar([IN_MESH, "./a.example", "./b.example"]),
        ],
        {f"tcp {PUBLIC}:9000": "allowed b.example"},
    ),
    Fact(
        "of two address-less tcp entries of one age the first by name takes everything",
        [
            entry("b.example", [(9000, "TCP")], metadata={"name": "a"}),
            entry("a.example", [(9000, "TCP")], metadata={"name": "b"}),
            sidecar([IN_MESH, "./a.example", "./b.example"]),
        ],
        {f"tcp {PUBLIC}:9000": "allowed a.example"},
    ),
    Fact(
        "two entries of one address and port are one destination: the older is it",
        [
            entry("a.example", [(443, "TCP")], addresses=["203.0.113.9"], metadata=NEW),
            entry("b.example", [(443, "TLS")], addresses=["203.0.113.9"], metadata=OLD),
            sidecar(["./*"]),
        ],
        {"tls a.example:443 @203.0.113.9": "allowed b.example", "tcp 203.0.113.9:443": "allowed b.example"},
    ),
    Fact(
        "two http entries of one address are told apart by their hosts",
        [
            entry("a.example", [(80, "HTTP")], addresses=["203.0.113.9"], metadata=OLD),
            entry("b.example", [(80, "HTTP")], addresses=["203.0.113.9"], metadata=NEW),
            sidecar(["./*"]),
        ],
        {
            "http a.example:80 @203.0.113.9": "allowed a.example",
            "http b.example:80 @203.0.113.9": "allowed b.example",
            "http 203.0.113.9:80 @203.0.113.9": either("allowed a.example", "allowed b.example"),
            "http o.example:80 @203.0.113.9": "502",
        },
    ),
    Fact(
        "an http entry with an address is not bound to it",
        [entry("a.example", [(80, "HTTP")], addresses=["203.0.113.9"]), sidecar(["./a.example"])],
        {"http a.example:80": "allowed a.example:80 registry", "tcp 203.0.113.9:80": "dropped"},
    ),
    Fact(
        "a tls entry with an address is bound to it, whatever the name",
        [A_TLS, entry("b.example", [(443, "TLS")], addresses=["203.0.113.9"]), sidecar(["./*"])],
        {
            "tls b.example:443 @203.0.113.9": "allowed b.example",
            "tls a.example:443 @203.0.113.9": "allowed b.example",
            "tcp 203.0.113.9:443": "allowed b.example",
            "tls b.example:443": "dropped",
        },
    ),
    Fact(
        "a tls entry with a network asks for its name there",
        [entry("b.example", [(443, "TLS")], "NONE", addresses=["203.0.113.0/24"]), sidecar(["./*"])],
        {
            "tls b.example:443 @203.0.113.9": "allowed b.example",
            "tls o.example:443 @203.0.113.9": "dropped",
            "tls b.example:443": "dropped",
            "tcp 203.0.113.9:443": "dropped",
        },
    ),
    Fact(
        "an http entry with a network is reached by its name, anywhere",
        [entry("b.example", [(80, "HTTP")], "NONE", addresses=["203.0.113.0/24"]), sidecar(["./*"])],
        {"http b.example:80": "allowed b.example:80 client", "tcp 203.0.113.9:80": "dropped"},
    ),
    Fact(
        "a network of one address is an address, and bits behind the mask do not count",
        [
            A_TLS,
            entry("one.invalid", [(443, "TCP")], "NONE", addresses=["198.51.100.7/32"]),
            entry("net.invalid", [(443, "TCP")], "NONE", addresses=["203.0.113.77/24"]),
            sidecar(["./*"]),
        ],
        {
            "tcp 198.51.100.7:443": "allowed one.invalid",
            "tls a.example:443 @203.0.113.9": "allowed net.invalid",
            "tcp 203.0.113.77:443": "allowed net.invalid",
        },
    ),
    Fact(
        "of one network twice the older entry has it",
        [
            entry("a.invalid", [(443, "TCP")], "NONE", addresses=["203.0.113.0/24"], metadata=NEW),
            entry("b.invalid", [(443, "TCP")], "NONE", addresses=["203.0.113.9/24"], metadata=OLD),
            sidecar(["./*"]),
        ],
        {"tcp 203.0.113.9:443": "allowed b.invalid"},
    ),
    Fact(
        "a network that starts at 0.0.0.0 is the whole port where nothing else has it",
        [entry("zero.invalid", [(9000, "TCP")], "NONE", addresses=["0.0.0.0/1"]), sidecar(["./*"])],
        {"tcp 9.9.9.9:9000": "allowed zero.invalid", "tcp 203.0.113.9:9000": "allowed zero.invalid"},
    ),
    Fact(
        "a network that starts at 0.0.0.0 is the rest of a port that has networks or tls",
        [A_TLS, NET_443, entry("zero.invalid", [(443, "TCP")], "NONE", addresses=["0.0.0.0/8"]), sidecar(["./*"])],
        {
            "tcp 9.9.9.9:443": "allowed zero.invalid",
            "tcp 203.0.113.9:443": "allowed net.invalid",
            "tls a.example:443": "allowed a.example",
            "tls o.example:443": "allowed zero.invalid",
        },
    ),
    Fact(
        "a tcp entry without address on a port of http takes what is not http",
        [A_HTTP, entry("t.example", [(80, "TCP")], "NONE"), sidecar(["./*"])],
        {
            "http a.example:80": "allowed a.example",
            "http o.example:80": "502",
            f"tcp {PUBLIC}:80": "allowed t.example:80 client",
            "tls o.example:80": "allowed t.example",
        },
    ),
    Fact(
        "mongo and mysql stand with their own kind alone",
        [
            entry("a.invalid", [(3306, "MYSQL")], "NONE", addresses=["203.0.113.0/24"], metadata=OLD),
            entry("b.invalid", [(3306, "MYSQL")], "NONE", addresses=["198.51.100.0/24"], metadata=MID),
            entry("c.invalid", [(3306, "TCP")], "NONE", addresses=["192.0.2.0/24"], metadata=NEW),
            sidecar(["./*"]),
        ],
        {
            "tcp 203.0.113.9:3306": "allowed a.invalid",
            "tcp 198.51.100.9:3306": "allowed b.invalid",
            "tcp 192.0.2.9:3306": "dropped",
        },
    ),
    Fact(
        "several hosts of an entry are several destinations",
        [entry("a.example", [(443, "TLS"), (80, "HTTP")], hosts=["a.example", "b.example"]), sidecar(["./b.example"])],
        {
            "tls b.example:443": "allowed b.example",
            "tls a.example:443": "dropped",
            "http b.example:80": "allowed b.example",
            "http a.example:80": "502",
        },
    ),
    Fact(
        "two entries of one host lose ports where their labels differ, by chance",
        [
            entry("a.example", [(443, "TLS")], metadata={"labels": {"rule": "1"}}),
            entry("a.example", [(8443, "TLS")], metadata={"name": "second", "labels": {"rule": "2"}}),
            sidecar([IN_MESH, "./a.example"]),
        ],
        {
            "tls a.example:443": either("allowed a.example", "lost"),
            "tls a.example:8443": either("allowed a.example", "lost"),
        },
    ),
    *(
        Fact(
            f"two entries of one host lose the younger's ports where their {what} differs",
            [
                entry("a.example", [(443, "TLS")], metadata={**NEW, **younger.pop("metadata", {})}, **younger),
                entry("a.example", [(8443, "TLS")], metadata={"name": "second", **OLD}),
                sidecar([IN_MESH, "./a.example"]),
            ],
            {"tls a.example:443": "lost a.example:443", "tls a.example:8443": "allowed a.example"},
        )
        for what, younger in (
            ("label", {"metadata": {"labels": {"rule": "1"}}}),
            ("resolution", {"resolution": "NONE"}),
            ("exportTo", {"exportTo": ["*"]}),
            ("selector", {"workloadSelector": {"labels": {"app": "x"}}}),
        )
    ),
    Fact(
        "entries of one host and one set of ports are one, whatever else differs",
        [
            entry("a.example", [(443, "TLS")], metadata={**OLD, "labels": {"rule": "1"}}),
            entry("a.example", [(443, "TLS")], "NONE", metadata={"name": "second", **NEW}, exportTo=["*"]),
            sidecar([IN_MESH, "./a.example"]),
        ],
        {"tls a.example:443": "allowed a.example:443 registry"},
    ),
    Fact(
        "of a host in two foreign namespaces the older is used, and ports never merge",
        [
            entry("a.example", [(443, "TLS")], namespace="team-b", exportTo=["*"], metadata=NEW),
            entry("a.example", [(8443, "TLS")], namespace="team-c", exportTo=["*"], metadata=OLD),
            sidecar(["*/a.example"]),
        ],
        {"tls a.example:443": "dropped", "tls a.example:8443": "allowed a.example"},
    ),
    Fact(
        "of a host in two foreign namespaces and of one age the first namespace by name is used",
        [
            entry("a.example", [(443, "TLS")], namespace="team-c", exportTo=["*"]),
            entry("a.example", [(8443, "TLS")], namespace="team-b", exportTo=["*"]),
            sidecar(["*/a.example"]),
        ],
        {"tls a.example:443": "dropped", "tls a.example:8443": "allowed a.example"},
    ),
    Fact(
        "an entry without resolution that selects workloads opens no tcp port where there are none",
        [
            entry("a.example", [(9000, "TCP"), (80, "HTTP")], "NONE", workloadSelector={"labels": {"app": "x"}}),
            sidecar(["./*"]),
        ],
        {f"tcp {PUBLIC}:9000": "dropped", "http a.example:80": "allowed a.example:80 client"},
    ),
    Fact(
        "a wildcard over the own namespace's Services has the short name `*`, which a real Envoy refuses",
        [
            entry("*.team-a.svc.cluster.local", [(80, "HTTP"), (443, "TLS")], "NONE"),
            sidecar(["./*"]),
        ],
        {
            "http o.example:80": "refused",
            "http q.team-a.svc.cluster.local:80": "refused",
            "tls o.example:443": "dropped",
        },
    ),
]
