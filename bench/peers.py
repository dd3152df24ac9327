"""What egressc is measured beside, each from its registry in an environment of its own below `build/bench`.

`python bench/peers.py` installs them: aerleon and network-config-analyzer from PyPI, kubeconform by `go install`. istioctl
is that of `make judge`. What cannot be installed is said in the tables. `python bench/peers.py --shade [--quick]` measures
what each makes of rules that could cover one another.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from tempfile import TemporaryDirectory

from children import PLAIN, ROOT, Failed, Late, Table, cost, table
from environment import installed
from shapes import address, case, profile

FOLDER = os.path.join(ROOT, "build", "bench")
ISTIOCTL = os.path.join(ROOT, "tests", "conformance", "judge", "bin", "istioctl")
PACKAGES = {
    "aerleon": ("aerleon==1.18.0", "aclgen"),
    "network-config-analyzer": ("network-config-analyzer==2.1.0", "nca"),
}
"""Peers of PyPI: what is installed, and the program that is run."""
KUBECONFORM = "github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0"

SCHEMAS = ("-schema-location", os.path.join(ROOT, "schemas", "{{.ResourceKind}}.schema.json"))
"""Where kubeconform finds what we emit."""

SIZES = (1_000, 10_000)
LIMIT = 60.0
"""Seconds that one check for rules that cover others may take."""


def program(name: str) -> str:
    """The path of a peer's program; empty where it is not installed."""
    if name == "istioctl":
        path = ISTIOCTL
    elif name in PACKAGES:
        path = os.path.join(FOLDER, name, "bin", PACKAGES[name][1])
    else:
        path = os.path.join(FOLDER, name)
    return path if os.access(path, os.X_OK) else ""


def version(name: str) -> str:
    """The version of a peer that is installed, else that it is not."""
    if not program(name):
        return "not installed here"
    if name in PACKAGES:
        return PACKAGES[name][0].partition("==")[2]
    if name == "kubeconform":
        return KUBECONFORM.partition("@v")[2]
    with open(os.path.join(ROOT, "tests", "conformance", "judge", "go.mod"), encoding="utf-8") as file:
        return next(line.split()[1] for line in file if line.strip().startswith("istio.io/istio "))


def install() -> None:
    """Install what is missing; what cannot be is told on standard error."""
    os.makedirs(FOLDER, exist_ok=True)
    for name, (package, _) in PACKAGES.items():
        if not program(name):
            folder = os.path.join(FOLDER, name)
            venv.create(folder, with_pip=True, symlinks=True)
            pip = [
                os.path.join(folder, "bin", "python"),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ]
            _tried(name, [*pip, package], PLAIN)
    if not program("kubeconform"):
        _tried("kubeconform", ["go", "install", KUBECONFORM], PLAIN | {"GOBIN": FOLDER})


