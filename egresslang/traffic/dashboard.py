"""Dashboard: a Grafana dashboard over the recorded series, a panel for each question that people ask of egress.

Its JSON is the classic model of dashboards (schemaVersion 39), which Grafana imports, provisions and keeps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from egresslang.policy.regions import Regions
from egresslang.record import record
from egresslang.traffic.labels import (
    BLACK_HOLE,
    BY_CLIENT,
    NAMESPACE,
    PASSTHROUGH,
    SENT_BYTES,
    SERVICE_NAME,
    WORKLOAD,
    Cluster,
    equal,
    none_of,
    one_of,
    quoted,
    selector,
)
from egresslang.traffic.recordings import ANY_DOTTED, FLOWS
from egresslang.traffic.watched import DATABASES, Watch

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
"""The Prometheus that somebody chooses in the dashboard."""

COLUMNS, HEIGHT = 24, 9
"""Of Grafana's grid: its width, and that of a row here."""

_CHOSEN = (f'{NAMESPACE}=~"$namespace"', f'{WORKLOAD}=~"$workload"')
_WHO = f"{{{{{NAMESPACE}}}}}/{{{{{WORKLOAD}}}}}"
_WHERE = f"{{{{{SERVICE_NAME}}}}}"


@record
class Query:
    """A query of PromQL, and how its series are called."""

    expr: str
    legend: str


@record
class Panel:
    """A question and what answers it; `unit` is one of Grafana's, `kind` one of its panels."""

    question: str
    about: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: str = "timeseries"


