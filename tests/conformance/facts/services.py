"""What a Service of Kubernetes opens, and which of two with one host counts."""

from __future__ import annotations

from collections.abc import Sequence

from asking import Proxy
from meshes import IN_MESH, PUBLIC, entry, sidecar
from policies import Service

from facts.fact import Fact
from facts.parts import OLD, WEB_CALL, WEB_HOST


def service(name: str, ports: Sequence[tuple[str, int, str] | tuple[str, int]], **spec: object) -> dict[str, object]:
    """A Service of the namespace shared; a port is its name, its number and perhaps its appProtocol."""
    written = [
        {"name": title, "port": number, **({"appProtocol": protocol[0]} if protocol else {})}
        for title, number, *protocol in ports
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shared"},
        "spec": {"selector": {"app": name}, "ports": written, **spec},
    }


OUTSIDE = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "out-1", "namespace": "shared", "labels": {"kubernetes.io/service-name": "out"}},
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["203.0.113.50"], "conditions": {"ready": True}}],
    "ports": [{"name": "tcp", "port": 443, "protocol": "TCP"}],
}
HEADLESS = Service("shared", "ring", "", (("tcp", 9000), ("http", 8080), ("tls", 8443)))

SERVICES = [
    Fact(
        "a Service is reached by http through any of its names, and by tcp through its address",
        [sidecar([IN_MESH])],
        {
            WEB_CALL: "allowed web.shared.svc.cluster.local:80 registry",
            "http web.shared:80": WEB_HOST,
            "http web.shared.svc:80": WEB_HOST,
            "http web:80": "502",
            "http 10.8.0.11:80 @10.8.0.11": WEB_HOST,
            "http web.shared.svc.cluster.local:80": WEB_HOST,
            "tcp 10.8.0.11:80": "dropped",
            "tcp 10.8.0.12:5432": "allowed db.shared.svc.cluster.local:5432 registry",
            f"tcp {PUBLIC}:5432": "dropped",
            "tcp 10.8.0.12:5433": "dropped",
        },
    ),
    Fact(
        "in its own namespace a Service has its short name as well",
        [sidecar([IN_MESH], namespace="shared")],
        {"http web:80": WEB_HOST, "http web.shared:80": WEB_HOST},
        proxy=Proxy("shared", {"app": "idgen"}),
    ),
    Fact(
        "a Service's protocol is its appProtocol, else the first word of its port's name",
        [sidecar([IN_MESH])],
        {
            "http many.shared.svc.cluster.local:81": "allowed many.shared.svc.cluster.local",
            "tcp 10.8.0.40:81": "dropped",
            "http many.shared.svc.cluster.local:82": "dropped",
            "http many.shared.svc.cluster.local:83": "allowed many.shared.svc.cluster.local",
            "tcp 10.8.0.40:83": "dropped",
            "http many.shared.svc.cluster.local:84 @10.8.0.40": "allowed many.shared.svc.cluster.local",
            "tcp 10.8.0.40:84": "allowed many.shared.svc.cluster.local",
            "http2 many.shared.svc.cluster.local:85": "allowed many.shared.svc.cluster.local",
            "tls o.example:86 @10.8.0.40": "allowed many.shared.svc.cluster.local",
        },
        kubernetes=[
            service(
                "many",
                [
                    ("http", 81),
                    ("http-x", 82, "tcp"),
                    ("tcp-x", 83, "http"),
                    ("odd", 84),
                    ("grpc-web", 85),
                    ("tls", 86),
                ],
                clusterIP="10.8.0.40",
            )
        ],
    ),
    Fact(
        "a port of unknown protocol takes tcp and http of any host at its address, and only its names elsewhere",
        [sidecar([IN_MESH])],
        {
            "http o.example:9000 @10.8.0.40": "allowed odd.shared.svc.cluster.local",
            "tls o.example:9000 @10.8.0.40": "allowed odd.shared.svc.cluster.local",
            "tcp 10.8.0.40:9000": "allowed odd.shared.svc.cluster.local",
            "http odd.shared.svc.cluster.local:9000": "dropped",
            f"tcp {PUBLIC}:9000": "dropped",
        },
        kubernetes=[service("odd", [("odd", 9000)], clusterIP="10.8.0.40")],
    ),
    Fact(
        "a headless Service has its pods' addresses for tcp, its names for http, and its server name for tls nowhere else",
        [sidecar([IN_MESH])],
        {
            f"tcp {HEADLESS.endpoint}:9000": "allowed ring.shared.svc.cluster.local:9000 client",
            f"tcp {PUBLIC}:9000": "dropped",
            "http ring.shared.svc.cluster.local:8080": "allowed ring.shared.svc.cluster.local:8080 client",
            "http ring-0.ring.shared.svc.cluster.local:8080": "allowed ring.shared.svc.cluster.local",
            f"tls o.example:8443 @{HEADLESS.endpoint}": "allowed ring.shared.svc.cluster.local",
            "tls ring.shared.svc.cluster.local:8443": "dropped",
        },
        services=(HEADLESS,),
    ),
    Fact(
        "a headless Service without endpoints opens no tcp port",
        [sidecar([IN_MESH])],
        {
            "tcp 10.4.77.1:9000": "dropped",
            "http none.shared.svc.cluster.local:8080": "allowed none.shared.svc.cluster.local:8080 client",
        },
        kubernetes=[service("none", [("tcp", 9000), ("http", 8080)], clusterIP="None")],
    ),
    Fact(
        "a Service of the type ExternalName is another name of a registered host, for http",
        [
            entry("a.example", [(80, "HTTP"), (443, "TLS")]),
            sidecar(["*/*"]),
        ],
        {
            "http alias.shared.svc.cluster.local:80": "allowed a.example",
            "http alias.shared:80": "allowed a.example",
            "tls alias.shared.svc.cluster.local:443": "allowed a.example",
            "http a.example:80": "allowed a.example",
        },
        kubernetes=[service("alias", [("http", 80)], type="ExternalName", externalName="a.example")],
    ),
    Fact(
        "an alias counts only where it is listed for the namespace of the host it stands for",
        [
            entry("a.example", [(80, "HTTP")]),
            sidecar([IN_MESH, "./a.example"]),
        ],
        {"http alias.shared.svc.cluster.local:80": "502", "http a.example:80": "allowed a.example"},
        kubernetes=[service("alias", [("http", 80)], type="ExternalName", externalName="a.example")],
    ),
    Fact(
        "an alias that is listed for the namespace of the host it stands for counts, wherever its Service is",
        [
            entry("a.example", [(80, "HTTP")]),
            sidecar(["./alias.shared.svc.cluster.local", "./a.example"]),
        ],
        {"http alias.shared.svc.cluster.local:80": "allowed a.example"},
        kubernetes=[service("alias", [("http", 80)], type="ExternalName", externalName="a.example")],
    ),
    Fact(
        "an alias of what is not registered is nothing",
        [sidecar([IN_MESH])],
        {"http alias.shared.svc.cluster.local:80": "502", "tcp 9.9.9.9:80": "dropped"},
        kubernetes=[service("alias", [("http", 80)], type="ExternalName", externalName="a.example")],
    ),
    Fact(
        "a Service goes before an older entry for its host in a third namespace",
        [
            entry(
                "web.shared.svc.cluster.local",
                [(80, "HTTP"), (81, "HTTP")],
                "NONE",
                namespace="team-b",
                exportTo=["*"],
                metadata=OLD,
            ),
            sidecar(["*/*"]),
        ],
        {
            "http web.shared.svc.cluster.local:80": "allowed web.shared.svc.cluster.local:80 registry",
            "http web.shared.svc.cluster.local:81": "dropped",
        },
    ),
    Fact(
        "an entry for a Service's host in the Service's own namespace leaves its cluster to the Service",
        [
            entry(
                "web.shared.svc.cluster.local",
                [(80, "HTTP"), (81, "HTTP")],
                "NONE",
                namespace="shared",
                exportTo=["*"],
                metadata=OLD,
            ),
            sidecar(["*/*"]),
        ],
        {
            "http web.shared.svc.cluster.local:80": "allowed web.shared.svc.cluster.local:80 registry",
            "http web.shared.svc.cluster.local:81": "lost web.shared.svc.cluster.local:81",
        },
    ),
    Fact(
        "an entry of the own namespace shadows a Service with all its ports",
        [
            entry("db.shared.svc.cluster.local", [(443, "TLS")]),
            sidecar(["*/*"]),
        ],
        {"tls db.shared.svc.cluster.local:443": "allowed db.shared.svc.cluster.local", "tcp 10.8.0.12:5432": "dropped"},
    ),
    Fact(
        "a Service without selector leads wherever its endpoints say, and the in-mesh wildcard has it",
        [sidecar([IN_MESH])],
        {"tcp 10.8.0.41:443": "allowed out.shared.svc.cluster.local:443 registry", "tcp 203.0.113.50:443": "dropped"},
        kubernetes=[service("out", [("tcp", 443)], selector={}, clusterIP="10.8.0.41"), OUTSIDE],
    ),
]
