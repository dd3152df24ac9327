"""Read: manifests become the resources of a mesh. What is written wrong is a finding; other kinds say nothing about egress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from egresslang import codes
from egresslang.documents import Located
from egresslang.findings import Finding, finding
from egresslang.mesh.protocols import of_service_port, parse
from egresslang.mesh.resources import (
    AuthorizationPolicy,
    Destination,
    Egress,
    Endpoint,
    EndpointSlice,
    HTTPMatch,
    HTTPRoute,
    Labels,
    Origin,
    OutboundPolicy,
    Port,
    RawMatch,
    RawRoute,
    Resources,
    Service,
    ServiceEntry,
    Sidecar,
    VirtualService,
    Workload,
)
from egresslang.record import record, replace

VERSIONS = frozenset({"networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3"})
"""The API versions of Istio's networking resources; all mean the same."""

RESOLUTIONS = frozenset({"NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"})
YOUNGEST = "~"
"""The age of an Istio resource that has none yet: it is created after all that have one."""

NO_ALLOCATION = "networking.istio.io/enable-autoallocate-ip"
EXPORT_TO = "networking.istio.io/exportTo"

Value = Mapping[str, Any]


@record
class _Where:
    """Where manifests are applied: the domain of the cluster, and the namespace of what names none."""

    cluster_domain: str
    namespace: str


