"""Glance: which grants may share a flow with some that differ, seen without calculating anything.

Most of a policy stands as it stood, and has nothing to do with what changed in it.
"""

from __future__ import annotations

from collections.abc import Iterable

from egresslang.answers.access import ByKey, Key
from egresslang.policy.parts import above
from egresslang.policy.policy import ANY, Addresses, Below, Everything, Grant, Name


class Glance:
    """What some grants are about: names, suffixes, ports of addresses."""

    def __init__(self, grants: Iterable[Grant]) -> None:
        self._hosts: set[str] = set()
        self._suffixes: set[str] = set()
        self._above: set[str] = set()
        self._ports: set[int] = set()
        self._is_open = False
        for grant in grants:
            match grant.destination:
                case Name() as name:
                    self._add(name.host)
                case Below() as below:
                    self._suffixes.add(below.suffix)
                    self._above.update((below.suffix, *above(below.suffix)))
                case Addresses() as addresses:
                    self._ports.add(grant.port)
                    self._is_open = self._is_open or not grant.port
                    if addresses.host:
                        self._add(addresses.host)
                case Everything():
                    self._is_open = True

    def _add(self, host: str) -> None:
        self._hosts.add(host)
        self._above.update(above(host))

    def may_meet(self, grant: Grant) -> bool:
        """Whether a grant may share a flow with one of them."""
        destination = grant.destination
        if self._is_open or isinstance(destination, Everything):
            return True
        match destination:
            case Name():
                return self._has(destination.host)
            case Below():
                return destination.suffix in self._above or self._is_below(destination.suffix)
            case Addresses():
                return (
                    grant.port in self._ports
                    or not grant.port
                    or bool(destination.host and self._has(destination.host))
                )

    def _has(self, host: str) -> bool:
        return host in self._hosts or self._is_below(host)

    def _is_below(self, host: str) -> bool:
        return bool(self._suffixes) and any(suffix in self._suffixes for suffix in above(host))


def apart(*sides: ByKey) -> frozenset[Key]:
    """The keys whose flows no other key of the sides has any of: names that each workload is granted by itself."""
    shared: set[object] = set()
    suffixes: set[str] = set()
    names: dict[Key, None] = {}
    for side in sides:
        for key, (grant, *_) in side.items():
            match grant.destination:
                case Name():
                    names[key] = None
                    if key[1] == ANY:
                        shared.add(key[2:])
                case Below() as below:
                    suffixes.add(below.suffix)
                case Addresses() as addresses:
                    shared.add(addresses.host)
                case Everything():
                    return frozenset()
    return frozenset(
        key
        for key in names
        if key[2:] not in shared
        and key[2] not in shared
        and not (suffixes and any(suffix in suffixes for suffix in above(str(key[2]))))
    )
