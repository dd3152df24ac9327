"""Acceptance: what Istio refuses of a ServiceEntry or a Sidecar, each thing at its place.

Restates ValidateServiceEntry and ValidateSidecar (pkg/config/validation/validation.go), and of the CRDs what Kubernetes
refuses first (manifests/charts/base/files/crd-all.gen.yaml): a key that is none of its own, a word that none of an enum.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from egresslang.existing.shapes import KEYS, Complaint, Path, strange_keys
from egresslang.mesh.addresses import parse_address, parse_network
from egresslang.mesh.protocols import KNOWN
from egresslang.mesh.read import RESOLUTIONS
from egresslang.record import record
from egresslang.suggest import nearest, one_of

SIDECAR_MODES = ("ALLOW_ANY", "REGISTRY_ONLY")
"""What a Sidecar may say; ALLOW_ANY_DYNAMIC_DNS is for the mesh alone."""

_DNS = ("DNS", "DNS_ROUND_ROBIN")
_SPECIAL_FOR_DYNAMIC = frozenset({"HTTP", "HTTP2", "GRPC", "TLS"})
_LABEL = re.compile(r"[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?")
_WILD_LABEL = re.compile(r"\*|(?:\*-?)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?")
_PROTOCOLS = ("HTTP", "HTTP2", "GRPC", "TLS", "HTTPS", "TCP", "MONGO", "REDIS", "MYSQL", "UDP")

Spec = Mapping[str, Any]


def refusals(kind: str, spec: Any, namespace: str) -> Iterator[Complaint]:
    """What is wrong with the `spec` of a manifest of a kind; nothing for kinds that are not judged."""
    judge = _JUDGES.get(kind)
    if judge is None:
        return
    if not isinstance(spec, dict):
        yield Complaint((), f"this {kind} has no `spec`", "nothing is said of it", "write its `spec`, or remove it")
        return
    complaints = list(strange_keys(spec, KEYS[kind]))
    yield from complaints or judge(spec, namespace)


def _service_entry(spec: Spec, namespace: str) -> Iterator[Complaint]:
    hosts, ports = spec.get("hosts") or (), spec.get("ports") or ()
    resolution, endpoints = spec.get("resolution") or "NONE", spec.get("endpoints") or ()
    if not hosts:
        yield Complaint(
            ("hosts",), "this ServiceEntry has no host", "a ServiceEntry is about hosts", "write its `hosts`"
        )
    for at, host in enumerate(hosts):
        if host == "*" or not is_host(host):
            yield Complaint(("hosts", at), f"`{host}` is no host", *_about_host(host))
    yield from _selector(spec)
    if spec.get("workloadSelector") is not None and spec.get("endpoints") is not None:
        yield Complaint(
            ("endpoints",),
            "it has `endpoints` and `workloadSelector`",
            "only one of them says where it leads",
            "leave one of them out",
        )
    if resolution not in RESOLUTIONS:
        yield _unknown(("resolution",), "resolution", str(resolution), sorted(RESOLUTIONS))
        return
    if spec.get("location") not in (None, "MESH_EXTERNAL", "MESH_INTERNAL"):
        yield _unknown(("location",), "location", str(spec["location"]), ("MESH_EXTERNAL", "MESH_INTERNAL"))
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
    yield from _export(spec, namespace)


def _port(path: Path, port: Spec, names: set[str], numbers: set[int]) -> Iterator[Complaint]:
    name, number = port.get("name") or "", port.get("number") or 0
    if not name:
        yield Complaint(
            (*path, "number"),
            f"port {number} has no name",
            "its endpoints name it",
            f"write `name: {(port.get('protocol') or 'port').lower()}-{number}`",
        )
    elif not _LABEL.fullmatch(name) or len(name) > 63:
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
    yield from _protocol(path, port)
    names.add(name)
    numbers.add(number)


def _protocol(path: Path, port: Spec) -> Iterator[Complaint]:
    protocol = port.get("protocol") or ""
    if protocol and protocol.upper() not in KNOWN:
        yield _unknown((*path, "protocol"), "protocol", protocol, _PROTOCOLS)


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
            if (port.get("protocol") or "").upper() not in _SPECIAL_FOR_DYNAMIC:
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
            if not 0 < number < 65536:
                yield Complaint(
                    (*path, "ports", name),
                    f"{number} is no port",
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
            if (port.get("protocol") or "").upper() not in (
                "HTTP",
                "HTTP2",
                "GRPC",
                "GRPC-WEB",
                "HTTP_PROXY",
                "TLS",
                "HTTPS",
            ):
                yield Complaint(
                    ("ports", at, "number"),
                    f"port {port.get('number')} cannot tell {len(self.hosts)} hosts apart",
                    "nothing that is said here names the host",
                    "write a ServiceEntry for each host",
                )
                return


def _export(spec: Spec, namespace: str) -> Iterator[Complaint]:
    said = spec.get("exportTo") or ()
    seen: set[str] = set()
    for at, each in enumerate(said):
        key = namespace if each == "." else each
        if key in seen:
            yield Complaint(
                ("exportTo", at), f"`{each}` is exported to twice", "another entry means the same", "remove it"
            )
        elif each not in ("*", ".", "~") and not (_LABEL.fullmatch(each) and len(each) < 64):
            yield Complaint(
                ("exportTo", at),
                f"`{each}` is no namespace",
                "expected a namespace, `.`, `*` or `~`",
                "write such as `.`",
            )
        elif each in ("*", "~") and len(said) > 1:
            yield Complaint(
                ("exportTo", at),
                f"`{each}` stands beside other namespaces",
                "everyone" if each == "*" else "no one",
                "write it alone, or leave it out",
            )
        seen.add(key)


def _selector(spec: Spec) -> Iterator[Complaint]:
    labels = (spec.get("workloadSelector") or {}).get("labels") or {}
    for key, value in labels.items():
        if not key:
            yield Complaint(
                ("workloadSelector", "labels", key), "a label has no key", "an empty one", "write the key of a label"
            )
        elif "*" in key or "*" in str(value):
            yield Complaint(
                ("workloadSelector", "labels", key),
                "a selector knows no wildcards",
                "compared as it is written",
                "write the label's whole value",
            )


def _sidecar(spec: Spec, namespace: str) -> Iterator[Complaint]:
    egress, policy = spec.get("egress") or (), spec.get("outboundTrafficPolicy")
    if not egress and policy is None and not any(spec.get(key) for key in ("ingress", "inboundConnectionPool")):
        yield Complaint(
            (),
            "this Sidecar says nothing",
            "neither `egress` nor an outbound policy",
            "write its `egress`, or remove it",
        )
    yield from _selector(spec)
    numbers: set[int] = set()
    for at, listener in enumerate(egress):
        hosts, port = listener.get("hosts") or (), listener.get("port")
        if not hosts:
            yield Complaint(
                ("egress", at, "hosts"),
                "a listener lists no host",
                "at least one is expected",
                'write `hosts: ["~/*"]` where nothing is meant',
            )
        for index, text in enumerate(hosts):
            yield from _entry(("egress", at, "hosts", index), text)
        if port is None:
            if at < len(egress) - 1:
                yield Complaint(
                    ("egress", at, "hosts"),
                    "a listener without port is not the last",
                    "it is for all other ports",
                    "move it to the end",
                )
            continue
        number = port.get("number") or 0
        if number in numbers and number:
            yield Complaint(
                ("egress", at, "port", "number"),
                f"two listeners have port {number}",
                "another one has it",
                "put their hosts into one",
            )
        numbers.add(number)
        bind = listener.get("bind") or ""
        if bind and number and parse_address(bind) is None:
            yield Complaint(
                ("egress", at, "bind"),
                f"`{bind}` is no address",
                "expected one to listen on",
                "write such as `127.0.0.1`, or leave it out",
            )
        if port.get("name") and not (_LABEL.fullmatch(port["name"]) and len(port["name"]) < 64):
            yield Complaint(
                ("egress", at, "port", "name"),
                f"`{port['name']}` is no name of a port",
                "expected letters, digits and `-`",
                "write such as `tls-443`",
            )
        yield from _protocol(("egress", at, "port"), port)
        if not 0 <= number < 65536 or (not number and not (listener.get("bind") or "").startswith("unix://")):
            yield Complaint(
                ("egress", at, "port", "number"),
                f"{number} is no port",
                "expected 1 to 65535",
                "write the port that clients dial",
            )
        if port.get("targetPort"):
            yield Complaint(
                ("egress", at, "port", "targetPort"),
                "`targetPort` means nothing in a Sidecar",
                "of a ServiceEntry it does",
                "leave it out",
            )
    if policy is not None:
        yield from _policy(policy)


def _entry(path: Path, text: str) -> Iterator[Complaint]:
    where, slash, host = text.partition("/")
    if not slash or not host or not where:
        yield Complaint(
            path,
            f"`{text}` names no namespace",
            "expected `namespace/host`",
            f'write `"./{text.strip("/")}"`, or the namespace of its ServiceEntry for `.`',
        )
        return
    bare = where.removeprefix("~")
    if bare not in ("", "*", ".") and not (_LABEL.fullmatch(bare) and len(bare) < 64):
        yield Complaint(
            path,
            f"`{where}` is no namespace",
            "expected a namespace, `.` or `*`",
            "write the namespace of its ServiceEntry",
        )
    elif host != "*" and ("." not in host or not is_host(host) or (host.startswith("*") and not host.startswith("*."))):
        yield Complaint(
            path,
            f"`{host}` is no host that a Sidecar may list",
            "expected a whole name, `*.suffix` or `*`",
            "write the host as its ServiceEntry or Service has it",
        )


def _policy(policy: Spec) -> Iterator[Complaint]:
    mode = policy.get("mode") or "REGISTRY_ONLY"
    if mode == "ALLOW_ANY_DYNAMIC_DNS":
        yield Complaint(
            ("outboundTrafficPolicy", "mode"),
            f"a Sidecar may not say {mode}",
            "a mode of the whole mesh",
            "write it in meshConfig, or ALLOW_ANY here",
        )
    elif mode not in SIDECAR_MODES:
        yield _unknown(("outboundTrafficPolicy", "mode"), "mode", str(mode), SIDECAR_MODES)
    elif policy.get("egressProxy") is not None and mode != "ALLOW_ANY":
        yield Complaint(
            ("outboundTrafficPolicy", "egressProxy"),
            f"`egressProxy` goes with no {mode}",
            "it takes what is let through",
            "write `mode: ALLOW_ANY`, or leave it out",
        )
    elif policy.get("egressProxy") is not None:
        yield from _proxy(policy["egressProxy"])


def _proxy(proxy: Spec) -> Iterator[Complaint]:
    path, host = ("outboundTrafficPolicy", "egressProxy"), proxy.get("host") or ""
    if not is_name(str(host)):
        yield Complaint(
            (*path, "host"), f"`{host}` is no host of a proxy", "expected a whole name", "write the name of its Service"
        )
    if not isinstance(proxy.get("port"), dict):
        yield Complaint(
            (*path, "port"), "`egressProxy` names no port", "its host alone is not enough", "write `port: {number: …}`"
        )


def is_name(host: str) -> bool:
    """Whether a text is a name as Istio takes them: labels of letters, digits and `-`, the last one no number, or a dot at its end."""
    labels = host.removesuffix(".").split(".")
    is_number = labels[-1].isdecimal() and not host.endswith(".")
    return 0 < len(host) < 256 and not is_number and all(_LABEL.fullmatch(each) and len(each) < 64 for each in labels)


def is_host(host: str) -> bool:
    """Whether a text is a name or a wildcard, which may be one in part."""
    first, dot, rest = host.partition(".")
    return (
        0 < len(host) < 256
        and bool(_WILD_LABEL.fullmatch(first))
        and len(first) < 64
        and (not dot or rest == "" or is_name(rest))
    )


def _about_host(host: str) -> tuple[str, str]:
    if "://" in host:
        return "a URL", f"write the name alone: `{host.partition('://')[2].partition('/')[0].partition(':')[0]}`"
    if host == "*":
        return "every host there is", "name the hosts; `mode: ALLOW_ANY` is what lets everything pass"
    name, colon, port = host.rpartition(":")
    if colon and port.isdecimal():
        return "a host with a port", f"write `{name}`, and the port under `ports`"
    if parse_address(host) is not None:
        return "an address", "write a name here, and the address under `addresses`"
    if "_" in host:
        return "`_` stands in no name that Istio takes", "write the name as DNS has it"
    return "expected a name such as `api.example.com`, or `*.example.com`", "write the name as DNS has it"


def _unknown(path: Path, what: str, word: str, known: Any) -> Complaint:
    near = nearest(word, known)
    return Complaint(
        path,
        f"unknown {what} `{word}`",
        f"expected {one_of(known)}",
        f"write `{near}`" if near else f"write {one_of(known)}",
    )


_JUDGES = {"ServiceEntry": _service_entry, "Sidecar": _sidecar}
