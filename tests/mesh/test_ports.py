"""Which port of a service a number is."""

from __future__ import annotations

import json

import pytest
from asking import Case
from meshes import entry
from modelled import mesh_of

DNS = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "dns", "namespace": "team-a"},
    "spec": {
        "ports": [
            {"port": 53, "name": "dns", "protocol": "UDP"},
            {"port": 53, "name": "dns-tcp", "protocol": "TCP"},
            {"port": 514, "name": "syslog", "protocol": "UDP"},
        ]
    },
}
MESH = mesh_of(Case("ports", "{}", entry("a.example", [(80, "HTTP"), (443, "TLS")]), f"---\n{json.dumps(DNS)}", (), ()))


@pytest.mark.parametrize(
    ("host", "number", "name"),
    [
        ("dns.team-a.svc.cluster.local", 53, "dns-tcp"),
        ("dns.team-a.svc.cluster.local", 514, ""),
        ("a.example", 80, "http-80"),
        ("a.example", 443, "tls-443"),
        ("a.example", 53, ""),
    ],
)
def test_a_port_is_found_by_its_number_unless_it_is_udp(host: str, number: int, name: str) -> None:
    (service,) = [each for each in MESH.registry().services if each.host == host]
    port = service.port(number)
    assert (port.name if port else "") == name
