"""Mutation: one input becomes another that is nearly as well-formed, by a seed and nothing else.

Words, lines and pieces of other inputs are what is exchanged: bytes alone seldom get past a lexer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

WORDS = (
    "namespace", "workloads", "hosts", "allow", "deny", "expect", "mesh", "except", "allowed", "blocked", "internet",
    "->", "=>", "{", "}", "[", "]", ",", ":", "=", "*", "*.", "/*", "* -> *", "[tier=web]", "*[tier]", "ns/[a=b]", "${env}", "$${", "${", "\"", "\\", "'",
    "http", "http2", "grpc", "tls", "https", "tcp", "udp", "mongo", "mysql", "redis", "postgres", ":443 tls", ":80 http", ":{80 http, 443 tls}", ":0", ":65536", ":15001",
    "region=us", "owner=x", "ticket=", "expires=2027-06-30", "expires=0001-01-01", "expires=9999-12-31", "reason=\"a b\"", "address=198.51.100.7", "address={10.0.0.0/8, 2001:db8::1}", "cluster=dev-*",
    "a.example.com", "*.example.com", "*.com", "xn--bcher-kva.example", "bücher.example", "1.2.3.4", "0.0.0.0/0", "10.0.0.0/8", "[::]", "[2001:db8::/32]", "[::ffff:1.2.3.4]", "256.1.1.1", "kubernetes.default.svc.cluster.local", "egressc.invalid",
    "# egressc: ignore EGR302 -- why", "# egressc: ignore EGR302, EGR303, public-wildcard", "#", "\n", "\r\n", "\n    ", "\t", " ", "\ufeff", "\u202e", "\0", "\u3000", "😀", "ß", "%%%",
    "apiVersion: ", "kind: ", "metadata: ", "spec: ", "name: ", "labels: ", "- ", "? ", ": ", "{}", "[]", "null", "~", "true", "no", "0x1f", "1e999", ".nan", "1_000", "2026-11-23", "|", ">-", "|+2", "&a", "*a", "<<", "!!str", "!x", "---", "...", "%YAML 1.1", "\"\\u0000\"", "{{ .Values.x }}",
    "egresslang.dev/v1", "ClusterProfile", "networking.istio.io/v1", "ServiceEntry", "Sidecar", "VirtualService", "DestinationRule", "EgressPolicy", "ResourceList", "Deployment", "CronJob", "List", "ConfigMap", "NetworkPolicy", "CiliumNetworkPolicy", "IstioOperator", "Istio", "items", "functionConfig",
    "exportTo", "workloadSelector", "egress", "outboundTrafficPolicy", "REGISTRY_ONLY", "ALLOW_ANY", "resolution", "DNS", "DYNAMIC_DNS", "STATIC", "NONE", "location", "MESH_EXTERNAL", "addresses", "endpoints", "ports", "number", "protocol", "matchLabels", "matchExpressions", "podSelector", "ipBlock", "toFQDNs",
    "enforcement", "observe", "workloads", "namespaces", "clusterDomain", "inMesh", "ipFamilies", "IPv6", "networks", "regions", "destinations", "lint", "resources", "variables", "installation", "version", "\"1.31\"", "rootNamespace",
    "select", "ignore", "severity", "overrides", "[[overrides]]", "paths", "EGR3", "\"\"\"", "'''",
    "status", "success", "data", "resultType", "vector", "result", "metric", "value", "NaN", "Infinity", "-1", "source_workload", "destination_service_name", "PassthroughCluster", "BlackHoleCluster", "outbound|443||a.example.com", "\"-\"",
)  # fmt: skip
"""What the texts that we read are made of, and what their readers stumble over."""

LONGEST = 4096
"""Bytes of an input that is made here: what is wrong is wrong in a few lines, and what is slow is slow in a few thousand bytes."""

_PIECES = re.compile(rb"\n[ \t]*|[ \t]+|[\w.-]+|[^\w\s]", re.DOTALL)
_ENCODED = tuple(word.encode() for word in WORDS)


def mutated(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """An input that differs from one in a few places; pieces of others may come into it."""
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5))):
        data = random.choice(_WAYS)(data, random.choice(others) if others else data, random)
    return data[:LONGEST]


def _pieces(data: bytes) -> list[bytes]:
    return _PIECES.findall(data) or [b""]


def _stretch(length: int, random: Random, most: int = 8) -> slice:
    start = random.randrange(length + 1)
    return slice(start, start + random.randint(0, most))


def _word_in(data: bytes, other: bytes, random: Random) -> bytes:
    """A word of the language instead of a word, or between two."""
    pieces = _pieces(data)
    pieces[_stretch(len(pieces), random, 1)] = [random.choice(_ENCODED)]
    return b"".join(pieces)


def _word_from(data: bytes, other: bytes, random: Random) -> bytes:
    """A word of another input instead of one."""
    pieces = _pieces(data)
    pieces[random.randrange(len(pieces))] = random.choice(_pieces(other))
    return b"".join(pieces)


def _without(data: bytes, other: bytes, random: Random) -> bytes:
    """Some words less."""
    pieces = _pieces(data)
    del pieces[_stretch(len(pieces), random)]
    return b"".join(pieces)


def _twice(data: bytes, other: bytes, random: Random) -> bytes:
    """Some words twice, or many times."""
    pieces = _pieces(data)
    some = _stretch(len(pieces), random)
    pieces[some] = pieces[some] * random.choice((2, 2, 3, 40))
    return b"".join(pieces)


def _exchanged(data: bytes, other: bytes, random: Random) -> bytes:
    """Two words in each other's place."""
    pieces = _pieces(data)
    one, two = random.randrange(len(pieces)), random.randrange(len(pieces))
    pieces[one], pieces[two] = pieces[two], pieces[one]
    return b"".join(pieces)


def _lines_from(data: bytes, other: bytes, random: Random) -> bytes:
    """Lines of another input between, or instead of, some lines."""
    lines, more = data.split(b"\n"), other.split(b"\n")
    lines[_stretch(len(lines), random, 3)] = more[_stretch(len(more), random, 12)]
    return b"\n".join(lines)


def _shuffled(data: bytes, other: bytes, random: Random) -> bytes:
    """A line at another place, or further in."""
    lines = data.split(b"\n")
    line = lines.pop(random.randrange(len(lines)))
    lines.insert(random.randrange(len(lines) + 1), random.choice((b"", b"  ", b"- ")) + line)
    return b"\n".join(lines)


def _byte(data: bytes, other: bytes, random: Random) -> bytes:
    """Any byte at any place."""
    at = random.randrange(len(data) + 1)
    return data[:at] + bytes([random.randrange(256)]) + data[at + random.randint(0, 1) :]


_WAYS: tuple[Callable[[bytes, bytes, Random], bytes], ...] = (
    _word_in, _word_in, _word_from, _word_from, _without, _twice, _exchanged, _lines_from, _shuffled, _byte,
)  # fmt: skip
