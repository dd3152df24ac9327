"""EGR304 wide-network in a ServiceEntry: more addresses than anybody can account for, wider than /24 or /56."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import by_reader
from egresslang.existing.inspected import Inspected, place
from egresslang.existing.networks import networks
from egresslang.findings import Finding, finding

CODE = codes.WIDE_NETWORK

_MOST = {4: 24, 6: 56}


def find(inspected: Inspected) -> Iterator[Finding]:
    """The first network of each entry that is too wide; /0 and /1 are EGR305's, and invented names are a policy's."""
    told: set[int] = set()
    for entry, at, network in networks(inspected):
        version, _, length = network
        if 1 < length < _MOST[version] and id(entry) not in told and not entry.hosts[0].endswith(".invalid"):
            told.add(id(entry))
            asked = by_reader(inspected, entry, entry.hosts[0], entry.ports[0])
            yield finding(
                CODE, place(entry.origin, "spec", "addresses", at), f"`{entry.addresses[at]}` is wider than /{_MOST[version]}",
                "nobody can say what listens at so many addresses", notes=asked.notes, help="write the networks that are meant",
            )  # fmt: skip
