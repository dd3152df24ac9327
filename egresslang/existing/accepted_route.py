"""Accepted routes: what Istio refuses of a VirtualService (ValidateVirtualService, pkg/config/validation/validation.go and virtualservice.go), at its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus

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
    unknown,
)
from egresslang.mesh.addresses import parse_address, parse_network
from egresslang.mesh.registry import is_subset, overlaps

MESH = "mesh"
"""The gateway that stands for every sidecar."""

_HEADER = re.compile(r"[!#$%&'*+\-.^_`|~A-Za-z0-9]+")
_PSEUDO = frozenset((":method", ":scheme", ":authority", ":path", ":status"))
_CLAIM = re.compile(r"@request\.auth\.claims(?:[.\[]|$)", re.IGNORECASE)
_LONGEST = 1024
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*")
_PREFLIGHTS = ("UNSPECIFIED", "FORWARD", "IGNORE")
_DERIVED = ("FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT")
_RETRIED = (
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
)
_STATUSES = frozenset(str(each.value) for each in HTTPStatus)


def of_route(spec: Spec, namespace: str) -> Iterator[Complaint]:
    """Everything that is wrong with the `spec` of a VirtualService, whose keys and types are as they should be."""
    hosts, gateways = spec.get("hosts") or (), spec.get("gateways") or ()
    for_sidecars = not gateways or MESH in gateways
    if not hosts:
        yield from _delegated(spec)
    yield from _gateways(("gateways",), gateways)
    yield from _hosts(spec, hosts, for_sidecars)
    if not any(spec.get(kind) for kind in ("http", "tls", "tcp")):
        yield Complaint(
            (), "this VirtualService routes nothing", "neither `http`, `tls` nor `tcp`", "write a route, or remove it"
        )
    for at, route in enumerate(spec.get("http") or ()):
        yield from _http(("http", at), route, not hosts, for_sidecars)
    for at, route in enumerate(spec.get("tls") or ()):
        yield from _tls(("tls", at), route, hosts, MESH in gateways)
    for at, route in enumerate(spec.get("tcp") or ()):
        for index, match in enumerate(route.get("match") or ()):
            yield from _connection(("tcp", at, "match", index), match)
        yield from _raw(("tcp", at), route)
    yield from exports_of(spec, namespace, may_hide=False)


def _delegated(spec: Spec) -> Iterator[Complaint]:
    for key in ("gateways", "tls", "tcp"):
        if spec.get(key):
            yield Complaint(
                (key,),
                f"without `hosts` it takes no `{key}`",
                "another VirtualService delegates to it",
                f"write its `hosts`, or leave `{key}` out",
            )


def _gateways(path: Path, gateways: Sequence[str]) -> Iterator[Complaint]:
    for at, gateway in enumerate(gateways):
        where, slash, name = gateway.partition("/")
        if not slash and is_name(gateway):
            return  # Istio looks no further (validateGatewayNames)
        if not slash or not is_label(where) or not is_label(name):
            yield Complaint(
                (*path, at),
                f"`{gateway}` is no gateway",
                "expected `namespace/name`, a name, or `mesh`",
                "write the namespace and the name of the Gateway",
            )
            if not slash:
                return


def _hosts(spec: Spec, hosts: Sequence[str], for_sidecars: bool) -> Iterator[Complaint]:
    is_valid = True
    tells_names = any(match.get("sniHosts") for route in spec.get("tls") or () for match in route.get("match") or ())
    for at, host in enumerate(hosts):
        if not for_sidecars and tells_names and host.startswith("outbound_"):
            continue
        if (host == "*" and for_sidecars) or (not is_host(host) and parse_address(host) is None):
            is_valid = False
            help = "name the hosts; for sidecars `*` is too much" if host == "*" else about_host(host)[1]
            yield Complaint(("hosts", at), f"`{host}` is no host of a route", about_host(host)[0], help)
    for at, host in enumerate(hosts if is_valid else ()):
        other = next((each for each in hosts[:at] if overlaps(each, host)), None)
        if other is not None:
            yield Complaint(
                ("hosts", at), f"`{host}` is a host twice", f"`{other}` means it as well", "keep one of the two"
            )


# Connections


def _tls(path: Path, route: Spec, hosts: Sequence[str], names_sidecars: bool) -> Iterator[Complaint]:
    matches = route.get("match") or ()
    if not matches:
        yield Complaint(
            path, "a route of TLS asks for nothing", "it goes by the server name", "write `match: [{sniHosts: […]}]`"
        )
    for at, match in enumerate(matches):
        where = (*path, "match", at)
        if not match.get("sniHosts"):
            yield Complaint(where, "a match of TLS names no server", "it goes by that", "write its `sniHosts`")
        for index, name in enumerate(match.get("sniHosts") or ()):
            yield from _server_name((*where, "sniHosts", index), name, hosts, names_sidecars)
        yield from _connection(where, match)
    yield from _raw(path, route)


def _server_name(path: Path, name: str, hosts: Sequence[str], for_sidecars: bool) -> Iterator[Complaint]:
    if parse_address(name) is not None or (name.startswith("outbound_") and not for_sidecars):
        return
    if not is_host(name):
        yield Complaint(path, f"`{name}` is no server name", *about_host(name))
    elif not any(is_subset(name, host) for host in hosts):
        yield Complaint(
            path,
            f"`{name}` is none of the hosts of this VirtualService",
            "a route asks for names of its hosts alone",
            f"add `{name}` to `hosts`, or write one of those here",
        )


def _connection(path: Path, match: Spec) -> Iterator[Complaint]:
    for at, network in enumerate(match.get("destinationSubnets") or ()):
        if parse_network(network) is None:
            yield Complaint(
                (*path, "destinationSubnets", at),
                f"`{network}` is no address",
                "neither an address nor a network",
                "write such as `203.0.113.7` or `203.0.113.0/24`",
            )
    if match.get("port"):
        yield from port_of((*path, "port"), match["port"])
    yield from labels_of((*path, "sourceLabels"), match.get("sourceLabels") or {})
    yield from _gateways((*path, "gateways"), match.get("gateways") or ())


def _raw(path: Path, route: Spec) -> Iterator[Complaint]:
    if not route.get("route"):
        yield Complaint((*path, "route"), "a route leads nowhere", "it has no destination", "write its `route`")
    yield from _destinations((*path, "route"), route.get("route") or ())


def _destinations(path: Path, dealt: Sequence[Spec]) -> Iterator[Complaint]:
    for at, each in enumerate(dealt):
        if each.get("destination") is None:
            yield Complaint((*path, at), "a route has no destination", "it leads nowhere", "write its `destination`")
        else:
            yield from _destination((*path, at, "destination"), each["destination"])
        if (each.get("weight") or 0) < 0:
            yield Complaint((*path, at, "weight"), f"{each['weight']} is no weight", "below zero", "write 0 or more")
        yield from _headers((*path, at), each)
    if len(dealt) > 1 and not sum(each.get("weight") or 0 for each in dealt):
        yield Complaint(
            (*path, 0),
            f"none of the {len(dealt)} destinations has a weight",
            "nothing is sent to any",
            "write `weight`",
        )


def _destination(path: Path, destination: Spec) -> Iterator[Complaint]:
    host, subset, port = destination.get("host") or "", destination.get("subset") or "", destination.get("port")
    if host == "*" or not is_host(host):
        yield Complaint((*path, "host"), f"`{host}` is no host to lead to", *about_host(host))
    if subset and not is_label(subset):
        yield Complaint((*path, "subset"), f"`{subset}` is no subset", "letters, digits and `-`", "write its name")
    if port is not None:
        yield from port_of((*path, "port", "number"), port.get("number") or 0)


# HTTP


def _http(path: Path, route: Spec, is_delegate: bool, for_sidecars: bool) -> Iterator[Complaint]:
    yield from _conflicts(path, route, is_delegate)
    for at, match in enumerate(route.get("match") or ()):
        yield from _http_match((*path, "match", at), match, for_sidecars)
    yield from _headers(path, route)
    yield from _cross_origin(path, route.get("corsPolicy") or {})
    yield from _fault((*path, "fault"), route.get("fault"))
    yield from _mirrors(path, route)
    yield from _redirect((*path, "redirect"), route.get("redirect"), route.get("match") or ())
    if route.get("directResponse") is not None:
        yield from _status((*path, "directResponse", "status"), route["directResponse"].get("status") or 0)
    yield from _retries((*path, "retries"), route.get("retries") or {})
    yield from _rewrite((*path, "rewrite"), route)
    yield from _destinations((*path, "route"), route.get("route") or ())
    if route.get("timeout") is not None:
        yield from duration_of((*path, "timeout"), route["timeout"])


def _conflicts(path: Path, route: Spec, is_delegate: bool) -> Iterator[Complaint]:
    said = {key: route.get(key) is not None for key in ("redirect", "directResponse", "delegate", "fault", "rewrite")}
    if said["delegate"] and not is_delegate:
        for key in ("redirect", "route"):
            if route.get(key) is not None:
                yield _both(path, "delegate", key)
        return
    if said["delegate"]:
        yield Complaint(
            (*path, "delegate"), "a delegate delegates", "another one delegates to it already", "route here instead"
        )
    answers = next((key for key in ("redirect", "directResponse") if said[key]), "")
    if answers:
        beside = [key for key in ("fault", "rewrite", "directResponse") if said[key] and key != answers]
        for key in (*(["route"] if route.get("route") else []), *beside):
            yield _both(path, answers, key)
    elif not route.get("route"):
        yield Complaint(
            path, "a route leads nowhere", "neither `route` nor an answer", "write its `route`, or `redirect`"
        )
    if route.get("mirror") is not None and route.get("mirrors"):
        yield _both(path, "mirror", "mirrors")


def _both(path: Path, first: str, second: str) -> Complaint:
    return Complaint(
        (*path, second), f"a route has `{first}` and `{second}`", "only one of them can be done", "leave one of them out",
        is_key=True,
    )  # fmt: skip


def _http_match(path: Path, match: Spec, for_sidecars: bool) -> Iterator[Complaint]:
    for key in ("headers", "withoutHeaders"):
        for name, text in (match.get(key) or {}).items():
            where = (*path, key, name)
            if _CLAIM.match(name):
                if for_sidecars:
                    yield Complaint(
                        where, f"`{name}` is known to gateways alone", "of a token", "name the gateways", is_key=True
                    )
            elif name not in _PSEUDO and not _HEADER.fullmatch(name):
                yield Complaint(where, f"`{name}` is no header", "no name of one", "write its name", is_key=True)
            if not (key == "withoutHeaders" and (text or {}).get("regex") == "*"):
                yield from _text(where, text or {})
    yield from _text((*path, "uri"), match.get("uri") or {}, may_be_empty=True)
    for key in ("scheme", "method", "authority"):
        yield from _text((*path, key), match.get(key) or {})
    for name, text in (match.get("queryParams") or {}).items():
        yield from _text((*path, "queryParams", name), text or {})
    if match.get("port"):
        yield from port_of((*path, "port"), match["port"])
    yield from labels_of((*path, "sourceLabels"), match.get("sourceLabels") or {})
    yield from _gateways((*path, "gateways"), match.get("gateways") or ())
    if match.get("sourceNamespace") and not is_label(match["sourceNamespace"]):
        yield Complaint(
            (*path, "sourceNamespace"),
            f"`{match['sourceNamespace']}` is no namespace",
            "letters, digits and `-`",
            "write the namespace of the clients",
        )


def _text(path: Path, text: Spec, may_be_empty: bool = False) -> Iterator[Complaint]:
    """What is wrong with a match of a text; `may_be_empty` where every prefix may be, as of a path."""
    if len(text) > 1:
        yield Complaint(
            path, f"a match has {' and '.join(f'`{each}`' for each in text)}", "one is expected", "keep one"
        )
    if text.get("prefix") == "" and not may_be_empty:
        yield Complaint((*path, "prefix"), "an empty prefix", "everything has it", "leave the match out")
    expression = text.get("regex")
    if expression is not None:
        yield from _expression((*path, "regex"), expression)


def _expression(path: Path, expression: str) -> Iterator[Complaint]:
    if not expression:
        yield Complaint(path, "an empty expression", "everything has it", "leave the match out")
    elif len(expression.encode()) > _LONGEST:
        yield Complaint(path, f"an expression longer than {_LONGEST} bytes", "too long", "write a shorter one")
    elif not _is_expression(expression):
        help = f"write `.{expression}`" if expression[:1] in "*+?" else "write it as RE2 has it"
        yield Complaint(path, f"`{expression}` is no expression", "it cannot be read as one", help)


def _is_expression(text: str) -> bool:
    """Whether an expression can be read; one with what RE2 and Python say differently is taken to be one."""
    if re.search(r"\\|\(\?|\[\[", text):
        return True
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _headers(path: Path, route: Spec) -> Iterator[Complaint]:
    """What is wrong with the headers that a route or a destination changes: only a request's host may be, not removed."""
    for side in ("request", "response"):
        changed = (route.get("headers") or {}).get(side) or {}
        for key in ("add", "set", "remove"):
            values: Mapping[str, str] = changed.get(key) or {} if key != "remove" else {}
            for at, name in enumerate(changed.get(key) or ()):
                where = (*path, "headers", side, key, at if key == "remove" else name)
                is_host = side == "request" and key != "remove" and name.lower() in (":authority", "host")
                if not name or (_is_internal(name) and not is_host):
                    yield Complaint(
                        where, f"`{name}` is no header to {key}", "the sidecar's own" if name else "an empty name",
                        "change another one" if name else "write its name", is_key=key != "remove",
                    )  # fmt: skip
                if values.get(name, "").replace("%%", "").count("%") % 2:
                    yield Complaint(
                        where,
                        f"a `%` of `{values[name]}` stands alone",
                        "two of them are a command",
                        "write `%%` for one",
                    )


