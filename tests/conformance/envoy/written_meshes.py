"""Meshes of manifests that are written by hand: modes, servers that speak first, and what nobody should write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshes import IN_MESH, ROOT, entry, sidecar

from envoy.setting import Client, Setting, written
from envoy.world import CLOSED_PORT, STRANGER

_A_TLS = entry("a.example", [(443, "TLS")])
_GONE = entry("gone.example", [(80, "HTTP"), (443, "TLS")])
_BY_NETWORK = entry("net.invalid", [(3306, "TCP")], "NONE", addresses=["203.0.113.0/24"])
_BY_ADDRESS = entry("one.invalid", [(3306, "TCP")], "NONE", addresses=["198.51.100.7"])
_TLS_3306 = entry("db.example", [(3306, "TLS")])
_HTTP_3306 = entry("db.example", [(3306, "HTTP")])
_INBOUND_POLICY = """---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: inbound, namespace: team-a}
spec: {rules: [{from: [{source: {namespaces: [team-a]}}]}]}
"""
_SECOND = {"name": "second", "labels": {"rule": "2"}, "creationTimestamp": "2026-01-02T00:00:00Z"}
"""Of two entries of the same second, which one wins is random."""


def _idgen(calls: Mapping[str, str]) -> tuple[Client, ...]:
    return (Client("team-a", "idgen", calls),)


def mistakes() -> Iterator[Setting]:
    """Manifests that nobody should write, and names that do not resolve."""
    yield Setting(
        "names that do not resolve",
        written(_GONE, sidecar([IN_MESH, "./gone.example"]), ROOT),
        _idgen(
            {
                "http gone.example:80": "allowed gone.example, 503",
                "tls gone.example:443": "allowed gone.example, dropped",
            }
        ),
    )
    yield Setting(
        "an upstream that is not there",
        written(entry("a.example", [(CLOSED_PORT, "HTTP")]), sidecar([IN_MESH, "./a.example"]), ROOT),
        _idgen({f"http a.example:{CLOSED_PORT}": "allowed a.example, 503"}),
    )
    yield Setting(
        "two entries of one host with other labels",
        written(
            entry("a.example", [(80, "HTTP")], metadata={"creationTimestamp": "2026-01-01T00:00:00Z"}),
            entry("a.example", [(8080, "HTTP"), (8443, "TLS")], metadata=_SECOND),
            sidecar([IN_MESH, "./a.example", "./*.invalid"]),
            ROOT,
        ),
        _idgen(
            {
                "http a.example:80": "allowed a.example, answer a.example:80",
                "http a.example:8080": "lost, 503",
                "tls a.example:8443": "lost, dropped",
            }
        ),
    )
    yield Setting(
        "a host in upper case",
        written(entry("A.example", [(80, "HTTP")]), sidecar([IN_MESH, "./*"]), ROOT),
        _idgen({"http a.example:80": "lost, 503", "http A.example:80": "lost, 503"}),
    )
    yield Setting(
        "plain TCP without an address",
        written(entry("db.example", [(5432, "TCP")], "NONE"), sidecar([IN_MESH, "./db.example"]), ROOT),
        _idgen(
            {
                f"tcp {STRANGER}:5432": f"allowed db.example, answer {STRANGER}:5432",
                f"tcp {STRANGER}:9000": "dropped",
            }
        ),
    )
    yield Setting(
        "a TCP port of a Sidecar",
        written(_A_TLS, sidecar(((443, "TCP"), [IN_MESH, "./a.example"]), [IN_MESH]), ROOT),
        _idgen({"tls b.example:443": "allowed a.example, answer a.example:443"}),
    )
    yield Setting(
        "a wildcard without resolution",
        written(
            entry("*.x.example", [(80, "HTTP"), (443, "TLS")], "NONE"),
            sidecar([IN_MESH, "./*.x.example"]),
            ROOT,
        ),
        _idgen(
            {
                "http api.x.example:80": "allowed *.x.example, answer api.x.example:80",
                f"http api.x.example:80 @{STRANGER}": f"allowed *.x.example, answer {STRANGER}:80",
                f"tls api.x.example:443 @{STRANGER}": f"allowed *.x.example, answer {STRANGER}:443",
                "tls a.example:443": "dropped",
            }
        ),
    )
    yield Setting(
        "a wildcard by TLS under an inbound AuthorizationPolicy",
        written(
            entry("*.x.example", [(80, "HTTP"), (443, "TLS")], "DYNAMIC_DNS"),
            sidecar([IN_MESH, "./*.x.example"]),
            ROOT,
            _INBOUND_POLICY,
        ),
        _idgen(
            {
                "http api.x.example:80": "allowed *.x.example, answer api.x.example:80",
                "tls api.x.example:443": "refused, dropped",
            }
        ),
    )


def servers_that_speak_first() -> Iterator[Setting]:
    """Servers that speak first: what has to look at the client's first bytes waits for them for ever."""
    to_network, to_address = "tcp 203.0.113.7:3306 waits", "tcp 198.51.100.7:3306 waits"
    listed = sidecar([IN_MESH, "./net.invalid", "./one.invalid", "./db.example"])
    yield Setting(
        "servers that speak first",
        written(_BY_NETWORK, _BY_ADDRESS, listed, ROOT),
        _idgen(
            {
                to_network: "allowed net.invalid, answer 203.0.113.7:3306",
                to_address: "allowed one.invalid, answer 198.51.100.7:3306",
                f"tcp {STRANGER}:3306 waits": "dropped",
            }
        ),
    )
    yield Setting(
        "servers that speak first on a port with a TLS entry",
        written(_BY_NETWORK, _BY_ADDRESS, _TLS_3306, listed, ROOT),
        _idgen(
            {
                to_network: "hangs",
                to_address: "allowed one.invalid, answer 198.51.100.7:3306",
                f"tcp {STRANGER}:3306 waits": "hangs",
                "tcp 203.0.113.7:3306": "allowed net.invalid, answer 203.0.113.7:3306",
            }
        ),
    )
    yield Setting(
        "servers that speak first on a port with a TLS entry and a time limit",
        written(_BY_NETWORK, _TLS_3306, listed, ROOT, protocolDetectionTimeout="0.1s"),
        _idgen({to_network: "hangs"}),
    )
    yield Setting(
        "servers that speak first on a port with an http entry and a time limit",
        written(_BY_NETWORK, _HTTP_3306, listed, ROOT, protocolDetectionTimeout="0.1s"),
        _idgen({to_network: "allowed net.invalid, answer 203.0.113.7:3306", "tcp 203.0.114.7:3306 waits": "dropped"}),
    )


