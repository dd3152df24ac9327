"""Read: manifests become the resources of a mesh. What is written wrong is a finding; other kinds say nothing about egress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from egresslang import codes
from egresslang.documents import Located, items_of
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.addresses import parse_address, parse_network
from egresslang.mesh.matches import is_judged
from egresslang.mesh.protocols import of_service_port, parse
from egresslang.mesh.resources import (
    AuthorizationPolicy,
    Balancing,
    Destination,
    DestinationRule,
    Egress,
    Endpoint,
    EndpointSlice,
    HeaderMatch,
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
    Subset,
    TextMatch,
    VirtualService,
    Workload,
)
from egresslang.record import record, replace
from egresslang.source import Span

VERSIONS = frozenset({"networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3"})
"""The API versions of Istio's networking resources; all mean the same."""

MODES = frozenset({"REGISTRY_ONLY", "ALLOW_ANY", "ALLOW_ANY_DYNAMIC_DNS"})
"""The modes of an outboundTrafficPolicy."""

RESOLUTIONS = frozenset({"NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"})
YOUNGEST = "~"
"""The age of an Istio resource that has none yet: it is created after all that have one."""

NO_ALLOCATION = "networking.istio.io/enable-autoallocate-ip"
EXPORT_TO = "networking.istio.io/exportTo"

KNATIVE = "serving.knative.dev/service"
"""The label that Knative gives the pods of its Services (pkg/apis/serving/register.go of knative.dev/serving)."""

Value = Mapping[str, Any]

Identity = tuple[str, str, str, str]
"""API group, kind, namespace and name."""


@record
class _Where:
    """Where manifests are applied: the domain of the cluster, and the namespace of what names none."""

    cluster_domain: str
    namespace: str