def _is_internal(name: str) -> bool:
    return name.startswith(":") or name.lower() == "host"


def _cross_origin(path: Path, policy: Spec) -> Iterator[Complaint]:
    for at, method in enumerate(policy.get("allowMethods") or ()):
        if method not in _METHODS:
            yield unknown((*path, "corsPolicy", "allowMethods", at), "method", method, _METHODS)
    for at, origin in enumerate(policy.get("allowOrigins") or ()):
        where = (*path, "corsPolicy", "allowOrigins", at)
        if not any(origin.values()):
            yield Complaint(where, "an origin is empty", "nothing has it", "write `exact`, `prefix` or `regex`")
        elif origin.get("regex"):
            yield from _expression((*where, "regex"), origin["regex"])
    for key in ("allowHeaders", "exposeHeaders"):
        for at, name in enumerate(policy.get(key) or ()):
            if not _HEADER.fullmatch(name):
                yield Complaint(
                    (*path, "corsPolicy", key, at), f"`{name}` is no header", "no name of one", "write its name"
                )
    preflights = policy.get("unmatchedPreflights")
    if preflights is not None and preflights not in _PREFLIGHTS:
        yield unknown((*path, "corsPolicy", "unmatchedPreflights"), "word", preflights, _PREFLIGHTS)
    if policy.get("maxAge") is not None:
        yield from duration_of((*path, "corsPolicy", "maxAge"), policy["maxAge"])


