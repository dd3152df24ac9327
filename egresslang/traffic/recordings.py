"""Recordings: what alerts and the dashboard look at, counted anew every interval under a bounded set of labels.

Istio's own series have the Host header among their labels, which anybody in the mesh can invent. A recorded series has
the client's namespace and workload, `traffic` (http or tcp), and as destination one that the policy or the profile
knows, the black hole, the passthrough, `other` or `none`. How many there can be is a matter of the cluster alone.

`increase()` is not used: the first request of its kind starts a series at 1, in which `increase()` sees nothing. What a
series has counted is its value less that of five minutes ago, all of it where it is younger or started again. It is younger
only if there was nothing of it in the ten minutes before those: one scrape that fails makes nothing young.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.record import record
from egresslang.targets.declare import parents
from egresslang.targets.yaml import Document
from egresslang.traffic.labels import (
    BLACK_HOLE,
    BY_CLIENT,
    CODE,
    CONNECTIONS,
    FAILED,
    MISSING,
    NAMESPACE,
    NO_CLUSTER,
    PASSTHROUGH,
    REQUESTS,
    SERVICE_NAME,
    WORKLOAD,
    Cluster,
    none_of,
    one_of,
    quoted,
    selector,
    with_flags,
    without_flags,
)
from egresslang.traffic.watched import Watch

FLOWS = "egress:flows:increase5m"
"""Requests and connections of five minutes, by client and destination."""

FAILURES = "egress:failures:increase5m"
"""Those of FLOWS that did not get what they went for: no connection, or a 5xx."""

LOST = "egress:lost:increase5m"
"""Requests and connections of five minutes that were routed to a cluster which does not exist, by client."""

OTHER = "other"
"""The destination of what somebody registered and neither policy nor profile knows."""

NOWHERE = "none"
"""The destination of what was lost: over http its name is the Host header."""

ANY_DOTTED = r".+\..+"

TRAFFIC = {"http": REQUESTS, "tcp": CONNECTIONS}
"""The values of the label `traffic`, and the metric each is counted by."""


def recordings(watch: Watch, cluster: Cluster) -> list[Document]:
    """The recording rules of a policy in a cluster."""
    return list(_recordings(watch, cluster))


def _recordings(watch: Watch, cluster: Cluster) -> Iterator[Document]:
    ours = (BY_CLIENT, *cluster.matchers)
    ends = one_of(SERVICE_NAME, (BLACK_HOLE, PASSTHROUGH)), without_flags(MISSING)
    exact, wildcards = _exact(watch), list(_wildcards(watch))
    lost = (with_flags([NO_CLUSTER]),)
    for traffic, metric in TRAFFIC.items():
        labels = {"traffic": traffic, **cluster.labels}
        named = [_counted(selector(metric, *ours, *each)) for each in (ends, exact) if each]
        yield _rule(FLOWS, " or ".join(named), labels)
        for each in (*wildcards, _other(watch)):
            yield _rule(FLOWS, _counted(selector(metric, *ours, *each.matchers)), labels, each.label)
        if exact:
            yield _rule(FAILURES, _failed(metric, (*ours, *exact)), labels)
        for each in wildcards:
            yield _rule(FAILURES, _failed(metric, (*ours, *each.matchers)), labels, each.label)
        yield _rule(LOST, _counted(selector(metric, *ours, *lost)), labels, NOWHERE)


@record
class _Folded:
    """Destinations that are counted as one, under a label of ours."""

    matchers: tuple[str, ...]
    label: str


def _exact(watch: Watch) -> tuple[str, ...]:
    """What matches the known hosts that are no wildcards; empty where there are none."""
    exact = [host for host in watch.cluster_hosts if not host.startswith("*.")]
    return (one_of(SERVICE_NAME, exact), without_flags(MISSING)) if exact else ()


def _wildcards(watch: Watch) -> Iterator[_Folded]:
    """Each known wildcard, with all below it that is not known better."""
    better: dict[str, list[str]] = {host: [] for host in watch.cluster_hosts if host.startswith("*.")}
    for host in watch.cluster_hosts if better else ():
        for suffix in parents(host):
            if f"*.{suffix}" in better and f"*.{suffix}" != host:
                better[f"*.{suffix}"].append(host)
    for wildcard, hosts in better.items():
        yield _Folded(
            (one_of(SERVICE_NAME, [wildcard]), none_of(SERVICE_NAME, hosts), without_flags(MISSING)), wildcard
        )


def _other(watch: Watch) -> _Folded:
    """What somebody else registered outside: a Service goes by its short name, so only other names have a dot."""
    known = none_of(SERVICE_NAME, (*watch.cluster_hosts, *watch.in_mesh_hosts))
    return _Folded((f"{SERVICE_NAME}=~{quoted(ANY_DOTTED)}", known, without_flags(MISSING)), OTHER)


def _failed(metric: str, matchers: tuple[str, ...]) -> str:
    """Failures of a destination; over http its own 5xx, and those that the sidecar answers with, are some."""
    flagged = _counted(selector(metric, *matchers, with_flags(FAILED)))
    if metric != REQUESTS:
        return flagged
    answered = selector(metric, *matchers, f'{CODE}=~"5.."')
    return f"{flagged} or {_counted(answered)}"


def _counted(series: str) -> str:
    """How much each series has counted in five minutes; one that is no number (NaN, +Inf) would make the sum none."""
    return f"({series} - last_over_time({series}[10m] offset 5m) >= 0 or {series} >= 0) < +Inf"


def _rule(name: str, counted: str, labels: Document, folded: str = "") -> Document:
    """A recording rule by client and destination; where the destination is `folded`, by client."""
    by = [NAMESPACE, WORKLOAD] if folded else [NAMESPACE, WORKLOAD, SERVICE_NAME]
    named = {SERVICE_NAME: folded} if folded else {}
    return {"record": name, "expr": f"sum by ({', '.join(by)}) ({counted})", "labels": {**labels, **named}}
