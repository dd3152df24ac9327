"""EGR309 exfiltration-prone: a place that anybody can write to: pastes, request bins, public drop boxes, tunnels.

Whoever gets into the workload carries away through it what the workload can read, and nobody can tell that from its use.
The places are in `egresslang/data/exfiltration.txt`, with their sources and dates.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from egresslang import codes, resources
from egresslang.findings import Finding, finding
from egresslang.policy.policy import Addresses, Below, Name, Policy
from egresslang.profile.profile import ClusterProfile

CODE = codes.EXFILTRATION_PRONE
_WHAT = {
    "pastes": "publishes whatever is sent to it",
    "files": "takes files from anybody, for anybody",
    "requests": "shows whoever made the address what is sent to it",
    "tunnels": "leads to whatever machine somebody connects to it",
    "mail": "hands mail to whoever asks for it",
}


def check(policy: Policy, _: ClusterProfile) -> Iterator[Finding]:
    """Each name or wildcard of an allow that is, lies below or covers such a place."""
    seen: set[tuple[int, int, str]] = set()
    places = _Around()
    for grant in policy.grants:
        destination = grant.destination
        if isinstance(destination, Name):
            place = places[destination.host]
        elif isinstance(destination, Below):
            place = places[destination.suffix] or _places()[1].get(destination.suffix, "")
        else:
            place = places[destination.host] if isinstance(destination, Addresses) else ""
        if place and (mark := (id(grant.span.source), grant.span.start, place)) not in seen:
            seen.add(mark)
            yield finding(
                CODE,
                grant.span,
                f"`{place}` {_WHAT[_places()[0][place]]}",
                "a way out for any data" if place in str(destination) else f"covers `{place}`",
                notes=["whoever gets into the workload can send through it whatever the workload can read"],
                help="use a destination of your own, or suppress this with the reason",
            )


class _Around(dict[str, str]):
    """For each host the place that it is or lies below, empty for most."""

    def __missing__(self, host: str) -> str:
        places, below = _places()[0], host
        while below and below not in places:
            below = below.partition(".")[2]
        self[host] = below
        return below


@cache
def _places() -> tuple[dict[str, str], dict[str, str]]:
    """What each place is, and a place below each suffix that is above some."""
    lines = resources.text("data", "exfiltration.txt").splitlines()
    kinds = dict(line.split() for line in lines if line and not line.startswith("#"))
    above: dict[str, str] = {}
    for place in kinds:
        suffix = place.partition(".")[2]
        while "." in suffix:
            above.setdefault(suffix, place)
            suffix = suffix.partition(".")[2]
    return kinds, above