def _fault(path: Path, fault: Spec | None) -> Iterator[Complaint]:
    if fault is None:
        return
    abort, delay = fault.get("abort"), fault.get("delay")
    if abort is None and delay is None:
        yield Complaint(path, "a fault does nothing", "neither `abort` nor `delay`", "write one, or leave it out")
    for key, each in (("abort", abort), ("delay", delay)):
        share = ((each or {}).get("percentage") or {}).get("value") or 0
        if share and not 0.0001 <= share <= 100:
            yield _share((*path, key, "percentage", "value"), share)
    if abort is not None and abort.get("httpStatus") is not None:
        yield from _status((*path, "abort", "httpStatus"), abort["httpStatus"])
    if abort is not None and abort.get("http2Error") is not None:
        yield _not_yet((*path, "abort", "http2Error"), "http2Error", "httpStatus")
    if delay is not None and delay.get("fixedDelay") is not None:
        yield from duration_of((*path, "delay", "fixedDelay"), delay["fixedDelay"])
    if delay is not None and delay.get("exponentialDelay") is not None:
        yield _not_yet((*path, "delay", "exponentialDelay"), "exponentialDelay", "fixedDelay")


def _not_yet(path: Path, key: str, instead: str) -> Complaint:
    return Complaint(path, f"`{key}` is not supported", "Istio knows it by name alone", f"write `{instead}`")


