"""Ports: the numbers that ports of a NetworkPolicy or of a Cilium rule stand for, over TCP."""

from __future__ import annotations

import re

from egresslang.documents import Located
from egresslang.existing.importing.intents import mapping
from egresslang.existing.importing.unkept import Unkept

_NUMBER = re.compile(r"[0-9]{1,5}").fullmatch
LONGEST_RANGE = 32
"""Ports of a range that are written one by one."""


def numbers(place: Located, ports: list[object], name: str) -> tuple[list[int], list[Unkept]]:
    """The TCP ports among some, and what cannot be said of the others; `name` is whose they are."""
    found: list[int] = []
    unkept: list[Unkept] = []
    for each in map(mapping, ports):
        protocol, port = str(each.get("protocol", "TCP")), each.get("port")
        text, end = str(port), str(each.get("endPort") or port)
        if protocol not in ("TCP", "ANY"):
            unkept.append(Unkept(f"{name} has {protocol} port {port}", "a sidecar sees TCP alone", place.span))
        elif not (_NUMBER(text) and _NUMBER(end) and 0 < int(text) <= int(end) < 65536):
            unkept.append(Unkept(f"{name} has port `{port}`", "a policy names ports by number", place.span))
        else:
            first, last = int(text), int(end)
            if last - first >= LONGEST_RANGE:
                unkept.append(Unkept(f"{name} has ports {first} to {last}", "a policy names each port", place.span))
            else:
                found += range(first, last + 1)
            if protocol == "ANY":
                unkept.append(Unkept(f"{name} has port {port} of any protocol", "a sidecar sees TCP alone", place.span))
    return found, unkept
