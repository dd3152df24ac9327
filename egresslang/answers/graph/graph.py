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

LOST, OUTSIDE = "lost", "outside"
"""Further ends of traffic that was seen: a cluster or route that does not exist; a host that others than the policy registered."""

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

    `marks` are what stands out: error, broad, expiring, unused. `findings` are those about it, `mentioned` those about
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
class Load:
    """What was counted: requests and connections, and how many of them failed.

    `last` and `after` are when last, at the latest, and what that was later than (RFC 3339, UTC).
    """

    requests: int
    connections: int
    failed: int
    last: str
    after: str


@record
class Use:
    """What is known of a rule's use: `state` is used, unused or unknown, `load` what used it, whatever became of that.

    `length` is for how long it would have been seen (`7d`), empty where it would not; `why` is why nobody knows.
    """

    state: str
    load: Load | None
    length: str
    why: str


@record
class Stray:
    """Traffic that went no edge's way: of a workload, to a destination as far as it is known, and its end.

    `verdict` is BLOCKED, PASSED, LOST or OUTSIDE. `label` is one escaped line of a bounded length, and where `is_said`
    text that a client chose. `others` is how many destinations stand in one, 0 for a single one. `rules` are those that
    grant it all the same.
    """

    workload: int
    verdict: str
    label: str
    is_said: bool
    others: int
    load: Load
    rules: tuple[int, ...]


@record
class Traffic:
    """What was seen between two moments (RFC 3339, UTC), `length` apart.

    `loads` has what went the way of each edge, and `uses` the use of each rule, by their positions; None where there is
    nothing to tell. `incomplete` is what is missing of it.
    """

    start: str
    end: str
    length: str
    incomplete: tuple[str, ...]
    loads: tuple[Load | None, ...]
    uses: tuple[Use | None, ...]
    strays: tuple[Stray, ...]


@record
class Graph:
    """The picture of one policy in one cluster on one day (ISO date); `traffic` None where nobody asked for it."""

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
    traffic: Traffic | None = None
