"""Acceptance: what Istio refuses of a manifest, each thing at its place.

First what Kubernetes refuses by the CRDs (manifests/charts/base/files/crd-all.gen.yaml): a key that is none of its own, a
value of another type. Of what is left each kind is judged by a module of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from egresslang.existing.accepted_entry import of_entry
from egresslang.existing.accepted_sidecar import of_sidecar
from egresslang.existing.shapes import KEYS, Complaint, strange_keys
from egresslang.existing.words import Spec


def refusals(kind: str, spec: Any, namespace: str) -> Iterator[Complaint]:
    """What is wrong with the `spec` of a manifest of a kind; nothing for kinds that are not judged."""
    judge = _judge(kind)
    if judge is None:
        return
    if not isinstance(spec, dict):
        yield Complaint((), f"this {kind} has no `spec`", "nothing is said of it", "write its `spec`, or remove it")
        return
    complaints = list(strange_keys(spec, KEYS[kind]))
    yield from complaints or judge(spec, namespace)


def _judge(kind: str) -> Callable[[Spec, str], Iterator[Complaint]] | None:
    """Who judges a kind; those that few meshes have are loaded where one is met."""
    match kind:
        case "ServiceEntry":
            return of_entry
        case "Sidecar":
            return of_sidecar
        case "VirtualService":
            from egresslang.existing.accepted_route import of_route

            return of_route
        case "DestinationRule":
            from egresslang.existing.accepted_rule import of_rule

            return of_rule
    return None
