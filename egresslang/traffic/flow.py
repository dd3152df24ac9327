"""Flow: what was seen of the traffic of one workload to one destination, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from egresslang.mesh.addresses import Address
from egresslang.policy.policy import ANY
from egresslang.record import record
from egresslang.traffic.window import Moment

ALLOWED, BLOCKED, PASSED, LOST = "allowed", "blocked", "passed-through", "lost"
"""What became of it: taken by a registered host, by the black hole, by the passthrough, or led to a cluster that is not."""

REQUESTS, CONNECTIONS = "requests", "connections"
"""What was counted."""


@record
class Flow:
    """Traffic that was seen, added up.

    `host` is a registered one where the flow is allowed, a wildcard too; else what the client said, in a Host header or a
    TLS hello, which may be anything. It is empty where nothing told it. `port` is 0 and `address` None where it was not
    seen. `protocol` is `grpc` or `http2` where requests are known to be that, else empty: metrics call HTTP/2 http, and an
    access log says HTTP/2 of gRPC.
    """

    namespace: str
    workload: str
    host: str
    verdict: str
    kind: str
    port: int = 0
    address: Address | None = None
    is_tls: bool = False
    protocol: str = ""

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
    """How much was seen of a flow, when last, and by what: metrics or an access log.

    `failed` is how much of an allowed one was answered with a 5xx or not to be had (`labels.FAILED`).
    """

    count: float
    last: Moment
    by: str = "metrics"
    failed: float = 0.0


@record
class Known:
    """Of whom something was recorded, whatever it was, and from when to when (seconds since 1970).

    A `workload` of ANY is its namespace: then what any workload there did would have been seen. `gap` is the longest time
    between, in seconds, of which nothing was recorded.
    """

    namespace: str
    workload: str
    since: int
    until: int
    gap: int = 0


@record
class Observed:
    """Everything that was seen between two moments (seconds since 1970).

    `since` is when what is known starts: nothing was there to be seen before. `known` is of whom; nothing is known of
    anybody else. `remarks` say what is missing, or not as it should be; `has_holes` is whether some of what happened
    since then may not be in `flows`, `left_out` whether there were flows that are not.
    """

    start: int
    end: int
    flows: tuple[tuple[Flow, Seen], ...]
    since: int | None
    known: tuple[Known, ...] = ()
    remarks: tuple[str, ...] = ()
    has_holes: bool = False
    left_out: bool = False

    @property
    def namespaces(self) -> dict[str, int]:
        """When what is known of each namespace starts, or of some workload there."""
        found: dict[str, int] = {}
        for each in self.known:
            found[each.namespace] = min(each.since, found.get(each.namespace, each.since))
        return found


class Knowledge:
    """Who of a policy and its cluster was observed; `everybody` are all that it knows, workloads by their namespace."""

    def __init__(self, observed: Observed, everybody: Mapping[str, Collection[str]]) -> None:
        self.everybody = everybody
        self.left_out = observed.left_out
        self._of = {(each.namespace, each.workload): each for each in observed.known}

    def of(self, namespace: str, workload: str) -> Known | None:
        """What is known of a workload, a namespace (ANY) or the mesh (ANY in ANY); None where not all of it was observed."""
        if namespace != ANY:
            return self._of.get((namespace, workload))
        if any((each, ANY) not in self._of for each in self.everybody):
            return None
        return together(each for each in self._of.values() if each.workload == ANY)

    def unobserved(self) -> Iterator[tuple[str, str]]:
        """Those of whom nothing is known; a namespace of which nothing is as ANY in it."""
        seen = {namespace for namespace, _ in self._of}
        for namespace, workloads in sorted(self.everybody.items()):
            if namespace not in seen:
                yield namespace, ANY
                continue
            yield from ((namespace, each) for each in sorted(workloads) if (namespace, each) not in self._of)


def together(some: Iterable[Known | None]) -> Known | None:
    """What is known of several at once: None where there is nobody, or one of whom nothing is."""
    found: list[Known] = []
    for each in some:
        if each is None:
            return None
        found.append(each)
    if not found:
        return None
    return Known(
        ANY,
        ANY,
        min(each.since for each in found),
        max(each.until for each in found),
        max(each.gap for each in found),
    )


def read_host(said: str) -> tuple[str, int]:
    """Host and port of a Host header: lower case, no dot at the end; the port 0 where it says none."""
    text = said.strip().lower()
    head, _, tail = text.rpartition(":")
    is_port = tail.isascii() and tail.isdecimal() and len(tail) < 6 and 0 < int(tail) < 65536
    if head and is_port and (head.endswith("]") or ":" not in head):
        return head.removesuffix("."), int(tail)
    return text.removesuffix("."), 0
