"""EGR618 under-cluster-domain: a ServiceEntry of outside endpoints whose host ends like those of the cluster's Services."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import to_port
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, finding

CODE = codes.UNDER_CLUSTER_DOMAIN


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each such host: who lists the mesh alone imports it with the rest."""
    inside = f".svc.{inspected.config.cluster_domain}"
    for entry in inspected.resources.service_entries:
        for at, host in enumerate(entry.hosts):
            if not host.endswith(inside) or entry.internal or not entry.ports:
                continue
            asked = to_port(inspected, entry.origin.namespace, {}, entry, host, entry.ports[0])
            yield finding(
                CODE, place(entry.origin, "spec", "hosts", at), f"`{host}` looks like a Service of the cluster",
                f"imported by every list that has `*/*{inside}`", notes=asked.notes,
                help="give it a name of its own, such as its name outside; `location: MESH_INTERNAL` is for what is in the mesh",
            )  # fmt: skip