class WrongShape(Exception):
    """A value is not what its kind has there; `words` say so, `key` is that of the value, empty where none is meant."""

    def __init__(self, words: str, key: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.key = key


CANNOT_JUDGE = "egressc cannot judge this "
"""How it is told that a manifest, which Istio may take, says what is not modelled."""


class NotJudged(Exception):
    """A manifest says what egressc cannot judge; `words` say what, `place` where."""

    def __init__(self, words: str, place: Span) -> None:
        super().__init__(words)
        self.words = words
        self.place = place


def read(
    documents: Iterable[Located], cluster_domain: str = "cluster.local", namespace: str = "default"
) -> tuple[Resources, list[Finding]]:
    """The resources of some documents, `List`s unfolded, in their order; a resource with a finding is left out.

    What names no namespace stands in `namespace`, as with `kubectl apply`.
    """
    where = _Where(cluster_domain, namespace)
    found: dict[str, list[Any]] = {field: [] for field, _ in _READERS.values()}
    findings: list[Finding] = []
    known: dict[Identity, Located] = {}
    for each in unfolded(documents):
        value = each.value
        if not isinstance(value, dict):
            continue
        if odd := _odd(each):
            findings.append(odd)
            continue
        kind, version = value.get("kind"), value.get("apiVersion")
        if identity := identity_of(each, namespace):
            first = known.setdefault(identity, each)
            if first is not each:
                findings.append(given_twice(each, first))
                continue
        try:
            if reader := _reader(kind, version):
                field, make = reader
                found[field].append(make(each, where))
        except WrongShape as wrong:
            place = each.get("spec", wrong.key) or each
            findings.append(
                finding(
                    codes.BAD_PROFILE,
                    place.heading,
                    f"this {kind} is none that Istio accepts",
                    wrong.words,
                    help="correct it, or leave it out",
                )
            )
        except NotJudged as unknown:
            findings.append(
                finding(
                    codes.BAD_PROFILE,
                    unknown.place,
                    f"{CANNOT_JUDGE}{kind}",
                    unknown.words,
                    help="write it another way, or leave it out",
                )
            )
    return Resources(**{field: tuple(each) for field, each in found.items()}), findings


def joined(first: Resources, second: Resources) -> Resources:
    """The resources of both."""
    fields = type(first).__slots__  # type: ignore[attr-defined]
    return replace(first, **{name: (*getattr(first, name), *getattr(second, name)) for name in fields})


def _group(version: object) -> str:
    if not isinstance(version, str):
        return ""
    return "istio" if version in VERSIONS else version.rpartition("/")[0]


def unfolded(documents: Iterable[Located]) -> Iterator[Located]:
    """The documents, those of `List`s one by one."""
    for each in documents:
        items = items_of(each)
        if items is None:
            yield each
        else:
            yield from unfolded(items)


def _odd(manifest: Located) -> Finding | None:
    """A finding where kind or version is no text."""
    for key in ("kind", "apiVersion"):
        said = manifest.value.get(key)
        if said is not None and not isinstance(said, str):
            part = manifest[key]
            return finding(
                codes.BAD_PROFILE,
                part.heading,
                f"`{part.key_span.text}` of a manifest is not text",
                "not a Kubernetes resource",
                help="give whole manifests, as `kubectl get -o yaml` prints them",
            )
    return None


def is_read(manifest: Located) -> bool:
    """Whether a manifest is of a kind, in a version, that says something here."""
    value = manifest.value
    if not isinstance(value, dict):
        return False
    return _reader(value.get("kind"), value.get("apiVersion")) is not None


def is_kind(word: str) -> bool:
    """Whether a kind of this name is read in some version."""
    return word == "DestinationRule" or any(word == kind for _, kind in _READERS)


def identity_of(manifest: Located, namespace: str = "default") -> Identity | None:
    """What a cluster knows a manifest by, in `namespace` if it names none; None where it says too little."""
    value = manifest.value
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(metadata, dict):
        return None
    version, kind, name = value.get("apiVersion"), value.get("kind"), metadata.get("name")
    if not (version and kind and name) or {type(version), type(kind), type(name)} != {str}:
        return None
    where = metadata.get("namespace") or namespace
    return _group(version), kind, where if isinstance(where, str) else "", name


def given_twice(second: Located, first: Located) -> Finding:
    """The finding of a second manifest of one identity."""
    return finding(
        codes.BAD_PROFILE,
        second["metadata"]["name"].span,
        f"{second.value['kind']} `{second.value['metadata']['name']}` is given twice",
        "in a cluster this one would replace the first",
        (Label(first["metadata"]["name"].span, "first here"),),
        help="leave one of them out",
    )


def _reader(kind: object, version: object) -> tuple[str, Callable[[Located, _Where], Any]] | None:
    return _READERS.get((_group(version), kind)) if isinstance(kind, str) else None


# Values


def _of(kind: type, found: Any, key: str, default: Any, words: str) -> Any:
    """What a key has: the default where that is null; raises WrongShape for what is of another kind."""
    if found is None:
        return default
    if not isinstance(found, kind) or (isinstance(found, bool) and kind is int):
        raise WrongShape(f"`{key}` is not {words}", key)
    return found


def _text(value: Value, key: str) -> str:
    found: str = value.get(key, "")
    return found if found.__class__ is str else _of(str, found, key, "", "text")


def _number(value: Value, key: str) -> int:
    found: int = value.get(key, 0)
    return found if found.__class__ is int else _of(int, found, key, 0, "a whole number")


def _map(value: Value, key: str) -> Value:
    found: Any = value.get(key, {})
    return found if found.__class__ is dict else _of(dict, found, key, {}, "a mapping")


def _maybe(value: Value, key: str) -> Value | None:
    """A mapping, None where it is absent."""
    return None if value.get(key) is None else _map(value, key)


def _list(value: Value, key: str, kind: type, words: str) -> list[Any]:
    """A list with entries of one kind; what is read of YAML is of no subclass."""
    found: list[Any] = value.get(key, [])
    if found.__class__ is not list:
        found = _of(list, found, key, [], "a list")
    if found and {*map(type, found)} != {kind}:
        raise WrongShape(f"`{key}` has an entry that is no {words}", key)
    return found


def _texts(value: Value, key: str) -> tuple[str, ...]:
    return tuple(_list(value, key, str, "text"))


def _maps(value: Value, key: str) -> list[Value]:
    return _list(value, key, dict, "mapping")


def _labels(value: Value, key: str) -> Labels:
    found = _map(value, key)
    if not found:
        return ()
    if {*map(type, found.values())} != {str}:
        raise WrongShape(f"`{key}` has a value that is no text", key)
    return tuple(sorted(found.items()))


def _selector(spec: Value, inner: str = "labels") -> Labels | None:
    selector = _maybe(spec, "workloadSelector")
    return None if selector is None else _labels(selector, inner)


def _origin(manifest: Located, where: _Where) -> tuple[Origin, str, Value]:
    metadata = _map(manifest.value, "metadata")
    name = _text(metadata, "name") or _text(metadata, "generateName").rstrip("-.")
    if not name:
        raise WrongShape("it has no `metadata.name`")
    origin = Origin(str(manifest.value["kind"]), _text(metadata, "namespace") or where.namespace, name, manifest)
    created = metadata.get("creationTimestamp")
    youngest = YOUNGEST if manifest.value.get("apiVersion") in VERSIONS else ""
    return origin, created if isinstance(created, str) else youngest, metadata


# Istio


def _service_entry(manifest: Located, where: _Where) -> ServiceEntry:
    origin, created, metadata = _origin(manifest, where)
    spec = _map(manifest.value, "spec")
    labels = _labels(metadata, "labels")
    resolution = _text(spec, "resolution") or "NONE"
    if resolution not in RESOLUTIONS:
        raise WrongShape(f"`{resolution}` is no resolution", "resolution")
    hosts, addresses = _texts(spec, "hosts"), _texts(spec, "addresses")
    ports = tuple([_port(each) for each in _maps(spec, "ports")])
    _refuse_hosts(hosts)
    _refuse_ports(ports)
    for address in addresses:
        if parse_network(address) is None:
            raise WrongShape(f"`{address}` is no address", "addresses")
    allocates = resolution != "NONE" and not addresses and dict(labels).get(NO_ALLOCATION, "").lower() != "false"
    allocated: dict[str, tuple[str, ...]] = {}
    if allocates and (status := _maybe(manifest.value, "status")):
        for each in _maps(status, "addresses"):
            host = _text(each, "host")
            allocated[host] = (*allocated.get(host, ()), _text(each, "value"))
    endpoints = tuple(
        [
            Endpoint(_text(each, "address"), _map(each, "ports"), _text(each, "locality"), _labels(each, "labels"))
            for each in _maps(spec, "endpoints")
        ]
    )
    _refuse_endpoints(resolution, addresses, endpoints)
    return ServiceEntry(
        origin,
        created,
        labels,
        hosts,
        addresses,
        ports,
        resolution,
        endpoints,
        _texts(spec, "exportTo"),
        _selector(spec),
        allocated,
        allocates,
        _text(spec, "location") == "MESH_INTERNAL",
    )


def _refuse_hosts(hosts: Iterable[str]) -> None:
    """Raise WrongShape for what Istio refuses as hosts (ValidateServiceEntry, pkg/config/validation/validation.go)."""
    if not hosts:
        raise WrongShape("it has no `hosts`")
    for host in hosts:
        if host == "*" or "" in host.removesuffix(".").split("."):
            raise WrongShape(f"`{host}` is no host", "hosts")


def _refuse_ports(ports: Iterable[Port]) -> None:
    """Raise WrongShape for what Istio refuses as ports (likewise); none at all is accepted."""
    numbers: set[int] = set()
    names: set[str] = set()
    for port in ports:
        if not port.name:
            raise WrongShape(f"port {port.number} has no name", "ports")
        if not 0 < port.number < 65536:
            raise WrongShape(f"{port.number} is no port", "ports")
        if port.number in numbers or port.name in names:
            raise WrongShape(f"port {port.number}, `{port.name}`, is given twice", "ports")
        numbers.add(port.number)
        names.add(port.name)


def _refuse_endpoints(resolution: str, addresses: Iterable[str], endpoints: Iterable[Endpoint]) -> None:
    """Raise WrongShape for what Istio refuses of addresses and endpoints under a resolution (likewise)."""
    for network in () if resolution in ("NONE", "STATIC") else addresses:
        if "/" in network:
            raise WrongShape(f"the network `{network}` takes another resolution than {resolution}", "addresses")
    for each in endpoints:
        if resolution == "NONE":
            raise WrongShape("a resolution of NONE takes no `endpoints`", "endpoints")
        is_path = each.address.startswith("unix://")
        if resolution == "STATIC" and each.address and not is_path and parse_address(each.address) is None:
            raise WrongShape(f"`{each.address}` is no address", "endpoints")


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
            None if (port := _maybe(each, "port")) is None else _port(port),
            _text(each, "bind"),
            _text(each, "captureMode") != "NONE",
        )
        for each in _maps(spec, "egress")
    )
    return Sidecar(origin, created, _selector(spec), egress, outbound_policy(spec, origin.namespace))