class WrongShape(Exception):
    """A value is not what its kind has there; `words` say so."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def read(
    documents: Iterable[Located], cluster_domain: str = "cluster.local", namespace: str = "default"
) -> tuple[Resources, list[Finding]]:
    """The resources of some documents, `List`s unfolded, in their order; a resource with a finding is left out.

    What names no namespace stands in `namespace`, as with `kubectl apply`.
    """
    where = _Where(cluster_domain, namespace)
    found: dict[str, list[Any]] = {field: [] for field, _ in _READERS.values()}
    subsets: set[tuple[str, str]] = set()
    findings: list[Finding] = []
    for manifest in documents:
        for each in _unfolded(manifest):
            value = each.value
            kind, version = value.get("kind"), value.get("apiVersion")
            reader = _READERS.get((_group(version), kind) if isinstance(kind, str) else ("", ""))
            try:
                if reader is not None:
                    field, make = reader
                    found[field].append(make(each, where))
                elif kind == "DestinationRule" and _group(version) == "istio":
                    subsets |= _subsets(each, where)
            except WrongShape as wrong:
                findings.append(
                    finding(
                        codes.BAD_PROFILE,
                        each.heading,
                        f"this {kind} is none that Istio accepts",
                        wrong.words,
                        help="correct it, or leave it out",
                    )
                )
    return Resources(**{field: tuple(each) for field, each in found.items()}, subsets=frozenset(subsets)), findings


def joined(first: Resources, second: Resources) -> Resources:
    """The resources of both."""
    fields = (name for name in type(first).__slots__ if name != "subsets")  # type: ignore[attr-defined]
    both = {name: (*getattr(first, name), *getattr(second, name)) for name in fields}
    return replace(first, **both, subsets=first.subsets | second.subsets)


def _group(version: object) -> str:
    if not isinstance(version, str):
        return ""
    return "istio" if version in VERSIONS else version.rpartition("/")[0]


def _unfolded(manifest: Located) -> Iterator[Located]:
    value = manifest.value
    if not isinstance(value, dict):
        return
    kind = value.get("kind")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(value.get("items"), list):
        for item in manifest["items"].entries():
            yield from _unfolded(item)
    else:
        yield manifest


# Values


def _of(value: Value, key: str, kind: type | tuple[type, ...], default: Any, words: str) -> Any:
    found = value.get(key)
    if found is None:
        return default
    if not isinstance(found, kind) or (isinstance(found, bool) and kind is int):
        raise WrongShape(f"`{key}` is not {words}")
    return found


def _text(value: Value, key: str) -> str:
    return str(_of(value, key, str, "", "text"))


def _number(value: Value, key: str) -> int:
    return int(_of(value, key, int, 0, "a whole number"))


def _map(value: Value, key: str) -> Value:
    return dict(_of(value, key, dict, {}, "a mapping"))


def _list(value: Value, key: str) -> list[Any]:
    return list(_of(value, key, list, [], "a list"))


def _texts(value: Value, key: str) -> tuple[str, ...]:
    found = _list(value, key)
    if not all(isinstance(each, str) for each in found):
        raise WrongShape(f"`{key}` has an entry that is no text")
    return tuple(found)


def _maps(value: Value, key: str) -> list[Value]:
    found = _list(value, key)
    if not all(isinstance(each, dict) for each in found):
        raise WrongShape(f"`{key}` has an entry that is no mapping")
    return found


def _labels(value: Value, key: str) -> Labels:
    found = _map(value, key)
    if not all(isinstance(each, str) for each in found.values()):
        raise WrongShape(f"`{key}` has a value that is no text")
    return tuple(sorted(found.items()))


def _selector(spec: Value, inner: str = "labels") -> Labels | None:
    return _labels(_map(spec, "workloadSelector"), inner) if isinstance(spec.get("workloadSelector"), dict) else None


def _origin(manifest: Located, where: _Where) -> tuple[Origin, str, Value]:
    metadata = _map(manifest.value, "metadata")
    name = _text(metadata, "name")
    if not name:
        raise WrongShape("it has no `metadata.name`")
    origin = Origin(str(manifest.value["kind"]), _text(metadata, "namespace") or where.namespace, name, manifest)
    created = metadata.get("creationTimestamp")
    youngest = YOUNGEST if _group(manifest.value.get("apiVersion")) == "istio" else ""
    return origin, created if isinstance(created, str) else youngest, metadata


# Istio


def _service_entry(manifest: Located, where: _Where) -> ServiceEntry:
    origin, created, metadata = _origin(manifest, where)
    spec = _map(manifest.value, "spec")
    labels = _labels(metadata, "labels")
    resolution = _text(spec, "resolution") or "NONE"
    if resolution not in RESOLUTIONS:
        raise WrongShape(f"`{resolution}` is no resolution")
    addresses = _texts(spec, "addresses")
    allocates = resolution != "NONE" and not addresses and dict(labels).get(NO_ALLOCATION, "").lower() != "false"
    allocated: dict[str, tuple[str, ...]] = {}
    if allocates:
        for each in _maps(_map(manifest.value, "status"), "addresses"):
            host = _text(each, "host")
            allocated[host] = (*allocated.get(host, ()), _text(each, "value"))
    endpoints = tuple(
        Endpoint(_text(each, "address"), _map(each, "ports"), _text(each, "locality"))
        for each in _maps(spec, "endpoints")
    )
    return ServiceEntry(
        origin,
        created,
        labels,
        _texts(spec, "hosts"),
        addresses,
        tuple(_port(each) for each in _maps(spec, "ports")),
        resolution,
        endpoints,
        _texts(spec, "exportTo"),
        _selector(spec),
        allocated,
        allocates,
        _text(spec, "location") == "MESH_INTERNAL",
    )


def _port(value: Value) -> Port:
    return Port(
        _number(value, "number"), _text(value, "name"), parse(_text(value, "protocol")), _number(value, "targetPort")
    )


def _sidecar(manifest: Located, where: _Where) -> Sidecar:
    origin, created, _metadata = _origin(manifest, where)
    spec = _map(manifest.value, "spec")
    egress = tuple(
        Egress(
            _texts(each, "hosts"),
            _port(_map(each, "port")) if isinstance(each.get("port"), dict) else None,
            _text(each, "bind"),
            _text(each, "captureMode") != "NONE",
        )
        for each in _maps(spec, "egress")
    )
    return Sidecar(origin, created, _selector(spec), egress, outbound_policy(spec, origin.namespace))


def outbound_policy(value: Value, namespace: str = "") -> OutboundPolicy | None:
    """An `outboundTrafficPolicy`: None when it is absent, REGISTRY_ONLY when it says no mode (its zero value)."""
    policy = value.get("outboundTrafficPolicy")
    if not isinstance(policy, dict):
        return None
    proxy = policy.get("egressProxy")
    return OutboundPolicy(
        _text(policy, "mode") or "REGISTRY_ONLY",
        _destination(proxy, namespace, "") if isinstance(proxy, dict) else None,
    )


def _virtual_service(manifest: Located, where: _Where) -> VirtualService:
    origin, created, _metadata = _origin(manifest, where)
    spec = _map(manifest.value, "spec")
    namespace, domain = origin.namespace, where.cluster_domain
    return VirtualService(
        origin,
        created,
        tuple(_whole_name(host, namespace, domain) for host in _texts(spec, "hosts")),
        _texts(spec, "gateways"),
        tuple(namespace if each == "." else each for each in _texts(spec, "exportTo")),
        tuple(_http_route(each, namespace, domain) for each in _maps(spec, "http")),
        tuple(_raw_route(each, namespace, domain) for each in _maps(spec, "tls")),
        tuple(_raw_route(each, namespace, domain) for each in _maps(spec, "tcp")),
    )


def _whole_name(host: str, namespace: str, domain: str) -> str:
    """A short name as that of a Service of the namespace (ResolveShortnameToFQDN, pilot/pkg/model/config.go)."""
    if "*" in host or "." in host or not host:
        return host
    return f"{host}.{namespace}.svc.{domain}"


def _destination(value: Value, namespace: str, domain: str, weight: int = 0) -> Destination:
    host = _whole_name(_text(value, "host"), namespace, domain) if domain else _text(value, "host")
    return Destination(host, _number(_map(value, "port"), "number"), _text(value, "subset"), weight)


def _destinations(route: Value, namespace: str, domain: str) -> tuple[Destination, ...]:
    return tuple(
        _destination(_map(each, "destination"), namespace, domain, _number(each, "weight"))
        for each in _maps(route, "route")
    )


def _http_route(route: Value, namespace: str, domain: str) -> HTTPRoute:
    answers = isinstance(route.get("redirect"), dict) or isinstance(route.get("directResponse"), dict)
    matches = tuple(_http_match(each) for each in _maps(route, "match"))
    return HTTPRoute(
        matches, _destinations(route, namespace, domain), tuple(_mirrors(route, namespace, domain)), answers
    )


def _mirrors(route: Value, namespace: str, domain: str) -> Iterator[Destination]:
    """Where copies go: to each mirror whose percentage is not said to be nothing."""
    if isinstance(route.get("mirror"), dict):
        share = route.get("mirrorPercentage")
        percent = (
            _map(route, "mirrorPercentage").get("value", 0) if share is not None else route.get("mirrorPercent", 100)
        )
        if percent:
            yield _destination(_map(route, "mirror"), namespace, domain)
    for each in _maps(route, "mirrors"):
        if each.get("percentage") is None or _map(each, "percentage").get("value"):
            yield _destination(_map(each, "destination"), namespace, domain)


def _http_match(match: Value) -> HTTPMatch:
    uri = _map(match, "uri")
    kind = next((each for each in ("exact", "prefix", "regex") if each in uri), "")
    other = any(match.get(key) for key in ("headers", "queryParams", "scheme", "authority", "withoutHeaders"))
    method = _map(match, "method")
    return HTTPMatch(
        (kind, _text(uri, kind)) if kind else ("", ""),
        _number(match, "port"),
        _texts(match, "gateways"),
        _labels(match, "sourceLabels"),
        _text(match, "sourceNamespace"),
        other or (bool(method) and method.get("exact") != "GET"),
    )


def _raw_route(route: Value, namespace: str, domain: str) -> RawRoute:
    matches = tuple(
        RawMatch(
            _texts(each, "sniHosts"),
            _texts(each, "destinationSubnets"),
            _number(each, "port"),
            _texts(each, "gateways"),
            _labels(each, "sourceLabels"),
            _text(each, "sourceNamespace"),
        )
        for each in _maps(route, "match")
    )
    return RawRoute(matches, _destinations(route, namespace, domain))


def _subsets(manifest: Located, where: _Where) -> set[tuple[str, str]]:
    origin, _created, _metadata = _origin(manifest, where)
    spec = _map(manifest.value, "spec")
    host = _whole_name(_text(spec, "host"), origin.namespace, where.cluster_domain)
    return {(host, _text(each, "name")) for each in _maps(spec, "subsets")}


def _authorization_policy(manifest: Located, where: _Where) -> AuthorizationPolicy:
    origin, _created, _metadata = _origin(manifest, where)
    return AuthorizationPolicy(origin, _labels(_map(_map(manifest.value, "spec"), "selector"), "matchLabels"))


# Kubernetes


def _service(manifest: Located, where: _Where) -> Service:
    origin, created, metadata = _origin(manifest, where)
    spec = _map(manifest.value, "spec")
    address = _text(spec, "clusterIP")
    every = _texts(spec, "clusterIPs")
    exported = _map(metadata, "annotations").get(EXPORT_TO)
    headless = address == "None"
    external = _text(spec, "externalName") if spec.get("type") == "ExternalName" else ""
    return Service(
        origin,
        created,
        _labels(metadata, "labels"),
        _labels(spec, "selector"),
        () if headless or not address else every if len(every) > 1 else (address,),
        headless,
        external,
        tuple(_service_port(each) for each in _maps(spec, "ports")),
        tuple(each.strip() for each in exported.split(",")) if isinstance(exported, str) and exported else (),
    )


def _service_port(value: Value) -> Port:
    number, name = _number(value, "port"), _text(value, "name")
    transport = _text(value, "protocol") or "TCP"
    return Port(number, name, of_service_port(number, name, transport, _text(value, "appProtocol")))


def _endpoint_slice(manifest: Located, where: _Where) -> EndpointSlice:
    origin, _created, metadata = _origin(manifest, where)
    service = dict(_labels(metadata, "labels")).get("kubernetes.io/service-name", "")
    addresses = tuple(address for each in _maps(manifest.value, "endpoints") for address in _texts(each, "addresses"))
    ports = {_text(each, "name"): _number(each, "port") for each in _maps(manifest.value, "ports")}
    return EndpointSlice(origin.namespace, service, addresses, ports)


def _workload(manifest: Located, where: _Where) -> Workload:
    """Pods of a controller, or a Pod itself."""
    origin, _created, metadata = _origin(manifest, where)
    spec = _map(manifest.value, "spec")
    if origin.kind == "CronJob":
        spec = _map(_map(spec, "jobTemplate"), "spec")
    if origin.kind != "Pod":
        template = _map(spec, "template")
        metadata, spec = _map(template, "metadata"), _map(template, "spec")
    labels, annotations = _labels(metadata, "labels"), dict(_labels(metadata, "annotations"))
    return Workload(origin, labels, annotations, _uncaptured(dict(labels), annotations, spec))


def _uncaptured(labels: Value, annotations: Value, pod: Value) -> str:
    """Why no sidecar sees what the pods send, as far as their manifest says."""
    if "false" in (labels.get("sidecar.istio.io/inject"), annotations.get("sidecar.istio.io/inject")):
        return "it has no sidecar: `sidecar.istio.io/inject` is false"
    if pod.get("hostNetwork") is True:
        return "it has no sidecar: it uses the network of its node"
    if labels.get("istio.io/dataplane-mode") == "ambient":
        return "it is in the ambient mesh: Sidecars mean nothing to it"
    if _map(pod, "securityContext").get("runAsUser") == 1337:
        return "it runs as user 1337: what it sends is taken for the sidecar's own"
    return ""


_READERS: dict[tuple[str, str], tuple[str, Callable[[Located, _Where], Any]]] = {
    ("istio", "ServiceEntry"): ("service_entries", _service_entry),
    ("istio", "Sidecar"): ("sidecars", _sidecar),
    ("istio", "VirtualService"): ("virtual_services", _virtual_service),
    ("security.istio.io", "AuthorizationPolicy"): ("authorization", _authorization_policy),
    ("", "Service"): ("services", _service),
    ("discovery.k8s.io", "EndpointSlice"): ("endpoint_slices", _endpoint_slice),
    ("", "Pod"): ("workloads", _workload),
    ("apps", "Deployment"): ("workloads", _workload),
    ("apps", "StatefulSet"): ("workloads", _workload),
    ("apps", "DaemonSet"): ("workloads", _workload),
    ("apps", "ReplicaSet"): ("workloads", _workload),
    ("batch", "Job"): ("workloads", _workload),
    ("batch", "CronJob"): ("workloads", _workload),
    ("argoproj.io", "Rollout"): ("workloads", _workload),
}
"""For the API group and kind of a manifest, the field of Resources it belongs to and how it is read."""
