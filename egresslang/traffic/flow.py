"""Flow: what was seen of the traffic of one workload to one destination, and what became of it."""

from __future__ import annotations

from egresslang.mesh.addresses import Address
from egresslang.record import record

ALLOWED, BLOCKED, PASSED, LOST = "allowed", "blocked", "passed-through", "lost"
"""What became of it: taken by a registered host, by the black hole, by the passthrough, or led to a cluster that is not."""

REQUESTS, CONNECTIONS = "requests", "connections"
"""What was counted."""


@record
class Flow:
    """Traffic that was seen, added up.

    `host` is a registered one where the flow is allowed, a wildcard too; else what the client said, in a Host header or a
    TLS hello, which may be anything. It is empty where nothing told it. `port` is 0 and `address` None where it was not
    seen. `last` is when it was last seen, seconds since 1970, a little later where that is not known exactly.
    """

    namespace: str
    workload: str
    host: str
    verdict: str
    kind: str
    port: int = 0
    address: Address | None = None
    is_tls: bool = False

    @property
    def who(self) -> str:
        """The workload as the language writes it."""
        return f"{self.namespace}/{self.workload}"

    @property
    def is_registered(self) -> bool:
        """Whether `host` is one that the mesh knows, and not only what a client said."""
        return self.verdict == ALLOWED

    @property
    def is_nameless(self) -> bool:
        """Whether nothing says where it went."""
        return not self.host and self.address is None


@record
class Seen:
    """How much was seen of a flow, when last (seconds since 1970), and by what: metrics or an access log.

    `failed` is how much of an allowed one was answered with a 5xx or not to be had (`labels.FAILED`).
    """

    count: float
    last: int
    by: str = "metrics"
    failed: float = 0.0


@record
class Observed:
    """Everything that was seen between two moments (seconds since 1970).

    `since` is when what is known starts, in all and by namespace: nothing was there to be seen before. `remarks` say what
    is missing, or not as it should be; `has_holes` is whether some of what happened since then may not be in `flows`.
    """

    start: int
    end: int
    flows: tuple[tuple[Flow, Seen], ...]
    since: int | None
    since_of: tuple[tuple[str, int], ...] = ()
    remarks: tuple[str, ...] = ()
    has_holes: bool = False

    def since_in(self, namespace: str) -> int | None:
        """When what is known of a namespace starts; None where nothing of it is."""
        return dict(self.since_of).get(namespace)


def read_host(said: str) -> tuple[str, int]:
    """Host and port of a Host header: lower case, no dot at the end; the port 0 where it says none."""
    text = said.strip().lower()
    head, _, tail = text.rpartition(":")
    is_port = tail.isascii() and tail.isdecimal() and len(tail) < 6 and 0 < int(tail) < 65536
    if head and is_port and (head.endswith("]") or ":" not in head):
        return head.removesuffix("."), int(tail)
    return text.removesuffix("."), 0
