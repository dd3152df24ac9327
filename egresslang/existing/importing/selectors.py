"""Selectors: which pods a label selector of Kubernetes takes (metav1.LabelSelector)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from egresslang.existing.importing.intents import listing, mapping
from egresslang.mesh.resources import Labels

MOST = 32
"""Combinations of labels that a selector is taken apart into."""


def takes(selector: Mapping[str, object], labels: Mapping[str, str], is_whole: bool = True) -> bool | None:
    """Whether a selector takes pods with these labels; an empty one takes all.

    Where these are not all labels that the pods carry, None is the answer if others decide.
    """
    found = [_meets(each, labels, is_whole) for each in _requirements(selector)]
    return False if False in found else None if None in found else True


def _requirements(selector: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    for key, value in mapping(selector.get("matchLabels")).items():
        yield {"key": key, "operator": "In", "values": [value]}
    yield from map(mapping, listing(selector.get("matchExpressions")))


def _meets(expression: Mapping[str, object], labels: Mapping[str, str], is_whole: bool) -> bool | None:
    key, values = str(expression.get("key")), listing(expression.get("values"))
    operator = expression.get("operator")
    if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        return False
    if key not in labels:
        return operator in ("NotIn", "DoesNotExist") if is_whole else None
    match operator:
        case "In":
            return labels[key] in values
        case "NotIn":
            return labels[key] not in values
    return operator == "Exists"


def alternatives(selector: Mapping[str, object]) -> tuple[Labels, ...] | None:
    """The combinations of labels of which a selector asks for any one; None where it asks for something else, or nothing."""
    choices: dict[str, list[str]] = {}
    for each in _requirements(selector):
        if each.get("operator") == "In":
            key, values = str(each.get("key")), list(map(str, listing(each.get("values"))))
            choices[key] = [value for value in choices.get(key, values) if value in values]
    many = 1
    for values in choices.values():
        many *= len(values)
    if not choices or many > MOST:
        return None
    combined = [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]
    verdicts = [(labels, takes(selector, labels, is_whole=False)) for labels in combined]
    if any(verdict is None for _, verdict in verdicts):
        return None
    return tuple(tuple(sorted(labels.items())) for labels, verdict in verdicts if verdict)


def words(selector: Mapping[str, object]) -> str:
    """A selector as kubectl writes it: `app in (a, b), tier`."""
    return ", ".join(map(_words, _requirements(selector)))


def _words(expression: Mapping[str, object]) -> str:
    key, values = str(expression.get("key")), list(map(str, listing(expression.get("values"))))
    match expression.get("operator"):
        case "In" if len(values) == 1:
            return f"{key}={values[0]}"
        case "In":
            return f"{key} in ({', '.join(values)})"
        case "NotIn":
            return f"{key} notin ({', '.join(values)})"
        case "DoesNotExist":
            return f"!{key}"
    return key
