"""Inventory: the known workloads, by namespace, name and label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from egresslang.record import record


@record
class KnownWorkload:
    """A workload the compiler can select: its pods' labels and what a Sidecar selects them by."""

    namespace: str
    name: str
    labels: tuple[tuple[str, str], ...]
    selector: tuple[tuple[str, str], ...]


class Inventory:
    """Known workloads; `namespaces` maps each namespace to its workloads by name."""

    def __init__(self, namespaces: Mapping[str, dict[str, KnownWorkload]]) -> None:
        self.namespaces = dict(namespaces)
        self._by_label: dict[str, dict[tuple[str, str | None], list[KnownWorkload]]] = {}

    def add(self, workload: KnownWorkload) -> None:
        """Make a workload known."""
        self.namespaces.setdefault(workload.namespace, {})[workload.name] = workload
        self._by_label.pop(workload.namespace, None)

    def find(self, namespace: str, name: str) -> KnownWorkload | None:
        """The workload of a name, None when there is none."""
        return self.namespaces.get(namespace, {}).get(name)

    def carrying(self, namespace: str, wanted: tuple[tuple[str, str | None], ...]) -> Iterator[KnownWorkload]:
        """The workloads of a namespace whose pods carry all the labels; a value of None asks for the key alone."""
        index = self._by_label.get(namespace)
        if index is None:
            index = self._by_label[namespace] = {}
            for workload in self.namespaces.get(namespace, {}).values():
                for key, value in workload.labels:
                    index.setdefault((key, value), []).append(workload)
                    index.setdefault((key, None), []).append(workload)
        candidates = min((index.get(label, []) for label in wanted), key=len)
        for workload in candidates:
            labels = dict(workload.labels)
            if all(key in labels and value in (None, labels[key]) for key, value in wanted):
                yield workload
