"""What the forms of a graph that have no page say in a few words: ports, marks, what becomes of the rest."""

from __future__ import annotations

from collections.abc import Iterable

from egresslang.answers.graph.graph import BLOCKED, PASSED, UNSEEN, Graph, Port, RuleNode

REST = {
    BLOCKED: "anything else: black hole",
    PASSED: "anything else: passes through",
    UNSEEN: "anything: no sidecar is asked",
}
"""The node that everything else ends at."""


def ports(these: Iterable[Port]) -> str:
    """Ports and protocols on one line: `80 http, 443 tls`; empty where any is meant."""
    return ", ".join(
        " ".join([str(port or "any port"), protocol]).strip() for port, protocol in these if port or protocol
    )


def marks(node: RuleNode) -> str:
    """What stands out of a rule: `too broad`, `expires in 9 days`, `error`; empty where nothing does."""
    words = {"error": "error", "broad": "too broad", "expiring": f"expires in {_days(node.days_left)}"}
    return ", ".join(words[each] for each in node.marks)


def title(graph: Graph) -> str:
    """What the picture is of: the cluster, what is enforced there, the day."""
    region = f" in {graph.region}" if graph.region else ""
    return f"{graph.cluster}{region}, enforcement {graph.enforcement}, {graph.today}"


def _days(days: int | None) -> str:
    return f"{days} day" if days == 1 else f"{days} days"
