"""The three networks, and a process in one of them.

Nothing here cleans up: it all ends with the namespaces that `running` puts it in.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from envoy import world

RUN = Path("/run")
"""A file system in memory that only these namespaces see."""

CLIENT, WORLD = "client", "world"
RESOLVER = "10.99.2.2"
"""The world's side of its cable, where its DNS is asked."""

REDIRECTED_TO = 15001
_RESOLV_CONF = Path("/etc/resolv.conf")


class NetworkError(Exception):
    """A command that builds the networks failed; the message has its words."""


def build() -> None:
    """Make the networks, redirect what comes from the client, and let the world's DNS give names."""
    resolver = _RESOLV_CONF.resolve()
    _run("mount", "-t", "tmpfs", "egress", str(RUN))
    _name_server(resolver)
    _run("ip", "link", "set", "lo", "up")
    _cable(CLIENT, "10.99.1.1", "10.99.1.2")
    _cable(WORLD, "10.99.2.1", RESOLVER)
    _run("ip", "-n", CLIENT, "route", "add", "default", "via", "10.99.1.1")
    _run("ip", "route", "add", "default", "via", RESOLVER)
    for network in world.NETWORKS:
        _run("ip", "-n", WORLD, "route", "add", "local", str(network), "dev", "lo")
    redirect = ("-p", "tcp", "-j", "REDIRECT", "--to-ports", str(REDIRECTED_TO))
    _run("iptables", "-t", "nat", "-A", "PREROUTING", "-i", CLIENT, *redirect)


def inside(namespace: str, *command: str) -> tuple[str, ...]:
    """A command that runs in the client's or the world's network."""
    return ("nsenter", f"--net={RUN}/netns/{namespace}", *command)


def _cable(namespace: str, here: str, there: str) -> None:
    """A network namespace and its cable to this one; the cable's end here has the namespace's name."""
    _run("ip", "netns", "add", namespace)
    _run("ip", "link", "add", "name", namespace, "type", "veth", "peer", "name", "sidecar", "netns", namespace)
    _run("ip", "address", "add", f"{here}/30", "dev", namespace)
    _run("ip", "link", "set", namespace, "up")
    _run("ip", "-n", namespace, "address", "add", f"{there}/30", "dev", "sidecar")
    _run("ip", "-n", namespace, "link", "set", "sidecar", "up")
    _run("ip", "-n", namespace, "link", "set", "lo", "up")


def _name_server(resolver: Path) -> None:
    """Put the world's DNS where resolv.conf is; some systems keep that below /run, which is ours by now."""
    text = f"nameserver {RESOLVER}\noptions timeout:1 attempts:5\n"
    if resolver.is_relative_to(RUN):
        resolver.parent.mkdir(parents=True, exist_ok=True)
        resolver.write_text(text, encoding="ascii")
    else:
        ours = RUN / "resolv.conf"
        ours.write_text(text, encoding="ascii")
        _run("mount", "--bind", str(ours), str(resolver))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NetworkError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
