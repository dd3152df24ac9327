"""Unkept: what manifests say besides who reaches what, which a policy does not say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang.answers.around import place_of
from egresslang.answers.difference.lines import few
from egresslang.existing.importing.reaches import Reach
from egresslang.mesh.resources import DestinationRule, Origin, Resources, ServiceEntry, VirtualService
from egresslang.policy.policy import Addresses, Everything, Grant
from egresslang.record import record
from egresslang.source import Span


@record
class Unkept:
    """Something that is not as the manifests have it: what, in words, and why; `span` is the place that says it.

    `is_flow` when somebody reaches what they did not, or no more what they did.
    """

    what: str
    why: str
    span: Span | None = None
    is_flow: bool = False

    @property
    def place(self) -> str:
        """File and line, empty where it is in no file."""
        if self.span is None or not self.span.source.text:
            return ""
        name, line, _ = self.span.place
        return f"{name}:{line}"

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


def unkept(resources: Resources, found: Iterable[Reach]) -> Iterator[Unkept]:
    """What ServiceEntries say besides their hosts and ports, and what else is about these hosts; `found` is what is reached."""
    imported: set[str] = set()
    reached = {_reached(each) for reach in found for each in reach.grants}
    for entry in resources.service_entries:
        if entry.internal:
            why = (
                "it is in the mesh (MESH_INTERNAL): it stays as it stands, and `inMesh` of the profile lists its hosts"
            )
            yield _of(entry.origin, "is not imported", why)
            continue
        imported |= set(entry.hosts)
        yield from _of_entry(entry)
        nobodys = [
            f"{host}:{port.number}"
            for host in entry.hosts
            for port in entry.ports
            if port.protocol != "UDP" and not {(host, port.number), (str(entry.origin), port.number)} & reached
        ]
        if nobodys:
            yield _of(entry.origin, f"names what nobody reaches ({few(nobodys)})", "nothing is granted for it")
    yield from _beside(resources.virtual_services, resources.destination_rules, imported)


def _reached(grant: Grant) -> tuple[str, int]:
    where = grant.destination
    return (grant.rule.kind if isinstance(where, Addresses | Everything) else str(where)), grant.port


def _of(origin: Origin, what: str, why: str) -> Unkept:
    return Unkept(f"{origin} {what}", why, place_of(origin))


def _of_entry(entry: ServiceEntry) -> Iterator[Unkept]:
    if any(port.target not in (0, port.number) for port in entry.ports):
        yield _of(entry.origin, "leads to other ports (targetPort)", "a policy leads to the port that is asked for")
    if entry.resolution == "DNS_ROUND_ROBIN":
        yield _of(entry.origin, "takes one address of its name at a time (DNS_ROUND_ROBIN)", "a policy compiles to DNS")
    if any(port.protocol == "GRPC-WEB" for port in entry.ports):
        yield _of(entry.origin, "speaks GRPC-WEB", "a policy says `http`, which lets the same requests through")
    if any(port.protocol == "UDP" for port in entry.ports):
        yield _of(entry.origin, "has a UDP port", "no sidecar sees UDP: what it names was never held back")


def _beside(routes: Iterable[VirtualService], rules: Iterable[DestinationRule], imported: set[str]) -> Iterator[Unkept]:
    why = "it is no part of the policy, and stays as it stands"
    for virtual in routes:
        if hosts := sorted(imported & {*virtual.hosts}):
            yield _of(virtual.origin, f"routes {hosts[0]}", why)
    for rule in rules:
        if rule.host in imported:
            yield _of(rule.origin, f"says how {rule.host} is reached (TLS, subsets, balancing)", why)
