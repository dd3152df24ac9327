"""Who sees what is exported to whom."""

from __future__ import annotations

from collections.abc import Sequence

from asking import Proxy
from meshes import IN_MESH, entry, sidecar

from facts.fact import Fact
from facts.parts import WEB_CALL

OWN, OTHER = "team-b", "team-a"
SEEN_FROM: tuple[tuple[str, Sequence[str] | None, Sequence[str] | None, Sequence[str]], ...] = (
    ("what says nothing", None, None, (OWN, OTHER)),
    ("`.`", ["."], None, (OWN,)),
    ("`*`", ["*"], None, (OWN, OTHER)),
    ("`~`", ["~"], None, ()),
    ("its own namespace", [OWN], None, (OWN,)),
    ("another namespace alone", [OTHER], None, (OTHER,)),
    ("`.` and another namespace", [".", OTHER], None, (OWN, OTHER)),
    ("a third namespace", ["team-c"], None, ()),
    ("what says nothing where the mesh says `.`", None, ["."], (OWN,)),
    ("what says nothing where the mesh says `~`", None, ["~"], ()),
    ("what says nothing where the mesh names a namespace", None, [OTHER], (OTHER,)),
    ("`*` where the mesh says `.`", ["*"], ["."], (OWN, OTHER)),
)
"""How an entry is exported, in words, by itself and by the mesh, and the namespaces that see it."""


def _seen(namespace: str) -> list[Fact]:
    """Of each way to export an entry of `OWN` whether this namespace sees it."""
    return [
        Fact(
            f"exportTo seen from {'its own' if namespace == OWN else 'another'} namespace: {how}",
            [entry("a.example", [(443, "TLS")], namespace=OWN, exportTo=own)],
            {"tls a.example:443": "allowed a.example" if namespace in seers else "dropped"},
            proxy=Proxy(namespace, {"app": "idgen"}),
            mesh={} if mesh is None else {"defaultServiceExportTo": mesh},
        )
        for how, own, mesh, seers in SEEN_FROM
    ]


HIDDEN = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "hidden", "namespace": "shared", "annotations": {"networking.istio.io/exportTo": ".,team-b"}},
    "spec": {"clusterIP": "10.8.0.44", "selector": {"app": "hidden"}, "ports": [{"name": "tcp", "port": 9000}]},
}

EXPORTS = [
    *_seen(OWN),
    *_seen(OTHER),
    Fact(
        "the mesh's default goes for Services too, and takes them out of the in-mesh wildcard",
        [sidecar([IN_MESH])],
        {WEB_CALL: "dropped", "tcp 10.8.0.12:5432": "dropped"},
        mesh={"defaultServiceExportTo": ["."]},
    ),
    Fact(
        "a Service says by an annotation who sees it",
        [sidecar([IN_MESH])],
        {"tcp 10.8.0.44:9000": "dropped"},
        kubernetes=[HIDDEN],
    ),
    Fact(
        "a Service is seen by those its annotation names",
        [sidecar([IN_MESH], namespace="team-b")],
        {"tcp 10.8.0.44:9000": "allowed hidden.shared.svc.cluster.local"},
        kubernetes=[HIDDEN],
        proxy=Proxy("team-b", {"app": "idgen"}),
    ),
    Fact(
        "what a list of exact names imports must be exported as well",
        [entry("a.example", [(443, "TLS")], namespace="team-b"), sidecar(["team-b/a.example"])],
        {"tls a.example:443": "dropped"},
    ),
]
