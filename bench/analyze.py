"""`egressc analyze` beside `istioctl analyze`, over the same file, in the same run: `python bench/analyze.py [--quick]`.

The mesh is a valid one: a Sidecar and a Pod for every ten ServiceEntries, in a hundred namespaces; neither finds anything.
Whole commands are measured, by turns: processor time and wall time, and the most memory they take. istioctl is built by
`make judge`, and asked about all namespaces; kubeconform (`peers.py`) looks at shapes alone.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from tempfile import TemporaryDirectory

import peers
from children import Table, by_turns, milliseconds
from environment import installed

SIZES = (1_000, 10_000)

ENTRY = """\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: host-{at}
  namespace: {namespace}
  labels:
    app.kubernetes.io/part-of: shop
spec:
  hosts:
  - h{at}.example.com
  exportTo:
  - "."
  location: MESH_EXTERNAL
  resolution: DNS
  ports:
  - number: 443
    name: tls-443
    protocol: TLS
"""
SIDECAR = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata:
  name: app-{at}
  namespace: {namespace}
spec:
  workloadSelector:
    labels:
      app: app-{at}
  outboundTrafficPolicy:
    mode: REGISTRY_ONLY
  egress:
  - hosts:
    - "*/*.svc.cluster.local"
{hosts}"""
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: app-{at}
  namespace: {namespace}
  labels:
    app: app-{at}
spec:
  containers:
  - name: main
    image: example/app
  - name: istio-proxy
    image: istio/proxyv2
"""


def mesh(size: int) -> str:
    """A valid mesh of so many ServiceEntries, a multiple of ten, as YAML."""
    namespaces = min(100, size // 10)
    parts = [ENTRY.format(at=at, namespace=f"team-{at // 10 % namespaces}") for at in range(size)]
    for at in range(size // 10):
        namespace = f"team-{at % namespaces}"
        hosts = "".join(f'    - "./h{at * 10 + each}.example.com"\n' for each in range(10))
        parts.append(SIDECAR.format(at=at, namespace=namespace, hosts=hosts))
        parts.append(POD.format(at=at, namespace=namespace))
    return "---\n".join(parts)


def commands(egressc: Sequence[str], path: str) -> dict[str, list[str]]:
    """What is measured; of the peers those that are installed."""
    found = {"egressc analyze": [*egressc, "analyze", path]}
    if program := peers.program("istioctl"):
        found["istioctl analyze"] = [program, "analyze", "--use-kube=false", "--all-namespaces", path]
    if program := peers.program("kubeconform"):
        found["kubeconform"] = [program, "-skip", "Pod", *peers.SCHEMAS, path]
    return found


def rows(egressc: Sequence[str], size: int, runs: int) -> list[list[str]]:
    """A line for each command."""
    with TemporaryDirectory() as folder:
        path = os.path.join(folder, "mesh.yaml")
        text = mesh(size)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        taken = by_turns(commands(egressc, path), runs)
    peer = taken.get("istioctl analyze")
    return [
        [
            name,
            f"{size:,}",
            f"{len(text) / 1024:,.0f}",
            milliseconds(cost.cpu),
            milliseconds(cost.wall),
            f"{cost.peak:.0f}",
            f"{cost.wall / peer.wall:.2f}" if peer else "",
        ]
        for name, cost in taken.items()
    ]


def section(egressc: Sequence[str], sizes: Sequence[int], runs: int) -> Table:
    """All sizes."""
    return Table(
        "Manifests of others",
        "Milliseconds of whole commands over a valid mesh of so many ServiceEntries, a Sidecar and a Pod for every ten, medians "
        f"of {runs}. kubeconform compares shapes with schemas and passes the Pods over; it judges nothing else.",
        ["command", "ServiceEntries", "KiB", "cpu ms", "wall ms", "peak MiB", "wall ÷ istioctl"],
        [row for size in sizes for row in rows(egressc, size, runs)],
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="egressc analyze beside istioctl analyze, over the same file.")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES), metavar="ENTRIES")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one run of each")
    options = parser.parse_args(arguments)
    with installed() as egressc:
        print(section(egressc, options.sizes, 1 if options.quick else options.runs).show())
    if not peers.program("istioctl"):
        print(f"istioctl is not built at {peers.ISTIOCTL}: `make judge` builds it")


if __name__ == "__main__":
    main()
