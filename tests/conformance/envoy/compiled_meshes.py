"""Meshes that egressc compiles from policies of more workloads, protocols and kinds of destinations."""

from __future__ import annotations

from collections.abc import Iterator

from meshes import DB, WEB

from envoy.setting import WEB_ANSWERS, WEB_CALL, Client, Setting, compiled
from envoy.world import NAMES, STRANGER

_SHOP = """
namespace shop
allow web -> {a.example:443 tls, b.example:8443 tls}
allow worker -> 203.0.113.0/24:5432 tcp except {203.0.113.9}
allow worker -> 198.51.100.7:3306 mysql
allow worker -> 198.51.100.8:80 http
allow crawler -> *.x.example:443 tls
allow browser -> *.x.example:80 http
"""
_SHOP_PROFILE = """
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: shop}
spec:
  istio: {version: "1.31", outboundTrafficPolicy: REGISTRY_ONLY}
  enforcement: mesh
  namespaces:
    shop:
      workloads:
        web: {labels: {app: web}}
        worker: {labels: {app: worker}}
        crawler: {labels: {app: crawler}}
        browser: {labels: {app: browser}}
"""


def shop() -> Iterator[Setting]:
    """Four workloads of one namespace, as egressc compiles them."""
    yield Setting(
        "a shop",
        compiled(_SHOP, _SHOP_PROFILE, WEB, DB),
        (
            Client(
                "shop",
                "web",
                {
                    "tls a.example:443": "allowed a.example, answer a.example:443",
                    f"tls a.example:443 @{STRANGER}": "allowed a.example, answer a.example:443",
                    f"tls b.example:443 @{NAMES['a.example']}": "dropped",
                    "tls A.example:443": "allowed a.example, answer a.example:443",
                    "tls b.example:443": "dropped",
                    "tls b.example:8443": "allowed b.example, answer b.example:8443",
                    "tls a.example:8443": "dropped",
                    "tls -:443": "dropped",
                    f"tls -:443 @{NAMES['a.example']}": "dropped",
                    "http a.example:443": "dropped",
                    "http a.example:80": "502",
                    "tls q.x.example:443": "dropped",
                    "tcp 203.0.113.7:5432": "dropped",
                    WEB_CALL: WEB_ANSWERS,
                },
            ),
            Client(
                "shop",
                "worker",
                {
                    "tcp 203.0.113.7:5432": "allowed 203-0-113-0-24.tcp-5432.egressc.invalid, answer 203.0.113.7:5432",
                    "tls a.example:5432 @203.0.113.8": "allowed 203-0-113-0-24.tcp-5432.egressc.invalid, answer 203.0.113.8:5432",
                    "tcp 203.0.113.9:5432": "dropped",
                    "tcp 203.0.113.7:9000": "dropped",
                    f"tcp {STRANGER}:5432": "dropped",
                    "tcp 198.51.100.7:3306 waits": "allowed 198-51-100-7.tcp-3306.egressc.invalid, answer 198.51.100.7:3306",
                    "tcp 198.51.100.9:3306 waits": "dropped",
                    "http 198.51.100.8:80 @198.51.100.8": "allowed 198-51-100-8.http-80.egressc.invalid, answer 198.51.100.8:80",
                    f"http 198.51.100.8:80 @{STRANGER}": "allowed 198-51-100-8.http-80.egressc.invalid, answer 198.51.100.8:80",
                    "http example.com:80 @198.51.100.8": "502",
                    "tls a.example:443": "dropped",
                    f"tcp {DB.address}:5432": f"allowed {DB.host}, answer {DB.endpoint}:5432",
                },
            ),
            Client(
                "shop",
                "crawler",
                {
                    "tls api.x.example:443": "allowed *.x.example, answer api.x.example:443",
                    "tls deep.q.x.example:443": "allowed *.x.example, answer deep.q.x.example:443",
                    f"tls q.x.example:443 @{STRANGER}": "allowed *.x.example, answer q.x.example:443",
                    "tls gone.x.example:443": "allowed *.x.example, dropped",
                    "tls x.example:443": "dropped",
                    "tls a.example:443": "dropped",
                    "tls -:443": "dropped",
                    "tls api.x.example:8443": "dropped",
                    "http api.x.example:80": "502",
                },
            ),
            Client(
                "shop",
                "browser",
                {
                    "http api.x.example:80": "allowed *.x.example, answer api.x.example:80",
                    f"http q.x.example:80 @{STRANGER}": "allowed *.x.example, answer q.x.example:80",
                    "http q.x.example:8080:80": "allowed *.x.example, answer q.x.example:8080",
                    "http gone.x.example:80": "allowed *.x.example, 503",
                    "http x.example:80": "502",
                    "http api.x.example:8080": "dropped",
                    "tls api.x.example:443": "dropped",
                },
            ),
        ),
    )


