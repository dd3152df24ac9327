"""Known: whether manifests tell enough of the cluster to say that something in it is not there."""

from __future__ import annotations

from egresslang.existing.inspected import Inspected


def matches(inspected: Inspected, host: str) -> bool:
    """Whether any registered host is, or lies below, what a Sidecar lists."""
    return any(True for _ in inspected.mesh.registry().matching(host))


def in_cluster(inspected: Inspected, host: str) -> bool:
    """Whether a host lies under the cluster's own domain."""
    return host.endswith(f".{inspected.config.cluster_domain}")


def is_known(inspected: Inspected, host: str) -> bool:
    """Whether the Services of the namespace that a host of the cluster names are among the manifests; Istio's own are installed apart."""
    inside = f".svc.{inspected.config.cluster_domain}"
    if not host.endswith(inside) or host.startswith("*"):
        return False
    namespace = host.removesuffix(inside).rpartition(".")[2]
    return namespace in inspected.with_services and namespace != inspected.config.root_namespace
