"""Signs: what a monitor shows of a flow: the sidecar's access log, and Istio's metrics.

The access log was measured with a real Envoy. The metrics are those of Istio's filter (istio/proxy, `istio_stats.cc`): it
takes the black hole and the passthrough by the name of the route (`block_all`, `allow_any`) or of the cluster, a service by
the metadata of the cluster, and where there is neither route nor cluster the Host header for both labels.
"""

from __future__ import annotations

from collections.abc import Mapping

from egresslang.answers.explain import Answer
from egresslang.mesh.outbound import (
    ALLOWED,
    ANSWERED,
    BAD_GATEWAY,
    BLOCKED,
    HANGS,
    LOST,
    NOT_FOUND,
    PASSED,
    REGISTRY,
    UNAVAILABLE,
    Verdict,
)
from egresslang.record import record

REQUESTS, CONNECTIONS = "istio_requests_total", "istio_tcp_connections_closed_total"
NOTHING = "-"
BLACK_HOLE, PASSTHROUGH = "BlackHoleCluster", "PassthroughCluster"
REAL, ITS_OWN = "the upstream's", "the VirtualService's"


@record
class Log:
    """A line of the access log: `code` 0 for what is no HTTP; each word as Envoy writes it, `-` for none."""

    code: str
    flags: str
    details: str
    cluster: str
    route: str

    def __str__(self) -> str:
        return (
            f"code {self.code}, flags {self.flags}, details {self.details}, cluster {self.cluster}, route {self.route}"
        )


@record
class Signs:
    """A line of the access log, and a metric with its labels."""

    log: Log
    metric: str
    labels: Mapping[str, str]


def signs(answer: Answer) -> Signs | None:
    """What a monitor shows; None where it shows nothing, or where chance decides."""
    found = answer.found
    if answer.uncaptured or answer.sees == HANGS or answer.verdict not in (ALLOWED, BLOCKED, LOST, PASSED):
        return None
    is_http = bool(found.route) or found.sees == NOT_FOUND
    log = _log(found, is_http)
    if log is None:
        return None
    metric = REQUESTS if is_http else CONNECTIONS
    labels = {
        "reporter": "source",
        "source_workload": answer.client.name,
        "source_workload_namespace": answer.client.namespace,
        **_destination(answer, is_http),
    }
    if is_http and log.code not in (REAL, ITS_OWN):
        labels["response_code"] = log.code
    if log.flags != NOTHING:
        labels["response_flags"] = log.flags
    return Signs(log, metric, labels)


def _log(found: Verdict, is_http: bool) -> Log | None:
    route = "default" if is_http else NOTHING
    match found.verdict:
        case "allowed" if found.sees == UNAVAILABLE:
            return Log(
                "503" if is_http else "0", "UH", "no_healthy_upstream" if is_http else NOTHING, found.cluster, route
            )
        case "allowed":
            return Log(REAL if is_http else "0", NOTHING, "via_upstream" if is_http else NOTHING, found.cluster, route)
        case "lost":
            return Log("503" if is_http else "0", "NC", "cluster_not_found", NOTHING, route)
        case "blocked" if found.sees == BAD_GATEWAY:
            return Log("502", NOTHING, "direct_response", NOTHING, found.route)
        case "blocked" if found.sees == NOT_FOUND:
            return Log("404", "NR", "route_not_found", NOTHING, NOTHING)
        case "blocked":
            return Log("0", "UH", NOTHING, BLACK_HOLE, NOTHING)
        case "passed-through" if found.dials != REGISTRY:
            return Log(
                REAL if is_http else "0",
                NOTHING,
                "via_upstream" if is_http else NOTHING,
                PASSTHROUGH,
                found.route or NOTHING,
            )
    return Log(ITS_OWN, NOTHING, "direct_response", NOTHING, NOTHING) if found.verdict == ANSWERED else None


def _destination(answer: Answer, is_http: bool) -> dict[str, str]:
    """The labels that say where a flow went; without a cluster that is what the client says in its Host header."""
    found = answer.found
    if found.verdict == ALLOWED:
        return {"destination_service": found.host, "destination_service_name": _service_name(found)}
    said = _host_header(answer) if is_http else "unknown"
    if found.verdict in (LOST, ANSWERED) or found.sees == NOT_FOUND:
        return {"destination_service": said, "destination_service_name": said}
    unregistered = PASSTHROUGH if found.verdict == PASSED else BLACK_HOLE
    return {"destination_service": said, "destination_service_name": unregistered}


def _host_header(answer: Answer) -> str:
    """What a client says that does as RFC 9110 (7.2) has it: the port, too, where it is not that of http."""
    port = answer.question.port
    return answer.place if port == 80 else f"{answer.place}:{port}"


def _service_name(found: Verdict) -> str:
    """A Kubernetes Service goes by its own name, any other host by itself."""
    service = next((each for each in found.because if each.kind == "Service"), None)
    if service is not None and found.host.startswith(f"{service.name}.{service.namespace}."):
        return service.name
    return found.host