_OFFICE = """
namespace office
allow * -> example.com:80 http
allow web -> a.example:443 tls
allow admin -> a.example:{443 tls, 8443 tls}
allow crawler -> *.x.example:443 tls
allow reader -> api.x.example:443 tls
allow scanner -> internet:443 tls reason="checks sites"
allow sandbox -> * reason="experiments"
allow shy -> b.example:80 http
mesh shy -> shared/db
"""
_OFFICE_PROFILE = """
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: office}
spec:
  istio: {version: "1.31", outboundTrafficPolicy: REGISTRY_ONLY}
  enforcement: mesh
  networks: {pods: [10.4.0.0/16], services: [10.8.0.0/16], nodes: [10.0.0.0/20]}
  namespaces:
    office:
      workloads:
        web: {labels: {app: web}}
        admin: {labels: {app: admin}}
        crawler: {labels: {app: crawler}}
        reader: {labels: {app: reader}}
        scanner: {labels: {app: scanner}}
        sandbox: {labels: {app: sandbox}}
        shy: {labels: {app: shy}}
"""
_FOR_ALL = {"http example.com:80": "allowed example.com, answer example.com:80", WEB_CALL: WEB_ANSWERS}


def office() -> Iterator[Setting]:
    """What takes more than a list of hosts, as egressc compiles it."""
    allowed_a = "allowed a.example, answer a.example:443"
    by_network = "allowed internet.tcp-443.egressc.invalid"
    yield Setting(
        "an office",
        compiled(_OFFICE, _OFFICE_PROFILE, WEB, DB),
        (
            Client(
                "office",
                "web",
                {
                    **_FOR_ALL,
                    "tls a.example:443": allowed_a,
                    "tls a.example:8443": "dropped",
                    "tls b.example:443": "dropped",
                    "http b.example:80": "502",
                },
            ),
            Client(
                "office",
                "admin",
                {
                    "tls a.example:443": allowed_a,
                    "tls a.example:8443": "allowed a.example, answer a.example:8443",
                    "tls b.example:8443": "dropped",
                },
            ),
            Client(
                "office",
                "crawler",
                {
                    "tls api.x.example:443": "allowed api.x.example, answer api.x.example:443",
                    "tls q.x.example:443": "allowed *.x.example, answer q.x.example:443",
                    "tls a.example:443": "dropped",
                },
            ),
            Client(
                "office",
                "reader",
                {
                    "tls api.x.example:443": "allowed api.x.example, answer api.x.example:443",
                    "tls q.x.example:443": "dropped",
                },
            ),
            Client(
                "office",
                "scanner",
                {
                    **_FOR_ALL,
                    "tls httpbin.org:443": f"{by_network}, answer httpbin.org:443",
                    f"tls httpbin.org:443 @{STRANGER}": f"{by_network}, answer {STRANGER}:443",
                    f"http -:443 @{STRANGER}": f"{by_network}, answer {STRANGER}:443",
                    "tls httpbin.org:443 @203.0.113.7": "dropped",
                    "tls httpbin.org:443 @10.4.9.9": "dropped",
                    "tls httpbin.org:8443": "dropped",
                },
            ),
            Client(
                "office",
                "sandbox",
                {
                    **_FOR_ALL,
                    "tls b.example:443": "passed-through, answer b.example:443",
                    f"tcp {STRANGER}:9000": f"passed-through, answer {STRANGER}:9000",
                },
            ),
            Client(
                "office",
                "shy",
                {
                    "http example.com:80": "allowed example.com, answer example.com:80",
                    "http b.example:80": "allowed b.example, answer b.example:80",
                    f"tcp {DB.address}:5432": f"allowed {DB.host}, answer {DB.endpoint}:5432",
                    WEB_CALL: "502",
                },
            ),
            Client("elsewhere", "web", {**_FOR_ALL, "tls a.example:443": "dropped", "http b.example:80": "502"}),
        ),
    )


_RPC = """
namespace rpc
allow caller -> a.example:8080 grpc
allow caller -> b.example:80 http
"""
_RPC_PROFILE = """
apiVersion: egresslang.dev/v1
kind: ClusterProfile
metadata: {name: rpc}
spec:
  istio: {outboundTrafficPolicy: REGISTRY_ONLY}
  enforcement: mesh
  namespaces: {rpc: {workloads: {caller: {labels: {app: caller}}}}}
"""


def rpc() -> Iterator[Setting]:
    """HTTP/2 without TLS, and gRPC, which is told of a failure in an answer with status 200."""
    yield Setting(
        "http2 and gRPC",
        compiled(_RPC, _RPC_PROFILE, WEB),
        (
            Client(
                "rpc",
                "caller",
                {
                    "http2 a.example:8080": "allowed a.example, answer a.example:8080",
                    f"http2 a.example:8080 @{STRANGER} grpc": "allowed a.example, answer a.example:8080",
                    "http2 b.example:8080": "502",
                    "http2 b.example:8080 grpc": "502, 200",
                    "http2 b.example:80": "allowed b.example, answer b.example:80",
                    "http2 a.example:9000": "dropped",
                    "http a.example:8080": "allowed a.example, answer a.example:8080",
                },
            ),
            Client("rpc", "other", {"http2 a.example:8080": "dropped", "http2 b.example:80 grpc": "502, 200"}),
        ),
    )
