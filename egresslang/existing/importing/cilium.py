"""Cilium: what CiliumNetworkPolicies and CiliumClusterwideNetworkPolicies let pods reach by name and by address.

A policy with egress rules holds the pods that it selects, unless `enableDefaultDeny` says otherwise. Nothing is widened: a
`*` of `matchPattern` is one label, where `*.example.com` of a policy is every depth, which `**.` of Cilium is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from egresslang.documents import Located
from egresslang.existing.importing.intents import SPOKEN, Intent, Way, listing, mapping, name_of, namespace_of, network
from egresslang.existing.importing.ports import numbers
from egresslang.existing.importing.selectors import plain, takes
from egresslang.existing.importing.unkept import Unkept
from egresslang.existing.workloads import Runs
from egresslang.policy.policy import Addresses, Below, Destination, Name

CLUSTERWIDE = "CiliumClusterwideNetworkPolicy"
KINDS = ("CiliumNetworkPolicy", CLUSTERWIDE)
NAMESPACE = "io.kubernetes.pod.namespace"
"""The label by which Cilium selects pods of a namespace."""

_PEERS = frozenset(("toFQDNs", "toCIDR", "toCIDRSet"))
_RESTRICTS = frozenset(("rules", "serverNames", "terminatingTLS", "originatingTLS", "listener"))


def is_cilium(document: Located) -> bool:
    """Whether a document is a policy of Cilium."""
    value = document.value
    return (
        isinstance(value, dict) and str(value.get("apiVersion")).startswith("cilium.io/") and value.get("kind") in KINDS
    )


def intents(document: Located, default: str) -> Iterator[Intent]:
    """What each spec of a policy of Cilium means."""
    if "spec" in document and isinstance(document["spec"].value, dict):
        yield _intent(document, document["spec"], default)
    if "specs" in document and isinstance(document["specs"].value, list):
        yield from (
            _intent(document, each, default) for each in document["specs"].entries() if isinstance(each.value, dict)
        )


def _intent(document: Located, place: Located, default: str) -> Intent:
    value, spec, name = mapping(document.value), mapping(place.value), name_of(document)
    metadata = mapping(value.get("metadata"))
    namespace = "" if value["kind"] == CLUSTERWIDE else namespace_of(document, default)
    selector, spaces = _selector(mapping(spec.get("endpointSelector")), namespace)
    denies = listing(spec.get("egressDeny"))
    is_about = bool(spec.get("egress") is not None or denies) and "nodeSelector" not in spec
    if not is_about:
        return Intent(document, lambda *_: False, False, ())
    ways: list[Way] = []
    unkept: list[Unkept] = []
    if denies:
        why = "what it takes from other policies is not known here, and nothing is granted to the pods that it selects"
        unkept.append(Unkept(f"{name} has egressDeny", why, place.span))
    for number, _ in enumerate(listing(spec.get("egress"))):
        for each in _of_rule(place["egress"][number], name):
            if isinstance(each, Unkept):
                unkept.append(each)
            else:
                ways.append(each)
    labels = plain(selector)
    is_sure = labels is not None and len(spaces) == 1
    invented = (Runs(next(iter(spaces)), str(metadata.get("name")), labels, labels, ""),) if is_sure and labels else ()

    def selects(where: str, carried: Mapping[str, str]) -> bool:
        return (not spaces or where in spaces) and takes(selector, carried)

    holds = mapping(spec.get("enableDefaultDeny")).get("egress") is not False
    return Intent(
        document, selects, holds, () if denies else tuple(ways), tuple(dict.fromkeys(unkept)), invented, bool(denies)
    )


def _selector(selector: Mapping[str, object], namespace: str) -> tuple[Mapping[str, object], frozenset[str]]:
    """A selector without the prefixes of sources, and the namespaces that it is about, none for all."""
    labels = {_bare(key): value for key, value in mapping(selector.get("matchLabels")).items()}
    expressions = [
        {**mapping(each), "key": _bare(str(mapping(each).get("key")))}
        for each in listing(selector.get("matchExpressions"))
    ]
    spaces = {namespace} if namespace else set()
    if said := labels.pop(NAMESPACE, None):
        spaces = {str(said)}
    for each in expressions:
        if each["key"] == NAMESPACE and each.get("operator") == "In" and not namespace:
            spaces = set(map(str, listing(each.get("values"))))
    kept = [each for each in expressions if not (each["key"] == NAMESPACE and each.get("operator") == "In")]
    return {"matchLabels": labels, "matchExpressions": kept}, frozenset(spaces)


def _bare(key: str) -> str:
    return re.sub(r"^(?:k8s|any)[:.]", "", key)


def _of_rule(place: Located, name: str) -> Iterator[Way | Unkept]:
    rule = mapping(place.value)
    others = sorted(key for key in rule if key not in _PEERS and key != "toPorts")
    if others:
        why = "a policy is about names and addresses outside the cluster"
        yield Unkept(f"{name} has a rule with {', '.join(others)}", why, place.span)
        return
    if not rule.keys() & _PEERS:
        if rule:
            yield Unkept(
                f"{name} lets pods reach everything on a port",
                "write `internet` or networks if they are meant",
                place.span,
            )
        return
    targets = list(_targets(place, rule, name))
    yield from (each for each in targets if isinstance(each, Unkept))
    found = [each for each in targets if not isinstance(each, Unkept)]
    if not rule.get("toPorts") and found:
        yield Unkept(
            f"{name} lets pods reach {', '.join(map(str, found[:3]))} on every port", "a policy names ports", place.span
        )
        return
    for each in map(mapping, listing(rule.get("toPorts"))):
        if limits := sorted(key for key in each if key in _RESTRICTS and each[key]):
            why = "a policy does not look at that, and would let through more"
            yield Unkept(
                f"{name} lets pods reach {', '.join(map(str, found[:3]))} by {', '.join(limits)}", why, place.span
            )
            continue
        ports, problems = numbers(place, listing(each.get("ports")), name)
        yield from problems
        for port in ports:
            yield from ((target, port, _spoken(target, port)) for target in found)


def _spoken(target: Destination, port: int) -> str:
    return "tcp" if isinstance(target, Addresses) else SPOKEN.get(port, "tcp")


def _targets(place: Located, rule: Mapping[str, object], name: str) -> Iterable[Destination | Unkept]:
    for each in map(mapping, listing(rule.get("toFQDNs"))):
        pattern = str(each.get("matchName") or each.get("matchPattern") or "").lower().rstrip(".")
        if "*" not in pattern:
            yield Name(pattern)
        elif pattern.startswith("**.") and "*" not in pattern[3:]:
            yield Below(pattern[3:])
        else:
            why = "a `*` there is one label at most; `*.name` in a policy is every depth, and would let through more"
            yield Unkept(f"{name} lets pods reach {pattern}", why, place.span)
    for cidr in listing(rule.get("toCIDR")):
        yield network(str(cidr), ()) or Unkept(f"{name} has the network {cidr}", "it is none", place.span)
    for each in map(mapping, listing(rule.get("toCIDRSet"))):
        cidr = each.get("cidr")
        holes = list(map(str, listing(each.get("except"))))
        yield network(str(cidr), holes) or Unkept(
            f"{name} has the network {cidr}", "it is none, or nothing is left of it", place.span
        )