def _tried(name: str, command: Sequence[str], environment: dict[str, str]) -> None:
    try:
        subprocess.run(command, env=environment, check=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as problem:
        sys.stderr.write(f"{name} cannot be installed: {problem}\n")
        shutil.rmtree(os.path.join(FOLDER, name), ignore_errors=True)


# Rules that could cover one another: each allows one workload another network on port 443


def _of_egressc(folder: str, size: int, egressc: Sequence[str]) -> list[str]:
    rules = [f"allow app-0 -> {address(at)}/28:443 tcp" for at in range(size)]
    for name, text in zip(
        ("policy.egress", "profile.yaml"), case({"team": rules}, profile({"team": ["app-0"]})), strict=True
    ):
        _write(folder, name, text)
    return [*egressc, "check", "policy.egress", "-p", "profile.yaml"]


def _of_aerleon(folder: str, size: int, _: Sequence[str]) -> list[str]:
    networks = "".join(f"  NET_{at}:\n    values:\n      - address: {address(at)}/28\n" for at in range(size))
    _write(
        folder, "def/net.yaml", f'networks:\n{networks}services:\n  HTTPS:\n    - protocol: tcp\n      port: "443"\n'
    )
    terms = "".join(
        f"      - name: term-{at}\n        destination-address: NET_{at}\n        destination-port: HTTPS\n"
        "        protocol: tcp\n        action: accept\n"
        for at in range(size)
    )
    _write(
        folder,
        "in/pol/team.yaml",
        f"filters:\n  - header:\n      targets:\n        speedway: OUTPUT DROP\n    terms:\n{terms}",
    )
    return [
        *(program("aerleon"), "--shade_check", "--base_directory", "in", "--definitions_directory", "def"),
        *("--output_directory", "."),
    ]


def _of_analyzer(folder: str, size: int, _: Sequence[str]) -> list[str]:
    rules = "".join(
        f"  - to: [{{ipBlock: {{cidr: {address(at)}/28}}}}]\n    ports: [{{protocol: TCP, port: 443}}]\n"
        for at in range(size)
    )
    _write(
        folder,
        "np.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: egress, namespace: team}\nspec:\n"
        f"  podSelector: {{matchLabels: {{app: app-0}}}}\n  policyTypes: [Egress]\n  egress:\n{rules}",
    )
    _write(folder, "pods.yaml", PODS.format(namespace="team", app="app-0"))
    return [program("network-config-analyzer"), "--sanity", "np.yaml", "-r", "pods.yaml"]


PODS = """\
apiVersion: v1
kind: Namespace
metadata: {{name: {namespace}, labels: {{team: {namespace}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: {app}, namespace: {namespace}, labels: {{app: {app}}}}}
spec:
  containers: [{{name: main, image: example/app}}]
status: {{podIP: 10.0.0.1, hostIP: 10.0.0.2}}
"""
"""A cluster of one pod, for network-config-analyzer."""


def _write(folder: str, name: str, text: str) -> None:
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


CHECKS: dict[str, tuple[str, Callable[[str, int, Sequence[str]], list[str]]]] = {
    "egressc check": ("", _of_egressc),
    "aerleon's aclgen --shade_check": ("aerleon", _of_aerleon),
    "network-config-analyzer --sanity": ("network-config-analyzer", _of_analyzer),
}
"""What looks for rules that others cover: the peer that it is of, and the command that a size of policy is given to."""


def shade(egressc: Sequence[str], sizes: Sequence[int] = SIZES, limit: float = LIMIT) -> Table:
    """What each takes to look for rules that others cover."""
    rows = []
    for name, (peer, command) in CHECKS.items():
        cells, costs = [], []
        for size in sizes:
            told = "not installed" if peer and not program(peer) else "not tried" if len(costs) < len(cells) else ""
            with TemporaryDirectory() as folder:
                try:
                    if not told:
                        costs.append(cost(command(folder, size, egressc), folder=folder, limit=limit).cpu)
                        told = f"{costs[-1]:.2f}"
                except Late:
                    told = f"more than {limit:.0f}"
                except Failed:
                    told = "fails"
            cells.append(told)
        grown = f"{costs[-1] / costs[-2]:.1f}" if len(costs) == len(sizes) > 1 else ""
        rows.append([name, *cells, grown])
    return Table(
        "Rules that cover one another",
        "Seconds of processor time to look for redundant rules among so many networks that one workload may reach, none of "
        f"which covers another; whole commands, egressc compiling and proving the policy too. Each has {limit:.0f} seconds; "
        "what did not end is not tried with more rules.",
        ["command", *(f"{size:,} rules" for size in sizes), "× for 10 × rules"],
        rows,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Install, or measure and print."""
    parser = argparse.ArgumentParser(description="Install what egressc is measured beside, or measure it.")
    parser.add_argument("--shade", action="store_true", help="look for rules that cover one another")
    parser.add_argument("--quick", action="store_true", help="only the smaller size")
    options = parser.parse_args(arguments)
    install()
    if options.shade:
        with installed() as egressc:
            print(shade(egressc, SIZES[:1] if options.quick else SIZES).show())
    else:
        rows = [[name, version(name)] for name in ("istioctl", "kubeconform", *PACKAGES)]
        print(table(["peer", "version"], rows))


if __name__ == "__main__":
    main()
