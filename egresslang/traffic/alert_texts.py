"""What alerts say: templates of Go's, in which whatever a policy says is no template."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from egresslang.record import record
from egresslang.traffic.labels import (
    BLACK_HOLE,
    BY_CLIENT,
    NAMESPACE,
    REQUESTS,
    SERVICE,
    SERVICE_NAME,
    WORKLOAD,
    equal,
    selector,
)

MOST_FILES = 3
"""Policy files that a text names."""


@record
class Texts:
    """What is told: one line, what it means here, and what to do, with the policy file to change."""

    summary: str
    description: str
    runbook: str


def literal(text: str) -> str:
    """A text of which Go's templates take nothing for theirs; bytes of it that are no UTF-8 become escapes."""
    return text.encode("utf-8", "backslashreplace").decode().replace("{{", '{{ "{{" }}')


def _label(name: str) -> str:
    return f"{{{{ $labels.{name} }}}}"


_WHO = f"{_label(NAMESPACE)}/{_label(WORKLOAD)}"
_WHERE = _label(SERVICE_NAME)
_TIMES = f'{{{{ $value | printf "%.0f" }}}} times over {_label("traffic")} in five minutes'
_ALLOW = f"`allow {_WHO} -> HOST:PORT PROTOCOL`"
_ITS_BLOCKED = selector(
    REQUESTS,
    BY_CLIENT,
    f'{NAMESPACE}="{_label(NAMESPACE)}"',
    f'{WORKLOAD}="{_label(WORKLOAD)}"',
    equal(SERVICE_NAME, BLACK_HOLE),
)


def blocked(files: Sequence[str]) -> Texts:
    """Of a workload that knocked at the black hole."""
    return Texts(
        f"{_WHO} was blocked {_TIMES}",
        "It asked for a destination that no rule grants it, or for one of the mesh that its `mesh` lines leave out. "
        "Which one is not kept: over http a client can invent it. "
        f"Names it sent: topk(10, sum by ({SERVICE}) (increase({_ITS_BLOCKED}[1h]))). "
        f"Addresses over TCP stand in the access log of its sidecar, under cluster {BLACK_HOLE}.",
        f"If it should reach that destination, write {_ALLOW} in {_named(files)}, compile and apply. "
        "If not, find out what runs in the workload.",
    )


def passed_closed(files: Sequence[str]) -> Texts:
    """Of a workload that the policy closes, and whose traffic passes."""
    return Texts(
        f"{_WHO} went past the policy {_TIMES}",
        "The policy closes this workload, and its sidecar lets out what no rule grants: "
        "the mesh is not what was compiled.",
        f"Apply what {_named(files)} compiles to, the Sidecars and the installation; "
        "egressc compile --check tells what drifted.",
    )


def passed_open(files: Sequence[str]) -> Texts:
    """Of a workload that nothing closes, and whose traffic passes."""
    return Texts(
        f"{_WHO} reached what no rule names {_TIMES}",
        "This cluster lets it through: nothing closes this workload.",
        f"Write {_ALLOW} in {_named(files)} before the workload is closed, "
        f"or `allow {_WHO} -> * reason=…` to leave it open on purpose.",
    )


def not_granted(files: Sequence[str]) -> Texts:
    """Of a workload that reached a registered destination which no rule gives it."""
    return Texts(
        f"{_WHO} reached {_WHERE}, which the policy does not give it, {_TIMES}",
        "The destination is registered in the mesh and no rule grants it to this workload; "
        "`other` is one that neither policy nor profile knows.",
        f"If it is meant, write {_ALLOW} in {_named(files)}, compile and apply. "
        "If not, look for a ServiceEntry, Sidecar or VirtualService that the policy did not make: "
        "egressc explain tells which resource lets it through.",
    )


def failing(files: Sequence[str]) -> Texts:
    """Of an allowed destination that cannot be had."""
    return Texts(
        f"{_WHO} fails to reach {_WHERE}: {{{{ $value | humanizePercentage }}}} over {_label('traffic')}",
        "The policy allows it and the destination does not answer: "
        "its name does not resolve, nothing listens, or it answers with a 5xx.",
        "Look at the destination first; "
        f"then whether its name, port, protocol or address= in {_named(files)} still holds.",
    )


def expiring(file: str, line: int, expires: date, owner: str) -> Texts:
    """Of a rule that is used and ends."""
    place = literal(f"{file}:{line}")
    return Texts(
        f"{_WHO} still uses {_WHERE}, which the rule at {place} grants until {expires}",
        f"At the end of {expires} UTC the rule at {place} grants nothing any more: the next compilation blocks it."
        + (f" Its owner is {literal(owner)}." if owner else ""),
        f"Move expires= of the rule in {_named([file])}, or see to it that nobody needs it any more.",
    )


def missing(files: Sequence[str]) -> Texts:
    """Of traffic that was routed to a cluster which does not exist."""
    return Texts(
        f"{_WHO} was routed to a cluster that does not exist {_TIMES}",
        "Its sidecar has a route or a port of a ServiceEntry that leads nowhere (flag NC).",
        f"Compare what is applied with what {_named(files)} compiles to (egressc compile --check): "
        "two ServiceEntries of one host with different labels, a subset without a DestinationRule, "
        "or an upper-case host are usual causes.",
    )


UNSEEN = Texts(
    "no metrics of Istio's sidecars reach Prometheus",
    "Neither requests nor connections of any sidecar were seen: no other alert about egress can fire.",
    "See to it that Prometheus scrapes the sidecars (port 15090, path /stats/prometheus) and keeps their labels.",
)
"""Of metrics that are not there."""


def _named(files: Sequence[str]) -> str:
    """Policy files in words."""
    *most, last = [literal(f"`{file}`") for file in files]
    if len(most) >= MOST_FILES:
        return f"{', '.join(most[:MOST_FILES])} or another file of the policy"
    return f"{', '.join(most)} or {last}" if most else last
