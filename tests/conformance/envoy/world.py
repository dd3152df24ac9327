"""What is outside of the mesh: names with their addresses, and networks that answer."""

from __future__ import annotations

from ipaddress import IPv4Network

NETWORKS = tuple(
    map(IPv4Network, ("93.184.216.0/24", "198.51.100.0/24", "203.0.113.0/24", "10.4.0.0/16", "10.8.0.0/16"))
)
"""Every address of these answers on every port of `PORTS`; the last two are the cluster's own pods and Services."""

STRANGER = "93.184.216.34"
"""An address that no name has."""

NAMES = {
    "httpbin.org": "93.184.216.10",
    "www.httpbin.org": "93.184.216.11",
    "example.com": "93.184.216.12",
    "a.example": "93.184.216.13",
    "b.example": "93.184.216.14",
    "api.x.example": "93.184.216.15",
    "q.x.example": "93.184.216.16",
    "deep.q.x.example": "93.184.216.17",
    "x.example": "93.184.216.18",
    "db.example": "93.184.216.19",
}
"""What DNS knows; each name has an address of its own, so that an answer says which name was reached."""

GREETING_PORTS = (25, 3306)
"""Ports where the server speaks first."""

PORTS = (80, 443, 5432, 8080, 8443, 9000, *GREETING_PORTS)
"""Ports that somebody listens on; http, TLS and plain TCP are told apart by what the client says first."""

CLOSED_PORT = 81
"""A port that nobody listens on."""
