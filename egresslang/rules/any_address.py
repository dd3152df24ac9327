"""EGR305 any-address: a workload that may reach any address.

`internet` and `-> *` say so, and have a reason: they are warned about, so that nobody overlooks them. Networks that add up
to every public address say the same without saying it: an error. (`0.0.0.0/0`, and either word without a reason, do not
get this far.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang import codes
from egresslang.findings import Finding, Label, Severity, finding
from egresslang.policy.definitions import INTERNET
from egresslang.policy.policy import ANY, Addresses, Everything, Grant, Policy, Subject
from egresslang.profile.profile import ClusterProfile
from egresslang.ranges import Range, internet, merge, subtract

CODE = codes.ANY_ADDRESS
_MOST_TOLD = 3


def check(policy: Policy, _: ClusterProfile) -> Iterator[Finding]:
    """Each grant of everything, and each group of networks that adds up to it."""
    told: set[tuple[int, int]] = set()
    networks: dict[tuple[int, int], list[Grant]] = {}
    for grant in policy.grants:
        destination = grant.destination
        if not isinstance(destination, (Everything, Addresses)):
            continue
        if isinstance(destination, Everything) or _is_internet(destination):
            mark = id(grant.span.source), grant.span.start
            if mark not in told:
                told.add(mark)
                yield _said(grant)
        else:
            networks.setdefault((destination.version, grant.port), []).append(grant)
    for (version, port), grants in networks.items():
        yield from _adding_up(version, port, grants)


def _is_internet(destination: object) -> bool:
    return isinstance(destination, Addresses) and destination.label == INTERNET and not destination.host


def _said(grant: Grant) -> Finding:
    if isinstance(grant.destination, Everything):
        words = f"`*` leaves `{grant.subject}` open", "any destination on any port"
        help = "name the destinations, or write `internet` with the ports that are meant"
    else:
        words = f"`internet:{grant.port}` is every public address", "any host that listens there"
        help = "name the destinations, if they can be known"
    return finding(CODE, grant.span, *words, help=help, severity=Severity.WARNING)


def _adding_up(version: int, port: int, grants: list[Grant]) -> Iterator[Finding]:
    """The networks on a port of everybody who can reach every public address by them."""
    public = internet(version)
    whole = _size(public)
    if sum(_size(_ranges(grant)) for grant in {id(grant.destination): grant for grant in grants}.values()) < whole:
        return
    by_subject: dict[Subject, list[Grant]] = {}
    for grant in grants:
        by_subject.setdefault(grant.subject, []).append(grant)
    left: dict[Subject, list[Range]] = {}
    asked: dict[tuple[Subject, object], bool] = {}
    told: set[tuple[str, int, int]] = set()
    for subject in sorted(by_subject, key=lambda each: (each.namespace != ANY, each.workload != ANY)):
        own = by_subject[subject]
        above = public
        for wider in (Subject(ANY, ANY), Subject(subject.namespace, ANY)):
            above = left.get(wider, above) if wider != subject else above
        if not above:
            continue  # told of the wider subject
        ranges = merge(each for grant in own for each in _ranges(grant))
        if subject.workload == ANY:
            left[subject] = subtract(above, ranges)
            is_all = not left[subject]
        else:
            wider = next(
                who
                for who in (Subject(subject.namespace, ANY), Subject(ANY, ANY), subject)
                if who in left or who == subject
            )
            mark = wider, tuple(ranges)
            if mark not in asked:
                asked[mark] = _size(ranges) >= _size(above) and not subtract(above, ranges)
            is_all = asked[mark]
        if is_all:
            others = [
                g for who in (Subject(ANY, ANY), Subject(subject.namespace, ANY)) for g in by_subject.get(who, ())
            ]
            parts = _needed(public, own + others)
            if parts[-1].span.place not in told:
                told.add(parts[-1].span.place)
                yield _added_up(version, port, subject, parts)


def _needed(public: list[Range], grants: list[Grant]) -> list[Grant]:
    """The grants, in their order, that each add to what the ones before them reach, up to the one that completes it."""
    left, needed = public, []
    for grant in sorted(grants, key=lambda grant: grant.span.place):
        rest = subtract(left, list(_ranges(grant)))
        if rest != left:
            left = rest
            needed.append(grant)
        if not left:
            break
    return needed


def _ranges(grant: Grant) -> tuple[Range, ...]:
    assert isinstance(grant.destination, Addresses)
    return grant.destination.ranges


def _size(ranges: Iterable[Range]) -> int:
    return sum(last - first + 1 for first, last in ranges)


def _added_up(version: int, port: int, subject: Subject, grants: list[Grant]) -> Finding:
    *others, last = grants
    wide = sorted(others, key=lambda grant: -_size(_ranges(grant)))[:_MOST_TOLD]
    return finding(
        CODE,
        last.span,
        f"`{subject}` is granted every public IPv{version} address on port {port}, bit by bit",
        "completes it" if others else "all of them",
        [Label(grant.span, "a part of it") for grant in sorted(wide, key=lambda grant: grant.span.place)],
        help=f'name the networks that are meant, or say it: `internet:{port}` with a `reason="…"`',
    )
