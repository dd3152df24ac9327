"""Imports: what all Sidecars list, looked up by the host that is listed, so that each entry is asked about once.

A Sidecar of the root namespace without a selector holds for every namespace that has none of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang.mesh.registry import is_subset
from egresslang.mesh.resources import Sidecar
from egresslang.record import record

OWN = "."
"""The namespace of the pods, whichever that is."""


@record
class Listed:
    """One host that a Sidecar lists: the listener and the entry in it, the namespace it names, and the host or wildcard."""

    sidecar: Sidecar
    listener: int
    index: int
    where: str
    host: str


class Imports:
    """The lists of the Sidecars of a mesh."""

    def __init__(self, sidecars: Iterable[Sidecar], root: str) -> None:
        self._root = root
        self._by_host: dict[str, list[Listed]] = {}
        self._excluded: dict[tuple[int, int], list[tuple[str, str]]] = {}
        self.without_list: list[Sidecar] = []
        self.with_defaults: set[str] = set()
        for sidecar in sidecars:
            if sidecar.selector is None:
                self.with_defaults.add(sidecar.origin.namespace)
            if not sidecar.egress:
                self.without_list.append(sidecar)
            for at, egress in enumerate(sidecar.egress):
                for index, text in enumerate(egress.hosts):
                    where, slash, host = text.partition("/")
                    if where[:1] == "~":
                        self._excluded.setdefault((id(sidecar), at), []).append((where[1:] or "*", host))
                    elif slash:
                        self._by_host.setdefault(host, []).append(Listed(sidecar, at, index, where, host))

    @property
    def has_root_default(self) -> bool:
        """Whether pods of namespaces without a Sidecar are held by one of the root namespace."""
        return self._root in self.with_defaults

    def of(self, host: str, namespace: str) -> Iterator[Listed]:
        """What lists a host of a namespace, by its name or by a wildcard over it, and does not exclude it."""
        for each in self._over(host):
            if self._means(each.where, each.sidecar, namespace) and not any(
                self._means(where, each.sidecar, namespace) and is_subset(host, pattern)
                for where, pattern in self._excluded.get((id(each.sidecar), each.listener), ())
            ):
                yield each

    def listing(self, pattern: str) -> Iterable[Listed]:
        """What lists exactly this name or wildcard."""
        return self._by_host.get(pattern, ())

    def _over(self, host: str) -> Iterator[Listed]:
        yield from self._by_host.get(host, ())
        bare = host.removeprefix("*")
        at = bare.find(".")
        while at >= 0:
            wildcard = f"*{bare[at:]}"
            if wildcard != host:
                yield from self._by_host.get(wildcard, ())
            at = bare.find(".", at + 1)
        if host != "*":
            yield from self._by_host.get("*", ())

    def _means(self, where: str, sidecar: Sidecar, namespace: str) -> bool:
        """Whether what a list writes for a namespace is this one."""
        return where in ("*", namespace) or (where == OWN and self._holds(sidecar, namespace))

    def _holds(self, sidecar: Sidecar, namespace: str) -> bool:
        """Whether a Sidecar is for pods of a namespace at all."""
        own = sidecar.origin.namespace
        if own == namespace:
            return True
        return own == self._root and sidecar.selector is None and namespace not in self.with_defaults

    def consumers(self, each: Listed) -> str:
        """The namespace whose pods read a list; `*` for that of the root namespace, which many do."""
        own = each.sidecar.origin.namespace
        return "*" if own == self._root and each.sidecar.selector is None else own
