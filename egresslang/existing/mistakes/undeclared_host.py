"""EGR603 undeclared-host: what a Sidecar lists and is not there: a host that nothing declares, all of a namespace that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import FRESH, below, by_pods_of, to_port, whose
from egresslang.existing.inspected import Inspected, listed, name_of, place
from egresslang.existing.known import in_cluster, is_known, matches
from egresslang.findings import Finding, Label, Severity, finding
from egresslang.suggest import nearest

CODE = codes.UNDECLARED_HOST

_MOST = 50
"""Hosts of one beginning or end that are compared with one that may be misspelt."""

_BEGINS, _ENDS = 4, 8
"""How much of two hosts is alike."""

_SHOWN = 5
"""Entries that are shown of a namespace that may be meant."""

_NOTHING = ".invalid"
"""The ending of names that are listed to match nothing (RFC 2606)."""


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each host or wildcard that nothing matches; of the cluster's own only where its Services are known."""
    yield from _namespaces(inspected)
    alike = _alike(inspected)
    for sidecar in inspected.resources.sidecars:
        for at, index, where, host in listed(sidecar):
            if where.startswith("~") or host == "*" or host.endswith((_NOTHING, ".")) or host.lower() != host:
                continue
            if (
                host in inspected.unsettled
                or matches(inspected, host)
                or matches(inspected, f"{host}.")
                or (in_cluster(inspected, host) and not is_known(inspected, host))
            ):
                continue
            span = place(sidecar.origin, "spec", "egress", at, "hosts", index)
            is_open = inspected.is_open(sidecar)
            asked = by_pods_of(inspected, sidecar, "tls", below(host), 443)
            above = _above(inspected, host)
            candidates = {} if above else _candidates(alike, host)
            near = nearest(host, candidates, 0.8)
            declared = inspected.entries_of.get(above or candidates.get(near, ""), ())
            related = [Label(place(entry.origin, "spec", "hosts"), "this is declared") for entry in declared[:1]]
            if above:
                help = f"list `{where}/{above}`, or declare `{host}` in a ServiceEntry of its own"
                label = f"`{above}` is declared, which a listed name does not import"
            else:
                help = f"write `{where}/{near}`" if near else f"declare `{host}` in a ServiceEntry, or remove it here"
                label = "nothing declares it"
            yield finding(
                CODE, span, f"`{host}` is listed and never declared", label, related, asked.notes, help,
                severity=Severity.WARNING if is_open else None,
            )  # fmt: skip


def _namespaces(inspected: Inspected) -> Iterator[Finding]:
    """Each list of all that a namespace has which there is no Namespace for, where there are any; Istio's own is installed apart."""
    if not inspected.namespaces:
        return
    standing = {*inspected.standing, inspected.config.root_namespace}
    for sidecar in inspected.resources.sidecars:
        for at, index, where, host in listed(sidecar):
            if host != "*" or where in ("*", ".") or where.startswith("~") or where in standing:
                continue
            near = nearest(where, standing)
            entries = inspected.entries_in.get(near, ())
            meant = next((each for each in entries if each.ports), None)
            asked = (
                by_pods_of(inspected, sidecar, "tls", FRESH, 443)
                if meant is None
                else to_port(inspected, *whose(inspected, sidecar), meant, meant.hosts[0], meant.ports[0])
            )
            yield finding(
                CODE, place(sidecar.origin, "spec", "egress", at, "hosts", index), f"there is no namespace `{where}`", "nothing stands there",
                [Label(name_of(each.origin), f"`{near}` has this") for each in entries[:_SHOWN]], asked.notes, f"write `{near}/*`" if near else "write the namespace that is meant, or remove it",
                severity=Severity.WARNING if inspected.is_open(sidecar) or not near else None,
            )  # fmt: skip


def _above(inspected: Inspected, host: str) -> str:
    """The wildcard that is declared over a name; empty where none is."""
    at = host.find(".", 2 if host.startswith("*") else 0)
    while at >= 0:
        if f"*{host[at:]}" in inspected.entries_of:
            return f"*{host[at:]}"
        at = host.find(".", at + 1)
    return ""


def _alike(inspected: Inspected) -> dict[str, list[str]]:
    """The declared hosts by how they begin and by how they end."""
    found: dict[str, list[str]] = {}
    for each in inspected.entries_of:
        for part in (each[:_BEGINS], each[-_ENDS:]):
            held = found.setdefault(part, [])
            if len(held) < _MOST:
                held.append(each)
    return found


def _candidates(alike: dict[str, list[str]], host: str) -> dict[str, str]:
    """What a listed host may be a slip for, and the declared host it comes from: one that begins or ends alike, or a wildcard over it."""
    hosts = [*alike.get(host[-_ENDS:], ()), *alike.get(host[:_BEGINS], ())]
    if host.startswith("*."):
        hosts = hosts or [each for held in list(alike.values())[:_MOST] for each in held[:1]]
        return {f"*{each[each.find('.') :]}": each for each in hosts}
    return {each: each for each in hosts}
