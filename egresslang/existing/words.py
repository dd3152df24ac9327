"""Words: names, protocols and selectors as Istio takes them in any of its resources, and what is wrong with others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from egresslang.existing.shapes import Complaint, Path
from egresslang.mesh.protocols import KNOWN
from egresslang.suggest import nearest, one_of

Spec = Mapping[str, Any]
"""A `spec`, or a mapping in it, whose keys and types are as they should be."""

_LABEL = re.compile(r"[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?")
_WILD_LABEL = re.compile(r"\*|(?:\*-?)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?")
_PROTOCOLS = ("HTTP", "HTTP2", "GRPC", "TLS", "HTTPS", "TCP", "MONGO", "REDIS", "MYSQL", "UDP")


def is_name(host: str) -> bool:
    """Whether a text is a name as Istio takes them: labels of letters, digits and `-`, the last one no number, or a dot at its end."""
    labels = host.removesuffix(".").split(".")
    is_number = labels[-1].isdecimal() and not host.endswith(".")
    return 0 < len(host) < 256 and not is_number and all(map(is_label, labels))


def is_host(host: str) -> bool:
    """Whether a text is a name or a wildcard, which may be one in part."""
    first, dot, rest = host.partition(".")
    return (
        0 < len(host) < 256
        and bool(_WILD_LABEL.fullmatch(first))
        and len(first) < 64
        and (not dot or rest == "" or is_name(rest))
    )


def is_label(text: str) -> bool:
    """Whether a text is one label, as a namespace and the name of a port are."""
    return len(text) < 64 and _LABEL.fullmatch(text) is not None


def protocol_of(path: Path, port: Spec) -> Iterator[Complaint]:
    """What is wrong with the protocol of a port."""
    protocol = port.get("protocol") or ""
    if protocol and protocol.upper() not in KNOWN:
        yield unknown((*path, "protocol"), "protocol", protocol, _PROTOCOLS)


def selector_of(spec: Spec) -> Iterator[Complaint]:
    """What is wrong with the labels of a `workloadSelector`."""
    labels = (spec.get("workloadSelector") or {}).get("labels") or {}
    for key, value in labels.items():
        if not key:
            yield Complaint(
                ("workloadSelector", "labels", key), "a label has no key", "an empty one", "write the key of a label"
            )
        elif "*" in key or "*" in str(value):
            yield Complaint(
                ("workloadSelector", "labels", key),
                "a selector knows no wildcards",
                "compared as it is written",
                "write the label's whole value",
            )


def unknown(path: Path, what: str, word: str, known: Any) -> Complaint:
    """A word that is none of those known for its place."""
    near = nearest(word, known)
    return Complaint(
        path,
        f"unknown {what} `{word}`",
        f"expected {one_of(known)}",
        f"write `{near}`" if near else f"write {one_of(known)}",
    )
