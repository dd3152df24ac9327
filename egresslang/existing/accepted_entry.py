"""Accepted entries: what Istio refuses of a ServiceEntry (ValidateServiceEntry, pkg/config/validation/validation.go), at its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from egresslang.existing.shapes import Complaint, Path
from egresslang.existing.words import (
    Spec,
    about_host,
    exports_of,
    is_host,
    is_label,
    is_name,
    protocol_of,
    selector_of,
    unknown,
)
from egresslang.mesh.addresses import parse_address, parse_network
from egresslang.mesh.read import RESOLUTIONS
from egresslang.record import record
from egresslang.suggest import one_of

_DNS = ("DNS", "DNS_ROUND_ROBIN")
_DYNAMIC = frozenset({"HTTP", "HTTP2", "GRPC", "TLS"})
_TELLS_HOSTS_APART = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY", "TLS", "HTTPS")


def of_entry(spec: Spec, namespace: str) -> Iterator[Complaint]:
    """Everything that is wrong with the `spec` of a ServiceEntry, whose keys and types are as they should be."""
    hosts, ports = spec.get("hosts") or (), spec.get("ports") or ()
    resolution, endpoints = spec.get("resolution") or "NONE", spec.get("endpoints") or ()
    if not hosts:
        yield Complaint(
            ("hosts",), "this ServiceEntry has no host", "a ServiceEntry is about hosts", "write its `hosts`"
        )
    for at, host in enumerate(hosts):
        if host == "*" or not is_host(host):
            yield Complaint(("hosts", at), f"`{host}` is no host", *about_host(host))
    yield from selector_of(spec)
    if spec.get("workloadSelector") is not None and spec.get("endpoints") is not None:
        yield Complaint(
            ("endpoints",),
            "it has `endpoints` and `workloadSelector`",
            "only one of them says where it leads",
            "leave one of them out",
        )
    if resolution not in RESOLUTIONS:
        yield unknown(("resolution",), "resolution", str(resolution), sorted(RESOLUTIONS))
        return
    if spec.get("location") not in (None, "MESH_EXTERNAL", "MESH_INTERNAL"):
        yield unknown(("location",), "location", str(spec["location"]), ("MESH_EXTERNAL", "MESH_INTERNAL"))
    for at, address in enumerate(spec.get("addresses") or ()):
        if parse_network(address) is None:
            yield Complaint(
                ("addresses", at),
                f"`{address}` is no address",
                "neither an address nor a network",
                "write such as `203.0.113.7` or `203.0.113.0/24`",
            )
        elif "/" in address and resolution not in ("NONE", "STATIC"):
            yield Complaint(
                ("addresses", at),
                f"a network goes with no resolution of {resolution}",
                "of many addresses",
                "write `resolution: NONE`, which passes on what the client dialled",
            )
    names: set[str] = set()
    numbers: set[int] = set()
    for at, port in enumerate(ports):
        yield from _port(("ports", at), port, names, numbers)
    yield from _Resolution(
        hosts, ports, resolution, endpoints, bool(spec.get("addresses")), frozenset(names)
    ).complaints()
    yield from exports_of(spec, namespace, may_hide=True)


def _port(path: Path, port: Spec, names: set[str], numbers: set[int]) -> Iterator[Complaint]:
    name, number = port.get("name") or "", port.get("number") or 0
    if not name:
        yield Complaint(
            (*path, "number"),
            f"port {number} has no name",
            "its endpoints name it",
            f"write `name: {(port.get('protocol') or 'port').lower()}-{number}`",
        )
    elif not is_label(name):
        yield Complaint(
            (*path, "name"),
            f"`{name}` is no name of a port",
            "expected letters, digits and `-`",
            "write such as `tls-443`",
        )
    if not 0 < number < 65536:
        yield Complaint(
            (*path, "number"), f"{number} is no port", "expected 1 to 65535", "write the port that clients dial"
        )
    if name and name in names:
        yield Complaint(
            (*path, "name"), f"two ports are called `{name}`", "the name of another one", "give each its own name"
        )
    if number in numbers:
        yield Complaint(
            (*path, "number"), f"port {number} is given twice", "the number of another one", "remove one of them"
        )
    target = port.get("targetPort")
    if target is not None and not 0 < target < 65536:
        yield Complaint(
            (*path, "targetPort"),
            f"{target} is no port",
            "expected 1 to 65535",
            "write the port it leads to, or leave it out",
        )
    yield from protocol_of(path, port)
    names.add(name)
    numbers.add(number)


@record
class _Resolution:
    """What a resolution asks of the rest of a ServiceEntry."""

    hosts: Any
    ports: Any
    resolution: str
    endpoints: Any
    has_addresses: bool
    names: frozenset[str]

    def complaints(self) -> Iterator[Complaint]:
        """What does not go with it."""
        if self.resolution == "NONE" and self.endpoints:
            yield Complaint(
                ("endpoints",),
                "`resolution: NONE` takes no `endpoints`",
                "the client's address is taken",
                "leave them out, or write `resolution: STATIC`",
            )
            return
        if self.resolution == "DNS_ROUND_ROBIN" and len(self.endpoints) > 1:
            yield Complaint(
                ("endpoints",),
                "`resolution: DNS_ROUND_ROBIN` takes one endpoint",
                f"{len(self.endpoints)} of them",
                "write `resolution: DNS`",
            )
        if self.resolution == "DYNAMIC_DNS":
            yield from self._dynamic()
        elif self.resolution in _DNS and not self.endpoints:
            yield from self._resolved()
        for at, endpoint in enumerate(self.endpoints):
            yield from self._endpoint(at, endpoint)
        if self.resolution != "NONE" and len(self.hosts) > 1:
            yield from self._told_apart()

    def _dynamic(self) -> Iterator[Complaint]:
        for at, host in enumerate(self.hosts):
            if not host.startswith("*"):
                yield Complaint(
                    ("hosts", at),
                    "`resolution: DYNAMIC_DNS` takes wildcards alone",
                    "no wildcard",
                    "write `resolution: DNS`",
                )
        if self.has_addresses or self.endpoints:
            key = "addresses" if self.has_addresses else "endpoints"
            yield Complaint(
                (key,),
                f"`resolution: DYNAMIC_DNS` takes no `{key}`",
                "the sidecar resolves the name itself",
                "leave them out",
            )
        for at, port in enumerate(self.ports):
            if (port.get("protocol") or "").upper() not in _DYNAMIC:
                yield Complaint(
                    ("ports", at, "protocol"),
                    f"`resolution: DYNAMIC_DNS` takes no `{port.get('protocol') or 'port without protocol'}`",
                    "nothing here says the name",
                    "write HTTP, HTTP2, GRPC or TLS",
                )

    def _resolved(self) -> Iterator[Complaint]:
        for at, host in enumerate(self.hosts):
            if host.startswith("*") and host != "*":
                yield Complaint(
                    ("hosts", at),
                    f"the wildcard `{host}` cannot be resolved",
                    f"`resolution: {self.resolution}` asks DNS for it",
                    "write `resolution: DYNAMIC_DNS`, or name the hosts",
                )

    def _endpoint(self, at: int, endpoint: Spec) -> Iterator[Complaint]:
        address, path = endpoint.get("address") or "", ("endpoints", at)
        if address.startswith("unix://"):
            yield from self._socket((*path, "address"), address)
            return
        if not address:
            if not endpoint.get("network") or self.resolution != "STATIC":
                yield Complaint(path, "an endpoint has no address", "it leads nowhere", "write its `address`")
        elif parse_address(address) is None and (self.resolution == "STATIC" or not is_name(address)):
            expected = "an address" if self.resolution == "STATIC" else "an address or a name"
            yield Complaint(
                (*path, "address"),
                f"`{address}` is no endpoint",
                f"expected {expected}",
                "write `resolution: DNS` for names" if is_name(address) else f"write {expected}",
            )
        for name, number in (endpoint.get("ports") or {}).items():
            if name not in self.names:
                yield Complaint(
                    (*path, "ports", name),
                    f"no port is called `{name}`",
                    "a port of this ServiceEntry is meant",
                    f"write {one_of(sorted(self.names))}" if self.names else "remove it",
                )
            if number is None or not 0 < number < 65536:
                yield Complaint(
                    (*path, "ports", name),
                    f"{'nothing' if number is None else number} is no port",
                    "expected 1 to 65535",
                    "write the port of the endpoint",
                )

    def _socket(self, path: Path, address: str) -> Iterator[Complaint]:
        if self.resolution != "STATIC":
            yield Complaint(
                path,
                f"a socket goes with no resolution of {self.resolution}",
                "no name to resolve",
                "write `resolution: STATIC`",
            )
        elif address[7:8] not in ("/", "@") or address.endswith("/"):
            yield Complaint(
                path, f"`{address}` is no socket", "expected an absolute path", "write such as `unix:///run/app.sock`"
            )
        elif len(self.names) != 1:
            yield Complaint(
                path,
                f"a socket goes with one port, and there are {len(self.names)}",
                "it is one of them",
                "write one port",
            )

    def _told_apart(self) -> Iterator[Complaint]:
        for at, port in enumerate(self.ports):
            if (port.get("protocol") or "").upper() not in _TELLS_HOSTS_APART:
                yield Complaint(
                    ("ports", at, "number"),
                    f"port {port.get('number')} cannot tell {len(self.hosts)} hosts apart",
                    "nothing that is said here names the host",
                    "write a ServiceEntry for each host",
                )
                return
