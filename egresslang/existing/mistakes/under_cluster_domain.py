"""EGR618 under-cluster-domain: a ServiceEntry of outside endpoints whose host ends like those of the cluster's Services."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import to_port
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, finding
from egresslang.mesh.resources import ServiceEntry

CODE = codes.UNDER_CLUSTER_DOMAIN


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each such host: who lists the mesh alone imports it with the rest."""
    inside = f".svc.{inspected.config.cluster_domain}"
    for entry in inspected.resources.service_entries:
        for at, host in enumerate(entry.hosts):
            if (
                not host.endswith(inside)
                or entry.internal
                or not entry.ports
                or _is_of_the_cluster(inspected, entry, host)
            ):
                continue
            asked = to_port(inspected, entry.origin.namespace, {}, entry, host, entry.ports[0])
            yield finding(
                CODE, place(entry.origin, "spec", "hosts", at), f"`{host}` looks like a Service of the cluster",
                f"imported by every list that has `*/*{inside}`", notes=asked.notes,
                help="give it a name of its own, such as its name outside; `location: MESH_INTERNAL` is for what is in the mesh",
            )  # fmt: skip


def _is_of_the_cluster(inspected: Inspected, entry: ServiceEntry, host: str) -> bool:
    """Whether an entry resolves a name of the cluster itself, says nothing of a place outside, and takes no Service's place.

    So Istio's own page on TLS origination declares a server of the cluster that has no sidecar.
    """
    held = inspected.mesh.registry().by_host.get(host, {})
    manifest = entry.origin.manifest_span
    is_outside = manifest is not None and manifest.get("spec", "location") is not None
    resolves = entry.resolution.startswith("DNS") and not entry.endpoints
    return resolves and not is_outside and not any(each.kubernetes for each in held.values())
