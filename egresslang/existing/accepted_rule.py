"""Accepted rules: what Istio refuses of a DestinationRule (ValidateDestinationRule, pkg/config/validation/validation.go), at its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang.existing.shapes import Complaint, Path
from egresslang.existing.words import (
    Spec,
    about_host,
    duration_of,
    exports_of,
    is_host,
    is_label,
    is_name,
    labels_of,
    port_of,
    selector_of,
    unknown,
)
from egresslang.mesh.addresses import parse_address

MODES = ("DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL")
BALANCERS = ("UNSPECIFIED", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST")
_OF_ALL = ("tunnel", "proxyProtocol", "retryBudget", "portLevelSettings")
_OF_PORTS = ("outlierDetection", "connectionPool", "loadBalancer", "tls")
_CERTIFICATES = ("clientCertificate", "privateKey", "caCertificates", "caCrl")
_CONFIG_MAP = "configmap://"


def of_rule(spec: Spec, namespace: str) -> Iterator[Complaint]:
    """Everything that is wrong with the `spec` of a DestinationRule, whose keys and types are as they should be."""
    host = spec.get("host") or ""
    if not is_host(host):
        yield Complaint(("host",), f"`{host}` is no host" if host else "this rule has no host", *about_host(host))
    yield from _policy(("trafficPolicy",), spec.get("trafficPolicy"), namespace)
    names: set[str] = set()
    for at, subset in enumerate(spec.get("subsets") or ()):
        yield from _subset(("subsets", at), subset, names, namespace)
    yield from exports_of(spec, namespace, may_hide=False)
    if spec.get("workloadSelector") is not None:
        yield from _export_of_selected(spec.get("exportTo") or (), namespace)
    yield from selector_of(spec, "matchLabels")


def _export_of_selected(export_to: Iterable[str], namespace: str) -> Iterator[Complaint]:
    for at, each in enumerate(export_to):
        if each not in (".", namespace):
            yield Complaint(
                ("exportTo", at),
                f"a rule with `workloadSelector` is not exported to `{each}`",
                "it is for pods of its own namespace",
                'write `exportTo: ["."]`, or leave it out',
            )


def _subset(path: Path, subset: Spec, names: set[str], namespace: str) -> Iterator[Complaint]:
    name = subset.get("name") or ""
    if not name:
        yield Complaint(path, "a subset has no name", "routes name it", "write its `name`")
    elif not is_label(name):
        yield Complaint(
            (*path, "name"),
            f"`{name}` is no name of a subset",
            "expected letters, digits and `-`",
            "write such as `v2`",
        )
    if name and name in names:
        yield Complaint(
            (*path, "name"), f"two subsets are called `{name}`", "the name of another one", "give each its own name"
        )
    names.add(name)
    yield from labels_of((*path, "labels"), subset.get("labels") or {})
    yield from _policy((*path, "trafficPolicy"), subset.get("trafficPolicy"), namespace)


def _policy(path: Path, policy: Spec | None, namespace: str) -> Iterator[Complaint]:
    if policy is None:
        return
    if all(policy.get(key) in (None, []) for key in (*_OF_PORTS, *_OF_ALL)):
        yield Complaint(path, "a traffic policy says nothing", "it is empty", "write such as `tls`, or leave it out")
        return
    if policy.get("tunnel") is not None and policy.get("proxyProtocol") is not None:
        yield Complaint(
            (*path, "tunnel"), "it has `tunnel` and `proxyProtocol`", "one of them is expected", "leave one of them out"
        )
        return
    yield from _settings(path, policy, namespace)
    for at, each in enumerate(policy.get("portLevelSettings") or ()):
        where = (*path, "portLevelSettings", at)
        if each.get("port") is None:
            yield Complaint(
                where, "settings of a port name none", "of which port they are", "write `port: {number: …}`"
            )
        if all(each.get(key) is None for key in _OF_PORTS):
            yield Complaint(where, "settings of a port say nothing", "they are empty", "write such as `tls`")
        yield from _settings(where, each, namespace)
    yield from _tunnel((*path, "tunnel"), policy.get("tunnel"))
    version = (policy.get("proxyProtocol") or {}).get("version")
    if version is not None and version not in ("V1", "V2"):
        yield unknown((*path, "proxyProtocol", "version"), "version", version, ("V1", "V2"))


def _tunnel(path: Path, tunnel: Spec | None) -> Iterator[Complaint]:
    if tunnel is None:
        return
    if tunnel.get("protocol") not in (None, "", "CONNECT", "POST"):
        yield unknown((*path, "protocol"), "protocol", tunnel["protocol"], ("CONNECT", "POST"))
    host = tunnel.get("targetHost") or ""
    if not is_name(host) and parse_address(host) is None:
        yield Complaint((*path, "targetHost"), f"`{host}` is no end of a tunnel", *about_host(host))
    yield from port_of((*path, "targetPort"), tunnel.get("targetPort") or 0)


def _settings(path: Path, policy: Spec, namespace: str) -> Iterator[Complaint]:
    yield from _outliers((*path, "outlierDetection"), policy.get("outlierDetection") or {})
    if policy.get("connectionPool") is not None:
        yield from _pool((*path, "connectionPool"), policy["connectionPool"])
    yield from _balancer((*path, "loadBalancer"), policy.get("loadBalancer") or {})
    if policy.get("tls") is not None:
        yield from _tls((*path, "tls"), policy["tls"], namespace)


def _tls(path: Path, tls: Spec, namespace: str) -> Iterator[Complaint]:
    mode, secret = tls.get("mode", "DISABLE"), tls.get("credentialName") or ""
    given = [key for key in _CERTIFICATES if tls.get(key)]
    if mode is not None and mode not in MODES:
        yield unknown((*path, "mode"), "mode", mode, MODES)
        return
    if secret.startswith(_CONFIG_MAP):
        yield from _config_map((*path, "credentialName"), secret.removeprefix(_CONFIG_MAP), namespace)
    if tls.get("insecureSkipVerify") and mode in ("SIMPLE", "MUTUAL"):
        checks = [key for key in ("caCertificates", "subjectAltNames") if tls.get(key)]
        checks += ["credentialName"] if mode == "SIMPLE" and secret else []
        for key in checks:
            yield Complaint(
                (*path, key),
                f"`insecureSkipVerify` goes with no `{key}`",
                "nothing is verified",
                "leave one of them out",
            )
    if mode in ("SIMPLE", "MUTUAL") and secret:
        for key in given:
            yield Complaint(
                (*path, key), f"it has `credentialName` and `{key}`", "one of them is expected", "leave one of them out"
            )
        return
    lacks = [f"`{key}`" for key in ("clientCertificate", "privateKey") if mode == "MUTUAL" and not tls.get(key)]
    if lacks:
        yield Complaint(
            (*path, "mode"),
            f"MUTUAL has no {' and no '.join(lacks)}",
            "both sides show a certificate",
            "write `credentialName`, or `clientCertificate` and `privateKey`; `mode: SIMPLE` needs none",
        )


def _config_map(path: Path, name: str, namespace: str) -> Iterator[Complaint]:
    where, _, rest = name.partition("/")
    if where != namespace or not rest.partition("/")[0]:
        yield Complaint(
            path,
            f"`{_CONFIG_MAP}{name}` is no ConfigMap of this namespace",
            f"this rule is in `{namespace}`",
            f"write `{_CONFIG_MAP}{namespace}/NAME`",
        )


def _outliers(path: Path, outliers: Spec) -> Iterator[Complaint]:
    for key in ("baseEjectionTime", "interval"):
        if outliers.get(key) is not None:
            yield from duration_of((*path, key), outliers[key])
    for key in ("maxEjectionPercent", "minHealthPercent"):
        share = outliers.get(key) or 0
        if not 0 <= share <= 100:
            yield Complaint((*path, key), f"{share} is no percentage", "expected 0 to 100", "write such as `10`")
    if (outliers.get("consecutiveLocalOriginFailures") or 0) > 0 and not outliers.get("splitExternalLocalOriginErrors"):
        yield Complaint(
            (*path, "consecutiveLocalOriginFailures"),
            "local failures are counted apart, and not told apart",
            "`splitExternalLocalOriginErrors` is false",
            "write `splitExternalLocalOriginErrors: true`",
        )


_COUNTS = {
    "http": ("http1MaxPendingRequests", "http2MaxRequests", "maxRequestsPerConnection", "maxRetries", "maxConcurrentStreams"),
    "tcp": ("maxConnections",),
}  # fmt: skip
_DURATIONS = {"http": ("idleTimeout",), "tcp": ("connectTimeout", "maxConnectionDuration", "idleTimeout")}
_UPGRADES = ("DEFAULT", "DO_NOT_UPGRADE", "UPGRADE")


def _pool(path: Path, pool: Spec) -> Iterator[Complaint]:
    http, tcp = pool.get("http"), pool.get("tcp")
    if http is None and tcp is None:
        yield Complaint(
            path, "a connection pool says nothing", "neither `http` nor `tcp`", "write one, or leave it out"
        )
    for kind, said in (("http", http or {}), ("tcp", tcp or {})):
        for key in _COUNTS[kind]:
            if (said.get(key) or 0) < 0:
                yield Complaint((*path, kind, key), f"{said[key]} is too few", "below zero", "write 0 or more")
        for key in _DURATIONS[kind]:
            text = said.get(key)
            if text is not None and not (kind == "tcp" and key == "idleTimeout" and text.rstrip("msh") == "0"):
                yield from duration_of((*path, kind, key), text)
    for key in ("time", "interval"):
        text = ((tcp or {}).get("tcpKeepalive") or {}).get(key)
        if text is not None:
            yield from duration_of((*path, "tcp", "tcpKeepalive", key), text)
    if http is not None:
        yield from _http_pool((*path, "http"), http)


def _http_pool(path: Path, http: Spec) -> Iterator[Complaint]:
    upgrades = http.get("h2UpgradePolicy")
    if upgrades is not None and upgrades not in _UPGRADES:
        yield unknown((*path, "h2UpgradePolicy"), "policy", upgrades, _UPGRADES)
    if upgrades == "UPGRADE" and http.get("useClientProtocol"):
        yield Complaint(
            (*path, "useClientProtocol"),
            "it upgrades, and keeps what the client speaks",
            "`h2UpgradePolicy` is UPGRADE",
            "leave one of them out",
        )
    alive = http.get("http2KeepAlive") or {}
    for key in ("interval", "timeout") if http.get("http2KeepAlive") is not None else ():
        if alive.get(key) is None:
            yield Complaint((*path, "http2KeepAlive"), f"it has no `{key}`", "both are expected", f"write `{key}`")
        else:
            yield from duration_of((*path, "http2KeepAlive", key), alive[key])


def _balancer(path: Path, balancer: Spec) -> Iterator[Complaint]:
    simple, hashed = balancer.get("simple"), balancer.get("consistentHash")
    if simple is not None and simple not in BALANCERS:
        yield unknown((*path, "simple"), "balancer", simple, BALANCERS)
    if simple is not None and hashed is not None:
        yield Complaint(
            (*path, "simple"),
            "it has `simple` and `consistentHash`",
            "one of them is expected",
            "leave one of them out",
        )
    if balancer.get("localityLbSetting") is not None and balancer.get("zoneAwareLbSetting") is not None:
        yield Complaint(
            (*path, "zoneAwareLbSetting"),
            "it has `localityLbSetting` and `zoneAwareLbSetting`",
            "one of them is expected",
            "leave one of them out",
        )
    yield from _hash((*path, "consistentHash"), hashed or {})
    yield from _localities((*path, "localityLbSetting"), balancer.get("localityLbSetting") or {})
    warmup = balancer.get("warmup")
    if warmup is not None:
        yield from _warmup((*path, "warmup"), warmup)


def _warmup(path: Path, warmup: Spec) -> Iterator[Complaint]:
    if warmup.get("duration") is None:
        yield Complaint(path, "it has no `duration`", "how long it takes", "write `duration`")
    else:
        yield from duration_of((*path, "duration"), warmup["duration"])
    if (warmup.get("minimumPercent") or 0) > 100:
        yield Complaint((*path, "minimumPercent"), f"{warmup['minimumPercent']} is no percentage", "expected 0 to 100", "write such as `10`")  # fmt: skip
    if warmup.get("aggression") is not None and warmup["aggression"] <= 0:
        yield Complaint((*path, "aggression"), f"{warmup['aggression']} is too little", "above zero is expected", "write such as `1`")  # fmt: skip


def _hash(path: Path, hashed: Spec) -> Iterator[Complaint]:
    cookie, maglev = hashed.get("httpCookie"), hashed.get("maglev")
    if cookie is not None and not cookie.get("name"):
        yield Complaint((*path, "httpCookie"), "a cookie has no name", "it is hashed by it", "write its `name`")
    if cookie is not None and cookie.get("ttl") is not None:
        yield from duration_of((*path, "httpCookie", "ttl"), cookie["ttl"], least=0)
    attributes: set[str] = set()
    for at, each in enumerate((cookie or {}).get("attributes") or ()):
        name = each.get("name") or ""
        if not name or name in attributes:
            yield Complaint(
                (*path, "httpCookie", "attributes", at),
                f"an attribute is called `{name}` twice" if name else "an attribute has no name",
                "of a cookie",
                "give each its own name",
            )
        attributes.add(name)
    size = (maglev or {}).get("tableSize") or 0
    if maglev is not None and (not _is_prime(size) or size >= 5_000_011):
        yield Complaint(
            (*path, "maglev"),
            f"{size} is no size of the table",
            "expected a prime below 5000011",
            "write such as `65537`",
        )


def _is_prime(number: int) -> bool:
    return 0 < number < 4 or (number > 3 and all(number % each for each in (2, *range(3, int(number**0.5) + 1, 2))))


def _localities(path: Path, said: Spec) -> Iterator[Complaint]:
    if said.get("distribute") and said.get("failover"):
        yield Complaint(
            (*path, "failover"),
            "it has `distribute` and `failover`",
            "one of them is expected",
            "leave one of them out",
        )
        return
    distribute = said.get("distribute") or ()
    yield from _regions((*path, "distribute"), [each.get("from") or "" for each in distribute])
    for at, each in enumerate(distribute):
        yield from _regions((*path, "distribute", at, "to"), list(each.get("to") or ()))
        weights = list((each.get("to") or {}).values())
        if any(not 0 < weight <= 100 for weight in weights) or sum(weights) != 100:
            yield Complaint(
                (*path, "distribute", at), f"{sum(weights)} are dealt from `{each.get('from') or ''}`", "100 are expected", "write weights that add up to 100"
            )  # fmt: skip
    for at, each in enumerate(said.get("failover") or ()):
        one, other = each.get("from") or "", each.get("to") or ""
        if one == other or set("/*") & {*one, *other}:
            yield Complaint(
                (*path, "failover", at),
                f"`{one}` cannot fail over to `{other}`",
                "expected two regions",
                "name regions",
            )


def _regions(path: Path, regions: list[str]) -> Iterator[Complaint]:
    """What is wrong with localities beside each other: a region, zone and subzone, of which the last one may be `*`."""
    split = [tuple(each.removesuffix("*").rstrip("/").split("/")) for each in regions]
    for at, (text, parts) in enumerate(zip(regions, split, strict=True)):
        is_all = text == "*"
        if (not is_all and "" in parts) or len(parts) > 3 or "*" in text[:-1]:
            yield Complaint(path, f"`{text}` is no locality", "expected `region/zone`", "write such as `us-east1/b`")
        elif any(
            other == ("",) or is_all or other == parts[: len(other)] or parts == other[: len(parts)]
            for other in split[:at]
        ):
            yield Complaint(path, f"`{text}` is said twice", "another one means it as well", "keep one of the two")
