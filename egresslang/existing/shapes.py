"""Shapes: the keys of the kinds that are judged and what stands below them, so far as it is about outbound traffic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from egresslang.record import record
from egresslang.suggest import nearest, one_of

Path = tuple[str | int, ...]

Shape = Any
"""A type for a scalar; a list of one shape; a mapping of keys to shapes, with `ANY` for all keys; `dict` for any mapping, `object`
for anything."""

ANY = "*"
"""Every key of a mapping whose keys are the author's own."""


@record
class Complaint:
    """What is wrong at a path below `spec`: a clause, what is true there, what to do, and whether the key is meant."""

    path: Path
    message: str
    label: str
    help: str
    is_key: bool = False


class Natural(int):
    """A whole number that is not below zero, as a shape."""


_SELECTOR = {"labels": {ANY: str}}
_PORT = {"number": int, "protocol": str, "name": str, "targetPort": int}

_TEXT = {"exact": str, "prefix": str, "regex": str}
_PERCENT = {"value": float}
_OF_HEADERS = {"add": {ANY: str}, "remove": [str], "set": {ANY: str}}
_HEADERS = {"request": _OF_HEADERS, "response": _OF_HEADERS}
_DESTINATION = {"host": str, "port": {"number": Natural}, "subset": str}
_RAW_MATCH = {
    "destinationSubnets": [str],
    "gateways": [str],
    "port": Natural,
    "sourceLabels": {ANY: str},
    "sourceNamespace": str,
}
_RAW_ROUTE = [{"destination": _DESTINATION, "weight": int}]
_HTTP_MATCH = {
    "name": str,
    "uri": _TEXT,
    "scheme": _TEXT,
    "method": _TEXT,
    "authority": _TEXT,
    "headers": {ANY: _TEXT},
    "withoutHeaders": {ANY: _TEXT},
    "queryParams": {ANY: _TEXT},
    "ignoreUriCase": bool,
    "port": Natural,
    "gateways": [str],
    "sourceLabels": {ANY: str},
    "sourceNamespace": str,
    "statPrefix": str,
}
_HTTP_ROUTE = {
    "name": str,
    "match": [_HTTP_MATCH],
    "route": [{"destination": _DESTINATION, "headers": _HEADERS, "weight": int}],
    "redirect": {
        "authority": str,
        "derivePort": str,
        "port": Natural,
        "prefixRewrite": str,
        "redirectCode": Natural,
        "scheme": str,
        "uri": str,
    },
    "directResponse": {"body": {"bytes": str, "string": str}, "status": Natural},
    "delegate": {"name": str, "namespace": str},
    "rewrite": {"authority": str, "uri": str, "uriRegexRewrite": {"match": str, "rewrite": str}},
    "timeout": str,
    "retries": {
        "attempts": int,
        "backoff": str,
        "perTryTimeout": str,
        "retryIgnorePreviousHosts": bool,
        "retryOn": str,
        "retryRemoteLocalities": bool,
    },
    "fault": {
        "abort": {"grpcStatus": str, "http2Error": str, "httpStatus": int, "percentage": _PERCENT},
        "delay": {"exponentialDelay": str, "fixedDelay": str, "percent": int, "percentage": _PERCENT},
    },
    "mirror": _DESTINATION,
    "mirrors": [{"destination": _DESTINATION, "percentage": _PERCENT}],
    "mirrorPercent": Natural,
    "mirror_percent": Natural,
    "mirrorPercentage": _PERCENT,
    "corsPolicy": {
        "allowCredentials": bool,
        "allowHeaders": [str],
        "allowMethods": [str],
        "allowOrigin": [str],
        "allowOrigins": [_TEXT],
        "exposeHeaders": [str],
        "maxAge": str,
        "unmatchedPreflights": str,
    },
    "headers": _HEADERS,
}

