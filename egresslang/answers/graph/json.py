"""Graphs as JSON, version 1, as `schemas/graph.schema.json` describes it; the page reads the same document.

Nodes refer to each other by their position in the document's lists. What is empty is left out of rules and findings: of
five thousand of them most have nothing to say. The text is ASCII, and safe inside a `<script>` element.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from egresslang.answers.graph.graph import (
    DestinationNode,
    Edge,
    Graph,
    Guard,
    Load,
    Port,
    RuleNode,
    Stray,
    Traffic,
    Use,
    WorkloadNode,
)
from egresslang.answers.written import words
from egresslang.findings import Finding
from egresslang.json_text import json_text

VERSION = 1

_SAFE = {ord(each): f"\\u{ord(each):04x}" for each in "<>&"}


def show(graphs: Sequence[Graph]) -> str:
    """One document of the graphs of a policy, one for each cluster, for people and programs."""
    return json_text(_document(graphs), 1).translate(_SAFE) + "\n"


def compact(graphs: Sequence[Graph]) -> str:
    """The same document in as few bytes as it takes."""
    return json_text(_document(graphs), None, compact=True).translate(_SAFE)


def _document(graphs: Sequence[Graph]) -> dict[str, Any]:
    return {"version": VERSION, "clusters": [_cluster(each) for each in graphs]}


def _cluster(graph: Graph) -> dict[str, Any]:
    made: dict[str, Any] = {
        "cluster": graph.cluster,
        "region": graph.region,
        "enforcement": graph.enforcement,
        "mode": graph.mode,
        "istio": graph.istio,
        "today": graph.today,
        "assumed": list(graph.assumed),
        "workloads": [_workload(each) for each in graph.workloads],
        "destinations": [_destination(each) for each in graph.destinations],
        "rules": [_rule(each) for each in graph.rules],
        "edges": [_edge(each) for each in graph.edges],
        "guards": [_guard(each) for each in graph.guards],
        "findings": [_finding(each) for each in graph.findings],
    }
    return made if graph.traffic is None else _seen(made, graph.traffic)


def _seen(made: dict[str, Any], traffic: Traffic) -> dict[str, Any]:
    """The document of a cluster with what was seen there."""
    for edge, load in zip(made["edges"], traffic.loads, strict=True):
        if load is not None:
            edge["seen"] = _load(load)
    for rule, use in zip(made["rules"], traffic.uses, strict=True):
        if use is not None:
            rule["use"] = _use(use)
    made["traffic"] = {
        "start": traffic.start,
        "end": traffic.end,
        "length": traffic.length,
        "incomplete": list(traffic.incomplete),
        "strays": [_stray(each) for each in traffic.strays],
    }
    return made


def _load(load: Load) -> dict[str, Any]:
    return {"requests": load.requests, "connections": load.connections, "failed": load.failed, "lastSeen": load.last}


def _use(use: Use) -> dict[str, Any]:
    made: dict[str, Any] = {"state": use.state, "length": use.length, "why": use.why}
    return made if use.load is None else {**made, "seen": _load(use.load)}


def _stray(stray: Stray) -> dict[str, Any]:
    return {
        "workload": stray.workload,
        "verdict": stray.verdict,
        "label": stray.label,
        "isSaid": stray.is_said,
        "others": stray.others,
        "seen": _load(stray.load),
        "rules": list(stray.rules),
    }


def _workload(node: WorkloadNode) -> dict[str, Any]:
    return {
        "namespace": node.namespace,
        "name": node.workload,
        "labels": dict(node.labels),
        "rest": node.rest,
        "because": node.because,
    }


def _destination(node: DestinationNode) -> dict[str, Any]:
    return {
        "kind": node.kind,
        "label": node.label,
        "domain": node.domain,
        "regions": list(node.regions),
        "claimed": list(node.claimed),
        "addresses": list(node.addresses),
    }


def _rule(node: RuleNode) -> dict[str, Any]:
    rule = node.rule
    file, line, _ = rule.span.place
    made: dict[str, Any] = {"kind": rule.kind, "text": words(rule), "file": file, "line": line, "state": node.state}
    said = {
        "owner": rule.owner,
        "ticket": rule.ticket,
        "reason": rule.reason,
        "region": rule.region,
        "marks": list(node.marks),
        "findings": list(node.findings),
        "mentioned": list(node.mentioned),
    }
    made |= {key: value for key, value in said.items() if value}
    if rule.expires is not None:
        made |= {"expires": str(rule.expires), "daysLeft": node.days_left}
    return made


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "workload": edge.workload,
        "destination": edge.destination,
        "rule": edge.rule,
        "ports": _ports(edge.ports),
    }


def _guard(guard: Guard) -> dict[str, Any]:
    return {
        "workload": guard.workload,
        "destination": guard.destination,
        "rule": guard.rule,
        "ports": _ports(guard.ports),
        "excepted": list(guard.excepted),
        "holes": list(guard.holes),
    }


def _ports(ports: Iterable[Port]) -> list[dict[str, Any]]:
    return [{"port": port or None, "protocol": protocol or None} for port, protocol in ports]


def _finding(finding: Finding) -> dict[str, Any]:
    file, line, _ = finding.span.place
    made: dict[str, Any] = {
        "code": finding.code.id,
        "name": finding.code.name,
        "severity": str(finding.severity),
        "message": finding.message,
        "file": file,
        "line": line,
    }
    said = {"notes": list(finding.notes), "help": finding.help, "suppressed": finding.suppressed}
    return made | {key: value for key, value in said.items() if value}
