"""A compiler no cluster would want and nobody can doubt: every kind of pod gets a namespace of entries of its own.

It reads the structures, as the oracle does, and shares nothing with egresslang. Where oracle, judge and reference
agree, a disagreement with the real compiler is the compiler's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from ipaddress import collapse_addresses, ip_network

from asking import Proxy
from oracle import HTTP, Meaning, Pod, covers
from policies import Addressed, Internet, Named, Network, Port, RandomPolicy

KINDS = {"http": "HTTP", "http2": "HTTP2", "grpc": "GRPC", "tls": "TLS"}
NOT_INTERNET = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
]


def manifests(policy: RandomPolicy) -> str:
    """The policy as ServiceEntries, Sidecars and an IstioOperator."""
    cluster = policy.cluster
    documents: list[dict[str, object]] = []
    kinds = [(Pod(Proxy(one.namespace, dict(one.labels)), one), one.name) for one in cluster.workloads]
    kinds += [(Pod(Proxy(namespace), None), "default") for namespace in (*cluster.namespaces, cluster.root)]
    for number, (pod, name) in enumerate(kinds):
        meaning = Meaning(policy, pod)
        shelf = f"shelf-{number}"
        documents += _entries(meaning, shelf)
        spec: dict[str, object] = {
            "outboundTrafficPolicy": {"mode": "ALLOW_ANY" if meaning.open else "REGISTRY_ONLY"},
            "egress": [{"hosts": sorted({*_in_mesh(policy, pod), f"{shelf}/*"})}],
        }
        if pod.workload is not None:
            spec["workloadSelector"] = {"labels": dict(pod.workload.selector or pod.workload.labels)}
        documents.append(_manifest("Sidecar", pod.proxy.namespace, name, spec))
    mode = "REGISTRY_ONLY" if cluster.enforcement == "mesh" else "ALLOW_ANY"
    mesh_config = {"rootNamespace": cluster.root, "outboundTrafficPolicy": {"mode": mode}}
    written = [json.dumps(document) for document in documents]
    written.append(f"kind: IstioOperator\nspec: {json.dumps({'meshConfig': mesh_config})}")
    return "".join(f"---\n{document}\n" for document in written)


def _in_mesh(policy: RandomPolicy, pod: Pod) -> list[str]:
    lines = [line for line in policy.meshes if any(covers(source, pod) for source in line.sources)]
    kept = [service for line in lines for service in line.services]
    listed = [f"{namespace}/{'*' if name == '*' else name}.{namespace}.svc.cluster.local" for namespace, name in kept]
    return listed or list(policy.cluster.in_mesh)


def _entries(meaning: Meaning, shelf: str) -> list[dict[str, object]]:
    old = meaning.policy.cluster.version < "1.30"
    named: dict[tuple[str, tuple[Network, ...], bool], set[Port]] = {}
    to_one: dict[str, set[Port]] = {}
    resolved: dict[str, set[Port]] = {}
    raw: dict[int, set[Network]] = {}
    for one in meaning.destinations:
        if isinstance(one, Internet):
            whole = [ip_network(network) for network in ("0.0.0.0/0", "2000::/3")[: len(one.versions)]]
            holes = [*map(ip_network, NOT_INTERNET), *one.holes]
            raw.setdefault(one.port.number, set()).update(minus(whole, holes))
        elif isinstance(one, Named):
            for port in one.ports:
                if (port.protocol in KINDS and (one.dialled or not one.addresses)) or (
                    port.protocol in HTTP and len(one.addresses) == 1 and one.addresses[0].num_addresses == 1
                ):
                    named.setdefault((one.host, one.addresses, one.dialled), set()).add(port)
                elif one.addresses:
                    raw.setdefault(port.number, set()).update(one.addresses)
                else:
                    resolved.setdefault(one.host, set()).add(port)
        elif isinstance(one, Addressed):
            for port in one.ports:
                if port.protocol in HTTP and one.networks[0].num_addresses == 1:
                    to_one.setdefault(str(one.networks[0].network_address), set()).add(port)
                else:
                    raw.setdefault(port.number, set()).update(minus(one.networks, one.holes))
    specs: list[dict[str, object]] = []
    for (host, known, dialled), ports in named.items():
        wild = ("NONE" if old else "DYNAMIC_DNS") if host.startswith("*") else "STATIC" if known else "DNS"
        where: dict[str, object] = {}
        if known:
            homes = [str(network.network_address) for network in known]
            where["endpoints"] = [{"address": home} for home in homes]
            where |= {} if dialled else {"addresses": homes}
        specs.append({"hosts": [host], "resolution": wild, "ports": _ports(ports), **where})
    for address, ports in to_one.items():
        host = f"one-{re.sub('[^0-9a-f]+', '-', address)}.invalid"
        where = {"addresses": [address], "endpoints": [{"address": address}]}
        specs.append({"hosts": [host], "resolution": "STATIC", "ports": _ports(ports), **where})
    for number, networks in raw.items():
        addresses = [
            str(one.network_address) if one.num_addresses == 1 else str(one)
            for version in (4, 6)
            for one in collapse_addresses(network for network in networks if network.version == version)
        ]
        if addresses:
            ports = {Port(number, "tcp")}
            specs.append(
                {
                    "hosts": [f"raw-{number}.invalid"],
                    "resolution": "NONE",
                    "ports": _ports(ports),
                    "addresses": addresses,
                }
            )
    plain = len(specs)
    specs += [{"hosts": [host], "resolution": "DNS", "ports": _ports(ports)} for host, ports in resolved.items()]
    documents: list[dict[str, object]] = []
    for number, spec in enumerate(specs):
        about = {"exportTo": ["*"], "location": "MESH_EXTERNAL", **spec}
        labels = {} if number >= plain else {"networking.istio.io/enable-autoallocate-ip": "false"}
        documents.append(_manifest("ServiceEntry", shelf, f"entry-{number}", about, labels))
    return documents


def _ports(ports: Iterable[Port]) -> list[dict[str, object]]:
    by_number = {port.number: KINDS.get(port.protocol, "TCP") for port in ports}
    return [{"number": n, "name": f"{p.lower()}-{n}", "protocol": p} for n, p in sorted(by_number.items())]


def _manifest(
    kind: str, namespace: str, name: str, spec: dict[str, object], labels: dict[str, str] | None = None
) -> dict[str, object]:
    metadata = {"name": name, "namespace": namespace, "labels": labels or {}}
    return {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def minus(networks: Iterable[Network], holes: Iterable[Network]) -> list[Network]:
    """The networks without the holes, as networks."""
    left = list(networks)
    for hole in holes:
        kept: list[Network] = []
        for one in left:
            if one.version != hole.version or not one.overlaps(hole):
                kept.append(one)
            elif not one.subnet_of(hole):
                kept += one.address_exclude(hole)
        left = kept
    return left
