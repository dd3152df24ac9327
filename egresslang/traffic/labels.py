"""Labels: Istio's metrics as Prometheus has them, and selectors that hold whatever stands in a policy.

What each outcome shows is told in `answers/signs.py`. `destination_service` is the Host header where nothing is
registered, and so is `destination_service_name` of a request whose route or cluster is missing: text that a client
chooses. No name is trusted but a `destination_service_name` without the flags of MISSING, `BlackHoleCluster` neither.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from egresslang.answers.signs import BLACK_HOLE, CONNECTIONS, PASSTHROUGH, REQUESTS
from egresslang.record import record
from egresslang.targets.yaml import Value

__all__ = ["BLACK_HOLE", "CONNECTIONS", "PASSTHROUGH", "REQUESTS"]

SENT_BYTES = "istio_tcp_sent_bytes_total"
"""What the clients of TCP destinations sent, as Istio counts it: while a connection is open, too."""

NAMESPACE, WORKLOAD = "source_workload_namespace", "source_workload"
SERVICE, SERVICE_NAME = "destination_service", "destination_service_name"
CODE, FLAGS = "response_code", "response_flags"

PROTOCOL, GRPC = "request_protocol", "grpc"
"""What requests are, by their content type: `grpc`, or `http`, whatever version of it (Istio, Standard Metrics)."""

BY_CLIENT = 'reporter="source"'
"""The matcher of what the client's sidecar counted: nobody else sees what leaves the mesh."""

NO_CLUSTER, NO_ROUTE = "NC", "NR"
MISSING = (NO_CLUSTER, NO_ROUTE)
"""Flags of requests that led nowhere: their `destination_service_name` is the Host header."""

FAILED = ("UH", "UF", "UO", "UT", "UC", "UR", "URX")
"""Flags of what was not to be had: no address, no connection, too many, too late, broken off, tried in vain."""


OWN_LABELS = frozenset({NAMESPACE, WORKLOAD, SERVICE_NAME, "traffic", "severity", "subject", "rule", "alertname"})
"""Labels of what is recorded and of the alerts, which no other may be called."""


@record
class Cluster:
    """A cluster in a Prometheus: the label and value that tell its series, both empty where it is alone in it."""

    label: str = ""
    name: str = ""

    @property
    def matchers(self) -> tuple[str, ...]:
        """What selects its series."""
        return (equal(self.label, self.name),) if self.label else ()

    @property
    def labels(self) -> dict[str, Value]:
        """What its recorded series and its alerts carry."""
        return {self.label: self.name} if self.label else {}


def quoted(text: str) -> str:
    """A string of PromQL: the escapes of JSON are some of Go's."""
    return json.dumps(text, ensure_ascii=False)


def literal(text: str) -> str:
    """A pattern of RE2 that matches a text and nothing else."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


def name_pattern(name: str) -> str:
    """A pattern of RE2 for a name; `*.x` is every name below x and the wildcard itself, as labels have it."""
    return f".+{literal(name[1:])}" if name.startswith("*.") else literal(name)


def equal(label: str, value: str) -> str:
    """The matcher of one value."""
    return f"{label}={quoted(value)}"


def one_of(label: str, names: Iterable[str]) -> str:
    """The matcher of some names or wildcards, at least one; Prometheus anchors patterns at both ends."""
    found = sorted(set(names))
    if len(found) == 1 and not found[0].startswith("*."):
        return equal(label, found[0])
    assert found, f"nothing to ask {label} for"
    return f"{label}=~{quoted('|'.join(map(name_pattern, found)))}"


def none_of(label: str, names: Iterable[str]) -> str:
    """The matcher of everything that is said but some names or wildcards."""
    found = sorted(set(names)) or [""]
    if len(found) == 1 and not found[0].startswith("*."):
        return f"{label}!={quoted(found[0])}"
    return f"{label}!~{quoted('|'.join(map(name_pattern, found)))}"


def with_flags(flags: Iterable[str]) -> str:
    """The matcher of responses that carry one of some flags: Envoy joins several by commas."""
    return f"{FLAGS}=~{quoted(_flagged(flags))}"


def without_flags(flags: Iterable[str]) -> str:
    """The matcher of responses that carry none of some flags."""
    return f"{FLAGS}!~{quoted(_flagged(flags))}"


def _flagged(flags: Iterable[str]) -> str:
    return f"(.+,)?({'|'.join(flags)})(,.+)?"


def selector(metric: str, *matchers: str) -> str:
    """The series of a metric that fit all matchers."""
    return f"{metric}{{{','.join(matchers)}}}" if matchers else metric
