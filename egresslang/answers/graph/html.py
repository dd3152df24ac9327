"""Graphs as one HTML page that needs nothing but itself: its style, its script and its data stand in it.

The parts are files of `egresslang/data/graph/`. The page's content security policy lets in the style and the script by
their hashes and nothing else: no network, no markup that a policy's text could smuggle in.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape

from egresslang import resources
from egresslang.answers.graph.graph import Graph
from egresslang.answers.graph.json import compact

FOLDER = "data/graph"

SCRIPTS = ("model.js", "draw.js", "explain.js", "table.js", "page.js")
"""The parts of the script, in the order in which they stand in the page."""


def show(graphs: Sequence[Graph]) -> str:
    """The page of the graphs of a policy, one for each cluster."""
    style = resources.text(FOLDER, "page.css")
    script = "\n".join(resources.text(FOLDER, name) for name in SCRIPTS)
    parts = {
        "title": escape(f"Egress of {', '.join(each.cluster for each in graphs)}"),
        "style-hash": _hash(style),
        "script-hash": _hash(script),
        "style": style,
        "script": script,
        "data": compact(graphs),
    }
    first, *rest = resources.text(FOLDER, "page.html").split("{{")
    made = [first]
    for each in rest:
        name, text = each.split("}}", 1)
        made += [parts[name], text]
    return "".join(made)


def _hash(text: str) -> str:
    """The source expression of an inline element's text."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
