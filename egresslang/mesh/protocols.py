"""Protocols as istiod tells them apart (pkg/config/protocol/instance.go, pkg/config/kube/conversion.go)."""

from __future__ import annotations

UNSET = ""
"""No protocol, or none that is known: the sidecar sniffs what the client speaks."""

HTTP = frozenset({"HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY"})
TLS = frozenset({"TLS", "HTTPS"})
TCP = TLS | {"TCP", "MONGO", "REDIS", "MYSQL"}
KNOWN = HTTP | TCP | {"UDP"}

ALONE = frozenset({"MONGO", "MYSQL"})
"""Protocols that share a listener with no other: the second one on a port is dropped in silence."""

DYNAMIC = frozenset({"HTTP", "HTTP2", "GRPC", "TLS"})
"""Protocols for which a wildcard of DYNAMIC_DNS gets a cluster (pilot/pkg/networking/core/cluster.go)."""

_APP_PROTOCOLS = {"kubernetes.io/h2c": "HTTP2", "kubernetes.io/ws": "HTTP", "kubernetes.io/wss": "HTTPS"}
_RAW_PORTS = frozenset({25, 53, 3306, 27017})
"""Ports of a Service that are TCP when nothing names a protocol: sniffing would break what listens there."""


def parse(text: str) -> str:
    """A protocol in capitals; UNSET for what istiod does not know."""
    name = text.upper()
    return name if name in KNOWN else UNSET


def of_service_port(number: int, name: str, transport: str, app_protocol: str) -> str:
    """The protocol of a port of a Kubernetes Service: its appProtocol, else the first word of its name."""
    if transport == "UDP":
        return "UDP"
    said = app_protocol or name
    if app_protocol in _APP_PROTOCOLS:
        return _APP_PROTOCOLS[app_protocol]
    if said.lower().startswith("grpc-web"):
        return "GRPC-WEB"
    found = parse(said.partition("-")[0])
    return "TCP" if found == UNSET and number in _RAW_PORTS else found