def modes() -> Iterator[Setting]:
    """Where a Sidecar and the mesh differ."""
    yield Setting(
        "an open workload in a locked mesh",
        written(_A_TLS, sidecar([IN_MESH, "./a.example"], mode="ALLOW_ANY"), ROOT),
        (
            Client(
                "team-a",
                "idgen",
                {
                    "tls a.example:443": "allowed a.example, answer a.example:443",
                    "tls b.example:443": "passed-through, answer b.example:443",
                    "http b.example:80": "passed-through, answer b.example:80",
                },
            ),
            Client("team-a", "other", {"tls a.example:443": "dropped", "tls b.example:443": "dropped"}),
        ),
    )
    yield Setting(
        "an empty outboundTrafficPolicy in an open mesh",
        written(sidecar([IN_MESH], mode=""), mode="ALLOW_ANY"),
        (
            Client("team-a", "idgen", {"http b.example:80": "502", "tls b.example:443": "dropped"}),
            Client("team-a", "other", {"tls b.example:443": "passed-through, answer b.example:443"}),
        ),
    )
    yield Setting(
        "TLS and a network on one port",
        written(
            _A_TLS,
            entry("net.invalid", [(443, "TCP")], "NONE", addresses=["203.0.113.0/24"]),
            sidecar([IN_MESH, "./a.example", "./net.invalid"]),
            ROOT,
        ),
        _idgen(
            {
                "tls a.example:443": "allowed a.example, answer a.example:443",
                "tls b.example:443": "dropped",
                "tls b.example:443 @203.0.113.7": "allowed net.invalid, answer 203.0.113.7:443",
                "tls -:443 @203.0.113.7": "allowed net.invalid, answer 203.0.113.7:443",
            }
        ),
    )
