"""What the forms of a graph that have no page say in a few words: ports, marks, what becomes of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from egresslang.answers.graph.graph import BLOCKED, LOST, OUTSIDE, PASSED, UNSEEN, Graph, Load, Port, RuleNode, Stray

REST = {
    BLOCKED: "anything else: black hole",
    PASSED: "anything else: passes through",
    UNSEEN: "anything: no sidecar is asked",
    LOST: "led nowhere: no such cluster or route",
    OUTSIDE: "allowed outside of the policy",
}
"""The node that everything else ends at."""

_ENDED = {BLOCKED: "blocked", PASSED: "passed through", LOST: "led nowhere", OUTSIDE: "granted by no rule"}


def ports(these: Iterable[Port]) -> str:
    """Ports and protocols on one line: `80 http, 443 tls`; empty where any is meant."""
    return ", ".join(
        " ".join([str(port or "any port"), protocol]).strip() for port, protocol in these if port or protocol
    )


def marks(node: RuleNode) -> str:
    """What stands out of a rule: `too broad`, `expires in 9 days`, `error`; empty where nothing does."""
    words = {
        "error": "error",
        "broad": "too broad",
        "expiring": f"expires in {_days(node.days_left)}",
        "unused": "unused",
    }
    return ", ".join(words[each] for each in node.marks)


def load(these: Load | None) -> str:
    """What was counted: `40 requests, 2 failed`; empty where nothing was."""
    if these is None:
        return ""
    counts = ((these.requests, "request"), (these.connections, "connection"))
    said = [f"{number:,} {unit}{'' if number == 1 else 's'}" for number, unit in counts if number]
    return ", ".join([*said, *([f"{these.failed:,} failed"] if these.failed else [])])


def loads(graph: Graph) -> Sequence[str]:
    """What was counted on each edge: nothing, where nobody asked."""
    if graph.traffic is None:
        return [""] * len(graph.edges)
    return [load(each) for each in graph.traffic.loads]


def stray(this: Stray) -> list[str]:
    """Where it went as far as it is known, how much of it, and what became of it, in lines."""
    said = " (as the client says)" if this.is_said else ""
    return [f"{this.label}{said}", f"{load(this.load)} {_ENDED[this.verdict]}"]


def strays(graph: Graph) -> Sequence[Stray]:
    """What went no edge's way."""
    return () if graph.traffic is None else graph.traffic.strays


def ends(graph: Graph) -> list[str]:
    """The ends of what goes no edge's way, each once: keys of REST."""
    return list(dict.fromkeys([*(each.rest for each in graph.workloads), *(each.verdict for each in strays(graph))]))


def title(graph: Graph) -> str:
    """What the picture is of: the cluster, what is enforced there, the day."""
    region = f" in {graph.region}" if graph.region else ""
    return f"{graph.cluster}{region}, enforcement {graph.enforcement}, {graph.today}"


def _days(days: int | None) -> str:
    return f"{days} day" if days == 1 else f"{days} days"