_FAILOVER = {"enabled": bool, "failover": [{"from": str, "to": str}], "failoverPriority": [str]}
_OF_PORT = {
    "connectionPool": {
        "http": {
            "h2UpgradePolicy": str,
            "http1MaxPendingRequests": int,
            "http2KeepAlive": {"interval": str, "timeout": str},
            "http2MaxRequests": int,
            "idleTimeout": str,
            "maxConcurrentStreams": int,
            "maxRequestsPerConnection": int,
            "maxRetries": int,
            "useClientProtocol": bool,
        },
        "tcp": {
            "connectTimeout": str,
            "idleTimeout": str,
            "maxConnectionDuration": str,
            "maxConnections": int,
            "tcpKeepalive": {"interval": str, "probes": Natural, "time": str},
        },
    },
    "loadBalancer": {
        "simple": str,
        "consistentHash": {
            "httpCookie": {"attributes": [{"name": str, "value": str}], "name": str, "path": str, "ttl": str},
            "httpHeaderName": str,
            "httpQueryParameterName": str,
            "maglev": {"tableSize": Natural},
            "minimumRingSize": Natural,
            "ringHash": {"minimumRingSize": Natural},
            "useSourceIp": bool,
        },
        "localityLbSetting": {**_FAILOVER, "distribute": [{"from": str, "to": {ANY: Natural}}]},
        "zoneAwareLbSetting": {**_FAILOVER, "minClusterSize": Natural},
        "warmup": {"aggression": float, "duration": str, "minimumPercent": float},
        "warmupDurationSecs": str,
    },
    "outlierDetection": {
        "baseEjectionTime": str,
        "consecutive5xxErrors": Natural,
        "consecutiveErrors": int,
        "consecutiveGatewayErrors": Natural,
        "consecutiveLocalOriginFailures": Natural,
        "interval": str,
        "maxEjectionPercent": int,
        "minHealthPercent": int,
        "outlierDetectionHttpErrorCodes": [Natural],
        "splitExternalLocalOriginErrors": bool,
    },
    "tls": {
        "mode": str,
        "caCertificates": str,
        "caCrl": str,
        "clientCertificate": str,
        "credentialName": str,
        "insecureSkipVerify": bool,
        "privateKey": str,
        "sni": str,
        "subjectAltNames": [str],
    },
}
_POLICY = {
    **_OF_PORT,
    "portLevelSettings": [{**_OF_PORT, "port": {"number": Natural}}],
    "proxyProtocol": {"version": str},
    "retryBudget": {"budgetInterval": str, "minRetryConcurrency": Natural, "percent": float},
    "tunnel": {"protocol": str, "targetHost": str, "targetPort": Natural},
}

KEYS: Mapping[str, Shape] = {
    "ServiceEntry": {
        "hosts": [str],
        "addresses": [str],
        "ports": [_PORT],
        "location": str,
        "resolution": str,
        "endpoints": [
            {
                "address": str,
                "ports": {ANY: int},
                "labels": {ANY: str},
                "network": str,
                "locality": str,
                "weight": int,
                "serviceAccount": str,
            }
        ],
        "workloadSelector": _SELECTOR,
        "exportTo": [str],
        "subjectAltNames": [str],
    },
    "Sidecar": {
        "workloadSelector": _SELECTOR,
        "ingress": object,
        "egress": [{"port": _PORT, "bind": str, "captureMode": str, "hosts": [str]}],
        "inboundConnectionPool": object,
        "outboundTrafficPolicy": {"mode": str, "egressProxy": dict},
    },
    "VirtualService": {
        "hosts": [str],
        "gateways": [str],
        "http": [_HTTP_ROUTE],
        "tls": [{"match": [{**_RAW_MATCH, "sniHosts": [str]}], "route": _RAW_ROUTE}],
        "tcp": [{"match": [{**_RAW_MATCH, "sourceSubnet": str}], "route": _RAW_ROUTE}],
        "exportTo": [str],
    },
    "DestinationRule": {
        "host": str,
        "trafficPolicy": _POLICY,
        "subsets": [{"name": str, "labels": {ANY: str}, "trafficPolicy": _POLICY}],
        "exportTo": [str],
        "workloadSelector": {"matchLabels": {ANY: str}},
    },
}
"""The shape of each kind's `spec` (the CRDs, which are made of networking/v1alpha3/*.proto of istio.io/api)."""

_WORDS = {
    int: "a whole number",
    Natural: "a whole number from 0 on",
    float: "a number",
    bool: "true or false",
    str: "text",
    list: "a list",
    dict: "a mapping",
}


def strange_keys(value: Any, shape: Shape, path: Path = ()) -> Iterator[Complaint]:
    """What stands in a value that its shape has no place for."""
    if shape is object or (value is None and not (path and isinstance(path[-1], int))):
        return
    if isinstance(shape, list):
        if value.__class__ is list:
            for at, each in enumerate(value):
                yield from strange_keys(each, shape[0], (*path, at))
        else:
            yield _wrong_type(path, value, list)
    elif not isinstance(shape, dict):
        if value.__class__ is not shape and not (value.__class__ is int and _is_number(value, shape)):
            yield _wrong_type(path, value, shape)
    elif value.__class__ is not dict:
        yield _wrong_type(path, value, dict)
    else:
        for key, each in value.items():
            wanted = shape.get(key) or shape.get(ANY)
            if wanted is not None:
                if each.__class__ is not wanted:  # most are scalars of their type
                    yield from strange_keys(each, wanted, (*path, key))
            else:
                near = nearest(key, shape)
                yield Complaint(
                    (*path, key),
                    f"unknown key `{key}`",
                    "Kubernetes refuses it, or drops it",
                    f"write `{near}`" if near else f"remove it; known are {one_of(shape)}",
                    is_key=True,
                )


def _is_number(value: int, shape: Shape) -> bool:
    return shape is float or (shape is Natural and value >= 0)


def _wrong_type(path: Path, value: Any, wanted: type) -> Complaint:
    key = next((each for each in reversed(path) if isinstance(each, str)), "spec")
    help = f"write {_WORDS[wanted]}"
    if wanted is str and isinstance(value, bool | int | float):
        help = "put it in quotes"
    return Complaint(path, f"`{key}` is not {_WORDS[wanted]}", f"Kubernetes wants {_WORDS[wanted]} here", help)
