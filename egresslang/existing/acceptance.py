"""Acceptance: what Istio refuses of a manifest, each thing at its place.

First what Kubernetes refuses by the CRDs (manifests/charts/base/files/crd-all.gen.yaml): a key that is none of its own, a
value of another type. Of what is left each kind is judged by a module of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from egresslang.existing.accepted_entry import of_entry
from egresslang.existing.accepted_route import of_route
from egresslang.existing.accepted_rule import of_rule
from egresslang.existing.accepted_sidecar import of_sidecar
from egresslang.existing.shapes import KEYS, Complaint, strange_keys

_JUDGES = {"ServiceEntry": of_entry, "Sidecar": of_sidecar, "VirtualService": of_route, "DestinationRule": of_rule}


def refusals(kind: str, spec: Any, namespace: str) -> Iterator[Complaint]:
    """What is wrong with the `spec` of a manifest of a kind; nothing for kinds that are not judged."""
    judge = _JUDGES.get(kind)
    if judge is None:
        return
    if not isinstance(spec, dict):
        yield Complaint((), f"this {kind} has no `spec`", "nothing is said of it", "write its `spec`, or remove it")
        return
    complaints = list(strange_keys(spec, KEYS[kind]))
    yield from complaints or judge(spec, namespace)
