"""The output of a compilation: which resources stand in which file, and in which order on a stream."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from egresslang.targets.documents import installation, service_entry, sidecar
from egresslang.targets.manifests import Manifests, ServiceEntry, Sidecar
from egresslang.targets.yaml import Document, emit

INSTALLATION_KINDS = {"istio": "IstioOperator", "helm": "values", "sail": "Istio"}
"""What the installation is called in each of its forms; Helm values have no kind and go by their usual file name."""

INSTALLATION_FILES = {
    "istio": "installation/istio-operator.yaml",
    "helm": "installation/values.yaml",
    "sail": "installation/istio.yaml",
}
"""Where the installation stands in each of its forms."""

KINDS = ("ServiceEntry", "Sidecar", *INSTALLATION_KINDS.values())
"""Every kind that may be asked for; of the last three, a compilation has the one of its form."""


def render(manifests: Manifests, kinds: Collection[str] = KINDS, namespace: str | None = None) -> dict[str, str]:
    """The files of a compilation: their text by path below the output folder, sorted.

    `<namespace>.yaml` holds the ServiceEntries of a namespace, then its Sidecars; `installation/` the mesh-wide mode.
    Only `kinds` are written; with `namespace` only what stands in it, and the installation stands in none.
    """
    files: dict[str, list[Document]] = {}
    for entry in _service_entries(manifests, kinds, namespace):
        files.setdefault(f"{entry.namespace}.yaml", []).append(service_entry(entry))
    for made in _sidecars(manifests, kinds, namespace):
        files.setdefault(f"{made.namespace}.yaml", []).append(sidecar(made))
    for document in _installation(manifests, kinds, namespace):
        files[INSTALLATION_FILES[manifests.installation.form]] = [document]
    return {path: emit(files[path]) for path in sorted(files)}


def stream(manifests: Manifests, kinds: Collection[str] = KINDS, namespace: str | None = None) -> str:
    """The same resources as one text, in the order in which to apply them.

    First what may be reached, then the Sidecars of workloads, the defaults of namespaces, the default of the mesh
    and the installation: applied in this order, nothing is locked before what it may reach is known.
    """
    return emit(documents(manifests, kinds, namespace))


def documents(manifests: Manifests, kinds: Collection[str] = KINDS, namespace: str | None = None) -> Iterator[Document]:
    """The resources of `stream`, one by one."""
    yield from map(service_entry, _service_entries(manifests, kinds, namespace))
    yield from map(sidecar, _sidecars(manifests, kinds, namespace))
    yield from _installation(manifests, kinds, namespace)


def _service_entries(manifests: Manifests, kinds: Collection[str], namespace: str | None) -> list[ServiceEntry]:
    if "ServiceEntry" not in kinds:
        return []
    return [entry for entry in manifests.service_entries if namespace in (None, entry.namespace)]


def _sidecars(manifests: Manifests, kinds: Collection[str], namespace: str | None) -> list[Sidecar]:
    """Those of workloads in their own order, then the defaults of namespaces, then that of the mesh."""
    if "Sidecar" not in kinds:
        return []
    root = manifests.installation.root_namespace

    def reach(made: Sidecar) -> int:
        if made.selector is not None:
            return 0
        return 2 if made.namespace == root else 1

    return sorted((made for made in manifests.sidecars if namespace in (None, made.namespace)), key=reach)


def _installation(manifests: Manifests, kinds: Collection[str], namespace: str | None) -> list[Document]:
    if namespace is not None or INSTALLATION_KINDS[manifests.installation.form] not in kinds:
        return []
    return [installation(manifests.installation)]
