"""A policy in several clusters: compilations that know nothing of each other, shared out among processes where it is worth it.

A process is forked from this one, so that it has all that was read, and its results come back as a pickle. What both
have is referred to in there, not copied: rules, profiles and sources stay the very same objects. A process that fails, or
is killed, has its share done here; so an error is told as if there were no processes. None writes anything anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from io import BytesIO
from pickle import HIGHEST_PROTOCOL, Pickler, Unpickler
from signal import SIGKILL
from types import MappingProxyType
from typing import Any

from egresslang import codes
from egresslang.compile import Compilation, compile
from egresslang.findings import Severity
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
    share = _Share(files, profiles, today, lapsed)
    many = min(_processors(), len(profiles))
    statements = sum(len(file.statements) for file in files)
    if many < 2 or statements * len(profiles) < WORTH:
        return share.compiled(0, 1)
    return share.compiled_by(many)


def _processors() -> int:
    """How many processes may run at once; one where none can be forked."""
    if not hasattr(os, "fork"):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Share:
    """The compilations of one policy, of which a process does every n-th."""

    def __init__(
        self, files: Sequence[File], profiles: Sequence[ClusterProfile], today: date, lapsed: Severity
    ) -> None:
        self._files, self._profiles = files, profiles
        self._today, self._lapsed = today, lapsed

    def compiled(self, first: int, step: int) -> list[Compilation]:
        """Every cluster from the first, so many at a time."""
        return [compile(self._files, each, self._today, self._lapsed) for each in self._profiles[first::step]]

    def compiled_by(self, many: int) -> list[Compilation]:
        """Every cluster, by so many processes of which this one is the first."""
        known = _Known((self._files, self._profiles, codes.ALL))
        children: list[tuple[int, int]] = []
        try:
            with suppress(OSError):  # where no process can be had there is none
                for at in range(1, many):
                    children.append(self._child(at, many, known))
            shares = [self.compiled(0, many)]
            for _, pipe in children:
                with open(pipe, "rb", closefd=False) as results:
                    size, said = int.from_bytes(results.read(8)), results.read()
                is_whole = 0 < size == len(said)
                shares.append(known.read(said) if is_whole else self.compiled(len(shares), many))
            shares += [self.compiled(at, many) for at in range(len(shares), many)]
        finally:
            for process, pipe in children:
                os.close(pipe)
                _end(process)
        return [shares[at % many][at // many] for at in range(len(self._profiles))]

    def _child(self, first: int, step: int, known: _Known) -> tuple[int, int]:
        """A process that compiles its share: its number, and the end of the pipe at which the results come."""
        here, there = os.pipe()
        parent = os.getpid()
        process = os.fork()
        if process:
            os.close(there)
            return process, here
        try:
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):  # whoever reads what is written waits for its parent alone
                os.dup2(nothing, stream)
            os.close(here)
            made = []
            for each in self._profiles[first::step]:
                if os.getppid() != parent:
                    os._exit(1)
                made.append(compile(self._files, each, self._today, self._lapsed))
            said = known.written(made)
            with open(there, "wb") as pipe:
                pipe.write(len(said).to_bytes(8) + said)
        finally:
            os._exit(0)  # whatever happened: who gets nothing does it again, and tells why it cannot be done


def _end(process: int) -> None:
    """End a process of which nothing more is wanted; it may have ended."""
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(process, SIGKILL)
        os.waitpid(process, 0)


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
