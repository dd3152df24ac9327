"""Shapes: the keys of a ServiceEntry and a Sidecar and what stands below them, so far as it is about outbound traffic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from egresslang.record import record
from egresslang.suggest import nearest, one_of

Path = tuple[str | int, ...]

Shape = Any
"""A type for a scalar; a list of one shape; a mapping of keys to shapes, with `ANY` for all keys; `dict` for any mapping, `object`
for anything."""

ANY = "*"
"""Every key of a mapping whose keys are the author's own."""


@record
class Complaint:
    """What is wrong at a path below `spec`: a clause, what is true there, what to do, and whether the key is meant."""

    path: Path
    message: str
    label: str
    help: str
    is_key: bool = False


_SELECTOR = {"labels": {ANY: str}}
_PORT = {"number": int, "protocol": str, "name": str, "targetPort": int}

KEYS: Mapping[str, Shape] = {
    "ServiceEntry": {
        "hosts": [str],
        "addresses": [str],
        "ports": [_PORT],
        "location": str,
        "resolution": str,
        "endpoints": [
            {
                "address": str,
                "ports": {ANY: int},
                "labels": {ANY: str},
                "network": str,
                "locality": str,
                "weight": int,
                "serviceAccount": str,
            }
        ],
        "workloadSelector": _SELECTOR,
        "exportTo": [str],
        "subjectAltNames": [str],
    },
    "Sidecar": {
        "workloadSelector": _SELECTOR,
        "ingress": object,
        "egress": [{"port": _PORT, "bind": str, "captureMode": str, "hosts": [str]}],
        "inboundConnectionPool": object,
        "outboundTrafficPolicy": {"mode": str, "egressProxy": dict},
    },
}
"""The shape of each kind's `spec` (networking/v1alpha3/service_entry.proto and sidecar.proto of istio.io/api)."""

_WORDS = {int: "a whole number", str: "text", list: "a list", dict: "a mapping"}


def strange_keys(value: Any, shape: Shape, path: Path = ()) -> Iterator[Complaint]:
    """What stands in a value that its shape has no place for."""
    if shape is object or (value is None and not (path and isinstance(path[-1], int))):
        return
    if isinstance(shape, list):
        if value.__class__ is list:
            for at, each in enumerate(value):
                yield from strange_keys(each, shape[0], (*path, at))
        else:
            yield _wrong_type(path, value, list)
    elif not isinstance(shape, dict):
        if value.__class__ is not shape:
            yield _wrong_type(path, value, shape)
    elif value.__class__ is not dict:
        yield _wrong_type(path, value, dict)
    else:
        for key, each in value.items():
            wanted = shape.get(key) or shape.get(ANY)
            if wanted is not None:
                if each.__class__ is not wanted:  # most are scalars of their type
                    yield from strange_keys(each, wanted, (*path, key))
            else:
                near = nearest(key, shape)
                yield Complaint(
                    (*path, key),
                    f"unknown key `{key}`",
                    "Kubernetes refuses it, or drops it",
                    f"write `{near}`" if near else f"remove it; known are {one_of(shape)}",
                    is_key=True,
                )


def _wrong_type(path: Path, value: Any, wanted: type) -> Complaint:
    key = next((each for each in reversed(path) if isinstance(each, str)), "spec")
    help = f"write {_WORDS[wanted]}"
    if wanted is str and isinstance(value, bool | int | float):
        help = "put it in quotes"
    return Complaint(path, f"`{key}` is not {_WORDS[wanted]}", f"Kubernetes wants {_WORDS[wanted]} here", help)
