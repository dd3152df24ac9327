"""Access: what a policy grants, filed by flows, and on which terms.

Two grants with one key grant the same flows, whatever rules they come from. The terms of some flows are what the rules
that grant them say together: they last as long as the last of them, and claim a region only where each of them does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from egresslang.policy.intent import is_checked
from egresslang.policy.policy import Addresses, Below, Everything, Grant, Name
from egresslang.ranges import cidrs, show
from egresslang.record import record, replace

Key = tuple[str, str, object, int, str]
"""Namespace, workload, destination, port and protocol; no protocol where a grant is for whatever is said."""

ByKey = dict[Key, list[Grant]]

FEW = 4
"""Fixed addresses of a name that are told one by one."""


@record
class Terms:
    """On which terms flows are granted: who answers for them, in which regions, until when, at which fixed addresses.

    No region is no claim, no last day is for ever.
    """

    owners: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    expires: date | None = None
    endpoints: tuple[str, ...] = ()


Said = tuple[str, str, date | None, tuple[tuple[str, str], ...]]


def said(grant: Grant) -> Said:
    """What a grant says of its flows besides granting them: owner, region, last day, fixed addresses."""
    rule, destination = grant.rule, grant.destination
    endpoints = grant.endpoints
    if isinstance(destination, Addresses) and not endpoints and is_checked(grant):
        endpoints = tuple([(text, "") for text in _networks(destination)])
    return rule.owner, rule.region, rule.expires, endpoints


def as_told(grant: Grant) -> Grant:
    """A grant by what a sidecar tells its flows by: one to fixed addresses of a name is for the addresses alone.

    Whatever is said to them is theirs, and the name at another address is not. What is told by its Host header stays.
    """
    destination = grant.destination
    if not isinstance(destination, Addresses) or not destination.host or is_checked(grant):
        return grant
    networks = _networks(destination)
    at = networks[0] if len(networks) == 1 else f"{{{', '.join(networks[:FEW])}{', …' if len(networks) > FEW else ''}}}"
    return replace(grant, destination=replace(destination, host="", label=f"{destination.host} at {at}"))


def _networks(addresses: Addresses) -> list[str]:
    """The networks of some addresses, IPv6 in brackets."""
    version = addresses.version
    texts = [show(version, first, length) for first, length in cidrs(version, addresses.ranges)]
    return [f"[{text}]" for text in texts] if version == 6 else texts


def terms_of(grants: Iterable[Grant]) -> Terms:
    """The terms of flows that each of some grants has; at least one grant."""
    all_said = {said(grant) for grant in grants}
    regions = {region for _, region, _, _ in all_said}
    days = {day for _, _, day, _ in all_said}
    fixed = {endpoints for _, _, _, endpoints in all_said}
    return Terms(
        tuple(sorted({owner for owner, _, _, _ in all_said} - {""})),
        () if "" in regions else tuple(sorted(regions)),
        None if None in days else max(day for day in days if day is not None),
        () if () in fixed else tuple(sorted({address for each in fixed for address, _ in each})),
    )


def key_of(grant: Grant) -> Key:
    """What a grant is filed under."""
    subject, destination, protocol = grant.subject, grant.destination, grant.protocol
    where: object
    match destination:
        case Name():
            where = destination.host
        case Below():
            where = f"*.{destination.suffix}"
        case Addresses():
            where = destination.version, destination.ranges, destination.host
            protocol = protocol if is_checked(grant) else ""
        case Everything():
            where = "*"
    return subject.namespace, subject.workload, where, grant.port, protocol


def by_key(grants: Iterable[Grant]) -> ByKey:
    """The grants by their flows."""
    found: ByKey = {}
    for grant in grants:
        found.setdefault(key_of(grant), []).append(grant)
    return found


def place_of(grant: Grant) -> str:
    """The destination as people call it: a name, a network, `internet`, or `*` for everything."""
    return str(grant.destination)


def port_of(grant: Grant) -> str:
    """Port and protocol as they follow a destination, `:443 tls`; empty where any will do."""
    return f":{grant.port} {grant.spelled}".rstrip() if grant.port else ""


def order_of(grant: Grant) -> tuple[object, ...]:
    """The order in which access is told: by workload, destination, port."""
    return str(grant.subject), place_of(grant), grant.port, grant.spelled
