"""EGR642 tls-unexpected: sidecars speak TLS, or that of the mesh, to what is outside and expects none of it."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import Flow, asking, reader, to_port
from egresslang.existing.inspected import Inspected, place
from egresslang.existing.mistakes.tls_in_tls import written_mode
from egresslang.existing.outside import entries_below
from egresslang.findings import Finding, Label, finding
from egresslang.mesh import protocols
from egresslang.mesh.outbound import ALLOWED
from egresslang.mesh.resources import DestinationRule, Port, ServiceEntry
from egresslang.mesh.rules import SPEAKS_TLS, mode_of_tls, speaks_tls

CODE = codes.TLS_UNEXPECTED

_MESH = "ISTIO_MUTUAL"
_HTTP = 80


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each rule by which a port outside the mesh is spoken to so, once; of what has endpoints of its own nothing is known."""
    for rule in inspected.resources.destination_rules:
        balancing = rule.balancing
        if balancing is None or SPEAKS_TLS.isdisjoint((balancing.tls, *(mode for _, mode in balancing.tls_ports))):
            continue
        found = (
            _found(inspected, rule, host, entry)
            for host, entry in entries_below(inspected, rule.host)
            if not entry.endpoints and entry.selector is None and host not in inspected.unsettled
        )
        yield from (each for each in [next(filter(None, found), None)] if each is not None)


def _found(inspected: Inspected, rule: DestinationRule, host: str, entry: ServiceEntry) -> Finding | None:
    if any(each.protocol in protocols.TLS and speaks_tls(rule, each.number) for each in entry.ports):
        return None  # TLS in TLS, which is told
    for at, port in enumerate(entry.ports):
        mode = mode_of_tls(rule, port.number)
        if port.protocol in protocols.TLS or mode not in SPEAKS_TLS or not (mode == _MESH or _is_plain(port)):
            continue
        asked = _asked(inspected, rule, host, entry, port)
        if asked is None:
            continue
        where = f"`{host}:{port.number}`"
        if mode == _MESH:
            words, beside = f"{where} is spoken to with the mesh's own TLS", "outside the mesh"
            note = "what is outside knows no certificate of the mesh: the handshake fails"
            help = f"write `mode: SIMPLE` for `{host}`, or leave it out of {rule.origin}"
        else:
            words, beside = f"TLS is spoken to port {_HTTP} of `{host}`", "no `targetPort` leads elsewhere"
            note = f"the sidecar makes TLS, and dials port {_HTTP}: what is there expects plain HTTP"
            help = f"write `targetPort: 443` at port {_HTTP} of {entry.origin}"
        return finding(
            CODE, written_mode(rule, port.number), words, f"{rule.origin} says so",
            [Label(place(entry.origin, "spec", "ports", at, "number"), beside)], (*asked.notes, note), help,
        )  # fmt: skip
    return None


def _is_plain(port: Port) -> bool:
    """Whether a port is that of plain HTTP, and leads there."""
    return port.number == _HTTP and port.target in (0, _HTTP) and port.protocol in protocols.HTTP


def _asked(inspected: Inspected, rule: DestinationRule, host: str, entry: ServiceEntry, port: Port) -> Flow | None:
    """A call to a port that the rule holds for, and no route leads elsewhere."""
    own, registry = rule.origin.namespace, inspected.mesh.registry()
    pods = [(own, dict(rule.selector))] if rule.selector else [reader(inspected, entry), asking(inspected, own, host)]
    for pod in pods:
        held = registry.rules.of(host, entry.origin.namespace, *pod)
        if held is None or mode_of_tls(held, port.number) != mode_of_tls(rule, port.number):
            continue
        asked = to_port(inspected, *pod, entry, host, port)
        found = asked.verdict
        if found.verdict == ALLOWED and (found.host, found.port) == (host, port.number):
            return asked
    return None
