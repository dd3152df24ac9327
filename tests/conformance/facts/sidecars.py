"""Which Sidecar applies to a pod, and what its lists import."""

from __future__ import annotations

from asking import Proxy
from meshes import IN_MESH, ROOT, entry, sidecar

from facts.fact import Fact, either
from facts.parts import A_HTTP, A_ONLY, A_TLS, A_YES, B_ONLY, B_TLS, B_YES, NEW, OLD, WEB_CALL, WEB_HOST

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
    Fact(
        "of two selectors that match one pod the older counts",
        [
            A_TLS,
            B_TLS,
            sidecar(B_ONLY, metadata=NEW),
            sidecar(A_ONLY, metadata={"name": "z", **OLD}, workloadSelector={"labels": {"tier": "x"}}),
        ],
        A_YES,
        proxy=Proxy("team-a", {"app": "idgen", "tier": "x"}),
    ),
    Fact(
        "of two selectors of one age the name decides, and not how much they match",
        [
            A_TLS,
            B_TLS,
            sidecar(B_ONLY, metadata={"name": "b", **OLD}, workloadSelector={"labels": {"app": "idgen", "tier": "x"}}),
            sidecar(A_ONLY, metadata={"name": "a", **OLD}, workloadSelector={"labels": {"tier": "x"}}),
        ],
        A_YES,
        proxy=Proxy("team-a", {"app": "idgen", "tier": "x"}),
    ),
    Fact(
        "a selector goes before an older Sidecar of the whole namespace",
        [A_TLS, B_TLS, sidecar(A_ONLY, metadata=NEW), sidecar(B_ONLY, app=None, metadata=OLD)],
        A_YES,
    ),
    Fact(
        "of two Sidecars of a whole namespace the older counts",
        [
            A_TLS,
            B_TLS,
            sidecar(B_ONLY, app=None, metadata={"name": "a", **NEW}),
            sidecar(A_ONLY, app=None, metadata={"name": "b", **OLD}),
        ],
        A_YES,
    ),
    Fact(
        "an empty selector that is older goes before a fitting one",
        [A_TLS, B_TLS, sidecar(A_ONLY, app="", metadata={"name": "a", **OLD}), sidecar(B_ONLY, metadata=NEW)],
        A_YES,
    ),
    Fact(
        "a selector without labels counts as one, and matches every pod",
        [
            A_TLS,
            B_TLS,
            sidecar(A_ONLY, app=None, workloadSelector={}, metadata=NEW),
            sidecar(B_ONLY, app=None, metadata={"name": "old", **OLD}),
        ],
        A_YES,
    ),
    Fact(
        "a selector that asks for more labels than the pod has does not match",
        [
            A_TLS,
            B_TLS,
            sidecar(A_ONLY, workloadSelector={"labels": {"app": "idgen", "tier": "x"}}),
            sidecar(B_ONLY, app=None),
        ],
        B_YES,
    ),
    Fact(
        "a pod whose namespace has no fitting Sidecar has the root namespace's",
        [
            A_TLS,
            B_TLS,
            sidecar(B_ONLY, app="etl"),
            sidecar(["./a.example", IN_MESH], app=None, namespace="istio-system"),
        ],
        A_YES,
    ),
    Fact(
        "a selector in the root namespace matches the root namespace's own pods alone",
        [
            A_TLS,
            sidecar(["~/*", "*/none.invalid"], namespace="istio-system"),
        ],
        {"tls a.example:443": "allowed a.example", WEB_CALL: WEB_HOST},
    ),
    Fact(
        "of two Sidecars of the whole root namespace the older counts for everyone",
        [
            A_TLS,
            B_TLS,
            sidecar(["./b.example"], app=None, namespace="istio-system", metadata={"name": "a", **NEW}),
            sidecar(["./a.example"], app=None, namespace="istio-system", metadata={"name": "b", **OLD}),
        ],
        A_YES,
    ),
    Fact(
        "the root namespace is the one the mesh configuration names",
        [
            A_TLS,
            sidecar([IN_MESH], app=None, namespace="mesh-config"),
            sidecar(["*/*"], app=None, namespace="istio-system"),
        ],
        {"tls a.example:443": "dropped"},
        mesh={"rootNamespace": "mesh-config"},
    ),
    Fact(
        "`.` in the root namespace's Sidecar lists what the workload's own namespace has",
        [A_TLS, sidecar(["./a.example"], app=None, namespace="istio-system")],
        {"tls a.example:443": "allowed a.example"},
    ),
    Fact(
        "without any Sidecar all that is exported is imported",
        [
            A_TLS,
            entry("b.example", [(443, "TLS")], namespace="team-b", exportTo=["*"]),
            entry("c.example", [(443, "TLS")], namespace="team-b"),
        ],
        {
            "tls a.example:443": "allowed a.example",
            "tls b.example:443": "allowed b.example",
            "tls c.example:443": "dropped",
            WEB_CALL: WEB_HOST,
        },
    ),
    Fact(
        "a Sidecar of another namespace is nobody's here",
        [A_TLS, sidecar([IN_MESH], app=None, namespace="team-b")],
        {"tls a.example:443": "allowed a.example"},
    ),
    Fact(
        "a list names the namespace of the entry, not of who calls",
        [
            entry("a.example", [(443, "TLS")], namespace="team-b", exportTo=["*"]),
            entry("b.example", [(443, "TLS")], namespace="team-b", exportTo=["*"]),
            sidecar(["team-b/a.example", "./b.example", "team-a/b.example"]),
        ],
        A_YES,
    ),
    Fact(
        "a name of any namespace, and all names of all namespaces",
        [
            entry("a.example", [(443, "TLS")], namespace="team-b", exportTo=["*"]),
            sidecar(["*/a.example"]),
        ],
        {"tls a.example:443": "allowed a.example", WEB_CALL: "dropped"},
    ),
    Fact(
        "`./*` does not reach what another namespace exports, and has the namespace's own Services",
        [
            entry("a.example", [(443, "TLS")], namespace="team-b", exportTo=["*"]),
            sidecar(["./*"], namespace="shared"),
        ],
        {"tls a.example:443": "dropped", WEB_CALL: WEB_HOST},
        proxy=Proxy("shared", {"app": "idgen"}),
    ),
    Fact(
        "a listed wildcard imports narrower wildcards, a narrower one not the wider",
        [
            entry("*.x.example", [(443, "TLS")], "DYNAMIC_DNS"),
            entry("*.b.x.example", [(443, "TLS")], "DYNAMIC_DNS"),
            sidecar(["./*.b.x.example"]),
        ],
        {"tls q.b.x.example:443": "allowed *.b.x.example", "tls q.x.example:443": "dropped"},
    ),
    Fact(
        "the longest wildcard above a name takes it",
        [
            entry("*.x.example", [(443, "TLS"), (80, "HTTP")], "DYNAMIC_DNS"),
            entry("*.b.x.example", [(443, "TLS"), (80, "HTTP")], "DYNAMIC_DNS"),
            entry("*.example", [(443, "TLS"), (80, "HTTP")], "NONE"),
            sidecar(["./*"]),
        ],
        {
            "tls q.b.x.example:443": "allowed *.b.x.example",
            "tls q.x.example:443": "allowed *.x.example",
            "tls q.example:443": "allowed *.example:443 client",
            "http q.b.x.example:80": "allowed *.b.x.example",
            "http q.x.example:80": "allowed *.x.example:80 registry",
            "http q.example:80": "allowed *.example:80 client",
            "http example:80": "502",
        },
    ),
    Fact(
        "a list of exact names loses one of two addresses, by chance",
        [
            entry("m.invalid", [(443, "TCP")], "NONE", addresses=["203.0.113.1", "203.0.113.2"]),
            sidecar(["shared/web.shared.svc.cluster.local", "./m.invalid"]),
        ],
        {
            "tcp 203.0.113.1:443": either("allowed m.invalid", "dropped"),
            "tcp 203.0.113.2:443": either("allowed m.invalid", "dropped"),
        },
    ),
    Fact(
        "a list of exact names loses one of two entries of a host, by chance",
        [
            entry("a.example", [(443, "TLS")]),
            entry("a.example", [(8443, "TLS")], metadata={"name": "second"}),
            sidecar(["./a.example"]),
        ],
        {
            "tls a.example:443": either("allowed a.example", "dropped"),
            "tls a.example:8443": either("allowed a.example", "dropped"),
        },
    ),
    Fact(
        "of two entries of a host a list of exact names keeps the older",
        [
            entry("a.example", [(443, "TLS")], metadata=NEW),
            entry("a.example", [(8443, "TLS")], metadata={"name": "second", **OLD}),
            sidecar(["./a.example"]),
        ],
        {"tls a.example:443": "dropped", "tls a.example:8443": "allowed a.example"},
    ),
    Fact(
        "an exact name of any namespace avoids the shortcut of exact lists",
        [
            entry("m.invalid", [(443, "TCP")], "NONE", addresses=["203.0.113.1", "203.0.113.2"]),
            sidecar(["*/m.invalid"]),
        ],
        {"tcp 203.0.113.1:443": "allowed m.invalid", "tcp 203.0.113.2:443": "allowed m.invalid"},
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
