"""ClusterProfile: what is known of the cluster a policy is compiled for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from egresslang.record import record
from egresslang.source import Span

if TYPE_CHECKING:
    from egresslang.documents import Located

Labels = tuple[tuple[str, str], ...]
"""Labels sorted by key."""

_CAPTURE = frozenset(("annotations", "hostNetwork", "runAsUser"))
_CAPTURE_LABELS = frozenset(("sidecar.istio.io/inject", "istio.io/dataplane-mode", "istio"))

NEWEST_KNOWN = (1, 32)
"""The newest Istio version whose behaviour the compiler knows."""


@record
class Workload:
    """A known workload: the labels of its pods, and what its Sidecar selects them by.

    `entry_span` is all that the profile says of it.
    """

    namespace: str
    name: str
    labels: Labels
    selector: Labels
    span: Span
    entry_span: Located | None = None


@record
class Namespace:
    """A known namespace and its known workloads by name; `labels_span` is what the profile says of its labels."""

    name: str
    workloads: Mapping[str, Workload]
    span: Span
    labels_span: Located | None = None


@record
class Endpoint:
    """An address of a destination, and its region; empty when nothing says."""

    address: str
    region: str
    span: Span


@record
class Destination:
    """What the profile knows of a host: its region, its endpoints."""

    host: str
    region: str
    endpoints: tuple[Endpoint, ...]
    span: Span


@record
class Enforcement:
    """What is compiled: `level` is observe, workloads, namespaces or mesh; `namespaces` those of that level.

    `span` is where the profile says it, None where it follows from the installed mode.
    """

    level: str
    namespaces: frozenset[str] = frozenset()
    span: Span | None = None


@record
class Lint:
    """What the profile asks of policies: attributes every allow carries, widest networks, days before an expiry."""

    require: tuple[str, ...] = ()
    max_ipv4: int = 24
    max_ipv6: int = 56
    expires_soon_days: int = 14


@record
class Member:
    """An entry of a set that the profile defines, as text of the language."""

    text: str
    span: Span


@record
class Installation:
    """The installed Istio: `form` is istio, helm or sail; `name` that of the resource it was read from."""

    form: str = "istio"
    name: str = ""
    namespace: str = ""


@record
class Resource:
    """A resource that stands in the cluster already, as its manifest says; `manifest_span` is that, whole."""

    api_version: str
    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    span: Span
    manifest_span: Located


@record
class ClusterProfile:
    """A valid profile, every default filled in; `namespaces` is None when there is no inventory.

    `outbound_traffic_policy` is the installed mode (REGISTRY_ONLY, ALLOW_ANY, ALLOW_ANY_DYNAMIC_DNS),
    `version` (major, minor) of Istio, `assumed` the defaults that were taken, in words. `capture` is what the installation
    leaves out of capture, by the ends of the annotations that say it of a pod (facts.CAPTURE). `mode_span` is where the
    installed mode is told, None where it is assumed.
    """

    name: str
    span: Span
    region: str
    default_namespace: str
    version: tuple[int, int]
    outbound_traffic_policy: str
    root_namespace: str
    dns_capture: bool
    auto_allocate: bool
    ambient: bool
    installation: Installation
    enforcement: Enforcement
    observed: tuple[tuple[str, str, Span], ...]
    variables: Mapping[str, str]
    hosts: Mapping[str, tuple[Member, ...]]
    cluster_domain: str
    in_mesh: tuple[str, ...]
    ip_families: tuple[str, ...]
    networks: Mapping[str, tuple[str, ...]]
    regions: Mapping[str, tuple[str, ...]]
    namespaces: Mapping[str, Namespace] | None
    destinations: Mapping[str, Destination]
    lint: Lint
    resources: tuple[Resource, ...]
    assumed: tuple[str, ...]
    capture: Mapping[str, Member] = MappingProxyType({})
    mode_span: Span | None = None

    @property
    def tells_of_pods(self) -> bool:
        """Whether manifests, or the inventory itself, may say that no sidecar sees what some pods send."""
        return bool(self.resources) or any(
            each.labels_span is not None or any(map(decides_about_capture, each.workloads.values()))
            for each in (self.namespaces or {}).values()
        )


def decides_about_capture(workload: Workload) -> bool:
    """Whether a profile says of a workload what may keep its traffic from a sidecar."""
    said = workload.entry_span.value if workload.entry_span is not None else None
    return (isinstance(said, dict) and not _CAPTURE.isdisjoint(said)) or any(
        key in _CAPTURE_LABELS for key, _ in workload.labels
    )
