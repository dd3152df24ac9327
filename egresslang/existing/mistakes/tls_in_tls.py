"""EGR633 tls-in-tls: a DestinationRule that wraps in TLS what clients encrypt already."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from egresslang import codes
from egresslang.existing.flow import Flow, asking, reader, to_port
from egresslang.existing.inspected import Inspected, place
from egresslang.existing.outside import entries_below
from egresslang.existing.routes import routes
from egresslang.findings import Finding, Label, finding
from egresslang.mesh import protocols
from egresslang.mesh.resources import DestinationRule, Port, ServiceEntry
from egresslang.mesh.rules import SPEAKS_TLS, speaks_tls
from egresslang.source import Span

CODE = codes.TLS_IN_TLS


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each rule that has sidecars speak TLS on a port outside the mesh where the client does, once.

    A port that routes lead plain HTTP to is there for that, whatever it is declared as.
    """
    plain = {(each.host, each.port) for each in routes(inspected) if each.kind == "http"}
    for rule in inspected.resources.destination_rules:
        balancing = rule.balancing
        if balancing is None or SPEAKS_TLS.isdisjoint((balancing.tls, *(mode for _, mode in balancing.tls_ports))):
            continue
        for host, entry in entries_below(inspected, rule.host):
            found = _found(inspected, rule, host, entry, plain)
            if found is not None:
                yield found
                break


def _found(
    inspected: Inspected, rule: DestinationRule, host: str, entry: ServiceEntry, plain: Collection[tuple[str, int]]
) -> Finding | None:
    for at, port in enumerate(entry.ports):
        is_meant = (host, port.number) in plain or (len(entry.ports) == 1 and (host, 0) in plain)
        if port.protocol not in protocols.TLS or is_meant or not speaks_tls(rule, port.number):
            continue
        asked = _asked(inspected, rule, host, entry, port)
        if asked is not None:
            return finding(
                CODE, written_mode(rule, port.number), f"{rule.origin} wraps the TLS of clients in TLS", f"`{host}:{port.number}` is declared as {port.protocol}",
                [Label(place(entry.origin, "spec", "ports", at, "protocol"), "clients speak TLS here")], asked.notes,
                f"remove `tls` for port {port.number}, or declare it as HTTP where clients leave TLS to the sidecar",
            )  # fmt: skip
    return None


def _asked(inspected: Inspected, rule: DestinationRule, host: str, entry: ServiceEntry, port: Port) -> Flow | None:
    """What becomes of TLS to a port, by a pod that a rule holds for."""
    own = rule.origin.namespace
    pods = [(own, dict(rule.selector))] if rule.selector else [asking(inspected, own, host), reader(inspected, entry)]
    every = (to_port(inspected, *pod, entry, host, port) for pod in pods)
    return next((each for each in every if each.verdict.wraps), None)


def written_mode(rule: DestinationRule, number: int) -> Span:
    """Where a rule says the TLS of a port."""
    assert rule.balancing is not None
    for at, (each, mode) in enumerate(rule.balancing.tls_ports):
        if each == number and mode is not None:
            return place(rule.origin, "spec", "trafficPolicy", "portLevelSettings", at, "tls", "mode")
    return place(rule.origin, "spec", "trafficPolicy", "tls", "mode")
