"""Policy: what the files say once every name is bound, every set expanded and every address a number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from egresslang.policy.inventory import Inventory
from egresslang.ranges import Range
from egresslang.record import record
from egresslang.source import Span
from egresslang.syntax.nodes import Allow

PROTOCOL_CLASS = {"https": "tls", "mongo": "tcp", "mysql": "tcp", "redis": "tcp", "postgres": "tcp"}
"""Protocols that are the same as another to a proxy."""

SERVER_FIRST = frozenset({"mysql"})
"""Protocols whose server speaks first."""

ANY = "*"


class Subject(NamedTuple):
    """Who: one workload; every workload of a namespace (`workload` is `*`); or of the mesh (both are `*`).

    A tuple, because much is filed under subjects, and Python hashes and compares tuples itself.
    """

    namespace: str
    workload: str

    def __str__(self) -> str:
        return ANY if self.namespace == ANY else f"{self.namespace}/{self.workload}"


@record
class Name:
    """An exact DNS name."""

    host: str

    def __str__(self) -> str:
        return self.host


@record
class Below:
    """Every name below a suffix, at any depth, and not the suffix: `*.suffix`."""

    suffix: str

    def __str__(self) -> str:
        return f"*.{self.suffix}"


@record
class Addresses:
    """Addresses of one IP version as merged ranges; `host` is what the policy calls them, empty when it does not."""

    version: int
    ranges: tuple[Range, ...]
    host: str
    label: str

    def __str__(self) -> str:
        return self.label


@record
class Everything:
    """Any destination on any port: the workload is left open."""

    def __str__(self) -> str:
        return ANY


Destination = Name | Below | Addresses | Everything


@record
class Rule:
    """A statement that holds in this cluster, and its attributes."""

    kind: str
    span: Span
    region: str = ""
    owner: str = ""
    ticket: str = ""
    reason: str = ""
    expires: date | None = None

    @property
    def file(self) -> str:
        """The path of the policy file in its project."""
        return self.span.source.path


@record
class Grant:
    """Flows that one rule adds: a subject, a destination, a port and a protocol class.

    `port` is 0 where any will do, as for Everything; `spelled` is the protocol as written; `endpoints` are the fixed addresses a name
    leads to (sorted, empty when the name is resolved); `span` is where the destination is written.
    """

    subject: Subject
    destination: Destination
    port: int
    protocol: str
    spelled: str
    endpoints: tuple[tuple[str, str], ...]
    rule: Rule
    span: Span


@record
class AllowLine:
    """An `allow` that holds in this cluster, as it is written.

    It grants nothing when it is not `is_live`: expired, or for clusters of another region. `varies` says that variables
    of the profile stand in it, so that it grants something else in another cluster.
    """

    rule: Rule
    statement: Allow
    is_live: bool
    varies: bool


@record
class Assertion:
    """A `deny` or `expect`: subjects less the excepted, destinations less the holes; a port of 0 or no protocol is any."""

    rule: Rule
    subjects: tuple[Subject, ...]
    excepted: tuple[Subject, ...]
    destinations: tuple[tuple[Destination, int, str], ...]
    holes: tuple[Destination, ...]
    outcome: str


@record
class Policy:
    """Every flow of the files with its rule, in the order of the files' names and places, on one day.

    `mesh` has what a subject keeps of the mesh itself, as Sidecar hosts; `named` the workloads that an allow or mesh
    statement names one by one.
    """

    grants: tuple[Grant, ...]
    assertions: tuple[Assertion, ...]
    mesh: Mapping[Subject, tuple[str, ...]]
    named: frozenset[Subject]
    inventory: Inventory
    files: tuple[str, ...]
    allows: tuple[AllowLine, ...]
    today: date
