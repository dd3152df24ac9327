"""Trees laid on a line, so that whatever lies below a node is one interval.

A node is its labels from the root down, each behind a space: `api.example.com` is ` com example api`. Space and `!` come
before every character of a label, so in the order of strings a node `k` is followed by its descendants and then by
its next sibling:

    k  <  k + " " + anything  <  k + "!"  <  a sibling

Hence `[k, k + " ")` is the node alone and `[k + " ", k + "!")` is everything below it. A *place* names either by
where it starts: `k`, or `k + " "`. Places either contain one another or are disjoint, and the places around a place
are its prefixes that end in a space.

A node has endlessly many children, most of which nobody ever mentions. All of these are in the same sets, and one
that is not mentioned speaks for everything below its parent that is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egresslang.policy.intervals import Intervals

Place = str
"""A node alone, or with a space at the end everything below it."""

Term = tuple[Place, tuple[Place, ...]]
"""A place and the places that are cut out of it."""

EVERYWHERE: Place = " "
"""Everything below the root."""


def place(labels: Iterable[str], below: bool = False) -> Place:
    """The place of the node with these labels, from the root down; or of everything below it."""
    return "".join([f" {label}" for label in labels]) + " " * below


def within(at: Place) -> Intervals[str]:
    """The set of the nodes that a place stands for."""
    return Intervals((at, _end(at)))


def _end(at: Place) -> str:
    """Where the interval of a place ends that starts at it."""
    return at[:-1] + "!" if at[-1] == " " else at + " "


def is_below(at: Place) -> bool:
    """Whether a place stands for everything below a node, and not for the node alone."""
    return at[-1] == " "


def labels(at: Place) -> list[str]:
    """The labels of a place's node, from the root down."""
    return at.split()


def around(at: Place) -> Iterator[Place]:
    """The place itself, then every place that contains it, the widest last."""
    yield at
    end = at.rfind(" ", 0, -1)
    while end >= 0:
        yield at[: end + 1]
        end = at.rfind(" ", 0, end)


def places(nodes: Intervals[str]) -> tuple[list[Place], bool]:
    """The places that a set is made of, and whether there are holes in them."""
    cuts = nodes.cuts
    if len(cuts) == 2 and cuts[1] == _end(cuts[0]):
        return [cuts[0]], False
    found = terms(nodes)
    return [at for at, _ in found], any(holes for _, holes in found)


def terms(nodes: Intervals[str]) -> list[Term]:
    """The set as places with holes in them, in the order of the line; they are disjoint and together the set."""
    cuts = nodes.cuts
    found: list[tuple[Place, list[Place]]] = []
    parents: list[tuple[str, list[Place] | None]] = [("", None)]  # a node, and the holes of the term that is below it
    for node in sorted({cut.rstrip(" !") for cut in cuts}):
        while not node.startswith(parents[-1][0] + " ") and len(parents) > 1:
            parents.pop()
        holes = parents[-1][1]
        for at in (node, node + " "):
            if at in nodes and holes is None:
                found.append((at, []))
            elif at not in nodes and holes is not None:
                holes.append(at)
        below = node + " " in nodes
        parents.append((node, (holes if holes is not None else found[-1][1]) if below else None))
    return [(at, tuple(holes)) for at, holes in found]


def example(nodes: Intervals[str], depth: int = 0) -> list[str]:
    """The labels of a node of the set, at least `depth` of them; unmentioned labels read `anything`, `anything2`, …"""
    at, holes = terms(nodes)[0]
    found = labels(at)
    if is_below(at):
        parent = place(found)
        number = 1
        while (label := f"anything{number if number > 1 else ''}") and not _is_free(f"{parent} {label}", holes):
            number += 1
        found.append(label)
    return found + ["anything"] * (depth - len(found))


def _is_free(node: Place, holes: tuple[Place, ...]) -> bool:
    """Whether nothing is cut out at or below a node."""
    return not any(hole == node or hole.startswith(node + " ") for hole in holes)
