"""Inspected: manifests that others wrote, as the mesh they make and as its parts are looked up by those who judge them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from egresslang.answers.asked_mesh import AskedMesh, Client
from egresslang.documents import Located
from egresslang.existing.gateways import gateways, is_gateway
from egresslang.existing.imports import Imports
from egresslang.mesh.listeners import Pod
from egresslang.mesh.mesh import Mesh, Proxy
from egresslang.mesh.resources import (
    DestinationRule,
    Labels,
    MeshConfig,
    Origin,
    Resources,
    ServiceEntry,
    Sidecar,
    selects,
)
from egresslang.policy.standing import INJECT
from egresslang.source import Span


class Inspected:
    """What stands in a mesh: its model, its workloads, and the namespaces of which the manifests tell.

    `gateways` are the Gateways of Istio by namespace and name. `unsettled` are the names in manifests that Istio refuses or
    that cannot be read: what became of them is not known.
    """

    def __init__(self, asked: AskedMesh, documents: Iterable[Located], unknown: Iterable[str] = ()) -> None:
        self.asked = asked
        self.unsettled = frozenset(name for text in unknown for name in _NAMES.findall(text) if "." in name)
        self._namespaces: dict[str, Located] = {}
        self._by_default = False
        found = []
        for each in documents:
            value = each.value
            if isinstance(value, dict) and value.get("kind") == "Namespace" and value.get("apiVersion") == "v1":
                self._namespaces[_name(each)] = each
            elif is_gateway(each):
                found.append(each)
            else:
                self._by_default |= any(
                    said is not None and said.value is True for said in (each.get(*path) for path in _BY_DEFAULT)
                )
        self.gateways = gateways(found)
        self._proxies: dict[tuple[object, ...], Proxy] = {}
        self._selected: dict[tuple[str, Labels | None], list[Client]] = {}
        self._named: dict[Origin, frozenset[tuple[str, str]]] = {}

    @property
    def mesh(self) -> Mesh:
        """The model."""
        return self.asked.mesh

    @property
    def resources(self) -> Resources:
        """What the manifests say."""
        return self.asked.mesh.resources

    @property
    def config(self) -> MeshConfig:
        """What is configured for the whole mesh."""
        return self.asked.mesh.config

    @cached_property
    def imports(self) -> Imports:
        """What Sidecars list, looked up by what is listed."""
        return Imports(self.resources.sidecars, self.config.root_namespace)

    @cached_property
    def entries_of(self) -> Mapping[str, list[ServiceEntry]]:
        """The ServiceEntries of each host, as they are written."""
        found: dict[str, list[ServiceEntry]] = {}
        for entry in self.resources.service_entries:
            for host in dict.fromkeys(entry.hosts):
                found.setdefault(host, []).append(entry)
        return found

    @cached_property
    def entry_at(self) -> Mapping[Origin, ServiceEntry]:
        """The ServiceEntry of an origin."""
        return {each.origin: each for each in self.resources.service_entries}

    @cached_property
    def rules_of(self) -> Mapping[str, list[DestinationRule]]:
        """The DestinationRules of each host, or wildcard, that they name."""
        found: dict[str, list[DestinationRule]] = {}
        for each in self.resources.destination_rules:
            found.setdefault(each.host, []).append(each)
        return found

    @cached_property
    def entries_in(self) -> Mapping[str, list[ServiceEntry]]:
        """The ServiceEntries of each namespace."""
        found: dict[str, list[ServiceEntry]] = {}
        for entry in self.resources.service_entries:
            found.setdefault(entry.origin.namespace, []).append(entry)
        return found

    @cached_property
    def with_services(self) -> frozenset[str]:
        """The namespaces of which Services are among the manifests."""
        return frozenset(each.origin.namespace for each in self.resources.services)

    @cached_property
    def sidecars_of(self) -> Mapping[str, list[Sidecar]]:
        """The Sidecars of each namespace, the one that counts first where several would."""
        found: dict[str, list[Sidecar]] = {}
        for each in sorted(self.resources.sidecars, key=lambda one: (one.created, one.origin.name)):
            found.setdefault(each.origin.namespace, []).append(each)
        return found

    @cached_property
    def clients_of(self) -> Mapping[str, list[Client]]:
        """The workloads of each namespace."""
        found: dict[str, list[Client]] = {}
        for each in self.asked.clients.values():
            found.setdefault(each.namespace, []).append(each)
        return found

    @cached_property
    def _carrying(self) -> Mapping[tuple[str, str, str], list[Client]]:
        """The workloads of a namespace that carry a label."""
        found: dict[tuple[str, str, str], list[Client]] = {}
        for each in self.asked.clients.values():
            for label in each.pod.labels.items():
                found.setdefault((each.namespace, *label), []).append(each)
        return found

    @cached_property
    def _by_labels(self) -> Mapping[object, Client]:
        return {(each.namespace, frozenset(each.pod.labels.items())): each for each in self.asked.clients.values()}

    def client_with(self, namespace: str, labels: Mapping[str, str]) -> Client | None:
        """A known workload whose pods carry just these labels."""
        return self._by_labels.get((namespace, frozenset(labels.items())))

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """The namespaces that Namespace manifests declare; empty where there are none, and then nothing is known of them."""
        return frozenset(self._namespaces)

    @cached_property
    def standing(self) -> frozenset[str]:
        """The namespaces that are declared, or that workloads, Sidecars or Services stand in."""
        return self.namespaces | self.clients_of.keys() | self.sidecars_of.keys() | self.with_services

    def is_ambient(self, namespace: str) -> bool:
        """Whether a namespace is labelled for the ambient mesh, in which Sidecars mean nothing."""
        manifest = self._namespaces.get(namespace)
        mode = None if manifest is None else manifest.get("metadata", "labels", "istio.io/dataplane-mode")
        return mode is not None and mode.value == "ambient"

    def injection(self, namespace: str) -> bool | None:
        """Whether a namespace is labelled for sidecars, or for none; None where its label is missing, or it is not known."""
        manifest = self._namespaces.get(namespace)
        labels = None if manifest is None else manifest.get("metadata", "labels")
        if labels is None:
            return None
        said = labels.get("istio-injection")
        return said.value == "enabled" if said is not None else True if labels.get("istio.io/rev") is not None else None

    @cached_property
    def _by_labels_of_namespaces(self) -> bool:
        """Whether sidecars come to the namespaces that are labelled for them, and to no others."""
        return not self._by_default and any(self.injection(each) for each in self.namespaces)

    def uncaptured(self, client: Client) -> str:
        """Why no sidecar sees what a workload sends, as its manifests and those of Namespaces say; empty if one does."""
        if client.uncaptured or client.origin is None or client.namespace not in self.namespaces:
            return client.uncaptured
        if (
            not self._by_labels_of_namespaces
            or self.injection(client.namespace) is not None
            or _asks_for_sidecar(client)
        ):
            return ""
        return UNLABELLED_NAMESPACE

    def exported_to(self, entry: ServiceEntry) -> frozenset[str]:
        """The namespaces an entry is exported to, `*` for all and nothing for none."""
        own = entry.origin.namespace
        said = entry.export_to or self.config.service_export_to
        if "*" in said:
            return frozenset({"*"})
        return frozenset(own if each == "." else each for each in said if each != "~")

    def sees(self, namespace: str, entry: ServiceEntry) -> bool:
        """Whether an entry is exported to a namespace."""
        return not {"*", namespace}.isdisjoint(self.exported_to(entry))

    def is_open(self, sidecar: Sidecar | None) -> bool:
        """Whether pods of a Sidecar may go where nobody registered anything."""
        policy = sidecar.policy if sidecar is not None else None
        return (policy or self.config.policy).mode != "REGISTRY_ONLY"

    def default_of(self, namespace: str) -> Sidecar | None:
        """The Sidecar of pods of a namespace that no other selects."""
        return self.mesh.sidecar(namespace, _UNLABELLED)

    def selected(self, sidecar: Sidecar) -> list[Client]:
        """The known workloads that a Sidecar selects; those of its namespace where it has no selector."""
        key = sidecar.origin.namespace, sidecar.selector
        found = self._selected.get(key)
        if found is None:
            found = self._selected[key] = self._selected_by(*key)
        return found

    def _selected_by(self, namespace: str, selector: Labels | None) -> list[Client]:
        if not selector:
            return self.clients_of.get(namespace, [])
        carrying = (self._carrying.get((namespace, *label), []) for label in selector)
        return [each for each in min(carrying, key=len) if selects(selector, each.pod.labels)]

    @cached_property
    def _held(self) -> Mapping[Origin, list[Client]]:
        found: dict[Origin, list[Client]] = {}
        for each in self.asked.clients.values():
            sidecar = self.mesh.sidecar(each.namespace, each.pod.labels)
            if sidecar is not None:
                found.setdefault(sidecar.origin, []).append(each)
        return found

    def held(self, sidecar: Sidecar) -> list[Client]:
        """The known workloads that a Sidecar holds for, in whatever namespace."""
        return self._held.get(sidecar.origin, [])

    def named_by(self, sidecar: Sidecar) -> frozenset[tuple[str, str]]:
        """What a Sidecar lists: namespaces as it names them, each with a host."""
        found = self._named.get(sidecar.origin)
        if found is None:
            found = self._named[sidecar.origin] = frozenset((where, host) for _, _, where, host in listed(sidecar))
        return found

    def proxy(self, namespace: str, labels: Mapping[str, str]) -> Proxy:
        """The sidecar of pods with some labels, or of others of their namespace that are alike."""
        like = self.asked.stranger
        pod = Pod(namespace, labels, like.dns_capture, like.families)
        key = namespace, *self.mesh.alike(pod)
        found = self._proxies.get(key)
        if found is None:
            found = self._proxies[key] = self.mesh.proxy(pod)
        return found


def _asks_for_sidecar(client: Client) -> bool:
    """Whether the pods of a workload are labelled for a sidecar, or have one in their manifest."""
    said = {**client.annotations, **client.pod.labels}
    return said.get(INJECT) == "true" or "istio.io/rev" in said or has_proxy(client)


def has_proxy(client: Client) -> bool:
    """Whether a proxy is among the containers of a manifest: of a gateway, or a sidecar that was written in."""
    manifest = None if client.origin is None else client.origin.manifest_span
    if manifest is None:
        return False
    for path in ((), ("spec", "template"), ("spec", "jobTemplate", "spec", "template")):
        for key in ("containers", "initContainers"):
            containers = manifest.get(*path, "spec", key)
            listed = containers.value if containers is not None and isinstance(containers.value, list) else ()
            if any(isinstance(each, dict) and each.get("name") == "istio-proxy" for each in listed):
                return True
    return False


UNLABELLED_NAMESPACE = "it has no sidecar: its namespace has no `istio-injection: enabled`, as others have"

_BY_DEFAULT = tuple(
    (*path, "sidecarInjectorWebhook", "enableNamespacesByDefault") for path in ((), ("values",), ("spec", "values"))
)
"""Where an installation says that sidecars come to namespaces without a label."""

_NAMES = re.compile(r"[*\w-]+(?:\.[\w-]+)*")
_UNLABELLED: Mapping[str, str] = {}


def _name(document: Located) -> str:
    name = document.get("metadata", "name")
    return "" if name is None else str(name.value)


def place(origin: Origin, *path: str | int) -> Span:
    """Where the value at a path of a resource is written: the nearest above it that is, and of a mapping its key."""
    found = origin.manifest_span
    assert found is not None, "what is inspected is in a file"
    reached = found
    for key in path:
        try:
            reached = reached[key]
        except (KeyError, IndexError, TypeError):
            break
    return reached.heading if isinstance(reached.value, dict | list) else reached.span


def name_of(origin: Origin) -> Span:
    """Where the name of a resource is written."""
    return origin.place or place(origin, "metadata", "name")


def listed(sidecar: Sidecar) -> Iterator[tuple[int, int, str, str]]:
    """Each host that a Sidecar lists: the places of its listener and of the entry, the namespace it names and the host."""
    for at, egress in enumerate(sidecar.egress):
        for index, entry in enumerate(egress.hosts):
            where, slash, host = entry.partition("/")
            if slash:
                yield at, index, where, host
