"""Random changes of a VirtualService and a DestinationRule that are in order: what Istio takes of them is asked of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path as File
from random import Random
from typing import Any

import yaml

sys.path.insert(0, str(File(__file__).parents[1] / "existing"))

import refusals

TEXTS = [
    *("", "*", "a_b", "api.example.com", "-", "a.b/c", "outbound_.80_._.x", ".", "~", "shop", "mesh", "1", "x y"),
    *("SIMPLE", "MUTUAL", "0s", "1us", "5", "1.5ms", "1h30m", ":path", "host", "a.", " a", "*.com", "é", "192.0.2.1"),
    *("192.0.2.1/33", "::1", "503", "+503", "a/b/c", "/", "@request.auth.claims.x", "%", "configmap://a"),
    *("configmap://b/c",),
]
NUMBERS = [0, -1, 1, 101, 65536, 99999, 443, 1.5, 200, 300, 1000]

Path = tuple[str | int, ...]


def changed(seed: int) -> str:
    """The manifest of a seed, with one change or two."""
    dice = Random(f"changed:{seed}")
    manifest = yaml.safe_load(dice.choice((refusals.ROUTE, refusals.RULE)))
    for _ in range(dice.choice((1, 1, 1, 2))):
        _change(dice, manifest["spec"], dice.choice(list(_paths(manifest["spec"])) or [()]))
    return json.dumps(manifest, indent=1)


def _paths(value: Any, above: Path = ()) -> Iterator[Path]:
    """The path of everything below a value."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*above, key)
        yield from _paths(part, (*above, key))


def _change(dice: Random, spec: Any, path: Path) -> None:
    """Take out, empty, double, rename or replace what is at a path."""
    if not path:
        return
    holder = spec
    for key in path[:-1]:
        holder = holder[key]
    found = holder[path[-1]]
    if dice.random() < 0.3:
        del holder[path[-1]]
    elif isinstance(found, list):
        holder[path[-1]] = dice.choice(([], found + found[:1], found[:1]))
    elif isinstance(found, dict) and found and dice.random() < 0.5:
        found[dice.choice(TEXTS)] = found.pop(dice.choice(list(found)))
    elif isinstance(found, dict):
        holder[path[-1]] = {}
    else:
        holder[path[-1]] = dice.choice(NUMBERS if isinstance(found, int | float) else TEXTS)
