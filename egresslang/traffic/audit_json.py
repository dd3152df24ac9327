"""An audit as JSON, version 1, as `schemas/audit.schema.json` describes it: ASCII, whatever clients said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from egresslang.answers.dialling import literal
from egresslang.answers.written import words
from egresslang.json_text import json_text
from egresslang.policy.policy import Rule
from egresslang.traffic.audit import Audit, Traffic, Use, kinds_of
from egresslang.traffic.ready import Readiness
from egresslang.traffic.window import iso

VERSION = 1


def show(made: Audit, found: Sequence[Any], ready: Sequence[Readiness] | None, following: str = "") -> str:
    """The document of an audit: `found` are its findings as JSON has them; `ready` None where nobody asked, `following` what
    `enforcement` may become.
    """
    observed = made.observed
    document: dict[str, Any] = {
        "version": VERSION,
        "today": str(made.today),
        "cluster": made.cluster,
        "window": {
            "start": iso(observed.start),
            "end": iso(observed.end),
            "knownSince": None if observed.since is None else iso(observed.since),
            "namespaces": {namespace: iso(since) for namespace, since in sorted(observed.namespaces.items())},
            "unobserved": [f"{namespace}/{workload}" for namespace, workload in made.knowledge.unobserved()],
        },
        "incomplete": list(observed.remarks),
        "rules": [_use(each) for each in made.uses],
        "flows": [_traffic(each) for each in made.traffic],
        "summary": made.found(),
        "findings": list(found),
    }
    if ready is not None:
        document["ready"] = [_readiness(each) for each in ready]
        document["next"] = following or None
    return json_text(document, 1) + "\n"


def _use(use: Use) -> dict[str, Any]:
    return {
        **_rule(use.line.rule),
        "state": use.state,
        "requests": round(use.requests),
        "connections": round(use.connections),
        "lastSeen": None if use.last is None else iso(use.last.by),
        "lastSeenAfter": None if use.last is None else iso(use.last.after),
        "knownSince": None if use.since is None else iso(use.since),
        "workloads": list(use.workloads),
        "why": use.why,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    file, line, _ = rule.span.place
    return {"file": file, "line": line, "text": words(rule)}


def _traffic(each: Traffic) -> dict[str, Any]:
    flow = each.flow
    return {
        "namespace": flow.namespace,
        "workload": flow.workload,
        "host": flow.host or None,
        "isRegistered": flow.is_registered,
        "address": None if flow.address is None else literal(flow.address),
        "port": flow.port or None,
        "kind": flow.kind,
        "protocol": flow.protocol or None,
        "verdict": flow.verdict,
        "count": max(1, round(each.seen.count)),
        "lastSeen": iso(each.seen.last.by),
        "lastSeenAfter": iso(each.seen.last.after),
        "by": each.seen.by,
        "region": each.region or None,
        "is": list(kinds_of(each)),
        "rules": [_rule(grant.rule) for grant in each.grants],
        "expired": [_rule(grant.rule) for grant in each.expired],
    }


def _readiness(each: Readiness) -> dict[str, Any]:
    return {
        "namespace": each.namespace,
        "state": each.state,
        "why": each.why,
        "readyOn": None if each.on is None else iso(each.on),
        "against": [_traffic(flow) for flow in each.against],
    }
