"""EGR641 untaken-route: a route about a host outside the mesh that no port or gateway of its VirtualService can take."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from egresslang import codes
from egresslang.documents import Located
from egresslang.existing.flow import asking, below, flow, spoken, to_port
from egresslang.existing.gateways import resolve
from egresslang.existing.inspected import Inspected, place
from egresslang.findings import Finding, Severity, finding
from egresslang.mesh import protocols
from egresslang.mesh.outbound import ALLOWED
from egresslang.mesh.registry import Registered
from egresslang.mesh.resources import Port, VirtualService
from egresslang.suggest import nearest, one_of

CODE = codes.UNTAKEN_ROUTE

_MESH = "mesh"
_KINDS = ("http", "tls", "tcp")
_FOREIGN = 80
"""The port on which a VirtualService makes routes for hosts that are not registered there."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each match for a gateway that its VirtualService leaves out, each that no port can take, and each host that nobody has."""
    for virtual in inspected.resources.virtual_services:
        if not inspected.unsettled.isdisjoint(virtual.hosts):
            continue
        services = [each for host in virtual.hosts for each in inspected.mesh.registry().matching(host)]
        if any(not each.in_mesh for each in services):
            yield from _of(inspected, virtual, services)
        elif not services:
            yield from _misspelt(inspected, virtual)


def _of(inspected: Inspected, virtual: VirtualService, services: Collection[Registered]) -> Iterator[Finding]:
    own = virtual.origin.namespace
    bound = {_gateway(each, own) for each in virtual.gateways or (_MESH,)}
    ports = [port for each in services for port in each.ports]
    is_outside = not any(each.in_mesh for each in services)
    manifest = virtual.origin.manifest_span
    for kind in _KINDS if manifest is not None else ():
        several = None if manifest is None else manifest.get("spec", kind)
        for route in several.entries() if several is not None else ():
            asked = route.get("match")
            for match in asked.entries() if asked is not None and asked.value else (None,):
                named = None if match is None else match.get("gateways")
                meant = (
                    {_gateway(str(each), own) for each in named.value} if named is not None and named.value else bound
                )
                if named is not None and bound.isdisjoint(meant):
                    yield _unbound(inspected, virtual, named, ports)
                elif meant == {_gateway(_MESH, own)} and is_outside and ports and "redirect" not in route.value:
                    yield from _untaken(inspected, virtual, kind, match or route, ports)


def _gateway(written: str, namespace: str) -> tuple[str, str]:
    return ("", _MESH) if written == _MESH else resolve(written, namespace)


def _unbound(inspected: Inspected, virtual: VirtualService, named: Located, ports: Collection[Port]) -> Finding:
    wanted = str(named.value[0])
    is_mesh = wanted == _MESH
    return finding(
        CODE, named[0].span, f"nothing of {virtual.origin} is for `{wanted}`", "its own `gateways` do not have it",
        notes=_notes(inspected, virtual, ports) if is_mesh else (),
        help=f"add `{wanted}` to the `gateways` of {virtual.origin}",
        severity=None if is_mesh else Severity.WARNING,
    )  # fmt: skip


def _untaken(
    inspected: Inspected, virtual: VirtualService, kind: str, written: Located, ports: Collection[Port]
) -> Iterator[Finding]:
    """A match of sidecars, or a route without one, where no declared port is of its kind and number."""
    said = written.get("port")
    number = said.value if said is not None else 0
    there = [each for each in ports if number in (0, each.number)]
    if any(_is_taken(kind, each) for each in there) or (kind == "http" and number == _FOREIGN):
        return
    host = virtual.hosts[0]
    if there:
        words = f"a route of {kind} is for `{host}`, which is declared as {one_of(sorted({each.protocol for each in there}))}"
        right = "http" if any(each.protocol in protocols.HTTP for each in there) else "tls"
        if right == "tls" and not any(each.protocol in protocols.TLS for each in there):
            right = "tcp"
        help = f"write it under `{right}`, or declare the port otherwise"
    else:
        numbers = one_of(sorted({str(each.number) for each in ports}, key=int))
        words, help = f"`{host}` has no port {number}", f"write {numbers}, or declare the port"
    span = said.span if said is not None else written.heading
    yield finding(
        CODE, span, words, "nothing takes this", notes=_notes(inspected, virtual, there or ports), help=help,
        severity=Severity.WARNING,
    )  # fmt: skip


def _is_taken(kind: str, port: Port) -> bool:
    """Whether what comes to a port may take a route of a kind: tls and tcp ones go together, and what is not declared may be all."""
    if port.protocol == protocols.UNSET:
        return True
    is_http = port.protocol in protocols.HTTP
    return is_http if kind == "http" else not is_http and port.protocol != "UDP"


def _notes(inspected: Inspected, virtual: VirtualService, ports: Collection[Port]) -> tuple[str, ...]:
    host = virtual.hosts[0]
    pod = asking(inspected, virtual.origin.namespace, host)
    port = next(iter(ports), None)
    if port is None:
        return ()
    entries = inspected.entries_of.get(host)
    if entries:
        return to_port(inspected, *pod, entries[0], host, port).notes
    return flow(inspected, *pod, spoken(port.protocol), below(host), port.number).notes


def _misspelt(inspected: Inspected, virtual: VirtualService) -> Iterator[Finding]:
    """A host that nobody declares, much like one that is, and that sidecars know by this VirtualService alone."""
    if virtual.gateways and _MESH not in virtual.gateways:
        return
    for at, host in enumerate(virtual.hosts):
        is_dotted = host.endswith(".") or f"{host}." in inspected.entries_of
        near = "" if is_dotted else nearest(host, inspected.entries_of, 0.8)
        pod = asking(inspected, virtual.origin.namespace, near or host)
        asked = flow(inspected, *pod, "http", below(host), _FOREIGN) if near else None
        if asked is not None and asked.verdict.verdict == ALLOWED and asked.verdict.host == near:
            yield finding(
                CODE, place(virtual.origin, "spec", "hosts", at), f"`{host}` is routed and never declared", "nothing declares it",
                notes=asked.notes, help=f"write `{near}`, or declare `{host}` in a ServiceEntry", severity=Severity.WARNING,
            )  # fmt: skip
