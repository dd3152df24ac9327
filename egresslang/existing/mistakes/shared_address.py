"""EGR632 shared-address: two hosts on one address and port that nothing tells apart: what is meant for one goes to the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from egresslang import codes
from egresslang.existing.flow import below, flow, spoken
from egresslang.existing.inspected import Inspected, place
from egresslang.existing.together import Named, reader_of_both
from egresslang.findings import Finding, Label, finding
from egresslang.mesh import protocols
from egresslang.mesh.addresses import Network, parse_network
from egresslang.mesh.outbound import ALLOWED
from egresslang.mesh.resources import ServiceEntry

CODE = codes.SHARED_ADDRESS

_MOST = 12
"""Hosts on one address and port that are compared with each other."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each host that loses an address and port to an older one of another host, once for each entry."""
    told: set[int] = set()
    for (network, number), named in _shared(inspected.resources.service_entries).items():
        ordered = sorted(named, key=lambda each: (each[1].created, each[0], each[1].origin.namespace))[:_MOST]
        for at, younger in enumerate(ordered):
            for older in ordered[:at]:
                if id(younger[1]) not in told and older[0] != younger[0]:
                    found = _between(inspected, network, number, older, younger)
                    if found is not None:
                        told.add(id(younger[1]))
                        yield found


def _shared(entries: Iterable[ServiceEntry]) -> dict[tuple[Network, int], list[Named]]:
    """The hosts of each address and port that more than one has, where any is resolved: what passes on what was dialled goes right."""
    found: dict[tuple[Network, int], list[Named]] = {}
    for entry in entries:
        for network in filter(None, map(parse_network, entry.addresses)) if entry.addresses else ():
            for port in entry.ports:
                if port.protocol != "UDP":
                    held = found.setdefault((network, port.number), [])
                    held += [(host, entry) for host in entry.hosts]
    return {key: named for key, named in found.items() if _is_at_odds(key[1], named)}


def _is_at_odds(number: int, named: Collection[Named]) -> bool:
    """Whether several hosts have one port, which is not HTTP for all, as that tells them apart, nor for all passed on as dialled."""
    said = {port.protocol for _, entry in named for port in entry.ports if port.number == number}
    return (
        len({host for host, _ in named}) > 1
        and not said <= protocols.HTTP
        and any(entry.resolution != "NONE" for _, entry in named)
    )


def _between(inspected: Inspected, network: Network, number: int, older: Named, younger: Named) -> Finding | None:
    reader = reader_of_both(inspected, older, younger)
    if reader is None:
        return None
    version, first, length = network
    address = version, first + (length < (31 if version == 4 else 127))
    for (host, entry), (other, its) in ((younger, older), (older, younger)):
        port = next(each for each in entry.ports if each.number == number)
        asked = flow(inspected, *reader, spoken(port.protocol), below(host), number, address)
        if asked.verdict.verdict == ALLOWED and asked.verdict.host == other:
            at = next(at for at, text in enumerate(entry.addresses) if parse_network(text) == network)
            its_at = next(at for at, text in enumerate(its.addresses) if parse_network(text) == network)
            return finding(
                CODE, place(entry.origin, "spec", "addresses", at),
                f"what is meant for `{host}` goes to `{other}`", f"both are `{entry.addresses[at]}:{number}`",
                [Label(place(its.origin, "spec", "addresses", its_at), f"`{other}` has it, too")], asked.notes,
                "give each host an address of its own, or leave `addresses` out where the server name tells them apart"
                if port.protocol in protocols.TLS else "give each host an address of its own",
            )  # fmt: skip
    return None
