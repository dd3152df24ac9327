"""What a run could leave behind: processes, and network namespaces that a mount keeps alive."""

from __future__ import annotations

from pathlib import Path

VARIABLE = "EGRESS_ENVOY_RUN"
"""Every process of a run has this in its environment, with the run's token."""


def processes(token: str) -> list[str]:
    """The commands that run with the token of a run."""
    mark = f"{VARIABLE}={token}".encode()
    return [command for folder in Path("/proc").glob("[0-9]*") if (command := _marked(folder, mark))]


def network_namespaces() -> list[str]:
    """Where a network namespace is mounted, which keeps it alive without a process in it."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return sorted(line.split()[4] for line in mounts if " - nsfs " in line)


def _marked(folder: Path, mark: bytes) -> str:
    """The command of a process with the mark; empty for others, those of other users, and those that just ended."""
    try:
        if mark not in (folder / "environ").read_bytes().split(b"\0"):
            return ""
        return (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""
