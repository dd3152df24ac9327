"""Probes: one request for every way in which a policy or a sidecar tells two connections apart.

Hosts, ports and addresses are without end, what is told apart is not: each named host, a name below each wildcard, any
other name; each named port, any other; each stretch of addresses between the bounds of networks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang.mesh.addresses import Address
from egresslang.mesh.listeners import Listener
from egresslang.mesh.outbound import Outbound, Request
from egresslang.policy.intent import Intent
from egresslang.policy.policy import Addresses
from egresslang.ranges import Range
from egresslang.record import record
from egresslang.verify.agreement import (
    agreed_hosts,
    agreed_server_names,
    passed_on,
    service_agrees,
    told_ranges,
)
from egresslang.verify.blocks import Merged, starts
from egresslang.verify.compare import Comparison

FRESH_LABEL = "any-other-name"
FRESH_NAME = f"{FRESH_LABEL}.test"
"""A name that nobody has heard of."""

FRESH_PORT = 61234


@record
class Probe:
    """A request, and the name whose virtual address is dialled in it, empty when it is none."""

    request: Request
    dialled: str = ""


def ports(intent: Intent, outbound: Outbound) -> list[int]:
    """Every port that either side names, and one that neither does."""
    named = {port for _, port in intent.named} | set(intent.addressed)
    named |= {listener.port for listener in outbound.listeners.values()}
    fresh = FRESH_PORT
    while fresh in named:
        fresh += 1
    return [*sorted(named), fresh]


def probes(comparison: Comparison, port: int, version: int, by_sight: bool = True) -> Iterator[Probe]:
    """The requests to a port over one IP version that tell whether both sides agree.

    `by_sight` leaves out those of which that can be seen.
    """
    intent, outbound = comparison.intent, comparison.outbound
    listeners = comparison.listeners(port)
    granted = [
        each
        for grant in intent.addressed.get(port, ())
        if isinstance(grant.destination, Addresses) and grant.destination.version == version
        for each in grant.destination.ranges
    ]
    told = [*granted, *(each for listener in listeners for each in told_ranges(listener, version))]
    apart = Merged(told)
    fresh = apart.fresh(version)
    http, tls = _names(intent, outbound, port, listeners)
    if fresh is not None:
        address = version, fresh
        seen_http = agreed_hosts(comparison, port, address) if by_sight else set()
        seen_tls = agreed_server_names(comparison, port, address) if by_sight else set()
        is_dropped = by_sight and outbound.drops_all(address, port)
        yield from _to(port, address, http - seen_http, tls - seen_tls, is_dropped=is_dropped)
    for start in _unseen(comparison, port, version, told, Merged(granted)) if by_sight else starts(version, told):
        address = version, start
        if start in apart or fresh is None:
            names = _asked_there(outbound, port, address, http, tls)
            yield from _to(port, address, *names, dialled=outbound.named(address))
    for name in intent.named.get(("tcp", port), ()):
        found = outbound.resolve(name)
        if found is not None and found[0] == version:
            yield Probe(Request("tcp", "", found, port), name)


def _unseen(comparison: Comparison, port: int, version: int, told: Iterable[Range], granted: Merged) -> Iterator[int]:
    """The starts of stretches of addresses of which it cannot be seen that both sides agree on them."""
    onward = Merged(passed_on(comparison.outbound, comparison.listeners(port), version) if granted.ranges else ())
    for start in starts(version, told):
        agrees = start in onward if start in granted else service_agrees(comparison, port, (version, start))
        if not agrees:
            yield start


def _names(intent: Intent, outbound: Outbound, port: int, listeners: Iterable[Listener]) -> tuple[set[str], set[str]]:
    """The names that either side tells apart on a port: by Host, and by server name."""
    http, tls = ({*intent.named.get((family, port), ())} for family in ("http", "tls"))
    is_routed = False
    for listener in listeners:
        for chain in listener.chains.values():
            tls.update(chain.sni)
            is_routed = is_routed or bool(chain.route)
    if is_routed:
        http.update(outbound.hosts(port))
    return http, tls


def _to(
    port: int, address: Address, http: Iterable[str], tls: Iterable[str], dialled: str = "", is_dropped: bool = False
) -> Iterator[Probe]:
    """Raw bytes, and requests for each name and for one that nobody has heard of, to one address.

    Where it `is_dropped` whatever is said, but for some names, the one that nobody has heard of is left out.
    """
    yield Probe(Request("tcp", "", address, port), dialled)
    if not is_dropped:
        yield Probe(Request("http", FRESH_NAME, address, port), dialled)
        yield Probe(Request("tls", FRESH_NAME, address, port), dialled)
    for name in http:
        yield Probe(Request("http", asked(name), address, port), dialled)
    for name in tls:
        yield Probe(Request("tls", asked(name), address, port), dialled)


def _asked_there(
    outbound: Outbound, port: int, address: Address, http: set[str], tls: set[str]
) -> tuple[set[str], set[str]]:
    """The names to ask for at an address: none where all bytes go one way, whatever they name."""
    listeners = outbound.at(address, port)
    if all(outbound.passes_all(listener, address) for listener in listeners) and listeners:
        return set(), set()
    return http, tls


def asked(name: str) -> str:
    """A host as a client asks for it: some name below a wildcard."""
    return f"{FRESH_LABEL}.{name[2:]}" if name.startswith("*.") else name
