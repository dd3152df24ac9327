"""The lark parser of the grammar, from a saved table when it fits.

Building the parser takes 100 ms, loading its table 3. The table in `grammar/egress.table.json` is keyed by the
grammar's hash and lark's version; anything else is built afresh. `python -m egresslang.syntax.grammar` writes it.
"""

from __future__ import annotations

import json
from hashlib import sha256
from operator import itemgetter
from typing import Any, cast

import lark
from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from egresslang.resources import text

GRAMMAR = "egress.lark"
TABLE = "egress.table.json"


def load() -> Lark:
    """The parser of the grammar."""
    grammar = text("grammar", GRAMMAR)
    try:
        table = json.loads(text("grammar", TABLE))
    except (OSError, ValueError):
        table = {}
    if table.get("key") != _key(grammar):
        return build(grammar)
    restore: Any = Lark._load_from_dict
    automaton = table["data"]["parser"]["parser"]
    automaton["tokens"] = _by_number(automaton["tokens"])
    automaton["states"] = {state: _by_number(row) for state, row in _by_number(automaton["states"]).items()}
    return cast("Lark", restore(table["data"], _by_number(table["memo"])))


def build(grammar: str, **options: Any) -> Lark:
    """The parser built from the text of the grammar."""
    return Lark(grammar, parser="lalr", lexer="contextual", maybe_placeholders=False, **options)


def table(grammar: str) -> str:
    """The table of a grammar as JSON."""
    data, memo = build(grammar).memo_serialize([TerminalDef, Rule])
    data["parser"]["parser"] = _in_order(data["parser"]["parser"])
    return json.dumps({"key": _key(grammar), "data": data, "memo": memo}, separators=(",", ":")) + "\n"


def _in_order(automaton: dict[str, Any]) -> dict[str, Any]:
    """The same automaton with tokens and states numbered in one order: lark's own differs at each build."""
    names: dict[int, str] = automaton["tokens"]
    numbers = {name: number for number, name in enumerate(sorted(names.values()))}
    actions = {
        state: sorted(((names[token], action) for token, action in row.items()), key=itemgetter(0))
        for state, row in automaton["states"].items()
    }
    order: dict[int, int] = {}
    waiting = list(automaton["start_states"].values())
    while waiting:
        state = waiting.pop(0)
        if state not in order:
            order[state] = len(order)
            waiting += [target for _, (reduces, target) in actions[state] if not reduces]
    return {
        "tokens": {number: name for name, number in numbers.items()},
        "states": {
            order[state]: {
                numbers[name]: (reduces, target if reduces else order[target])
                for name, (reduces, target) in actions[state]
            }
            for state in order
        },
        "start_states": {name: order[state] for name, state in automaton["start_states"].items()},
        "end_states": {name: order[state] for name, state in automaton["end_states"].items()},
    }


def _key(grammar: str) -> str:
    return f"{sha256(grammar.encode()).hexdigest()} lark {lark.__version__}"


def _by_number(mapping: dict[str, Any]) -> dict[int, Any]:
    """A mapping whose keys are numbers, which JSON makes text of."""
    return {int(key): value for key, value in mapping.items()}


if __name__ == "__main__":
    import sys

    sys.stdout.write(table(text("grammar", GRAMMAR)))