def outbound_policy(value: Value, namespace: str = "") -> OutboundPolicy | None:
    """An `outboundTrafficPolicy`: None when it is absent, REGISTRY_ONLY when it says no mode (its zero value)."""
    policy = _maybe(value, "outboundTrafficPolicy")
    if policy is None:
        return None
    mode, proxy = _text(policy, "mode") or "REGISTRY_ONLY", _maybe(policy, "egressProxy")
    if mode not in MODES:
        raise WrongShape(f"`{mode}` is no mode of outboundTrafficPolicy", "outboundTrafficPolicy")
    return OutboundPolicy(mode, None if proxy is None else _destination(proxy, namespace, ""))


def _virtual_service(manifest: Located, where: _Where) -> VirtualService:
    origin, created, _metadata = _origin(manifest, where)
    spec = _map(manifest.value, "spec")
    namespace, domain = origin.namespace, where.cluster_domain
    gateways = _texts(spec, "gateways")
    made = VirtualService(
        origin,
        created,
        tuple(_whole_name(host, namespace, domain) for host in _texts(spec, "hosts")),
        gateways,
        tuple(namespace if each == "." else each for each in _texts(spec, "exportTo")),
        tuple(_http_route(each, namespace, domain) for each in _maps(spec, "http")),
        tuple(_raw_route(each, namespace, domain) for each in _maps(spec, "tls")),
        tuple(_raw_route(each, namespace, domain) for each in _maps(spec, "tcp")),
    )
    if not gateways or "mesh" in gateways:
        _refuse_unjudged(manifest)
    return made


