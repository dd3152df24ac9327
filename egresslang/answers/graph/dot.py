"""A graph in the language of Graphviz.

Namespaces and regions are clusters. What is too broad is drawn thick, what expires soon dashed, what nothing used with an
empty head, a guard rail dotted with a bar at its end, and what no rule grants thin and grey: the lines differ without their
colours too. A tooltip is the rule.
Traffic that was seen to be blocked is red and ends in a bar, other traffic that no rule grants is orange; both say so.
"""

from __future__ import annotations

from collections.abc import Iterator

from egresslang.answers.graph.graph import BLOCKED, LOST, Graph, RuleNode
from egresslang.answers.graph.words import REST, ends, loads, marks, ports, stray, strays, title
from egresslang.answers.written import place, words

_SHAPES = {"name": "ellipse", "wildcard": "doubleoctagon", "addresses": "box3d", "internet": "egg", "anything": "egg"}
_STRAYS = dict.fromkeys((BLOCKED, LOST), "style=bold, arrowhead=tee, color=firebrick, fontcolor=firebrick")


def show(graph: Graph) -> str:
    """The picture as one digraph, from left to right."""
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: Graph) -> Iterator[str]:
    yield "digraph egress {"
    yield f"  graph [label={_quoted(title(graph))}, labelloc=t, rankdir=LR, ranksep=1.5, fontname=sans]"
    yield '  node [fontname=sans, shape=box, style="rounded"]'
    yield "  edge [fontname=sans, fontsize=10]"
    namespaces: dict[str, list[str]] = {}
    for at, node in enumerate(graph.workloads):
        label = "every workload" if node.workload == "*" else node.workload
        namespaces.setdefault(node.namespace, []).append(f"w{at} [label={_quoted(label)}]")
    yield from _clusters("namespace", {"" if name == "*" else name: lines for name, lines in namespaces.items()})
    regions: dict[str, list[str]] = {}
    for at, there in enumerate(graph.destinations):
        region = ", ".join(there.regions or there.claimed)
        shape = f"shape={_SHAPES[there.kind]}"
        regions.setdefault(region, []).append(f"d{at} [label={_quoted(there.label)}, {shape}]")
    yield from _clusters("region", regions)
    for edge, load in zip(graph.edges, loads(graph), strict=True):
        rule = graph.rules[edge.rule]
        label = "\n".join(filter(None, [ports(edge.ports), marks(rule), load]))
        yield f"  w{edge.workload} -> d{edge.destination} [label={_quoted(label)}, {_told(rule)}{_style(rule)}]"
    for guard in graph.guards:
        label = f"denied {ports(guard.ports)}".strip()
        if guard.excepted or guard.holes:
            label += f"\nexcept {', '.join([*guard.excepted, *guard.holes])}"
        style = "style=dotted, penwidth=2, arrowhead=tee, color=firebrick, fontcolor=firebrick"
        told = _told(graph.rules[guard.rule])
        yield f"  w{guard.workload} -> d{guard.destination} [label={_quoted(label)}, {told}, {style}]"
    for rest in ends(graph):
        yield f"  {_quoted(rest)} [label={_quoted(REST[rest])}, shape=hexagon]"
    for at, node in enumerate(graph.workloads):
        tooltip = _tooltip(node.because)
        yield f"  w{at} -> {_quoted(node.rest)} [color=grey50, penwidth=0.6, tooltip={tooltip}]"
    for each in strays(graph):
        label = _quoted("\n".join(stray(each)))
        style = _STRAYS.get(each.verdict, "style=bold, color=darkorange3, fontcolor=darkorange3")
        yield f"  w{each.workload} -> {_quoted(each.verdict)} [label={label}, {style}]"
    yield "}"


def _clusters(word: str, groups: dict[str, list[str]]) -> Iterator[str]:
    for at, (name, lines) in enumerate(groups.items()):
        if not name:
            yield from (f"  {line}" for line in lines)
            continue
        yield f"  subgraph cluster_{word}_{at} {{"
        yield f"    label={_quoted(f'{word} {name}')}"
        yield from (f"    {line}" for line in lines)
        yield "  }"


def _told(rule: RuleNode) -> str:
    said = [words(rule.rule), place(rule.rule)]
    return f"tooltip={_tooltip(chr(10).join(said))}"


def _style(rule: RuleNode) -> str:
    styles = {
        "broad": "penwidth=4, color=darkorange3",
        "expiring": "style=dashed",
        "error": "fontcolor=firebrick",
        "unused": "arrowhead=empty",
    }
    return "".join(f", {styles[each]}" for each in rule.marks)


def _quoted(text: str) -> str:
    """A string of the language: `&` starts no entity."""
    return _escaped(text, "\\\\")


def _tooltip(text: str) -> str:
    """The same of a tooltip, in which Graphviz reads escapes twice."""
    return _escaped(text, "\\\\\\\\")


def _escaped(text: str, backslash: str) -> str:
    for plain, written in (("\\", backslash), ('"', '\\"'), ("\n", "\\n"), ("&", "&amp;")):
        text = text.replace(plain, written)
    return f'"{text}"'
