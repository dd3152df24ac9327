"""Resources: what manifests say of a mesh, each with the place it is written at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from egresslang.record import record

if TYPE_CHECKING:
    from egresslang.documents import Located
    from egresslang.source import Span

Labels = tuple[tuple[str, str], ...]
"""Labels sorted by key."""


def selects(selector: Labels, labels: Mapping[str, str]) -> bool:
    """Whether a pod with these labels carries all of a selector; an empty one selects every pod."""
    return all(labels.get(key) == value for key, value in selector)


@record
class Origin:
    """The resource something comes from; `manifest_span` is where it is written, None for what Istio does by itself.

    Two are the same only if they are one object: there is one for each manifest.
    """

    kind: str
    namespace: str
    name: str
    manifest_span: Located | None = None

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def place(self) -> Span | None:
        """Where its name is written, or what a name is generated from; None when it is in no file."""
        manifest = self.manifest_span
        if manifest is None:
            return None
        name = manifest.get("metadata", "name") or manifest.get("metadata", "generateName")
        return None if name is None else name.span

    @property
    def file(self) -> str:
        """The file it is written in; empty when it is in none."""
        return "" if self.manifest_span is None else self.manifest_span.source.name

    @property
    def line(self) -> int:
        """The line it begins at; 0 when it is in no file."""
        return 0 if self.manifest_span is None else self.manifest_span.span.place[1]


@record
class Port:
    """A port: its number, its name, its protocol (`protocols.parse`), and the port it leads to, 0 for the same."""

    number: int
    name: str
    protocol: str
    target: int = 0


@record
class Endpoint:
    """An address that a ServiceEntry leads to; `ports` maps names of its ports to other numbers."""

    address: str
    ports: Mapping[str, int]
    locality: str = ""
    labels: Labels = ()


@record
class ServiceEntry:
    """A ServiceEntry (networking.istio.io); `allocated` is the virtual addresses of its status by host.

    `created` is its creationTimestamp as text, or `~`, which is younger, where it has none yet; `selector` None where it has no workloadSelector;
    `allocates` whether Istio gives its hosts virtual addresses where they have no others; `internal` whether it says
    that its hosts are in the mesh (MESH_INTERNAL), which changes nothing of who reaches them.
    """

    origin: Origin
    created: str
    labels: Labels
    hosts: tuple[str, ...]
    addresses: tuple[str, ...]
    ports: tuple[Port, ...]
    resolution: str
    endpoints: tuple[Endpoint, ...]
    export_to: tuple[str, ...]
    selector: Labels | None
    allocated: Mapping[str, tuple[str, ...]]
    allocates: bool
    internal: bool = False


@record
class Service:
    """A Service of Kubernetes; `addresses` are its cluster IPs, `headless` when it has none on purpose."""

    origin: Origin
    created: str
    labels: Labels
    selector: Labels
    addresses: tuple[str, ...]
    headless: bool
    external_name: str
    ports: tuple[Port, ...]
    export_to: tuple[str, ...]


@record
class EndpointSlice:
    """Addresses of the pods of a Service, by the names of its ports."""

    namespace: str
    service: str
    addresses: tuple[str, ...]
    ports: Mapping[str, int]


@record
class Destination:
    """Where a route leads: a host, its port or 0 when unsaid, a subset, and a weight."""

    host: str
    port: int
    subset: str = ""
    weight: int = 0


TextMatch = tuple[str, str]
"""What a text must be: exact, prefix or regex, and with what; two empty ones where any will do."""


@record
class HeaderMatch:
    """What a header must be, or must not be; of HTTP/2's are method, scheme and authority."""

    name: str
    text: TextMatch
    inverted: bool = False


@record
class HTTPMatch:
    """What a request must be for a route; `parameters` when it asks for parameters of its query."""

    uri: TextMatch
    port: int
    gateways: tuple[str, ...]
    source_labels: Labels
    source_namespace: str
    headers: tuple[HeaderMatch, ...]
    parameters: bool


@record
class HTTPRoute:
    """An http route of a VirtualService; `answers` when the sidecar answers itself, by a redirect or directly.

    `mirrors` get a copy of each request and answer nobody.
    """

    matches: tuple[HTTPMatch, ...]
    destinations: tuple[Destination, ...]
    mirrors: tuple[Destination, ...]
    answers: bool