def _refuse_unjudged(manifest: Located) -> None:
    """Raise NotJudged where a VirtualService delegates, or asks by an expression that egressc cannot read as Envoy does."""
    http = manifest.get("spec", "http")
    for route in () if http is None else http.entries():
        delegate = route.get("delegate")
        if delegate is not None:
            raise NotJudged("egressc does not follow a route into another VirtualService", delegate.key_span)
        matches = route.get("match")
        for match in () if matches is None else matches.entries():
            for regex in _expressions(match):
                if not is_judged(("regex", regex.value)):
                    raise NotJudged("egressc cannot tell what this expression takes", regex.span)


def _expressions(match: Located) -> Iterator[Located]:
    """The regular expressions of a match; `*` is none where a header is asked for."""
    for key in ("uri", "method", "scheme", "authority", "headers", "withoutHeaders"):
        asked = match.get(key)
        if asked is not None:
            for each in (each for _, each in asked.items()) if key.endswith("eaders") else (asked,):
                regex = each.get("regex")
                if regex is not None and (key == "uri" or regex.value != "*"):
                    yield regex


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
    answers = any(_maybe(route, key) is not None for key in ("redirect", "directResponse"))
    matches = tuple(_http_match(each) for each in _maps(route, "match"))
    return HTTPRoute(
        matches, _destinations(route, namespace, domain), tuple(_mirrors(route, namespace, domain)), answers
    )


def _mirrors(route: Value, namespace: str, domain: str) -> Iterator[Destination]:
    """Where copies go: to each mirror whose percentage is not said to be nothing."""
    if _maybe(route, "mirror") is not None:
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
    whole = (
        HeaderMatch(f":{key}", _any_or_text(_map(match, key)))
        for key in ("method", "scheme", "authority")
        if match.get(key) is not None
    )
    headers = (
        HeaderMatch(name, _any_or_text(_map(_map(match, key), name)), key == "withoutHeaders")
        for key in ("headers", "withoutHeaders")
        for name in _map(match, key)
    )
    return HTTPMatch(
        _text_match(uri),
        _number(match, "port"),
        _texts(match, "gateways"),
        _labels(match, "sourceLabels"),
        _text(match, "sourceNamespace"),
        (*whole, *headers),
        bool(_map(match, "queryParams")),
    )


def _text_match(value: Value) -> TextMatch:
    kind = next((each for each in ("exact", "prefix", "regex") if each in value), "")
    return (kind, _text(value, kind)) if kind else ("", "")


def _any_or_text(value: Value) -> TextMatch:
    """A match of a header, in which `*` as an expression is whatever is there."""
    match = _text_match(value)
    return ("", "") if match == ("regex", "*") else match


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


def _destination_rule(manifest: Located, where: _Where) -> DestinationRule:
    origin, created, _metadata = _origin(manifest, where)
    spec = _map(manifest.value, "spec")
    selector = _selector(spec, "matchLabels")
    is_selecting = selector is not None
    return DestinationRule(
        origin,
        created,
        _whole_name(_text(spec, "host"), origin.namespace, where.cluster_domain),
        _texts(spec, "exportTo"),
        selector,
        tuple(
            Subset(_text(each, "name"), _labels(each, "labels"), _balancing(each, is_selecting))
            for each in _maps(spec, "subsets")
        ),
        _balancing(spec, is_selecting),
    )


