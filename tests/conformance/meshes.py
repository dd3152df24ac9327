"""Short ways to write a small mesh by hand, and to say what is asked of it.

A call is written `http api.example.com:80`, `tls api.example.com:443 @203.0.113.9` (the address dialled, a public
one when unsaid), or `tcp 203.0.113.9:5432`. A word `+h2` is the ALPN of a tls client, and `resolved` one that asks
the proxy's DNS for the name and dials the address it gets. A verdict is written `allowed HOST` (the registered host that took it),
`lost`, `passed-through`, `502`, `404` or `dropped`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from asking import Answer, Call, Case, Judge, Proxy, Verdict
from policies import Service, kubernetes

PUBLIC = "93.184.216.34"
IN_MESH = "*/*.svc.cluster.local"
WEB = Service("shared", "web", "10.8.0.11", (("http", 80),))
DB = Service("shared", "db", "10.8.0.12", (("tcp-pg", 5432),))

Ports = Sequence[tuple[int, str] | Mapping[str, object]]


def entry(host: str, ports: Ports, resolution: str = "DNS", *, namespace: str = "team-a", **spec: object) -> str:
    """A ServiceEntry of the recipe's form; `metadata` adds to its metadata, `status` is its status.

    A port is (number, protocol) or a whole one; `version` is that of the API, and what is None is left out.
    """
    name = host.replace("*", "any").replace(".", "-").lower()
    metadata = {"name": name, "namespace": namespace, **spec.pop("metadata", {})}
    status, version = spec.pop("status", None), spec.pop("version", "v1")
    written = [_port(*port) if isinstance(port, tuple) else port for port in ports]
    body = {
        "hosts": [host],
        "exportTo": ["."],
        "location": "MESH_EXTERNAL",
        "resolution": resolution,
        "ports": written,
        **spec,
    }
    said = {key: value for key, value in body.items() if value is not None}
    return _manifest("ServiceEntry", metadata, said, status, version)


def _port(number: int, protocol: str) -> Mapping[str, object]:
    port = {"number": number, "name": f"{protocol.lower() or 'port'}-{number}"}
    return {**port, "protocol": protocol} if protocol else port


def sidecar(
    *listeners: Sequence[str] | tuple[tuple[int, str], Sequence[str]],
    mode: str | None = "REGISTRY_ONLY",
    app: str | None = "idgen",
    namespace: str = "team-a",
    **spec: object,
) -> str:
    """A Sidecar; a listener is a list of hosts, or ((number, protocol), hosts).

    `app` None leaves the selector out, `mode` None leaves the policy out and empty writes an empty one; whatever else
    is given goes into its spec, but for `metadata`, which adds to its metadata, and `version`, that of its API.
    """
    metadata = {"name": app or "default", "namespace": namespace, **spec.pop("metadata", {})}
    version = spec.pop("version", "v1")
    egress = []
    for one in listeners:
        if isinstance(one, tuple):
            (number, protocol), hosts = one
            port = {"number": number, "name": f"{protocol.lower()}-{number}", "protocol": protocol}
            egress.append({"port": port, "hosts": list(hosts)})
        else:
            egress.append({"hosts": list(one)})
    body: dict[str, object] = dict(spec)
    if egress:
        body["egress"] = egress
    if app is not None and "workloadSelector" not in spec:
        body["workloadSelector"] = {"labels": {"app": app} if app else {}}
    if mode is not None and "outboundTrafficPolicy" not in spec:
        body["outboundTrafficPolicy"] = {"mode": mode} if mode else {}
    return _manifest("Sidecar", metadata, body, version=version)


def manifest(kind: str, name: str, namespace: str, spec: Mapping[str, object], **metadata: object) -> str:
    """Any other resource of Istio's networking."""
    return _manifest(kind, {"name": name, "namespace": namespace, **metadata}, spec)


def _manifest(
    kind: str,
    metadata: Mapping[str, object],
    spec: Mapping[str, object],
    status: object = None,
    version: object = "v1",
) -> str:
    document = {"apiVersion": f"networking.istio.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}
    if status is not None:
        document["status"] = status
    return f"---\n{json.dumps(document)}\n"


ROOT = sidecar([IN_MESH], app=None, namespace="istio-system")
"""Everyone else: in-mesh only."""


def ask(
    judge: Judge,
    manifests: Sequence[str],
    calls: Sequence[str],
    *,
    mode: str = "REGISTRY_ONLY",
    proxy: Proxy | None = None,
    services: Sequence[Service] = (WEB, DB),
) -> Answer:
    """The judge's answer to the calls of one proxy: app idgen of team-a when unsaid."""
    mesh_config = json.dumps({"outboundTrafficPolicy": {"mode": mode}, "rootNamespace": "istio-system"})
    asking = proxy or Proxy("team-a", {"app": "idgen"})
    case = Case(
        "hand-written", mesh_config, "".join(manifests), kubernetes(services), (asking,), tuple(map(call, calls))
    )
    return judge.ask(case)


def call(text: str) -> Call:
    """A call as it is written."""
    protocol, target, *words = text.split()
    name, _, port = target.rpartition(":")
    if protocol == "tcp":
        return Call(0, name.strip("[]"), int(port), protocol, via=name if "resolved" in words else "")
    address = next((word[1:] for word in words if word.startswith("@")), PUBLIC)
    alpn = next((word[1:] for word in words if word.startswith("+")), "")
    return Call(0, address, int(port), protocol, name, alpn, name if "resolved" in words else "")


def said(verdict: Verdict) -> str:
    """A verdict as it is written."""
    if verdict.verdict == "allowed":
        return f"allowed {verdict.host}"
    return verdict.sees if verdict.verdict == "blocked" else verdict.verdict
