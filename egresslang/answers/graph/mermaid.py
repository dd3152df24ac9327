"""A graph as a Mermaid flowchart, for Markdown that draws them.

Namespaces and regions are subgraphs. Lines differ as in the other forms: thick is too broad, dotted is a guard rail or what
no rule grants; what else stands out is written on them. Traffic that was seen to be blocked is red and ends in a cross, other
traffic that no rule grants is orange.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.answers.graph.graph import BLOCKED, LOST, Graph
from egresslang.answers.graph.words import REST, ends, loads, marks, ports, stray, strays, title

_ENDS = {"wildcard": ("{{", "}}"), "internet": ("((", "))"), "anything": ("((", "))"), "addresses": ("[[", "]]")}


def show(graph: Graph) -> str:
    """The picture as one flowchart, from left to right."""
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: Graph) -> Iterator[str]:
    yield "flowchart LR"
    yield f"  accTitle: {_plain(title(graph))}"
    namespaces: dict[str, list[str]] = {}
    for at, node in enumerate(graph.workloads):
        label = "every workload" if node.workload == "*" else node.workload
        namespaces.setdefault("" if node.namespace == "*" else node.namespace, []).append(f"w{at}[{_quoted(label)}]")
    yield from _subgraphs("namespace", namespaces)
    regions: dict[str, list[str]] = {}
    for at, there in enumerate(graph.destinations):
        left, right = _ENDS.get(there.kind, ("([", "])"))
        region = ", ".join(there.regions or there.claimed)
        regions.setdefault(region, []).append(f"d{at}{left}{_quoted(there.label)}{right}")
    yield from _subgraphs("region", regions)
    for edge, load in zip(graph.edges, loads(graph), strict=True):
        rule = graph.rules[edge.rule]
        label = ", ".join(filter(None, [ports(edge.ports), marks(rule), load]))
        arrow = "==>" if "broad" in rule.marks else "-->"
        yield f"  w{edge.workload} {arrow}{_label(label)} d{edge.destination}"
    for guard in graph.guards:
        label = f"denied {ports(guard.ports)}".strip()
        if guard.excepted or guard.holes:
            label += f" except {', '.join([*guard.excepted, *guard.holes])}"
        yield f"  w{guard.workload} -.-x{_label(label)} d{guard.destination}"
    for rest in ends(graph):
        yield f"  {rest}>{_quoted(REST[rest])}]"
    for at, node in enumerate(graph.workloads):
        yield f"  w{at} -.-> {node.rest}"
    before = len(graph.edges) + len(graph.guards) + len(graph.workloads)
    for number, each in enumerate(strays(graph), before):
        is_red = each.verdict in (BLOCKED, LOST)
        yield f"  w{each.workload} {'--x' if is_red else '-->'}{_label(': '.join(stray(each)))} {each.verdict}"
        yield f"  linkStyle {number} stroke:{'#b01c3d' if is_red else '#a84a05'},stroke-width:2px"


def _subgraphs(word: str, groups: dict[str, list[str]]) -> Iterator[str]:
    for at, (name, lines) in enumerate(groups.items()):
        if not name:
            yield from (f"  {line}" for line in lines)
            continue
        yield f"  subgraph {word}{at} [{_quoted(f'{word} {name}')}]"
        yield from (f"    {line}" for line in lines)
        yield "  end"


def _label(text: str) -> str:
    return f"|{_quoted(text)}|" if text else ""


def _quoted(text: str) -> str:
    """A label: what Mermaid, Markdown or HTML would read as theirs is written as an entity, such as `#35;`."""
    return f'"{"".join(char if char not in _TAKEN else f"#{ord(char)};" for char in text)}"'


_TAKEN = frozenset('"#&<>`*_~|\\\n\r;')


def _plain(text: str) -> str:
    return "".join(char for char in text if char not in "#;{}\n\r%")
