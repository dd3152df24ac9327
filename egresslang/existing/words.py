"""Words: names, protocols and selectors as Istio takes them in any of its resources, and what is wrong with others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from egresslang.existing.shapes import Complaint, Path
from egresslang.mesh.addresses import parse_address
from egresslang.mesh.protocols import KNOWN
from egresslang.suggest import nearest, one_of

Spec = Mapping[str, Any]
"""A `spec`, or a mapping in it, whose keys and types are as they should be."""

_LABEL = re.compile(r"[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?")
_WILD_LABEL = re.compile(r"\*|(?:\*-?)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?")
_QUALIFIED = r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_KEY = re.compile(rf"(?:{_LABEL.pattern}(?:\.{_LABEL.pattern})*/)?{_QUALIFIED}")
_VALUE = re.compile(rf"(?:{_QUALIFIED})?")
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_DURATION = re.compile(rf"[+-]?(?:{_PART.pattern})+")
_NANOSECONDS = {"ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9}
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


def about_host(host: str) -> tuple[str, str]:
    """What is true of a text that is no host, and what to do."""
    if "://" in host:
        return "a URL", f"write the name alone: `{host.partition('://')[2].partition('/')[0].partition(':')[0]}`"
    if host == "*":
        return "every host there is", "name the hosts; `mode: ALLOW_ANY` is what lets everything pass"
    if not host:
        return "an empty one", "write the host"
    name, colon, port = host.rpartition(":")
    if colon and port.isdecimal():
        return "a host with a port", f"write `{name}`, and the port under `ports`"
    if parse_address(host) is not None:
        return "an address", "write a name here, and the address under `addresses`"
    if "_" in host:
        return "`_` stands in no name that Istio takes", "write the name as DNS has it"
    return "expected a name such as `api.example.com`, or `*.example.com`", "write the name as DNS has it"


def is_label(text: str) -> bool:
    """Whether a text is one label, as a namespace and the name of a port are."""
    return len(text) < 64 and _LABEL.fullmatch(text) is not None


def protocol_of(path: Path, port: Spec) -> Iterator[Complaint]:
    """What is wrong with the protocol of a port."""
    protocol = port.get("protocol") or ""
    if protocol and protocol.upper() not in KNOWN:
        yield unknown((*path, "protocol"), "protocol", protocol, _PROTOCOLS)


def selector_of(spec: Spec, inner: str = "labels") -> Iterator[Complaint]:
    """What is wrong with the labels of a `workloadSelector`."""
    labels = (spec.get("workloadSelector") or {}).get(inner) or {}
    for key, value in labels.items():
        if not key:
            yield Complaint(
                ("workloadSelector", inner, key), "a label has no key", "an empty one", "write the key of a label"
            )
        elif "*" in key or "*" in str(value):
            yield Complaint(
                ("workloadSelector", inner, key),
                "a selector knows no wildcards",
                "compared as it is written",
                "write the label's whole value",
            )


def exports_of(spec: Spec, namespace: str, may_hide: bool) -> Iterator[Complaint]:
    """What is wrong with `exportTo` of a resource of a namespace; `may_hide` where it may be for no one at all."""
    said = spec.get("exportTo") or ()
    seen: set[str] = set()
    for at, each in enumerate(said):
        key = namespace if each == "." else each
        if key in seen:
            yield Complaint(
                ("exportTo", at), f"`{each}` is exported to twice", "another entry means the same", "remove it"
            )
        elif each == "~" and not may_hide:
            yield Complaint(
                ("exportTo", at), "`~` is for ServiceEntries alone", "this would be for no one", "write such as `.`"
            )
        elif each not in ("*", ".", "~") and not is_label(each):
            yield Complaint(
                ("exportTo", at),
                f"`{each}` is no namespace",
                f"expected a namespace, {'`.`, `*` or `~`' if may_hide else '`.` or `*`'}",
                "write such as `.`",
            )
        elif each in ("*", "~") and len(said) > 1:
            yield Complaint(
                ("exportTo", at),
                f"`{each}` stands beside other namespaces",
                "everyone" if each == "*" else "no one",
                "write it alone, or leave it out",
            )
        seen.add(key)


def port_of(path: Path, number: int) -> Iterator[Complaint]:
    """What is wrong with the number of a port that is said."""
    if not 0 < number < 65536:
        yield Complaint(path, f"{number} is no port", "expected 1 to 65535", "write the port that clients dial")


def labels_of(path: Path, labels: Spec) -> Iterator[Complaint]:
    """What is wrong with labels of pods or endpoints (Instance.Validate, pkg/config/labels/instance.go)."""
    for key, value in labels.items():
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(str(value)):
            yield Complaint(
                (*path, key), f"`{key}: {value}` is no label", "no pod can carry it", "write such as `version: v2`"
            )


def duration_of(path: Path, text: str, least: int = 1) -> Iterator[Complaint]:
    """What is wrong with a duration of so many milliseconds at least (ValidateDuration, pkg/config/validation/agent/validation.go).

    Where none is asked for, any duration will do.
    """
    help = "write such as `5s` or `250ms`"
    parts = _PART.findall(text) if _DURATION.fullmatch(text) else []
    if not parts and text not in ("0", "+0", "-0"):
        yield Complaint(path, f"`{text}` is no duration", "expected a number and its unit", help)
        return
    lasts = sum(round(float(number) * _NANOSECONDS[unit]) for number, unit in parts)
    if not least:
        return
    if text.startswith("-") or lasts < least * 1_000_000:
        yield Complaint(path, f"`{text}` is too short", "1ms at least is expected", help)
    elif lasts % 1_000_000:
        yield Complaint(path, f"`{text}` is not whole milliseconds", "no finer ones are known", help)


def unknown(path: Path, what: str, word: str, known: Any) -> Complaint:
    """A word that is none of those known for its place."""
    near = nearest(word, known)
    return Complaint(
        path,
        f"unknown {what} `{word}`",
        f"expected {one_of(known)}",
        f"write `{near}`" if near else f"write {one_of(known)}",
    )