@record
class RawMatch:
    """What a connection must be for a tcp or tls route."""

    sni: tuple[str, ...]
    subnets: tuple[str, ...]
    port: int
    gateways: tuple[str, ...]
    source_labels: Labels
    source_namespace: str


@record
class RawRoute:
    """A tcp or tls route of a VirtualService."""

    matches: tuple[RawMatch, ...]
    destinations: tuple[Destination, ...]


@record
class VirtualService:
    """A VirtualService with its short names written out; `gateways` empty or naming `mesh` means every sidecar."""

    origin: Origin
    created: str
    hosts: tuple[str, ...]
    gateways: tuple[str, ...]
    export_to: tuple[str, ...]
    http: tuple[HTTPRoute, ...]
    tls: tuple[RawRoute, ...]
    tcp: tuple[RawRoute, ...]


@record
class Balancing:
    """The load balancer a traffic policy says: `simple` None where it says none, and by port what is said apart.

    `tls` is the mode of TLS that it has sidecars speak, in the same way.
    """

    simple: str | None
    ports: tuple[tuple[int, str | None], ...]
    tls: str | None = None
    tls_ports: tuple[tuple[int, str | None], ...] = ()


@record
class Subset:
    """A subset: the endpoints with these labels, and how they are balanced if that is said."""

    name: str
    labels: Labels
    balancing: Balancing | None


@record
class DestinationRule:
    """A DestinationRule; `selector` and `balancing` None where nothing is said."""

    origin: Origin
    created: str
    host: str
    export_to: tuple[str, ...]
    selector: Labels | None
    subsets: tuple[Subset, ...]
    balancing: Balancing | None


@record
class OutboundPolicy:
    """What becomes of traffic to nobody registered: `mode`, and where to under ALLOW_ANY if not straight out."""

    mode: str
    proxy: Destination | None = None


@record
class Egress:
    """An egress listener of a Sidecar: what it imports, for one port or, without `port`, for all others."""

    hosts: tuple[str, ...]
    port: Port | None = None
    bind: str = ""
    captures: bool = True


@record
class Sidecar:
    """A Sidecar; `selector` None where it has no workloadSelector, `policy` None where the mesh's holds."""

    origin: Origin
    created: str
    selector: Labels | None
    egress: tuple[Egress, ...]
    policy: OutboundPolicy | None


@record
class Workload:
    """Pods of one kind: their labels and annotations; `captured` says why the sidecar sees none of their traffic, empty if it does."""

    origin: Origin
    labels: Labels
    annotations: Mapping[str, str]
    uncaptured: str = ""


@record
class AuthorizationPolicy:
    """An AuthorizationPolicy: which pods it judges."""

    origin: Origin
    selector: Labels


@record
class MeshConfig:
    """What is configured for the whole mesh; every default is Istio's (pkg/config/mesh/mesh.go).

    `detects_in_time` when sniffing gives up after a while (protocolDetectionTimeout), which the default never does.
    """

    policy: OutboundPolicy = OutboundPolicy("ALLOW_ANY")
    root_namespace: str = "istio-system"
    service_export_to: tuple[str, ...] = ("*",)
    virtual_service_export_to: tuple[str, ...] = ("*",)
    destination_rule_export_to: tuple[str, ...] = ("*",)
    dns_capture: bool = False
    cluster_domain: str = "cluster.local"
    version: tuple[int, int] = (1, 32)
    detects_in_time: bool = False


@record
class Resources:
    """All resources of a mesh that have a say in outbound traffic."""

    service_entries: tuple[ServiceEntry, ...] = ()
    sidecars: tuple[Sidecar, ...] = ()
    services: tuple[Service, ...] = ()
    endpoint_slices: tuple[EndpointSlice, ...] = ()
    virtual_services: tuple[VirtualService, ...] = ()
    destination_rules: tuple[DestinationRule, ...] = ()
    authorization: tuple[AuthorizationPolicy, ...] = ()
    workloads: tuple[Workload, ...] = ()
