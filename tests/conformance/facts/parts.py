"""Manifests and Services that many facts share."""

from __future__ import annotations

from meshes import IN_MESH, entry
from policies import Service

WEB_CALL = "http web.shared.svc.cluster.local:80 @10.8.0.11"
WEB_HOST = "allowed web.shared.svc.cluster.local"
SECURE = Service("shared", "secure", "10.8.0.14", (("https", 443),))
PLAIN_443 = Service("shared", "plain", "10.8.0.16", (("http", 443),))
RING_443 = Service("shared", "ring", "", (("tcp", 443),))

A_TLS = entry("a.example", [(443, "TLS")])
B_TLS = entry("b.example", [(443, "TLS"), (8443, "TLS")])
A_HTTP = entry("a.example", [(80, "HTTP")])
B_HTTP = entry("b.example", [(80, "HTTP"), (8080, "HTTP")])
NET_443 = entry("net.invalid", [(443, "TCP")], "NONE", addresses=["203.0.113.0/24"])
NET_80 = entry("net.invalid", [(80, "TCP")], "NONE", addresses=["203.0.113.0/24"])
ONE_443 = entry("one.invalid", [(443, "TCP")], "NONE", addresses=["198.51.100.7"])
OLD, MID, NEW = ({"creationTimestamp": f"202{n}-01-01T00:00:00Z"} for n in (3, 4, 5))
A_ONLY = [IN_MESH, "./a.example"]
B_ONLY = [IN_MESH, "./b.example"]
A_YES = {"tls a.example:443": "allowed a.example", "tls b.example:443": "dropped"}
B_YES = {"tls a.example:443": "dropped", "tls b.example:443": "allowed b.example"}
