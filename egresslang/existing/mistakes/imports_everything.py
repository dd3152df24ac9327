"""EGR611 imports-everything: a Sidecar for some pods that lists `./*`, and so whatever anybody declares in the namespace."""

from __future__ import annotations

from collections.abc import Iterator

from egresslang import codes
from egresslang.existing.flow import to_port, whose
from egresslang.existing.inspected import Inspected, listed, name_of, place
from egresslang.findings import Finding, Label, finding
from egresslang.mesh.resources import ServiceEntry, Sidecar

CODE = codes.IMPORTS_EVERYTHING


def find(inspected: Inspected) -> Iterator[Finding]:
    """Each such list under a selector that opens a ServiceEntry which it does not name."""
    for sidecar in inspected.resources.sidecars:
        if sidecar.selector is None or inspected.is_open(sidecar):
            continue
        named = {(where, host) for _, _, where, host in listed(sidecar)}
        for at, index, where, host in listed(sidecar):
            entry = _opened(inspected, sidecar, where, named) if host == "*" and where[:1] != "~" else None
            if entry is None:
                continue
            own, labels = whose(inspected, sidecar)
            asked = to_port(inspected, own, labels, entry, entry.hosts[0], entry.ports[0])
            services = f"*.svc.{inspected.config.cluster_domain}"
            yield finding(
                CODE, place(sidecar.origin, "spec", "egress", at, "hosts", index),
                f"{sidecar.origin} imports every ServiceEntry of {_of(where)}", f"`{entry.hosts[0]}` among others",
                [Label(name_of(entry.origin), "opened by it")], asked.notes,
                f'write `"{where}/{services}"` for what is in the mesh, and each host that these pods need',
            )  # fmt: skip


def _of(where: str) -> str:
    return "its namespace" if where == "." else "all namespaces" if where == "*" else f"`{where}`"


def _opened(inspected: Inspected, sidecar: Sidecar, where: str, named: set[tuple[str, str]]) -> ServiceEntry | None:
    """A ServiceEntry of a namespace that is imported though its host is not listed: one that another Sidecar lists, if there is any."""
    own = sidecar.origin.namespace
    of = own if where == "." else where
    domain = f".{inspected.config.cluster_domain}"
    first: ServiceEntry | None = None
    for entry in inspected.resources.service_entries if of == "*" else inspected.entries_in.get(of, ()):
        if not entry.ports or not inspected.sees(own, entry) or entry.hosts[0].endswith(domain):
            continue
        places = {entry.origin.namespace, "*", *(["."] if entry.origin.namespace == own else [])}
        if any((each, host) in named for each in places for host in entry.hosts):
            continue
        if any(inspected.imports.listing(host) for host in entry.hosts):
            return entry
        first = first or entry
    return first
