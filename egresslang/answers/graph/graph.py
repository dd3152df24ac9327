"""Graph: who may reach what in one cluster, by which rule, and what becomes of everything else.

A picture of a policy before it has a form: `draw.py` makes it, and each form is a module of its own (`html.py`,
`json.py`, …). Records refer to each other by their position in the graph's tuples.
"""

from __future__ import annotations

from egresslang.findings import Finding
from egresslang.policy.policy import Rule, Subject
from egresslang.record import record

BLOCKED, PASSED, UNSEEN = "blocked", "passed-through", "not-captured"
"""What becomes of what no rule grants a workload: the black hole, the passthrough, or no sidecar is asked."""

Port = tuple[int, str]
"""A port and its protocol as written; 0 is any port, no protocol any protocol."""


@record
class WorkloadNode:
    """Who: a known workload, every workload of a namespace (`*`), or of the mesh (both `*`).

    `rest` is what becomes of what no rule grants it, `because` why, as a clause.
    """

    namespace: str
    workload: str
    labels: tuple[tuple[str, str], ...]
    rest: str
    because: str

    @property
    def name(self) -> str:
        """As the language writes it."""
        return str(Subject(self.namespace, self.workload))


@record
class DestinationNode:
    """Where to: `kind` is name, wildcard, addresses, internet or anything, `label` as the policy writes it.

    `domain` is what somebody registered, empty for addresses; `regions` are those it is known to be in, `claimed` those
    that rules claim; `addresses` the first of those that are known.
    """

    kind: str
    label: str
    domain: str
    regions: tuple[str, ...]
    claimed: tuple[str, ...]
    addresses: tuple[str, ...]


@record
class RuleNode:
    """An allow or deny that holds in the cluster; `state` is live, expired or other-region: then it grants nothing.

    `marks` are what stands out: error, broad, expiring. `findings` are those about it, `mentioned` those about
    another rule or place that point to it.
    """

    rule: Rule
    state: str
    days_left: int | None
    marks: tuple[str, ...]
    findings: tuple[int, ...]
    mentioned: tuple[int, ...]


@record
class Edge:
    """What one rule lets one workload reach at one destination."""

    workload: int
    destination: int
    rule: int
    ports: tuple[Port, ...]


@record
class Guard:
    """A guard rail: what no allow may ever let a workload reach, but for those `excepted` and the `holes`."""

    workload: int
    destination: int
    rule: int
    ports: tuple[Port, ...]
    excepted: tuple[str, ...]
    holes: tuple[str, ...]


@record
class Graph:
    """The picture of one policy in one cluster on one day (ISO date)."""

    cluster: str
    region: str
    enforcement: str
    mode: str
    istio: str
    today: str
    assumed: tuple[str, ...]
    workloads: tuple[WorkloadNode, ...]
    destinations: tuple[DestinationNode, ...]
    rules: tuple[RuleNode, ...]
    edges: tuple[Edge, ...]
    guards: tuple[Guard, ...]
    findings: tuple[Finding, ...]
