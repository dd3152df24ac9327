"""A policy in several clusters: compilations that know nothing of each other, shared out among processes where it is worth it.

Results come back from another process as a pickle. What both sides have is referred to in there, not copied: rules,
profiles and sources stay the very same objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from pickle import HIGHEST_PROTOCOL, Pickler, Unpickler
from types import MappingProxyType
from typing import Any

from egresslang import codes
from egresslang.compile import Compilation, compile
from egresslang.findings import Severity
from egresslang.processes import in_shares, processors
from egresslang.profile.profile import ClusterProfile
from egresslang.syntax.nodes import File

WORTH = 1_000
"""Statements times clusters from which on processes are quicker than doing one cluster after the other."""

_PLAIN = (str, int, type(None), tuple, list, dict, frozenset, set, type)
"""What is copied, and never the same object on both sides."""


def compile_each(
    files: Sequence[File], profiles: Sequence[ClusterProfile], today: date, lapsed: Severity
) -> list[Compilation]:
    """The manifests of a policy in each cluster, in their order; `today` and `lapsed` as for `compile`."""

    def compiled(first: int, step: int) -> list[Compilation]:
        return [compile(files, each, today, lapsed) for each in profiles[first::step]]

    many = min(processors(), len(profiles))
    statements = sum(len(file.statements) for file in files)
    if many < 2 or statements * len(profiles) < WORTH:
        return compiled(0, 1)
    known = _Known((files, profiles, codes.ALL))
    shares = in_shares(many, lambda at: compiled(at, many), known.written, known.read)
    return [shares[at % many][at // many] for at in range(len(profiles))]


class _Known:
    """The objects that are the same on both sides, by their numbers."""

    def __init__(self, roots: Any) -> None:
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        _Writer(BytesIO(), self._number).dump(roots)

    def _number(self, held: Any) -> None:
        """Give an object a number; that it has none yet says that it is to be looked into."""
        if not isinstance(held, _PLAIN) and id(held) not in self._numbers:
            self._numbers[id(held)] = len(self._objects)
            self._objects.append(held)

    def written(self, results: list[Compilation]) -> bytes:
        """The results as a pickle that refers to what is known."""
        text = BytesIO()
        _Writer(text, lambda held: self._numbers.get(id(held))).dump(results)
        return text.getvalue()

    def read(self, text: bytes) -> list[Compilation]:
        """The results of such a pickle, with the objects of this side."""
        made: list[Compilation] = _Reader(text, self._objects).load()
        return made


class _Writer(Pickler):
    """A pickler for records that asks for the number of each object."""

    def __init__(self, text: BytesIO, number: Any) -> None:
        super().__init__(text, HIGHEST_PROTOCOL)
        self._number = number

    def persistent_id(self, held: Any) -> int | None:
        """The number of an object, None where it has none."""
        found: int | None = self._number(held)
        return found

    def reducer_override(self, held: Any) -> Any:
        """How a record is made again: from its fields."""
        kind = type(held)
        if hasattr(kind, "_compared"):
            return kind, tuple([getattr(held, name) for name in kind.__slots__])
        if kind is MappingProxyType:
            return MappingProxyType, (dict(held),)
        return NotImplemented


class _Reader(Unpickler):
    """Reads what a `_Writer` wrote."""

    def __init__(self, text: bytes, objects: Sequence[Any]) -> None:
        super().__init__(BytesIO(text))
        self._objects = objects

    def persistent_load(self, number: int) -> Any:
        """The object of a number."""
        return self._objects[number]