def _balancing(value: Value, is_selecting: bool) -> Balancing | None:
    policy = _maybe(value, "trafficPolicy")
    if policy is None:
        return None
    apart = _maps(policy, "portLevelSettings")
    numbers = [_number(_map(each, "port"), "number") for each in apart]
    return Balancing(
        _simple(policy),
        tuple(zip(numbers, map(_simple, apart), strict=True)),
        _mode_of_tls(policy, is_selecting),
        tuple(zip(numbers, (_mode_of_tls(each, is_selecting) for each in apart), strict=True)),
    )


def _mode_of_tls(policy: Value, is_selecting: bool) -> str | None:
    """The mode of TLS; none is spoken by sidecars with a secret's certificate that a rule without a selector names (buildUpstreamTLSSettings)."""
    tls = _maybe(policy, "tls")
    if tls is None:
        return None
    mode = _text(tls, "mode") or "DISABLE"
    is_of_gateways = bool(_text(tls, "credentialName")) and not is_selecting and mode in ("SIMPLE", "MUTUAL")
    return "DISABLE" if is_of_gateways else mode


def _simple(policy: Value) -> str | None:
    balancer = _maybe(policy, "loadBalancer")
    return None if balancer is None else _text(balancer, "simple")


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
    if origin.kind == "Service":
        labels = tuple(sorted({**dict(labels), KNATIVE: origin.name}.items()))
    return Workload(origin, labels, annotations, _uncaptured(dict(labels), annotations, spec))


GATEWAYS = ("egressgateway", "ingressgateway")
"""The values of the label `istio` by which Istio's own Gateways find their pods (charts of Istio, docs of its tasks)."""

TEMPLATES = "inject.istio.io/templates"
"""The annotation by which pods get a gateway's proxy for a sidecar."""


def is_gateway(labels: Mapping[str, Any], annotations: Mapping[str, Any]) -> bool:
    """Whether pods are a gateway by their labels and annotations: no Sidecar is for these."""
    return labels.get("istio") in GATEWAYS or annotations.get(TEMPLATES) == "gateway"


def _uncaptured(labels: Value, annotations: Value, pod: Value) -> str:
    """Why no sidecar sees what the pods send, as far as their manifest says."""
    if "false" in (labels.get("sidecar.istio.io/inject"), annotations.get("sidecar.istio.io/inject")):
        return "it has no sidecar: `sidecar.istio.io/inject` is false"
    if pod.get("hostNetwork") is True:
        return "it has no sidecar: it uses the network of its node"
    if labels.get("istio.io/dataplane-mode") == "ambient":
        return "it is in the ambient mesh: Sidecars mean nothing to it"
    if is_gateway(labels, annotations):
        return "it is a gateway: Gateways say what it does, and Sidecars mean nothing to it"
    if _map(pod, "securityContext").get("runAsUser") == 1337 and not _all_say_a_user(pod):
        return "it runs as user 1337: what it sends is taken for the sidecar's own"
    return ""


def _all_say_a_user(pod: Value) -> bool:
    """Whether every container says itself who it runs as, so that what the pod says is nobody's."""
    containers = pod.get("containers")
    own = containers if isinstance(containers, list) else []
    return bool(own) and all(isinstance(each, dict) and "runAsUser" in _map(each, "securityContext") for each in own)


_READERS: dict[tuple[str, str], tuple[str, Callable[[Located, _Where], Any]]] = {
    ("istio", "ServiceEntry"): ("service_entries", _service_entry),
    ("istio", "Sidecar"): ("sidecars", _sidecar),
    ("istio", "VirtualService"): ("virtual_services", _virtual_service),
    ("istio", "DestinationRule"): ("destination_rules", _destination_rule),
    ("security.istio.io", "AuthorizationPolicy"): ("authorization", _authorization_policy),
    ("", "Service"): ("services", _service),
    ("discovery.k8s.io", "EndpointSlice"): ("endpoint_slices", _endpoint_slice),
    ("", "Pod"): ("workloads", _workload),
    ("", "ReplicationController"): ("workloads", _workload),
    ("apps", "Deployment"): ("workloads", _workload),
    ("apps", "StatefulSet"): ("workloads", _workload),
    ("apps", "DaemonSet"): ("workloads", _workload),
    ("apps", "ReplicaSet"): ("workloads", _workload),
    ("batch", "Job"): ("workloads", _workload),
    ("batch", "CronJob"): ("workloads", _workload),
    ("argoproj.io", "Rollout"): ("workloads", _workload),
    ("serving.knative.dev", "Service"): ("workloads", _workload),
}
"""For the API group and kind of a manifest, the field of Resources it belongs to and how it is read."""
