"""`egressc analyze` beside `istioctl analyze`, over the same file, in the same run: `python bench/analyze.py [--quick]`.

The mesh is a valid one: a Sidecar and a Pod for every ten ServiceEntries, in a hundred namespaces; neither finds anything.
Whole commands are measured, by turns: processor time and wall time, and the most memory they take. istioctl is built by
`make judge`, and asked about all namespaces.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median
from tempfile import TemporaryDirectory

from children import ENVIRONMENT, ROOT, machine, milliseconds, table

ISTIOCTL = os.path.join(ROOT, "tests", "conformance", "judge", "bin", "istioctl")
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


def measured(command: Sequence[str]) -> tuple[float, float, int]:
    """Processor time and wall time of a command in seconds, and the most memory it took in KiB."""
    started = time.perf_counter()
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        assert child.stderr is not None
        said = child.stderr.read().decode()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command[0]} ended with {child.returncode}: {said}")
    return used.ru_utime + used.ru_stime, time.perf_counter() - started, used.ru_maxrss


def commands(path: str) -> dict[str, list[str]]:
    """What is measured; istioctl only where it is built."""
    found = {"egressc analyze": [sys.executable, "-m", "egresslang", "analyze", path]}
    if os.access(ISTIOCTL, os.X_OK):
        found["istioctl analyze"] = [ISTIOCTL, "analyze", "--use-kube=false", "--all-namespaces", path]
    return found


def rows(size: int, runs: int) -> list[list[str]]:
    """A line for each command."""
    with TemporaryDirectory() as folder:
        path = os.path.join(folder, "mesh.yaml")
        text = mesh(size)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        chosen = commands(path)
        results: dict[str, list[tuple[float, float, int]]] = {name: [] for name in chosen}
        for _ in range(runs):
            for name, command in chosen.items():
                results[name].append(measured(command))
    middle = {name: [median(each[at] for each in found) for at in range(3)] for name, found in results.items()}
    peer = middle.get("istioctl analyze")
    return [
        [
            name,
            f"{size:,}",
            f"{len(text) / 1024:,.0f}",
            milliseconds(cpu),
            milliseconds(wall),
            f"{peak / 1024:.0f}",
            f"{wall / peer[1]:.2f}" if peer else "",
        ]
        for name, (cpu, wall, peak) in middle.items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="egressc analyze beside istioctl analyze, over the same file.")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES), metavar="ENTRIES")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one run of each")
    options = parser.parse_args(arguments)
    print(f"Milliseconds, medians of {1 if options.quick else options.runs}; {machine()}\n")
    headings = ["command", "ServiceEntries", "KiB", "cpu ms", "wall ms", "peak MiB", "wall ÷ istioctl"]
    found = [row for size in options.sizes for row in rows(size, 1 if options.quick else options.runs)]
    print(table(headings, found))
    if not os.access(ISTIOCTL, os.X_OK):
        print(f"istioctl is not built at {ISTIOCTL}: `make judge` builds it")


if __name__ == "__main__":
    main()
