"""Selectors: which pods a label selector of Kubernetes takes (metav1.LabelSelector)."""

from __future__ import annotations

from collections.abc import Mapping

from egresslang.existing.importing.intents import listing, mapping
from egresslang.mesh.resources import Labels


def takes(selector: Mapping[str, object], labels: Mapping[str, str]) -> bool:
    """Whether a selector takes pods with these labels; an empty one takes all."""
    if any(labels.get(key) != value for key, value in mapping(selector.get("matchLabels")).items()):
        return False
    return all(_meets(mapping(each), labels) for each in listing(selector.get("matchExpressions")))


def _meets(expression: Mapping[str, object], labels: Mapping[str, str]) -> bool:
    key, values = str(expression.get("key")), listing(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def plain(selector: Mapping[str, object]) -> Labels | None:
    """The labels that a selector asks for, where it asks for nothing else and for one at least."""
    labels = mapping(selector.get("matchLabels"))
    if not labels or listing(selector.get("matchExpressions")):
        return None
    return tuple(sorted((str(key), str(value)) for key, value in labels.items()))