def _share(path: Path, share: float) -> Complaint:
    return Complaint(path, f"{share} is no percentage", "expected 0 to 100", "write such as `10`")


def _status(path: Path, status: int) -> Iterator[Complaint]:
    if not 200 <= status <= 600:
        yield Complaint(path, f"{status} is no status of HTTP", "expected 200 to 599", "write such as `503`")


def _mirrors(path: Path, route: Spec) -> Iterator[Complaint]:
    if route.get("mirror") is not None:
        yield from _destination((*path, "mirror"), route["mirror"])
    shares: list[tuple[Path, float]] = []
    for key in ("mirrorPercent", "mirror_percent"):
        shares.append(((*path, key), route.get(key) or 0))
    shares.append(((*path, "mirrorPercentage", "value"), (route.get("mirrorPercentage") or {}).get("value") or 0))
    for at, mirror in enumerate(route.get("mirrors") or ()):
        where = (*path, "mirrors", at)
        if mirror.get("destination") is None:
            yield Complaint(where, "a mirror has no destination", "it leads nowhere", "write its `destination`")
        else:
            yield from _destination((*where, "destination"), mirror["destination"])
        shares.append(((*where, "percentage", "value"), (mirror.get("percentage") or {}).get("value") or 0))
    for where, share in shares:
        if not 0 <= share <= 100:
            yield _share(where, share)


