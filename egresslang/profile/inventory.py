"""The inventory: namespaces, their workloads, and who of them is enforced or left open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from egresslang import codes
from egresslang.findings import Finding, Label, finding
from egresslang.profile.profile import Enforcement, Labels, Namespace, Workload
from egresslang.source import Span
from egresslang.suggest import nearest

if TYPE_CHECKING:
    from egresslang.documents import Located

Inventory = Mapping[str, Namespace]


def read_inventory(
    namespaces: Located | None, findings: list[Finding], assumed: list[str]
) -> dict[str, Namespace] | None:
    """The known namespaces by name; None when the profile has no inventory.

    A workload without `labels` is taken to carry `app` with its own name.
    """
    if namespaces is None:
        return None
    inventory: dict[str, Namespace] = {}
    bare = 0
    for namespace, place in namespaces.items():
        workloads: dict[str, Workload] = {}
        listed = place.get("workloads")
        for name, workload in listed.items() if listed is not None else ():
            labels = workload.get("labels")
            bare += labels is None
            carried = _labels(labels) if labels is not None else (("app", name),)
            selector = workload.get("selector")
            selected = carried if selector is None else _labels(selector)
            workloads[name] = Workload(namespace, name, carried, selected, workload.key_span, workload)
            if selector is not None:
                findings += _selects_nothing(name, selector, dict(carried), labels)
        inventory[namespace] = Namespace(namespace, workloads, place.key_span, place.get("labels"))
    if bare:
        assumed.append(f"workloads without `labels` ({bare}) carry the label `app`, with their own name")
    return inventory


def read_enforcement(
    place: Located | None, mode: str, inventory: Inventory | None, findings: list[Finding]
) -> Enforcement:
    """The level of enforcement; unsaid, `mesh` where REGISTRY_ONLY is installed and `workloads` elsewhere."""
    if place is None:
        return Enforcement("mesh" if mode == "REGISTRY_ONLY" else "workloads")
    if isinstance(place.value, str):
        return Enforcement(place.value, span=place.key_span.to(place.span))
    namespaces = place["namespaces"]
    for entry in namespaces.entries():
        if inventory is not None and entry.value not in inventory:
            findings.append(_unknown_namespace(entry.value, entry.span, inventory))
    return Enforcement("namespaces", frozenset(namespaces.value), place.key_span)


def read_observed(place: Located | None, default_namespace: str, inventory: Inventory | None,
                  findings: list[Finding]) -> tuple[tuple[str, str, Span], ...]:  # fmt: skip
    """Namespace, name and place of each workload that is left open."""
    observed = []
    for entry in place.entries() if place is not None else ():
        namespace, slash, name = entry.value.rpartition("/")
        namespace = namespace if slash else default_namespace
        observed.append((namespace, name, entry.span))
        if inventory is None:
            continue
        if namespace not in inventory:
            findings.append(_unknown_namespace(namespace, entry.span, inventory))
        elif name not in inventory[namespace].workloads:
            findings.append(_unknown_workload(namespace, name, entry.span, inventory))
    return tuple(observed)


def _labels(place: Located) -> Labels:
    return tuple(sorted(place.value.items()))


def _selects_nothing(name: str, selector: Located, carried: Mapping[str, str], labels: Located | None) -> list[Finding]:
    """A finding for each label of a selector that the pods do not carry, and for a selector that asks for none."""
    if not selector.value and carried:
        return [finding(codes.PROFILE_MISMATCH, selector.key_span, f"the selector of `{name}` is empty", "selects every pod of the namespace",
                        help="name a label that only these pods carry, or remove it")]  # fmt: skip
    related = [Label(labels.key_span, "the labels of its pods")] if labels is not None else []
    return [
        finding(codes.PROFILE_MISMATCH, value.key_span.to(value.span), f"no pod of `{name}` is selected by `{key}: {value.value}`",
                f"its pods have `{key}: {carried[key]}`" if key in carried else f"its pods have no label `{key}`", related,
                help="select by labels that the pods carry")
        for key, value in selector.items()
        if carried.get(key) != value.value
    ]  # fmt: skip


def _unknown_namespace(namespace: str, span: Span, inventory: Inventory) -> Finding:
    near = nearest(namespace, inventory)
    return finding(codes.UNKNOWN_NAMESPACE, span, f"namespace `{namespace}` is not known", "not in the inventory",
                   help=f"write `{near}`" if near else f"add `{namespace}` to `namespaces:`")  # fmt: skip


def _unknown_workload(namespace: str, name: str, span: Span, inventory: Inventory) -> Finding:
    near = nearest(name, inventory[namespace].workloads)
    elsewhere = next((other for other in inventory.values() if name in other.workloads), None)
    help = f"add `{name}` to the workloads of `{namespace}`"
    related: list[Label] = []
    if near:
        help = f"write `{namespace}/{near}`"
    elif elsewhere is not None:
        related = [Label(elsewhere.workloads[name].span, f"namespace `{elsewhere.name}` has it")]
        help = f"write `{elsewhere.name}/{name}`"
    return finding(
        codes.UNKNOWN_WORKLOAD,
        span,
        f"workload `{name}` is not known in namespace `{namespace}`",
        "not in the inventory",
        related,
        help=help,
    )
