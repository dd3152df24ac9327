"""Effective: who reaches what by manifests as they stand, through what, and what of it is open by accident.

Asked of the model are all hosts outside the mesh that a workload's Sidecar imports, on each of their ports, and one that
nobody registered. Workloads are those of the manifests, and any other one of each namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from egresslang.answers.around import left_out
from egresslang.answers.capture import settings_of
from egresslang.existing.flow import FRESH, below, flow, spoken
from egresslang.existing.inspected import Inspected
from egresslang.findings import Finding
from egresslang.mesh.addresses import BITS, Address, parse_network
from egresslang.mesh.mesh import Proxy
from egresslang.mesh.outbound import CLIENT, PASSED, REGISTRY, Verdict
from egresslang.mesh.protocols import HTTP
from egresslang.mesh.registry import NOWHERE, Registered
from egresslang.mesh.resources import Origin, Port
from egresslang.policy.policy import Addresses
from egresslang.record import record

ANY = "*"
"""Any other workload of a namespace; as a namespace, any other one; as a host, everything that is not registered."""


@record
class Row:
    """One thing that one workload reaches.

    `address` is the network that is let through where an entry has one; `protocol` as Istio has it. `dials` is registry
    where the sidecar resolves the host itself, or an `egressProxy` takes everything, and client where it takes the address that the client dialled. `through`
    are the resources it follows from. `accident` are the codes of the findings about one of these.
    """

    namespace: str
    workload: str
    host: str
    address: str
    port: int
    protocol: str
    dials: str
    through: tuple[Origin, ...]
    accident: tuple[str, ...] = ()


_OF_ENTRIES = frozenset(("EGR301", "EGR302", "EGR304", "EGR305", "EGR306", "EGR307", "EGR310", "EGR609", "EGR618"))
"""The findings about a ServiceEntry that opens more than was meant."""

_OF_NEIGHBOURS = frozenset(("EGR632",))
"""Those about another ServiceEntry, whose traffic this one takes."""

_OF_LISTS = frozenset(("EGR611", "EGR612", "EGR614", "EGR628"))
"""Those about a Sidecar or a route that opens hosts which no list names."""

_OF_THE_REST = frozenset(("EGR622", "EGR625"))
"""Those about everything else, which was to be closed."""

_OF_WORKLOADS = frozenset(("EGR506", "EGR509"))
"""Those about a workload that nothing holds."""


def effective(inspected: Inspected, found: Iterable[Finding]) -> Iterator[Row]:
    """What each workload reaches, in the order of namespaces and workloads."""
    accidents = _Accidents(inspected, found)
    for namespace, workload, labels, reason in _who(inspected):
        if reason:
            yield Row(namespace, workload, ANY, "", 0, "any", CLIENT, (), accidents.of_workload(namespace, workload))
            continue
        proxy = inspected.proxy(namespace, labels)
        rows = list(_rows(inspected, proxy, namespace, workload, labels))
        if all(row.host != ANY for row in rows):
            yield from _around(inspected, accidents, namespace, workload)
        yield from (
            _judged(each, accidents)
            for each in sorted(rows, key=lambda row: (row.host == ANY, row.host, row.port, row.address))
        )


def _around(inspected: Inspected, accidents: _Accidents, namespace: str, workload: str) -> Iterator[Row]:
    """What a workload that is held sends around its sidecar: the ports and addresses that its annotations leave out."""
    client = inspected.asked.clients.get((namespace, workload))
    if client is None or not client.annotations:
        return
    settings, _ = settings_of(client, inspected.asked.capture)
    for _, destination, port in left_out(settings, client.pod.families):
        address = destination.label if isinstance(destination, Addresses) else ""
        yield Row(
            namespace, workload, ANY, address, port, "any", CLIENT, (), accidents.of_workload(namespace, workload)
        )


def _judged(row: Row, accidents: _Accidents) -> Row:
    codes = accidents.of(row)
    return Row(
        row.namespace, row.workload, row.host, row.address, row.port, row.protocol, row.dials, row.through, codes
    )


def _who(inspected: Inspected) -> Iterator[tuple[str, str, Mapping[str, str], str]]:
    """Every workload, with its labels, and why no sidecar sees it; any other of each namespace, and of any other namespace."""
    standing = inspected.sidecars_of.keys() | inspected.entries_in.keys()
    for namespace in sorted({*standing, *inspected.clients_of, *inspected.namespaces}):
        for client in sorted(inspected.clients_of.get(namespace, ()), key=lambda each: each.name):
            yield namespace, client.name, client.pod.labels, inspected.uncaptured(client)
        for sidecar in inspected.sidecars_of.get(namespace, ()) if namespace not in inspected.clients_of else ():
            if sidecar.selector:
                yield (
                    namespace,
                    ",".join(f"{key}={value}" for key, value in sidecar.selector),
                    dict(sidecar.selector),
                    "",
                )
        yield namespace, ANY, {}, ""
    yield ANY, ANY, {}, ""


def _rows(
    inspected: Inspected, proxy: Proxy, namespace: str, workload: str, labels: Mapping[str, str]
) -> Iterator[Row]:
    where = "any-other-namespace" if namespace == ANY else namespace
    seen: set[tuple[str, int, str]] = set()
    for service in _outside(proxy):
        for port in service.ports if service.origin in inspected.entry_at else ():
            address = "" if service.address == NOWHERE or service.resolution != "NONE" else service.address
            key = service.host, port.number, address
            if port.protocol == "UDP" or key in seen:
                continue
            every = (
                flow(inspected, where, labels, spoken(port.protocol), below(service.host), port.number, each)
                for each in _dialled(proxy, service, port)
            )
            asked = next((each for each in every if each.verdict.reaches and each.verdict.host == service.host), None)
            if asked is not None:
                seen.add(key)
                yield Row(
                    namespace,
                    workload,
                    service.host,
                    address,
                    port.number,
                    port.protocol or "any",
                    _dials(asked.verdict),
                    asked.verdict.because,
                )
    other = flow(inspected, where, labels, "tls", FRESH, 61234)
    to = proxy.scope.policy.proxy
    if other.verdict.verdict == PASSED or (to is not None and other.verdict.reaches and other.verdict.host == to.host):
        yield Row(namespace, workload, ANY, "", 0, "any", _dials(other.verdict), other.verdict.because)


def _dialled(proxy: Proxy, service: Registered, port: Port) -> Iterator[Address | None]:
    """The addresses by which a service may be reached: of a network one that no narrower one of another has; None for any."""
    network = None if service.address == NOWHERE else parse_network(service.address)
    if network is None:
        yield None
        return
    version, first, length = network
    yield version, first + (1 if length < BITS[version] - 1 else 0)
    last = first + (1 << (BITS[version] - length)) - 1
    for other in _outside(proxy) if length < BITS[version] else ():
        narrower = None if other is service else parse_network(other.address)
        if narrower is not None and narrower[0] == version and first <= narrower[1] <= last:
            after = narrower[1] + (1 << (BITS[version] - narrower[2]))
            if after <= last:
                yield version, after
    if port.protocol in HTTP:
        yield None


def _outside(proxy: Proxy) -> Iterator[Registered]:
    """What a proxy imports that is not in the mesh, and what routes lead it to besides."""
    seen: set[int] = set()
    for service in (
        *(each for listener in proxy.scope.listeners for each in listener.services),
        *proxy.scope.services.values(),
    ):
        if not service.kubernetes and id(service) not in seen:
            seen.add(id(service))
            yield service


class _Accidents:
    """The findings about what is open though nobody meant it, by the resources they are about."""

    def __init__(self, inspected: Inspected, found: Iterable[Finding]) -> None:
        self._inspected = inspected
        self._at: dict[str, list[tuple[int, str]]] = {}
        self._beside: dict[str, list[tuple[int, str]]] = {}
        self._is_open = any(each.code.id == "EGR622" for each in found)
        for each in found:
            self._at.setdefault(each.span.source.name, []).append((each.span.start, each.code.id))
            for label in each.related:
                self._beside.setdefault(label.span.source.name, []).append((label.span.start, each.code.id))

    def of(self, row: Row) -> tuple[str, ...]:
        """The codes of the findings about what lets a row through."""
        codes: set[str] = set()
        for origin in row.through:
            about = _about(self._at, origin)
            codes |= about & _OF_ENTRIES
            codes |= _about(self._beside, origin) & _OF_NEIGHBOURS
            if not self._is_named(row):
                codes |= about & _OF_LISTS
            if row.host == ANY:
                codes |= about & _OF_THE_REST
            if row.workload != origin.name:
                codes |= about & {"EGR505"}
        if row.host == ANY and not row.through and self._is_open:
            codes.add("EGR622")
        return tuple(sorted(codes))

    def of_workload(self, namespace: str, name: str) -> tuple[str, ...]:
        """The codes of the findings about a workload itself."""
        client = self._inspected.asked.clients.get((namespace, name))
        if client is None or client.origin is None:
            return ()
        about = _about(self._at, client.origin) | _about(self._beside, client.origin)
        return tuple(sorted(about & _OF_WORKLOADS))

    def _is_named(self, row: Row) -> bool:
        """Whether a Sidecar that a row follows from lists its host as it is."""
        lists = self._inspected.imports.listing(row.host)
        return any(each.sidecar.origin in row.through for each in lists)


def _about(places: Mapping[str, list[tuple[int, str]]], origin: Origin) -> set[str]:
    """The codes told in the document of a resource."""
    manifest = origin.manifest_span
    if manifest is None:
        return set()
    start, end = manifest.span.start, manifest.span.end
    return {code for at, code in places.get(manifest.source.name, ()) if start <= at < end}


def _dials(verdict: Verdict) -> str:
    """Whose address is taken; of several that chance decides between, the one that a client can choose."""
    if verdict.dials:
        return verdict.dials
    several = {each.dials for each in (*verdict.possible, *(part for part, _ in verdict.parts))}
    return CLIENT if CLIENT in several else REGISTRY
