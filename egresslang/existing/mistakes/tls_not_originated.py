"""EGR634 tls-not-originated: plain HTTP that is led to a port of TLS, and no DestinationRule makes TLS of it."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import Flow, asking, below, by_reader, flow
from egresslang.existing.inspected import Inspected, place
from egresslang.existing.outside import originates
from egresslang.existing.routes import Route, routes
from egresslang.findings import Finding, Label, finding
from egresslang.mesh import protocols
from egresslang.mesh.outbound import ALLOWED
from egresslang.mesh.resources import Port, ServiceEntry

CODE = codes.TLS_NOT_ORIGINATED

_HTTPS = 443


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each port of HTTP outside the mesh that leads to port 443, and each HTTP route to a port of TLS."""
    for entry in inspected.resources.service_entries:
        if entry.internal or not inspected.unsettled.isdisjoint(entry.hosts):
            continue
        for at, port in enumerate(entry.ports):
            if port.protocol in protocols.HTTP and port.number != _HTTPS and _leads_to_tls(entry, port):
                found = _of_port(inspected, entry, at)
                if found is not None:
                    yield found
    for route in routes(inspected):
        is_known = route.host in inspected.entries_of and route.host not in inspected.unsettled
        if route.kind == "http" and route.by_sidecars and is_known and not _is_of_tls(inspected, route):
            found = _of_route(inspected, route)
            if found is not None:
                yield found


def _leads_to_tls(entry: ServiceEntry, port: Port) -> bool:
    return port.target == _HTTPS or any(each.ports.get(port.name) == _HTTPS for each in entry.endpoints)


def _of_port(inspected: Inspected, entry: ServiceEntry, at: int) -> Finding | None:
    port, host = entry.ports[at], entry.hosts[0]
    asked = by_reader(inspected, entry, host, port)
    own = entry.origin.namespace
    led = (host, port.number) if asked.verdict.verdict != ALLOWED else (asked.verdict.host, asked.verdict.port)
    if led != (host, port.number) or _misses(inspected, host):
        return None
    if any(originates(inspected, entry, each, port.number, own) for each in entry.hosts):
        return None
    key = "targetPort" if port.target == _HTTPS else "number"
    return finding(
        CODE, place(entry.origin, "spec", "ports", at, key), f"`{host}:{port.number}` leads plain HTTP to port {_HTTPS}", "TLS is spoken there",
        notes=_notes(asked), help=_unheld(inspected, host) or f"write a DestinationRule for `{host}` with `tls: {{mode: SIMPLE}}`, or lead to a port of HTTP",
    )  # fmt: skip


def _misses(inspected: Inspected, host: str) -> bool:
    """Whether a DestinationRule makes TLS on a port that a host lacks, which is told by itself."""
    held = inspected.mesh.registry().by_host.get(host, {})
    numbers = {port.number for each in held.values() for port in each.ports}
    return any(
        mode is not None and number not in numbers
        for rule in inspected.rules_of.get(host, ())
        if rule.balancing is not None
        for number, mode in rule.balancing.tls_ports
    )


def _is_of_tls(inspected: Inspected, route: Route) -> bool:
    """Whether a route asks for ports of TLS alone, so that nothing takes it, which is told by itself."""
    named = [each for host in route.virtual.hosts for each in inspected.mesh.registry().by_host.get(host, {}).values()]
    tls = {port.number for each in named for port in each.ports if port.protocol in protocols.TLS}
    return bool(route.asked_ports) and tls.issuperset(route.asked_ports)


def _of_route(inspected: Inspected, route: Route) -> Finding | None:
    entry = inspected.entries_of[route.host][0]
    numbers = [each.number for each in entry.ports]
    number = route.port or (numbers[0] if len(numbers) == 1 else 0)
    at = numbers.index(number) if number in numbers else -1
    if entry.internal or at < 0 or entry.ports[at].protocol not in protocols.TLS or _misses(inspected, route.host):
        return None
    own = route.virtual.origin.namespace
    if originates(inspected, entry, route.host, number, own, route.subset):
        return None
    host = next(iter(route.virtual.hosts), route.host)
    pod = asking(inspected, own, host)
    asked = flow(inspected, *pod, "http", below(host), 80)
    written = route.place_span.get("port", "number") or route.place_span["host"]
    return finding(
        CODE, written.span, f"plain HTTP is routed to `{route.written}:{number}`", f"it is declared as {entry.ports[at].protocol}",
        [Label(place(entry.origin, "spec", "ports", at, "protocol"), "TLS is spoken here")], _notes(asked),
        _unheld(inspected, route.host) or f"write a DestinationRule for `{route.host}` with `tls: {{mode: SIMPLE}}` for port {number}, or route to a port of HTTP",
    )  # fmt: skip


def _unheld(inspected: Inspected, host: str) -> str:
    """How to mend a DestinationRule that says TLS which these sidecars do not take; empty where there is none."""
    for rule in inspected.rules_of.get(host, ()):
        if rule.selector is not None:
            return f"let the `workloadSelector` of {rule.origin} select the pods that call `{host}`"
        tls = rule.origin.manifest_span and rule.origin.manifest_span.get("spec", "trafficPolicy")
        if tls is not None and "credentialName" in str(tls.value):
            return f"add a `workloadSelector` to {rule.origin}: without one, sidecars make no TLS by `credentialName`"
    return ""


def _notes(asked: Flow) -> tuple[str, ...]:
    if not asked.verdict.reaches:
        return asked.notes
    return *asked.notes, "what is there expects TLS and gets plain HTTP: it answers 400, or closes the connection"
