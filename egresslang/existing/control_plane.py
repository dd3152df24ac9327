"""Control plane: what the objects of a running cluster state of its Istio and its networks.

Istio's own ConfigMaps hold its configuration and the values of its chart, istiod's pods its version. The ranges of a
cluster are stated by ServiceCIDRs, by kubeadm and by the flags of its API server; addresses of Services are no range.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from egresslang.documents import Located, read
from egresslang.findings import Finding
from egresslang.profile.facts import CAPTURE, ISTIO_DEFAULTS
from egresslang.profile.installation import form_of, read_installation
from egresslang.profile.version import parse, written
from egresslang.record import record
from egresslang.source import Source
from egresslang.verify.installed import as_values, is_config_map

STATED = ("version", "outboundTrafficPolicy", "rootNamespace", "dnsCapture", "clusterDomain")
"""Facts about Istio that a ClusterProfile can state, by their names there."""

FAMILIES = ("IPv4", "IPv6")

_EVERYTHING = "*"
"""What the chart's values say by themselves of the addresses that are captured."""

_FLAGS = {"--service-cluster-ip-range": "services", "--cluster-cidr": "pods"}
_FLAG = re.compile(r"(--[a-z-]+)=(.+)").fullmatch


@record
class Said:
    """Something that an object states: `key` is a name of STATED or CAPTURE, `pods` or `services` (CIDRs), or `families`; `by` says who."""

    key: str
    value: Any
    by: str


@record
class Settled:
    """What all objects agree on, by key, and in words what they do not agree on."""

    facts: Mapping[str, Any]
    remarks: tuple[str, ...]


def said_by(document: Located, found: list[Finding]) -> Iterator[Said]:
    """What a document states, if it is an object that states anything; what in it cannot be read is added to `found`."""
    value = document.value
    if not isinstance(value, dict):
        return
    metadata, spec = _map(value.get("metadata")), _map(value.get("spec"))
    kind, name = value.get("kind"), metadata.get("name")
    by = f"{kind} `{name}`"
    if kind == "ConfigMap" and isinstance(name, str):
        yield from _configured(name, document, by, found)
    elif kind == "ServiceCIDR":
        yield from _networks("services", spec.get("cidrs"), by)
    elif kind == "Service" and value.get("apiVersion") == "v1":
        families = spec.get("ipFamilies")
        is_live = bool(spec.get("clusterIP"))
        if is_live and isinstance(families, list) and families and set(families) <= set(FAMILIES):
            yield Said("families", tuple(families), by)
    elif kind in ("Deployment", "Pod"):
        pod = value if kind == "Pod" else _map(spec.get("template"))
        yield from _run(_map(pod.get("metadata")), _map(pod.get("spec")), by)


def settled(stated: Iterable[Said]) -> Settled:
    """One value for each key that is stated once, or alike; networks and families are put together."""
    facts: dict[str, Any] = {}
    first: dict[str, Said] = {}
    disputed: dict[str, list[str]] = {}
    for each in stated:
        if each.key in ("pods", "services", "families"):
            facts[each.key] = tuple(sorted({*facts.get(each.key, ()), *each.value}))
            continue
        known = first.setdefault(each.key, each)
        facts.setdefault(each.key, each.value)
        if known.value != each.value:
            disputed.setdefault(each.key, [_told(known)]).append(_told(each))
    remarks = [
        f"`{key}` is not stated, as the manifests do not agree: {', '.join(dict.fromkeys(told))}"
        for key, told in disputed.items()
    ]
    return Settled({key: value for key, value in facts.items() if key not in disputed}, tuple(remarks))


def stated_by_installation(document: Located, by: str, found: list[Finding]) -> Iterator[Said]:
    """The facts of an installation file that a profile cannot name; what Istio would refuse in it is added to `found`."""
    installed, wrong = read_installation(document)
    found += wrong
    if installed.profile is not None:
        yield Said("profile", installed.profile.value, by)
    for key in (*STATED, *CAPTURE):
        if key in installed.facts and not (key in CAPTURE and installed.facts[key].value == _EVERYTHING):
            yield Said(key, _plain(key, installed.facts[key].value), by)


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _told(each: Said) -> str:
    value = str(each.value).lower() if isinstance(each.value, bool) else each.value
    return f"{value} by {each.by}"


def _plain(key: str, value: Any) -> Any:
    return written(value) if key == "version" else value


def _configured(name: str, document: Located, by: str, found: list[Finding]) -> Iterator[Said]:
    """What a ConfigMap holds: Istio's own (of any revision), the values of its injector, kubeadm's."""
    data = document.get("data")
    if data is None:
        return
    if is_config_map(document) and _text(data, "mesh"):
        wrong: list[Finding] = []
        values = as_values(document, wrong)
        said = [] if values is None else list(stated_by_installation(values, by, wrong))
        mode = Said("outboundTrafficPolicy", ISTIO_DEFAULTS["outboundTrafficPolicy"], by)
        yield from ({} if wrong else {mode.key: mode} | {each.key: each for each in said}).values()
        found += wrong
    elif name.startswith("istio-sidecar-injector") and (text := _text(data, "values")):
        documents, wrong = read(Source(f"{document.source.name} (data.values)", text))
        own = {
            each.key: each
            for values in documents
            if form_of(values) == "helm"
            for each in stated_by_installation(values, by, wrong)
        }
        found += wrong
        yield from (own[key] for key in ("version", "clusterDomain", *CAPTURE) if key in own)  # the mesh says the rest
    elif name == "kubeadm-config" and (text := _text(data, "ClusterConfiguration")):
        for each in read(Source(name, text))[0]:
            networking = _map(_map(each.value).get("networking"))
            for key, networks in (("podSubnet", "pods"), ("serviceSubnet", "services")):
                yield from _networks(networks, str(networking.get(key) or "").split(","), by)
            if isinstance(domain := networking.get("dnsDomain"), str):
                yield Said("clusterDomain", domain, by)


def _text(data: Located, key: str) -> str:
    value = data.value.get(key) if isinstance(data.value, dict) else None
    return value if isinstance(value, str) else ""


def _networks(kind: str, cidrs: object, by: str) -> Iterator[Said]:
    listed = tuple(each.strip() for each in cidrs if isinstance(each, str)) if isinstance(cidrs, list) else ()
    known = tuple(filter(None, map(_network, listed)))
    if known:
        yield Said(kind, known, by)


def _network(text: str) -> str:
    """A CIDR without bits after its prefix, which Kubernetes ignores as well; empty for what is none."""
    import ipaddress

    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return ""


def _run(metadata: Mapping[str, Any], pod: Mapping[str, Any], by: str) -> Iterator[Said]:
    """What the pods of istiod, and of the cluster's own control plane, are started with."""
    labels, containers = _map(metadata.get("labels")), pod.get("containers")
    is_istiod = labels.get("app") == "istiod" or labels.get("istio") == "pilot"
    for each in map(_map, containers if isinstance(containers, list) else ()):
        image = each.get("image")
        if is_istiod and isinstance(image, str) and (version := parse(image.partition("@")[0].rpartition(":")[2])):
            yield Said("version", written(version), by)
        if labels.get("component") in ("kube-apiserver", "kube-controller-manager"):
            words = [word for key in ("command", "args") if isinstance(each.get(key), list) for word in each[key]]
            for flag in filter(None, map(_FLAG, map(str, words))):
                if flag[1] in _FLAGS:
                    yield from _networks(_FLAGS[flag[1]], flag[2].split(","), by)
