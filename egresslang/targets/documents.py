"""Manifest records as the plain documents that Kubernetes and Istio read, keys in one fixed order."""

from __future__ import annotations

from functools import cache

from egresslang.targets.manifests import EgressListener, Installation, ServiceEntry, Sidecar
from egresslang.targets.yaml import Document, Shared, Value

API_VERSION = "networking.istio.io/v1"
"""The version of ServiceEntry and Sidecar; served since Istio 1.22."""

MANAGED_BY = ("app.kubernetes.io/managed-by", "egressc")
"""The label, and its value, of everything we emit: what carries it is ours to replace."""

_NAME, _NAMESPACE = "default", "istio-system"

NO_ADDRESS = {"networking.istio.io/enable-autoallocate-ip": "false"}
"""The label that keeps istiod from giving a ServiceEntry's hosts virtual addresses."""

_OURS = Shared([MANAGED_BY])
_OURS_WITHOUT_ADDRESS = Shared(_OURS | NO_ADDRESS)

DNS_CAPTURE = ("ISTIO_META_DNS_CAPTURE", "true")
"""What of a proxy's metadata makes it answer DNS itself."""

SOURCE = "egresslang.dev/source"
"""The annotation that names the policy files a resource came from."""


def service_entry(entry: ServiceEntry) -> Document:
    """The ServiceEntry of a destination.

    Ours carry the same labels wherever they could be of one host: Istio merges those only if their labels are equal.
    Without `allocate` a label keeps istiod from giving the hosts a virtual address (since 1.25).
    """
    spec: dict[str, Value] = {"hosts": list(entry.hosts)}
    if entry.addresses:
        spec["addresses"] = list(entry.addresses)
    spec["exportTo"] = list(entry.export_to)
    spec["location"] = entry.location
    spec["resolution"] = entry.resolution
    spec["ports"] = [_port(port.number, port.name, port.protocol) for port in entry.ports]
    if entry.endpoints:
        spec["endpoints"] = [
            {"address": e.address, "locality": e.locality} if e.locality else {"address": e.address}
            for e in entry.endpoints
        ]
    return {
        "apiVersion": API_VERSION,
        "kind": "ServiceEntry",
        "metadata": _metadata(
            entry.name, entry.namespace, entry.sources, _OURS if entry.allocate else _OURS_WITHOUT_ADDRESS
        ),
        "spec": spec,
    }


def sidecar(made: Sidecar) -> Document:
    """The Sidecar of a workload, or of everyone else when it has no selector.

    The mode is always written: a Sidecar whose `outboundTrafficPolicy` is empty means REGISTRY_ONLY to Istio.
    """
    spec: dict[str, Value] = {}
    if made.selector is not None:
        spec["workloadSelector"] = {"labels": dict(made.selector)}
    spec["outboundTrafficPolicy"] = {"mode": made.mode}
    spec["egress"] = [_listener(listener) for listener in made.egress]
    return {
        "apiVersion": API_VERSION,
        "kind": "Sidecar",
        "metadata": _metadata(made.name, made.namespace, made.sources),
        "spec": spec,
    }


def installation(made: Installation) -> Document:
    """The mesh-wide mode in the form that the installer reads.

    - `istio`: an IstioOperator, input of `istioctl install -f FILE -f installation/istio-operator.yaml`;
      since Istio 1.24 no cluster knows the kind, so `kubectl apply` refuses it.
    - `helm`: values of the chart istiod, `helm upgrade istiod istio/istiod --reuse-values -f installation/values.yaml`.
    - `sail`: the part of a `sailoperator.io/v1` Istio that is ours. It names neither version nor profile, which the
      operator would fill in with its own, so it belongs onto an Istio that exists, which keeps all else it says:
      `kubectl patch istio NAME --type merge --patch-file installation/istio.yaml`, or
      `kubectl apply --server-side --field-manager egressc -f installation/istio.yaml`. The resource has no namespace
      of its own; `spec.namespace`, which is immutable, is where istiod runs.

    A name that is not known is `default`, as in Sail's own examples, a namespace `istio-system`. The root namespace is
    written unless both it and istiod's are `istio-system`: the chart takes it for that of istiod when it is not said.
    DNS capture is written where an entry has only its virtual address to be told by; all three merge maps, so other
    metadata of the proxies stays.
    """
    return _FORMS[made.form](made)


def _istio_operator(made: Installation) -> Document:
    return {
        "apiVersion": "install.istio.io/v1alpha1",
        "kind": "IstioOperator",
        "metadata": _metadata(made.name or _NAME, made.namespace or _NAMESPACE, made.sources),
        "spec": {"meshConfig": _mesh_config(made)},
    }


def _helm_values(made: Installation) -> Document:
    return {"meshConfig": _mesh_config(made)}


def _sail_istio(made: Installation) -> Document:
    return {
        "apiVersion": "sailoperator.io/v1",
        "kind": "Istio",
        "metadata": _metadata(made.name or _NAME, "", made.sources),
        "spec": {"namespace": made.namespace or _NAMESPACE, "values": {"meshConfig": _mesh_config(made)}},
    }


_FORMS = {"istio": _istio_operator, "helm": _helm_values, "sail": _sail_istio}


def _mesh_config(made: Installation) -> Document:
    config: dict[str, Value] = {"outboundTrafficPolicy": {"mode": made.mode}}
    if {made.root_namespace, made.namespace or _NAMESPACE} != {_NAMESPACE}:
        config["rootNamespace"] = made.root_namespace
    if made.dns_capture:
        config["defaultConfig"] = {"proxyMetadata": dict([DNS_CAPTURE])}
    return config


def _metadata(name: str, namespace: str, sources: tuple[str, ...], labels: Shared = _OURS) -> Document:
    metadata: dict[str, Value] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    metadata["labels"] = labels
    if sources:
        metadata["annotations"] = _annotations(sources)
    return metadata


@cache
def _annotations(files: tuple[str, ...]) -> Shared:
    return Shared({SOURCE: source_text(files)})


def source_text(files: tuple[str, ...]) -> str:
    """Policy files as SOURCE names them; bytes of a name that are no UTF-8 become escapes such as `\\udce9`."""
    return ", ".join(file.encode("utf-8", "backslashreplace").decode() for file in files)


def _listener(listener: EgressListener) -> Document:
    if listener.port is None:
        return {"hosts": list(listener.hosts)}
    port = listener.port
    return {"port": _port(port.number, port.name, port.protocol), "hosts": list(listener.hosts)}


@cache
def _port(number: int, name: str, protocol: str) -> Shared:
    return Shared({"number": number, "name": name, "protocol": protocol})
