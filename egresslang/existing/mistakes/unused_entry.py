"""EGR607 unused-entry: a ServiceEntry that every pod it is exported to leaves out of its list."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import partial

from egresslang import codes
from egresslang.existing.flow import to_port
from egresslang.existing.imports import Listed
from egresslang.existing.inspected import Inspected, name_of
from egresslang.findings import Finding, finding
from egresslang.mesh.resources import ServiceEntry
from egresslang.mesh.scope import destinations

CODE = codes.UNUSED_ENTRY


def find(inspected: Inspected, told: Sequence[Finding]) -> Iterator[Finding]:
    """Each entry that nobody imports, and that nothing else was told about."""
    reader = _Readers(inspected)
    explained = _Places(told)
    for entry in inspected.resources.service_entries:
        if (
            not entry.ports
            or reader.reads(entry)
            or not inspected.exported_to(entry)
            or not inspected.unsettled.isdisjoint(entry.hosts)
        ):
            continue
        manifest = entry.origin.manifest_span
        if manifest is None or explained.within(manifest.source.name, manifest.span.start, manifest.span.end):
            continue
        own = entry.origin.namespace
        asked = to_port(inspected, own, {}, entry, entry.hosts[0], entry.ports[0])
        yield finding(
            CODE, name_of(entry.origin), f"no Sidecar imports {entry.origin}", "used by nobody", notes=asked.notes,
            help=f'list `"./{entry.hosts[0]}"` in the Sidecar of the pods that need it, or remove the ServiceEntry',
        )  # fmt: skip


class _Readers:
    """Who imports what, asked of all lists at once."""

    def __init__(self, inspected: Inspected) -> None:
        self._inspected = inspected
        self._imports = inspected.imports
        self._everything = {
            self._imports.consumers(Listed(each, 0, 0, "*", "*")) for each in self._imports.without_list
        }
        self._routed = {
            host
            for virtual in inspected.resources.virtual_services
            for host in destinations(virtual, virtual.origin.namespace)
        }

    def reads(self, entry: ServiceEntry) -> bool:
        """Whether any pod may import an entry."""
        to = self._inspected.exported_to(entry)
        if not self._routed.isdisjoint(entry.hosts) or any(self._is_for(each, to) for each in self._everything):
            return True
        if not self._imports.has_root_default and (
            "*" in to or any(each not in self._imports.with_defaults for each in to)
        ):
            return True
        own = entry.origin.namespace
        reads = partial(self._is_for, to=to)
        return any(reads(self._imports.consumers(each)) for host in entry.hosts for each in self._imports.of(host, own))

    def _is_for(self, consumer: str, to: frozenset[str]) -> bool:
        """Whether what is exported to some namespaces is for pods of one; `*` are all that have no Sidecar of their own."""
        if consumer == "*":
            return "*" in to or any(each not in self._imports.with_defaults for each in to)
        return "*" in to or consumer in to


class _Places:
    """The places of findings and of what belongs to them, by file."""

    def __init__(self, told: Sequence[Finding]) -> None:
        self._starts: dict[str, list[int]] = {}
        for each in told:
            for span in (each.span, *(label.span for label in each.related)):
                self._starts.setdefault(span.source.name, []).append(span.start)
        for starts in self._starts.values():
            starts.sort()

    def within(self, source: str, start: int, end: int) -> bool:
        """Whether something was told between two offsets of a file."""
        starts = self._starts.get(source, [])
        at = bisect_left(starts, start)
        return at < len(starts) and starts[at] < end