def _redirect(path: Path, redirect: Spec | None, matches: Sequence[Spec]) -> Iterator[Complaint]:
    if redirect is None:
        return
    if redirect.get("uri") and redirect.get("prefixRewrite"):
        yield Complaint(
            path, "a redirect has `uri` and `prefixRewrite`", "only one of them can be done", "leave one of them out"
        )
    by_prefix = all("prefix" in match["uri"] for match in matches if match.get("uri") is not None)
    if redirect.get("prefixRewrite") and not by_prefix:
        yield Complaint(
            (*path, "prefixRewrite"), "`prefixRewrite` goes with prefixes alone", "a match asks for more", "write `uri`"
        )
    if not any(redirect.get(key) for key in ("uri", "prefixRewrite", "authority", "scheme")) and not (
        redirect.get("port") is not None or redirect.get("derivePort")
    ):
        yield Complaint(path, "a redirect says nothing", "it leads back here", "write its `uri` or `authority`")
    code = redirect.get("redirectCode") or 0
    if code and not 300 <= code <= 399:
        yield Complaint((*path, "redirectCode"), f"{code} is no redirect", "expected 300 to 399", "write such as `302`")
    if redirect.get("scheme") not in (None, "", "http", "https"):
        yield unknown((*path, "scheme"), "scheme", redirect["scheme"], ("http", "https"))
    if redirect.get("derivePort") is not None and redirect["derivePort"] not in _DERIVED:
        yield unknown((*path, "derivePort"), "word", redirect["derivePort"], _DERIVED)
    if redirect.get("port"):
        yield from port_of((*path, "port"), redirect["port"])


def _retries(path: Path, retries: Spec) -> Iterator[Complaint]:
    attempts = retries.get("attempts") or 0
    if attempts < 0:
        yield Complaint((*path, "attempts"), f"{attempts} are no attempts", "below zero", "write 0 or more")
    further = [key for key in ("perTryTimeout", "retryOn", "retryRemoteLocalities") if retries.get(key) is not None]
    if not attempts and [key for key in further if key != "retryOn" or retries[key]]:
        yield Complaint(path, "no attempts, and how they are made", "0 of them are none", "write `attempts`")
    for key in ("perTryTimeout", "backoff"):
        if retries.get(key) is not None:
            yield from duration_of((*path, key), retries[key])
    for reason in (retries.get("retryOn") or "").split(",") if retries.get("retryOn") else ():
        if reason not in _RETRIED and reason.removeprefix("+") not in _STATUSES:
            yield unknown((*path, "retryOn"), "reason", reason, _RETRIED)


def _rewrite(path: Path, route: Spec) -> Iterator[Complaint]:
    rewrite = route.get("rewrite") or {}
    by_expression = rewrite.get("uriRegexRewrite")
    if rewrite.get("uri") and by_expression is not None:
        yield Complaint(
            path, "a rewrite has `uri` and `uriRegexRewrite`", "only one of them can be done", "leave one of them out"
        )
    elif route.get("rewrite") is not None and not (
        rewrite.get("uri") or rewrite.get("authority") or by_expression is not None
    ):
        yield Complaint(path, "a rewrite says nothing", "neither `uri` nor `authority`", "write one, or leave it out")
    if by_expression is not None:
        if not by_expression.get("match") or not by_expression.get("rewrite"):
            yield Complaint(
                (*path, "uriRegexRewrite"), "half a rewrite", "`match` and `rewrite` are expected", "write both"
            )
        else:
            yield from _expression((*path, "uriRegexRewrite", "match"), by_expression["match"])
    changed = (route.get("headers") or {}).get("request") or {}
    names = [(key, name) for key in ("set", "add") for name in changed.get(key) or ()]
    said = bool(rewrite.get("authority"))
    for key, name in names:
        if name.lower() in (":authority", "host"):
            if said:
                yield Complaint(
                    ("http", path[1], "headers", "request", key, name),
                    "the host is rewritten twice",
                    "here, and before",
                    "keep one of them",
                    is_key=True,
                )
            said = True
