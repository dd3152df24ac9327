"""Manifests: the Istio resources a policy becomes, before they are text."""

from __future__ import annotations

from egresslang.record import record


@record
class Port:
    """A port of a ServiceEntry or of a Sidecar's egress listener; `protocol` in Istio's spelling."""

    number: int
    protocol: str
    name: str


@record
class Endpoint:
    """A fixed address a ServiceEntry leads to; `locality` empty when unknown."""

    address: str
    locality: str = ""


@record
class ServiceEntry:
    """A destination outside the mesh, visible where `export_to` says; `sources` are the policy files it came from.

    Without `allocate` Istio gives its hosts no virtual address, where proxies capture DNS: names are told by Host and SNI.
    """

    namespace: str
    name: str
    hosts: tuple[str, ...]
    ports: tuple[Port, ...]
    resolution: str
    addresses: tuple[str, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    export_to: tuple[str, ...] = (".",)
    location: str = "MESH_EXTERNAL"
    allocate: bool = True
    sources: tuple[str, ...] = ()


@record
class EgressListener:
    """What may be reached, as `namespace/host`: on one port, or without `port` on every other one."""

    hosts: tuple[str, ...]
    port: Port | None = None


@record
class Sidecar:
    """What the proxies of the selected pods may reach; `selector` None is every pod no other Sidecar selects."""

    namespace: str
    name: str
    selector: tuple[tuple[str, str], ...] | None
    mode: str
    egress: tuple[EgressListener, ...]
    sources: tuple[str, ...] = ()


@record
class Installation:
    """The mesh-wide mode, and where Istio's configuration is written: `form` is istio, helm or sail.

    With `dns_capture` it says that sidecars answer DNS: without it what is emitted would not mean what the policy says.
    """

    mode: str
    form: str
    name: str
    namespace: str
    root_namespace: str
    sources: tuple[str, ...] = ()
    dns_capture: bool = False


@record
class Manifests:
    """All that one policy becomes in one cluster, each kind in its stable order."""

    service_entries: tuple[ServiceEntry, ...]
    sidecars: tuple[Sidecar, ...]
    installation: Installation