def dashboard(watched: Sequence[tuple[Watch, Cluster]]) -> str:
    """The dashboard of a policy in its clusters, as JSON."""
    names = [watch.profile.name for watch, _ in watched]
    label = watched[0][1].label
    document = {
        "uid": f"egressc-{sha256(','.join(names).encode()).hexdigest()[:12]}",
        "title": f"Egress: {', '.join(names)}",
        "description": "What leaves the mesh, and what its policy says of it; from egressc alerts --format dashboard.",
        "tags": ["egressc", "istio"],
        "editable": True,
        "schemaVersion": 39,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": list(_variables(label))},
        "panels": [_panel(number, each) for number, each in enumerate(panels(watched))],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def panels(watched: Sequence[tuple[Watch, Cluster]]) -> list[Panel]:
    """The panels in their order."""
    label = watched[0][1].label
    chosen = (*((f'{label}=~"$cluster"',) if label else ()), *_CHOSEN)
    by = ", ".join([*([label] if label else []), NAMESPACE, WORKLOAD])
    who = f"{{{{{label}}}}} {_WHO}" if label else _WHO
    outside = none_of(SERVICE_NAME, (BLACK_HOLE, PASSTHROUGH))
    databases = sorted({host for watch, _ in watched for host in _databases(watch)})
    named = one_of(SERVICE_NAME, databases) if databases else f"{SERVICE_NAME}=~{quoted(ANY_DOTTED)}"
    written = f"rate({selector(SENT_BYTES, BY_CLIENT, *chosen, named)}[$__rate_interval])"
    return [
        Panel(
            "Which services call external APIs?",
            "Requests and connections of five minutes to each registered destination outside the mesh.",
            (Query(f"sum by ({by}, {SERVICE_NAME}) ({selector(FLOWS, *chosen, outside)}) > 0", f"{who} → {_WHERE}"),),
        ),
        Panel(
            "Which database instance is written to?",
            "Bytes a second that clients send to the policy's databases (postgres, mysql, mongo, redis)."
            if databases
            else "The policy names no database: bytes a second to every registered TCP destination.",
            (
                Query(
                    f"sum by ({by}, {SERVICE_NAME}) ({written}) > 0",
                    f"{who} → {_WHERE}",
                ),
            ),
            "Bps",
        ),
        Panel(
            "Does traffic stay in its region?",
            "Requests and connections of five minutes by the region of their destination: "
            "the one that the policy claims, else that of the profile, else that of its name.",
            tuple(query for watch, cluster in watched for query in _regions(watch, cluster)),
        ),
        Panel(
            "What knocks at the black hole?",
            "Attempts of five minutes that a sidecar forwarded nowhere. EgressBlocked fires on each.",
            (
                Query(
                    f"sum by ({by}, traffic) ({selector(FLOWS, *chosen, equal(SERVICE_NAME, BLACK_HOLE))}) > 0",
                    f"{who} {{{{traffic}}}}",
                ),
            ),
        ),
        Panel(
            "What passes through unnamed?",
            "Traffic of five minutes that left through the passthrough, which no rule names.",
            (
                Query(
                    f"sum by ({by}, traffic) ({selector(FLOWS, *chosen, equal(SERVICE_NAME, PASSTHROUGH))}) > 0",
                    f"{who} {{{{traffic}}}}",
                ),
            ),
        ),
        Panel(
            "Which alerts fire?",
            "The alerts of egressc alerts that fire now, by kind.",
            (
                Query(
                    'count by (alertname, severity) (ALERTS{alertname=~"Egress.+",alertstate="firing"})',
                    "{{alertname}} ({{severity}})",
                ),
            ),
            kind="stat",
        ),
    ]


def _databases(watch: Watch) -> Iterator[str]:
    for grant in watch.policy.grants:
        if grant.spelled in DATABASES:
            yield from watch.hosts_of(grant)


def _regions(watch: Watch, cluster: Cluster) -> Iterator[Query]:
    """A query for each region that destinations of the policy lie in; what lies in none that is known is one, too."""
    profile = watch.profile
    regions: dict[str, set[str]] = {}
    for grant in watch.policy.grants:
        regions.setdefault(watch.region_of(grant), set()).update(watch.hosts_of(grant))
    where = f"{profile.name}: " if cluster.label else ""
    for region, hosts in sorted(regions.items()):
        if hosts:
            matchers = (*cluster.matchers, *_CHOSEN, one_of(SERVICE_NAME, hosts))
            yield Query(f"sum({selector(FLOWS, *matchers)})", where + _called(region, profile.region, watch.regions))
    if not any(regions.values()):
        matchers = (*cluster.matchers, *_CHOSEN, none_of(SERVICE_NAME, (BLACK_HOLE, PASSTHROUGH)))
        yield Query(f"sum({selector(FLOWS, *matchers)})", f"{where}region unknown")


def _called(region: str, home: str, regions: Regions) -> str:
    if not region:
        return "region unknown"
    if not home:
        return region
    return f"{region} (the cluster's region)" if regions.overlap(region, home) else f"{region} (another region)"


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    width = COLUMNS // 2
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.question,
        "description": panel.about,
        "datasource": DATASOURCE,
        "gridPos": {"h": HEIGHT, "w": width, "x": number % 2 * width, "y": number // 2 * HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": _reference(at),
                "datasource": DATASOURCE,
                "expr": query.expr,
                "legendFormat": query.legend,
                "range": panel.kind != "stat",
                "instant": panel.kind == "stat",
            }
            for at, query in enumerate(panel.queries)
        ],
    }


def _reference(number: int) -> str:
    """A, B, …, Z, AA, AB, …: what Grafana calls the queries of a panel."""
    rest, letter = divmod(number, 26)
    return (_reference(rest - 1) if rest else "") + chr(ord("A") + letter)


def _variables(label: str) -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    chosen = ""
    for name, called in (("cluster", label), ("namespace", NAMESPACE), ("workload", WORKLOAD)):
        if called:
            series = f"{FLOWS}{{{chosen}}}" if chosen else FLOWS
            yield _variable(name, f"label_values({series}, {called})")
            chosen = ",".join(filter(None, (chosen, f'{called}=~"${name}"')))


def _variable(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "query",
        "datasource": DATASOURCE,
        "query": query,
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }
