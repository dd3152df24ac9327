"""Inside: which registered hosts are of the mesh itself, and no egress."""

from __future__ import annotations

from egresslang.policy.policy import ANY, Policy
from egresslang.profile.profile import ClusterProfile

EXTERNAL, INTERNAL = "MESH_EXTERNAL", "MESH_INTERNAL"
"""Where a ServiceEntry says that its hosts are; outside where it says nothing."""


def in_mesh_hosts(policy: Policy, profile: ClusterProfile) -> tuple[str, ...]:
    """Names and wildcards of the mesh itself; a Service goes by its short name in telemetry, too."""
    listed = {host for hosts in (profile.in_mesh, *policy.mesh.values()) for host in hosts}
    names = {entry.rpartition("/")[2] for entry in listed} | hosts_of_entries(profile, INTERNAL)
    cluster = f"*.{profile.cluster_domain}"
    return (cluster, *sorted(name for name in names if name != ANY and not covers(cluster, name)))


def hosts_of_entries(profile: ClusterProfile, location: str) -> set[str]:
    """The hosts of ServiceEntries that stand in the cluster already."""
    entries = [each.spec for each in profile.resources if each.kind == "ServiceEntry"]
    said = [each.get("hosts") or () for each in entries if (each.get("location") or EXTERNAL) == location]
    return {host for hosts in said for host in hosts if isinstance(host, str)}


def covers(pattern: str, host: str) -> bool:
    """Whether a name or wildcard has a host or all of a wildcard."""
    return host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]))
