"""What Istio counts at the recipe site under each of its three options, as samples for a real Prometheus."""

from __future__ import annotations

from metrics import CONNECTIONS, END, REQUESTS, Counter, sampled

DAY = 86_400
TODAY = "2026-11-25"
PASSED, BLACK = "PassthroughCluster", "BlackHoleCluster"


def series(
    metric: str, workload: str, service: str, name: str, code: str, flags: str, events: dict[int, float], pod: str = "1", start: int = END - 8 * DAY
) -> Counter:  # fmt: skip
    """A counter with the labels that Istio's telemetry gives it; `events` are seconds before the end."""
    labels = {
        "reporter": "source",
        "source_workload": workload,
        "source_workload_namespace": "recipes",
        "source_canonical_service": workload,
        "source_cluster": "Kubernetes",
        "destination_service": service,
        "destination_service_name": name,
        "destination_service_namespace": "unknown" if name in (PASSED, BLACK) else "recipes",
        "destination_workload": "unknown",
        "connection_security_policy": "unknown",
        "response_flags": flags,
        "pod": f"{workload}-{pod}",
        **({"request_protocol": "http", "response_code": code} if metric == REQUESTS else {"request_protocol": "tcp"}),
    }
    return sampled(metric, labels, start, {END - before: number for before, number in events.items()})


def in_mesh() -> Counter:
    """What stays in the mesh, and is none of egress."""
    return series(REQUESTS, "idgen", "api.recipes.svc.cluster.local", "api", "200", "-", {3 * DAY: 100.0})


OPTIONS = {
    "passes-through": (
        in_mesh(),
        series(REQUESTS, "idgen", "httpbin.org", PASSED, "200", "-", {2 * DAY: 40.0}),
        series(CONNECTIONS, "idgen", "unknown", PASSED, "0", "UH", {2 * DAY: 4.0}),
    ),
    "black-hole": (
        in_mesh(),
        series(REQUESTS, "idgen", "httpbin.org", BLACK, "502", "-", {2 * DAY: 40.0}),
        series(CONNECTIONS, "idgen", "unknown", BLACK, "0", "UH", {2 * DAY: 4.0}),
    ),
    "allowed": (
        in_mesh(),
        series(REQUESTS, "idgen", "httpbin.org", "httpbin.org", "200", "-", {2 * DAY: 40.0}),
        series(CONNECTIONS, "etl", "unknown", BLACK, "0", "UH", {2 * DAY: 4.0}),
    ),
}
"""What Istio counts under each of the recipe's three options, as the seed tells it."""
